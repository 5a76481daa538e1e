//! The driver's side of a batch source: what to ask the scheduler and when, and what its answers and the tasks' own records come to.
//!
//! Everything here turns into events for the campaign. What is remembered between two looks can be found again: by the next driver, or
//! after a loss.

mod answers;
mod drive;
mod files;
mod memory;
mod pace;

use super::Driver;
use crate::batch::{BatchSource, Claims, Desk, Question, Stage, Taken};
use crate::error::{Error, ErrorKind, Result};
use crate::sweep_dir::SweepDir;
use hsm_core::batch::{Patience, token};
use hsm_core::campaign::{Campaign, Event, Room, Sent};
use hsm_core::journal::Fate;
use hsm_core::scheduler::{Job, Scheduler, SchedulerTraits};
use hsm_core::task_set::TaskSet;
use memory::JobMemory;
use pace::Pace;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

/// A batch source that is being driven.
pub(super) struct Batch {
    pub(super) source: BatchSource,
    dir: SweepDir,
    desk: Desk,
    traits: Option<SchedulerTraits>,
    jobs: BTreeMap<String, JobMemory>,
    pace: Pace,
    patience: Patience,
    deaths: memory::Deaths,
    /// What keeps the source from going on, for people.
    pub(super) trouble: Option<String>,
}

impl Batch {
    /// Opens the source of a sweep.
    pub(super) fn open(driver: &Driver, source: &BatchSource, scheduler: Arc<dyn Scheduler>) -> Result<Self> {
        let launch = driver.settings.as_ref().map(|settings| settings.launch.clone());
        let launch = launch.ok_or_else(|| Error::new(ErrorKind::Submission, "nobody said what to run"))?;
        let desk = Desk::open(driver.dir.clone(), driver.sweep_id.clone(), launch, source.clone(), scheduler)
            .map_err(|error| Error::new(ErrorKind::Submission, "could not start a thread").because(error))?;
        std::fs::create_dir_all(driver.dir.jobs())
            .map_err(|error| Error::io("create the folder", &driver.dir.jobs(), error))?;
        let mut batch = Self {
            source: source.clone(),
            dir: driver.dir.clone(),
            desk,
            traits: None,
            jobs: BTreeMap::new(),
            pace: Pace::new(source),
            patience: Patience::default(),
            deaths: memory::Deaths::new(source.hold_after),
            trouble: None,
        };
        batch.pick_up(&driver.campaign);
        Ok(batch)
    }

    /// Goes on with what an earlier driver left: answers that never came, cancellations that may not have been passed on.
    fn pick_up(&mut self, campaign: &Campaign) {
        for (token, sent) in campaign.sent() {
            if sent.job.is_none() && !sent.open.is_empty() {
                self.memory(token).unsettled = Some(memory::Unsettled::new(Instant::now()));
            }
            if sent.open.iter().any(|task| sent.cancelled.contains(task)) {
                self.memory(token).recall = Some(Instant::now());
            }
        }
    }

    fn memory(&mut self, token: &str) -> &mut JobMemory {
        let folder = self.dir.job(token);
        self.jobs.entry(token.to_owned()).or_insert_with(|| JobMemory::new(Claims::new(&folder)))
    }

    /// Room for one more submission, where there is any right now.
    pub(super) fn room(&self, campaign: &Campaign) -> Option<Room> {
        let traits = self.traits.as_ref()?;
        let now = Instant::now();
        let unanswered = campaign.sent().any(|(_, sent)| sent.job.is_none() && !sent.open.is_empty());
        if campaign.queued() == 0 || unanswered || campaign.held().is_some() || !self.pace.may_submit(now) {
            return None;
        }
        let per_element = u64::from(self.source.packing().tasks_per_element);
        let wanted = campaign.queued().div_ceil(per_element);
        let elements = self.pace.elements(&self.source, traits, outstanding(campaign), wanted)?;
        Some(Room {
            token: fresh_token(),
            tasks: elements.saturating_mul(per_element),
            tasks_per_element: self.source.packing().tasks_per_element,
        })
    }

    /// Hands a submission that is on record to the scheduler.
    pub(super) fn submit(&mut self, token: &str, campaign: &Campaign) {
        let Some(sent) = campaign.sent_as(token) else { return };
        let attempts = |task: u64| campaign.ledger().get(task).map_or(0, |entry| entry.attempts);
        let again = sent.tasks.iter().filter(|task| attempts(*task) > 0).map(|task| (task, attempts(task)));
        let others = outstanding(campaign).saturating_sub(u64::from(sent.elements()));
        let stage = Stage {
            token: token.to_owned(),
            tasks: sent.tasks.clone(),
            max_running: self
                .source
                .max_in_flight
                .map(|most| most.saturating_sub(u32::try_from(others).unwrap_or(u32::MAX)).max(1)),
            again: again.collect(),
        };
        self.desk.ask(Question::Submit(stage));
    }

    /// Stops tasks of a submission that somebody asked to stop: those that have not begun do not, and the scheduler is told of the rest.
    pub(super) fn recall(&mut self, token: &str, campaign: &Campaign) -> Vec<Event> {
        let Some(sent) = campaign.sent_as(token) else { return Vec::new() };
        let asked: TaskSet = sent.open.iter().filter(|task| sent.cancelled.contains(*task)).collect();
        if asked.is_empty() {
            return Vec::new();
        }
        let taken = self.take_claims(token, &asked);
        self.cancel(token, sent, &asked);
        withdrawn(token, taken, Fate::Cancelled, "cancelled before it began")
    }

