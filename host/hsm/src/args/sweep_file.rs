//! The arguments of the commands that begin with a sweep file: `plan` and `run`.

use super::Mode;
use super::batch::BatchArgs;
use clap::Args;
use std::path::PathBuf;

/// Which sweep file, and what of it.
#[derive(Args, Clone, Debug)]
pub struct SourceArgs {
    /// The sweep file [default: sweeps/sweep.yaml, or the only one in sweeps/]
    #[arg(value_name = "SWEEP")]
    pub sweep: Option<PathBuf>,
    /// The sweep file too, as an option
    #[arg(short, long, value_name = "FILE", conflicts_with = "sweep")]
    pub config: Option<PathBuf>,
    /// Take only the first N tasks
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub max_runs: Option<u64>,
    /// The name of the runs' group, in place of the sweep's id
    #[arg(long, value_name = "NAME")]
    pub group: Option<String>,
    /// The sweep's id, in place of one made from the time
    #[arg(long, value_name = "ID")]
    pub sweep_id: Option<String>,
}

impl SourceArgs {
    /// The sweep file that was named, in either way.
    pub fn file(&self) -> Option<&PathBuf> {
        self.sweep.as_ref().or(self.config.as_ref())
    }
}

/// How much of this machine the tasks may have.
#[derive(Args, Clone, Debug, Default)]
pub struct LimitArgs {
    /// How many tasks run at once [default: `local.max_parallel_jobs`, or the number of GPU slots, or 1]
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub parallel_jobs: Option<u32>,
    /// How long one task may take, as `[D-]HH:MM:SS`
    #[arg(long, value_name = "TIME")]
    pub walltime: Option<String>,
    /// Which GPUs tasks may use: `all`, `cpu` (none), a number, or a list such as `0,1,3`
    #[arg(long, value_name = "GPUS")]
    pub gpus: Option<String>,
}

/// `hsm plan`
#[derive(Args, Debug)]
pub struct PlanArgs {
    /// The sweep file
    #[command(flatten)]
    pub source: SourceArgs,
    /// The limits
    #[command(flatten)]
    pub limits: LimitArgs,
    /// What a scheduler is told
    #[command(flatten)]
    pub batch: BatchArgs,
    /// Where tasks would run; with `array`, `individual` or `--scheduler`, what would be sent is shown too
    #[arg(long, value_enum, default_value_t, hide_possible_values = true)]
    pub mode: Mode,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    /// Print only how many tasks there are
    #[arg(long, conflicts_with_all = ["json", "task"])]
    pub count_only: bool,
    /// Show one task
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub task: Option<u64>,
    /// Show the first N tasks
    #[arg(long, value_name = "N", conflicts_with = "task")]
    pub first: Option<u64>,
    /// Show all tasks
    #[arg(long, conflicts_with_all = ["first", "task"])]
    pub all: bool,
}

/// `hsm run`
#[derive(Args, Debug)]
pub struct RunArgs {
    /// The sweep file
    #[command(flatten)]
    pub source: SourceArgs,
    /// The limits
    #[command(flatten)]
    pub limits: LimitArgs,
    /// What a scheduler is told
    #[command(flatten)]
    pub batch: BatchArgs,
    /// Where tasks run: `local`, `array` or `individual` (jobs of a scheduler), `auto`
    #[arg(long, value_enum, default_value_t, hide_possible_values = true)]
    pub mode: Mode,
    /// Start the sweep and return at once
    #[arg(long)]
    pub detach: bool,
    /// Show what would run, as `hsm plan` does, and run nothing
    #[arg(short, long)]
    pub dry_run: bool,
    /// Print only how many tasks there are, and run nothing
    #[arg(long)]
    pub count_only: bool,
    /// Show what the tasks print
    #[arg(long, conflicts_with = "detach")]
    pub show_output: bool,
}
