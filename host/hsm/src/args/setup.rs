//! The arguments of commands that are about no sweep: `init`, `completions`, `trust`, and the two that `hsm` starts itself.

use clap::Args;
use clap_complete::Shell;
use std::ffi::OsString;
use std::path::PathBuf;

/// `hsm init`
#[derive(Args, Debug)]
pub struct InitArgs {
    /// Write a small sweep that runs as it is, into this folder if it is empty, else into `hsm-example`
    #[arg(long)]
    pub example: bool,
    /// The folder, instead of the current one
    #[arg(value_name = "FOLDER")]
    pub folder: Option<PathBuf>,
}

/// `hsm completions`
#[derive(Args, Debug)]
pub struct CompletionsArgs {
    /// The shell to print them for
    pub shell: Shell,
}

/// `hsm trust`
#[derive(Args, Debug)]
pub struct TrustArgs {
    /// The settings file to trust, instead of this project's
    #[arg(value_name = "FILE")]
    pub file: Option<PathBuf>,
}

/// `hsm drive`, which `hsm run` starts in the background
#[derive(Args, Debug)]
pub struct DriveArgs {
    /// Take the sweep over from a driver on another machine that shows no sign of life
    #[arg(long)]
    pub take_over: bool,
    /// The folder of the sweep
    pub sweep_dir: PathBuf,
}

/// `hsm compile-plugin`, which `hsm` starts to compile a component within limits
#[derive(Args, Debug)]
pub struct CompilePluginArgs {
    /// What the compiler's parent hands over
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    pub arguments: Vec<OsString>,
}

/// `hsm relay`, which rsync starts in place of a remote shell
#[derive(Args, Debug)]
pub struct RelayArgs {
    /// The command of a session, as JSON
    pub session: String,
    /// What rsync wants to run over there
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    pub words: Vec<String>,
}
