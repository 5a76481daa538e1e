//! The driver's side of the mailbox: requests become events.

use super::Driver;
use crate::mailbox::{self, Letter, Request};
use crate::plan_file::PlanFile;
use hsm_core::campaign::Event;
use hsm_core::journal::Record;
use std::io;

impl Driver {
    /// What the mailbox asks for.
    pub(super) fn read_mailbox(&mut self) -> Vec<Event> {
        match mailbox::read(&self.dir.requests()) {
            Ok((letters, unreadable)) => {
                for (path, why) in unreadable {
                    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
                    if self.left_alone.insert(name) {
                        tracing::warn!("the request `{}` is left alone: {why}", path.display());
                    }
                }
                let letters = letters.into_iter().filter(|letter| !self.left_alone.contains(&letter.name));
                let letters: Vec<Letter> = letters.collect();
                letters.into_iter().map(|letter| self.event_of(letter)).collect()
            }
            Err(error) => {
                self.note_trouble(Some(&error));
                Vec::new()
            }
        }
    }

    /// Removes a request that the journal has. One that cannot be removed is not looked at again: it would be taken up for nothing.
    pub(super) fn forget(&mut self, request: &str) {
        let path = self.dir.requests().join(request);
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                tracing::warn!("could not remove the request `{}`: {error}", path.display());
                self.left_alone.insert(request.to_owned());
            }
            _ => {}
        }
    }

    fn event_of(&mut self, letter: Letter) -> Event {
        let Letter { name: request, request: wish, launch } = letter;
        match wish {
            Request::Cancel { tasks, now } => Event::Cancel { request, tasks, now },
            Request::Abandon { tasks, again } => Event::Abandon { request, tasks, again },
            Request::Release => Event::Release { request },
            Request::Queue { tasks, plugins, notes } => {
                if tasks.last().is_some_and(|last| last > self.plan.tasks()) {
                    self.reopen_plan();
                }
                let at_ms = self.clock.now_ms();
                let plugins = plugins.into_iter().map(Record::Plugin);
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
