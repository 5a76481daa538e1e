//! `hsm completions`: a script that completes `hsm`'s own words in a shell.

use crate::args::{Cli, CompletionsArgs};
use crate::output::Console;
use crate::report::{Exit, Problem};
use clap::CommandFactory;

/// Prints the script.
///
/// # Errors
/// When standard output cannot be written to.
pub fn run(args: &CompletionsArgs, console: Console) -> Result<Exit, Problem> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "hsm", &mut script);
    console.data(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Success)
}
