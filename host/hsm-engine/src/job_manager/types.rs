//! What goes into [`JobManager`](super::JobManager) and what comes out of it.

use super::watch::Seen;
use crate::batch::TallyLine;
use crate::lease::Driver;
use crate::sweep_dir::SweepDir;
use hsm_core::campaign::{Counts, JobEntry, Ledger, Progress};
use hsm_core::command::Launch;
use hsm_core::journal::Ending;
use hsm_core::journal::PluginUse;
use hsm_core::plan::SearchPoints;
use hsm_core::point::Point;
use hsm_core::roles::{Failure, Search};
use hsm_core::state::TaskState;
use hsm_core::sweep_id::SweepId;
use hsm_core::task_set::TaskSet;
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

/// One task of one sweep. Its text form is `SWEEP/TASK`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JobId {
    sweep_dir: Arc<Path>,
    task: u64,
}

impl JobId {
    pub(super) fn all(dir: &SweepDir, tasks: u64) -> Vec<Self> {
        let sweep_dir: Arc<Path> = Arc::from(dir.root());
        (1..=tasks).map(|task| Self { sweep_dir: Arc::clone(&sweep_dir), task }).collect()
    }

    /// The folder of the sweep.
    #[must_use]
    pub fn sweep_dir(&self) -> &Path {
        &self.sweep_dir
    }

    /// The number of the task, from 1.
    #[must_use]
    pub fn task(&self) -> u64 {
        self.task
    }
}

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sweep = self.sweep_dir.file_name().unwrap_or_default().to_string_lossy();
        write!(f, "{sweep}/{}", self.task)
    }
}

/// The points of a sweep, from wherever they come: a list, a [`Search`], or an iterator.
pub struct Points(Box<dyn Iterator<Item = Result<Point, Failure>> + Send>);

impl Points {
    /// The points of an iterator that may fail.
    pub fn new(points: impl Iterator<Item = Result<Point, Failure>> + Send + 'static) -> Self {
        Self(Box::new(points))
    }
}

impl fmt::Debug for Points {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Points")
    }
}

impl Iterator for Points {
    type Item = Result<Point, Failure>;

    fn next(&mut self) -> Option<Self::Item> {
        self.0.next()
    }
}

impl From<Vec<Point>> for Points {
    fn from(points: Vec<Point>) -> Self {
        Self::new(points.into_iter().map(Ok))
    }
}

impl From<Box<dyn Search>> for Points {
    fn from(search: Box<dyn Search>) -> Self {
        Self::new(SearchPoints::new(search))
    }
}

/// What a sweep runs, and what to remember of it.
#[derive(Clone, Debug)]
pub struct SubmitOptions {
    /// How a point becomes a command.
    pub launch: Launch,
    /// The text of the sweep file, kept as it was given; empty where there is none.
    pub definition: String,
    /// Plan no more than the first so many points.
    pub max_runs: Option<u64>,
    /// The plugins that took part in making the points.
    pub plugins: Vec<PluginUse>,
    /// The commands that were run for its scheduler beforehand, for its tally.
    pub asked: Vec<TallyLine>,
}

impl SubmitOptions {
    /// Options for a sweep without a file.
    #[must_use]
    pub fn new(launch: Launch) -> Self {
        Self { launch, definition: String::new(), max_runs: None, plugins: Vec::new(), asked: Vec::new() }
    }
}

/// What is known of one task at a moment.
#[derive(Clone, Debug, PartialEq)]
pub struct TaskStatus {
    /// Its number.
    pub task: u64,
    /// Its state.
    pub state: TaskState,
    /// The exit code of its newest attempt, where it ended with one.
    pub exit_code: Option<i32>,
    /// Why it is in this state, where there is more to say.
    pub reason: Option<String>,
    /// When its newest attempt started, in milliseconds since 1970.
    pub started_ms: Option<u64>,
    /// When its newest attempt ended.
    pub ended_ms: Option<u64>,
    /// How many attempts there were.
    pub attempts: u32,
    /// The machine that its newest attempt ran on, where a scheduler chose it.
    pub node: Option<String>,
}

/// What is known of a sweep at a moment.
#[derive(Clone, Debug)]
pub struct SweepStatus {
    /// The sweep.
    pub sweep_id: SweepId,
    /// Its folder.
    pub sweep_dir: PathBuf,
    /// Where its tasks run.
    pub source: String,
    /// How many tasks are in each state.
    pub counts: Counts,
    /// How many tasks are planned and were never given to a driver.
    pub unsent: u64,
    /// Who drives it.
    pub driver: Driver,
    /// What people should know of the sweep's files, such as a damaged line of its journal.
    pub warnings: Vec<String>,
    /// What keeps its driver from going on for now.
    pub trouble: Option<String>,
    pub(super) ledger: Arc<Ledger>,
    /// Tasks of which this machine knows better than the journal, as no driver lives to write there.
    pub(super) seen: Seen,
}

