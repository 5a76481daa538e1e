//! The driver's side of the mailbox: requests become events.

use super::Driver;
use crate::mailbox::{self, Letter, Request};
use crate::plan_file::PlanFile;
use hsm_core::campaign::Event;
use hsm_core::journal::Record;

impl Driver {
    /// What the mailbox asks for.
    pub(super) fn read_mailbox(&mut self) -> Vec<Event> {
        match mailbox::read(&self.dir.requests()) {
            Ok((letters, unreadable)) => {
                for (path, why) in unreadable {
                    if self.seen_unreadable.insert(path.clone()) {
                        tracing::warn!(
                            "the request `{}` cannot be understood and is left alone: {why}",
                            path.display()
                        );
                    }
                }
                letters.into_iter().map(|letter| self.event_of(letter)).collect()
            }
            Err(error) => {
                self.note_trouble(Some(&error));
                Vec::new()
            }
        }
    }

    fn event_of(&mut self, letter: Letter) -> Event {
        let Letter { name: request, request: wish, launch } = letter;
        match wish {
            Request::Cancel { tasks, now } => Event::Cancel { request, tasks, now },
            Request::Queue { tasks, plugins, notes } => {
                if tasks.last().is_some_and(|last| last > self.plan.tasks()) {
                    self.reopen_plan();
                }
                let at_ms = self.clock.now_ms();
                let plugins = plugins.into_iter().map(|plugin| Record::Plugin {
                    name: plugin.name,
                    role: plugin.role,
                    digest: plugin.digest,
                });
                let notes = notes.into_iter().map(|text| Record::Note { text, at_ms });
                Event::Queue { request, tasks, launch, remarks: plugins.chain(notes).collect() }
            }
        }
    }

    fn reopen_plan(&mut self) {
        match PlanFile::open(&self.dir.plan()) {
            Ok(plan) => {
                self.campaign.grow(plan.tasks());
                self.plan = plan;
            }
            Err(error) => tracing::warn!("{error}"),
        }
    }
}
