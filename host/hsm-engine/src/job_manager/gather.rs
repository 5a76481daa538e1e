//! Gathering: the table of results, what aggregators make of it, and what is to be known of failures.

use super::{JobManager, SweepStatus, TaskError, TaskStatus};
use crate::error::{Error, ErrorKind, Result};
use crate::mailbox::{self, Request};
use crate::plan_file::PlanFile;
use crate::results::{self, Collected, TaskFacts, WrittenArtifact};
use crate::source::ComputeSource;
use crate::sweep_dir::SweepDir;
use hsm_core::aggregate::BUILTIN_DIGEST;
use hsm_core::journal::PluginUse;
use hsm_core::metrics::Patterns;
use hsm_core::roles::{Aggregator, Loaded};
use hsm_core::sweep::SweepFile;
use hsm_core::task_set::TaskSet;
use std::fs;
use std::path::Path;

/// How much of a task's standard error is shown.
const STDERR_TAIL_BYTES: u64 = 4096;
const STDERR_TAIL_LINES: usize = 10;

impl JobManager {
    /// Reads what the tasks of the sweep in `sweep_dir` left behind and writes `results/table.csv` and `results/table.json`. Every task has
    /// a row; one without metrics says why. A reader of the tables sees the old ones or the new ones, never a part.
    ///
    /// `source` is where the sweep ran, for results that have to be fetched first; those of this machine are here.
    ///
    /// # Errors
    /// [`ErrorKind::Collection`] when results cannot be read or written.
    pub fn collect_results(&self, sweep_dir: &Path, _source: Option<&ComputeSource>) -> Result<Collected> {
        let collected = self.read_results(sweep_dir)?;
        results::write_tables(&collected)?;
        Ok(collected)
    }

    /// What [`collect_results`](Self::collect_results) reads, without writing anything.
    ///
    /// # Errors
    /// As [`collect_results`](Self::collect_results).
    pub fn read_results(&self, sweep_dir: &Path) -> Result<Collected> {
        let dir = self.open(sweep_dir)?;
        let status = self.status(sweep_dir)?;
        let patterns = patterns_of(&dir)?;
        let mut plan = PlanFile::open(&dir.plan())?;
        let tasks = plan.iter().map(|planned| {
            let planned = planned?;
            let facts = facts_of(&status, planned.task);
            Ok((planned, facts))
        });
        results::collect(dir.root(), status.sweep_id.as_str(), &patterns, tasks)
    }

    /// Hands the results to an aggregator and writes what it makes of them to `results/<aggregator>/`: all of it, or nothing.
    ///
    /// # Errors
    /// [`ErrorKind::Plugin`] when the aggregator fails, [`ErrorKind::Collection`] when its artifacts cannot be written.
    pub fn aggregate(
        &self,
        collected: &Collected,
        aggregator: &Loaded<dyn Aggregator>,
        config: &str,
    ) -> Result<Vec<WrittenArtifact>> {
        let artifacts = results::run_aggregator(collected, &*aggregator.role, config)?;
        let written = results::write_artifacts(collected.sweep_dir(), &aggregator.name, &artifacts)?;
        if aggregator.digest != BUILTIN_DIGEST {
            let Loaded { name, digest, .. } = aggregator;
            let used =
                PluginUse { name: name.clone(), role: "aggregator".to_owned(), digest: digest.clone() };
            if let Err(error) = self.note_plugin(collected.sweep_dir(), used) {
                tracing::warn!("the journal does not say that `{name}` took part: {error}");
            }
        }
        Ok(written)
    }

    /// Sees to it that the journal says that a plugin took part. Nothing runs because of it: where tasks still wait for a driver, the
    /// request waits with them.
    fn note_plugin(&self, sweep_dir: &Path, used: PluginUse) -> Result<()> {
        let dir = self.open(sweep_dir)?;
        let status = self.status(sweep_dir)?;
        let (waiting, _) = mailbox::read(&dir.requests()).unwrap_or_default();
        let asked = waiting.iter().any(|letter| match &letter.request {
            Request::Queue { plugins, .. } => plugins.contains(&used),
            Request::Cancel { .. } | Request::Abandon { .. } | Request::Release => false,
        });
        if asked || status.plugins().contains(&used) {
            return Ok(());
        }
        let request = Request::Queue { tasks: TaskSet::default(), plugins: vec![used], notes: Vec::new() };
        mailbox::post(&dir.requests(), request, None)?;
        if status.all_final() { self.drivers.ensure(&dir, false) } else { Ok(()) }
    }

    /// The tasks that ended other than well, with the end of what they wrote to their standard error.
    ///
    /// # Errors
    /// [`ErrorKind::Monitoring`] when the sweep's files cannot be read.
    pub fn errors(&self, sweep_dir: &Path) -> Result<Vec<TaskError>> {
        let dir = self.open(sweep_dir)?;
        let status = self.status(sweep_dir)?;
        let ended_badly = |task: &TaskStatus| task.state.is_final() && task.reason.is_some();
        let errors = status.tasks().filter(ended_badly).filter_map(|task| {
            let (class, may_live) = (status.class(task.task)?, status.may_live(task.task));
            let stderr = dir.task(task.task).join("stderr.log");
            let stderr_tail = results::tail(&dir.task(task.task), "stderr.log", STDERR_TAIL_BYTES);
            let stderr_tail = last_lines(&stderr_tail, STDERR_TAIL_LINES);
            Some(TaskError { status: task, class, may_live, stderr_tail, stderr })
        });
        Ok(errors.collect())
    }
}

fn facts_of(status: &SweepStatus, task: u64) -> TaskFacts {
    let known = status.task(task);
    TaskFacts {
        state: known.as_ref().map_or(hsm_core::state::TaskState::Queued, |known| known.state),
        exit_code: known.as_ref().and_then(|known| known.exit_code),
        seconds: known.as_ref().and_then(seconds_of),
        attempts: known.as_ref().map_or(0, |known| known.attempts),
        reason: known.and_then(|known| known.reason),
    }
}

#[expect(clippy::cast_precision_loss, reason = "milliseconds of a task's duration are far below 2⁵³")]
fn seconds_of(status: &TaskStatus) -> Option<f64> {
    Some(status.ended_ms?.saturating_sub(status.started_ms?) as f64 / 1000.0)
}

/// The `metrics:` patterns of the sweep's definition.
fn patterns_of(dir: &SweepDir) -> Result<Patterns> {
    let path = dir.newest_definition();
    let text =
        fs::read_to_string(&path).map_err(|e| Error::io("read", &path, e).of_kind(ErrorKind::Collection))?;
    if text.trim().is_empty() {
        return Ok(Patterns::default());
    }
    let wrong = |why: String| {
        Error::new(
            ErrorKind::Collection,
            format!("the sweep's own definition cannot be read any more: {why}"),
        )
        .with_hint(format!("correct `{}`", path.display()))
    };
    let parsed =
        SweepFile::parse(&text, &path.display().to_string()).map_err(|found| wrong(found.to_string()))?;
    let pairs = parsed.value.metrics.iter().map(|metric| (metric.name.as_str(), metric.pattern.as_str()));
    Patterns::new(pairs).map_err(|error| wrong(error.to_string()))
}

fn last_lines(text: &str, lines: usize) -> String {
    let all: Vec<&str> = text.lines().collect();
    all[all.len().saturating_sub(lines)..].join("\n")
}
