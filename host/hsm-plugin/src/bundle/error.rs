//! Why a bundle cannot be used: each way to be wrong with its own words and its own way forward.

use crate::digest::Digest;
use crate::inspect::{InspectError, Role};
use crate::plain::io_words;
use hsm_core::diagnostic::Diagnostic;
use hsm_core::roles::{Blame, Failure};
use std::io;
use std::path::Path;

/// A bundle that cannot be used.
#[derive(Debug)]
pub struct BundleError {
    /// What the bundle is called: its path, made fit to show.
    pub bundle: String,
    /// What is wrong with it.
    pub problem: BundleProblem,
}

/// What is wrong with a bundle. Names in it are fit to show.
#[derive(Debug, thiserror::Error)]
pub enum BundleProblem {
    /// There is no such file or folder.
    #[error("there is nothing of that name")]
    NotFound,
    /// The system did not let it be read or written.
    #[error("`{name}`: {}", io_words(source))]
    Io {
        /// The file.
        name: String,
        /// What the system said.
        source: io::Error,
    },
    /// The system did not let its folder in a project be changed.
    #[error("could not {action} it: {}", io_words(source))]
    Place {
        /// What was tried.
        action: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// It is a device, a pipe or a socket.
    #[error("it is neither a file nor a folder")]
    NotAFile,
    /// It would have to be unpacked first.
    #[error("it is compressed")]
    Compressed,
    /// A folder or an archive without a manifest.
    #[error("there is no `plugin.toml` in it")]
    NoManifest,
    /// An archive that begins with something else.
    #[error("it begins with `{0}` and not with `plugin.toml`")]
    ManifestNotFirst(String),
    /// The manifest cannot be used.
    #[error("{0}")]
    Manifest(Diagnostic),
    /// The manifest of an archive does not say what its files are.
    #[error("its `plugin.toml` has no `[files]`")]
    NotPacked,
    /// A source folder without the file that its manifest is about.
    #[error("there is no `{0}` in it")]
    NotBuilt(&'static str),
    /// A name that could lead anywhere.
    #[error("the name `{name}` {problem}")]
    Name {
        /// The name.
        name: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// A link, a device, a pipe, or an extension of the format.
    #[error("`{name}` is {kind}, and only plain files have a place in a bundle")]
    NotPlain {
        /// Its name.
        name: String,
        /// What it is.
        kind: &'static str,
    },
    /// Two entries for one file.
    #[error("`{0}` is in it twice")]
    Twice(String),
    /// A file that the manifest does not name.
    #[error("`{0}` is in it, and its manifest does not list it")]
    Unlisted(String),
    /// A file that the manifest names.
    #[error("`{0}` is missing, and its manifest lists it")]
    Missing(String),
    /// A file that is not the one that was packed.
    #[error("`{name}` is not the file that its manifest lists: its SHA-256 is {found}, and not {expected}")]
    Changed {
        /// The file.
        name: String,
        /// What the manifest says.
        expected: Digest,
        /// What it is.
        found: Digest,
    },
    /// A file over its limit.
    #[error("`{name}` is larger than {max}")]
    TooLarge {
        /// The file.
        name: String,
        /// The most it may be, with its unit.
        max: String,
    },
    /// More files than a bundle may have.
    #[error("it has more than {0} files")]
    TooMany(usize),
    /// An archive that is not whole.
    #[error("it is cut short")]
    Truncated,
    /// An archive with something behind its end.
    #[error("there is something behind its end")]
    TrailingData,
    /// What is no archive after all.
    #[error("it is no archive that can be read: {0}")]
    Archive(String),
    /// The component has another role than the manifest says.
    #[error("its `plugin.toml` says that it is {}, and its component is {}", said.with_article(), found.with_article())]
    Role {
        /// What the manifest says.
        said: Role,
        /// What the component exports.
        found: Role,
    },
    /// The component cannot be used.
    #[error("{0}")]
    Component(InspectError),
}

impl std::fmt::Display for BundleError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { bundle, problem } = self;
        match problem {
            BundleProblem::NotFound => write!(f, "there is no plugin `{bundle}`"),
            BundleProblem::Place { action, source } => {
                write!(f, "could not {action} `{bundle}`: {}", io_words(source))
            }
            problem => write!(f, "the plugin `{bundle}` cannot be used: {problem}"),
        }
    }
}

impl std::error::Error for BundleError {}

impl BundleError {
    pub(crate) fn new(path: &Path, problem: BundleProblem) -> Self {
        Self { bundle: crate::plain::plain_line(&path.display().to_string(), 500), problem }
    }

