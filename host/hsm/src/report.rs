//! Every way a command can end: the exit codes, and the one place where errors become `error: …`, `hint: …` and a code.

use crate::output::{ClosedPipe, Console};
use hsm_core::command::CommandError;
use hsm_core::diagnostic::{Diagnostics, Severity};
use hsm_core::roles::Failure;
use hsm_core::sweep_id::SweepIdError;
use hsm_engine::ErrorKind;
use std::path::Path;
use std::process::ExitCode;

/// What `hsm` tells whoever started it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// All went well.
    Success = 0,
    /// A task failed or was cancelled, or something went wrong that has no code of its own.
    General = 1,
    /// Settings, a sweep file or the command line are wrong.
    Configuration = 2,
    /// A scheduler or another machine could not be reached.
    Connection = 3,
    /// Something may not be read or written.
    Permission = 4,
    /// What was named does not exist.
    NotFound = 5,
    /// A plugin could not do its work.
    Plugin = 6,
    /// Ctrl-C.
    Interrupted = 130,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Why a command could not do what it was asked.
#[derive(Debug)]
pub struct Problem {
    /// The code to end with.
    pub exit: Exit,
    /// One or more lines; the first is read after `error: `. None where nobody listens any more.
    pub message: Option<String>,
    /// What the user could do.
    pub hint: Option<String>,
}

impl Problem {
    /// A problem without a hint.
    pub fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self { exit, message: Some(message.into()), hint: None }
    }

    /// The same problem with a hint.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// A file that could not be read or written: `could not <action> <path>: <why>`.
    pub fn file(action: &str, path: &Path, error: &std::io::Error) -> Self {
        use std::io::ErrorKind;
        let (exit, hint) = match error.kind() {
            ErrorKind::NotFound => {
                (Exit::NotFound, "look at how it is spelled, and whether its folder is there")
            }
            ErrorKind::PermissionDenied => {
                (Exit::Permission, "look at its owner and mode, and at those of its folder")
            }
            ErrorKind::ReadOnlyFilesystem => (Exit::Permission, "choose a place on another file system"),
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
                (Exit::General, "make room on its disk, or choose a place on another one")
            }
            ErrorKind::IsADirectory => (Exit::General, "name a file in that folder"),
            _ => (Exit::General, "look at what is there"),
        };
        Self::new(exit, format!("could not {action} `{}`: {}", path.display(), plain(error))).with_hint(hint)
    }

    /// A question that a scheduler did not answer.
    pub fn of_scheduler(error: hsm_engine::Error) -> Self {
        let unreachable = error.kind() == ErrorKind::Submission;
        let problem = Self::from(error);
        if unreachable { Self { exit: Exit::Connection, ..problem } } else { problem }
    }

    /// Prints it, and says how to end.
    pub fn report(self) -> Exit {
        if let Some(message) = &self.message {
            Console::error_line(&format!("error: {message}"));
        }
        if let Some(hint) = &self.hint {
            Console::error_line(&format!("hint: {hint}"));
        }
        self.exit
    }
}

/// The operating system's words without its number.
fn plain(error: &std::io::Error) -> String {
    let text = error.to_string();
    match text.split_once(" (os error") {
        Some((words, _)) => words.to_lowercase(),
        None => text,
    }
}

impl From<ClosedPipe> for Problem {
    fn from(error: ClosedPipe) -> Self {
        match error {
            ClosedPipe::NoReader => Self { exit: Exit::Success, message: None, hint: None },
            ClosedPipe::Other(error) => {
                Self::new(Exit::General, format!("could not write to standard output: {}", plain(&error)))
            }
        }
    }
}

impl From<Diagnostics> for Problem {
    fn from(found: Diagnostics) -> Self {
        let errors = found.as_slice().iter().filter(|found| found.severity == Severity::Error);
        let mut lines = Vec::new();
        let mut hint = None;
        // All but the last hint stand below their error, so that each is read with what it is about.
        for error in errors {
            if let Some(earlier) = hint.take() {
                lines.push(format!("hint: {earlier}"));
            }
            let start = if lines.is_empty() { "" } else { "error: " };
            lines.push(format!("{start}{error}"));
            hint.clone_from(&error.hint);
        }
        Self { exit: Exit::Configuration, message: Some(lines.join("\n")), hint }
    }
}

