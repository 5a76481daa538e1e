//! Asking a sweep's driver for something: to stop tasks, or to run what is not done.

use super::submit::{check_command, check_launch, launch_json};
use super::{
    CancelOptions, Cancelled, CompleteOptions, Completion, Extension, JobManager, SweepStatus, TaskClass,
    Watch,
};
use crate::driver::sweep_id_of;
use crate::error::{Error, ErrorKind, Result};
use crate::journal::JournalReader;
use crate::lease::{Driver, Lease, STALE_AFTER};
use crate::mailbox::{self, Request};
use crate::plan_file::PlanFile;
use crate::source::{ComputeSource, RunSettings};
use crate::sweep_dir::SweepDir;
use hsm_core::command::Launch;
use hsm_core::journal::{PluginUse, Record};
use hsm_core::plan::{PlannedTask, Planner};
use hsm_core::point::Identity;
use hsm_core::state::TaskState;
use hsm_core::task_set::TaskSet;
use std::fs;
use std::path::Path;

impl JobManager {
    /// Stops tasks: the driver takes queued ones out of the queue, asks running ones to end and kills them after a grace. Returns once the
    /// driver has been asked; [`watch`](Self::watch) shows when it is done.
    ///
    /// # Errors
    /// [`ErrorKind::Submission`] when there is nothing to stop or no driver can be had.
    pub fn cancel(&self, sweep_dir: &Path, options: &CancelOptions) -> Result<Cancelled> {
        let dir = self.open(sweep_dir)?;
        let status = Watch::new(dir.clone())?.refresh()?;
        let tasks = options.tasks.clone().unwrap_or_else(|| TaskSet::range(1, status.counts.total()));
        let mut cancelled = Cancelled { queued: 0, running: 0 };
        for task in status.tasks().filter(|task| tasks.contains(task.task)) {
            match task.state {
                TaskState::Queued => cancelled.queued += 1,
                TaskState::Running => cancelled.running += 1,
                _ => {}
            }
        }
        if cancelled.queued + cancelled.running == 0 {
            let message = format!(
                "nothing of `{}` is queued or running, so there is nothing to cancel",
                status.sweep_id
            );
            return Err(Error::new(ErrorKind::Submission, message));
        }
        mailbox::post(&dir.requests(), Request::Cancel { tasks, now: options.now }, None)?;
        self.drivers.ensure(&dir, false)?;
        Ok(cancelled)
    }

    /// Runs what is not done: tasks that are missing, failed, cancelled or unknown, with the same numbers and folders, as a new attempt
    /// each. What has completed is never run again, whatever changed; changes are reported.
    ///
    /// # Errors
    /// [`ErrorKind::Submission`] when the plan is to be extended while a driver lives, [`ErrorKind::Configuration`] when the new launch
    /// cannot be used, and whatever further points fail with. The plan is then as it was.
    pub fn complete(
        &self,
        sweep_dir: &Path,
        source: &ComputeSource,
        options: CompleteOptions,
    ) -> Result<Completion> {
        let dir = self.open(sweep_dir)?;
        let before = recorded(&dir)?;
        let launch = match (&options.launch, &before) {
            (Some(launch), _) => launch.clone(),
            (None, Some(before)) => before.launch.clone(),
            (None, None) => {
                return Err(Error::new(
                    ErrorKind::Submission,
                    format!(
                        "the journal of `{}` does not say how its tasks are started",
                        dir.root().display()
                    ),
                )
                .with_hint("name the sweep file with `--with`"));
            }
        };
        check_launch(&launch)?;
        let settings = RunSettings { launch, source: source.clone() };
        let changes = before.map_or_else(Vec::new, |before| settings.changes_since(&before));
        let mut watch = Watch::new(dir.clone())?;
        let status = watch.refresh()?;
        if let Some(lost) = watch.lost() {
            return Err(Error::new(ErrorKind::Submission, lost)
                .with_hint("restore the file from a backup; nothing is run again on a guess"));
        }
        let chosen = chosen(&status, options.only.as_deref());
        let waiting = status.waiting();
        let may_live: TaskSet = chosen.iter().filter(|task| status.may_live(*task)).collect();
        let mut completion = Completion {
            queued: chosen
                .iter()
                .filter(|task| !may_live.contains(*task) && !waiting.contains(*task))
                .collect(),
            running: running(&status),
            waiting,
            may_live,
            changes,
            ..Completion::default()
        };
        let mut plugins: Vec<PluginUse> = source.plugins();
        if let Some(extension) = options.extend {
            plugins.extend(extension.plugins.iter().cloned());
            self.extend(
                &dir,
                extension,
                &settings.launch,
                options.dry_run,
                options.take_over,
                &mut completion,
            )?;
        }
        if options.dry_run {
            return Ok(completion);
        }
        if !completion.queued.is_empty() {
            // What runs again runs the code as it is now: that is why people run it again.
            let settings = RunSettings {
                launch: self.with_code_kept(settings.launch, source, &dir)?,
                source: source.clone(),
            };
            self.queue(&dir, &completion, plugins, &settings, options.take_over)?;
        } else if !completion.running.is_empty()
            || !completion.waiting.is_empty()
            || status.has_unread_records()
        {
            // What a killed driver left running or waiting is waited for by a new one, which also holds it to its walltime; what ended
            // meanwhile is put on record.
            self.drivers.ensure(&dir, options.take_over)?;
        }
        Ok(completion)
    }

