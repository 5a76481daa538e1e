//! The six states of a task, the same word everywhere: journal, messages, JSON and plugins.

use serde::{Deserialize, Serialize};
use std::fmt;

/// What is known of a task right now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TaskState {
    /// Planned and not started.
    Queued,
    /// Started, and not known to have ended.
    Running,
    /// Ended with exit code 0.
    Completed,
    /// Ended otherwise: a non-zero exit code, a signal, a time limit, or it could not be started.
    Failed,
    /// Ended, or never started, because somebody asked for that.
    Cancelled,
    /// It ended and nobody saw how.
    Unknown,
}

impl TaskState {
    /// Every state, in the order in which listings show them.
    pub const ALL: [Self; 6] =
        [Self::Queued, Self::Running, Self::Completed, Self::Failed, Self::Cancelled, Self::Unknown];

    /// The word users know it by.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Unknown => "unknown",
        }
    }

    /// Whether nothing more will happen to the task unless somebody asks for it.
    #[must_use]
    pub fn is_final(self) -> bool {
        !matches!(self, Self::Queued | Self::Running)
    }
}

impl fmt::Display for TaskState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