impl SweepStatus {
    /// What is known of every task, ascending.
    pub fn tasks(&self) -> impl Iterator<Item = TaskStatus> + '_ {
        (1..=self.ledger.tasks()).filter_map(|task| self.task(task))
    }

    /// What is known of one task.
    #[must_use]
    pub fn task(&self, task: u64) -> Option<TaskStatus> {
        let entry = self.ledger.get(task)?;
        let some_time = |ms: u64| (ms > 0).then_some(ms);
        let seen = self.seen.get(&task);
        let ended = entry.ending.as_ref().filter(|ending| **ending != Ending::Exited(0));
        Some(TaskStatus {
            task,
            state: seen.map_or(entry.state, |(state, _)| *state),
            exit_code: entry.ending.as_ref().and_then(Ending::exit_code),
            reason: seen.map(|(_, why)| (*why).to_owned()).or_else(|| ended.map(ToString::to_string)),
            started_ms: some_time(entry.started_ms),
            ended_ms: some_time(entry.ended_ms),
            attempts: entry.attempts,
            node: self.ledger.node_of(task).map(str::to_owned),
        })
    }

    /// The class of a task that did not complete.
    #[must_use]
    pub fn class(&self, task: u64) -> Option<TaskClass> {
        let entry = self.ledger.get(task)?;
        let state = self.seen.get(&task).map_or(entry.state, |(state, _)| *state);
        Some(match state {
            TaskState::Queued => TaskClass::Missing,
            TaskState::Failed if matches!(entry.ending, Some(Ending::TimedOut(_))) => TaskClass::Timeout,
            TaskState::Failed if matches!(entry.ending, Some(Ending::OutOfMemory(_))) => TaskClass::Memory,
            TaskState::Failed if matches!(entry.ending, Some(Ending::Preempted(_))) => TaskClass::Preempted,
            TaskState::Failed => TaskClass::Failed,
            TaskState::Cancelled => TaskClass::Cancelled,
            TaskState::Unknown => TaskClass::Unknown,
            TaskState::Running | TaskState::Completed => return None,
        })
    }

    /// Whether a task may run still, though it counts as ended: its machine failed, or the scheduler thinks so, or its job was forgotten.
    #[must_use]
    pub fn may_live(&self, task: u64) -> bool {
        let ending = self.ledger.get(task).and_then(|entry| entry.ending.as_ref());
        !self.seen.contains_key(&task) && ending.is_some_and(Ending::may_live)
    }

    /// Whether tasks have left records of their ends that no driver has read.
    pub(super) fn has_unread_records(&self) -> bool {
        self.seen.values().any(|(state, _)| matches!(state, TaskState::Completed | TaskState::Failed))
    }

    /// Every submission to a scheduler, in order.
    #[must_use]
    pub fn jobs(&self) -> &[JobEntry] {
        self.ledger.jobs()
    }

    /// The tasks of which something may run on another machine, or was left there and is not home.
    #[must_use]
    pub fn tied_to_machines(&self) -> TaskSet {
        let mut tied = TaskSet::default();
        self.ledger.away().iter().for_each(|(_, tasks)| tied.insert_all(tasks));
        for job in self.jobs().iter().filter(|job| job.away && !matches!(job.progress, Progress::Refused(_)))
        {
            for task in job.tasks.iter().filter(|task| self.may_run(*task)) {
                tied.insert(task);
            }
        }
        tied
    }

    /// Whether a task has not ended as far as anybody can vouch for.
    fn may_run(&self, task: u64) -> bool {
        let open = |task: &TaskStatus| {
            matches!(task.state, TaskState::Queued | TaskState::Running | TaskState::Unknown)
        };
        self.may_live(task) || self.task(task).as_ref().is_some_and(open)
    }

    /// Why nothing more is handed to the scheduler, and what waits there is held.
    #[must_use]
    pub fn held(&self) -> Option<&str> {
        self.ledger.held()
    }

    /// The plugins that took part so far, as the journal has it.
    #[must_use]
    pub fn plugins(&self) -> &[PluginUse] {
        self.ledger.plugins()
    }

    /// Whether no task is queued or running.
    #[must_use]
    pub fn all_final(&self) -> bool {
        self.counts.all_final()
    }

    /// Whether nothing more is to come: no task is queued or running, as far as can be known, and what tasks left elsewhere is home.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.ledger.counts().all_final() && self.all_final() && self.ledger.away().is_empty()
    }

    /// How many tasks' results are still on other machines, by compute source.
    pub fn away(&self) -> impl Iterator<Item = (&str, u64)> {
        self.ledger.away().iter().map(|(source, tasks)| (source, tasks.len()))
    }

    /// The compute sources that do not answer, with why and since when, in milliseconds since 1970.
    pub fn silent(&self) -> impl Iterator<Item = (&str, &str, u64)> {
        self.ledger.silent()
    }

    /// The tasks that were handed to a compute source, and did not end there as far as is known, or whose results are still there.
    #[must_use]
    pub fn at_source(&self, source: &str) -> TaskSet {
        let mut later = TaskSet::default();
        let mut its = self.ledger.away().with(source).cloned().unwrap_or_default();
        for job in self.jobs().iter().rev().filter(|job| job.refusal().is_none()) {
            for task in job.tasks.iter() {
                let undecided =
                    |state| matches!(state, TaskState::Queued | TaskState::Running | TaskState::Unknown);
                let entry = self.ledger.get(task);
                if job.source == source
                    && !later.contains(task)
                    && entry.is_some_and(|entry| undecided(entry.state))
                {
                    its.insert(task);
                }
            }
            later.insert_all(&job.tasks);
        }
        its
    }
}

