//! One file a command. Each takes what was typed, asks the engine, and hands what it learned to `output`.

mod completions;
mod init;

use crate::args::{Cli, Command};
use crate::output::Console;
use crate::report::{Exit, Problem};

/// Runs the command that was typed.
///
/// # Errors
/// Whatever kept it from doing so.
pub fn dispatch(cli: Cli) -> Result<Exit, Problem> {
    let console = Console::new(cli.global.quiet, !cli.global.no_progress);
    match cli.command {
        Command::Init(args) => init::run(&args, console),
        Command::Completions(args) => completions::run(&args, console),
        _ => Ok(Exit::Success),
    }
}
