//! The campaign's part in tasks that a scheduler starts: handing them over, and what becomes of them there.

use super::exchange::{Action, Durability, Event, Room, Step};
use super::step::Campaign;
use crate::journal::{Fate, Record};
use crate::state::TaskState;
use crate::task_set::TaskSet;

impl Campaign {
    /// Hands the first tasks of the queue to a compute source. The intent is on the disk before the command is run.
    pub(super) fn submit_queued(&mut self, at_ms: u64, room: Room, step: &mut Step) {
        let Room { token, source, away, tasks: most, tasks_per_element } = room;
        let tasks = self.queue.slice(0, most);
        if tasks.is_empty() {
            return;
        }
        step.durability = Durability::Synced;
        let its = token.clone();
        self.record(Record::Submitting { token: its, source, away, tasks, tasks_per_element, at_ms }, step);
        step.actions.push(Action::Submit { token });
    }

    /// What a scheduler said, and what its jobs left behind. Said twice, it is nothing new.
    pub(super) fn take_job_event(&mut self, event: &Event, at_ms: u64, step: &mut Step) {
        match event {
            Event::Accepted { token, job } if self.sent.get(token).is_some_and(|sent| sent.job.is_none()) => {
                let (token, job) = (token.clone(), job.clone());
                self.record(Record::Submitted { token, job, at_ms }, step);
            }
            Event::Refused { token, fate, why } if self.sent.get(token).is_some() => {
                let (token, fate, why) = (token.clone(), *fate, why.clone());
                self.record(Record::Refused { token, fate, why: why.clone(), at_ms }, step);
                if fate == Fate::Unsent && !self.queue.is_empty() {
                    let (token, tasks) = (String::new(), self.queue.clone());
                    self.record(Record::Withdrawn { token, tasks, fate, why, at_ms }, step);
                }
            }
            Event::Withdrawn { token, tasks, fate, why } => {
                let Some(sent) = self.sent.get(token) else { return };
                let tasks: TaskSet = tasks.iter().filter(|task| sent.open.contains(*task)).collect();
                if !tasks.is_empty() {
                    let (token, fate, why) = (token.clone(), *fate, why.clone());
                    self.record(Record::Withdrawn { token, tasks, fate, why, at_ms }, step);
                }
            }
            Event::Began { task, node, at_ms } => {
                let known = self.ledger.get(*task).is_some_and(|entry| entry.state == TaskState::Running);
                if !known && self.sent.has_open(*task) {
                    let attempt = self.ledger.get(*task).map_or(0, |entry| entry.attempts) + 1;
                    let (task, node, at_ms) = (*task, node.clone(), *at_ms);
                    self.record(Record::Began { task, attempt, node, at_ms }, step);
                }
            }
            Event::Decided { task, at_ms, ending } if self.sent.is_undecided(*task) => {
                let attempt = self.ledger.get(*task).map_or(1, |entry| entry.attempts);
                let (task, at_ms, ending) = (*task, *at_ms, ending.clone());
                self.record(Record::Ended { task, attempt, at_ms, ending }, step);
            }
            Event::Waiting { token, why } if self.sent.get(token).is_some() => {
                self.record(Record::Waiting { token: token.clone(), why: why.clone() }, step);
            }
            _ => {}
        }
    }

    /// Takes somebody's word for tasks of which nobody knows whether they live.
    ///
    /// Where they go back into the queue, their machine is gone for good: a task that was not seen to begin may have, and goes back, too; and
    /// so does one whose results are lost with the machine.
    pub(super) fn take_abandon(&mut self, tasks: &TaskSet, again: bool, at_ms: u64, step: &mut Step) {
        let doubtful = |task: &u64| {
            self.ledger.get(*task).is_some_and(|entry| {
                let handed_over = || self.sent.has_open(*task);
                entry.state == TaskState::Unknown
                    || (entry.state == TaskState::Running || again) && handed_over()
                    || again && self.ledger.away().contains(*task)
            })
        };
        let tasks: TaskSet = tasks.iter().filter(doubtful).collect();
        if !tasks.is_empty() {
            self.record(Record::Abandoned { tasks: tasks.clone(), at_ms }, step);
            if again {
                self.record(Record::Queued { tasks, at_ms }, step);
            }
        }
    }
}
