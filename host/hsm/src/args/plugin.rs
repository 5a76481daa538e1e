//! The arguments of `hsm plugin …`: making plugins, judging them, and keeping them.

use clap::{Args, Subcommand, ValueEnum};
use std::path::PathBuf;

/// `hsm plugin`
#[derive(Args, Debug)]
pub struct PluginArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: PluginCommand,
}

/// The commands about plugins.
#[derive(Debug, Subcommand)]
pub enum PluginCommand {
    /// Begin a plugin: a folder that builds and passes its tests as it is
    New(NewPluginArgs),
    /// Ask a plugin what its fixtures ask, twice, and compare the answers with those that it has to give
    Test(TestPluginArgs),
    /// Look into a plugin: its role, what it imports, its limits, its signature, and what it may do
    Check(CheckPluginArgs),
    /// Make one file of a plugin's folder
    Pack(PackPluginArgs),
    /// Make a key to sign plugins with
    Keygen(KeygenArgs),
    /// Sign a packed plugin
    Sign(SignPluginArgs),
    /// Make sure that a plugin is what it should be, and may be used
    Verify(VerifyPluginArgs),
    /// Add a plugin to this project, to be used by its name
    Add(AddPluginArgs),
    /// List the plugins of this project
    List(ListPluginsArgs),
    /// Remove a plugin from this project
    Remove(RemovePluginArgs),
    /// Take back the commands that you let a plugin have run, in every version of it
    Revoke(RevokePluginArgs),
}

/// `hsm plugin check`
#[derive(Args, Debug)]
pub struct CheckPluginArgs {
    /// A `.wasm` file, a plugin's folder, or the tar of one
    #[arg(value_name = "FILE|DIR|TAR")]
    pub path: PathBuf,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// `hsm plugin pack`
#[derive(Args, Debug)]
pub struct PackPluginArgs {
    /// The folder that the plugin is in
    #[arg(value_name = "DIR")]
    pub folder: PathBuf,
    /// The file to write, instead of `NAME-VERSION.tar`
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// `hsm plugin keygen`
#[derive(Args, Debug)]
pub struct KeygenArgs {
    /// The file to write, instead of `~/.hsm/signing/hsm.key`; the public key goes beside it
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Protect the key with nothing but the mode of its file
    #[arg(long)]
    pub no_password: bool,
}

/// `hsm plugin sign`
#[derive(Args, Debug)]
pub struct SignPluginArgs {
    /// The packed plugin, as a tar or as a folder
    #[arg(value_name = "TAR|DIR")]
    pub path: PathBuf,
    /// The secret key, instead of `~/.hsm/signing/hsm.key`
    #[arg(long, value_name = "FILE")]
    pub key: Option<PathBuf>,
}

/// `hsm plugin verify`
#[derive(Args, Debug)]
pub struct VerifyPluginArgs {
    /// A plugin of this project by its name, or any by its path; without it, all of this project
    #[arg(value_name = "NAME|PATH")]
    pub reference: Option<String>,
}

/// `hsm plugin add`
#[derive(Args, Debug)]
pub struct AddPluginArgs {
    /// The plugin: a tar, a folder or a `.wasm` file
    #[arg(value_name = "TAR|DIR|FILE")]
    pub path: PathBuf,
    /// Answer yes to what would be asked at a terminal
    #[arg(long)]
    pub yes: bool,
    /// Let the plugin have these commands run as you (scheduler plugins)
    #[arg(long, value_name = "COMMAND", value_delimiter = ',')]
    pub grant: Vec<String>,
}

/// `hsm plugin list`
#[derive(Args, Debug)]
pub struct ListPluginsArgs {
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// `hsm plugin remove`
#[derive(Args, Debug)]
pub struct RemovePluginArgs {
    /// Its name
    pub name: String,
}

/// `hsm plugin revoke`
#[derive(Args, Debug)]
pub struct RevokePluginArgs {
    /// The plugin's name, wherever it was added
    pub name: String,
}

/// `hsm plugin new`
#[derive(Args, Debug)]
pub struct NewPluginArgs {
    /// What it is to be
    pub role: RoleName,
    /// Its name: lower-case letters, digits and hyphens
    pub name: String,
    /// The language to write it in
    #[arg(long, default_value = "rust")]
    pub lang: Language,
    /// The folder to make, instead of one called like the plugin
    #[arg(value_name = "FOLDER")]
    pub folder: Option<PathBuf>,
}

/// `hsm plugin test`
#[derive(Args, Debug)]
pub struct TestPluginArgs {
    /// The folder that the plugin is in, or the tar of one
    #[arg(value_name = "DIR|TAR", default_value = ".")]
    pub path: PathBuf,
    /// Take what the plugin answers now for what it has to answer: read the difference before you keep it
    #[arg(long)]
    pub bless: bool,
}

/// A role, as it is typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum RoleName {
    /// Makes the points of a sweep
    Generator,
    /// Says what the results of a sweep mean
    Aggregator,
    /// Speaks the language of one batch system
    Scheduler,
}

impl RoleName {
    /// The word for it in manifests, in folders and in messages.
    pub fn word(self) -> &'static str {
        match self {
            Self::Generator => "generator",
            Self::Aggregator => "aggregator",
            Self::Scheduler => "scheduler",
        }
    }
}

/// A language that there are templates for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Language {
    /// Rust, with the SDK
    Rust,
    /// Python, through componentize-py
    Python,
}

impl Language {
    /// The word for it on the command line and in folders.
    pub fn word(self) -> &'static str {
        match self {
            Self::Rust => "rust",
            Self::Python => "python",
        }
    }
}
