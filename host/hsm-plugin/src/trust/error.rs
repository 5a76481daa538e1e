//! Why a file about trust cannot be used. Each is an error and not a warning: a policy that is passed over protects nobody.

use crate::plain::io_words;
use hsm_core::diagnostic::Diagnostic;
use hsm_core::roles::{Blame, Failure};
use std::io;

/// A file about trust that cannot be used. Paths in it are fit to show.
#[derive(Debug, thiserror::Error)]
pub enum TrustError {
    /// The system did not let it be read or written.
    #[error("could not {action} `{path}`: {}", io_words(source))]
    Io {
        /// What was tried.
        action: &'static str,
        /// The file or folder.
        path: String,
        /// What the system said.
        source: io::Error,
    },
    /// It is a link, or something else that it should not be.
    #[error("`{path}` is {found}, and it has to be {wanted}")]
    Kind {
        /// The file or folder.
        path: String,
        /// What it is.
        found: &'static str,
        /// What it should be.
        wanted: &'static str,
    },
    /// Somebody else owns it.
    #[error("`{path}` belongs to user {found}, and it has to belong to user {wanted}")]
    Owner {
        /// The file or folder.
        path: String,
        /// Its owner.
        found: u32,
        /// Who should own it.
        wanted: u32,
    },
    /// Others may write it.
    #[error("`{path}` may be written by others (mode {mode:o})")]
    Mode {
        /// The file or folder.
        path: String,
        /// Its permissions.
        mode: u32,
    },
    /// It is far larger than such a file is.
    #[error("`{path}` is larger than {max_kib} KiB")]
    TooLarge {
        /// The file.
        path: String,
        /// The most it may be, in KiB.
        max_kib: u64,
    },
    /// Somebody else has been changing it all the time.
    #[error("another `hsm plugin` has held `{path}` for {seconds} s, to change what is kept there")]
    Busy {
        /// The file that says whose turn it is.
        path: String,
        /// How long it was waited for.
        seconds: u64,
    },
    /// What is written in it cannot be used.
    #[error("{0}")]
    Content(Diagnostic),
    /// It holds no public key.
    #[error("`{0}` is no minisign public key")]
    NotAKey(String),
    /// Restrictions for a key that is not there.
    #[error("`{path}` restricts a key, and there is no `{key}` beside it")]
    NoSuchKey {
        /// The restrictions.
        path: String,
        /// The file that the key should be in.
        key: String,
    },
}

impl TrustError {
    /// A stable word for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Io { source, .. } => match source.kind() {
                io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => "no-permission",
                _ => "trust-unreadable",
            },
            Self::Busy { .. } => "trust-busy",
            Self::Kind { .. } | Self::Owner { .. } | Self::Mode { .. } => "trust-unsafe",
            Self::TooLarge { .. } | Self::Content(_) | Self::NotAKey(_) | Self::NoSuchKey { .. } => {
                "trust-invalid"
            }
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::Io { source, .. } if source.kind() == io::ErrorKind::StorageFull => {
                "make room on its disk, and try again".to_owned()
            }
            Self::Io { path, .. } => {
                format!("look at the owner and the mode of `{path}`, and of the folders above it")
            }
            Self::Kind { path, .. } => format!("move `{path}` away, and put the real one there"),
            Self::Owner { path, wanted, .. } => {
                format!(
                    "look at what is in `{path}`; if it is right, whoever may do so says `chown {wanted} {path}`"
                )
            }
            Self::Mode { path, .. } => {
                format!("look at what is in `{path}`; if it is right: `chmod go-w {path}`")
            }
            Self::Busy { .. } => "wait until it has ended, and try again".to_owned(),
            Self::TooLarge { path, .. } => format!("look at what is in `{path}`"),
            Self::Content(found) => found.hint.clone().unwrap_or_else(|| "correct the file".to_owned()),
            Self::NotAKey(_) => {
                "a public key has two lines; `hsm plugin keygen` or `minisign -G` write one".to_owned()
            }
            Self::NoSuchKey { path, key } => {
                format!("rename `{path}` after its key, or put the key into `{key}`")
            }
        }
    }
}

impl From<TrustError> for Failure {
    fn from(error: TrustError) -> Self {
        Self::new(Blame::Config, error.code(), error.to_string()).with_hint(error.hint())
    }
}
