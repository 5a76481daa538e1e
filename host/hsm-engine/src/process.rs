//! Processes: the one module that starts any.
//!
//! **Invariant:** no argument is ever put together into a command line that a shell reads. Where a shell is needed (`pre_script`), values
//! reach it as positional parameters.

mod dialogue;

pub(crate) use dialogue::{Dialogue, Silence, connect, send_to_background};

use crate::host;
use hsm_core::scheduler;
use rustix::io::{FdFlags, fcntl_setfd};
use rustix::process::{Pid, Signal, kill_process};
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, BufRead as _, BufReader};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Output, Stdio};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

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

/// The most of a scheduler's command's output that is kept: the whole queue of a large cluster is some megabytes.
const OUTPUT_LIMIT_BYTES: u64 = 64 << 20;

/// Runs a command for a scheduler, on this machine, without a shell and in a process group of its own, which is killed once the command's
/// time is up. Whatever happens is part of the exchange.
///
/// A command that hands in a job has our own environment, which the scheduler may pass on to it; any other speaks no language but C's,
/// and of times in UTC.
pub(crate) fn exchange(command: &scheduler::Command, hands_in: bool) -> scheduler::Exchange {
    use std::os::unix::process::ExitStatusExt as _;
    let mut exchange = scheduler::Exchange {
        command: command.clone(),
        ending: scheduler::Ending::Exited,
        exit_code: None,
        stdout: Vec::new(),
        stderr: Vec::new(),
        truncated: false,
    };
    match run(command, hands_in) {
        Err(error) => {
            exchange.ending = scheduler::Ending::NotStarted;
            exchange.stderr = error.to_string().into_bytes();
        }
        Ok(Ran { status, stdout, stderr }) => {
            exchange.truncated =
                [&stdout, &stderr].iter().any(|said| said.len() as u64 >= OUTPUT_LIMIT_BYTES);
            (exchange.stdout, exchange.stderr) = (stdout, stderr);
            match status {
                None => exchange.ending = scheduler::Ending::TimedOut,
                Some(status) if status.signal().is_some() => exchange.ending = scheduler::Ending::Signalled,
                Some(status) => exchange.exit_code = status.code(),
            }
        }
    }
    exchange
}

/// Runs a small program that answers a question, such as `nvidia-smi`, with a time limit.
pub(crate) fn ask(program: &str, arguments: &[&str], limit: Duration) -> io::Result<Output> {
    let mut command = scheduler::Command::new(program).args(arguments.iter().copied());
    command.timeout_ms = u32::try_from(limit.as_millis()).unwrap_or(u32::MAX);
    let Ran { status, stdout, stderr } = run(&command, false)?;
    let status = status.ok_or_else(|| {
        let message = format!("`{program}` did not answer within {} s", limit.as_secs());
        io::Error::new(io::ErrorKind::TimedOut, message)
    })?;
    Ok(Output { status, stdout, stderr })
}

struct Ran {
    /// Nothing where its time was up.
    status: Option<ExitStatus>,
    stdout: Vec<u8>,
    stderr: Vec<u8>,
}

fn run(command: &scheduler::Command, hands_in: bool) -> io::Result<Ran> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(run_bounded(command, hands_in))
}

async fn run_bounded(command: &scheduler::Command, hands_in: bool) -> io::Result<Ran> {
    #[expect(clippy::disallowed_methods, reason = "this is the one module that starts processes")]
    let mut process = tokio::process::Command::new(&command.program);
    process
        .args(&command.args)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .kill_on_drop(true);
    if !hands_in {
        process.env("LC_ALL", "C").env("TZ", "UTC");
    }
    process.stdin(if command.stdin.is_some() { Stdio::piped() } else { Stdio::null() });
    let mut child = process.spawn()?;
    let group = child.id().and_then(|pid| Pid::from_raw(i32::try_from(pid).ok()?));
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    let (stdin, out, err) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let talk = async {
        let write = async {
            if let (Some(mut stdin), Some(text)) = (stdin, &command.stdin) {
                // A command that does not read to the end has its reasons.
                let _ = stdin.write_all(text.as_bytes()).await;
            }
        };
        tokio::join!(write, read_bounded(out, &mut stdout), read_bounded(err, &mut stderr));
        child.wait().await
    };
    let limit = Duration::from_millis(u64::from(command.timeout_ms));
    let status = tokio::time::timeout(limit, talk).await;
    if status.is_err() {
        if let Some(group) = group {
            // A command that has ended since is what we want.
            let _ = rustix::process::kill_process_group(group, Signal::KILL);
        }
        let _ = child.wait().await;
    }
    Ok(Ran { status: status.ok().transpose()?, stdout, stderr })
}

async fn read_bounded(from: Option<impl tokio::io::AsyncRead + Unpin>, into: &mut Vec<u8>) {
    if let Some(from) = from {
        // What was read before an error is what the command said.
        let _ = from.take(OUTPUT_LIMIT_BYTES).read_to_end(into).await;
    }
}

/// The user's name, as the system has it; the number where it has none.
pub(crate) fn user_name() -> String {
    static NAME: OnceLock<String> = OnceLock::new();
    let look = || {
        let named =
            ask("id", &["-un"], Duration::from_secs(10)).ok().filter(|output| output.status.success());
        let name = named.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
        name.filter(|name| !name.is_empty()).unwrap_or_else(|| rustix::process::getuid().as_raw().to_string())
    };
    NAME.get_or_init(look).clone()
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
