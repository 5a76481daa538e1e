//! `hsm`: parameter sweeps from the command line.
//!
//! `args` says what was typed, `commands` does it, `output` shows it, `report` ends it. Settings are read and plugins are loaded by
//! the commands that need them, never before the command line is understood.

mod args;
mod commands;
mod context;
mod environment;
mod interrupt;
mod launch;
mod output;
mod plugins;
mod project;
mod report;
mod scaffold;
mod scripts;
mod settings_file;
mod source;
mod space;
mod sweep_file;
mod trust;

use args::Cli;
use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    let cli = Cli::parse();
    // Whatever the caller has open besides the standard streams (a lock, a pipe) ends with this process: a driver in the background, and
    // the tasks, would keep it for days.
    close_fds::set_fds_cloexec(3, &[]);
    start_log(cli.global.verbose);
    commands::dispatch(&cli).unwrap_or_else(|problem| interrupt::exit_or(problem.report()).into())
}

/// Log lines go to standard error: warnings at first, more with each `-v`.
fn start_log(verbose: u8) {
    use tracing_subscriber::filter::LevelFilter;
    let level = match verbose {
        0 => LevelFilter::WARN,
        1 => LevelFilter::INFO,
        2 => LevelFilter::DEBUG,
        _ => LevelFilter::TRACE,
    };
    tracing_subscriber::fmt()
        .with_max_level(level)
        .with_writer(std::io::stderr)
        .without_time()
        .with_target(false)
        // On a full disk a driver's log cannot be written either; complaining about that on the same stream would end it.
        .log_internal_errors(false)
        .init();
}
