//! The ledger: what is known of every task, by folding a journal's records. Readers (`status`) need no more than this.

use super::away::Away;
use super::jobs::JobEntry;
use crate::journal::{Ending, Fate, PluginUse, Record};
use crate::state::TaskState;
use crate::task_set::TaskSet;
use std::collections::BTreeMap;

/// How many tasks are in each state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts([u64; TaskState::ALL.len()]);

impl Counts {
    /// The number of tasks in `state`.
    #[must_use]
    pub fn of(&self, state: TaskState) -> u64 {
        self.0[state as usize]
    }

    /// The number of tasks.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.0.iter().sum()
    }

    /// Counts one task that was counted under `from` under `to`.
    pub fn change(&mut self, from: TaskState, to: TaskState) {
        self.0[from as usize] -= 1;
        self.0[to as usize] += 1;
    }

    /// Whether no task is queued or running.
    #[must_use]
    pub fn all_final(&self) -> bool {
        self.of(TaskState::Queued) + self.of(TaskState::Running) == 0
    }
}

/// What is known of one task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its state.
    pub state: TaskState,
    /// How many times it was started.
    pub attempts: u32,
    /// When its newest attempt started, in milliseconds since 1970; 0 when none did.
    pub started_ms: u64,
    /// When its newest attempt ended; 0 when it did not.
    pub ended_ms: u64,
    /// How its newest attempt ended.
    pub ending: Option<Ending>,
    /// Its process and that process's start, while it runs.
    pub process: Option<(u32, u64)>,
    /// The machine that its newest attempt ran on, as one more than its place in the ledger's list; 0 where it is not known.
    node: u32,
}

impl Entry {
    const PLANNED: Self = Self {
        state: TaskState::Queued,
        attempts: 0,
        started_ms: 0,
        ended_ms: 0,
        ending: None,
        process: None,
        node: 0,
    };

    /// How long the newest attempt ran, in milliseconds, where both ends are known.
    #[must_use]
    pub fn duration_ms(&self) -> Option<u64> {
        (self.started_ms > 0 && self.ended_ms > 0).then(|| self.ended_ms.saturating_sub(self.started_ms))
    }
}

/// What is known of every task of a sweep.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    entries: Vec<Entry>,
    counts: Counts,
    unsent: TaskSet,
    largest_started: u64,
    plugins: Vec<PluginUse>,
    jobs: Vec<JobEntry>,
    away: Away,
    /// The sources that do not answer: why, and since when.
    silent: BTreeMap<String, (String, u64)>,
    held: Option<String>,
    /// The machines of a scheduler that tasks ran on: a few names for many tasks.
    nodes: Vec<String>,
}

impl Ledger {
    /// A ledger of `tasks` planned tasks to which nothing happened yet.
    #[must_use]
    pub fn new(tasks: u64) -> Self {
        let mut ledger = Self::default();
        ledger.grow(tasks);
        ledger
    }

    /// Makes room for a plan that has grown to `tasks` tasks; smaller numbers change nothing.
    pub fn grow(&mut self, tasks: u64) {
        let known = self.entries.len();
        let wanted = usize::try_from(tasks).unwrap_or(usize::MAX);
        if wanted > known {
            self.entries.resize(wanted, Entry::PLANNED);
            self.counts.0[TaskState::Queued as usize] += (wanted - known) as u64;
            self.unsent.insert_range(known as u64 + 1, tasks);
        }
    }

    /// How many tasks there are.
    #[must_use]
    pub fn tasks(&self) -> u64 {
        self.entries.len() as u64
    }

    /// What is known of `task`; nothing when the plan has no such task.
    #[must_use]
    pub fn get(&self, task: u64) -> Option<&Entry> {
        self.entries.get(Self::index(task)?)
    }

    /// Every task with what is known of it, ascending.
    pub fn iter(&self) -> impl Iterator<Item = (u64, &Entry)> {
        self.entries.iter().enumerate().map(|(i, entry)| (i as u64 + 1, entry))
    }

    /// How many tasks are in each state.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// The largest number of a task that was ever started; more than there are tasks when the plan has lost some.
    #[must_use]
    pub fn largest_started(&self) -> u64 {
        self.largest_started
    }

    /// The tasks that nobody ever put in a queue: planned, and not sent anywhere.
    #[must_use]
    pub fn unsent(&self) -> &TaskSet {
        &self.unsent
    }

    /// The plugins that took part, in the order in which they first did.
    #[must_use]
    pub fn plugins(&self) -> &[PluginUse] {
        &self.plugins
    }

    /// Every submission to a scheduler, in order.
    #[must_use]
    pub fn jobs(&self) -> &[JobEntry] {
        &self.jobs
    }

    /// What tasks left on other machines and is not home yet.
    #[must_use]
    pub fn away(&self) -> &Away {
        &self.away
    }

    /// The compute sources that do not answer, with why and since when, in milliseconds since 1970.
    pub fn silent(&self) -> impl Iterator<Item = (&str, &str, u64)> {
        self.silent.iter().map(|(source, (why, at_ms))| (source.as_str(), why.as_str(), *at_ms))
    }

