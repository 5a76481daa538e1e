//! The one place that reads the environment. Everything else is handed what it needs.
#![expect(
    clippy::disallowed_methods,
    reason = "this is the module the rule keeps for reading the environment"
)]

use crate::report::{Exit, Problem};
use std::path::{Path, PathBuf};

/// The user's home folder, where settings of the user's own may be.
pub fn home() -> Option<PathBuf> {
    std::env::var_os("HOME").filter(|home| !home.is_empty()).map(PathBuf::from)
}

/// The folder in it that is hsm's: whom the user trusts, and what was granted.
pub fn user_folder() -> Option<PathBuf> {
    home().map(|home| home.join(".hsm"))
}

/// Every `HSM_…` variable that is text: settings, among them.
pub fn settings() -> Vec<(String, String)> {
    let readable = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    readable.filter(|(name, _)| name.starts_with("HSM_")).collect()
}

/// Where programs are looked for.
pub fn path() -> Option<String> {
    std::env::var("PATH").ok()
}

/// The conda that the user's shell has set up.
pub fn conda_exe() -> Option<PathBuf> {
    std::env::var_os("CONDA_EXE").map(PathBuf::from)
}

/// The GPUs that whoever started this left to it.
pub fn cuda_visible_devices() -> Option<String> {
    std::env::var("CUDA_VISIBLE_DEVICES").ok()
}

/// Where the user's programs keep what they can make again.
pub fn cache_folder() -> Option<PathBuf> {
    let named = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    named.or_else(|| home().map(|home| home.join(".cache")))
}

/// Where the user's programs keep sockets, for as long as the user is logged in.
pub fn runtime_folder() -> Option<PathBuf> {
    std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from).filter(|path| path.is_absolute())
}

/// Where the user's ssh agent listens.
pub fn ssh_agent() -> Option<PathBuf> {
    std::env::var_os("SSH_AUTH_SOCK").map(PathBuf::from)
}

/// The folder in which the command was typed.
///
/// # Errors
/// When it is gone, or may not be known.
pub fn current_folder() -> Result<PathBuf, Problem> {
    std::env::current_dir().map_err(|error| Problem::file("find the current folder", Path::new("."), &error))
}

/// The program that runs, to start it once more.
///
/// # Errors
/// When the system does not say.
pub fn own_program() -> Result<PathBuf, Problem> {
    std::env::current_exe().map_err(|error| {
        Problem::new(Exit::General, format!("could not find the program of `hsm` itself: {error}"))
    })
}
