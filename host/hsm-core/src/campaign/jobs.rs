//! Submissions to a scheduler: what the ledger tells of them, and what the campaign keeps of those that are not over.

use crate::journal::{Ending, Fate, Record};
use crate::task_set::TaskSet;
use std::collections::BTreeMap;

/// How far a submission has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// It was about to be made, and no answer is on record.
    Unanswered,
    /// The scheduler has it.
    Accepted,
    /// The scheduler did not take it, and why.
    Refused(String),
}

/// What is known of one submission.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobEntry {
    /// What finds it again for ever.
    pub token: String,
    /// The compute source that it went to, by the name that its users know; empty in journals of sweeps that had one only.
    pub source: String,
    /// Whether it went to another machine.
    pub away: bool,
    /// Its tasks.
    pub tasks: TaskSet,
    /// How many of them one element of the job runs.
    pub tasks_per_element: u32,
    /// When it was made, in milliseconds since 1970.
    pub submitted_ms: u64,
    /// How far it has come.
    pub progress: Progress,
    /// The scheduler's id for it.
    pub job: Option<String>,
    /// What it waits for, as the scheduler said last; empty where it does not wait.
    pub waiting: String,
    /// Whether somebody vouched that nothing of some of its tasks runs any more.
    pub abandoned: bool,
}

impl JobEntry {
    /// The entry that begins with a [`Record::Submitting`]; nothing for any other record.
    pub(super) fn of(record: &Record) -> Option<Self> {
        let Record::Submitting { token, source, away, tasks, tasks_per_element, at_ms } = record else {
            return None;
        };
        Some(Self {
            token: token.clone(),
            source: source.clone(),
            away: *away,
            tasks: tasks.clone(),
            tasks_per_element: *tasks_per_element,
            submitted_ms: *at_ms,
            progress: Progress::Unanswered,
            job: None,
            waiting: String::new(),
            abandoned: false,
        })
    }

    pub(super) fn apply(&mut self, record: &Record) {
        match record {
            Record::Submitted { job, .. } => {
                self.job = Some(job.clone());
                self.progress = Progress::Accepted;
            }
            Record::Refused { why, .. } => self.progress = Progress::Refused(why.clone()),
            Record::Waiting { why, .. } => self.waiting.clone_from(why),
            _ => {}
        }
    }

    /// Why the scheduler did not take it, where it did not.
    #[must_use]
    pub fn refusal(&self) -> Option<&str> {
        match &self.progress {
            Progress::Refused(why) => Some(why),
            Progress::Unanswered | Progress::Accepted => None,
        }
    }

    /// How many elements the job has.
    #[must_use]
    pub fn elements(&self) -> u32 {
        element_count(&self.tasks, self.tasks_per_element)
    }
}

/// How many elements it takes to run these tasks.
fn element_count(tasks: &TaskSet, tasks_per_element: u32) -> u32 {
    let elements = tasks.len().div_ceil(u64::from(tasks_per_element.max(1)));
    u32::try_from(elements).unwrap_or(u32::MAX)
}

/// A submission that is not over: some of its tasks may still begin, run, or turn out to have ended.
#[derive(Clone, Debug)]
pub struct Sent {
    /// The compute source that it went to; empty in journals of sweeps that had one only.
    pub source: String,
    /// All of its tasks, in the order in which its elements run them.
    pub tasks: TaskSet,
    /// How many of them one element runs.
    pub tasks_per_element: u32,
    /// The tasks that are not decided.
    pub open: TaskSet,
    /// The tasks that are decided without a record of their end, and may yet leave one.
    pub late: TaskSet,
    /// The tasks that somebody asked to stop.
    pub cancelled: TaskSet,
    /// The scheduler's id for the job, once it is known.
    pub job: Option<String>,
    /// When it was made, in milliseconds since 1970.
    pub at_ms: u64,
}

impl Sent {
    /// How many elements the job has.
    #[must_use]
    pub fn elements(&self) -> u32 {
        element_count(&self.tasks, self.tasks_per_element)
    }

    /// How many elements its undecided tasks would fill.
    #[must_use]
    pub fn open_elements(&self) -> u32 {
        element_count(&self.open, self.tasks_per_element)
    }

