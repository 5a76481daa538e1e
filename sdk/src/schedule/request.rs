//! Where a conversation takes place, what is asked for, and what the batch system made of it.

use crate::{Blame, Failure, Json};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// Names this short are taken by every batch system.
const JOB_NAME_MAX: u32 = 13;

/// Where the conversation takes place.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Site {
    /// The plugin's own configuration: a map.
    pub config: Json,
    /// The user's name there.
    pub user: String,
    /// An absolute folder there that belongs to the host: scripts and scheduler output are under it.
    pub staging_dir: String,
    /// The host's clock in milliseconds since 1970. Plugins have no other clock.
    pub now_ms: u64,
    /// How far local time there is ahead of UTC.
    pub utc_offset_minutes: i32,
}

impl Site {
    /// The configuration as a type of the plugin's own. Put `#[serde(deny_unknown_fields)]` on it, so that a misspelt key is an error
    /// and not a default.
    ///
    /// # Errors
    /// [`Failure::config`] with the reader's own words.
    pub fn read_config<C: DeserializeOwned>(&self) -> Result<C, Failure> {
        let config =
            if self.config.is_null() { Json::Object(serde_json::Map::new()) } else { self.config.clone() };
        serde_json::from_value(config).map_err(|error| {
            let message = format!("the scheduler's configuration cannot be read: {error}");
            Failure::new(Blame::Config, "bad-config", message)
        })
    }
}

/// What one element of a submission needs. Absent means the batch system's own default.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Resources {
    /// Wall-clock time in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub walltime_s: Option<u64>,
    /// Processor cores.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpus: Option<u32>,
    /// Memory in MiB.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory_mib: Option<u64>,
    /// Graphics processors.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gpus: Option<u32>,
    /// Their model, as the site calls it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gpu_type: Option<String>,
    /// Machines.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nodes: Option<u32>,
    /// The partition or queue.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub partition: Option<String>,
    /// Who pays.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// The quality of service.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub qos: Option<String>,
    /// Header lines that the user wants in the script, without the prefix.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub directives: Vec<String>,
}

/// A request to start a range of tasks. The host writes the script; the plugin says how to hand it in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Submission {
    /// What finds this submission again for ever; it is part of `script`'s path.
    pub token: String,
    /// The job's name, already short enough for the batch system.
    pub name: String,
    /// What each element needs.
    pub resources: Resources,
    /// How many elements the array has.
    pub elements: u32,
    /// How many of them may run at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_running: Option<u32>,
    /// How far the job steps back behind others, in the batch system's own measure: more is later.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nice: Option<i32>,
    /// Machines that it must not run on, by the names the batch system has for them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub exclude_nodes: Vec<String>,
    /// The folder the elements start in.
    pub workdir: String,
    /// Where the batch system writes standard output.
    pub stdout: String,
    /// Where the batch system writes standard error.
    pub stderr: String,
    /// The absolute path of the script.
    pub script: String,
}

/// What the batch system gave for a submission it took.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ticket {
    /// Its id for the job.
    pub job: String,
    /// How many elements it took.
    pub elements: u32,
}

/// What became of a submission.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// The batch system has it.
    Accepted(Ticket),
    /// The batch system does not have it and never will.
    Refused(Failure),
    /// It cannot be told; the text says why.
    Unknown(String),
}

/// What the host has to know about the batch system in order to plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SchedulerTraits {
    /// The most elements one job may have.
    pub elements_per_job: u32,
    /// The most jobs to ask about in one query.
    pub jobs_per_query: u32,
    /// How long to wait between two looks, in milliseconds.
    pub poll_interval_ms: u32,
    /// The environment variable that tells an element its number.
    pub element_variable: String,
    /// The number of the first element.
    pub first_element: u32,
    /// What each header line begins with, such as `#SBATCH`.
    pub directive_prefix: String,
    /// Whether an array of one element is possible.
    pub single_element_arrays: bool,
    /// The longest name a job may have, in bytes.
    pub job_name_max: u32,
    /// How long an ended job can still be seen, in seconds; absent where that is for ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub visible_after_end_s: Option<u32>,
    /// The most elements, of all jobs and users together, that the batch system holds at a time; absent where it has no such limit or
    /// does not tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub elements_in_queue: Option<u32>,
}

impl SchedulerTraits {
    /// What is safe to assume of a batch system that has arrays: a thousand elements a job, counted from 1; a look at a hundred jobs
    /// each half minute; short names; ended jobs vanish at once.
    pub fn cautious(directive_prefix: impl Into<String>, element_variable: impl Into<String>) -> Self {
        Self {
            elements_per_job: 1_000,
            jobs_per_query: 100,
            poll_interval_ms: 30_000,
            element_variable: element_variable.into(),
            first_element: 1,
            directive_prefix: directive_prefix.into(),
            single_element_arrays: true,
            job_name_max: JOB_NAME_MAX,
            visible_after_end_s: Some(0),
            elements_in_queue: None,
        }
    }
}