    /// A stable word for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match &self.problem {
            BundleProblem::NotFound => "not-found",
            BundleProblem::Io { .. } | BundleProblem::NotAFile | BundleProblem::Compressed => "unreadable",
            BundleProblem::Place { source, .. } => match source.kind() {
                io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => "no-permission",
                _ => "unwritable",
            },
            BundleProblem::TooLarge { .. } | BundleProblem::TooMany(_) => "too-large",
            BundleProblem::Role { .. } => "wrong-role",
            BundleProblem::Component(error) => error.code(),
            BundleProblem::Manifest(_) => "bad-manifest",
            BundleProblem::Changed { .. } => "file-changed",
            _ => "bad-bundle",
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> String {
        let text = match &self.problem {
            BundleProblem::NotFound => {
                "give the path of a `.wasm` file or of a bundle, or a name that `hsm plugin list` shows"
            }
            BundleProblem::Place { source, .. } if source.kind() == io::ErrorKind::StorageFull => {
                "make room on its disk, and try again; what was there before is there still"
            }
            BundleProblem::Place { .. } => {
                "look at who may write there: the folder, and the file system that it is on"
            }
            BundleProblem::Io { .. } => "look at the file's owner and mode, and at the space on its disk",
            BundleProblem::NotAFile => "a plugin is a `.wasm` file, a folder, or the tar of one",
            BundleProblem::Compressed => "unpack it first: a bundle is a plain tar",
            BundleProblem::NoManifest => {
                "a bundle has a `plugin.toml` at its top; `hsm plugin new` makes one"
            }
            BundleProblem::Manifest(found) => {
                return found
                    .hint
                    .clone()
                    .unwrap_or_else(|| "correct it, and pack the plugin again".to_owned());
            }
            BundleProblem::NotBuilt(_) => "build the plugin first: run the `build` script in its folder",
            BundleProblem::NotPlain { .. } => {
                "put the file itself there; `hsm plugin pack` makes archives of nothing but plain files"
            }
            BundleProblem::Role { .. } => "correct `role` in its `plugin.toml`, or build it for that role",
            BundleProblem::ManifestNotFirst(_) | BundleProblem::NotPacked => {
                "pack the plugin's folder with `hsm plugin pack`"
            }
            BundleProblem::Name { .. } => "rename the file, and pack the plugin again",
            BundleProblem::Changed { .. } | BundleProblem::Missing(_) | BundleProblem::Unlisted(_) => {
                "get the plugin again; if it is yours, remove `[files]` from its `plugin.toml` and pack it again"
            }
            BundleProblem::TooLarge { name, .. } if name == super::names::COMPONENT => {
                "if the plugin needs to be that large, allow it: `--plugin-limit component_mib=…`"
            }
            BundleProblem::TooLarge { .. } | BundleProblem::TooMany(_) => {
                "a bundle carries a plugin, not data; leave out what it does not need"
            }
            BundleProblem::Twice(_) | BundleProblem::TrailingData => {
                "do not trust it: `hsm plugin pack` makes no such archive"
            }
            BundleProblem::Truncated | BundleProblem::Archive(_) => "get it again",
            BundleProblem::Component(error) => return error.hint(),
        };
        text.to_owned()
    }
}

impl From<InspectError> for BundleProblem {
    fn from(error: InspectError) -> Self {
        match error {
            InspectError::WrongRole { found, wanted } => Self::Role { said: wanted, found },
            error => Self::Component(error),
        }
    }
}

impl From<BundleError> for Failure {
    fn from(error: BundleError) -> Self {
        Self::new(Blame::Config, error.code(), error.to_string()).with_hint(error.hint())
    }
}
