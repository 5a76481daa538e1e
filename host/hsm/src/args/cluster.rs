//! The arguments of the commands about a cluster: its queue, tasks whose machine failed, jobs that are held, recordings.

use super::sweeps::SweepArg;
use clap::{Args, ValueEnum};
use std::path::PathBuf;

/// `hsm queue`
#[derive(Args, Debug)]
pub struct QueueArgs {
    /// What to show
    #[arg(value_enum, default_value_t, hide_default_value = true)]
    pub what: QueueView,
    /// The scheduler: `slurm` or `pbs` [default: the one that is found]
    #[arg(long, value_name = "NAME")]
    pub scheduler: Option<String>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    /// Show every row
    #[arg(long)]
    pub all: bool,
}

/// What `hsm queue` shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum QueueView {
    /// What everybody has waiting and running
    #[default]
    Jobs,
    /// Only your own
    Mine,
    /// The GPUs of each partition, and how many are free
    Gpus,
    /// Times at which nodes are kept from ordinary jobs
    Reservations,
}

/// `hsm abandon`
#[derive(Args, Debug)]
pub struct AbandonArgs {
    /// The sweep
    #[command(flatten)]
    pub sweep: SweepArg,
    /// Only these tasks, as `1-3,7`; also those that count as running [default: all that are `unknown`]
    #[arg(long, value_name = "TASKS")]
    pub tasks: Option<String>,
    /// Only tasks that ran on this machine; where it is one by ssh, it is gone for good, and its tasks go back into the queue
    #[arg(long, value_name = "NODE")]
    pub host: Option<String>,
    /// Take the sweep over from a driver on another machine that shows no sign of life
    #[arg(long)]
    pub take_over: bool,
}

/// `hsm release`
#[derive(Args, Debug)]
pub struct ReleaseArgs {
    /// The sweep
    #[command(flatten)]
    pub sweep: SweepArg,
}

/// `hsm replay`
#[derive(Args, Debug)]
pub struct ReplayArgs {
    /// The folder that `--record` named, or one file of it
    #[arg(value_name = "DIR")]
    pub path: PathBuf,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}
