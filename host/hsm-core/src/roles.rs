//! The roles that the host fills itself or hands to a plugin, as traits. Built-in and wasm implementations stand behind the same
//! trait, so nothing past this file asks which of the two it has. The traits are synchronous and take tables by value.

pub use crate::failure::{Blame, Failure};

use crate::scheduler::Scheduler;
use crate::state::TaskState;
use crate::table::Table;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

/// Makes the points of a sweep.
pub trait Generator: Send + Sync {
    /// Starts a search of the space that `spec` describes.
    ///
    /// # Errors
    /// A [`Failure`] when the spec cannot be used, or the plugin did not answer within its limits.
    fn open(&self, spec: &GeneratorSpec) -> Result<Box<dyn Search>, Failure>;
}

/// What a generator is asked to search.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GeneratorSpec {
    /// The `generator.config` of the sweep file, as JSON text (`{}` where there is none).
    pub config: String,
    /// The `grid` of the sweep file: one column an axis, all its values; columns may differ in length here.
    pub axes: Vec<crate::table::Column>,
    /// The seed of everything random.
    pub seed: u64,
}

/// A running search.
pub trait Search: Send {
    /// How many points there are in all, where that is known beforehand.
    ///
    /// # Errors
    /// As [`Generator::open`].
    fn size(&mut self) -> Result<Option<u64>, Failure>;

    /// The next points, at most `max_rows`; an empty table when there are no more.
    ///
    /// # Errors
    /// As [`Generator::open`].
    fn next(&mut self, max_rows: u32) -> Result<Table, Failure>;
}

/// Says what the results of a sweep mean.
pub trait Aggregator: Send + Sync {
    /// Starts an aggregation of the results that `spec` describes.
    ///
    /// # Errors
    /// A [`Failure`] when the configuration cannot be used, or the plugin did not answer within its limits.
    fn open(&self, spec: &AggregatorSpec) -> Result<Box<dyn Aggregation>, Failure>;
}

/// What an aggregator is asked to make sense of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AggregatorSpec {
    /// The aggregator's configuration, as JSON text (`{}` where there is none).
    pub config: String,
    /// What describes the sweep, as JSON text: a map whose keys may grow.
    pub sweep: String,
    /// The folder that holds the tasks' own folders. Only a plugin that was granted `read-results` gets to see it, and can only
    /// read there.
    pub tasks_folder: Option<PathBuf>,
}

impl Default for AggregatorSpec {
    /// No configuration, a sweep of which nothing is known, and no folder.
    fn default() -> Self {
        Self { config: "{}".to_owned(), sweep: "{}".to_owned(), tasks_folder: None }
    }
}

/// A running aggregation.
pub trait Aggregation: Send {
    /// Takes one batch of results. Columns and their cases are the same in every batch.
    ///
    /// # Errors
    /// As [`Aggregator::open`].
    fn add(&mut self, results: Results) -> Result<(), Failure>;

    /// Ends it, and says what came out.
    ///
    /// # Errors
    /// As [`Aggregator::open`].
    fn finish(self: Box<Self>) -> Result<Vec<Artifact>, Failure>;
}

/// A batch of results: row `i` of every table is about `tasks[i]`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Results {
    /// Task numbers.
    pub tasks: Vec<u64>,
    /// One state a task.
    pub states: Vec<TaskState>,
    /// One column a parameter.
    pub params: Table,
    /// One column a metric.
    pub metrics: Table,
    /// What else is known: `exit_code`, `seconds`, `attempts`, `reason`, `source`.
    pub facts: Table,
}

/// Something an aggregator made.
#[derive(Clone, Debug, PartialEq)]
pub struct Artifact {
    /// One plain file name.
    pub name: String,
    /// For example `text/markdown`.
    pub media_type: String,
    /// What is in it.
    pub body: ArtifactBody,
}

/// The content of an [`Artifact`].
#[derive(Clone, Debug, PartialEq)]
pub enum ArtifactBody {
    /// A table, which the host writes in the format of its choice.
    Table(Table),
    /// Bytes, written as they are.
    Bytes(Vec<u8>),
}

/// Finds the role that a reference (a path, or a bundle's name) stands for.
pub trait Roles: Send + Sync {
    /// The generator called `reference`; with a `digest`, only that very file.
    ///
    /// # Errors
    /// A [`Failure`] when there is none, it is of another role, or its digest differs.
    fn generator(&self, reference: &str, digest: Option<&str>) -> Result<Loaded<dyn Generator>, Failure>;

    /// The aggregator called `reference`; with a `digest`, only that very file.
    ///
    /// # Errors
    /// As [`Roles::generator`].
    fn aggregator(&self, reference: &str, digest: Option<&str>) -> Result<Loaded<dyn Aggregator>, Failure>;

    /// The scheduler called `reference`; with a `digest`, only that very file.
    ///
    /// # Errors
    /// As [`Roles::generator`].
    fn scheduler(&self, reference: &str, digest: Option<&str>) -> Result<Loaded<dyn Scheduler>, Failure>;
}

/// A role that was found, and what a journal remembers of it.
pub struct Loaded<T: ?Sized> {
    /// A plain name, fit for a folder: `leaderboard`.
    pub name: String,
    /// The SHA-256 of the component, in hexadecimal; `builtin` for the host's own.
    pub digest: String,
    /// The role itself.
    pub role: Arc<T>,
}

impl<T: ?Sized> fmt::Debug for Loaded<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Loaded")
            .field("name", &self.name)
            .field("digest", &self.digest)
            .finish_non_exhaustive()
    }
}
