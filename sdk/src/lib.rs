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
mod table;
pub mod testing;

pub use aggregate::Aggregate;
pub use bindings::aggregator::exports::hsm::plugin::aggregator::{Artifact, Body, Results};
pub use bindings::shared::hsm::plugin::types::{Blame, Cells, Column, Failure, Table, TaskState};
pub use cell::Cell;
pub use generate::Generate;
/// JSON of any shape: what describes a sweep.
pub use serde_json::Value as Json;
pub use table::Row;

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
