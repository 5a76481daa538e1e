//! What an earlier driver left behind: tasks on record as started and not as ended. Those that live are waited for, never killed and never
//! started again; those that do not are `unknown`, for nobody saw how they ended.

use super::Driver;
use crate::host;
use hsm_core::campaign::Event;
use hsm_core::journal::Ending;
use std::fs::{File, TryLockError};
use std::path::Path;

impl Driver {
    /// Sorts the tasks that the journal has as running into living and gone.
    pub(super) fn find_orphans(&mut self) -> Vec<Event> {
        let running: Vec<u64> = self.campaign.running().collect();
        running
            .into_iter()
            .map(|task| {
                if self.lives(task) {
                    self.orphans.insert(task);
                    Event::Found { task }
                } else {
                    Event::Gone { task }
                }
            })
            .collect()
    }

    /// Reports the orphans that have ended since.
    pub(super) fn watch_orphans(&mut self) -> Vec<Event> {
        let gone: Vec<u64> = self.orphans.iter().copied().filter(|task| !self.lives(*task)).collect();
        gone.into_iter()
            .filter_map(|task| {
                self.orphans.remove(&task);
                self.settle(task, Ending::Unseen)
            })
            .collect()
    }

    fn lives(&self, task: u64) -> bool {
        task_lives(&self.dir.task(task), self.campaign.ledger().get(task).and_then(|entry| entry.process))
    }
}

/// Whether any process of the task in `folder` lives: somebody holds the lock on its `stdout.log`, or its first process is there.
pub(crate) fn task_lives(folder: &Path, process: Option<(u32, u64)>) -> bool {
    let locked = File::open(folder.join("stdout.log"))
        .is_ok_and(|log| matches!(log.try_lock_shared(), Err(TryLockError::WouldBlock)));
    locked || process.is_some_and(|(pid, start)| host::is_alive(pid, start))
}
