//! Results of real folders, good and bad.

mod aggregating;
mod aside;
mod reading;
mod writing;

use super::*;
use crate::error::Result;
use hsm_core::metrics::Patterns;
use hsm_core::plan::{PlannedTask, Planner};
use hsm_core::point::Point;
use hsm_core::state::TaskState;
use hsm_core::value::{Number, Quantity, Value};
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// A sweep's folder with tasks whose parameter `lr` is 0.10, 0.20, …
struct World {
    folder: TempDir,
    tasks: Vec<(PlannedTask, TaskFacts)>,
}

fn completed() -> TaskFacts {
    TaskFacts {
        state: TaskState::Completed,
        exit_code: Some(0),
        seconds: Some(1.5),
        attempts: 1,
        reason: None,
    }
}

fn point(task: usize) -> Point {
    let quantity = task as f64 / 10.0;
    let number = Number::spelled(format!("{quantity:.2}"), Quantity::Float(quantity));
    Point::new(vec![("lr".to_owned(), Value::Number(number))])
}

impl World {
    /// A sweep of so many tasks, all completed, all folders empty.
    fn new(tasks: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut planner = Planner::new();
        let tasks = (1..=tasks).map(|task| (planner.plan(point(task)).unwrap(), completed())).collect();
        let world = Self { folder, tasks };
        for task in 1..=world.tasks.len() {
            fs::create_dir_all(world.task(task)).unwrap();
        }
        world
    }

    /// A sweep of one task, which has left these files.
    fn with(files: &[(&str, &str)]) -> Self {
        let world = Self::new(1);
        files.iter().for_each(|(name, text)| world.write(1, name, text));
        world
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn task(&self, task: usize) -> PathBuf {
        self.path().join(format!("tasks/task_{task}"))
    }

    fn write(&self, task: usize, name: &str, text: &str) {
        fs::write(self.task(task).join(name), text).unwrap();
    }

    fn collect(&self) -> Collected {
        self.collect_with(&Patterns::default())
    }

    fn collect_with(&self, patterns: &Patterns) -> Collected {
        collect(self.path(), "sweep-1", patterns, self.tasks.iter().cloned().map(Ok)).unwrap()
    }

    /// What the first task's row says.
    fn row(&self) -> String {
        said(&self.collect().rows()[0])
    }

    fn results(&self) -> Vec<String> {
        names(&self.path().join("results"))
    }
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// `metric=value … from file (missing: …)`.
fn said(row: &Row) -> String {
    let metrics = row.metrics().map(|(name, value)| format!("{name}={value}"));
    let source = row.source.iter().map(|source| format!("from {source}"));
    let missing = row.missing.iter().map(|missing| format!("(missing: {missing})"));
    metrics.chain(source).chain(missing).collect::<Vec<_>>().join(" ")
}
