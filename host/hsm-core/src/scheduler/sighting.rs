//! Jobs, and what a batch system says about them.

use serde::{Deserialize, Serialize};

/// A job to look at, or to stop.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Job {
    /// The batch system's id for it.
    pub job: String,
    /// The submission's token.
    pub token: String,
    /// How many elements it has.
    pub elements: u32,
}

/// What a batch system says about a job or one of its elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum JobState {
    /// Waiting its turn.
    Queued,
    /// Waiting for somebody to let it go.
    Held,
    /// Running, or being started or ended.
    Running,
    /// Ended with exit code 0.
    Completed,
    /// Ended otherwise.
    Failed,
    /// Stopped on request.
    Cancelled,
    /// The batch system says explicitly that it knows no such job. Merely missing from a list is no sighting at all.
    Gone,
}

/// What was said about one job or element at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sighting {
    /// The batch system's id for the job.
    pub job: String,
    /// The element, counted from [`SchedulerTraits::first_element`](super::SchedulerTraits); absent when it is about the whole job.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub index: Option<u32>,
    /// What it said.
    pub state: JobState,
    /// The exit code, where it gave one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<i32>,
    /// The signal that ended it, where it gave one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signal: Option<i32>,
    /// Why it ended, as one of the words `time-limit`, `out-of-memory`, `node-failure`, `preempted`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<String>,
    /// The batch system's own words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The job's name. Ids are used again, so a sighting of another name is dropped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// When the job was submitted, in milliseconds since 1970. A sighting of another time is dropped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub submitted_ms: Option<u64>,
}

/// Whether a cancellation was taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Verdict {
    /// The batch system's id for the job.
    pub job: String,
    /// Whether it will stop, or has stopped.
    pub accepted: bool,
    /// Why not, in the batch system's own words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}
