//! What the commands about plugins share: the user's own folder, what the site and the user say, and words for both.

use crate::environment;
use crate::report::{Exit, Problem};
use hsm_core::roles::Failure;
use hsm_plugin::bundle::{Bundle, PluginName};
use hsm_plugin::trust::{Site, Trust};
use std::path::{Path, PathBuf};

/// The user's own folder, in which keys and grants are.
///
/// # Errors
/// When there is no home folder.
pub fn user_folder() -> Result<PathBuf, Problem> {
    environment::user_folder().ok_or_else(|| {
        Problem::new(Exit::Configuration, "there is no home folder to keep keys and grants in")
            .with_hint("set HOME")
    })
}

/// What the site and the user say about plugins.
///
/// # Errors
/// When one of their files cannot be believed.
pub fn trust() -> Result<Trust, Problem> {
    Trust::read(&Site::default(), environment::user_folder().as_deref()).map_err(refused)
}

/// Whatever is wrong with a plugin, as a way for a command to end.
pub fn refused(error: impl Into<Failure>) -> Problem {
    Problem::from(error.into())
}

/// A plugin's name as it was typed.
///
/// # Errors
/// When it is none.
pub fn plugin_name(typed: &str) -> Result<PluginName, Problem> {
    typed
        .parse::<PluginName>()
        .map_err(|error| Problem::new(Exit::Configuration, error.to_string()).with_hint(error.hint()))
}

/// `pareto 0.1.0, an aggregator`
pub fn title(bundle: &Bundle) -> String {
    let manifest = &bundle.manifest;
    format!("{} {}, {}", manifest.name, manifest.version, manifest.role.with_article())
}

/// Writes a file as a whole or not at all.
///
/// # Errors
/// When it cannot be written.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), Problem> {
    hsm_plugin::bundle::write_file(path, bytes).map_err(|error| Problem::file("write", path, &error))
}
