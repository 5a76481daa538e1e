//! Why a file has no metrics for us, in words that name the place.

use super::METRICS_MAX;
use std::fmt;

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
    #[error("the header names {header} columns and the last row has {row}")]
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
