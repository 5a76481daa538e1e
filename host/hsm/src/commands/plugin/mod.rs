//! `hsm plugin …`, one file a command.

mod add;
mod check;
mod keygen;
mod list;
mod new;
mod pack;
mod password;
mod remove;
mod revoke;
mod sign;
mod support;
mod test;
mod verify;
mod wishes;

use crate::args::{GlobalArgs, PluginArgs, PluginCommand};
use crate::output::Console;
use crate::report::{Exit, Problem};

/// Runs the command that was typed.
///
/// # Errors
/// Whatever kept it from doing so.
pub fn run(args: &PluginArgs, global: &GlobalArgs, console: Console) -> Result<Exit, Problem> {
    match &args.command {
        PluginCommand::New(args) => new::run(args, console),
        PluginCommand::Check(args) => check::run(args, global, console),
        PluginCommand::Pack(args) => pack::run(args, global, console),
        PluginCommand::Keygen(args) => keygen::run(args, console),
        PluginCommand::Sign(args) => sign::run(args, global, console),
        PluginCommand::Verify(args) => verify::run(args, global, console),
        PluginCommand::Add(args) => add::run(args, global, console),
        PluginCommand::List(args) => list::run(args, global, console),
        PluginCommand::Remove(args) => remove::run(args, console),
        PluginCommand::Revoke(args) => revoke::run(args, console),
        PluginCommand::Test(args) => test::run(args, global, console),
    }
}
