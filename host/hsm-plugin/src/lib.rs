//! The sandbox: WebAssembly components as generators and aggregators.
//!
//! A plugin is a function behind a wall. It gets tables and returns tables; it has no files, no network, no environment and no
//! clock it could tell the time with. Every call is bounded in time, memory and output, and whatever a plugin does ends as one
//! [`Failure`](hsm_core::roles::Failure) with words for the person in front of it; the host lives on.
//!
//! [`PluginRoles`] is the one door. It reads a file, looks at it before anything is compiled, compiles it in a child with
//! limits of its own, and hands out the traits of [`hsm_core::roles`], behind which nobody can tell a plugin from a built-in.
//!
//! [`bundle`] reads, packs and installs plugins with what they say about themselves; [`trust`] says which of them may be used, and for what;
//! [`fixtures`] asks them what they have to answer.
//!
//! **Invariants:** only this crate, and in it only `sandbox`, knows the WebAssembly engine, and no type of that engine is public. It never loads compiled
//! code from anywhere but the user's own cache folder. It knows nothing of sweeps, journals or commands.

pub mod bundle;
mod configured;
mod digest;
pub mod fixtures;
mod inspect;
mod limits;
mod plain;
mod plugin_roles;
mod sandbox;
mod toml_file;
pub mod trust;

pub use digest::{Digest, DigestError};
pub use inspect::{Import, ImportVerdict, InspectError, Role, Survey, inspect, survey};
pub use limits::{Limit, LimitError, Limits};
pub use plugin_roles::{PluginRoles, PluginSettings};
pub use sandbox::{CacheFolderError, Canceller, Compiler, Costs, compile_child_main};
