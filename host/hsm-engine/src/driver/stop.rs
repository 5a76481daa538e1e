//! Stopping tasks. A task that was asked to end has ended when none of its processes is left, not when its first process has.

use super::Driver;
use crate::host;
use crate::process;
use hsm_core::campaign::{Action, Event};
use hsm_core::journal::Ending;
use rustix::process::Signal;

/// A task that was asked to end.
#[derive(Debug, Default)]
pub(super) struct Stopping {
    /// How its first process ended, while others are left.
    pub(super) ending: Option<Ending>,
    killed: bool,
}

impl Driver {
    /// Asks or kills.
    pub(super) fn stop(&mut self, action: &Action) {
        let (task, signal) = match action {
            Action::Terminate { task } => (*task, Signal::TERM),
            Action::Kill { task } => (*task, Signal::KILL),
            _ => return,
        };
        self.stopping.entry(task).or_default().killed |= signal == Signal::KILL;
        process::signal_task(&self.dir.task(task), self.leader(task), signal);
    }

    /// The event for a task whose first process ended so; nothing while processes of a stopped task are left.
    pub(super) fn settle(&mut self, task: u64, ending: Ending) -> Option<Event> {
        if let Some(stopping) = self.stopping.get_mut(&task) {
            let (folder, leader) = (self.dir.task(task), leader(&self.campaign, task));
            if !host::task_processes(&folder, leader).is_empty() {
                stopping.ending = Some(ending);
                return None;
            }
            self.stopping.remove(&task);
        }
        Some(Event::Ended { task, ending })
    }

    /// Looks after stopped tasks of which processes are left: kills again what was killed and has bred, reports what is gone.
    pub(super) fn watch_stopping(&mut self) -> Vec<Event> {
        let mut gone = Vec::new();
        for (task, stopping) in &self.stopping {
            let Some(ending) = &stopping.ending else { continue };
            let (folder, leader) = (self.dir.task(*task), leader(&self.campaign, *task));
            let left = if stopping.killed {
                process::signal_task(&folder, leader, Signal::KILL)
            } else {
                host::task_processes(&folder, leader)
            };
            if left.is_empty() {
                gone.push((*task, ending.clone()));
            }
        }
        gone.into_iter()
            .map(|(task, ending)| {
                self.stopping.remove(&task);
                Event::Ended { task, ending }
            })
            .collect()
    }

    fn leader(&self, task: u64) -> Option<u32> {
        leader(&self.campaign, task)
    }
}

/// The task's first process. Its number is only ever used while the task has not been reported as ended; a number that was reused
/// meanwhile would need the old process group to be empty, and then nothing of the task is left in it.
fn leader(campaign: &hsm_core::campaign::Campaign, task: u64) -> Option<u32> {
    let (pid, start) = campaign.ledger().get(task)?.process?;
    match host::process_start(pid) {
        Some(now) if now != start => None,
        _ => Some(pid),
    }
}