impl From<Failure> for Problem {
    fn from(failure: Failure) -> Self {
        let exit = match failure.code.as_str() {
            "not-found" | "not-installed" => Exit::NotFound,
            "no-permission" => Exit::Permission,
            _ => Exit::Plugin,
        };
        Self { exit, message: Some(failure.message), hint: failure.hint }
    }
}

impl From<hsm_engine::Error> for Problem {
    fn from(error: hsm_engine::Error) -> Self {
        let exit = match error.kind() {
            _ if error.is_permission() => Exit::Permission,
            _ if error.is_not_found() => Exit::NotFound,
            _ if error.is_already_there() => Exit::Configuration,
            ErrorKind::Configuration => Exit::Configuration,
            ErrorKind::Plugin => Exit::Plugin,
            ErrorKind::Path | ErrorKind::Submission | ErrorKind::Monitoring | ErrorKind::Collection => {
                Exit::General
            }
        };
        Self { exit, message: Some(error.to_string()), hint: error.hint().map(str::to_owned) }
    }
}

impl From<SweepIdError> for Problem {
    fn from(error: SweepIdError) -> Self {
        Self::new(Exit::Configuration, error.to_string())
    }
}

impl From<CommandError> for Problem {
    fn from(error: CommandError) -> Self {
        Self::new(Exit::Configuration, error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hsm_core::roles::Blame;
    use std::io;

    #[test]
    fn every_kind_of_problem_has_its_code() {
        let engine = |kind| Problem::from(hsm_engine::Error::new(kind, "x")).exit;
        assert_eq!(engine(ErrorKind::Configuration), Exit::Configuration);
        assert_eq!(engine(ErrorKind::Submission), Exit::General);
        assert_eq!(engine(ErrorKind::Plugin), Exit::Plugin);
        assert_eq!(Problem::from(hsm_engine::Error::not_found("x")).exit, Exit::NotFound);
        assert_eq!(Problem::from(hsm_engine::Error::already_there("x")).exit, Exit::Configuration);
        let io = |kind| Problem::file("read", Path::new("f"), &io::Error::from(kind)).exit;
        assert_eq!(io(io::ErrorKind::PermissionDenied), Exit::Permission);
        assert_eq!(io(io::ErrorKind::NotFound), Exit::NotFound);
        assert_eq!(io(io::ErrorKind::StorageFull), Exit::General);
        let full = Problem::file("write", Path::new("f"), &io::Error::from(io::ErrorKind::StorageFull));
        assert!(full.hint.unwrap().starts_with("make room"));
        let failure = |code| Problem::from(Failure::new(Blame::Config, code, "x")).exit;
        assert_eq!(failure("not-found"), Exit::NotFound);
        assert_eq!(failure("not-installed"), Exit::NotFound);
        assert_eq!(failure("no-permission"), Exit::Permission);
        assert_eq!(failure("out-of-time"), Exit::Plugin);
    }

    #[test]
    fn a_reader_that_left_is_no_problem() {
        let problem = Problem::from(ClosedPipe::from(io::Error::from(io::ErrorKind::BrokenPipe)));
        assert_eq!((problem.exit, problem.message), (Exit::Success, None));
    }

    #[test]
    fn each_finding_keeps_its_hint() {
        let found =
            hsm_core::sweep::SweepFile::parse("gird:\n  a: [1]\ngrid:\n  b: []\n", "s.yaml").unwrap_err();
        let problem = Problem::from(found);
        insta::assert_snapshot!(problem.message.unwrap(), @r"
        s.yaml:1:1: a sweep file has no key `gird`
        hint: did you mean `grid`?
        error: s.yaml:4:6: `b` is empty
        ");
    }
}
