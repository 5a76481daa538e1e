//! The campaign: what should happen next in a sweep, as a state machine without effects.
//!
//! [`Campaign::step`] takes what happened and the time and answers with a [`Step`]: records for the journal and actions to carry out, in
//! that order. A campaign *is* its journal: the state changes only by applying records, so replaying a journal gives the state that
//! the driver who wrote it was in, wherever it was stopped. The campaign knows task numbers and nothing of points, processes or files.

mod away;
mod exchange;
mod handing_over;
mod jobs;
mod ledger;
mod step;

#[cfg(test)]
mod cut_at_scheduler_test;
#[cfg(test)]
mod cut_test;
#[cfg(test)]
mod step_test;

pub use away::Away;
pub use exchange::{Action, Durability, Event, Limits, Now, Room, Step};
pub use jobs::{JobEntry, Progress, Sent};
pub use ledger::{Counts, Entry, Ledger};
pub use step::Campaign;
