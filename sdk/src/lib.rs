//! Write plugins for `hsm` in ordinary Rust.
//!
//! A plugin is a function behind a wall: it gets tables and settings, and returns tables. It has no files, no network, no
//! environment and no clock. This crate hides the WebAssembly side of that, so a plugin is a type with one trait and one macro
//! call, and its tests are native ones.
//!
//! | role | trait | macro | what it does |
//! |---|---|---|---|
//! | generator | [`Generate`] | [`generator!`] | makes the points of a sweep |
//! | aggregator | [`Aggregate`] | [`aggregator!`] | says what the results mean |
//! | scheduler | [`Schedule`] | [`scheduler!`] | speaks the language of one batch system |
//!
//! # A generator
//! ```
//! use hsm_sdk::{Column, Failure, Generate, Table};
//!
//! /// `{count: 5}` gives the first five square numbers.
//! #[derive(serde::Deserialize)]
//! #[serde(deny_unknown_fields)]
//! struct Config {
//!     count: i64,
//! }
//!
//! struct Squares {
//!     next: i64,
//!     count: i64,
//! }
//!
//! impl Generate for Squares {
//!     type Config = Config;
//!
//!     fn open(config: Config, _axes: Vec<Column>, _seed: u64) -> Result<Self, Failure> {
//!         if config.count < 1 {
//!             return Err(Failure::config("`count` has to be at least 1").with_hint("write `count: 5`"));
//!         }
//!         Ok(Self { next: 0, count: config.count })
//!     }
//!
//!     fn size(&self) -> Option<u64> {
//!         self.count.try_into().ok()
//!     }
//!
//!     fn next(&mut self, max_rows: u32) -> Result<Table, Failure> {
//!         let end = self.count.min(self.next + i64::from(max_rows));
//!         let squares = (self.next..end).map(|i| i * i).collect();
//!         self.next = end;
//!         Ok(Table::new([Column::integers("side", squares)]))
//!     }
//! }
//!
//! hsm_sdk::generator!(Squares);
//!
//! // The same checks that the host makes, without any WebAssembly:
//! let points = hsm_sdk::testing::points::<Squares>(r#"{"count": 3}"#, vec![], 0, 2).unwrap();
//! assert_eq!(points, Table::new([Column::integers("side", vec![0, 1, 4])]));
//! ```
//!
//! # An aggregator
//! ```
//! use hsm_sdk::{Aggregate, Artifact, Column, Failure, Json, Results, Table};
//!
//! /// `{metric: loss}` counts the tasks that have that metric, and adds it up.
//! #[derive(serde::Deserialize)]
//! #[serde(deny_unknown_fields)]
//! struct Config {
//!     metric: String,
//! }
//!
//! struct Total {
//!     metric: String,
//!     tasks: i64,
//!     sum: f64,
//! }
//!
//! impl Aggregate for Total {
//!     type Config = Config;
//!
//!     fn open(config: Config, _sweep: Json) -> Result<Self, Failure> {
//!         Ok(Self { metric: config.metric, tasks: 0, sum: 0.0 })
//!     }
//!
//!     fn add(&mut self, results: Results) -> Result<(), Failure> {
//!         for result in results.completed() {
//!             if let Some(value) = result.metrics.number(&self.metric)? {
//!                 self.tasks += 1;
//!                 self.sum += value;
//!             }
//!         }
//!         Ok(())
//!     }
//!
//!     fn finish(self) -> Result<Vec<Artifact>, Failure> {
//!         let tasks = Column::integers("tasks", vec![self.tasks]);
//!         let sum = Column::numbers("sum", vec![self.sum]);
//!         Ok(vec![Artifact::table("total.csv", Table::new([tasks, sum]))])
//!     }
//! }
//!
//! hsm_sdk::aggregator!(Total);
//!
//! let artifacts = hsm_sdk::testing::artifacts::<Total>(r#"{"metric": "loss"}"#, []).unwrap();
//! assert_eq!(artifacts[0].name, "total.csv");
//! ```
//!
//! # A scheduler
//! It never runs anything. It says which command to run next, and reads what the ones before it said.
//! ```
//! use hsm_sdk::{
//!     Command, Exchange, Failure, Job, JobState, Outcome, Schedule, SchedulerTraits, Sighting, Site, Step, Submission,
//!     Ticket, Verdict,
//! };
//!
//! /// A batch system with `hand-in SCRIPT`, which prints an id; `look ID`, which prints a word; and `stop ID`.
//! struct Batch;
//!
//! impl Schedule for Batch {
//!     fn describe(_: &Site, _: &[Exchange]) -> Result<Step<SchedulerTraits>, Failure> {
//!         Ok(Step::Done(SchedulerTraits::cautious("#BATCH", "BATCH_INDEX")))
//!     }
//!
//!     fn directives(_: &Site, request: &Submission) -> Result<Vec<String>, Failure> {
//!         Ok(vec![format!("#BATCH elements={}", request.elements)])
//!     }
//!
//!     fn submit(_: &Site, request: &Submission, so_far: &[Exchange]) -> Result<Step<Outcome>, Failure> {
//!         let Some(exchange) = so_far.first() else {
//!             return Ok(Step::Run(Command::new("hand-in").arg(&request.script)));
//!         };
//!         let job = exchange.output()?.trim().to_owned();
//!         Ok(Step::Done(Outcome::Accepted(Ticket { job, elements: request.elements })))
//!     }
//!
//!     fn observe(_: &Site, jobs: &[Job], so_far: &[Exchange]) -> Result<Step<Vec<Sighting>>, Failure> {
//!         // One command a job: what was asked already is in the exchanges.
//!         if let Some(job) = jobs.get(so_far.len()) {
//!             return Ok(Step::Run(Command::new("look").arg(&job.job)));
//!         }
//!         let sighting = |(job, exchange): (&Job, &Exchange)| match exchange.stdout_text().trim() {
//!             "waiting" => Some(Sighting::new(&job.job, JobState::Queued)),
//!             "running" => Some(Sighting::new(&job.job, JobState::Running)),
//!             _ => None,
//!         };
//!         Ok(Step::Done(jobs.iter().zip(so_far).filter_map(sighting).collect()))
//!     }
//!
//!     fn cancel(_: &Site, jobs: &[Job], so_far: &[Exchange]) -> Result<Step<Vec<Verdict>>, Failure> {
//!         let Some(exchange) = so_far.first() else {
//!             return Ok(Step::Run(Command::new("stop").args(jobs.iter().map(|job| &job.job))));
//!         };
//!         let verdict = |job: &Job| Verdict { job: job.job.clone(), accepted: exchange.succeeded(), reason: None };
//!         Ok(Step::Done(jobs.iter().map(verdict).collect()))
//!     }
//! }
//!
//! hsm_sdk::scheduler!(Batch);
//!
//! let request = Submission { script: "/jobs/t1/script".into(), elements: 3, ..Submission::default() };
//! let step = Batch::submit(&Site::default(), &request, &[]).unwrap();
//! assert_eq!(step, Step::Run(Command::new("hand-in").arg("/jobs/t1/script")));
//! ```
//!
//! # Building
//! The crate type is `["cdylib", "rlib"]`, the target `wasm32-wasip2`; what comes out is a component.

