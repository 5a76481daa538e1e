//! `hsm`: parameter sweeps from the command line.
//!
//! `args` says what was typed, `commands` does it, `output` shows it, `report` ends it. Settings are read and plugins are loaded by
//! the commands that need them, never before the command line is understood.

mod args;
mod commands;
mod context;
mod environment;
mod launch;
mod output;
mod plugins;
mod project;
mod report;
mod scripts;
mod source;
mod space;
mod sweep_file;
mod trust;

use args::Cli;
use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    let cli = Cli::parse();
    start_log(cli.global.verbose);
    commands::dispatch(&cli).unwrap_or_else(|problem| problem.report().into())
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
        .init();
}
