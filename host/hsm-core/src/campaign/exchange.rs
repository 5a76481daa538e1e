//! What goes into a campaign's step and what comes out of it.

use crate::journal::{Ending, Record};
use crate::task_set::TaskSet;
use serde_json::value::RawValue;

/// What a campaign holds tasks to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How long one attempt may run, in milliseconds.
    pub walltime_ms: Option<u64>,
    /// How long a task has to end by itself after it was asked to, in milliseconds.
    pub grace_ms: u64,
}

/// The moment a step is taken at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Now {
    /// Milliseconds since 1970; never smaller than in the step before.
    pub ms: u64,
    /// How many tasks could be started right now.
    pub free_slots: usize,
}

/// Something that happened.
#[derive(Clone, Debug)]
pub enum Event {
    /// A request of the mailbox asks to run tasks. Those that are completed, queued or running are left as they are.
    Queue {
        /// The request's name in the mailbox.
        request: String,
        /// Which tasks.
        tasks: TaskSet,
        /// How to start tasks from here on; nothing: as before.
        launch: Option<Box<RawValue>>,
        /// What else to put on record with it: plugins that took part, notes.
        remarks: Vec<Record>,
    },
    /// A request of the mailbox asks to stop tasks.
    Cancel {
        /// The request's name in the mailbox.
        request: String,
        /// Which tasks.
        tasks: TaskSet,
        /// Whether to kill them without a grace.
        now: bool,
    },
    /// A task's process exists.
    Started {
        /// Which.
        task: u64,
        /// Its process.
        pid: u32,
        /// When that process started, in ticks since boot.
        pid_start: u64,
    },
    /// A task's process ended, or could not be started.
    Ended {
        /// Which.
        task: u64,
        /// How.
        ending: Ending,
    },
    /// An earlier driver's task has a living process.
    Found {
        /// Which.
        task: u64,
    },
    /// An earlier driver's task has no living process.
    Gone {
        /// Which.
        task: u64,
    },
    /// The time has come that [`Campaign::next_deadline_ms`](super::Campaign::next_deadline_ms) named, or a slot is free.
    Tick,
}

/// Something to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Start a task's attempt.
    Start {
        /// Which.
        task: u64,
        /// Which try at it, from 1.
        attempt: u32,
    },
    /// Ask every process of a task to end.
    Terminate {
        /// Which.
        task: u64,
    },
    /// Kill every process of a task.
    Kill {
        /// Which.
        task: u64,
    },
    /// Remove a request from the mailbox: it is in the journal now.
    Forget {
        /// The request's name.
        request: String,
    },
}

/// How safe records must be before the actions are carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Durability {
    /// Handed to the operating system: survives the death of this process.
    Written,
    /// On the disk: survives the death of the machine.
    Synced,
}

/// What follows from what happened: first the records, in one write, then the actions.
#[derive(Clone, Debug)]
#[must_use = "a step that is not carried out is lost"]
pub struct Step {
    /// What to append to the journal.
    pub records: Vec<Record>,
    /// How safe that must be before the actions.
    pub durability: Durability,
    /// What to do then.
    pub actions: Vec<Action>,
}
