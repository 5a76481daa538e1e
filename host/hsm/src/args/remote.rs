//! The arguments of `hsm remote …`: the machines that a project can use by ssh.

use super::values::KeyValue;
use clap::{Args, Subcommand};
use hsm_core::settings::{Backend, HostName};

/// `hsm remote`
#[derive(Args, Debug)]
pub struct RemoteArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: RemoteCommand,
}

/// The commands about machines.
#[derive(Debug, Subcommand)]
pub enum RemoteCommand {
    /// Add a machine to this project's settings
    Add(Box<AddRemoteArgs>),
    /// List the machines of this project, and what ssh makes of their names
    List(ListRemotesArgs),
    /// Connect to machines, and see whether tasks can run there
    Test(AskRemotesArgs),
    /// Show how machines are, a line each
    Health(AskRemotesArgs),
    /// Show the GPUs of machines, and whose processes are on them
    Gpus(AskRemotesArgs),
    /// Show what sweeps left on machines, and remove what nothing depends on
    Clean(CleanRemotesArgs),
    /// Remove a machine from this project's settings; nothing is deleted over there
    Remove(RemoveRemoteArgs),
}

/// `hsm remote add`
#[derive(Args, Debug)]
pub struct AddRemoteArgs {
    /// What to call it
    pub name: HostName,
    /// Its name for ssh: an alias of `~/.ssh/config`, or a host such as `me@node7.example.org` [default: NAME]
    pub host: Option<HostName>,
    /// What starts tasks there: `ssh` (hsm itself), `slurm`, `pbs`, or a scheduler plugin of this project
    #[arg(long, default_value = "ssh")]
    pub backend: Backend,
    /// The port of its ssh server, where `~/.ssh/config` does not say
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub port: Option<u16>,
    /// The key to log in with, where `~/.ssh/config` does not say
    #[arg(long, value_name = "FILE")]
    pub key: Option<String>,
    /// The folder over there that hsm keeps its files in [default: ~/.hsm/remote]
    #[arg(long, value_name = "FOLDER")]
    pub root: Option<String>,
    /// How many tasks run there at once
    #[arg(short = 'p', long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub max_parallel_jobs: Option<u32>,
    /// The GPUs over there that may be used, by `nvidia-smi`'s index
    #[arg(long, value_name = "INDICES", value_delimiter = ',')]
    pub gpus: Vec<u32>,
    /// The conda environment over there
    #[arg(long, value_name = "NAME")]
    pub conda_env: Option<String>,
    /// The Python interpreter over there
    #[arg(long, value_name = "PROGRAM")]
    pub python: Option<String>,
    /// The folder over there that tasks start in
    #[arg(long, value_name = "FOLDER")]
    pub workdir: Option<String>,
    /// The folder over there that finished sweeps are archived in
    #[arg(long, value_name = "FOLDER")]
    pub archive_dir: Option<String>,
    /// When they are: `success`, or `always`
    #[arg(long, value_name = "WHEN", requires = "archive_dir", value_parser = ["success", "always"])]
    pub archive_on: Option<String>,
    /// The qualities of service that may be used there
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub qos_whitelist: Vec<String>,
    /// Whether its copy of a sweep stays when all of it is home
    #[arg(long, value_name = "BOOL")]
    pub keep_remote_on_success: Option<bool>,
    /// What each task asks the scheduler there for, such as `mem=16G`; may be given again
    #[arg(long, value_name = "KEY=VALUE")]
    pub spec: Vec<KeyValue>,
    /// What is not copied there, in the words of rsync; may be given again
    #[arg(long, value_name = "PATTERN", allow_hyphen_values = true)]
    pub exclude: Vec<String>,
    /// Do not copy there what `.gitignore` names
    #[arg(long)]
    pub gitignore: bool,
    /// Add it, and do not use it where all machines are used
    #[arg(long)]
    pub disabled: bool,
}

/// `hsm remote list`
#[derive(Args, Debug)]
pub struct ListRemotesArgs {
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// `hsm remote test`, `health` and `gpus`
#[derive(Args, Debug)]
pub struct AskRemotesArgs {
    /// Only these machines
    #[arg(value_name = "NAME")]
    pub names: Vec<HostName>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// `hsm remote clean`
#[derive(Args, Debug)]
pub struct CleanRemotesArgs {
    /// Only these machines
    #[arg(value_name = "NAME")]
    pub names: Vec<HostName>,
    /// Remove what goes, without a question
    #[arg(long)]
    pub yes: bool,
    /// Only what was left alone for so many days
    #[arg(long, value_name = "DAYS")]
    pub older_than: Option<u32>,
    /// Also sweeps that nothing is known of here, because their folders here were deleted
    #[arg(long, requires = "yes")]
    pub orphans: bool,
    /// Print JSON, and ask nothing
    #[arg(long)]
    pub json: bool,
}

/// `hsm remote remove`
#[derive(Args, Debug)]
pub struct RemoveRemoteArgs {
    /// Its name
    pub name: HostName,
    /// Remove it even where sweeps have tasks there, which are then out of reach
    #[arg(long)]
    pub yes: bool,
}
