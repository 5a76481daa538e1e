//! Whom to trust: signatures, keys, the site's policy, the project's lock and the user's grants, and one verdict over all of them.
//!
//! ```no_run
//! use hsm_plugin::Limits;
//! use hsm_plugin::trust::{Site, Trust};
//! # fn main() -> Result<(), hsm_core::roles::Failure> {
//! let trust = Trust::read(&Site::default(), Some("/home/ada/.hsm".as_ref()))?;
//! // Limits with the user's flags; what comes back has the plugin's requests and the site's ceilings in it.
//! let flags = Limits::default();
//! // By name, once it was added to a project, or else by that path …
//! let project = "/home/ada/project".as_ref();
//! let admitted = trust.by_name_or_path(project, "pareto", "/home/ada/pareto".as_ref(), &flags)?;
//! // … or by path alone: a tar, a folder or a `.wasm` file.
//! let admitted = trust.by_path("pareto-0.1.0.tar".as_ref(), &flags)?;
//! let (wasm, limits) = (admitted.bundle.component(), &admitted.limits);
//! let (read_results, commands) = (admitted.capabilities.read_results, &admitted.capabilities.commands);
//! # let _ = (wasm, limits, read_results, commands);
//! # Ok(()) }
//! ```
//!
//! There are two outcomes: a plugin is admitted, with exactly what it may do, or it is refused, with the reason and a way forward. A
//! signature that cannot be verified is never ignored; an unsigned plugin is fine where nothing asks for a signature.
//!
//! | file | whose word | what it says |
//! |---|---|---|
//! | `/etc/hsm/policy.toml` | the site's | what has to be signed, ceilings; nothing a user sets widens it |
//! | `/etc/hsm/keys`, then `~/.hsm/keys` | the site's, the user's | whose signatures count, and for what |
//! | `.hsm/plugins.lock` in a project | the project's | which version, digest and signer a name stands for; it grants nothing |
//! | `~/.hsm/grants.toml` | the user's | which commands a scheduler plugin may have run, by digest |
//!
//! **Invariants:** no environment variable and no flag is read here; where the site's files are and who owns them are values that only the
//! code decides. A file that others could have written is an error, and never just passed over.

mod admit;
mod error;
mod files;
mod grants;
mod keys;
mod lock;
mod policy;
mod refusal;
#[cfg(test)]
mod samples;
mod signature;
mod signer;
mod site;
mod turn;
mod verdict;

pub use admit::{Admitted, NotAdmitted, Trust};
pub use error::TrustError;
pub use grants::{Grant, Grants};
pub use keys::{Key, KeyId, Keys};
pub use lock::{Lock, LockEntry};
pub use policy::Policy;
pub use refusal::{Refusal, RefusalReason};
pub use signature::Signer;
pub use signer::{NewKey, Password, SigningError, SigningKey, generate};
pub use site::Site;
pub use verdict::{Trusted, admit_new, judge};
