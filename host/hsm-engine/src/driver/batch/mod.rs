//! The driver's side of a batch source: what to ask the scheduler and when, and what its answers and the tasks' own records come to.
//!
//! Everything here turns into events for the campaign. What is remembered between two looks can be found again: by the next driver, or
//! after a loss.

mod answers;
mod drive;
mod files;
mod health;
mod home;
mod memory;
mod pace;

use super::Driver;
use crate::batch::{Answers, BatchSource, Claims, Desk, Question, Stage, Take};
use crate::error::{Error, ErrorKind, Result};
use crate::machine::machine_of;
use crate::sweep_dir::SweepDir;
use health::Health;
use home::Homecoming;
use hsm_core::batch::{Patience, token};
use hsm_core::campaign::{Campaign, Event, Room, Sent};
use hsm_core::command::Launch;
use hsm_core::journal::Fate;
use hsm_core::scheduler::{Job, Scheduler, SchedulerTraits};
use hsm_core::state::TaskState;
use hsm_core::task_set::TaskSet;
use memory::JobMemory;
use pace::Pace;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

/// A batch source that is being driven.
pub(super) struct Batch {
    /// What its answers are marked with.
    pub(super) number: u64,
    /// The name that its users know it by.
    pub(super) name: String,
    pub(super) source: BatchSource,
    /// How the tasks of its next submission are started. A sweep that goes on may have newer code than it began with.
    pub(super) launch: Launch,
    dir: SweepDir,
    desk: Desk,
    traits: Option<SchedulerTraits>,
    jobs: BTreeMap<String, JobMemory>,
    pace: Pace,
    patience: Patience,
    deaths: memory::Deaths,
    home: Homecoming,
    health: Health,
    /// How far the machine's clock is ahead, in milliseconds.
    clock_ahead_ms: i64,
    /// What keeps the source from going on, for people.
    pub(super) trouble: Option<String>,
}

impl Batch {
    /// Opens a source of a sweep.
    pub(super) fn open(
        driver: &Driver,
        number: u64,
        launch: &Launch,
        source: &BatchSource,
        scheduler: Arc<dyn Scheduler>,
    ) -> Result<Self> {
        let (dir, id) = (driver.dir.clone(), driver.sweep_id.clone());
        let machine = machine_of(source, &id, &dir, &driver.links);
        let answers = Answers { number, to: driver.answering.clone() };
        let desk = Desk::open(dir, id, launch.clone(), source.clone(), scheduler, machine, answers)
            .map_err(|error| Error::new(ErrorKind::Submission, "could not start a thread").because(error))?;
        std::fs::create_dir_all(driver.dir.jobs())
            .map_err(|error| Error::io("create the folder", &driver.dir.jobs(), error))?;
        let mut batch = Self {
            number,
            name: source.name().to_owned(),
            source: source.clone(),
            launch: launch.clone(),
            dir: driver.dir.clone(),
            desk,
            traits: None,
            jobs: BTreeMap::new(),
            pace: Pace::new(source),
            patience: Patience::default(),
            deaths: memory::Deaths::new(source.hold_after),
            home: Homecoming::new(source),
            health: Health::default(),
            clock_ahead_ms: 0,
            trouble: None,
        };
        batch.pick_up(&driver.campaign);
        Ok(batch)
    }

    /// Goes on with what an earlier driver left: answers that never came, cancellations that may not have been passed on.
    fn pick_up(&mut self, campaign: &Campaign) {
        if campaign.ledger().silent().any(|(source, ..)| source == self.name) {
            self.health.was_told();
        }
        for (token, sent) in self.sent(campaign) {
            if sent.job.is_none() && !sent.open.is_empty() {
                self.memory(token).unsettled = Some(memory::Unsettled::new(Instant::now()));
            }
            if sent.open.iter().any(|task| sent.cancelled.contains(task)) {
                self.memory(token).recall = Some(Instant::now());
            }
        }
    }

