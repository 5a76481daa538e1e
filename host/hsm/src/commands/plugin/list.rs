//! `hsm plugin list`: the plugins of a project, and whether each may be used.

use super::support::{refused, trust};
use crate::args::{GlobalArgs, ListPluginsArgs};
use crate::output::{Align, Console, TextTable};
use crate::plugins;
use crate::project::Project;
use crate::report::{Exit, Problem};
use hsm_plugin::trust::{Lock, LockEntry, NotAdmitted};
use serde::Serialize;

/// Lists the plugins.
///
/// # Errors
/// When the project's lock makes no sense, or the site's files cannot be believed.
pub fn run(args: &ListPluginsArgs, global: &GlobalArgs, console: Console) -> Result<Exit, Problem> {
    let project = Project::find(console)?;
    let (trust, flags) = (trust()?, plugins::limits(global)?);
    let lock = Lock::read(&project.root).map_err(refused)?;
    let plugins = lock.entries().map(|entry| {
        let verdict = trust.by_entry(&project.root, entry, &flags).map(|_| ());
        PluginJson::new(entry, verdict.err().as_ref())
    });
    if args.json {
        console.json_list(&[("format", &1)], "plugins", plugins)?;
        return Ok(Exit::Success);
    }
    let plugins: Vec<PluginJson> = plugins.collect();
    if plugins.is_empty() {
        console.say("this project has no plugins; `hsm plugin add FILE` adds one");
        return Ok(Exit::Success);
    }
    console.data(&text(&plugins))?;
    if let Some(refused) = plugins.iter().find(|plugin| !plugin.usable) {
        console.hint(&format!("`hsm plugin verify {}` says why, and what to do", refused.name));
    }
    Ok(Exit::Success)
}

#[derive(Serialize)]
struct PluginJson {
    name: String,
    version: String,
    role: String,
    digest: String,
    signer: Option<String>,
    usable: bool,
    code: Option<&'static str>,
    problem: Option<String>,
}

impl PluginJson {
    fn new(entry: &LockEntry, refusal: Option<&NotAdmitted>) -> Self {
        Self {
            name: entry.name.to_string(),
            version: entry.version.to_string(),
            role: entry.role.to_string(),
            digest: entry.digest.to_string(),
            signer: entry.signer.map(|signer| signer.to_string()),
            usable: refusal.is_none(),
            code: refusal.map(NotAdmitted::code),
            problem: refusal.map(ToString::to_string),
        }
    }
}

fn text(plugins: &[PluginJson]) -> String {
    let columns = ["plugin", "version", "role", "signed by", "state"].map(|name| (name, Align::Left));
    let mut table = TextTable::new(&columns);
    for plugin in plugins {
        let signer = plugin.signer.as_deref().unwrap_or("nobody");
        let state = plugin.code.map_or_else(|| "ready".to_owned(), |code| format!("refused: {code}"));
        table.row(&[plugin.name.as_str(), &plugin.version, &plugin.role, signer, &state]);
    }
    table.render()
}
