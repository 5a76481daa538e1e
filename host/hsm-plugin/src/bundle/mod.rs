//! Bundles: a plugin with what it says about itself, as a folder or as that folder's plain tar.
//!
//! ```no_run
//! use hsm_plugin::Limits;
//! use hsm_plugin::bundle::{self, Bundle};
//! # fn main() -> Result<(), bundle::BundleError> {
//! // A folder, a tar or a bare `.wasm` file: whatever is there.
//! let bundle: Bundle = bundle::read("pareto-0.1.0.tar".as_ref(), &Limits::default())?;
//! println!("{} {} ({})", bundle.manifest.name, bundle.manifest.version, bundle.digest);
//! let wasm: &[u8] = bundle.component();
//! # Ok(()) }
//! ```
//!
//! A [`Bundle`] in hand is whole: every file is one that the manifest lists, with the digest it lists, the component has the role the
//! manifest says, and all of it is in memory, so that what was checked is what is used. Whether it may be used is for
//! [`trust`](crate::trust) to say.
//!
//! A *source folder*, in which an author works, has a `plugin.toml` without `[files]` and any files beside those of a bundle. It is read
//! as the bundle that [`pack`] would make of it, digest included.
//!
//! **Invariants:** nothing here follows a link or waits for a pipe inside a bundle, runs anything, or knows the WebAssembly engine.

mod archive;
mod config;
mod contents;
mod error;
mod folder;
mod gather;
mod install;
mod manifest;
mod names;
mod pack;
mod programs;
mod read;
#[cfg(test)]
pub(crate) mod samples;

pub use config::{ConfigError, ConfigSchema, Setting, SettingKind};
pub use contents::{Bundle, Origin};
pub use error::{BundleError, BundleProblem};
pub use install::{install, installed, remove, tidy, with_manifest, write_file};
pub use manifest::{Capabilities, Manifest};
pub use names::{COMPONENT, FIXTURES, MANIFEST, PluginName, PluginNameError, README, SIGNATURE};
pub use pack::pack;
pub use programs::{ProgramProblem, check_program};
pub use read::{read, read_component};
