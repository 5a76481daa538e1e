//! One file a command. Each takes what was typed, asks the engine, and hands what it learned to `output`.

mod abandon;
mod cancel;
mod collect;
mod compile_plugin;
mod complete;
mod completions;
mod drive;
mod errors;
mod follow;
mod init;
mod list;
mod monitor;
mod plan;
mod plan_text;
mod plugin;
mod queue;
mod relay;
mod release;
mod remote;
mod replay;
mod run;
mod status;
mod status_jobs;
mod submission;
mod task_output;
mod trust;

use crate::args::{Cli, Command};
use crate::output::Console;
use crate::report::Problem;
use std::process::ExitCode;

/// Runs the command that was typed.
///
/// # Errors
/// Whatever kept it from doing so.
pub fn dispatch(cli: &Cli) -> Result<ExitCode, Problem> {
    let global = &cli.global;
    let console = Console::new(global.quiet, !global.no_progress);
    let exit = match &cli.command {
        Command::Init(args) => init::run(args, console),
        Command::Plan(args) => plan::run(args, global, console),
        Command::Run(args) => run::run(args, global, console),
        Command::Status(args) => status::run(args, global, console),
        Command::Monitor(args) => monitor::run(args, global, console),
        Command::List(args) => list::run(args, global, console),
        Command::Collect(args) => collect::run(args, global, console),
        Command::Complete(args) => complete::run(args, global, console),
        Command::Cancel(args) => cancel::run(args, global, console),
        Command::Errors(args) => errors::run(args, global, console),
        Command::Queue(args) => queue::run(args, global, console),
        Command::Release(args) => release::run(args, global, console),
        Command::Abandon(args) => abandon::run(args, global, console),
        Command::Replay(args) => replay::run(args, global, console),
        Command::Remote(args) => remote::run(args, global, console),
        Command::Plugin(args) => plugin::run(args, global, console),
        Command::Completions(args) => completions::run(args, console),
        Command::Trust(args) => trust::run(args, console),
        Command::Drive(args) => drive::run(args, &cli.global, console),
        Command::CompilePlugin(args) => return Ok(compile_plugin::run(args)),
        Command::Relay(args) => return relay::run(args),
    };
    exit.map(ExitCode::from)
}
