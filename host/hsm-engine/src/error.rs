//! The one error type of this crate: what could not be done, of which kind it is, and what to do about it.

use hsm_core::roles::{Blame, Failure};
use std::error::Error as StdError;
use std::fmt;
use std::io;
use std::path::Path;

/// What an [`Error`] is about; programs decide by it, people read the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// Settings, a sweep file or an option cannot be used as they are.
    Configuration,
    /// A file or folder is missing, in the way, or not accessible.
    Path,
    /// Tasks could not be handed over or stopped.
    Submission,
    /// What became of tasks could not be found out.
    Monitoring,
    /// Results could not be read or written.
    Collection,
    /// A plugin did not do what it was asked.
    Plugin,
}

/// Why something could not be done.
#[derive(Debug)]
pub struct Error {
    kind: ErrorKind,
    message: String,
    hint: Option<String>,
    source: Option<Box<dyn StdError + Send + Sync>>,
    io: Option<io::ErrorKind>,
}

/// The result of everything in this crate that can fail.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// An error of `kind` with a message: a lower-case fragment without a full stop.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), hint: None, source: None, io: None }
    }

    /// The operating system's refusal to do `what` with `path`.
    pub fn io(what: &str, path: &Path, error: io::Error) -> Self {
        Self {
            kind: ErrorKind::Path,
            message: format!("could not {what} `{}`", path.display()),
            hint: hint_of(&error),
            io: Some(error.kind()),
            source: Some(Box::new(error)),
        }
    }

    /// Something that was asked for and does not exist.
    pub fn not_found(message: impl Into<String>) -> Self {
        Self { io: Some(io::ErrorKind::NotFound), ..Self::new(ErrorKind::Path, message) }
    }

    /// Something that was to be created and exists.
    pub fn already_there(message: impl Into<String>) -> Self {
        Self { io: Some(io::ErrorKind::AlreadyExists), ..Self::new(ErrorKind::Submission, message) }
    }

    /// What a scheduler failed with: a request that could never be granted is a matter of configuration, and whatever may pass by itself one
    /// of submission.
    pub(crate) fn of_scheduler(failure: Failure) -> Self {
        let kind = match failure.blame {
            Blame::Config | Blame::Input => ErrorKind::Configuration,
            Blame::Transient => ErrorKind::Submission,
            Blame::Internal => ErrorKind::Plugin,
        };
        Self::from(failure).of_kind(kind)
    }

    /// The same error with what to do about it.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The same error with what lies beneath it.
    #[must_use]
    pub fn because(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// The same error as one of another kind: a file that cannot be written while collecting is a problem of collecting.
    #[must_use]
    pub fn of_kind(mut self, kind: ErrorKind) -> Self {
        self.kind = kind;
        self
    }

    /// What the error is about.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> Option<&str> {
        self.hint.as_deref()
    }

    /// Whether something that was named does not exist.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        self.io == Some(io::ErrorKind::NotFound)
    }

    /// Whether something that was to be created exists.
    #[must_use]
    pub fn is_already_there(&self) -> bool {
        self.io == Some(io::ErrorKind::AlreadyExists)
    }

    /// Whether the operating system refused access.
    #[must_use]
    pub fn is_permission(&self) -> bool {
        self.io == Some(io::ErrorKind::PermissionDenied)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        let mut source = self.source.as_deref().map(|source| source as &dyn StdError);
        while let Some(error) = source {
            write!(f, ": {error}")?;
            source = error.source();
        }
        Ok(())
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        // The message already says what lies beneath; a chain printed by a caller would say it twice.
        None
    }
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        let hint = failure.hint.clone();
        Self { hint, ..Self::new(ErrorKind::Plugin, failure.message) }
    }
}

/// What to do about the refusals that have one remedy.
fn hint_of(error: &io::Error) -> Option<String> {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            Some("free some space (`df -h`, `quota -s`), then run the same command again".to_owned())
        }
        io::ErrorKind::ReadOnlyFilesystem => {
            Some("write to another place with `local.sweeps_root`".to_owned())
        }
        _ => None,
    }
}