    /// Why nothing more is handed to a scheduler.
    #[must_use]
    pub fn held(&self) -> Option<&str> {
        self.held.as_deref()
    }

    /// The machine that the newest attempt at `task` ran on, where a scheduler chose it.
    #[must_use]
    pub fn node_of(&self, task: u64) -> Option<&str> {
        let place = usize::try_from(self.get(task)?.node.checked_sub(1)?).ok()?;
        self.nodes.get(place).map(String::as_str)
    }

    /// The newest submission that `task` was part of.
    #[must_use]
    pub fn job_of(&self, task: u64) -> Option<&JobEntry> {
        self.jobs.iter().rev().find(|job| job.tasks.contains(task))
    }

    /// Takes one record into account. Records about tasks that the plan does not have are ignored: a plan only ever grows, and the
    /// reader may have seen it a moment earlier than the journal.
    pub fn apply(&mut self, record: &Record) {
        self.away.apply(record);
        match record {
            Record::Queued { tasks, .. } => {
                for (first, last) in tasks.ranges() {
                    for task in first..=last.min(self.tasks()) {
                        self.set_state(task, TaskState::Queued);
                    }
                }
                self.unsent = self.unsent.iter().filter(|task| !tasks.contains(*task)).collect();
            }
            Record::Starting { task, attempt, at_ms } => {
                self.largest_started = self.largest_started.max(*task);
                self.set_state(*task, TaskState::Running);
                self.unsent.remove(*task);
                self.update(*task, |entry| {
                    *entry = Entry {
                        state: TaskState::Running,
                        attempts: *attempt,
                        started_ms: *at_ms,
                        ..Entry::PLANNED
                    };
                });
            }
            Record::Started { task, pid, pid_start } => {
                self.update(*task, |entry| entry.process = Some((*pid, *pid_start)));
            }
            Record::Unqueued { tasks, at_ms } => {
                for (first, last) in tasks.ranges() {
                    for task in first..=last.min(self.tasks()) {
                        self.end(task, *at_ms, &Ending::Cancelled);
                    }
                }
            }
            Record::Ended { task, at_ms, ending, .. } => self.end(*task, *at_ms, ending),
            Record::Submitting { tasks, .. } => {
                self.jobs.extend(JobEntry::of(record));
                for task in tasks.iter() {
                    // Why it was not sent before is no news of a task that is sent.
                    self.update(task, |entry| {
                        entry.ending.take_if(|ending| matches!(ending, Ending::NotStarted(_)));
                    });
                }
                self.unsent = self.unsent.iter().filter(|task| !tasks.contains(*task)).collect();
            }
            Record::Submitted { token, .. } | Record::Waiting { token, .. } => self.tell_job(token, record),
            Record::Refused { token, fate, why, at_ms } => {
                let tasks = self.jobs.iter().rfind(|job| job.token == *token).map(|job| job.tasks.clone());
                self.tell_job(token, record);
                self.take_back(&tasks.unwrap_or_default(), *fate, why, *at_ms);
            }
            Record::Withdrawn { tasks, fate, why, at_ms, .. } => self.take_back(tasks, *fate, why, *at_ms),
            Record::Began { task, attempt, at_ms, node } => {
                self.largest_started = self.largest_started.max(*task);
                self.set_state(*task, TaskState::Running);
                let (state, attempts, started_ms) = (TaskState::Running, *attempt, *at_ms);
                let node = self.place_of(node);
                self.update(*task, |entry| {
                    *entry = Entry { state, attempts, started_ms, node, ..Entry::PLANNED };
                });
            }
            Record::Silent { source, why, at_ms } => {
                self.silent.remove(source);
                if !why.is_empty() {
                    self.silent.insert(source.clone(), (why.clone(), *at_ms));
                }
            }
            Record::Held { why, .. } => self.held = (!why.is_empty()).then(|| why.clone()),
            Record::Abandoned { tasks, .. } => {
                for task in tasks.iter() {
                    let ending = self.get(task).and_then(|entry| entry.ending.as_ref());
                    let before = ending.map_or_else(|| "running".to_owned(), ToString::to_string);
                    let at_ms = self.get(task).map_or(0, |entry| entry.ended_ms);
                    self.end(task, at_ms, &Ending::Abandoned(before));
                }
                for job in &mut self.jobs {
                    job.abandoned |= tasks.iter().any(|task| job.tasks.contains(task));
                }
            }
            Record::Plugin(plugin) => {
                if !self.plugins.contains(plugin) {
                    self.plugins.push(plugin.clone());
                }
            }
            Record::Accepted { .. }
            | Record::Launch { .. }
            | Record::Found { .. }
            | Record::CancelAsked { .. }
            | Record::Home { .. }
            | Record::Note { .. }
            | Record::Closed { .. }
            | Record::Other => {}
        }
    }

