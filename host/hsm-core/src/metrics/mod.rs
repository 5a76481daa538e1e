//! What a task's files say about its metrics: text in, names and values out. Nothing here opens a file; `hsm_engine::results` does,
//! and hands over what it read.
//!
//! # Where metrics come from
//! The first of these that a task's folder has decides (see [`choose`]):
//!
//! 1. `results.json`
//! 2. `metrics.json`
//! 3. `results.jsonl`, `metrics.jsonl`, or the only other `*.jsonl`: its last line
//! 4. `results.csv`, `metrics.csv`, or the only other `*.csv`: its header and its last row
//!
//! The patterns of the sweep file's `metrics:` are looked for in `stdout.log` besides, and add the names that the file does not have.
//! A file that cannot be understood still decides: falling back to another one would put other numbers into the table without a
//! word. The row then says which file it was, where in it, and why.
//!
//! # What becomes of them
//! Maps inside a JSON object become dotted names (`test.accuracy`), lists stay JSON. `NaN`, `Infinity` and `-Infinity` are numbers, as
//! Python writes them. A name that occurs twice has its last value.

mod choice;
mod column;
mod json;
mod lines;
mod metric;
mod names;
mod pattern;
mod separated;
mod unusable;

pub use choice::{Choice, Format, RESULT_FILES, choose, is_result_file};
pub use column::{Case, Shape};
pub use json::{canonical_json, parse_json};
pub use lines::{Tail, parse_json_lines};
pub use metric::Metric;
pub use names::{FlatNames, flat_names};
pub use pattern::{PatternError, Patterns};
pub use separated::parse_csv;
pub use unusable::{Position, Problem, Unusable};

/// The most metrics that one task may have. More than that is data, which belongs into files of its own.
pub const METRICS_MAX: usize = 4_096;

/// The longest value that is kept, in bytes of text. Longer lists and texts are left out, and the row says so: the table of a large
/// sweep holds every value at once.
pub const VALUE_MAX_BYTES: usize = 64 * 1024;

/// The metrics of one task, in the order of its file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Metrics(Vec<(String, Metric)>);

impl Metrics {
    /// Sets a metric; the last value of a name counts, in the place of its first.
    pub fn insert(&mut self, name: String, value: Metric) {
        match self.0.iter_mut().find(|(known, _)| *known == name) {
            Some((_, old)) => *old = value,
            None => self.0.push((name, value)),
        }
    }

    /// The value called `name`.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Metric> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value)
    }

    /// Adds the metrics of `other` whose names are not there yet.
    pub fn fill_from(&mut self, other: Self) {
        for (name, value) in other.0 {
            if self.get(&name).is_none() {
                self.0.push((name, value));
            }
        }
    }

    /// Names and values, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Metric)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl IntoIterator for Metrics {
    type Item = (String, Metric);
    type IntoIter = std::vec::IntoIter<Self::Item>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

/// What a file said.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reading {
    /// The metrics.
    pub metrics: Metrics,
    /// What is not among them although the file has it, and why: a torn last line, a value too long.
    pub note: Option<String>,
}
