//! How the submissions of a sweep stand: which tasks each still answers for, and what those do.

use super::SweepStatus;
use hsm_core::campaign::{JobEntry, Progress};
use hsm_core::state::TaskState;
use hsm_core::task_set::TaskSet;

/// One submission.
#[derive(Clone, Debug)]
pub struct JobStanding<'a> {
    /// What is known of it.
    pub entry: &'a JobEntry,
    /// How many of its tasks wait.
    pub queued: u64,
    /// How many run.
    pub running: u64,
    /// How many have ended, or are part of a later submission.
    pub over: u64,
}

impl SweepStatus {
    /// Every submission with how it stands, in order. A task counts for the newest submission that it was part of.
    #[must_use]
    pub fn standings(&self) -> Vec<JobStanding<'_>> {
        let mut later = TaskSet::default();
        let mut standings: Vec<JobStanding<'_>> = self
            .jobs()
            .iter()
            .rev()
            .map(|entry| {
                let mut standing = JobStanding { entry, queued: 0, running: 0, over: 0 };
                if matches!(entry.progress, Progress::Refused(_)) {
                    return standing;
                }
                for task in entry.tasks.iter() {
                    // What was taken back waits for somebody, and in no queue.
                    let elsewhere = later.contains(task) || self.ledger.unsent().contains(task);
                    let state = if elsewhere { None } else { self.state(task) };
                    match state {
                        Some(TaskState::Queued) => standing.queued += 1,
                        Some(TaskState::Running) => standing.running += 1,
                        _ => standing.over += 1,
                    }
                }
                later.insert_all(&entry.tasks);
                standing
            })
            .collect();
        standings.reverse();
        standings
    }

    /// The tasks that wait at a scheduler, as far as is known: handed in, and not taken back, begun or ended since.
    pub(super) fn waiting(&self) -> TaskSet {
        let mut waiting = TaskSet::default();
        let mut later = TaskSet::default();
        for job in self.jobs().iter().rev().filter(|job| !matches!(job.progress, Progress::Refused(_))) {
            for task in job.tasks.iter().filter(|task| !later.contains(*task)) {
                // What ended after it was handed in is queued because somebody asked for it once more.
                let ended_ms = self.ledger.get(task).map_or(0, |entry| entry.ended_ms);
                let queued = self.state(task) == Some(TaskState::Queued) && ended_ms <= job.submitted_ms;
                if queued && !self.ledger.unsent().contains(task) {
                    waiting.insert(task);
                }
            }
            later.insert_all(&job.tasks);
        }
        waiting
    }

    fn state(&self, task: u64) -> Option<TaskState> {
        let entry = self.ledger.get(task)?;
        Some(self.seen.get(&task).map_or(entry.state, |(state, _)| *state))
    }
}