    /// What becomes of tasks that their submission did not run.
    fn take_back(&mut self, tasks: &TaskSet, fate: Fate, why: &str, at_ms: u64) {
        for (first, last) in tasks.ranges() {
            for task in first..=last.min(self.tasks()) {
                if fate == Fate::Cancelled {
                    self.end(task, at_ms, &Ending::Cancelled);
                    continue;
                }
                self.set_state(task, TaskState::Queued);
                let ending = (fate == Fate::Unsent).then(|| Ending::NotStarted(why.to_owned()));
                self.update(task, |entry| entry.ending = ending);
                if fate == Fate::Unsent {
                    self.unsent.insert(task);
                }
            }
        }
    }

    /// One more than the place of `node` in the list, in which it is from here on.
    fn place_of(&mut self, node: &str) -> u32 {
        let place = self.nodes.iter().position(|known| known == node).unwrap_or_else(|| {
            self.nodes.push(node.to_owned());
            self.nodes.len() - 1
        });
        u32::try_from(place + 1).unwrap_or(0)
    }

    fn tell_job(&mut self, token: &str, record: &Record) {
        if let Some(job) = self.jobs.iter_mut().rfind(|job| job.token == token) {
            job.apply(record);
        }
    }

    fn end(&mut self, task: u64, at_ms: u64, ending: &Ending) {
        self.set_state(task, ending.state());
        self.update(task, |entry| {
            entry.ended_ms = at_ms;
            entry.ending = Some(ending.clone());
            entry.process = None;
        });
    }

    fn set_state(&mut self, task: u64, state: TaskState) {
        let Some(entry) = Self::index(task).and_then(|i| self.entries.get_mut(i)) else { return };
        self.counts.change(entry.state, state);
        entry.state = state;
    }

    fn update(&mut self, task: u64, change: impl FnOnce(&mut Entry)) {
        if let Some(entry) = Self::index(task).and_then(|i| self.entries.get_mut(i)) {
            change(entry);
        }
    }

    fn index(task: u64) -> Option<usize> {
        usize::try_from(task.checked_sub(1)?).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_that_runs_again_forgets_how_it_ended_before() {
        let mut ledger = Ledger::new(2);
        let start = |attempt, at_ms| Record::Starting { task: 1, attempt, at_ms };
        ledger.apply(&Record::Queued { tasks: TaskSet::range(1, 1), at_ms: 1 });
        assert_eq!(ledger.unsent().to_string(), "2");
        ledger.apply(&start(1, 10));
        ledger.apply(&Record::Ended { task: 1, attempt: 1, at_ms: 30, ending: Ending::Exited(3) });
        let entry = ledger.get(1).cloned().unwrap();
        assert_eq!((entry.state, entry.duration_ms()), (TaskState::Failed, Some(20)));
        ledger.apply(&start(2, 40));
        let entry = ledger.get(1).cloned().unwrap();
        assert_eq!((entry.state, entry.attempts, entry.ending), (TaskState::Running, 2, None));
        assert_eq!(ledger.counts().of(TaskState::Queued), 1);
        assert_eq!(ledger.counts().total(), 2);
    }

    #[test]
    fn a_task_that_is_sent_after_all_forgets_why_it_was_not() {
        let mut ledger = Ledger::new(2);
        let submitting = |token: &str| Record::Submitting {
            token: token.to_owned(),
            source: "slurm".to_owned(),
            away: false,
            tasks: TaskSet::range(1, 2),
            tasks_per_element: 1,
            at_ms: 1,
        };
        ledger.apply(&submitting("a"));
        let why = "no such partition".to_owned();
        ledger.apply(&Record::Refused {
            token: "a".to_owned(),
            fate: Fate::Unsent,
            why: why.clone(),
            at_ms: 2,
        });
        assert_eq!(ledger.get(2).unwrap().ending, Some(Ending::NotStarted(why)));
        assert_eq!(ledger.unsent().len(), 2);
        ledger.apply(&submitting("b"));
        assert_eq!((ledger.get(2).unwrap().ending.clone(), ledger.unsent().len()), (None, 0));
    }

    #[test]
    fn a_task_is_known_by_its_newest_machine() {
        let mut ledger = Ledger::new(3);
        let began = |task, node: &str| Record::Began { task, attempt: 1, node: node.to_owned(), at_ms: 1 };
        for (task, node) in [(1, "n1"), (2, "n2"), (1, "n2")] {
            ledger.apply(&began(task, node));
        }
        assert_eq!([1, 2, 3].map(|task| ledger.node_of(task)), [Some("n2"), Some("n2"), None]);
        ledger.apply(&Record::Ended { task: 1, attempt: 1, at_ms: 2, ending: Ending::Exited(1) });
        assert_eq!(ledger.node_of(1), Some("n2"), "also once it ended");
        ledger.apply(&Record::Starting { task: 1, attempt: 2, at_ms: 3 });
        assert_eq!(ledger.node_of(1), None, "this machine has no name there");
    }

    #[test]
    fn tasks_that_the_plan_does_not_have_change_nothing() {
        let mut ledger = Ledger::new(1);
        ledger.apply(&Record::Starting { task: 9, attempt: 1, at_ms: 1 });
        ledger.apply(&Record::Queued { tasks: TaskSet::range(1, 900), at_ms: 1 });
        assert_eq!(ledger.counts().total(), 1);
        assert!(ledger.get(0).is_none() && ledger.get(9).is_none());
    }
}
