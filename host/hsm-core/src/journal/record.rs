//! The kinds of records. A record says what happened; what follows from it is the campaign's business.

use crate::state::TaskState;
use crate::task_set::TaskSet;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::fmt;

/// A plugin that took part in a sweep.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PluginUse {
    /// Its name.
    pub name: String,
    /// `generator`, `aggregator` or `scheduler`.
    pub role: String,
    /// The SHA-256 of its bundle's manifest, or of its component where it came without one, in hexadecimal.
    pub digest: String,
}

/// One thing that happened in a sweep.
#[derive(Clone, Debug)]
pub enum Record {
    /// A request of the mailbox was taken up; it is not to be taken up again.
    Accepted {
        /// The request's name in the mailbox.
        request: String,
    },
    /// How tasks are started from here on, in the words of whoever starts them (JSON).
    Launch {
        /// The settings of the launch.
        launch: Box<RawValue>,
    },
    /// Tasks were put in the queue.
    Queued {
        /// Which.
        tasks: TaskSet,
        /// When, in milliseconds since 1970.
        at_ms: u64,
    },
    /// A task is about to be started. Written before the process exists, so that a task whose driver died is never taken for one that
    /// was not started.
    Starting {
        /// Which.
        task: u64,
        /// Which try at it, from 1.
        attempt: u32,
        /// When, in milliseconds since 1970.
        at_ms: u64,
    },
    /// The task's process exists.
    Started {
        /// Which.
        task: u64,
        /// Its process, which leads a process group of its own.
        pid: u32,
        /// When the kernel started that process (in ticks since boot): a pid alone may be somebody else's later.
        pid_start: u64,
    },
    /// A later driver found a process of the task still alive.
    Found {
        /// Which.
        task: u64,
    },
    /// Somebody asked for tasks to be stopped.
    CancelAsked {
        /// Which.
        tasks: TaskSet,
        /// Whether to kill them without a grace.
        now: bool,
        /// When, in milliseconds since 1970.
        at_ms: u64,
    },
    /// Queued tasks were taken out of the queue because somebody asked for it; they never started.
    Unqueued {
        /// Which.
        tasks: TaskSet,
        /// When, in milliseconds since 1970.
        at_ms: u64,
    },
    /// A task ended.
    Ended {
        /// Which.
        task: u64,
        /// Which try at it.
        attempt: u32,
        /// When, in milliseconds since 1970.
        at_ms: u64,
        /// How.
        ending: Ending,
    },
    /// A plugin took part.
    Plugin(PluginUse),
    /// Something people should know: what changed between two launches, for example.
    Note {
        /// The note.
        text: String,
        /// When, in milliseconds since 1970.
        at_ms: u64,
    },
    /// The driver has nothing left to do and ends.
    Closed {
        /// When, in milliseconds since 1970.
        at_ms: u64,
    },
    /// A record of a kind that this version does not know; a newer one wrote it.
    Other,
}

/// How a task's attempt ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It exited with this code.
    Exited(i32),
    /// This signal ended it.
    Signalled(i32),
    /// It was stopped because it ran longer than its walltime, in seconds.
    TimedOut(u64),
    /// It was stopped because somebody asked for that.
    Cancelled,
    /// It could not be started, and why.
    NotStarted(String),
    /// Its driver died before it ended, so nobody saw how it did.
    Unseen,
}

impl Ending {
    /// The state that a task is in after this.
    #[must_use]
    pub fn state(&self) -> TaskState {
        match self {
            Self::Exited(0) => TaskState::Completed,
            Self::Exited(_) | Self::Signalled(_) | Self::TimedOut(_) | Self::NotStarted(_) => {
                TaskState::Failed
            }
            Self::Cancelled => TaskState::Cancelled,
            Self::Unseen => TaskState::Unknown,
        }
    }

    /// The exit code, where there was one.
    #[must_use]
    pub fn exit_code(&self) -> Option<i32> {
        match self {
            Self::Exited(code) => Some(*code),
            _ => None,
        }
    }
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exited(code) => write!(f, "exit code {code}"),
            Self::Signalled(signal) => match signal_name(*signal) {
                Some(name) => write!(f, "signal {signal} ({name})"),
                None => write!(f, "signal {signal}"),
            },
            Self::TimedOut(seconds) => write!(f, "timeout: ran longer than its walltime of {seconds} s"),
            Self::Cancelled => f.write_str("cancelled"),
            Self::NotStarted(why) => write!(f, "not started: {why}"),
            Self::Unseen => f.write_str("its driver died before it ended, so nobody saw how it did"),
        }
    }
}

fn signal_name(signal: i32) -> Option<&'static str> {
    Some(match signal {
        1 => "SIGHUP",
        2 => "SIGINT",
        3 => "SIGQUIT",
        4 => "SIGILL",
        6 => "SIGABRT",
        7 => "SIGBUS",
        8 => "SIGFPE",
        9 => "SIGKILL",
        10 => "SIGUSR1",
        11 => "SIGSEGV",
        12 => "SIGUSR2",
        13 => "SIGPIPE",
        14 => "SIGALRM",
        15 => "SIGTERM",
        24 => "SIGXCPU",
        25 => "SIGXFSZ",
        _ => return None,
    })
}
