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
mod names;
mod pattern;
mod separated;

pub use choice::{Choice, Format, RESULT_FILES, choose, is_result_file};
pub use column::{Case, Shape};
pub use json::{canonical_json, parse_json};
pub use lines::{Tail, parse_json_lines};
pub use names::{FlatNames, flat_names};
pub use pattern::{PatternError, Patterns};
pub use separated::parse_csv;

use crate::value::{Quantity, Value};
use std::fmt;

/// The most metrics that one task may have. More than that is data, which belongs into files of its own.
pub const METRICS_MAX: usize = 4_096;

/// The longest value that is kept, in bytes of text. Longer lists and texts are left out, and the row says so: the table of a large
/// sweep holds every value at once.
pub const VALUE_MAX_BYTES: usize = 64 * 1024;

/// One value of a metric, or of a parameter without its spelling.
#[derive(Clone, Debug, PartialEq)]
pub enum Metric {
    /// Named, and without a value.
    Null,
    /// True or false.
    Bool(bool),
    /// An integer of 64 bits.
    Integer(i64),
    /// Any other number; NaN and infinities are ordinary values.
    Number(f64),
    /// Text.
    Text(String),
    /// A list, a map without an entry, or an integer beyond 64 bits: canonical JSON.
    Json(String),
}

impl Metric {
    /// The value of a cell of text, as CSV files and patterns have it: `true`, an integer, a number (`nan` and `inf` too), nothing,
    /// or the text itself.
    #[must_use]
    pub fn of_text(text: &str) -> Self {
        let text = text.trim();
        match text {
            "" => return Self::Null,
            "true" | "True" => return Self::Bool(true),
            "false" | "False" => return Self::Bool(false),
            _ => {}
        }
        if let Ok(integer) = text.parse() {
            return Self::Integer(integer);
        }
        text.parse().map_or_else(|_| Self::Text(text.to_owned()), Self::Number)
    }

    /// The number it stands for, where it is one.
    #[must_use]
    pub fn as_number(&self) -> Option<f64> {
        match self {
            #[expect(clippy::cast_precision_loss, reason = "statistics are made in doubles")]
            Self::Integer(integer) => Some(*integer as f64),
            Self::Number(number) => Some(*number),
            _ => None,
        }
    }

    /// As JSON for programs: numbers that JSON cannot spell are the strings `NaN`, `Infinity` and `-Infinity`.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        match self {
            Self::Null => serde_json::Value::Null,
            Self::Bool(truth) => (*truth).into(),
            Self::Integer(integer) => (*integer).into(),
            Self::Number(number) => json_number(*number),
            Self::Text(text) => text.clone().into(),
            Self::Json(json) => serde_json::from_str(json).unwrap_or_else(|_| json.clone().into()),
        }
    }

    /// How many bytes of text it holds.
    #[must_use]
    pub fn text_bytes(&self) -> usize {
        match self {
            Self::Text(text) | Self::Json(text) => text.len(),
            _ => 0,
        }
    }
}

/// As one cell of a CSV file: `nan`, `inf` and `-inf` for what is not finite, nothing for null.
impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => Ok(()),
            Self::Bool(truth) => truth.fmt(f),
            Self::Integer(integer) => integer.fmt(f),
            Self::Number(number) if number.is_nan() => f.write_str("nan"),
            Self::Number(number) => write!(f, "{number:?}"),
            Self::Text(text) | Self::Json(text) => f.write_str(text),
        }
    }
}

/// The value without its spelling. `null` stays a value of its own (JSON `null`), since a sweep may compare it with others.
impl From<&Value> for Metric {
    fn from(value: &Value) -> Self {
        match value {
            Value::Null => Self::Json("null".to_owned()),
            Value::Bool(truth) => Self::Bool(*truth),
            Value::Number(number) => match number.quantity() {
                Quantity::Integer(integer) => Self::Integer(integer),
                Quantity::Float(float) => Self::Number(float),
            },
            Value::Text(text) => Self::Text(text.clone()),
            Value::List(_) | Value::Map(_) => Self::Json(canonical_json(&value_json(value))),
        }
    }
}

