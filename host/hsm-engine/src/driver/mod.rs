//! The driver: the one process (or thread) that carries out what a sweep's campaign decides.
//!
//! One turn: gather what happened, let the campaign step, write its records, then do its actions. Everything runs on one thread; the
//! kernel tells when a task ends, and the mailbox is looked into a few times a second.

mod batch;
mod letters;
mod recovery;
mod signals;
mod start;
mod stop;

pub(crate) use recovery::task_lives;

use crate::batch::Answer;
use crate::clock::SteadyClock;
use crate::error::{Error, ErrorKind, Result};
use crate::journal::{JournalReader, JournalWriter};
use crate::lease::{self, Lease};
use crate::machine::ssh::LinkOptions;
use crate::mailbox;
use crate::plan_file::PlanFile;
use crate::process;
use crate::slots::Slots;
use crate::source::{GRACE_S, RunSettings};
use crate::sweep_dir::SweepDir;
use batch::Batch;
use hsm_core::campaign::{Action, Campaign, Durability, Event, Limits, Now};
use hsm_core::journal::{Ending, Record};
use hsm_core::roles::Roles;
use hsm_core::sweep_id::SweepId;
use hsm_core::task_set::TaskSet;
use signals::Signals;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io;
use std::process::ExitStatus;
use std::sync::Arc;
use std::time::{Duration, Instant};
use stop::Stopping;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinSet;

/// How often the mailbox is looked into: a cancel is felt at once, and a listing of an empty folder costs some microseconds.
const MAILBOX_EVERY: Duration = Duration::from_millis(200);

/// How often things that nothing tells of are looked at: tasks of an earlier driver, GPUs of other sweeps, a full disk; and how often the
/// journal is made to survive the death of the machine.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// How a driver runs.
#[derive(Default)]
pub struct DriveOptions {
    /// Take over the lease of another host once it has been still for [`lease::STALE_AFTER`].
    pub take_over: bool,
    /// Leave the terminal's session and take SIGTERM and SIGINT as a wish to stop the sweep.
    pub background: bool,
    /// The plugins, for sweeps whose scheduler is one.
    pub roles: Option<Arc<dyn Roles>>,
    /// How other machines are reached.
    pub links: LinkOptions,
}

