//! Reading the results of all tasks of a sweep.

use super::collected::{Builder, Collected};
use super::facts::TaskFacts;
use super::open::{self, Refused};
use super::read::{TaskReading, read_task};
use crate::error::{Error, ErrorKind, Result};
use hsm_core::metrics::Patterns;
use hsm_core::plan::PlannedTask;
use hsm_core::state::TaskState;
use rustix::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::thread;

/// How many threads read at once. Files on a network file system are waited for, so more than one; a login node is shared, so few.
const THREADS_MAX: usize = 4;

/// How many tasks are read before their rows are put down.
const TASKS_PER_ROUND: usize = 2_048;

/// Below this a thread costs more than it saves.
const TASKS_PER_THREAD_MIN: usize = 16;

/// Reads the results of the given tasks of the sweep in `sweep_dir`, in their order. Every task gets a row; one whose metrics cannot be
/// had says why, so no file of a task can make this fail.
///
/// # Errors
/// [`ErrorKind::Collection`] when the folder of the tasks cannot be read, and the first error of `tasks`.
pub fn collect(
    sweep_dir: &Path,
    sweep_id: &str,
    patterns: &Patterns,
    tasks: impl IntoIterator<Item = Result<(PlannedTask, TaskFacts)>>,
) -> Result<Collected> {
    let path = sweep_dir.join("tasks");
    let folder = match open::folder(&path) {
        Ok(folder) => Some(folder),
        Err(Refused::Missing) if open::is_there(sweep_dir) => None,
        Err(Refused::System(error)) => {
            return Err(Error::io("read the folder", &path, error).of_kind(ErrorKind::Collection));
        }
        Err(refused) => {
            let message = format!("the folder `{}` cannot be read: {refused}", path.display());
            return Err(Error::new(ErrorKind::Collection, message));
        }
    };
    let mut builder = Builder::new(sweep_dir, sweep_id, patterns);
    let mut tasks = tasks.into_iter();
    loop {
        let mut round = Vec::new();
        for task in tasks.by_ref().take(TASKS_PER_ROUND) {
            let (planned, facts) = task?;
            round.push((planned, facts, TaskReading::default()));
        }
        if round.is_empty() {
            return Ok(builder.finish());
        }
        read_round(folder.as_ref(), patterns, &mut round);
        for (planned, facts, reading) in round {
            builder.add(planned, facts, reading);
        }
    }
}

type Unread = (PlannedTask, TaskFacts, TaskReading);

fn read_round(folder: Option<&OwnedFd>, patterns: &Patterns, round: &mut [Unread]) {
    let threads = thread::available_parallelism().map_or(1, usize::from).clamp(2, THREADS_MAX);
    let share = round.len().div_ceil(threads).max(TASKS_PER_THREAD_MIN);
    let read_share = |tasks: &mut [Unread]| {
        for (planned, facts, reading) in tasks {
            *reading = read_one(folder, patterns, planned.task, facts);
        }
    };
    thread::scope(|scope| {
        let mut shares = round.chunks_mut(share);
        let own = shares.next();
        for tasks in shares {
            scope.spawn(move || read_share(tasks));
        }
        own.into_iter().for_each(read_share);
    });
}

fn read_one(folder: Option<&OwnedFd>, patterns: &Patterns, task: u64, facts: &TaskFacts) -> TaskReading {
    if facts.attempts == 0 {
        let missing = match facts.state {
            TaskState::Queued => "not started".to_owned(),
            state => explained(&state.to_string(), facts) + " before it was started",
        };
        return TaskReading { missing: Some(missing), ..TaskReading::default() };
    }
    if facts.state == TaskState::Queued {
        let missing = Some("waiting for another attempt".to_owned());
        return TaskReading { missing, ..TaskReading::default() };
    }
    let name = format!("task_{task}");
    let mut reading = match folder {
        Some(folder) => read_task(folder.as_fd(), &name, patterns),
        None => TaskReading {
            missing: Some(format!("the task's folder `tasks/{name}` is missing")),
            ..TaskReading::default()
        },
    };
    if let Some(missing) = reading.missing.take() {
        reading.missing = Some(match facts.state {
            TaskState::Completed => missing,
            TaskState::Running => format!("still running: {missing}"),
            state => format!("{}: {missing}", explained(&state.to_string(), facts)),
        });
    }
    reading
}

/// A state with its reason: `failed (exit code 3)`.
fn explained(state: &str, facts: &TaskFacts) -> String {
    match (&facts.reason, facts.exit_code) {
        (Some(reason), _) => format!("{state} ({reason})"),
        (None, Some(code)) => format!("{state} (exit code {code})"),
        (None, None) => state.to_owned(),
    }
}
