//! Jobs, and what a batch system says about them.

use serde::{Deserialize, Serialize};

/// A job to look at, to stop or to hold: all of it, or some of its elements.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Job {
    /// The batch system's id for it.
    pub job: String,
    /// The submission's token.
    pub token: String,
    /// How many elements it has.
    pub elements: u32,
    /// The elements that are meant, counted from [`SchedulerTraits::first_element`](crate::SchedulerTraits); empty where all of it is.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub only: Vec<u32>,
}

/// What to do with jobs that wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Hold {
    /// Let nothing more of them start.
    Hold,
    /// Let them start again.
    Release,
}

impl Hold {
    pub(crate) fn or_release(release: bool) -> Self {
        if release { Self::Release } else { Self::Hold }
    }
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
    /// The element, counted from [`SchedulerTraits::first_element`](crate::SchedulerTraits); absent when it is about the whole job.
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
    /// Why it ended, as one of the words `time-limit`, `out-of-memory`, `node-failure`, `preempted`; or why it waits in vain:
    /// `dependency`, where what it waits for can no longer come, and `impossible`, where it will never start as it is.
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
    /// The machine it runs or ran on, as the batch system calls it; several as one text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node: Option<String>,
}

impl Sighting {
    /// A whole job in that state, with nothing else known.
    pub fn new(job: impl Into<String>, state: JobState) -> Self {
        Self {
            job: job.into(),
            index: None,
            state,
            exit_code: None,
            signal: None,
            class: None,
            reason: None,
            name: None,
            submitted_ms: None,
            node: None,
        }
    }

    /// The same, said about one element.
    #[must_use]
    pub fn of_element(mut self, index: u32) -> Self {
        self.index = Some(index);
        self
    }
}

/// Whether a cancellation or a hold was taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Verdict {
    /// The batch system's id for the job.
    pub job: String,
    /// Whether it was taken: the job stops or has stopped, is held or was let go.
    pub accepted: bool,
    /// Why not, in the batch system's own words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}
