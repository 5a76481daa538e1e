//! `hsm plugin add`: puts a plugin into a project, to be used by its name. What a plugin wants to have run as the user is granted here, by
//! the user, or not at all.

use super::support::{refused, title, trust, user_folder};
use super::wishes;
use crate::args::{AddPluginArgs, GlobalArgs};
use crate::output::{Console, escape};
use crate::plugins;
use crate::project::Project;
use crate::report::{Exit, Problem};
use hsm_core::aggregate;
use hsm_plugin::bundle::{self, Bundle};
use hsm_plugin::trust::{self, Grants, Lock, LockEntry, NotAdmitted, Trust};
use std::collections::BTreeSet;
use std::io::{self, BufRead, IsTerminal};

/// Adds the plugin.
///
/// # Errors
/// When it may not be added, or what it may do was not granted.
pub fn run(args: &AddPluginArgs, global: &GlobalArgs, console: Console) -> Result<Exit, Problem> {
    let project = Project::find(console)?;
    let trust = trust()?;
    let bundle = bundle::with_manifest(bundle::read(&args.path, &plugins::limits(global)?).map_err(refused)?);
    let name = &bundle.manifest.name;
    if aggregate::builtin(name.as_str()).is_some() {
        let message =
            format!("`{name}` is the name of a built-in aggregator, so that no plugin can be used by it");
        return Err(
            Problem::new(Exit::Configuration, message).with_hint("rename the plugin in its `plugin.toml`")
        );
    }
    let admit = |lock: &Lock| trust::admit_new(&bundle, &trust.policy, &trust.keys, lock.entry(name));
    let trusted = admit(&Lock::read(&project.root).map_err(refused)?).map_err(refused)?;
    console.say(&title(&bundle));
    console.say(&format!("signature: {}", wishes::signature(&trusted)));
    wishes::sentences(&bundle.manifest).iter().for_each(|sentence| console.say(sentence));
    let granted = match consent(args, &bundle, &trust)? {
        Some(commands) => Some((commands, user_folder()?)),
        None => None,
    };

    let added = Lock::change(&project.root, |lock| -> Result<(), NotAdmitted> {
        // Somebody else may have added another release of it meanwhile.
        let trusted = admit(lock)?;
        bundle::tidy(&project.root);
        bundle::install(&project.root, &bundle)?;
        lock.set(LockEntry::new(&bundle, trusted.signer.as_ref()));
        Ok(())
    });
    added.map_err(refused)?;
    if let Some((commands, user_folder)) = granted {
        Grants::change(&user_folder, |grants| grants.set(&bundle, commands)).map_err(refused)?;
    }
    console.say(&format!("added `{name}` to this project"));
    console.hint(&format!("use it with `hsm --plugin {name} …`"));
    Ok(Exit::Success)
}

/// The commands that the user lets the plugin have run; none where there is nothing to grant.
fn consent(
    args: &AddPluginArgs,
    bundle: &Bundle,
    trust: &Trust,
) -> Result<Option<BTreeSet<String>>, Problem> {
    let wanted = &bundle.manifest.capabilities.commands;
    let named: BTreeSet<String> = args.grant.iter().cloned().collect();
    if let Some(command) = named.difference(wanted).next() {
        let message = format!("the plugin does not ask for the command `{}`", escape(command));
        return Err(Problem::new(Exit::Configuration, message).with_hint("grant only what it asks for"));
    }
    if wanted.is_empty() {
        return Ok(None);
    }
    let before = trust.grants.of(bundle.digest).map(|grant| grant.commands.clone()).unwrap_or_default();
    let granted: BTreeSet<String> = named.union(&before).cloned().collect();
    let missing: Vec<&str> = wanted.difference(&granted).map(String::as_str).collect();
    if missing.is_empty() || args.yes || (io::stdin().is_terminal() && agrees(&missing)?) {
        return Ok(Some(wanted.clone()));
    }
    let all: Vec<&str> = wanted.iter().map(String::as_str).collect();
    let message =
        format!("the plugin wants to have {} run as you, which was not granted", missing.join(", "));
    let path = crate::output::shell_line(&[args.path.to_string_lossy()]);
    Err(Problem::new(Exit::Permission, message)
        .with_hint(format!("if it may: `hsm plugin add {path} --grant {}`", all.join(","))))
}

/// Asks at the terminal.
fn agrees(missing: &[&str]) -> Result<bool, Problem> {
    Console::error_line(&format!("let it have {} run as you? [y/N]", missing.join(", ")));
    let mut answer = String::new();
    let read = io::stdin().lock().read_line(&mut answer);
    read.map_err(|error| Problem::new(Exit::General, format!("could not read the answer: {error}")))?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}
