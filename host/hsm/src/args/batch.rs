//! Options about schedulers.

use super::values::KeyValue;
use clap::Args;
use std::path::PathBuf;

/// How tasks are handed to a scheduler.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Scheduler options")]
pub struct BatchArgs {
    /// Another machine: one that `hsm remote` registered, or an alias of `~/.ssh/config`
    #[arg(long, value_name = "NAME")]
    pub remote: Option<String>,
    /// The scheduler: `slurm`, `pbs`, or a plugin's name or path [default: the one that is found]
    #[arg(long, value_name = "NAME")]
    pub scheduler: Option<String>,
    /// What each task needs, in the options of Slurm (`--mem=16G -c 4`) or the words of PBS (`select=1:ncpus=4`)
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    pub resources: Option<String>,
    /// How many elements may run at once
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub max_in_flight: Option<u32>,
    /// How many tasks one job runs; its time limit is that of all of them
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub tasks_per_job: Option<u32>,
    /// How many of a job's tasks run at once [default: 1, one after another]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub side_by_side: Option<u32>,
    /// Step back behind other jobs by so much (Slurm's `nice`); 0 does not
    #[arg(long, value_name = "N", allow_hyphen_values = true)]
    pub priority: Option<i32>,
    /// Machines to keep off
    #[arg(long, value_name = "NODES", value_delimiter = ',')]
    pub exclude: Vec<String>,
    /// Let tasks without GPUs run on machines that have some
    #[arg(long)]
    pub use_gpu_nodes: bool,
    /// The shortest time between two looks at the scheduler, in seconds
    #[arg(long, value_name = "SECONDS")]
    pub poll_interval: Option<f64>,
    /// Hold everything once so many tasks died within seconds on one machine; 0: never
    #[arg(long, value_name = "N")]
    pub hold_after: Option<u32>,
    /// Have tasks use a folder of the project itself and no copy of it; may be given again
    #[arg(long, value_name = "FOLDER")]
    pub link: Vec<PathBuf>,
    /// Keep no copy of the code: tasks run whatever is in the project when they start
    #[arg(long, conflicts_with = "link")]
    pub no_snapshot: bool,
    /// A setting of the scheduler's adapter, such as `accounts=false`; may be given again
    #[arg(long, value_name = "KEY=VALUE")]
    pub scheduler_config: Vec<KeyValue>,
    /// Keep what is said to the scheduler and what it answers, in this folder
    #[arg(long, value_name = "DIR")]
    pub record: Option<PathBuf>,
    /// Answer yes to what would be asked at a terminal, and send what looks as if it could never start
    #[arg(short, long)]
    pub yes: bool,
}

impl BatchArgs {
    /// The first option that means nothing without a scheduler, where one was typed.
    pub fn typed(&self) -> Option<&'static str> {
        let options = [
            (self.scheduler.is_some(), "--scheduler"),
            (self.resources.is_some(), "--resources"),
            (self.max_in_flight.is_some(), "--max-in-flight"),
            (self.tasks_per_job.is_some(), "--tasks-per-job"),
            (self.side_by_side.is_some(), "--side-by-side"),
            (self.priority.is_some(), "--priority"),
            (!self.exclude.is_empty(), "--exclude"),
            (self.use_gpu_nodes, "--use-gpu-nodes"),
            (self.poll_interval.is_some(), "--poll-interval"),
            (self.hold_after.is_some(), "--hold-after"),
            (!self.link.is_empty(), "--link"),
            (self.no_snapshot, "--no-snapshot"),
            (!self.scheduler_config.is_empty(), "--scheduler-config"),
            (self.record.is_some(), "--record"),
        ];
        options.into_iter().find_map(|(typed, option)| typed.then_some(option))
    }
}
