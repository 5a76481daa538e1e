//! `hsm trust`: settings that belong to somebody else may be used, as they are now.

use crate::args::TrustArgs;
use crate::output::Console;
use crate::project;
use crate::report::{Exit, Problem};
use crate::trust;

/// Remembers the file.
///
/// # Errors
/// When there is none, or it cannot be remembered.
pub fn run(args: &TrustArgs, console: Console) -> Result<Exit, Problem> {
    let path = match &args.file {
        Some(path) => path.clone(),
        None => project::settings_path()?,
    };
    trust::add(&path)?;
    console.say(&format!("`{}` is trusted as it is now", path.display()));
    Ok(Exit::Success)
}
