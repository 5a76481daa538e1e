//! `hsm plugin remove`: takes a plugin out of a project. What was granted to it stays with the user, for exactly the same files only.

use super::support::{plugin_name, refused};
use crate::args::RemovePluginArgs;
use crate::output::Console;
use crate::project::Project;
use crate::report::{Exit, Problem};
use hsm_core::suggest;
use hsm_plugin::bundle;
use hsm_plugin::trust::Lock;

/// Removes the plugin.
///
/// # Errors
/// When there is none of that name, or it cannot be removed.
pub fn run(args: &RemovePluginArgs, console: Console) -> Result<Exit, Problem> {
    let name = plugin_name(&args.name)?;
    let project = Project::find(console)?;
    let mut lock = Lock::read(&project.root).map_err(refused)?;
    let was_locked = lock.remove(&name);
    let was_there = bundle::remove(&project.root, &name).map_err(refused)?;
    if !was_locked && !was_there {
        let known = lock.entries().map(|entry| entry.name.as_str());
        let hint = suggest::did_you_mean(&args.name, known);
        let hint = hint.unwrap_or_else(|| "`hsm plugin list` shows what there is".to_owned());
        return Err(Problem::new(Exit::NotFound, format!("there is no plugin `{name}` in this project"))
            .with_hint(hint));
    }
    if was_locked {
        lock.write(&project.root).map_err(refused)?;
    }
    console.say(&format!("removed `{name}` from this project"));
    Ok(Exit::Success)
}
