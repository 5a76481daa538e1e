//! What was typed, as clap reads it. Nothing here knows what it means: no file is opened, no setting is read and no default is
//! looked up, so that `hsm --help` answers at once.

mod batch;
mod cluster;
mod plugin;
mod remote;
mod setup;
mod sweep_file;
mod sweeps;
mod values;

pub use batch::BatchArgs;
pub use cluster::{AbandonArgs, QueueArgs, QueueView, ReleaseArgs, ReplayArgs};
pub use plugin::{
    AddPluginArgs, CheckPluginArgs, KeygenArgs, Language, ListPluginsArgs, NewPluginArgs, PackPluginArgs,
    PluginArgs, PluginCommand, RemovePluginArgs, RevokePluginArgs, RoleName, SignPluginArgs, TestPluginArgs,
    VerifyPluginArgs,
};
pub use remote::{
    AddRemoteArgs, AskRemotesArgs, CleanRemotesArgs, ListRemotesArgs, RemoteArgs, RemoteCommand,
    RemoveRemoteArgs,
};
pub use setup::{CompilePluginArgs, CompletionsArgs, DriveArgs, InitArgs, RelayArgs, TrustArgs};
pub use sweep_file::{LimitArgs, PlanArgs, RunArgs, SourceArgs};
pub use sweeps::{
    CancelArgs, CollectArgs, CompleteArgs, ErrorsArgs, ListArgs, MonitorArgs, StatusArgs, SweepArg,
};
pub use values::{Format, KeyValue, Mode, Only};

use clap::{Args, Parser, Subcommand};

/// The whole command line.
#[derive(Debug, Parser)]
#[command(
    name = "hsm",
    version,
    about = "Parameter sweeps: from a sweep file to tasks, from tasks to a table",
    after_help = AFTER_HELP,
    max_term_width = 100,
    propagate_version = false,
    subcommand_required = true,
    arg_required_else_help = true
)]
pub struct Cli {
    /// What every command takes.
    #[command(flatten)]
    pub global: GlobalArgs,
    /// The command.
    #[command(subcommand)]
    pub command: Command,
}

const AFTER_HELP: &str = "\
Exit codes: 0 success, 1 a task failed or was cancelled, 2 configuration or usage, 3 connection,
4 permission, 5 not found, 6 plugin, 130 interrupted.

New here? `hsm init --example` writes a small sweep that runs as it is.";

/// Options that may stand before or after the command.
#[derive(Args, Clone, Debug, Default)]
pub struct GlobalArgs {
    /// Use a plugin, by its name or its path (`run`, `plan`: a generator or a scheduler; `collect`: an aggregator)
    #[arg(long, global = true, value_name = "REF", help_heading = "Global options")]
    pub plugin: Option<String>,
    /// Give a plugin more than usual: `call_time_s=60`, `memory_mib=1024`; may be given again
    #[arg(long, global = true, value_name = "LIMIT=VALUE", help_heading = "Global options")]
    pub plugin_limit: Vec<String>,
    /// Say more on standard error (twice: everything)
    #[arg(short, long, global = true, action = clap::ArgAction::Count, help_heading = "Global options")]
    pub verbose: u8,
    /// Say only what went wrong
    #[arg(short, long, global = true, conflicts_with = "verbose", help_heading = "Global options")]
    pub quiet: bool,
    /// Draw no progress bar
    #[arg(long, global = true, help_heading = "Global options")]
    pub no_progress: bool,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Prepare this folder for sweeps, or write a small example that runs
    Init(InitArgs),
    /// Show what a sweep would run, and run nothing
    Plan(PlanArgs),
    /// Run a sweep, and follow it
    #[command(visible_alias = "sweep")]
    Run(RunArgs),
    /// Show how a sweep stands
    Status(StatusArgs),
    /// Follow a sweep until it ends
    #[command(visible_alias = "watch")]
    Monitor(MonitorArgs),
    /// List the sweeps of this project, newest first
    #[command(visible_alias = "recent")]
    List(ListArgs),
    /// Put the results of a sweep into one table
    Collect(CollectArgs),
    /// Run what is missing or failed in a sweep, or add new tasks to it
    Complete(CompleteArgs),
    /// Stop a sweep, from any terminal
    Cancel(CancelArgs),
    /// Show why tasks failed
    Errors(ErrorsArgs),
    /// Show what the cluster says of its queue, with the sweeps that jobs belong to
    Queue(QueueArgs),
    /// Let jobs go that were held because tasks died at once
    Release(ReleaseArgs),
    /// Vouch that tasks do not run any more of which nobody saw the end
    Abandon(AbandonArgs),
    /// Ask a scheduler again what `run --record` has kept
    Replay(ReplayArgs),
    /// Name the machines that are reached by ssh, and see how they are
    Remote(RemoteArgs),
    /// Make plugins, and see what is in them
    Plugin(PluginArgs),
    /// Print the completions of a shell
    Completions(CompletionsArgs),
    /// Allow settings that belong to somebody else to run commands as you
    Trust(TrustArgs),
    /// Drive a sweep in the background
    #[command(hide = true)]
    Drive(DriveArgs),
    /// Compile a plugin within limits
    #[command(hide = true)]
    CompilePlugin(CompilePluginArgs),
    /// Connect rsync with another machine
    #[command(hide = true)]
    Relay(RelayArgs),
}

#[cfg(test)]
mod tests;
