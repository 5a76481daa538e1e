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
    /// Tasks are about to be handed to a scheduler as one job. Written before the command that does it, so that a submission whose answer
    /// was lost is looked for and never taken for one that was not made.
    Submitting {
        /// What finds the submission again for ever.
        token: String,
        /// The compute source, by the name that its users know; empty in journals of sweeps that had one only.
        source: String,
        /// Whether what its tasks leave is to be brought home from another machine.
        away: bool,
        /// Which tasks.
        tasks: TaskSet,
        /// How many of them one element of the job runs.
        tasks_per_element: u32,
        /// When, in milliseconds since 1970.
        at_ms: u64,
    },
    /// The scheduler has the job.
    Submitted {
        /// The submission.
        token: String,
        /// The scheduler's id for it.
        job: String,
        /// When, in milliseconds since 1970.
        at_ms: u64,
    },
    /// The scheduler did not take the job, and never will.
    Refused {
        /// The submission.
        token: String,
        /// What becomes of its tasks.
        fate: Fate,
        /// Why, in the scheduler's words.
        why: String,
        /// When, in milliseconds since 1970.
        at_ms: u64,
    },
    /// The driver took the claims of tasks: whatever becomes of the job, it does not run them.
    Withdrawn {
        /// The submission; empty where the tasks were still in the queue.
        token: String,
        /// Which tasks.
        tasks: TaskSet,
        /// What becomes of them.
        fate: Fate,
        /// Why.
        why: String,
        /// When, in milliseconds since 1970.
        at_ms: u64,
    },
    /// A task's claim was seen: it runs, or ran.
    Began {
        /// Which.
        task: u64,
        /// Which try at it, from 1.
        attempt: u32,
        /// The machine it runs on, by its own name.
        node: String,
        /// When, in milliseconds since 1970, by that machine's clock.
        at_ms: u64,
    },
    /// What a job waits for, as the scheduler said last; an empty text where it does not wait any more.
    Waiting {
        /// The submission.
        token: String,
        /// The scheduler's words, and what they mean.
        why: String,
    },
    /// Nothing more is handed to the scheduler, and what waits there is held; an empty text where that is over.
    Held {
        /// Why.
        why: String,
        /// When, in milliseconds since 1970.
        at_ms: u64,
    },
    /// Somebody vouched that nothing of these tasks runs any more, though no one saw them end.
    Abandoned {
        /// Which.
        tasks: TaskSet,
        /// When, in milliseconds since 1970.
        at_ms: u64,
    },
    /// A compute source does not answer, so nobody knows how its tasks are; an empty text where it answers again.
    Silent {
        /// Which, by the name that its users know.
        source: String,
        /// Why.
        why: String,
        /// When, in milliseconds since 1970.
        at_ms: u64,
    },
    /// What tasks left on another machine is here, and is what that machine has.
    Home {
        /// Which.
        tasks: TaskSet,
        /// When, in milliseconds since 1970.
        at_ms: u64,
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

/// What becomes of tasks that a submission does not run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fate {
    /// They are in the queue again.
    Again,
    /// They wait until somebody asks for them.
    Unsent,
    /// They are cancelled.
    Cancelled,
}

/// How a task's attempt ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It exited with this code.
    Exited(i32),
    /// This signal ended it.
    Signalled(i32),
    /// It was stopped because it ran longer than its walltime, in seconds; 0 where its job had a limit for several tasks, or one that
    /// nobody asked for.
    TimedOut(u64),
    /// It was stopped because somebody asked for that.
    Cancelled,
    /// It could not be started, and why.
    NotStarted(String),
    /// Its driver died before it ended, so nobody saw how it did.
    Unseen,
    /// It needed more memory than it was given; the evidence.
    OutOfMemory(String),
    /// It made room for somebody else's job; the evidence.
    Preempted(String),
    /// Its machine failed, or the scheduler thinks so; the evidence. It may run there still.
    NodeFailed(String),
    /// Its job is over and it left no record of its end; the evidence.
    Vanished(String),
    /// Somebody vouched that nothing of it runs any more; how it had ended as far as was known.
    Abandoned(String),
}

impl Ending {
    /// The state that a task is in after this.
    #[must_use]
    pub fn state(&self) -> TaskState {
        match self {
            Self::Exited(0) => TaskState::Completed,
            Self::Exited(_)
            | Self::Signalled(_)
            | Self::TimedOut(_)
            | Self::NotStarted(_)
            | Self::OutOfMemory(_)
            | Self::Preempted(_)
            | Self::Abandoned(_) => TaskState::Failed,
            Self::Cancelled => TaskState::Cancelled,
            Self::Unseen | Self::NodeFailed(_) | Self::Vanished(_) => TaskState::Unknown,
        }
    }

    /// Whether processes of the task may still run somewhere: nobody who could know has seen it end. Such a task is started again only
    /// once somebody has vouched that nothing of it is left.
    #[must_use]
    pub fn may_live(&self) -> bool {
        matches!(self, Self::NodeFailed(_) | Self::Vanished(_))
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
            Self::TimedOut(0) => f.write_str("timeout: its job reached its time limit"),
            Self::TimedOut(seconds) => write!(f, "timeout: ran longer than its walltime of {seconds} s"),
            Self::Cancelled => f.write_str("cancelled"),
            Self::NotStarted(why) => write!(f, "not started: {why}"),
            Self::Unseen => f.write_str("its driver died before it ended, so nobody saw how it did"),
            Self::OutOfMemory(evidence) => write!(f, "out of memory: {evidence}"),
            Self::Preempted(evidence) => write!(f, "preempted: {evidence}"),
            Self::NodeFailed(evidence) => write!(f, "node failure: {evidence}"),
            Self::Vanished(evidence) => write!(f, "vanished: {evidence}"),
            Self::Abandoned(before) => write!(f, "abandoned: {before}"),
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
