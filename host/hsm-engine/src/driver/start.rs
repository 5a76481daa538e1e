//! Starting a task: its folder, its lock, its logs, its parameters, its process.

use super::Driver;
use crate::host;
use crate::process::{TaskCommand, start_task};
use crate::results;
use crate::slots::Place;
use hsm_core::campaign::Event;
use hsm_core::command::{PARAMS_FILE, task_environment};
use hsm_core::journal::Ending;
use std::ffi::OsString;
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// A reader that wants to know whether a task lives holds its lock for a moment; a start waits so long for that.
const LOCK_PATIENCE: Duration = Duration::from_millis(500);

/// Why a task was not started.
enum Refusal {
    /// Something ran out that comes back, such as space or processes: the start is tried again.
    Later(io::Error),
    /// Anything else: the task has failed.
    Failed(String),
}

impl Refusal {
    fn io(what: &str, path: &Path, error: io::Error) -> Self {
        if matches!(
            error.kind(),
            io::ErrorKind::StorageFull
                | io::ErrorKind::QuotaExceeded
                | io::ErrorKind::WouldBlock
                | io::ErrorKind::OutOfMemory
        ) {
            Self::Later(error)
        } else {
            Self::Failed(format!("could not {what} `{}`: {error}", path.display()))
        }
    }
}

impl Driver {
    /// Starts one attempt, which is on record already.
    ///
    /// # Errors
    /// When something ran out that comes back; every other reason is an end of the task.
    pub(super) fn start(&mut self, task: u64, attempt: u32) -> Result<Event, io::Error> {
        match self.try_start(task, attempt) {
            Ok(pid) => Ok(Event::Started { task, pid, pid_start: host::process_start(pid).unwrap_or(0) }),
            Err(Refusal::Later(error)) => Err(error),
            Err(Refusal::Failed(why)) => Ok(Event::Ended { task, ending: Ending::NotStarted(why) }),
        }
    }

    fn try_start(&mut self, task: u64, attempt: u32) -> Result<u32, Refusal> {
        let settings =
            self.settings.clone().ok_or_else(|| Refusal::Failed("nobody said what to run".to_owned()))?;
        let planned = self.plan.task(task).map_err(|error| Refusal::Failed(error.to_string()))?;
        let folder = self.dir.task(task);
        let (stdout, stderr) = make_folder(&folder, attempt)?;
        let params = folder.join(PARAMS_FILE);
        fs::write(&params, planned.point.to_params_json() + "\n")
            .map_err(|error| Refusal::io("write", &params, error))?;
        let failed = |error: hsm_core::command::CommandError| Refusal::Failed(error.to_string());
        let Some(local) = settings.source.local() else {
            return Err(Refusal::Failed("tasks are handed to a scheduler by now".to_owned()));
        };
        let argv = settings.launch.argv(&self.sweep_id, task, &folder, &planned.point).map_err(failed)?;
        let Place { mut environment, locks } = self.place()?;
        for (name, value) in task_environment(&self.sweep_id, task, &folder).map_err(failed)? {
            environment.push((name, Some(OsString::from(value))));
        }
        let program = argv.first().cloned().unwrap_or_default();
        let command = TaskCommand {
            argv,
            folder: settings.launch.project_root.clone(),
            environment,
            settings: local.environment.clone(),
            stdout,
            stderr,
            pre_script: local.pre_script.clone(),
        };
        let mut child = start_task(command, &locks)
            .map_err(|error| Refusal::io("start the program", Path::new(&program), error))?;
        let pid = child.id().unwrap_or(0);
        self.children.spawn(async move { (task, child.wait().await) });
        Ok(pid)
    }

    /// A place for one task. The GPUs of a start that is tried again may have become somebody else's in between.
    fn place(&mut self) -> Result<Place, Refusal> {
        if let Some(place) = self.slots.take() {
            return Ok(place);
        }
        self.slots.free(self.occupied(), 1);
        self.slots.take().ok_or_else(|| Refusal::Later(io::Error::other("no GPU is free")))
    }
}

/// Makes the task's folder and its two logs. The lock on `stdout.log` passes to the task's processes and lives as long as any of them;
/// while it is held, no second copy is started.
fn make_folder(folder: &Path, attempt: u32) -> Result<(File, File), Refusal> {
    match fs::create_dir(folder) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => make_room(folder, attempt)?,
        Err(error) => return Err(Refusal::io("create the folder", folder, error)),
    }
    let create = |name: &str| {
        let path = folder.join(name);
        File::options()
            .append(true)
            .create(true)
            .open(&path)
            .map_err(|error| Refusal::io("create", &path, error))
    };
    let stdout = create("stdout.log")?;
    if !locked(&stdout) {
        return Err(Refusal::Failed("an earlier copy of it still runs".to_owned()));
    }
    Ok((stdout, create("stderr.log")?))
}

/// Sees to it that nothing of an earlier attempt still runs, and moves what it left out of the way.
fn make_room(folder: &Path, attempt: u32) -> Result<(), Refusal> {
    let log = folder.join("stdout.log");
    match File::open(&log) {
        Ok(before) if !locked(&before) => {
            return Err(Refusal::Failed("an earlier copy of it still runs".to_owned()));
        }
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(Refusal::io("open", &log, error)),
    }
    if attempt > 1 {
        results::set_aside(folder, attempt - 1).map_err(|error| {
            Refusal::Failed(format!("could not move the earlier attempt's files aside: {error}"))
        })?;
    }
    Ok(())
}

/// Locks the file; where the file system knows no locks, nothing stands against it.
fn locked(file: &File) -> bool {
    let start = Instant::now();
    loop {
        match file.try_lock() {
            Err(TryLockError::WouldBlock) if start.elapsed() < LOCK_PATIENCE => {
                sleep(Duration::from_millis(5))
            }
            Err(TryLockError::WouldBlock) => return false,
            Ok(()) | Err(TryLockError::Error(_)) => return true,
        }
    }
}
