//! Tables: what crosses between the host and generators or aggregators, built in or plugins.

use crate::value::Value;

/// Equally long columns.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    /// The number of rows; every column has this many cells.
    pub rows: u32,
    /// The columns, in the order to show them.
    pub columns: Vec<Column>,
}

/// One named column of a [`Table`].
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// The column's name, unique in its table.
    pub name: String,
    /// One cell a row.
    pub cells: Cells,
    /// The rows that have no value, ascending; the cells there are fillers without a meaning.
    pub absent: Vec<u32>,
}

/// The cells of one column.
#[derive(Clone, Debug, PartialEq)]
pub enum Cells {
    /// True or false.
    Booleans(Vec<bool>),
    /// Integers of 64 bits.
    Integers(Vec<i64>),
    /// Doubles; NaN and infinities are ordinary values.
    Numbers(Vec<f64>),
    /// Text.
    Texts(Vec<String>),
    /// Whatever the other cases cannot carry, as canonical JSON.
    Json(Vec<String>),
    /// Values with the spelling of a sweep file. Only built-in generators make them: a plugin's numbers have no spelling.
    Spelled(Vec<Value>),
}

impl Cells {
    /// The number of cells.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::Booleans(cells) => cells.len(),
            Self::Integers(cells) => cells.len(),
            Self::Numbers(cells) => cells.len(),
            Self::Texts(cells) | Self::Json(cells) => cells.len(),
            Self::Spelled(cells) => cells.len(),
        }
    }

    /// Whether there is no cell.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
