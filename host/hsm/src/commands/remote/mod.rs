//! `hsm remote …`, one file a command: the machines that a project's settings name.

mod add;
mod asking;
mod clean;
mod gpus;
mod health;
mod list;
mod machines;
mod remove;
mod test;

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
        RemoteCommand::Test(args) => test::run(args, console),
        RemoteCommand::Health(args) => health::run(args, console),
        RemoteCommand::Gpus(args) => gpus::run(args, console),
        RemoteCommand::Clean(args) => clean::run(args, global, console),
        RemoteCommand::Remove(args) => remove::run(args, global, console),
    }
}