    /// The submissions that went to this source and are not over.
    fn sent<'a>(&self, campaign: &'a Campaign) -> impl Iterator<Item = (&'a str, &'a Sent)> + use<'a> {
        let name = self.name.clone();
        campaign.sent().filter(move |(_, sent)| went_to(&name, sent))
    }

    fn memory(&mut self, token: &str) -> &mut JobMemory {
        let folder = self.dir.job(token);
        self.jobs.entry(token.to_owned()).or_insert_with(|| JobMemory::new(Claims::new(&folder)))
    }

    /// Room for one more submission, where there is any right now and so many tasks wait.
    pub(super) fn room(&self, campaign: &Campaign, queued: u64) -> Option<Room> {
        let traits = self.traits.as_ref()?;
        let now = Instant::now();
        let unanswered = self.sent(campaign).any(|(_, sent)| sent.job.is_none() && !sent.open.is_empty());
        if self.source.is_elsewhere() && self.health.is_silent() {
            return None;
        }
        if queued == 0 || unanswered || campaign.held().is_some() || !self.pace.may_submit(now) {
            return None;
        }
        let per_element = u64::from(self.source.packing().tasks_per_element);
        let wanted = queued.div_ceil(per_element);
        let elements = self.pace.elements(&self.source, traits, self.outstanding(campaign), wanted)?;
        Some(Room {
            token: fresh_token(),
            source: self.name.clone(),
            away: self.source.is_elsewhere(),
            tasks: elements.saturating_mul(per_element),
            tasks_per_element: self.source.packing().tasks_per_element,
        })
    }

    /// Hands a submission that is on record to the scheduler.
    pub(super) fn submit(&mut self, token: &str, campaign: &Campaign) {
        let Some(sent) = campaign.sent_as(token) else { return };
        let attempts = |task: u64| campaign.ledger().get(task).map_or(0, |entry| entry.attempts);
        let again = sent.tasks.iter().filter(|task| attempts(*task) > 0).map(|task| (task, attempts(task)));
        let others = self.outstanding(campaign).saturating_sub(u64::from(sent.elements()));
        let stage = Stage {
            token: token.to_owned(),
            tasks: sent.tasks.clone(),
            max_running: self
                .source
                .max_in_flight
                .map(|most| most.saturating_sub(u32::try_from(others).unwrap_or(u32::MAX)).max(1)),
            again: again.collect(),
        };
        self.desk.ask(Question::Submit(stage, self.launch.clone()));
    }

    /// Stops tasks of a submission that somebody asked to stop: those that have not begun do not, and the scheduler is told of the rest.
    pub(super) fn recall(&mut self, token: &str, campaign: &Campaign) {
        let Some(sent) = campaign.sent_as(token) else { return };
        let asked: TaskSet = sent.open.iter().filter(|task| sent.cancelled.contains(*task)).collect();
        if !asked.is_empty() {
            self.take_claims(token, &asked, Fate::Cancelled, "cancelled before it began");
            self.cancel(token, sent, &asked);
        }
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

    /// Has the claims of tasks taken, so that none of them begins; what becomes of those whose claims were to be had.
    fn take_claims(&mut self, token: &str, tasks: &TaskSet, fate: Fate, why: &str) {
        let asked_before = &mut self.memory(token).taking;
        let tasks: TaskSet = tasks.iter().filter(|task| !asked_before.contains(*task)).collect();
        if tasks.is_empty() {
            return;
        }
        asked_before.insert_all(&tasks);
        self.desk.ask(Question::Take(Take { token: token.to_owned(), tasks, fate, why: why.to_owned() }));
    }

    /// Whether a submission went to this source.
    pub(super) fn has(&self, sent: &Sent) -> bool {
        went_to(&self.name, sent)
    }

    /// Whether it gets no more tasks as long as others can take them.
    pub(super) fn is_aside(&self) -> bool {
        self.health.is_aside()
    }

    /// Whether it answers and may be given tasks.
    pub(super) fn is_of_use(&self) -> bool {
        self.traits.is_some() && !self.health.is_aside() && !self.health.is_silent()
    }

    /// Takes back what it has and did not begin, once it was set aside.
    pub(super) fn give_back(&mut self, campaign: &Campaign) {
        let Some(why) = self.health.take_back() else { return };
        let waiting =
            |task: &u64| campaign.ledger().get(*task).is_some_and(|entry| entry.state == TaskState::Queued);
        for (token, sent) in self.sent(campaign) {
            let tasks: TaskSet = sent.open.iter().filter(waiting).collect();
            self.take_claims(token, &tasks, Fate::Again, &format!("{} was set aside: {why}", self.name));
        }
    }

    /// How many more tasks it could start right now, as far as is known.
    pub(super) fn startable(&self, campaign: &Campaign) -> u64 {
        let most = self.source.at_once().or(self.source.hold_at_most).unwrap_or(u32::MAX);
        u64::from(most).saturating_sub(self.outstanding(campaign)) * u64::from(self.is_of_use())
    }

    /// How much it has to do for what it can do at once, in thousandths.
    pub(super) fn load(&self, campaign: &Campaign) -> u64 {
        let at_once = u64::from(self.source.at_once().unwrap_or(u32::MAX).max(1));
        self.outstanding(campaign).saturating_mul(1000) / at_once
    }

    /// What keeps the source from going on, with its name.
    pub(super) fn told_trouble(&self) -> Option<String> {
        let trouble = self.trouble.as_ref()?;
        Some(if self.source.is_elsewhere() { format!("{}: {trouble}", self.name) } else { trouble.clone() })
    }

    /// What is due: files to look at, questions to ask.
    pub(super) fn look(&mut self, campaign: &Campaign) -> Vec<Event> {
        let now = Instant::now();
        let mut events: Vec<Event> = self.health_news(now).into_iter().collect();
        for (token, _) in self.sent(campaign) {
            if self.memory(token).recall.is_some_and(|due| due <= now) {
                self.memory(token).recall = None;
                self.recall(token, campaign);
            }
        }
        self.settle(campaign, now);
        if self.pace.poll_is_due(now) {
            if self.traits.is_some() {
                self.poll(campaign, now);
            } else if self.desk.is_idle() {
                self.desk.ask(Question::Describe);
            }
        }
        self.fetch(campaign, now);
        if self.pace.files_are_due(now) {
            events.extend(self.look_for_files(campaign, now));
        }
        events
    }

    /// Whether the source is silent for long, or answers again, where that is to go on record.
    fn health_news(&mut self, now: Instant) -> Option<Event> {
        let why = self.health.news(now).filter(|_| self.source.is_elsewhere())?;
        Some(Event::Silent { source: self.name.clone(), why })
    }

    /// New claims and ends: those that are here, or those that are asked for and come with an answer.
    fn look_for_files(&mut self, campaign: &Campaign, now: Instant) -> Vec<Event> {
        if !self.source.is_elsewhere() {
            return self.take_files(campaign, now);
        }
        let tokens: Vec<String> = self.watched(campaign);
        if !tokens.is_empty() && self.desk.is_idle() {
            self.desk.ask(Question::Look(tokens));
        }
        self.pace.put_files_off(now);
        Vec::new()
    }

    /// What follows from the claims and ends that are here.
    fn take_files(&mut self, campaign: &Campaign, now: Instant) -> Vec<Event> {
        let found = self.look_at_files(campaign, now);
        self.pace.looked_at_files(now, !found.is_empty());
        found
    }

    /// The submissions of which news is worth knowing.
    fn watched(&self, campaign: &Campaign) -> Vec<String> {
        let wanted = self.sent(campaign).filter(|(_, sent)| !sent.open.is_empty() || !sent.late.is_empty());
        wanted.map(|(token, _)| token.to_owned()).collect()
    }

    /// Whether nothing was asked that is not answered: a driver that left now might take a cancellation with it.
    pub(super) fn is_idle(&self, campaign: &Campaign) -> bool {
        let unasked =
            |memory: &JobMemory| memory.unsettled.as_ref().is_some_and(|unsettled| unsettled.asked == 0);
        self.desk.is_idle()
            && !self.jobs.values().any(unasked)
            && !self.may_archive(campaign)
            && !self.may_discard(campaign)
    }

    /// Asks after all jobs in as few questions as the scheduler allows.
    fn poll(&mut self, campaign: &Campaign, now: Instant) {
        let Some(traits) = &self.traits else { return };
        let first = traits.first_element;
        let jobs = self.open_jobs(campaign, |sent| undecided(sent, first));
        if jobs.is_empty() {
            // A machine that fell silent gets tasks again once it answers, and is told what it must not run any more.
            if self.health.is_silent() && !campaign.is_idle() && self.desk.is_idle() {
                self.pace.asked(now, 1);
                self.desk.ask(Question::Describe);
            }
            return;
        }
        let most = usize::try_from(traits.jobs_per_query.max(1)).unwrap_or(usize::MAX);
        let questions = jobs.chunks(most).map(<[Job]>::to_vec);
        self.pace.asked(now, questions.len());
        // News of files comes along.
        let watched = if self.source.is_elsewhere() { self.watched(campaign) } else { Vec::new() };
        questions.for_each(|jobs| self.desk.ask(Question::Observe(jobs, watched.clone())));
        if self.source.is_elsewhere() {
            self.pace.put_files_off(now);
        }
    }

    /// How many elements have tasks that are not decided.
    pub(super) fn outstanding(&self, campaign: &Campaign) -> u64 {
        self.sent(campaign).map(|(_, sent)| u64::from(sent.open_elements())).sum()
    }

    /// The jobs that the scheduler has and that are not decided, each with those of its elements that are meant.
    fn open_jobs(&self, campaign: &Campaign, only: impl Fn(&Sent) -> Vec<u32>) -> Vec<Job> {
        let open = self.sent(campaign).filter(|(_, sent)| !sent.open.is_empty());
        open.filter_map(|(token, sent)| job_of(token, sent, only(sent))).collect()
    }
}

/// Whether a submission went to the source of that name. Journals of sweeps that had only one source do not name it.
fn went_to(source: &str, sent: &Sent) -> bool {
    sent.source == source || sent.source.is_empty()
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

fn fresh_token() -> String {
    let mut random = [0_u8; 10];
    // Linux has given random numbers to whoever asks since before there were any of our users.
    let _ = getrandom::fill(&mut random);
    token(random)
}
