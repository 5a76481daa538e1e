//! The rows of a sweep: every task with its parameters and what it left behind.

use super::facts::TaskFacts;
use super::read::TaskReading;
use hsm_core::metrics::{Metric, Patterns, Shape};
use hsm_core::plan::PlannedTask;
use hsm_core::point::{Identity, Point};
use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The results of a sweep at one moment, in memory.
#[derive(Clone, Debug)]
pub struct Collected {
    pub(super) sweep_dir: PathBuf,
    pub(super) sweep_id: String,
    pub(super) params: Columns,
    pub(super) metrics: Columns,
    pub(super) rows: Vec<Row>,
}

/// One task of a [`Collected`].
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// The task's number.
    pub task: u64,
    /// What makes it itself.
    pub id: Identity,
    /// Its parameters.
    pub params: Point,
    /// What the journal knows of it.
    pub facts: TaskFacts,
    /// Why metrics are missing. Usually all of them are; a torn last line leaves those of the line before it.
    pub missing: Option<String>,
    /// The file that the metrics are from: `results.json`.
    pub source: Option<Arc<str>>,
    metrics: Vec<(Arc<str>, Metric)>,
}

impl Row {
    /// The metrics, in the order of the task's file. Dots join the names of nested maps.
    pub fn metrics(&self) -> impl Iterator<Item = (&str, &Metric)> {
        self.metrics.iter().map(|(name, value)| (name.as_ref(), value))
    }

    /// One metric.
    #[must_use]
    pub fn metric(&self, name: &str) -> Option<&Metric> {
        self.metrics().find(|(known, _)| *known == name).map(|(_, value)| value)
    }
}

impl Collected {
    /// The sweep's folder.
    #[must_use]
    pub fn sweep_dir(&self) -> &Path {
        &self.sweep_dir
    }

    /// The sweep's id.
    #[must_use]
    pub fn sweep_id(&self) -> &str {
        &self.sweep_id
    }

    /// One row a task, in the order of the plan.
    #[must_use]
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// The names of all parameters, in the order in which they first occur.
    pub fn param_names(&self) -> impl ExactSizeIterator<Item = &str> {
        self.params.names.iter().map(AsRef::as_ref)
    }

    /// The names of all metrics, in the order in which they first occur.
    pub fn metric_names(&self) -> impl ExactSizeIterator<Item = &str> {
        self.metrics.names.iter().map(AsRef::as_ref)
    }
}

/// The columns that the rows fill, and what was seen in each.
#[derive(Clone, Debug, Default)]
pub(super) struct Columns {
    pub names: Vec<Arc<str>>,
    pub shapes: Vec<Shape>,
    pub places: HashMap<Arc<str>, usize>,
}

impl Columns {
    fn place(&mut self, name: &str) -> usize {
        if let Some(place) = self.places.get(name) {
            return *place;
        }
        let name: Arc<str> = name.into();
        self.names.push(Arc::clone(&name));
        self.shapes.push(Shape::default());
        self.places.insert(name, self.names.len() - 1);
        self.names.len() - 1
    }
}

/// A [`Collected`] in the making. Names are kept once: a hundred thousand tasks have the same ones.
pub(super) struct Builder {
    collected: Collected,
    sources: HashSet<Arc<str>>,
}

impl Builder {
    pub fn new(sweep_dir: &Path, sweep_id: &str, patterns: &Patterns) -> Self {
        let mut metrics = Columns::default();
        let collected = Collected {
            sweep_dir: sweep_dir.to_owned(),
            sweep_id: sweep_id.to_owned(),
            params: Columns::default(),
            metrics: {
                // A metric that somebody asked for by name has a column, whether or not a task has a value.
                patterns.names().for_each(|name| {
                    metrics.place(name);
                });
                metrics
            },
            rows: Vec::new(),
        };
        Self { collected, sources: HashSet::new() }
    }

    pub fn add(&mut self, planned: PlannedTask, facts: TaskFacts, reading: TaskReading) {
        let Collected { params, metrics, rows, .. } = &mut self.collected;
        for (name, value) in planned.point.iter() {
            let place = params.place(name);
            params.shapes[place].note(&value.into());
        }
        let values = reading.metrics.into_iter().map(|(name, value)| {
            let place = metrics.place(&name);
            metrics.shapes[place].note(&value);
            (Arc::clone(&metrics.names[place]), value)
        });
        rows.push(Row {
            task: planned.task,
            id: planned.id,
            params: planned.point,
            facts,
            missing: reading.missing,
            metrics: values.collect(),
            source: reading.source.map(|source| shared(&mut self.sources, &source)),
        });
    }

    pub fn finish(self) -> Collected {
        self.collected
    }
}

fn shared(known: &mut HashSet<Arc<str>>, text: &str) -> Arc<str> {
    if let Some(known) = known.get(text) {
        return Arc::clone(known);
    }
    let text: Arc<str> = text.into();
    known.insert(Arc::clone(&text));
    text
}
