//! The state machine itself.

use super::exchange::{Action, Durability, Event, Limits, Now, Step};
use super::jobs::{Sent, SentJobs};
use super::ledger::Ledger;
use crate::journal::{Ending, Record};
use crate::state::TaskState;
use crate::task_set::TaskSet;
use serde_json::value::RawValue;
use std::collections::{BTreeMap, BTreeSet};

/// Why a task is being stopped, and when it is killed if it has not ended by then.
#[derive(Clone, Copy, Debug)]
struct Stopping {
    because_cancelled: bool,
    kill_at_ms: u64,
    killed: bool,
}

/// A sweep's tasks, and what should happen next.
#[derive(Clone, Debug)]
pub struct Campaign {
    limits: Limits,
    pub(super) ledger: Ledger,
    pub(super) queue: TaskSet,
    running: BTreeMap<u64, Option<Stopping>>,
    pub(super) sent: SentJobs,
    accepted: BTreeSet<String>,
    launch: Option<Box<RawValue>>,
    held: Option<String>,
}

impl Campaign {
    /// A campaign over `tasks` planned tasks to which nothing happened yet.
    #[must_use]
    pub fn new(tasks: u64, limits: Limits) -> Self {
        Self {
            limits,
            ledger: Ledger::new(tasks),
            queue: TaskSet::default(),
            running: BTreeMap::new(),
            sent: SentJobs::default(),
            accepted: BTreeSet::new(),
            launch: None,
            held: None,
        }
    }

    /// Takes one record of a journal into account.
    pub fn apply(&mut self, record: &Record) {
        match record {
            Record::Accepted { request } => {
                self.accepted.insert(request.clone());
            }
            Record::Launch { launch } => self.launch = Some(launch.clone()),
            Record::Queued { tasks, .. } => {
                for (first, last) in tasks.ranges() {
                    self.queue.insert_range(first, last.min(self.ledger.tasks()));
                }
            }
            Record::Starting { task, .. } => {
                self.queue.remove(*task);
                self.running.insert(*task, None);
            }
            Record::CancelAsked { tasks, now, at_ms } => self.mark_cancelled(tasks, *now, *at_ms),
            Record::Unqueued { tasks, .. } => {
                for task in tasks.iter() {
                    self.queue.remove(task);
                }
            }
            Record::Ended { task, .. } => {
                self.running.remove(task);
            }
            Record::Submitting { tasks, .. } | Record::Withdrawn { tasks, .. } => {
                self.queue.remove_all(tasks);
            }
            Record::Held { why, .. } => self.held = (!why.is_empty()).then(|| why.clone()),
            Record::Started { .. }
            | Record::Found { .. }
            | Record::Submitted { .. }
            | Record::Refused { .. }
            | Record::Began { .. }
            | Record::Waiting { .. }
            | Record::Abandoned { .. }
            | Record::Silent { .. }
            | Record::Home { .. }
            | Record::Plugin(_)
            | Record::Note { .. }
            | Record::Closed { .. }
            | Record::Other => {}
        }
        for (first, last) in self.sent.apply(record).ranges() {
            self.queue.insert_range(first, last.min(self.ledger.tasks()));
        }
        self.ledger.apply(record);
    }

    /// What follows from `events`.
    pub fn step(&mut self, events: &[Event], now: Now) -> Step {
        let mut step = Step { records: Vec::new(), durability: Durability::Written, actions: Vec::new() };
        for event in events {
            self.take(event, now.ms, &mut step);
        }
        self.stop_overdue(now.ms, &mut step);
        self.start_queued(now.ms, now.free_slots, &mut step);
        for room in now.rooms {
            self.submit_queued(now.ms, room, &mut step);
        }
        step
    }

    /// When to take a step even if nothing happens, in milliseconds since 1970.
    #[must_use]
    pub fn next_deadline_ms(&self) -> Option<u64> {
        self.running
            .iter()
            .filter_map(|(task, stopping)| match stopping {
                Some(stopping) if stopping.killed => None,
                Some(stopping) => Some(stopping.kill_at_ms),
                None => self.walltime_ends_ms(*task),
            })
            .min()
    }

