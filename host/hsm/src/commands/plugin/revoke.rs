//! `hsm plugin revoke`: takes back what plugins of a name may have run as the user. It changes nothing but the user's own grants, so it
//! works anywhere, and also for a plugin that no project has any more.

use super::support::{plugin_name, refused, user_folder};
use crate::args::RevokePluginArgs;
use crate::output::Console;
use crate::report::{Exit, Problem};
use hsm_core::suggest;
use hsm_plugin::bundle::PluginName;
use hsm_plugin::trust::Grants;

/// Revokes the grants.
///
/// # Errors
/// When nothing was granted to a plugin of that name, or the grants cannot be changed.
pub fn run(args: &RevokePluginArgs, console: Console) -> Result<Exit, Problem> {
    let name = plugin_name(&args.name)?;
    let folder = user_folder()?;
    let grants = Grants::read(&folder).map_err(refused)?;
    if grants.last_of(&name).is_none() {
        let known: Vec<&str> = grants.names().map(PluginName::as_str).collect();
        let hint = suggest::did_you_mean(name.as_str(), known);
        let hint = hint.unwrap_or_else(|| "only what `hsm plugin add` granted can be taken back".to_owned());
        return Err(Problem::new(
            Exit::NotFound,
            format!("you have let no plugin `{name}` have anything run"),
        )
        .with_hint(hint));
    }
    let taken = Grants::change(&folder, |grants| grants.revoke(&name)).map_err(refused)?;
    for grant in &taken {
        let commands: Vec<&str> = grant.commands.iter().map(String::as_str).collect();
        console.say(&format!("`{name}` {} may not have {} run any more", grant.version, commands.join(", ")));
    }
    console.hint("to grant it again, add the plugin again: `hsm plugin add FILE`");
    Ok(Exit::Success)
}