/// Why a task is not done: what `hsm complete --only` chooses by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TaskClass {
    /// It ended badly by itself, or could not be started.
    Failed,
    /// It ran out of its walltime.
    Timeout,
    /// It needed more memory than it was given.
    Memory,
    /// It made room for somebody else's job.
    Preempted,
    /// It was planned and has not been started.
    Missing,
    /// It was stopped because somebody asked for that.
    Cancelled,
    /// Nobody saw how it ended.
    Unknown,
}

impl TaskClass {
    /// Every class.
    pub const ALL: [Self; 7] = [
        Self::Failed,
        Self::Timeout,
        Self::Memory,
        Self::Preempted,
        Self::Missing,
        Self::Cancelled,
        Self::Unknown,
    ];

    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Timeout => "timeout",
            Self::Memory => "memory",
            Self::Preempted => "preempted",
            Self::Missing => "missing",
            Self::Cancelled => "cancelled",
            Self::Unknown => "unknown",
        }
    }
}

impl FromStr for TaskClass {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|class| class.as_str() == text).ok_or_else(|| {
            format!(
                "`{text}` is none of {}",
                Self::ALL.map(|class| format!("`{}`", class.as_str())).join(", ")
            )
        })
    }
}

/// A sweep in a listing.
#[derive(Clone, Debug)]
pub struct SweepSummary {
    /// The sweep.
    pub sweep_id: String,
    /// Its folder.
    pub sweep_dir: PathBuf,
    /// When it was created, in milliseconds since 1970.
    pub created_ms: u64,
    /// What is known of it; nothing for a folder that another tool made.
    pub status: Result<SweepStatus, String>,
}

/// What to stop, and how.
#[derive(Clone, Debug, Default)]
pub struct CancelOptions {
    /// Which tasks; nothing: all.
    pub tasks: Option<TaskSet>,
    /// Kill at once instead of asking first.
    pub now: bool,
}

/// What a cancel was asked of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cancelled {
    /// How many tasks were queued.
    pub queued: u64,
    /// How many were running.
    pub running: u64,
}

/// What to run again, and how.
#[derive(Debug, Default)]
pub struct CompleteOptions {
    /// Only tasks of these classes; nothing: all that are not done.
    pub only: Option<Vec<TaskClass>>,
    /// How a point becomes a command from here on; nothing: as before.
    pub launch: Option<Launch>,
    /// Further points: those that the plan does not have yet are appended to it.
    pub extend: Option<Extension>,
    /// Find out what would be done, and do nothing.
    pub dry_run: bool,
    /// Take the sweep over from another host once its lease has been still for [`STALE_AFTER`](crate::STALE_AFTER).
    pub take_over: bool,
}

/// Points to extend a plan with.
#[derive(Debug)]
pub struct Extension {
    /// The whole space that the sweep is to have.
    pub points: Points,
    /// The text of its sweep file.
    pub definition: String,
    /// The plugins that took part in making the points.
    pub plugins: Vec<PluginUse>,
}

/// What a complete does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Completion {
    /// The tasks that are put in the queue, the appended ones included.
    pub queued: TaskSet,
    /// The tasks that were running when this was asked for; they are waited for.
    pub running: TaskSet,
    /// The tasks that wait at a scheduler already; they are left there, and waited for.
    pub waiting: TaskSet,
    /// The tasks that are not run again because they may run still, on a machine that failed.
    pub may_live: TaskSet,
    /// How many tasks were appended to the plan.
    pub appended: u64,
    /// How many tasks of the plan the extending file does not have; they are kept.
    pub kept: u64,
    /// How the launch differs from the one before, a line each.
    pub changes: Vec<String>,
}

/// A task that did not complete, with what there is to find out why.
#[derive(Clone, Debug)]
pub struct TaskError {
    /// What is known of it.
    pub status: TaskStatus,
    /// Why it is not done.
    pub class: TaskClass,
    /// Whether it may run still, on a machine that failed.
    pub may_live: bool,
    /// The last lines that it wrote to its standard error, as it wrote them.
    pub stderr_tail: String,
    /// Where all of that is.
    pub stderr: PathBuf,
}
