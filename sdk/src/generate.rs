//! The trait of a generator.

use crate::{Column, Failure, Table};
use serde::de::DeserializeOwned;

/// Makes the points of a sweep.
///
/// Everything follows from the arguments of [`open`](Self::open): the same three give the same points, whatever the size of the
/// batches. The host resumes a search by opening it again and skipping what it has.
pub trait Generate: Sized {
    /// What users write under `generator.config`. Put `#[serde(deny_unknown_fields)]` on it, so that a misspelt key is an
    /// error and not a default.
    type Config: DeserializeOwned;

    /// Starts a search. `axes` are the lists of the sweep file's `grid`, one column an axis, which may differ in length.
    ///
    /// # Errors
    /// [`Failure::config`] for a configuration that cannot be used. Judge it here, in whole.
    fn open(config: Self::Config, axes: Vec<Column>, seed: u64) -> Result<Self, Failure>;

    /// How many points there are in all, where that is known beforehand.
    fn size(&self) -> Option<u64> {
        None
    }

    /// The next points, one a row and at most `max_rows`; a table without rows ends the search. Every batch has the same
    /// columns, with the same kind of cells.
    ///
    /// # Errors
    /// Whatever stops the search.
    fn next(&mut self, max_rows: u32) -> Result<Table, Failure>;
}
