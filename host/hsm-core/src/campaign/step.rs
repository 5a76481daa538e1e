//! The state machine itself.

use super::ledger::Ledger;
use crate::journal::{Ending, Record};
use crate::state::TaskState;
use crate::task_set::TaskSet;
use serde_json::value::RawValue;
use std::collections::{BTreeMap, BTreeSet};

/// What a campaign holds tasks to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How long one attempt may run, in milliseconds.
    pub walltime_ms: Option<u64>,
    /// How long a task has to end by itself after it was asked to, in milliseconds.
    pub grace_ms: u64,
}

/// The moment a step is taken at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Now {
    /// Milliseconds since 1970; never smaller than in the step before.
    pub ms: u64,
    /// How many tasks could be started right now.
    pub free_slots: usize,
}

/// Something that happened.
#[derive(Clone, Debug)]
pub enum Event {
    /// A request of the mailbox asks to run tasks. Those that are completed, queued or running are left as they are.
    Queue {
        /// The request's name in the mailbox.
        request: String,
        /// Which tasks.
        tasks: TaskSet,
        /// How to start tasks from here on; nothing: as before.
        launch: Option<Box<RawValue>>,
        /// What else to put on record with it: plugins that took part, notes.
        remarks: Vec<Record>,
    },
    /// A request of the mailbox asks to stop tasks.
    Cancel {
        /// The request's name in the mailbox.
        request: String,
        /// Which tasks.
        tasks: TaskSet,
        /// Whether to kill them without a grace.
        now: bool,
    },
    /// A task's process exists.
    Started {
        /// Which.
        task: u64,
        /// Its process.
        pid: u32,
        /// When that process started, in ticks since boot.
        pid_start: u64,
    },
    /// A task's process ended, or could not be started.
    Ended {
        /// Which.
        task: u64,
        /// How.
        ending: Ending,
    },
    /// An earlier driver's task has a living process.
    Found {
        /// Which.
        task: u64,
    },
    /// An earlier driver's task has no living process.
    Gone {
        /// Which.
        task: u64,
    },
    /// The time has come that [`Campaign::next_deadline_ms`] named, or a slot is free.
    Tick,
}

/// Something to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Start a task's attempt.
    Start {
        /// Which.
        task: u64,
        /// Which try at it, from 1.
        attempt: u32,
    },
    /// Ask every process of a task to end.
    Terminate {
        /// Which.
        task: u64,
    },
    /// Kill every process of a task.
    Kill {
        /// Which.
        task: u64,
    },
    /// Remove a request from the mailbox: it is in the journal now.
    Forget {
        /// The request's name.
        request: String,
    },
}

/// How safe records must be before the actions are carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Durability {
    /// Handed to the operating system: survives the death of this process.
    Written,
    /// On the disk: survives the death of the machine.
    Synced,
}

