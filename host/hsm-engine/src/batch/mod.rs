//! Batch compute sources: tasks that a scheduler starts.
//!
//! The desk speaks with the scheduler, on a thread of its own, for a command may take half a minute. Staging writes what a submission
//! needs; the claims module reads what its tasks left, and takes claims. What follows from all that is decided by
//! [`hsm_core::batch`] and the campaign.

mod claims;
mod code;
mod desk;
mod recording;
mod source;
mod staging;
mod tally;

pub(crate) use claims::{Claims, Taken};
pub(crate) use code::{data, snapshot};
pub(crate) use desk::{Answer, Answers, Desk, Question, Take, site};
pub(crate) use staging::{Stage, Staging};
pub(crate) use tally::read as read_tally;

pub use code::CodeOptions;
pub use source::{ArrayMode, BatchSource, Recording, SLOTS, SchedulerRef};
pub use tally::{Tally, TallyLine};