/// A parameter's value as JSON for programs, without the spelling of its numbers.
#[must_use]
pub fn value_json(value: &Value) -> serde_json::Value {
    match value {
        Value::Null => serde_json::Value::Null,
        Value::Bool(truth) => (*truth).into(),
        Value::Number(number) => match number.quantity() {
            Quantity::Integer(integer) => integer.into(),
            Quantity::Float(float) => json_number(float),
        },
        Value::Text(text) => text.clone().into(),
        Value::List(items) => items.iter().map(value_json).collect(),
        Value::Map(entries) => {
            entries.iter().map(|(name, value)| (name.clone(), value_json(value))).collect()
        }
    }
}

fn json_number(number: f64) -> serde_json::Value {
    match serde_json::Number::from_f64(number) {
        Some(number) => serde_json::Value::Number(number),
        None if number.is_nan() => "NaN".into(),
        None if number > 0.0 => "Infinity".into(),
        None => "-Infinity".into(),
    }
}

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

/// Why a file says nothing about metrics, and where in it the reason is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}{position}: {problem}")]
pub struct Unusable {
    /// The file's name, without its folder.
    pub file: String,
    /// Where in the file.
    pub position: Position,
    /// What is wrong there.
    pub problem: Problem,
}

impl Unusable {
    pub(crate) fn new(file: &str, position: Position, problem: Problem) -> Self {
        Self { file: file.to_owned(), position, problem }
    }
}

/// A place in a file of metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Position {
    /// The file as a whole.
    Whole,
    /// A line and a column (in bytes), both from 1.
    Line(usize, usize),
    /// A byte, from 0: of files of which only the end is read.
    Byte(u64),
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole => Ok(()),
            Self::Line(line, column) => write!(f, ":{line}:{column}"),
            Self::Byte(byte) => write!(f, ": at byte {byte}"),
        }
    }
}

/// What is wrong with a file of metrics.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// Nothing in it.
    #[error("the file is empty")]
    Empty,
    /// Cut in the middle of a value.
    #[error("the file is truncated: it ends after {0} bytes, in the middle of a value")]
    Truncated(u64),
    /// Something else than JSON.
    #[error("not JSON: {0}")]
    NotJson(String),
    /// Something else than text.
    #[error("not UTF-8 text")]
    NotText,
    /// JSON, and no map of names to values.
    #[error("holds {0} where an object (name: value) is expected")]
    NotAnObject(&'static str),
    /// Nothing in the map.
    #[error("holds no metric")]
    NoMetric,
    /// More than [`METRICS_MAX`].
    #[error("holds more than {METRICS_MAX} metrics")]
    TooMany,
    /// A header and nothing below it.
    #[error("has a header and no row")]
    NoRow,
    /// A row that does not fit its header.
    #[error("the last row has {row} fields where the header has {header}")]
    Fields {
        /// Fields of the row.
        row: usize,
        /// Fields of the header.
        header: usize,
    },
    /// The end of the file has no whole line.
    #[error("no whole line in the last {0} bytes")]
    LongLine(usize),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_of_text_have_the_types_that_people_mean() {
        let table = [
            ("", Metric::Null),
            ("True", Metric::Bool(true)),
            ("false", Metric::Bool(false)),
            (" 12 ", Metric::Integer(12)),
            ("-3", Metric::Integer(-3)),
            ("1e-3", Metric::Number(0.001)),
            ("inf", Metric::Number(f64::INFINITY)),
            ("-Infinity", Metric::Number(f64::NEG_INFINITY)),
            ("99999999999999999999", Metric::Number(1e20)),
            ("adam", Metric::Text("adam".to_owned())),
            ("2026-01-01", Metric::Text("2026-01-01".to_owned())),
        ];
        for (text, expected) in table {
            assert_eq!(Metric::of_text(text), expected, "{text:?}");
        }
        assert!(matches!(Metric::of_text("nan"), Metric::Number(number) if number.is_nan()));
    }

    #[test]
    fn numbers_are_spelled_for_their_reader() {
        let table = [
            (Metric::Number(f64::NAN), "nan", "\"NaN\""),
            (Metric::Number(f64::INFINITY), "inf", "\"Infinity\""),
            (Metric::Number(f64::NEG_INFINITY), "-inf", "\"-Infinity\""),
            (Metric::Number(0.5), "0.5", "0.5"),
            (Metric::Number(1e-7), "1e-7", "1e-7"),
            (Metric::Integer(7), "7", "7"),
            (Metric::Null, "", "null"),
            (Metric::Json("[1,2]".to_owned()), "[1,2]", "[1,2]"),
        ];
        for (metric, csv, json) in table {
            assert_eq!(metric.to_string(), csv);
            assert_eq!(metric.to_json().to_string(), json);
        }
    }
}