/// What follows from what happened: first the records, in one write, then the actions.
#[derive(Clone, Debug)]
#[must_use = "a step that is not carried out is lost"]
pub struct Step {
    /// What to append to the journal.
    pub records: Vec<Record>,
    /// How safe that must be before the actions.
    pub durability: Durability,
    /// What to do then.
    pub actions: Vec<Action>,
}

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
    ledger: Ledger,
    queue: TaskSet,
    running: BTreeMap<u64, Option<Stopping>>,
    accepted: BTreeSet<String>,
    launch: Option<Box<RawValue>>,
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
            accepted: BTreeSet::new(),
            launch: None,
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
            Record::Started { .. }
            | Record::Found { .. }
            | Record::Plugin { .. }
            | Record::Note { .. }
            | Record::Closed { .. }
            | Record::Other => {}
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
        self.start_queued(now, &mut step);
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

    /// Whether nothing is queued and nothing runs.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.queue.is_empty() && self.running.is_empty()
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

    fn record(&mut self, record: Record, step: &mut Step) {
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
            Event::Tick => {}
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
                && self.ledger.get(*task).is_some_and(|entry| entry.state != TaskState::Completed)
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
        let running: TaskSet = self.running.keys().copied().filter(|task| tasks.contains(*task)).collect();
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

    fn start_queued(&mut self, now: Now, step: &mut Step) {
        for _ in 0..now.free_slots {
            let Some(task) = self.queue.first() else { return };
            let attempt = self.ledger.get(task).map_or(0, |entry| entry.attempts) + 1;
            self.record(Record::Starting { task, attempt, at_ms: now.ms }, step);
            step.actions.push(Action::Start { task, attempt });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits { walltime_ms: Some(60_000), grace_ms: 5_000 };

    fn at(ms: u64, free_slots: usize) -> Now {
        Now { ms, free_slots }
    }

    fn queue(tasks: TaskSet) -> Event {
        Event::Queue { request: "q".into(), tasks, launch: None, remarks: Vec::new() }
    }

    fn cancel(request: &str, now: bool) -> Event {
        Event::Cancel { request: request.into(), tasks: TaskSet::range(1, 100), now }
    }

    fn started(campaign: &mut Campaign, tasks: u64, slots: usize) -> Step {
        campaign.step(&[queue(TaskSet::range(1, tasks))], at(1_000, slots))
    }

    #[test]
    fn starts_as_many_as_there_are_slots_in_order_and_once() {
        let mut campaign = Campaign::new(5, LIMITS);
        let step = started(&mut campaign, 5, 2);
        assert_eq!(step.durability, Durability::Synced);
        let starts: Vec<_> = step.actions.iter().filter(|a| matches!(a, Action::Start { .. })).collect();
        assert_eq!(starts, [&Action::Start { task: 1, attempt: 1 }, &Action::Start { task: 2, attempt: 1 }]);
        let step = campaign.step(&[Event::Ended { task: 1, ending: Ending::Exited(0) }], at(1_500, 1));
        assert_eq!(step.actions, [Action::Start { task: 3, attempt: 1 }]);
        assert_eq!(step.records.len(), 2);
    }

    #[test]
    fn a_request_that_is_delivered_twice_counts_once() {
        let mut campaign = Campaign::new(2, LIMITS);
        let _ = started(&mut campaign, 2, 2);
        let _ = campaign.step(&[Event::Ended { task: 1, ending: Ending::Exited(1) }], at(2_000, 1));
        let again = campaign.step(&[queue(TaskSet::range(1, 2))], at(3_000, 2));
        assert!(again.records.is_empty());
        assert_eq!(again.actions, [Action::Forget { request: "q".into() }]);
    }

    #[test]
    fn what_completed_is_never_queued_again() {
        let mut campaign = Campaign::new(3, LIMITS);
        let _ = started(&mut campaign, 3, 3);
        let end = |task, code| Event::Ended { task, ending: Ending::Exited(code) };
        let _ = campaign.step(&[end(1, 0), end(2, 1)], at(2_000, 0));
        let event = Event::Queue {
            request: "again".into(),
            tasks: TaskSet::range(1, 3),
            launch: None,
            remarks: Vec::new(),
        };
        let step = campaign.step(&[event], at(3_000, 3));
        assert!(step.actions.contains(&Action::Start { task: 2, attempt: 2 }));
        assert_eq!(step.actions.iter().filter(|a| matches!(a, Action::Start { .. })).count(), 1);
    }

    #[test]
    fn walltime_asks_first_and_kills_after_the_grace() {
        let mut campaign = Campaign::new(1, LIMITS);
        let _ = started(&mut campaign, 1, 1);
        assert_eq!(campaign.next_deadline_ms(), Some(61_000));
        assert_eq!(campaign.step(&[Event::Tick], at(60_999, 0)).actions, []);
        assert_eq!(campaign.step(&[Event::Tick], at(61_000, 0)).actions, [Action::Terminate { task: 1 }]);
        assert_eq!(campaign.next_deadline_ms(), Some(66_000));
        assert_eq!(campaign.step(&[Event::Tick], at(66_000, 0)).actions, [Action::Kill { task: 1 }]);
        assert_eq!(campaign.step(&[Event::Tick], at(70_000, 0)).actions, []);
        let _ = campaign.step(&[Event::Ended { task: 1, ending: Ending::Signalled(9) }], at(70_001, 0));
        let entry = campaign.ledger().get(1).cloned().unwrap();
        assert_eq!(entry.ending, Some(Ending::TimedOut(60)));
        assert!(campaign.is_idle());
    }

    #[test]
    fn cancel_empties_the_queue_asks_then_kills_and_a_second_one_kills_at_once() {
        let mut campaign = Campaign::new(4, LIMITS);
        let _ = started(&mut campaign, 4, 2);
        let step = campaign.step(&[cancel("c1", false)], at(2_000, 2));
        assert!(step.actions.contains(&Action::Terminate { task: 1 }));
        assert_eq!(campaign.queued(), 0);
        let step = campaign.step(&[cancel("c2", true)], at(2_100, 0));
        assert!(step.actions.contains(&Action::Kill { task: 2 }));
        let end = |task, ending| Event::Ended { task, ending };
        let _ = campaign.step(&[end(1, Ending::Exited(0)), end(2, Ending::Signalled(9))], at(2_200, 2));
        let state = |task| campaign.ledger().get(task).map(|entry| entry.state);
        assert_eq!(state(1), Some(TaskState::Completed), "it ended well before it was stopped");
        assert_eq!(state(2), Some(TaskState::Cancelled));
        assert_eq!(state(4), Some(TaskState::Cancelled));
        assert!(campaign.is_idle());
    }

    #[test]
    fn an_orphan_that_is_gone_is_unknown_and_never_started_by_itself() {
        let mut campaign = Campaign::new(1, LIMITS);
        let _ = started(&mut campaign, 1, 1);
        let step = campaign.step(&[Event::Gone { task: 1 }], at(9_000, 4));
        assert_eq!(step.actions, []);
        assert_eq!(campaign.ledger().get(1).map(|entry| entry.state), Some(TaskState::Unknown));
    }
}
