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
