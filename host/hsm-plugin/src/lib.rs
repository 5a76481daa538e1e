//! The sandbox: WebAssembly components as generators and aggregators.
//!
//! A plugin is a function behind a wall. It gets tables and returns tables; it has no files, no network, no environment and no
//! clock it could tell the time with. Every call is bounded in time, memory and output, and whatever a plugin does ends as one
//! [`Failure`](hsm_core::roles::Failure) with words for the person in front of it; the host lives on.
//!
//! [`PluginRoles`] is the one door. It reads a file, looks at it before anything is compiled, compiles it in a child with
//! limits of its own, and hands out the traits of [`hsm_core::roles`], behind which nobody can tell a plugin from a built-in.
//!
//! **Invariants:** only this crate knows the WebAssembly engine, and no type of that engine is public. It never loads compiled
//! code from anywhere but the user's own cache folder. It knows nothing of sweeps, journals or commands.

mod aggregator;
mod bindings;
mod cache_folder;
mod canceller;
mod check;
mod compiler_child;
mod convert;
mod engine;
mod fault;
mod generator;
mod guest;
mod inspect;
mod limits;
mod lines;
mod plain;
mod plugin_roles;
mod sandbox;
mod state;

pub use cache_folder::CacheFolderError;
pub use canceller::Canceller;
pub use compiler_child::{Compiler, compile_child_main};
pub use inspect::{InspectError, Role, inspect};
pub use limits::{LimitError, Limits};
pub use plugin_roles::{PluginRoles, PluginSettings};
