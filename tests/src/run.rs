//! One run of a command: what it printed and how it ended, with the questions tests ask of it.

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use std::fmt;
use std::fs::File;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use crate::wait::{DEADLINE, wait_within};

/// A command that ended.
#[must_use = "a run that nobody looks at shows nothing"]
#[derive(Debug)]
pub struct Run {
    command: String,
    status: ExitStatus,
    world: PathBuf,
    /// What it wrote on standard output.
    pub stdout: String,
    /// What it wrote on standard error.
    pub stderr: String,
}

impl Run {
    /// The exit code, if it ended with one.
    #[must_use]
    pub fn code(&self) -> Option<i32> {
        self.status.code()
    }

    /// The signal that ended it, if one did.
    #[must_use]
    pub fn signal(&self) -> Option<i32> {
        self.status.signal()
    }

    /// It ended with exit code 0.
    ///
    /// # Panics
    /// When it did not.
    pub fn succeeds(self) -> Self {
        self.ends_with(0)
    }

    /// It ended with this exit code.
    ///
    /// # Panics
    /// When it did not.
    pub fn ends_with(self, code: i32) -> Self {
        assert_eq!(self.code(), Some(code), "{self}");
        self
    }

    /// Standard error contains every one of these, and no panic.
    ///
    /// # Panics
    /// When one is missing.
    pub fn says(self, parts: &[&str]) -> Self {
        // A plugin's own panic is part of a message; ours would begin a line.
        assert!(!self.stderr.lines().any(|line| line.starts_with("thread '")), "{self}");
        for part in parts {
            assert!(self.stderr.contains(part), "standard error lacks `{part}`\n{self}");
        }
        self
    }

    /// Standard output contains every one of these.
    ///
    /// # Panics
    /// When one is missing.
    pub fn prints(self, parts: &[&str]) -> Self {
        for part in parts {
            assert!(self.stdout.contains(part), "standard output lacks `{part}`\n{self}");
        }
        self
    }

    /// Standard output as one JSON document of format 1.
    ///
    /// # Panics
    /// When it is something else.
    #[must_use]
    pub fn json(self) -> Value {
        let value: Value =
            serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}\n{self}"));
        assert_eq!(value["format"], 1, "{self}");
        value
    }

    /// Standard error with the world's own folder written as `$WORLD`.
    #[must_use]
    pub fn stderr_of_any_world(&self) -> String {
        self.stderr.replace(&*self.world.to_string_lossy(), "$WORLD")
    }
}

impl fmt::Display for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "$ {}\n{}", self.command, self.status)?;
        writeln!(f, "--- standard output\n{}\n--- standard error\n{}", self.stdout, self.stderr)
    }
}

/// A command that runs.
#[must_use = "a process that nobody waits for is left behind"]
pub struct Running {
    child: Child,
    command: String,
    world: PathBuf,
    stdout: PathBuf,
    stderr: PathBuf,
}

impl Running {
    /// Starts a command with no standard input; its output goes to files, so that no full pipe can block it.
    ///
    /// # Panics
    /// When it cannot be started.
    pub fn start(command: &mut Command, world: &Path) -> Self {
        let output = tempfile::Builder::new()
            .prefix("run-")
            .tempdir_in(world)
            .expect("a folder for the output")
            .keep();
        let (stdout, stderr) = (output.join("stdout"), output.join("stderr"));
        command
            .stdin(Stdio::null())
            .stdout(File::create(&stdout).expect("a file for standard output"))
            .stderr(File::create(&stderr).expect("a file for standard error"));
        let typed: Vec<_> = std::iter::once(command.get_program()).chain(command.get_args()).collect();
        let typed = typed.iter().map(|part| part.to_string_lossy()).collect::<Vec<_>>().join(" ");
        let child = command.spawn().unwrap_or_else(|error| panic!("could not start {typed}: {error}"));
        Self { child, command: typed, world: world.to_owned(), stdout, stderr }
    }

    /// Its process id.
    #[must_use]
    pub fn id(&self) -> i32 {
        i32::try_from(self.child.id()).expect("a process id")
    }

    /// Sends it a signal.
    ///
    /// # Panics
    /// When there is no such process any more.
    pub fn signal(&self, signal: Signal) {
        let id = Pid::from_raw(self.id()).expect("a process id");
        kill_process(id, signal).unwrap_or_else(|error| panic!("could not signal {}: {error}", self.command));
    }

    /// Whether it has ended.
    ///
    /// # Panics
    /// When the system does not say.
    #[must_use]
    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().expect("the state of a child").is_some()
    }

    /// What it has written on standard error so far.
    #[must_use]
    pub fn stderr_so_far(&self) -> String {
        text(&self.stderr)
    }

    /// Waits for its end.
    ///
    /// # Panics
    /// When it is still running at the deadline.
    pub fn wait(self) -> Run {
        self.wait_within(DEADLINE)
    }

    /// Waits for its end, at most as long as this.
    ///
    /// # Panics
    /// When it is still running then.
    pub fn wait_within(mut self, limit: Duration) -> Run {
        let ended = wait_within(limit, || self.has_ended());
        if !ended {
            let _ = self.child.kill();
        }
        let status = self.child.wait().expect("the end of a child");
        let (stdout, stderr) = (text(&self.stdout), text(&self.stderr));
        let run = Run { command: self.command, status, world: self.world, stdout, stderr };
        assert!(ended, "was not over within {limit:?}\n{run}");
        run
    }
}

fn text(path: &Path) -> String {
    String::from_utf8_lossy(&std::fs::read(path).unwrap_or_default()).into_owned()
}