    /// What is known of every task.
    #[must_use]
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// The tasks that were started and are not known to have ended.
    pub fn running(&self) -> impl Iterator<Item = u64> + '_ {
        self.running.keys().copied()
    }

    /// How many tasks wait for a slot.
    #[must_use]
    pub fn queued(&self) -> u64 {
        self.queue.len()
    }

    /// Whether nothing is queued, nothing runs, and what ended elsewhere is home.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.queue.is_empty()
            && self.running.is_empty()
            && self.sent.is_idle()
            && self.ledger.away().is_empty()
    }

    /// The submissions that are not over, by token.
    pub fn sent(&self) -> impl Iterator<Item = (&str, &Sent)> {
        self.sent.iter()
    }

    /// The submission with this token, unless it is over.
    #[must_use]
    pub fn sent_as(&self, token: &str) -> Option<&Sent> {
        self.sent.get(token)
    }

    /// Why nothing more is handed to a scheduler.
    #[must_use]
    pub fn held(&self) -> Option<&str> {
        self.held.as_deref()
    }

    /// How tasks are started, as the newest request that said so has it.
    #[must_use]
    pub fn launch(&self) -> Option<&RawValue> {
        self.launch.as_deref()
    }

    /// Makes room for a plan that has grown.
    pub fn grow(&mut self, tasks: u64) {
        self.ledger.grow(tasks);
    }

    /// Changes what tasks are held to, from here on.
    pub fn set_limits(&mut self, limits: Limits) {
        self.limits = limits;
    }

    pub(super) fn record(&mut self, record: Record, step: &mut Step) {
        self.apply(&record);
        step.records.push(record);
    }

    fn take(&mut self, event: &Event, now_ms: u64, step: &mut Step) {
        match event {
            Event::Queue { request, tasks, launch, remarks } => {
                if self.is_new(request, step) {
                    for remark in remarks {
                        self.record(remark.clone(), step);
                    }
                    self.take_queue(tasks, launch.as_deref(), now_ms, step);
                    self.record(Record::Accepted { request: request.clone() }, step);
                }
            }
            Event::Cancel { request, tasks, now } => {
                if self.is_new(request, step) {
                    self.take_cancel(tasks, *now, now_ms, step);
                    self.record(Record::Accepted { request: request.clone() }, step);
                }
            }
            Event::Started { task, pid, pid_start } => {
                self.record(Record::Started { task: *task, pid: *pid, pid_start: *pid_start }, step);
            }
            Event::Ended { task, ending } => self.take_end(*task, ending.clone(), now_ms, step),
            Event::Found { task } => self.record(Record::Found { task: *task }, step),
            Event::Gone { task } => self.take_end(*task, Ending::Unseen, now_ms, step),
            Event::Release { request } => {
                if self.is_new(request, step) {
                    self.record(Record::Held { why: String::new(), at_ms: now_ms }, step);
                    step.actions.push(Action::Release);
                    self.record(Record::Accepted { request: request.clone() }, step);
                }
            }
            Event::Hold { why } if self.held.is_none() => {
                self.record(Record::Held { why: why.clone(), at_ms: now_ms }, step);
                step.actions.push(Action::Hold);
            }
            Event::Abandon { request, tasks, again } => {
                if self.is_new(request, step) {
                    self.take_abandon(tasks, *again, now_ms, step);
                    self.record(Record::Accepted { request: request.clone() }, step);
                }
            }
            Event::Silent { source, why } => {
                let (source, why) = (source.clone(), why.clone());
                self.record(Record::Silent { source, why, at_ms: now_ms }, step);
            }
            Event::Home { tasks } => {
                self.record(Record::Home { tasks: tasks.clone(), at_ms: now_ms }, step);
            }
            Event::Note { text } => {
                self.record(Record::Note { text: text.clone(), at_ms: now_ms }, step);
            }
            Event::Tick => {}
            of_a_job => self.take_job_event(of_a_job, now_ms, step),
        }
    }

    /// Whether a request has not been taken up before; otherwise only its removal from the mailbox was missed.
    ///
    /// That it was taken up is recorded *after* what follows from it: a write may be torn anywhere, and a request that counts as
    /// taken up while its tasks are in no queue would be lost. What follows from a request taken up twice is nothing new.
    fn is_new(&mut self, request: &str, step: &mut Step) -> bool {
        step.actions.push(Action::Forget { request: request.to_owned() });
        if self.accepted.contains(request) {
            return false;
        }
        step.durability = Durability::Synced;
        true
    }

    fn take_queue(&mut self, tasks: &TaskSet, launch: Option<&RawValue>, now_ms: u64, step: &mut Step) {
        if let Some(launch) = launch {
            self.record(Record::Launch { launch: launch.to_owned() }, step);
        }
        let startable = |task: &u64| {
            !self.running.contains_key(task)
                && !self.queue.contains(*task)
                && !self.sent.has_open(*task)
                && self.ledger.get(*task).is_some_and(|entry| {
                    let may_live = entry.ending.as_ref().is_some_and(Ending::may_live);
                    entry.state != TaskState::Completed && !may_live
                })
        };
        let tasks: TaskSet = tasks.iter().filter(startable).collect();
        if !tasks.is_empty() {
            self.record(Record::Queued { tasks, at_ms: now_ms }, step);
        }
    }

    fn take_cancel(&mut self, tasks: &TaskSet, now: bool, now_ms: u64, step: &mut Step) {
        let queued: TaskSet = self.queue.iter().filter(|task| tasks.contains(*task)).collect();
        if !queued.is_empty() {
            self.record(Record::Unqueued { tasks: queued, at_ms: now_ms }, step);
        }
        let mut running: TaskSet =
            self.running.keys().copied().filter(|task| tasks.contains(*task)).collect();
        let mut recalled = Vec::new();
        for (token, sent) in self.sent.iter() {
            let before = running.len();
            for task in sent.open.iter().filter(|task| tasks.contains(*task)) {
                running.insert(task);
            }
            if running.len() > before {
                recalled.push(token.to_owned());
            }
        }
        if running.is_empty() {
            return;
        }
        // Terminate also before a kill at once: the kill itself follows in `stop_overdue`, in this very step.
        let fresh: Vec<u64> =
            running.iter().filter(|task| self.running.get(task).is_some_and(Option::is_none)).collect();
        self.record(Record::CancelAsked { tasks: running, now, at_ms: now_ms }, step);
        if !now {
            step.actions.extend(fresh.into_iter().map(|task| Action::Terminate { task }));
        }
        step.actions.extend(recalled.into_iter().map(|token| Action::Recall { token }));
    }

    fn take_end(&mut self, task: u64, ending: Ending, now_ms: u64, step: &mut Step) {
        let Some(stopping) = self.running.get(&task).copied() else { return };
        let attempt = self.ledger.get(task).map_or(1, |entry| entry.attempts);
        let ending = self.explain(ending, stopping);
        self.record(Record::Ended { task, attempt, at_ms: now_ms, ending }, step);
    }

    /// Tells an end that we brought about from one of the task's own. A task that completes although it was asked to stop has completed.
    fn explain(&self, ending: Ending, stopping: Option<Stopping>) -> Ending {
        match (stopping, ending) {
            (_, Ending::Exited(0)) => Ending::Exited(0),
            (_, Ending::NotStarted(why)) => Ending::NotStarted(why),
            (Some(stopping), _) if stopping.because_cancelled => Ending::Cancelled,
            (Some(_), Ending::Exited(_) | Ending::Signalled(_) | Ending::Unseen) => {
                Ending::TimedOut(self.limits.walltime_ms.unwrap_or(0) / 1000)
            }
            (_, ending) => ending,
        }
    }

    fn mark_cancelled(&mut self, tasks: &TaskSet, now: bool, at_ms: u64) {
        let kill_at_ms = if now { at_ms } else { at_ms.saturating_add(self.limits.grace_ms) };
        for task in tasks.iter() {
            if let Some(stopping) = self.running.get_mut(&task) {
                // Asking again may hasten the end, never put it off.
                let (earlier, killed) =
                    stopping.map_or((u64::MAX, false), |before| (before.kill_at_ms, before.killed));
                *stopping =
                    Some(Stopping { because_cancelled: true, kill_at_ms: kill_at_ms.min(earlier), killed });
            }
        }
    }

    fn walltime_ends_ms(&self, task: u64) -> Option<u64> {
        Some(self.ledger.get(task)?.started_ms.saturating_add(self.limits.walltime_ms?))
    }

    /// Stops what ran out of walltime and kills what ran out of grace. Neither is recorded: a driver that replays the journal finds the
    /// same deadlines passed and does the same again, and stopping twice is stopping.
    fn stop_overdue(&mut self, now_ms: u64, step: &mut Step) {
        let overdue: Vec<u64> = self
            .running
            .iter()
            .filter(|(task, stopping)| {
                stopping.is_none() && self.walltime_ends_ms(**task).is_some_and(|ends_ms| ends_ms <= now_ms)
            })
            .map(|(task, _)| *task)
            .collect();
        for task in overdue {
            step.actions.push(Action::Terminate { task });
            let kill_at_ms = now_ms.saturating_add(self.limits.grace_ms);
            self.running.insert(task, Some(Stopping { because_cancelled: false, kill_at_ms, killed: false }));
        }
        for (task, stopping) in &mut self.running {
            if let Some(stopping) = stopping.as_mut().filter(|s| !s.killed && s.kill_at_ms <= now_ms) {
                stopping.killed = true;
                step.actions.push(Action::Kill { task: *task });
            }
        }
    }

    fn start_queued(&mut self, now_ms: u64, free_slots: usize, step: &mut Step) {
        for _ in 0..free_slots {
            let Some(task) = self.queue.first() else { return };
            let attempt = self.ledger.get(task).map_or(0, |entry| entry.attempts) + 1;
            self.record(Record::Starting { task, attempt, at_ms: now_ms }, step);
            step.actions.push(Action::Start { task, attempt });
        }
    }
}
