//! `hsm release`: lets go what hsm has held because tasks died at once, one after another.

use super::run::sweep_name;
use crate::args::{GlobalArgs, ReleaseArgs};
use crate::context::Context;
use crate::output::Console;
use crate::report::{Exit, Problem};

/// Lets the sweep's jobs go.
///
/// # Errors
/// When there is no such sweep, or nothing of it is held by hsm.
pub fn run(args: &ReleaseArgs, global: &GlobalArgs, console: Console) -> Result<Exit, Problem> {
    let context = Context::find(global, console)?;
    let sweep_dir = context.sweep_dir(&args.sweep)?;
    context.manager.release(&sweep_dir)?;
    let id = sweep_name(&sweep_dir);
    console.say(&format!("{id}: its jobs may start again, and what waits is handed in"));
    console.hint(&format!("`hsm monitor {id}` follows it"));
    Ok(Exit::Success)
}
