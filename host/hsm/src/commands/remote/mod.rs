//! `hsm remote …`, one file a command: the machines that a project's settings name.

mod add;
mod list;
mod machines;
mod remove;

use crate::args::{GlobalArgs, RemoteArgs, RemoteCommand};
use crate::output::Console;
use crate::report::{Exit, Problem};

/// Runs the command that was typed.
///
/// # Errors
/// Whatever kept it from doing so.
pub fn run(args: &RemoteArgs, global: &GlobalArgs, console: Console) -> Result<Exit, Problem> {
    match &args.command {
        RemoteCommand::Add(args) => add::run(args, console),
        RemoteCommand::List(args) => list::run(args, console),
        RemoteCommand::Remove(args) => remove::run(args, global, console),
    }
}
