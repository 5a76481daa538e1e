//! This machine: what is written is there already, and what tasks leave as well.

use super::{Machine, Place};
use crate::batch::{Claims, Taken};
use crate::process;
use crate::results;
use crate::sweep_dir::SweepDir;
use hsm_core::command::Launch;
use hsm_core::failure::Blame;
use hsm_core::roles::Failure;
use hsm_core::scheduler::{Command, Exchange};
use hsm_core::task_set::TaskSet;
use std::path::PathBuf;

/// This machine.
#[derive(Debug)]
pub(crate) struct Here {
    dir: SweepDir,
}

impl Here {
    pub(crate) fn new(dir: SweepDir) -> Self {
        Self { dir }
    }
}

impl Machine for Here {
    fn outlook(&mut self) -> Result<Place, Failure> {
        self.place()
    }

    fn place(&mut self) -> Result<Place, Failure> {
        Ok(Place { user: process::user_name(), clock_ahead_ms: 0, dir: self.dir.clone(), agent: None })
    }

    fn launch_outlook(&mut self, launch: &Launch) -> Result<Launch, Failure> {
        Ok(launch.clone())
    }

    fn bring_code(&mut self, launch: &Launch) -> Result<Launch, Failure> {
        Ok(launch.clone())
    }

    fn exchange(&mut self, command: &Command, hands_in: bool) -> Result<Exchange, Failure> {
        Ok(process::exchange(command, hands_in))
    }

    fn deliver(&mut self, _token: &str, again: &[(u64, u32)]) -> Result<(), Failure> {
        for (task, attempt) in again {
            results::set_aside(&self.dir.task(*task), *attempt).map_err(|error| failure(&error))?;
        }
        Ok(())
    }

    fn look(&mut self, _tokens: &[String]) -> Result<(), Failure> {
        Ok(())
    }

    fn take_claims(&mut self, token: &str, tasks: &TaskSet, now_ms: u64) -> Result<TaskSet, Failure> {
        let claims = Claims::new(&self.dir.job(token));
        let mut taken = TaskSet::default();
        for task in tasks.iter() {
            match claims.take(task, now_ms) {
                Ok(Taken::Ours) => {
                    taken.insert(task);
                }
                Ok(Taken::Theirs) => {}
                // What was taken before is taken, and has to be known.
                Err(_) if !taken.is_empty() => break,
                Err(error) => return Err(failure(&error)),
            }
        }
        Ok(taken)
    }

    fn fetch(&mut self, tasks: &TaskSet) -> Result<TaskSet, Failure> {
        Ok(tasks.clone())
    }

    fn archive(&mut self) -> Result<Option<PathBuf>, Failure> {
        Ok(None)
    }

    fn discard(&mut self) -> Result<(), Failure> {
        Ok(())
    }
}

/// What is wrong with files may pass: a disk that was full is not full for ever.
fn failure(error: &dyn std::error::Error) -> Failure {
    Failure::new(Blame::Transient, "files", error.to_string())
}
