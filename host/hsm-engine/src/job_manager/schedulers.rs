//! Asking a scheduler on this machine without a sweep: what it allows, what a submission would be. And finding the one that a source or
//! a journal names.

use super::JobManager;
use crate::batch::{BatchSource, SLOTS, SchedulerRef, Staging, Tally, TallyLine, data, read_tally, site};
use crate::clock;
use crate::error::{Error, ErrorKind, Result};
use crate::machine::{Here, Machine, machine_of};
use crate::mailbox::{self, Request};
use crate::sweep_dir::SweepDir;
use hsm_core::batch::is_token;
use hsm_core::command::Launch;
use hsm_core::roles::{Blame, Failure, Roles};
use hsm_core::scheduler::detect::{BuiltIn, Detected, detect};
use hsm_core::scheduler::survey::Surveyor;
use hsm_core::scheduler::{
    Command, Ending, Exchange, Pbs, Scheduler, SchedulerTraits, Site, Slots, Slurm, Step, Submission,
    converse,
};
use hsm_core::state::TaskState;
use hsm_core::sweep_id::SweepId;
use hsm_core::task_set::TaskSet;
use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, PoisonError};
use std::time::Instant;

/// What a submission would be.
#[derive(Clone, Debug)]
pub struct Preview {
    /// Who would hand it in.
    pub user: String,
    /// The request, as the scheduler gets it.
    pub request: Submission,
    /// The script.
    pub script: String,
    /// The first command that would hand it in.
    pub command: Option<Command>,
    /// How many elements it would have; the last one may have fewer.
    pub elements: u64,
    /// How many submissions there would be in all, as long as nobody stands in the way.
    pub submissions: u64,
}

/// How many commands that no sweep has on its tally yet are remembered: some times those before one submission. Whoever only ever asks, and
/// hands nothing in, forgets the oldest.
const ASKED_KEPT: usize = 64;

impl JobManager {
    /// Asks the batch system of `source` about itself.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`] where nobody knows how to ask, which is so of every plugin, and what the asking fails with.
    pub fn survey<T>(
        &self,
        source: &BatchSource,
        ask: impl Fn(&dyn Surveyor, &Site, &[Exchange]) -> std::result::Result<Step<T>, Failure>,
    ) -> Result<T> {
        let named = &source.scheduler;
        let known = BuiltIn::named(&named.name).filter(|_| named.is_built_in());
        let Some(built_in) = known else {
            let message =
                format!("the scheduler `{}` is a plugin, and those are not asked about queues", named.name);
            return Err(Error::new(ErrorKind::Configuration, message).with_hint(
                "use the batch system's own commands; `hsm status` says what is known of a sweep",
            ));
        };
        self.asked_at(source, "advise", |site, so_far| ask(built_in.surveyor(), site, so_far))
    }

    /// Which batch systems this machine has.
    ///
    /// # Errors
    /// None that asking for versions could cause.
    pub fn detect(&self) -> Result<Detected> {
        let mut here = Here::new(SweepDir::new(&self.sweeps_root));
        self.asked(&mut here, "detect", |so_far| Ok(detect(so_far))).map_err(Error::of_scheduler)
    }

    /// The folders of the project that tasks may want, and that do not go to the machine of `source` with the code.
    #[must_use]
    pub fn stays_here(&self, source: &BatchSource) -> Vec<String> {
        data(&self.project_dir, &source.code)
    }

    /// Makes sure that the machine of `source` can be reached; nothing is asked of its scheduler.
    ///
    /// # Errors
    /// Why it cannot, and who must act.
    pub fn reach(&self, source: &BatchSource, sweep_id: &SweepId) -> Result<()> {
        let mut machine =
            machine_of(source, sweep_id, &SweepDir::new(&self.sweeps_root), &self.drivers.links);
        machine.outlook().map(drop).map_err(Error::of_scheduler)
    }

    /// The machine of `source`, for what is about no sweep.
    fn machine_without_sweep(&self, source: &BatchSource) -> Result<Box<dyn Machine>> {
        let none =
            SweepId::new("none").map_err(|error| Error::new(ErrorKind::Configuration, error.to_string()))?;
        Ok(machine_of(source, &none, &SweepDir::new(&self.sweeps_root), &self.drivers.links))
    }

    /// Leads one conversation about no sweep, where `source` is.
    fn asked_at<T>(
        &self,
        source: &BatchSource,
        purpose: &str,
        ask: impl Fn(&Site, &[Exchange]) -> std::result::Result<Step<T>, Failure>,
    ) -> Result<T> {
        let mut machine = self.machine_without_sweep(source)?;
        let site = site(source, &machine.outlook().map_err(Error::of_scheduler)?);
        self.asked(&mut *machine, purpose, |so_far| ask(&site, so_far)).map_err(Error::of_scheduler)
    }

