//! `hsm monitor`: follows a sweep until it ends. Ctrl-C ends the following, not the sweep.

use super::follow::{self, OnInterrupt};
use super::task_output::TaskOutput;
use crate::args::{GlobalArgs, MonitorArgs};
use crate::context::Context;
use crate::output::Console;
use crate::report::{Exit, Problem};
use hsm_engine::Driver;

/// Follows the sweep.
///
/// # Errors
/// When there is no such sweep, or it cannot be read.
pub fn run(args: &MonitorArgs, global: &GlobalArgs, console: Console) -> Result<Exit, Problem> {
    let context = Context::find(global, console)?;
    let sweep_dir = context.sweep_dir(&args.sweep)?;
    // Jobs at a scheduler go on by themselves; what became of them is put on record by a driver.
    let driven = context.manager.status(&sweep_dir)?.driver != Driver::None;
    if context.manager.attend(&sweep_dir)? && !driven {
        console.say("a driver looks after its jobs again");
    }
    let output =
        if args.show_output { Some(TaskOutput::since(&context.manager.status(&sweep_dir)?)) } else { None };
    let followed = follow::until_the_end(&context, &sweep_dir, OnInterrupt::Leave, output)?;
    followed.summarize(&context, None)
}