/// Drives the sweep in `dir` until none of its tasks is queued or running, and calls `ready` once it holds the lease.
///
/// # Errors
/// When somebody else drives it, or its files cannot be used.
pub fn drive(dir: &SweepDir, options: &DriveOptions, ready: impl FnOnce()) -> Result<()> {
    if options.background {
        // Fails only for the leader of a process group, which has no need of it.
        let _ = rustix::process::setsid();
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|e| Error::new(ErrorKind::Submission, "could not start the driver").because(e))?;
    let driver = Driver::open(dir.clone(), options)?;
    let mut left_alone = runtime.block_on(driver.run(options.background, ready))?;
    // A request that came while the lease was being given back found a living driver, and nobody else will see to it.
    while mailbox::read(&dir.requests())
        .is_ok_and(|(letters, _)| letters.iter().any(|letter| !left_alone.contains(&letter.name)))
    {
        match Driver::open(dir.clone(), options) {
            Ok(driver) => left_alone = runtime.block_on(driver.run(options.background, || ()))?,
            // Whoever was quicker sees to it.
            Err(error) if error.kind() == ErrorKind::Submission => return Ok(()),
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

struct Driver {
    dir: SweepDir,
    sweep_id: SweepId,
    plan: PlanFile,
    campaign: Campaign,
    clock: SteadyClock,
    settings: Option<Arc<RunSettings>>,
    slots: Slots,
    children: JoinSet<(u64, io::Result<ExitStatus>)>,
    /// The sources that tasks are handed to, or were.
    batches: Vec<Batch>,
    /// Their answers, each with the number of its source, and what sends them.
    answers: UnboundedReceiver<(u64, Answer)>,
    answering: UnboundedSender<(u64, Answer)>,
    /// How many sources were ever opened.
    opened: u64,
    /// How often room was found: whose turn it is.
    served: usize,
    roles: Option<Arc<dyn Roles>>,
    links: LinkOptions,
    /// Tasks of an earlier driver that still run.
    orphans: BTreeSet<u64>,
    /// Tasks that were asked to end, and what is known of their end.
    stopping: BTreeMap<u64, Stopping>,
    /// Actions that wait for a disk that takes records again.
    held: VecDeque<Action>,
    /// Files in the mailbox that cannot be understood, or were taken up and cannot be removed.
    left_alone: BTreeSet<String>,
    trouble: Option<String>,
    /// Somebody asked this process to end.
    leaving: bool,
    next_look: Instant,
    next_renewal: Instant,
    journal: JournalWriter,
    /// Dropped last: until then nobody else writes.
    lease: Lease,
}

impl Driver {
    /// Takes the lease, replays the journal and opens a segment.
    fn open(dir: SweepDir, options: &DriveOptions) -> Result<Self> {
        let sweep_id = sweep_id_of(&dir)?;
        let mut lease = Lease::take(&dir.lease(), options.take_over.then_some(lease::STALE_AFTER))?;
        let plan = PlanFile::open(&dir.plan())?;
        let mut campaign =
            Campaign::new(plan.tasks(), Limits { walltime_ms: None, grace_ms: GRACE_S * 1000 });
        let mut reader = JournalReader::new(dir.journal());
        let mut earlier = Vec::new();
        reader.read(|record| {
            if let Record::Launch { launch } = &record {
                earlier.push(launch.clone());
            }
            campaign.apply(&record);
        })?;
        for damage in reader.damage() {
            tracing::warn!("{damage}");
        }
        lease.raise_generation(reader.position().generation + 1)?;
        let journal = JournalWriter::open(&dir.journal(), sweep_id.as_str(), lease.generation(), &reader)?;
        let (answering, answers) = unbounded_channel();
        let now = Instant::now();
        let mut driver = Self {
            slots: Slots::new(1, crate::slots::Gpus::Untouched, crate::source::GPU_LOCK_FOLDER.into()),
            dir,
            sweep_id,
            plan,
            campaign,
            clock: SteadyClock::start(),
            settings: None,
            children: JoinSet::new(),
            batches: Vec::new(),
            answers,
            answering,
            opened: 0,
            served: 0,
            roles: options.roles.clone(),
            links: options.links.clone(),
            orphans: BTreeSet::new(),
            stopping: BTreeMap::new(),
            held: VecDeque::new(),
            left_alone: BTreeSet::new(),
            trouble: None,
            leaving: false,
            next_look: now,
            next_renewal: now + lease::RENEW_EVERY,
            journal,
            lease,
        };
        driver.take_settings()?;
        driver.open_earlier_sources(&earlier)?;
        Ok(driver)
    }

    /// Drives until nothing is left to do; the files in the mailbox that were left alone.
    async fn run(mut self, signals: bool, ready: impl FnOnce()) -> Result<BTreeSet<String>> {
        let mut signals = signals.then(Signals::listen).transpose()?;
        ready();
        let mut events = self.find_orphans();
        // What tasks left is read before what is asked for: a task whose end nobody has read counts as under way, and is not run again.
        events.extend(self.look_at_sources());
        events = self.turn(&events)?;
        events.extend(self.read_mailbox());
        let mut next_mailbox = Instant::now() + MAILBOX_EVERY;
        loop {
            events = self.turn(&events)?;
            if self.leaving {
                break;
            }
            if self.is_done() && events.is_empty() {
                let late = self.read_mailbox();
                if late.is_empty() {
                    break;
                }
                events = late;
                continue;
            }
            if events.is_empty() {
                events = self.wait(next_mailbox, signals.as_mut()).await;
            }
            if Instant::now() >= next_mailbox {
                events.extend(self.read_mailbox());
                next_mailbox = Instant::now() + MAILBOX_EVERY;
            }
            events.extend(self.look());
            if self.lease_is_lost() {
                self.lease.abandon();
                return Err(Error::new(ErrorKind::Submission, "another driver has taken this sweep over"));
            }
        }
        self.close()
    }

    /// Lets the campaign step and carries out what follows; answers with what happened at once.
    fn turn(&mut self, events: &[Event]) -> Result<Vec<Event>> {
        // A request may bring other slots along; they count once it is on record, so its tasks start one step later.
        let slots_change = events.iter().any(|event| matches!(event, Event::Queue { launch: Some(_), .. }));
        let waits = self.journal.is_behind() || !self.held.is_empty() || slots_change;
        // The queue may be about to grow by these events, so ask for as many slots more than it has.
        let free_slots = if waits { 0 } else { self.free_slots(wanted_by(events)) };
        let rooms = if waits { Vec::new() } else { self.rooms() };
        let step = self.campaign.step(events, Now { ms: self.clock.now_ms(), free_slots, rooms });
        let written = self.journal.append(&step.records, step.durability);
        self.note_trouble(written.as_ref().err());
        // A task can be stopped whatever the disk says; everything else waits until what led to it is on record.
        let (stops, rest): (Vec<Action>, Vec<Action>) = step
            .actions
            .into_iter()
            .partition(|a| matches!(a, Action::Terminate { .. } | Action::Kill { .. }));
        self.held.extend(rest);
        for action in stops {
            self.stop(&action);
        }
        if step.records.iter().any(|record| matches!(record, Record::Launch { .. })) {
            self.take_settings()?;
        }
        let mut happened = if written.is_ok() { self.do_held()? } else { Vec::new() };
        if slots_change {
            happened.push(Event::Tick);
        }
        Ok(happened)
    }

    /// Does what waits to be done, as far as the disk allows.
    fn do_held(&mut self) -> Result<Vec<Event>> {
        let mut events = Vec::new();
        while let Some(action) = self.held.pop_front() {
            match &action {
                Action::Forget { request } => self.forget(request),
                Action::Start { task, attempt } => match self.start(*task, *attempt) {
                    Ok(event) => events.push(event),
                    Err(full) => {
                        self.note_trouble(Some(&full));
                        self.held.push_front(action);
                        return Ok(events);
                    }
                },
                Action::Terminate { .. } | Action::Kill { .. } => self.stop(&action),
                Action::Submit { .. } | Action::Recall { .. } | Action::Hold | Action::Release => {
                    self.tell_sources(&action);
                }
            }
        }
        Ok(events)
    }

    /// Waits until something happens or is due.
    async fn wait(&mut self, next_mailbox: Instant, signals: Option<&mut Signals>) -> Vec<Event> {
        let mut wake = next_mailbox;
        if let Some(deadline_ms) = self.campaign.next_deadline_ms() {
            wake = wake.min(self.clock.instant_of(deadline_ms));
        }
        let asked = async {
            match signals {
                Some(signals) => signals.asked_to_stop().await,
                None => std::future::pending().await,
            }
        };
        let mut ended = Vec::new();
        let mut answered = None;
        let mut asked_to_stop = false;
        tokio::select! {
            Some(joined) = self.children.join_next() => ended.extend(joined.ok()),
            () = tokio::time::sleep_until(wake.into()) => {}
            said = self.answers.recv() => answered = said,
            () = asked => asked_to_stop = true,
        }
        while let Some(joined) = self.children.try_join_next() {
            ended.extend(joined.ok());
        }
        let mut events: Vec<Event> =
            ended.into_iter().filter_map(|(task, status)| self.end_of(task, status)).collect();
        if let Some((number, answer)) = answered
            && let Some(batch) = self.batches.iter_mut().find(|batch| batch.number == number)
        {
            events.extend(batch.take(answer, &self.campaign));
        }
        if asked_to_stop {
            events.extend(self.stop_everything());
        }
        events
    }

    /// What is looked at once a second, or because a stopped task needs watching.
    fn look(&mut self) -> Vec<Event> {
        let mut events = self.watch_stopping();
        events.extend(self.look_at_sources());
        let now = Instant::now();
        if now < self.next_look {
            return events;
        }
        self.next_look = now + LOOK_EVERY;
        events.extend(self.watch_orphans());
        let flushed = self.journal.flush(Durability::Synced);
        self.note_trouble(flushed.as_ref().err());
        if !self.lease.tells(self.trouble_to_tell().as_deref()) {
            self.renew_lease();
        }
        if flushed.is_ok() && !self.held.is_empty() {
            match self.do_held() {
                Ok(happened) => events.extend(happened),
                Err(error) => tracing::error!("{error}"),
            }
        }
        if events.is_empty() {
            // A GPU may have become free.
            events.push(Event::Tick);
        }
        events
    }

    /// Moves the lease's counter when that is due; whether somebody else has the lease by now.
    fn lease_is_lost(&mut self) -> bool {
        if Instant::now() < self.next_renewal {
            return false;
        }
        self.next_renewal = Instant::now() + lease::RENEW_EVERY;
        if !self.lease.is_ours() {
            return true;
        }
        self.renew_lease();
        false
    }

    /// Moves the lease's counter, and tells what keeps the driver from going on.
    fn renew_lease(&mut self) {
        let trouble = self.trouble_to_tell();
        if let Err(error) = self.lease.renew(trouble.as_deref()) {
            tracing::error!("{error}");
        }
    }

    /// What keeps the driver from going on: its own disk before its scheduler.
    fn trouble_to_tell(&self) -> Option<String> {
        self.trouble.clone().or_else(|| self.batches.iter().find_map(Batch::told_trouble))
    }

    /// Remembers what keeps the driver from going on, and tells it in the lease when that changes.
    fn note_trouble(&mut self, error: Option<&io::Error>) {
        if error.is_none() && (!self.held.is_empty() || self.journal.is_behind()) {
            // Something still waits for what was in the way before.
            return;
        }
        let trouble = error.map(|error| format!("{}: {error}", self.journal.path().display()));
        if trouble.is_some() != self.trouble.is_some() {
            match &trouble {
                Some(trouble) => tracing::error!("cannot go on for now: {trouble}"),
                None => tracing::info!("going on"),
            }
            self.trouble = trouble;
            self.renew_lease();
        }
    }

    /// Takes up how tasks are started, as the newest request has it.
    fn take_settings(&mut self) -> Result<()> {
        let Some(launch) = self.campaign.launch() else { return Ok(()) };
        let settings: RunSettings = serde_json::from_str(launch.get()).map_err(|error| {
            Error::new(ErrorKind::Submission, "the journal's launch settings cannot be read").because(error)
        })?;
        if let Some(local) = settings.source.local() {
            self.campaign.set_limits(Limits {
                walltime_ms: local.walltime_s.map(|seconds| seconds.saturating_mul(1000)),
                grace_ms: local.grace_s.saturating_mul(1000),
            });
            self.slots = Slots::new(local.parallel.get(), local.gpus.clone(), local.gpu_lock_folder.clone());
        }
        self.settings = Some(Arc::new(settings));
        self.open_sources()
    }

    /// How many places are taken: by our children, by what an earlier driver left, and by what was stopped and has processes left.
    fn occupied(&self) -> usize {
        let lingering = self.stopping.values().filter(|stopping| stopping.ending.is_some()).count();
        self.children.len() + self.orphans.len() + lingering
    }

    /// How many tasks could start here now, where tasks start here.
    fn free_slots(&mut self, wanted: u64) -> usize {
        if !self.slots_are_named() {
            return 0;
        }
        self.slots.free(self.occupied(), self.campaign.queued().saturating_add(wanted))
    }

    /// Whether tasks are started here from here on.
    fn slots_are_named(&self) -> bool {
        self.settings.as_ref().is_none_or(|settings| settings.source.local().is_some())
    }

    fn is_done(&self) -> bool {
        let asked = self.batches.iter().all(|batch| batch.is_idle(&self.campaign));
        self.campaign.is_idle() && asked && self.held.is_empty() && !self.journal.is_behind()
    }

    /// Somebody asked this process to end. What runs here ends with it, unless tasks run elsewhere, too: those go on, and the next driver
    /// finds all of them.
    fn stop_everything(&mut self) -> Option<Event> {
        if self.hands_over() {
            self.leaving = true;
            return None;
        }
        let again = self.stopping.len() == self.campaign.running().count() && !self.stopping.is_empty();
        let request = format!("signal-{}", self.clock.now_ms());
        Some(Event::Cancel { request, tasks: TaskSet::range(1, self.plan.tasks()), now: again })
    }

    fn close(mut self) -> Result<BTreeSet<String>> {
        let closed = [Record::Closed { at_ms: self.clock.now_ms() }];
        let written = self.journal.append(&closed, Durability::Synced);
        written.map_err(|error| Error::io("write the journal", self.journal.path(), error))?;
        Ok(self.left_alone)
    }

    /// The event for a child that was reaped; nothing when processes of a stopped task are left, which are waited for.
    fn end_of(&mut self, task: u64, status: io::Result<ExitStatus>) -> Option<Event> {
        let ending = match status.map(process::code_or_signal) {
            Ok(Ok(code)) => Ending::Exited(code),
            Ok(Err(signal)) => Ending::Signalled(signal),
            Err(error) => {
                tracing::error!("could not wait for task {task}: {error}");
                Ending::Unseen
            }
        };
        self.settle(task, ending)
    }
}

/// How many tasks these events may put into the queue.
fn wanted_by(events: &[Event]) -> u64 {
    events.iter().map(|event| if let Event::Queue { tasks, .. } = event { tasks.len() } else { 0 }).sum()
}

/// The id of the sweep in `dir`: the folder's name.
pub(crate) fn sweep_id_of(dir: &SweepDir) -> Result<SweepId> {
    let name = dir.root().file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    SweepId::new(name).map_err(|error| {
        Error::new(ErrorKind::Path, format!("`{}` is no sweep's folder", dir.root().display())).because(error)
    })
}
