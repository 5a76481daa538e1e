//! Compute sources: where tasks run, and what they are held to there.

use crate::batch::{BatchSource, CodeOptions, SchedulerRef};
use crate::slots::Gpus;
use hsm_core::command::{Launch, Program};
use hsm_core::journal::PluginUse;
pub use hsm_core::settings::Strategy;
use serde::{Deserialize, Serialize};
use std::num::NonZeroUsize;
use std::path::PathBuf;

/// How long a task has to end by itself after it was asked to, in seconds, unless said otherwise.
pub const GRACE_S: u64 = 10;

/// Where the locks of this machine's GPUs are: one place for all its users.
pub const GPU_LOCK_FOLDER: &str = "/tmp/hsm-gpu-locks";

/// A scheduler on a machine, with its limits.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ComputeSource {
    /// Slots on this machine.
    Local(LocalSource),
    /// A scheduler, on this machine or on another one.
    Batch(Box<BatchSource>),
    /// Several of these.
    Pool(Box<PoolSource>),
}

impl ComputeSource {
    /// The word users know it by.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Local(_) => "local",
            Self::Batch(batch) => batch.name(),
            Self::Pool(_) => "pool",
        }
    }

    /// The slots of this machine, where they are part of it.
    #[must_use]
    pub fn local(&self) -> Option<&LocalSource> {
        match self {
            Self::Local(local) => Some(local),
            Self::Batch(_) => None,
            Self::Pool(pool) => pool.local.as_ref(),
        }
    }

    /// The schedulers that are part of it.
    pub fn batches(&self) -> impl Iterator<Item = &BatchSource> {
        let batches = match self {
            Self::Local(_) => &[],
            Self::Batch(batch) => std::slice::from_ref(&**batch),
            Self::Pool(pool) => pool.batches.as_slice(),
        };
        batches.iter()
    }

    /// How the project's code is kept for it, where it is.
    pub(crate) fn code(&self) -> Option<&CodeOptions> {
        self.batches().map(|batch| &batch.code).find(|code| code.snapshot)
    }

    /// The plugins that take part in it.
    #[must_use]
    pub fn plugins(&self) -> Vec<PluginUse> {
        let schedulers = self.batches().map(|batch| &batch.scheduler);
        let mut used: Vec<PluginUse> = schedulers
            .filter(|scheduler| !scheduler.is_built_in())
            .map(|SchedulerRef { name, digest, .. }| PluginUse {
                name: name.clone(),
                role: "scheduler".to_owned(),
                digest: digest.clone(),
            })
            .collect();
        used.dedup();
        used
    }

    /// The variables set for every task.
    #[must_use]
    pub fn environment(&self) -> &[(String, String)] {
        match self {
            Self::Local(local) => &local.environment,
            Self::Batch(batch) => &batch.environment,
            Self::Pool(pool) => pool.local.as_ref().map_or(&[], |local| &local.environment),
        }
    }
}

/// Several compute sources that share the tasks of a sweep.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PoolSource {
    /// Who gets the next tasks.
    pub strategy: Strategy,
    /// The slots of this machine, where it takes part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub local: Option<LocalSource>,
    /// The others.
    pub batches: Vec<BatchSource>,
}

/// Slots on this machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LocalSource {
    /// How many tasks run at once.
    pub parallel: NonZeroUsize,
    /// How long one attempt may run, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub walltime_s: Option<u64>,
    /// How long a task has to end after it was asked to, in seconds, before it is killed.
    pub grace_s: u64,
    /// The GPUs of the tasks.
    #[serde(default)]
    pub gpus: Gpus,
    /// Where the locks of the GPUs are.
    pub gpu_lock_folder: PathBuf,
    /// Shell lines to run before each task, in the shell that then becomes the task.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pre_script: Option<String>,
    /// Variables set for every task.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub environment: Vec<(String, String)>,
}

impl LocalSource {
    /// So many slots, and nothing else said.
    #[must_use]
    pub fn new(parallel: NonZeroUsize) -> Self {
        Self {
            parallel,
            walltime_s: None,
            grace_s: GRACE_S,
            gpus: Gpus::default(),
            gpu_lock_folder: PathBuf::from(GPU_LOCK_FOLDER),
            pre_script: None,
            environment: Vec::new(),
        }
    }
}

/// How the tasks of a sweep are started: in the journal with every request that changes it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct RunSettings {
    pub(crate) launch: Launch,
    #[serde(flatten)]
    pub(crate) source: ComputeSource,
}

impl RunSettings {
    /// What differs from `before`, a line each: recorded, and no reason to run anything again.
    pub(crate) fn changes_since(&self, before: &Self) -> Vec<String> {
        let mut changes = Vec::new();
        let mut compare = |what: &str, was: String, is: String| {
            if was != is {
                changes.push(format!("{what} changed from `{was}` to `{is}`"));
            }
        };
        let (was, is) = (&before.launch, &self.launch);
        compare("the program", program(was), program(is));
        compare("the Python interpreter", was.python.join(" "), is.python.join(" "));
        compare("the group", group(was), group(is));
        compare("`hydra`", was.hydra.to_string(), is.hydra.to_string());
        // A snapshot has a folder of its own each time.
        if matches!(self.source, ComputeSource::Local(_)) {
            compare("the project's folder", root(was), root(is));
        }
        compare("the compute source", before.source.name().to_owned(), self.source.name().to_owned());
        changes
    }
}

fn program(launch: &Launch) -> String {
    match &launch.program {
        Program::Script { script } => script.clone(),
        Program::Command(template) => template.written().join(" "),
    }
}

fn group(launch: &Launch) -> String {
    launch.group.clone().unwrap_or_default()
}

fn root(launch: &Launch) -> String {
    launch.project_root.display().to_string()
}
