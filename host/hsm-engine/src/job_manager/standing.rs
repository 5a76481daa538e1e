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
                entry.tasks.ranges().for_each(|(first, last)| later.insert_range(first, last));
                standing
            })
            .collect();
        standings.reverse();
        standings
    }

    fn state(&self, task: u64) -> Option<TaskState> {
        let entry = self.ledger.get(task)?;
        Some(self.seen.get(&task).map_or(entry.state, |(state, _)| *state))
    }
}