    /// Every token of a submission of this project's sweeps, and the sweep's id.
    ///
    /// # Errors
    /// [`ErrorKind::Path`] when the folder of the sweeps cannot be read.
    pub fn tokens(&self) -> Result<HashMap<String, String>> {
        let mut tokens = HashMap::new();
        for (_, folder) in self.folders()? {
            let Ok(jobs) = std::fs::read_dir(SweepDir::new(&folder).jobs()) else { continue };
            let sweep = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
            for job in jobs.filter_map(std::result::Result::ok) {
                let name = job.file_name().to_string_lossy().into_owned();
                if is_token(&name) {
                    tokens.insert(name, sweep.clone());
                }
            }
        }
        Ok(tokens)
    }

    /// What the scheduler of `source` allows.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`] or [`ErrorKind::Plugin`] when there is no such scheduler, and what it fails with.
    pub fn describe(&self, source: &BatchSource) -> Result<SchedulerTraits> {
        let scheduler = scheduler_of(&source.scheduler, self.roles.as_deref())?;
        self.asked_at(source, "describe", |site, so_far| scheduler.describe(site, so_far))
    }

    /// The commands that this manager ran to ask a scheduler about itself since this was last called, the newest few at least. Whoever then
    /// submits a sweep hands them to it ([`SubmitOptions::asked`](super::SubmitOptions)), so that its tally has all that was done for it.
    #[must_use]
    pub fn take_asked(&self) -> Vec<TallyLine> {
        std::mem::take(&mut *self.asked.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Leads a conversation on a machine that hands nothing in.
    fn asked<T>(
        &self,
        machine: &mut dyn Machine,
        purpose: &str,
        ask: impl FnMut(&[Exchange]) -> std::result::Result<Step<T>, Failure>,
    ) -> std::result::Result<T, Failure> {
        let conversation = converse(ask, |command| {
            let (began, at_ms) = (Instant::now(), clock::wall_ms());
            let exchange = machine.exchange(command, false)?;
            let took_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
            let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
            if asked.len() == ASKED_KEPT {
                asked.remove(0);
            }
            asked.push(TallyLine::new(purpose, at_ms, took_ms, &exchange));
            Ok(exchange)
        });
        let last = conversation.exchanges.last();
        conversation.answer.map_err(|failure| blamed(failure, last))
    }

    /// What the first submission of the sweep `sweep_id` would be, where `tasks` tasks wait. Nothing is written, and nothing handed in.
    ///
    /// # Errors
    /// As [`describe`](Self::describe), and when the scheduler could never grant the request.
    pub fn preview(
        &self,
        source: &BatchSource,
        launch: &Launch,
        sweep_id: &SweepId,
        tasks: u64,
        traits: &SchedulerTraits,
    ) -> Result<Preview> {
        let scheduler = scheduler_of(&source.scheduler, self.roles.as_deref())?;
        let dir = SweepDir::new(self.sweep_dir(sweep_id));
        let mut machine = machine_of(source, sweep_id, &dir, &self.drivers.links);
        let place = machine.outlook().map_err(Error::of_scheduler)?;
        let kept = with_code_foreseen(launch, source, &dir);
        let launch = machine.launch_outlook(&kept).map_err(Error::of_scheduler)?;
        let site = site(source, &place);
        let (launch, scheduler) = (&launch, &*scheduler);
        let staging =
            Staging { dir: &dir, place: &place, sweep_id, launch, source, scheduler, site: &site, traits };
        let per_element = u64::from(source.packing().tasks_per_element);
        let in_all = tasks.div_ceil(per_element).max(1);
        let elements = source.elements_per_job(traits).min(BatchSource::elements_at_once(traits)).min(in_all);
        let (request, script) = staging.preview(elements.saturating_mul(per_element).min(tasks))?;
        let command = match scheduler.submit(&site, &request, &[]).map_err(Error::of_scheduler)? {
            Step::Run(command) => Some(command),
            Step::Done(_) => None,
        };
        let user = site.user.clone();
        Ok(Preview { user, request, script, command, elements, submissions: in_all.div_ceil(elements) })
    }

    /// Takes somebody's word that nothing of these tasks runs any more, though no one saw them end. How many that is about.
    ///
    /// # Errors
    /// [`ErrorKind::Submission`] when there is no such task, or no driver can be had.
    pub fn abandon(&self, sweep_dir: &Path, tasks: Option<&TaskSet>, take_over: bool) -> Result<u64> {
        let dir = self.open(sweep_dir)?;
        let status = self.status(sweep_dir)?;
        let doubtful = |state: TaskState| {
            state == TaskState::Unknown || (tasks.is_some() && state == TaskState::Running)
        };
        let meant: TaskSet = status
            .tasks()
            .filter(|task| doubtful(task.state) && tasks.is_none_or(|tasks| tasks.contains(task.task)))
            .map(|task| task.task)
            .collect();
        if meant.is_empty() {
            let message =
                format!("no task of `{}` is `unknown`, so there is nothing to abandon", status.sweep_id);
            return Err(Error::new(ErrorKind::Submission, message));
        }
        let count = meant.len();
        mailbox::post(&dir.requests(), Request::Abandon { tasks: meant, again: false }, None)?;
        self.drivers.ensure(&dir, take_over)?;
        Ok(count)
    }

    /// Takes somebody's word that a machine is gone for good, with everything that ran there: its tasks go back into the queue, to run on the
    /// others. How many that is about.
    ///
    /// # Errors
    /// [`ErrorKind::Submission`] when it has no task, or no driver can be had.
    pub fn abandon_source(&self, sweep_dir: &Path, source: &str, take_over: bool) -> Result<u64> {
        let dir = self.open(sweep_dir)?;
        let status = self.status(sweep_dir)?;
        let tasks = status.at_source(source);
        if tasks.is_empty() {
            let message = format!("no task of `{}` is known to be on `{source}`", status.sweep_id);
            return Err(Error::new(ErrorKind::Submission, message));
        }
        let count = tasks.len();
        mailbox::post(&dir.requests(), Request::Abandon { tasks, again: true }, None)?;
        self.drivers.ensure(&dir, take_over)?;
        Ok(count)
    }

    /// Whether a request waits to be taken up by the sweep's driver.
    ///
    /// # Errors
    /// [`ErrorKind::Path`] when the mailbox cannot be read.
    pub fn is_asked(&self, sweep_dir: &Path) -> Result<bool> {
        let requests = self.open(sweep_dir)?.requests();
        let (letters, _) = mailbox::read(&requests).map_err(|error| Error::io("read", &requests, error))?;
        Ok(!letters.is_empty())
    }

    /// Lets go what is held at the scheduler, and hands in what waits.
    ///
    /// # Errors
    /// [`ErrorKind::Submission`] when nothing is held, or no driver can be had.
    pub fn release(&self, sweep_dir: &Path) -> Result<()> {
        let dir = self.open(sweep_dir)?;
        if self.status(sweep_dir)?.held().is_none() {
            return Err(Error::new(ErrorKind::Submission, "nothing of this sweep is held by hsm"));
        }
        mailbox::post(&dir.requests(), Request::Release, None)?;
        self.drivers.ensure(&dir, false)
    }

    /// Sees to it that a sweep with jobs at a scheduler has a driver, which looks after them. Whether it needs one.
    ///
    /// # Errors
    /// [`ErrorKind::Submission`] when none can be had.
    pub fn attend(&self, sweep_dir: &Path) -> Result<bool> {
        let dir = self.open(sweep_dir)?;
        let status = self.status(sweep_dir)?;
        let undecided = !status.is_over() || status.counts.of(TaskState::Unknown) > 0;
        let wants = undecided && !status.jobs().is_empty();
        if wants {
            self.drivers.ensure(&dir, false)?;
        }
        Ok(wants)
    }

    /// Every command that was run for the sweep's scheduler, counted.
    ///
    /// # Errors
    /// [`ErrorKind::Path`] when the tally cannot be read.
    pub fn tally(&self, sweep_dir: &Path) -> Result<Tally> {
        let jobs = self.open(sweep_dir)?.jobs();
        read_tally(&jobs).map_err(|error| Error::io("read the tally in", &jobs, error))
    }
}

/// A command that is not there is not there later either, whatever its scheduler makes of that.
fn blamed(failure: Failure, last: Option<&Exchange>) -> Failure {
    match last {
        Some(last) if last.ending == Ending::NotStarted && failure.blame == Blame::Transient => {
            let program = &last.command.program;
            let hint = format!(
                "is `{program}` on the `PATH`? The batch system's commands may need a module to be loaded"
            );
            Failure { blame: Blame::Config, ..failure }.with_hint(hint)
        }
        _ => failure,
    }
}

/// The launch of a sweep whose code would be kept, as it would be.
fn with_code_foreseen(launch: &Launch, source: &BatchSource, dir: &SweepDir) -> Launch {
    let kept = if source.code.snapshot { dir.free_code() } else { None };
    let mut launch = launch.clone();
    launch.project_root = kept.unwrap_or(launch.project_root);
    launch
}

/// The scheduler itself.
///
/// # Errors
/// When it is none of the host's own and no plugin, or the plugin is not the one that was meant.
pub(crate) fn scheduler_of(named: &SchedulerRef, roles: Option<&dyn Roles>) -> Result<Arc<dyn Scheduler>> {
    if named.is_built_in() {
        return built_in(&named.name).ok_or_else(|| {
            Error::new(ErrorKind::Configuration, format!("hsm has no scheduler `{}` of its own", named.name))
                .with_hint("`slurm` and `pbs` are; any other is a plugin, named with `--plugin`")
        });
    }
    let Some(roles) = roles else {
        let message = format!("the scheduler `{}` is a plugin, and nobody gave this process any", named.name);
        return Err(Error::new(ErrorKind::Plugin, message));
    };
    Ok(roles.scheduler(&named.reference, Some(&named.digest))?.role)
}

/// One of the host's own.
fn built_in(name: &str) -> Option<Arc<dyn Scheduler>> {
    if name == SLOTS {
        return Some(Arc::new(Slots));
    }
    Some(match BuiltIn::named(name)? {
        BuiltIn::Slurm => Arc::new(Slurm),
        BuiltIn::Pbs => Arc::new(Pbs),
    })
}
