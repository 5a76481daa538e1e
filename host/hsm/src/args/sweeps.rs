//! The arguments of the commands about a sweep that exists.

use super::sweep_file::LimitArgs;
use super::values::{Format, KeyValue, Only};
use clap::Args;
use std::path::PathBuf;

/// Which sweep.
#[derive(Args, Clone, Debug, Default)]
pub struct SweepArg {
    /// The sweep's id [default: the newest sweep]
    #[arg(value_name = "ID")]
    pub id: Option<String>,
}

/// `hsm status`
#[derive(Args, Debug)]
pub struct StatusArgs {
    /// The sweep
    #[command(flatten)]
    pub sweep: SweepArg,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    /// List every task
    #[arg(long)]
    pub all: bool,
    /// Show which commands were run for the scheduler, how often, and how long they took
    #[arg(long)]
    pub rpc: bool,
}

/// `hsm monitor`
#[derive(Args, Debug)]
pub struct MonitorArgs {
    /// The sweep
    #[command(flatten)]
    pub sweep: SweepArg,
    /// Show what the tasks print
    #[arg(long)]
    pub show_output: bool,
}

/// `hsm list`
#[derive(Args, Debug)]
pub struct ListArgs {
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    /// Show at most N sweeps
    #[arg(short = 'n', long, value_name = "N", default_value_t = 20)]
    pub limit: usize,
    /// Show all sweeps
    #[arg(long, conflicts_with = "limit")]
    pub all: bool,
}

/// `hsm collect`
#[derive(Args, Debug)]
pub struct CollectArgs {
    /// The sweep
    #[command(flatten)]
    pub sweep: SweepArg,
    /// How to print the table
    #[arg(long, value_enum)]
    pub format: Option<Format>,
    /// Write the table to a file (its ending chooses the format where `--format` does not)
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Configure the plugin: `key=value`, the value as JSON or plain text; may be given again
    #[arg(short, long = "config", value_name = "KEY=VALUE")]
    pub config: Vec<KeyValue>,
}

/// `hsm complete`
#[derive(Args, Debug)]
pub struct CompleteArgs {
    /// The sweep
    #[command(flatten)]
    pub sweep: SweepArg,
    /// Run only tasks of these kinds again [default: all of them]
    #[arg(long, value_enum, value_name = "KINDS", value_delimiter = ',')]
    pub only: Vec<Only>,
    /// Add the points of a sweep file that the sweep does not have yet
    #[arg(long, value_name = "SWEEP")]
    pub with: Option<PathBuf>,
    /// The limits
    #[command(flatten)]
    pub limits: LimitArgs,
    /// What a scheduler is told
    #[command(flatten)]
    pub batch: super::batch::BatchArgs,
    /// Where tasks run [default: where they ran before]
    #[arg(long, value_enum, hide_possible_values = true, hide_default_value = true, default_value_t)]
    pub mode: super::values::Mode,
    /// Take the sweep over from a driver on another machine that shows no sign of life
    #[arg(long)]
    pub take_over: bool,
    /// Say which tasks would run, and run nothing
    #[arg(short, long)]
    pub dry_run: bool,
    /// Start them and return at once
    #[arg(long)]
    pub detach: bool,
    /// Show what the tasks print
    #[arg(long, conflicts_with = "detach")]
    pub show_output: bool,
}

/// `hsm cancel`
#[derive(Args, Debug)]
pub struct CancelArgs {
    /// The sweep
    #[command(flatten)]
    pub sweep: SweepArg,
    /// Kill the tasks at once, without the time to end by themselves
    #[arg(long)]
    pub now: bool,
}

/// `hsm errors`
#[derive(Args, Debug)]
pub struct ErrorsArgs {
    /// The sweep
    #[command(flatten)]
    pub sweep: SweepArg,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}
