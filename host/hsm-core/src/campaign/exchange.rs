//! What goes into a campaign's step and what comes out of it.

use crate::journal::{Ending, Fate, Record};
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
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Now {
    /// Milliseconds since 1970; never smaller than in the step before.
    pub ms: u64,
    /// How many tasks could be started right now.
    pub free_slots: usize,
    /// What could be handed over right now, in the order in which the sources are to be served.
    pub rooms: Vec<Room>,
}

/// Room for one submission to a compute source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Room {
    /// The token that it would have, which no submission had before.
    pub token: String,
    /// The compute source, by the name that its users know.
    pub source: String,
    /// Whether what its tasks leave is to be brought home.
    pub away: bool,
    /// The most tasks it could have.
    pub tasks: u64,
    /// How many of them one element would run.
    pub tasks_per_element: u32,
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
    /// The scheduler has a submission.
    Accepted {
        /// The submission.
        token: String,
        /// The scheduler's id for the job.
        job: String,
    },
    /// The scheduler did not take a submission and never will.
    Refused {
        /// The submission.
        token: String,
        /// What becomes of its tasks; where they are not to be tried again, nothing else of the queue is either.
        fate: Fate,
        /// Why, in the scheduler's words.
        why: String,
    },
    /// The claims of tasks were taken, so their submission does not run them.
    Withdrawn {
        /// The submission.
        token: String,
        /// Which tasks.
        tasks: TaskSet,
        /// What becomes of them.
        fate: Fate,
        /// Why.
        why: String,
    },
    /// A claim of a task was seen.
    Began {
        /// Which.
        task: u64,
        /// The machine it runs on, by its own name.
        node: String,
        /// When, in milliseconds since 1970, by that machine's clock.
        at_ms: u64,
    },
    /// It was decided how a task of a submission ended.
    Decided {
        /// Which.
        task: u64,
        /// When, in milliseconds since 1970, by the clock of the machine it ran on.
        at_ms: u64,
        /// How.
        ending: Ending,
    },
    /// The scheduler says something else than before about why a job waits.
    Waiting {
        /// The submission.
        token: String,
        /// Its words; empty where the job does not wait any more.
        why: String,
    },
    /// Nothing more is to be handed to the scheduler, and what waits there is to be held.
    Hold {
        /// Why.
        why: String,
    },
    /// A request of the mailbox asks to let go what is held.
    Release {
        /// The request's name in the mailbox.
        request: String,
    },
    /// A request of the mailbox vouches that nothing of these tasks runs any more.
    Abandon {
        /// The request's name in the mailbox.
        request: String,
        /// Which tasks.
        tasks: TaskSet,
        /// Whether they go back into the queue.
        again: bool,
    },
    /// A compute source does not answer, or, where the text is empty, answers again.
    Silent {
        /// Which, by the name that its users know.
        source: String,
        /// Why.
        why: String,
    },
    /// What tasks left on another machine is here, and is what that machine has.
    Home {
        /// Which.
        tasks: TaskSet,
    },
    /// Something that people should know came to pass.
    Note {
        /// What.
        text: String,
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
    /// Hand tasks to the scheduler.
    Submit {
        /// The submission, which is on record with its tasks.
        token: String,
    },
    /// Stop tasks of a submission.
    Recall {
        /// The submission.
        token: String,
    },
    /// Keep what waits at the scheduler from starting.
    Hold,
    /// Let go what is held there.
    Release,
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
