//! `hsm plugin verify`: whether plugins are what they should be, files, signature, lock, policy and grants, and may be used now.

use super::support::{refused, title, trust};
use super::wishes;
use crate::args::{GlobalArgs, VerifyPluginArgs};
use crate::output::Console;
use crate::plugins;
use crate::project::Project;
use crate::report::{Exit, Problem};
use hsm_plugin::Limits;
use hsm_plugin::bundle::PluginName;
use hsm_plugin::trust::{Admitted, Lock, NotAdmitted, Trust, Trusted};
use std::path::Path;

/// Verifies one plugin, or all of the project.
///
/// # Errors
/// When one of them may not be used.
pub fn run(args: &VerifyPluginArgs, global: &GlobalArgs, console: Console) -> Result<Exit, Problem> {
    let (trust, flags) = (trust()?, plugins::limits(global)?);
    let Some(reference) = &args.reference else { return all(&trust, &flags, console) };
    let admitted = find(reference, &trust, &flags, console)?;
    say(&admitted, console)?;
    Ok(Exit::Success)
}

/// A name where the project has such a plugin, else a path.
fn find(reference: &str, trust: &Trust, flags: &Limits, console: Console) -> Result<Admitted, Problem> {
    let path = Path::new(reference);
    let admitted = if reference.parse::<PluginName>().is_ok() {
        trust.by_name_or_path(&Project::find_or_here(console)?.root, reference, path, flags)
    } else {
        trust.by_path(path, flags)
    };
    admitted.map_err(refused)
}

fn all(trust: &Trust, flags: &Limits, console: Console) -> Result<Exit, Problem> {
    let project = Project::find(console)?;
    let lock = Lock::read(&project.root).map_err(refused)?;
    let mut refusals: Vec<NotAdmitted> = Vec::new();
    for entry in lock.entries() {
        match trust.by_entry(&project.root, entry, flags) {
            Ok(admitted) => say(&admitted, console)?,
            Err(refusal) => refusals.push(refusal),
        }
    }
    // The last one ends the command; the others are said before it.
    let last = refusals.pop();
    for refusal in refusals {
        let _ = refused(refusal).report();
    }
    match last {
        Some(refusal) => Err(refused(refusal)),
        None if lock.entries().next().is_none() => {
            console.say("this project has no plugins");
            Ok(Exit::Success)
        }
        None => Ok(Exit::Success),
    }
}

fn say(admitted: &Admitted, console: Console) -> Result<(), Problem> {
    let Admitted { bundle, signer, capabilities, .. } = admitted;
    let trusted = Trusted { signer: signer.clone(), capabilities: capabilities.clone() };
    console.data(&format!(
        "{}: may be used\n  digest     {}\n  signature  {}\n",
        title(bundle),
        bundle.digest,
        wishes::signature(&trusted)
    ))?;
    Ok(())
}