    /// How the sweep's tasks were last started, as its journal has it.
    ///
    /// # Errors
    /// [`ErrorKind::Path`] when there is no such sweep or its journal cannot be read.
    pub fn recorded_launch(&self, sweep_dir: &Path) -> Result<Option<(Launch, ComputeSource)>> {
        Ok(recorded(&self.open(sweep_dir)?)?.map(|settings| (settings.launch, settings.source)))
    }

    fn queue(
        &self,
        dir: &SweepDir,
        completion: &Completion,
        plugins: Vec<PluginUse>,
        settings: &RunSettings,
        take_over: bool,
    ) -> Result<()> {
        if let Driver::Elsewhere(holder) = crate::lease::driver(&dir.lease())?
            && !take_over
        {
            // Asking for the lease gives the error that says what to do about its holder.
            Lease::take(&dir.lease(), None).map(drop).map_err(|error| {
                error
                    .of_kind(ErrorKind::Submission)
                    .because(format!("its last sign of life is number {}", holder.counter))
            })?;
        }
        let request =
            Request::Queue { tasks: completion.queued.clone(), plugins, notes: completion.changes.clone() };
        mailbox::post(&dir.requests(), request, Some(launch_json(&settings.launch, &settings.source)?))?;
        self.drivers.ensure(dir, take_over)
    }

    fn extend(
        &self,
        dir: &SweepDir,
        extension: Extension,
        launch: &Launch,
        dry_run: bool,
        take_over: bool,
        completion: &mut Completion,
    ) -> Result<()> {
        // Only the holder of the lease may make the plan longer; a dry run changes nothing and needs none.
        let lease =
            if dry_run { None } else { Some(Lease::take(&dir.lease(), take_over.then_some(STALE_AFTER))?) };
        let mut plan = PlanFile::open(&dir.plan())?;
        let mut known: Vec<(u64, Identity)> = Vec::new();
        for task in plan.iter() {
            let task = task?;
            known.push((task.task, task.id));
        }
        let (fresh, kept) = new_tasks(extension.points, &known)?;
        let sweep_id = sweep_id_of(dir)?;
        for task in &fresh {
            check_command(task, launch, &sweep_id, dir)?;
            completion.queued.insert(task.task);
        }
        completion.appended = fresh.len() as u64;
        completion.kept = kept;
        if lease.is_some() && !fresh.is_empty() {
            keep_definition(dir, &extension.definition)?;
            dir.append_to_plan(&fresh)?;
        }
        Ok(())
    }
}

/// The tasks of `points` that are not among `known`, and how many of `known` are not among `points`.
fn new_tasks(points: super::Points, known: &[(u64, Identity)]) -> Result<(Vec<PlannedTask>, u64)> {
    let mut planner = Planner::extending(known.iter().copied());
    let mut fresh = Vec::new();
    for point in points {
        fresh.extend(planner.plan(point?));
    }
    Ok((fresh, known.len() as u64 - planner.met()))
}

/// The tasks that are not done, of the classes that were asked for. What a living driver has in its queue is under way.
fn chosen(status: &SweepStatus, only: Option<&[TaskClass]>) -> TaskSet {
    let driven = status.driver != Driver::None;
    let wanted = |class: TaskClass| {
        only.is_none_or(|only| only.contains(&class)) && !(driven && class == TaskClass::Missing)
    };
    (1..=status.counts.total()).filter(|task| status.class(*task).is_some_and(wanted)).collect()
}

fn running(status: &SweepStatus) -> TaskSet {
    status.tasks().filter(|task| task.state == TaskState::Running).map(|task| task.task).collect()
}

/// How tasks were last started.
fn recorded(dir: &SweepDir) -> Result<Option<RunSettings>> {
    let mut newest = None;
    JournalReader::new(dir.journal()).read(|record| {
        if let Record::Launch { launch } = record {
            newest = Some(launch);
        }
    })?;
    // A driver that was never started has left the request where it was posted.
    if newest.is_none() {
        let letters = mailbox::read(&dir.requests()).map_err(|e| Error::io("read", &dir.requests(), e))?.0;
        newest = letters.into_iter().rev().find_map(|letter| letter.launch);
    }
    newest
        .map(|launch| {
            serde_json::from_str(launch.get()).map_err(|error| {
                Error::new(ErrorKind::Submission, "the journal's launch settings cannot be read")
                    .because(error)
            })
        })
        .transpose()
}

/// Keeps the file that a plan was extended with beside the first one.
fn keep_definition(dir: &SweepDir, definition: &str) -> Result<()> {
    for number in 2u32.. {
        let path = dir.extension(number);
        match fs::File::create_new(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(Error::io("write", &path, error)),
            Ok(_) => {
                return fs::write(&path, definition).map_err(|error| {
                    // An empty file of ours would count as the newest definition.
                    let _ = fs::remove_file(&path);
                    Error::io("write", &path, error)
                });
            }
        }
    }
    Ok(())
}