mod aggregate;
pub mod bindings;
mod cell;
mod failure;
mod generate;
#[doc(hidden)]
pub mod glue;
pub mod log;
mod results;
mod schedule;
mod table;
mod tasks;
#[cfg(not(target_family = "wasm"))]
pub mod testing;
mod views;

pub use aggregate::Aggregate;
pub use bindings::aggregator::exports::hsm::plugin::aggregator::{Artifact, Body, Results};
pub use bindings::shared::hsm::plugin::types::{Blame, Cells, Column, Failure, Table, TaskState};
pub use cell::Cell;
pub use generate::Generate;
pub use results::TaskResult;
pub use schedule::{
    Command, Ending, Exchange, Hold, Job, JobState, Outcome, Resources, Schedule, SchedulerTraits, Sighting,
    Site, Step, Submission, Ticket, Verdict,
};
/// JSON of any shape: what describes a sweep.
pub use serde_json::Value as Json;
pub use table::Row;
pub use tasks::tasks_folder;

/// Makes a crate the component of a generator. The argument is a type with [`Generate`]; call it once, at the crate's root.
#[macro_export]
macro_rules! generator {
    ($plugin:ty) => {
        #[cfg(target_family = "wasm")]
        #[allow(unsafe_code, missing_docs, reason = "a component's exports are unsafe by nature")]
        mod __hsm_export {
            use super::*;
            type Plugin = $crate::glue::GeneratorOf<$plugin>;
            $crate::bindings::generator::export_generator!(Plugin with_types_in $crate::bindings::generator);
        }
    };
}

/// Makes a crate the component of an aggregator. The argument is a type with [`Aggregate`]; call it once, at the crate's root.
#[macro_export]
macro_rules! aggregator {
    ($plugin:ty) => {
        #[cfg(target_family = "wasm")]
        #[allow(unsafe_code, missing_docs, reason = "a component's exports are unsafe by nature")]
        mod __hsm_export {
            use super::*;
            type Plugin = $crate::glue::AggregatorOf<$plugin>;
            $crate::bindings::aggregator::export_aggregator!(Plugin with_types_in $crate::bindings::aggregator);
        }
    };
}

/// Makes a crate the component of a scheduler. The argument is a type with [`Schedule`]; call it once, at the crate's root.
#[macro_export]
macro_rules! scheduler {
    ($plugin:ty) => {
        #[cfg(target_family = "wasm")]
        #[allow(unsafe_code, missing_docs, reason = "a component's exports are unsafe by nature")]
        mod __hsm_export {
            use super::*;
            type Plugin = $crate::glue::SchedulerOf<$plugin>;
            $crate::bindings::scheduler::export_scheduler!(Plugin with_types_in $crate::bindings::scheduler);
        }
    };
}
