//! Results: reading what tasks left behind, and writing what it amounts to.
//!
//! Tasks are foreign programs, so nothing in a task's folder is trusted: files are opened without following links and without waiting,
//! only regular ones are read, and only up to a limit. One folder is listed once, and nothing in it is looked at that is not read.
//! What is written goes to `results/`, each file under another name first, so that a reader sees the old one or the new one.
//!
//! **This module must not** decide what became of a task (the journal does) or understand a file's text ([`hsm_core::metrics`] does).

mod artifacts;
mod batches;
mod collect;
mod collected;
mod facts;
mod log_tail;
mod open;
mod output;
mod read;
mod set_aside;
mod tables;

pub use artifacts::{WrittenArtifact, run_aggregator, write_artifacts};
pub use batches::BATCH_ROWS;
pub use collect::collect;
pub use collected::{Collected, Row};
pub use facts::TaskFacts;
pub(crate) use log_tail::tail;
pub use set_aside::set_aside;
pub use tables::{WrittenTables, write_csv, write_json, write_tables};

#[cfg(test)]
mod tests;
