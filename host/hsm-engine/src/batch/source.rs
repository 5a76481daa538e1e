//! What a sweep's tasks get from a scheduler, and how they are handed to it. In the journal with every request that changes it.

use super::code::CodeOptions;
use crate::machine::{Place, Remote};
use hsm_core::aggregate::BUILTIN_DIGEST;
use hsm_core::batch::Packing;
use hsm_core::scheduler::{Resources, SchedulerTraits};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// How many tasks may die within seconds on one machine, within half a minute, before everything that waits is held.
const HOLD_AFTER: u32 = 20;
/// Of what the whole scheduler can hold, one sweep takes one part in so many.
const SHARE_OF_QUEUE: u64 = 2;

/// What hsm's own agent, which starts tasks where no batch system does, is called among schedulers.
pub const SLOTS: &str = "slots";

/// Which scheduler, as a journal remembers it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SchedulerRef {
    /// What it is called: `slurm`, `pbs`, or a plugin's name.
    pub name: String,
    /// What the plugin was asked for by: a path or a name. The name itself for the built-in ones.
    pub reference: String,
    /// The SHA-256 of the plugin, in hexadecimal; `builtin` for the host's own.
    pub digest: String,
}

impl SchedulerRef {
    /// One of the host's own.
    #[must_use]
    pub fn built_in(name: &str) -> Self {
        Self { name: name.to_owned(), reference: name.to_owned(), digest: BUILTIN_DIGEST.to_owned() }
    }

    /// Whether it is one of the host's own.
    #[must_use]
    pub fn is_built_in(&self) -> bool {
        self.digest == BUILTIN_DIGEST
    }
}

/// Where whole transcripts of what is said to a scheduler go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recording {
    /// The folder, absolute.
    pub folder: PathBuf,
    /// The user's home folder, which is not told in them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub home: Option<String>,
}

/// One job for many tasks, or one for each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ArrayMode {
    /// A job is an array of as many elements as the scheduler allows.
    #[default]
    Array,
    /// A job has one element.
    Individual,
}

/// A scheduler on this machine or another one, with its limits.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BatchSource {
    /// The scheduler.
    pub scheduler: SchedulerRef,
    /// Its own configuration: a map, or nothing.
    #[serde(default, skip_serializing_if = "serde_json::Value::is_null")]
    pub config: serde_json::Value,
    /// The machine, where it is another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remote: Option<Remote>,
    /// What one task needs.
    pub resources: Resources,
    /// Arrays, or single jobs.
    #[serde(default)]
    pub mode: ArrayMode,
    /// How many tasks one element of a job runs.
    pub tasks_per_job: u32,
    /// How many of those at once.
    pub side_by_side: u32,
    /// The most elements of one job, where the settings know better than the scheduler.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub elements_max: Option<u32>,
    /// How many elements may run at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_in_flight: Option<u32>,
    /// How far jobs step back behind others, in the scheduler's own measure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nice: Option<i32>,
    /// Machines to keep off.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exclude_nodes: Vec<String>,
    /// Modules to load before each task.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub modules: Vec<String>,
    /// Shell lines to run before each task, in the shell that then becomes the task.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pre_script: Option<String>,
    /// Variables set for every task.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub environment: Vec<(String, String)>,
    /// The shortest time between two looks at the scheduler, in milliseconds, where somebody says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub poll_floor_ms: Option<u64>,
    /// The shortest time between two looks that the site's policy allows, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub site_poll_floor_ms: Option<u64>,
    /// How many tasks may die within seconds on one machine before everything that waits is held; 0: never.
    pub hold_after: u32,
    /// Whether and how the project's code is kept for the sweep.
    #[serde(default)]
    pub code: CodeOptions,
    /// Whether it is one of several.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub in_pool: bool,
    /// The most elements that it has at a time, where tasks are handed over as late as possible.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hold_at_most: Option<u32>,
    /// Whether the other machine's copy of the sweep is removed once every task there has completed and all they left is home.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub discard: bool,
    /// How often results come home from another machine while other tasks run, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub collect_every_s: Option<u64>,
    /// Where whole transcripts of what was said to the scheduler go.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record: Option<Recording>,
}

impl BatchSource {
    /// The scheduler, with its own defaults for everything.
    #[must_use]
    pub fn new(scheduler: SchedulerRef) -> Self {
        Self {
            scheduler,
            config: serde_json::Value::Null,
            remote: None,
            resources: Resources::default(),
            mode: ArrayMode::default(),
            tasks_per_job: 1,
            side_by_side: 1,
            elements_max: None,
            max_in_flight: None,
            nice: None,
            exclude_nodes: Vec::new(),
            modules: Vec::new(),
            pre_script: None,
            environment: Vec::new(),
            poll_floor_ms: None,
            site_poll_floor_ms: None,
            hold_after: HOLD_AFTER,
            code: CodeOptions::default(),
            in_pool: false,
            hold_at_most: None,
            discard: false,
            collect_every_s: None,
            record: None,
        }
    }

    /// The most elements of one job, by what the scheduler and the settings say.
    pub(crate) fn elements_per_job(&self, traits: &SchedulerTraits) -> u64 {
        let of_settings = self.elements_max.map_or(u64::MAX, |most| u64::from(most.max(1)));
        match self.mode {
            ArrayMode::Array => u64::from(traits.elements_per_job.max(1)).min(of_settings),
            ArrayMode::Individual => 1,
        }
    }

    /// The most elements that the sweep has at the scheduler at a time.
    pub(crate) fn elements_at_once(traits: &SchedulerTraits) -> u64 {
        traits.elements_in_queue.map_or(u64::MAX, |most| (u64::from(most) / SHARE_OF_QUEUE).max(1))
    }

    /// What the scheduler is configured with at a place: hsm's own agent is told where it is.
    pub(crate) fn config_at(&self, place: &Place) -> serde_json::Value {
        let mut config = self.config.clone();
        if let (Some(agent), serde_json::Value::Object(map)) = (&place.agent, &mut config) {
            map.insert("agent".to_owned(), agent.script.display().to_string().into());
            map.insert("state".to_owned(), agent.state.display().to_string().into());
        }
        config
    }

    /// What its users know it by.
    #[must_use]
    pub fn name(&self) -> &str {
        self.remote.as_ref().map_or(&self.scheduler.name, |remote| &remote.target.name)
    }

    /// Whether it is on another machine, so that what its tasks leave has to be brought home.
    #[must_use]
    pub fn is_elsewhere(&self) -> bool {
        self.remote.is_some()
    }

    /// How many tasks it can run at once, as far as anybody said.
    #[must_use]
    pub fn at_once(&self) -> Option<u32> {
        let slots = self.config.get("slots").and_then(serde_json::Value::as_u64);
        slots.and_then(|slots| u32::try_from(slots).ok()).or(self.max_in_flight)
    }

    /// What tells a machine that can do more from one that can do less: GPUs, then places.
    pub(crate) fn capability(&self) -> (usize, u64) {
        let gpus = self.config.get("gpus").and_then(serde_json::Value::as_array).map_or(0, Vec::len);
        (gpus, u64::from(self.at_once().unwrap_or(u32::MAX)))
    }

    /// How an element runs its tasks.
    pub(crate) fn packing(&self) -> Packing {
        let tasks_per_element = self.tasks_per_job.max(1);
        Packing { tasks_per_element, side_by_side: self.side_by_side.clamp(1, tasks_per_element) }
    }
}
