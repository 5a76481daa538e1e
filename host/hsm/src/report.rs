//! Every way a command can end: the exit codes, and the one place where errors become `error: …`, `hint: …` and a code.

use crate::output::{ClosedPipe, Console};
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
    /// Another machine cannot be reached.
    #[expect(dead_code, reason = "documented for users now; commands that reach other machines return it")]
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
        let exit = match error.kind() {
            ErrorKind::NotFound => Exit::NotFound,
            ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => Exit::Permission,
            _ => Exit::General,
        };
        Self::new(exit, format!("could not {action} `{}`: {}", path.display(), plain(error)))
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
