//! The trait of an aggregator.

use crate::{Artifact, Body, Failure, Json, Results, Table};
use serde::de::DeserializeOwned;

/// Says what the results of a sweep mean.
///
/// Results come in batches. A plugin that keeps counts and sums instead of rows takes sweeps of any size.
pub trait Aggregate: Sized {
    /// What users write as the plugin's configuration. Put `#[serde(deny_unknown_fields)]` on it, so that a misspelt key is an
    /// error and not a default.
    type Config: DeserializeOwned;

    /// Starts an aggregation. `sweep` describes the sweep: a map whose keys may grow.
    ///
    /// # Errors
    /// [`Failure::config`] for a configuration that cannot be used.
    fn open(config: Self::Config, sweep: Json) -> Result<Self, Failure>;

    /// Takes one batch.
    ///
    /// # Errors
    /// [`Failure::config`] when the configuration names something that the results do not have, [`Failure::input`] when the
    /// results themselves are of no use.
    fn add(&mut self, results: Results) -> Result<(), Failure>;

    /// Hands over what came out.
    ///
    /// # Errors
    /// As [`add`](Self::add).
    fn finish(self) -> Result<Vec<Artifact>, Failure>;
}

impl Artifact {
    /// A table, which the host writes as its user likes. `name` is one plain file name, such as `best.csv`.
    pub fn table(name: impl Into<String>, table: Table) -> Self {
        Self { name: name.into(), media_type: "text/csv".to_owned(), body: Body::Table(table) }
    }

    /// Markdown, which is also shown on the terminal.
    pub fn markdown(name: impl Into<String>, text: impl Into<String>) -> Self {
        let body = Body::Bytes(text.into().into_bytes());
        Self { name: name.into(), media_type: "text/markdown".to_owned(), body }
    }

    /// Any other file.
    pub fn bytes(name: impl Into<String>, media_type: impl Into<String>, bytes: Vec<u8>) -> Self {
        Self { name: name.into(), media_type: media_type.into(), body: Body::Bytes(bytes) }
    }
}