    /// Tells the scheduler to stop the elements that have none but `asked` tasks left.
    fn cancel(&mut self, token: &str, sent: &Sent, asked: &TaskSet) {
        let first = self.traits.as_ref().map_or(0, |traits| traits.first_element);
        let mut whole = true;
        let mut only = Vec::new();
        for element in 0..sent.elements() {
            let tasks = sent.tasks_of(element);
            let open = tasks.iter().filter(|task| sent.open.contains(*task));
            let (mut stops, mut goes_on) = (false, false);
            for task in open {
                if asked.contains(task) { stops = true } else { goes_on = true }
            }
            whole &= !goes_on;
            if stops && !goes_on {
                only.push(element.saturating_add(first));
            }
        }
        if whole {
            only.clear();
        } else if only.is_empty() {
            return;
        }
        if let Some(job) = job_of(token, sent, only) {
            self.desk.ask(Question::Cancel(vec![job]));
        }
    }

    /// Takes the claims of tasks; those that were to be had.
    fn take_claims(&mut self, token: &str, tasks: &TaskSet) -> TaskSet {
        let now_ms = crate::clock::wall_ms();
        let claims = Claims::new(&self.dir.job(token));
        let mut taken = TaskSet::default();
        for task in tasks.iter() {
            match claims.take(task, now_ms) {
                Ok(Taken::Ours) => taken.insert_range(task, task),
                Ok(Taken::Theirs) => {}
                Err(error) => {
                    self.trouble = Some(format!("the claim of task {task} could not be taken: {error}"));
                    break;
                }
            }
        }
        taken
    }

    /// Waits for the scheduler's next answer.
    pub(super) async fn answered(&mut self) -> Option<crate::batch::Answer> {
        self.desk.answer().await
    }

    /// What is due: files to look at, questions to ask.
    pub(super) fn look(&mut self, campaign: &Campaign) -> Vec<Event> {
        let now = Instant::now();
        let mut events = Vec::new();
        for (token, _) in campaign.sent() {
            if self.memory(token).recall.is_some_and(|due| due <= now) {
                self.memory(token).recall = None;
                events.extend(self.recall(token, campaign));
            }
        }
        events.extend(self.settle(campaign, now));
        if self.pace.files_are_due(now) {
            let found = self.look_at_files(campaign, now);
            self.pace.looked_at_files(now, !found.is_empty());
            events.extend(found);
        }
        if self.pace.poll_is_due(now) {
            if self.traits.is_some() {
                self.poll(campaign, now);
            } else if self.desk.is_idle() {
                self.desk.ask(Question::Describe);
            }
        }
        events
    }

    /// Whether nothing was asked that is not answered: a driver that left now might take a cancellation with it.
    pub(super) fn is_idle(&self) -> bool {
        let unasked =
            |memory: &JobMemory| memory.unsettled.as_ref().is_some_and(|unsettled| unsettled.asked == 0);
        self.desk.is_idle() && !self.jobs.values().any(unasked)
    }

    /// Asks after all jobs in as few questions as the scheduler allows.
    fn poll(&mut self, campaign: &Campaign, now: Instant) {
        let Some(traits) = &self.traits else { return };
        let first = traits.first_element;
        let jobs = open_jobs(campaign, |sent| undecided(sent, first));
        if jobs.is_empty() {
            return;
        }
        let most = usize::try_from(traits.jobs_per_query.max(1)).unwrap_or(usize::MAX);
        let questions = jobs.chunks(most).map(<[Job]>::to_vec);
        self.pace.asked(now, questions.len());
        questions.for_each(|jobs| self.desk.ask(Question::Observe(jobs)));
    }
}

/// How many elements have tasks that are not decided.
fn outstanding(campaign: &Campaign) -> u64 {
    campaign.sent().map(|(_, sent)| u64::from(sent.open_elements())).sum()
}

/// The jobs that the scheduler has and that are not decided, each with those of its elements that are meant.
fn open_jobs(campaign: &Campaign, only: impl Fn(&Sent) -> Vec<u32>) -> Vec<Job> {
    let open = campaign.sent().filter(|(_, sent)| !sent.open.is_empty());
    open.filter_map(|(token, sent)| job_of(token, sent, only(sent))).collect()
}

/// A submission as the job that the scheduler has, where it is known to have it.
fn job_of(token: &str, sent: &Sent, only: Vec<u32>) -> Option<Job> {
    Some(Job { job: sent.job.clone()?, token: token.to_owned(), elements: sent.elements(), only })
}

/// The elements with tasks that are not decided, counted from `first`; none where that is all of them.
fn undecided(sent: &Sent, first: u32) -> Vec<u32> {
    if sent.open.len() == sent.tasks.len() {
        return Vec::new();
    }
    let element = |task| sent.element_of(task)?.checked_add(first);
    let mut elements: Vec<u32> = sent.open.iter().filter_map(element).collect();
    elements.dedup();
    elements
}

/// The event for claims that were taken, where there were any.
fn withdrawn(token: &str, tasks: TaskSet, fate: Fate, why: &str) -> Vec<Event> {
    if tasks.is_empty() {
        return Vec::new();
    }
    vec![Event::Withdrawn { token: token.to_owned(), tasks, fate, why: why.to_owned() }]
}

fn fresh_token() -> String {
    let mut random = [0_u8; 10];
    // Linux has given random numbers to whoever asks since before there were any of our users.
    let _ = getrandom::fill(&mut random);
    token(random)
}
