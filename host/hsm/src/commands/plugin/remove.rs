//! `hsm plugin remove`: takes a plugin out of a project. What was granted to it stays with the user, for exactly the same files only.

use super::support::{plugin_name, refused};
use crate::args::RemovePluginArgs;
use crate::environment;
use crate::output::Console;
use crate::project::Project;
use crate::report::{Exit, Problem};
use hsm_core::suggest;
use hsm_plugin::bundle::{self, PluginName};
use hsm_plugin::trust::{Grants, Lock, NotAdmitted};

/// Removes the plugin.
///
/// # Errors
/// When there is none of that name, or it cannot be removed.
pub fn run(args: &RemovePluginArgs, console: Console) -> Result<Exit, Problem> {
    let name = plugin_name(&args.name)?;
    let project = Project::find(console)?;
    let lock = Lock::read(&project.root).map_err(refused)?;
    if lock.entry(&name).is_none() && !bundle::installed(&project.root, &name).exists() {
        let known = lock.entries().map(|entry| entry.name.as_str());
        let hint = suggest::did_you_mean(&args.name, known);
        let hint = hint.unwrap_or_else(|| "`hsm plugin list` shows what there is".to_owned());
        return Err(Problem::new(Exit::NotFound, format!("there is no plugin `{name}` in this project"))
            .with_hint(hint));
    }
    let removed = Lock::change(&project.root, |lock| -> Result<(), NotAdmitted> {
        bundle::tidy(&project.root);
        bundle::remove(&project.root, &name)?;
        lock.remove(&name);
        Ok(())
    });
    removed.map_err(refused)?;
    console.say(&format!("removed `{name}` from this project"));
    say_what_stays(&name, console);
    Ok(Exit::Success)
}

/// What the user granted is not the project's to take back.
fn say_what_stays(name: &PluginName, console: Console) {
    let Some(folder) = environment::user_folder() else { return };
    match Grants::read(&folder) {
        Ok(grants) if grants.last_of(name).is_some() => console.hint(&format!(
            "what you let it have run stays granted, to exactly the same files; `hsm plugin revoke {name}` takes it back"
        )),
        Ok(_) => {}
        Err(error) => console.warn(&error.to_string()),
    }
}
