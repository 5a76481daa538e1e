//! `hsm plugin …`, one file a command.

mod new;

use crate::args::{GlobalArgs, PluginArgs, PluginCommand};
use crate::output::Console;
use crate::report::{Exit, Problem};

/// Runs the command that was typed.
///
/// # Errors
/// Whatever kept it from doing so.
pub fn run(args: &PluginArgs, _global: &GlobalArgs, console: Console) -> Result<Exit, Problem> {
    match &args.command {
        PluginCommand::New(args) => new::run(args, console),
    }
}
