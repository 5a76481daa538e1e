//! `hsm drive`: the background driver of one sweep. Started by `hsm run` and others, never typed.

use crate::args::{DriveArgs, GlobalArgs};
use crate::context::links;
use crate::output::Console;
use crate::plugins;
use crate::project::Project;
use crate::report::{Exit, Problem};
use hsm_engine::{DriveOptions, READY, SweepDir, drive};

/// Drives the sweep until nothing of it is queued or running.
///
/// # Errors
/// When somebody else drives it, or its files cannot be used.
pub fn run(args: &DriveArgs, global: &GlobalArgs, console: Console) -> Result<Exit, Problem> {
    let dir = SweepDir::new(&args.sweep_dir);
    // A sweep whose scheduler is a plugin has it in its project.
    let project = Project::around(dir.root()).unwrap_or_else(|| dir.root().to_owned());
    let roles = Some(plugins::roles(global, project.clone(), &project)?);
    let options = DriveOptions { take_over: args.take_over, background: true, roles, links: links(false)? };
    drive(&dir, &options, || {
        // Whoever started this may have gone away already; the sweep goes on without them.
        let _ = console.data(&format!("{READY}\n"));
    })?;
    Ok(Exit::Success)
}
