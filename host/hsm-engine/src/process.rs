//! Processes: the one module that starts any.
//!
//! **Invariant:** no argument is ever put together into a command line that a shell reads. Where a shell is needed (`pre_script`), values
//! reach it as positional parameters.

use crate::host;
use rustix::io::{FdFlags, fcntl_setfd};
use rustix::process::{Pid, Signal, kill_process};
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, BufRead as _, BufReader};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Output, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// A process to start for a task.
#[derive(Debug)]
pub(crate) struct TaskCommand {
    /// Program and arguments, exactly as the program is to see them.
    pub(crate) argv: Vec<String>,
    pub(crate) folder: PathBuf,
    /// Set beside the driver's own environment; `None` takes a variable away.
    pub(crate) environment: Vec<(&'static str, Option<OsString>)>,
    /// What the settings add to the environment.
    pub(crate) settings: Vec<(String, String)>,
    pub(crate) stdout: File,
    pub(crate) stderr: File,
    /// Shell lines to run first, in the same shell that then becomes the program.
    pub(crate) pre_script: Option<String>,
}

/// A file kept open across `exec` is so in every process started meanwhile, so starts that need one exclude all others.
static STARTING: Mutex<()> = Mutex::new(());

/// Starts a task in a process group of its own, its standard input closed. `kept_open` are files whose locks the task's processes hold on.
#[expect(clippy::disallowed_methods, reason = "this is the one module that starts processes")]
pub(crate) fn start_task(task: TaskCommand, kept_open: &[File]) -> io::Result<tokio::process::Child> {
    let (program, arguments) = task
        .argv
        .split_first()
        .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "the command is empty"))?;
    let mut command = match &task.pre_script {
        None => {
            let mut command = std::process::Command::new(located(program, &task.folder));
            command.arg0(program).args(arguments);
            command
        }
        Some(pre_script) => {
            let mut command = std::process::Command::new("bash");
            // A preparation that fails ends the task: the program would run in another environment than the one asked for.
            let lines = format!("set -e\n{pre_script}\nset +e\nexec \"$@\"");
            command.arg("-c").arg(lines).arg("hsm-task").arg(program).args(arguments);
            command
        }
    };
    command.current_dir(&task.folder).stdin(Stdio::null()).stdout(task.stdout).stderr(task.stderr);
    command.envs(task.settings.iter().map(|(name, value)| (name, value)));
    for (name, value) in &task.environment {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    command.process_group(0);
    let mut command = tokio::process::Command::from(command);
    let _alone = STARTING.lock().unwrap_or_else(PoisonError::into_inner);
    for file in kept_open {
        fcntl_setfd(file, FdFlags::empty())?;
    }
    let child = command.spawn();
    for file in kept_open {
        fcntl_setfd(file, FdFlags::CLOEXEC)?;
    }
    child
}

/// A relative program with a slash means a file of the working folder, as in a shell; the kernel would take it from ours.
fn located(program: &str, folder: &Path) -> PathBuf {
    if program.contains('/') { folder.join(program) } else { PathBuf::from(program) }
}

/// Starts a background driver: `program` with `arguments`, its messages appended to `log`, and waits until it says that it has begun.
///
/// # Errors
/// The last lines that it wrote when it ended without having begun.
#[expect(clippy::disallowed_methods, reason = "this is the one module that starts processes")]
pub(crate) fn start_driver(program: &Path, arguments: &[OsString], log: &Path) -> io::Result<()> {
    let log_file = File::options().append(true).create(true).open(log)?;
    let before = log_file.metadata()?.len();
    let mut child = std::process::Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(log_file)
        .spawn()?;
    let mut line = String::new();
    if let Some(stdout) = child.stdout.take() {
        BufReader::new(stdout).read_line(&mut line)?;
    }
    if line.trim() == READY {
        return Ok(());
    }
    child.wait()?;
    let text = std::fs::read(log)?;
    let said = text.get(usize::try_from(before).unwrap_or(0)..).unwrap_or_default();
    Err(io::Error::other(String::from_utf8_lossy(said).trim().to_owned()))
}

/// What a background driver prints once it holds the lease and nothing of the terminal can reach it any more.
pub const READY: &str = "ready";

/// Runs a small program that answers a question, such as `nvidia-smi`, with a time limit.
pub(crate) fn ask(program: &str, arguments: &[&str], limit: Duration) -> io::Result<Output> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    #[expect(clippy::disallowed_methods, reason = "this is the one module that starts processes")]
    let mut command = tokio::process::Command::new(program);
    command.args(arguments).stdin(Stdio::null()).kill_on_drop(true).env("LC_ALL", "C");
    runtime.block_on(async {
        match tokio::time::timeout(limit, command.output()).await {
            Ok(output) => output,
            Err(_) => Err(io::Error::new(
                io::ErrorKind::TimedOut,
                format!("`{program}` did not answer within {} s", limit.as_secs()),
            )),
        }
    })
}

/// Sends `signal` to every process of a task; the processes that were there.
pub(crate) fn signal_task(task_dir: &Path, leader: Option<u32>, signal: Signal) -> Vec<Pid> {
    let processes = host::task_processes(task_dir, leader);
    for pid in &processes {
        // A process that has ended since is what we want.
        let _ = kill_process(*pid, signal);
    }
    processes
}

/// The exit code, or else the signal.
pub(crate) fn code_or_signal(status: ExitStatus) -> Result<i32, i32> {
    use std::os::unix::process::ExitStatusExt as _;
    status.code().ok_or_else(|| status.signal().unwrap_or(0))
}