    /// The element that runs `task`, counted from 0.
    #[must_use]
    pub fn element_of(&self, task: u64) -> Option<u32> {
        u32::try_from(self.tasks.position(task)? / u64::from(self.tasks_per_element.max(1))).ok()
    }

    /// The tasks that an element runs, counted from 0.
    #[must_use]
    pub fn tasks_of(&self, element: u32) -> TaskSet {
        let count = u64::from(self.tasks_per_element.max(1));
        self.tasks.slice(u64::from(element) * count, count)
    }

    /// Whether nothing can come of it any more. One whose answer was never heard may still turn up in the scheduler's queue.
    fn is_over(&self) -> bool {
        self.open.is_empty() && self.late.is_empty() && self.job.is_some()
    }
}

/// The submissions that are not over, by token.
#[derive(Clone, Debug, Default)]
pub(super) struct SentJobs(BTreeMap<String, Sent>);

impl SentJobs {
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &Sent)> {
        self.0.iter().map(|(token, sent)| (token.as_str(), sent))
    }

    pub(super) fn get(&self, token: &str) -> Option<&Sent> {
        self.0.get(token)
    }

    /// Whether `task` is part of a submission and not decided.
    pub(super) fn has_open(&self, task: u64) -> bool {
        self.0.values().any(|sent| sent.open.contains(task))
    }

    /// Whether `task` is part of a submission, and may yet turn out to have ended otherwise than was thought.
    pub(super) fn is_undecided(&self, task: u64) -> bool {
        self.0.values().any(|sent| sent.open.contains(task) || sent.late.contains(task))
    }

    /// Whether every task of every submission is decided.
    pub(super) fn is_idle(&self) -> bool {
        self.0.values().all(|sent| sent.open.is_empty())
    }

    /// Takes one record into account; the tasks that are to be queued again because of it.
    pub(super) fn apply(&mut self, record: &Record) -> TaskSet {
        match record {
            Record::Submitting { token, source, tasks, tasks_per_element, at_ms, .. } => {
                let sent = Sent {
                    source: source.clone(),
                    tasks: tasks.clone(),
                    tasks_per_element: *tasks_per_element,
                    open: tasks.clone(),
                    late: TaskSet::default(),
                    cancelled: TaskSet::default(),
                    job: None,
                    at_ms: *at_ms,
                };
                self.0.insert(token.clone(), sent);
            }
            Record::Submitted { token, job, .. } => {
                self.change(token, |sent| sent.job = Some(job.clone()));
            }
            Record::Refused { token, fate, .. } => {
                let open = self.0.remove(token).map(|sent| sent.open).unwrap_or_default();
                return if *fate == Fate::Again { open } else { TaskSet::default() };
            }
            Record::Withdrawn { token, tasks, fate, .. } => {
                self.change(token, |sent| sent.open.remove_all(tasks));
                return if *fate == Fate::Again { tasks.clone() } else { TaskSet::default() };
            }
            Record::CancelAsked { tasks, .. } => {
                for sent in self.0.values_mut() {
                    for task in sent.open.iter().filter(|task| tasks.contains(*task)) {
                        sent.cancelled.insert(task);
                    }
                }
            }
            Record::Ended { task, ending, .. } => self.end(*task, ending),
            Record::Abandoned { tasks, .. } => {
                for sent in self.0.values_mut() {
                    sent.open.remove_all(tasks);
                    sent.late.remove_all(tasks);
                }
                self.0.retain(|_, sent| !sent.is_over());
            }
            _ => {}
        }
        TaskSet::default()
    }

    fn end(&mut self, task: u64, ending: &Ending) {
        let found = self.0.iter_mut().find(|(_, sent)| sent.open.contains(task) || sent.late.contains(task));
        let Some((token, sent)) = found else { return };
        sent.open.remove(task);
        if ending.may_live() {
            sent.late.insert(task);
        } else {
            sent.late.remove(task);
        }
        if sent.is_over() {
            let token = token.clone();
            self.0.remove(&token);
        }
    }

    fn change(&mut self, token: &str, change: impl FnOnce(&mut Sent)) {
        if let Some(sent) = self.0.get_mut(token) {
            change(sent);
            if sent.is_over() {
                self.0.remove(token);
            }
        }
    }
}
