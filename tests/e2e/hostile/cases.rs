//! What plugins try, and how each attempt ends: the one list of it. The tests run all of it, and the table in the sandbox's README is made of it.

mod answers;
mod files;
mod limits;
mod tasks;

pub use answers::{ANSWERS, ARTIFACTS, TEXT, VALUES};
pub use files::{COMPILING, FILES};
pub use limits::{END, MEMORY, TIME};
pub use tasks::{TASKS_READ, TASKS_WRITTEN, WORLD};

use std::path::Path;

/// Cases of one kind.
pub struct Group {
    /// What they are after.
    pub name: &'static str,
    /// The cases.
    pub cases: &'static [Case],
}

/// One attempt.
pub struct Case {
    /// What is tried.
    pub does: &'static str,
    /// By what.
    pub by: By,
    /// Limits that are set lower, so that the test need not wait.
    pub limits: &'static [&'static str],
    /// Whether its log is watched.
    pub is_watched: bool,
    /// How it ends.
    pub ends: Ends,
    /// Words that are read then: of the message, or where it is harmless of what is shown.
    pub words: &'static [&'static str],
}

/// The plugin that tries something.
pub enum By {
    /// `wayward-aggregator`, told these settings, collecting a finished sweep.
    Aggregator(&'static [&'static str]),
    /// The same from a bundle that may read the tasks' folders.
    Reader(&'static [&'static str]),
    /// `wayward-generator`, told this, for a new sweep.
    Generator(&'static str),
    /// A file of these bytes, in the place of an aggregator.
    Made(fn() -> Vec<u8>),
    /// Whatever this puts in the place of an aggregator.
    Placed(fn(&Path)),
}

/// How an attempt ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ends {
    /// The file is refused before anything of it runs.
    Refused,
    /// It is stopped at this limit.
    Stopped(&'static str),
    /// The instance breaks down, or says that it failed.
    Broken,
    /// What it answers is refused.
    Unusable,
    /// It may do so, and nothing comes of it.
    Harmless,
}

impl Ends {
    /// As the table says it.
    pub fn shown(self) -> String {
        match self {
            Self::Refused => "refused, never run".to_owned(),
            Self::Stopped(limit) => format!("stopped at `{limit}`"),
            Self::Broken => "ends itself".to_owned(),
            Self::Unusable => "answer refused".to_owned(),
            Self::Harmless => "nothing comes of it".to_owned(),
        }
    }
}

const fn case(does: &'static str, by: By, ends: Ends, words: &'static [&'static str]) -> Case {
    Case { does, by, limits: &[], is_watched: false, ends, words }
}

impl Case {
    const fn within(mut self, limits: &'static [&'static str]) -> Self {
        self.limits = limits;
        self
    }

    const fn watched(mut self) -> Self {
        self.is_watched = true;
        self
    }

    /// A second is enough for what would go on for ever.
    const fn within_a_second(self) -> Self {
        self.within(&["call_time_s=1"])
    }
}

/// All of it.
pub const GROUPS: &[Group] = &[
    TIME,
    MEMORY,
    END,
    ANSWERS,
    VALUES,
    ARTIFACTS,
    TEXT,
    WORLD,
    TASKS_READ,
    TASKS_WRITTEN,
    COMPILING,
    FILES,
];

/// What a call says that took more than a second.
const TIMED_OUT: &[&str] = &["did not answer within 1 s", "hint: "];
