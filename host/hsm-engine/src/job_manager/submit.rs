//! Submitting: a folder, a plan, a request in its mailbox, a driver.

use super::{JobId, JobManager, Points, SubmitOptions};
use crate::batch::{TallyLine, snapshot};
use crate::error::{Error, ErrorKind, Result};
use crate::mailbox::{self, Request};
use crate::source::{ComputeSource, RunSettings};
use crate::sweep_dir::SweepDir;
use hsm_core::command::{Launch, Program};
use hsm_core::plan::{PlannedTask, Planner};
use hsm_core::point::Point;
use hsm_core::roles::Failure;
use hsm_core::sweep_id::SweepId;
use hsm_core::task_set::TaskSet;
use serde_json::value::{RawValue, to_raw_value};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread;

/// How many tasks go from the thread that makes them to the one that writes them at a time, and how many batches may wait: enough to keep
/// both busy, and a few megabytes.
const TASKS_PER_BATCH: usize = 1024;
const BATCHES_AHEAD: usize = 4;

impl JobManager {
    /// Creates the sweep `sweep_id` in `sweep_dir` and starts it on `source`; one job id a task, in the order of the points.
    ///
    /// The folder is created exclusively: of two submissions of one id, one is refused. On an error there is no sweep.
    ///
    /// # Errors
    /// [`ErrorKind::Submission`] when the sweep exists or has no point, [`ErrorKind::Configuration`] when a point cannot be turned into a
    /// command, [`ErrorKind::Plugin`] when a generator fails, [`ErrorKind::Path`] when files cannot be written. When the driver cannot be
    /// started the sweep exists, and the error says how to go on.
    pub fn submit_sweep(
        &self,
        points: impl Into<Points>,
        source: &ComputeSource,
        sweep_id: &SweepId,
        sweep_dir: &Path,
        options: SubmitOptions,
    ) -> Result<Vec<JobId>> {
        let SubmitOptions { launch, definition, max_runs, mut plugins, asked } = options;
        plugins.extend(source.plugins());
        check_name(sweep_id, sweep_dir)?;
        check_launch(&launch)?;
        let dir = SweepDir::new(std::path::absolute(sweep_dir).map_err(|e| Error::io("find", sweep_dir, e))?);
        let limit = max_runs.unwrap_or(u64::MAX);
        let tasks = dir.create(&definition, |out| {
            let launch = self.with_code_kept(launch, source, &dir)?;
            let settings = launch_json(&launch, source)?;
            let tasks = write_plan(out, points.into(), limit, &launch, sweep_id, &dir)?;
            // Before the plan gets its name, which makes the folder a sweep: one that nobody was asked to run would stay so.
            let request = Request::Queue { tasks: TaskSet::range(1, tasks), plugins, notes: Vec::new() };
            mailbox::post(&dir.requests(), request, Some(settings))?;
            put_on_tally(&asked, source, &dir)?;
            Ok(tasks)
        })?;
        self.drivers.ensure(&dir, false).map_err(|error| {
            let again = format!("the sweep is planned; start it with `hsm complete {sweep_id}`");
            error.with_hint(again)
        })?;
        Ok(JobId::all(&dir, tasks))
    }
}

impl JobManager {
    /// The launch that runs a snapshot of the project's code, where the source wants one.
    pub(super) fn with_code_kept(
        &self,
        launch: Launch,
        source: &ComputeSource,
        dir: &SweepDir,
    ) -> Result<Launch> {
        let Some(options) = source.code() else { return Ok(launch) };
        let Some(to) = dir.free_code() else { return Ok(launch) };
        let earlier = self.newest_code();
        let kept = snapshot(&launch.project_root, &self.sweeps_root, &to, earlier.as_deref(), options)?;
        tracing::info!(
            "kept the code: {} files, {} of them shared with another sweep",
            kept.files,
            kept.shared
        );
        Ok(Launch { project_root: to, ..launch })
    }

    /// The newest snapshot of any sweep.
    fn newest_code(&self) -> Option<PathBuf> {
        let newest_of = |path: &Path| {
            let dir = SweepDir::new(path);
            (1..).map(|number| dir.code(number)).take_while(|code| code.is_dir()).last()
        };
        self.folders().ok()?.into_iter().rev().find_map(|(_, path)| newest_of(&path))
    }
}

/// What was asked for a sweep before there was one is part of what it cost its scheduler.
fn put_on_tally(asked: &[TallyLine], source: &ComputeSource, dir: &SweepDir) -> Result<()> {
    if asked.is_empty() || source.batches().next().is_none() {
        return Ok(());
    }
    let jobs = dir.jobs();
    std::fs::create_dir(&jobs).map_err(|error| Error::io("create the folder", &jobs, error))?;
    asked.iter().for_each(|line| line.append(&jobs));
    Ok(())
}

/// How tasks are started, as the journal keeps it.
pub(super) fn launch_json(launch: &Launch, source: &ComputeSource) -> Result<Box<RawValue>> {
    to_raw_value(&RunSettings { launch: launch.clone(), source: source.clone() }).map_err(|e| {
        Error::new(ErrorKind::Submission, "could not write down how tasks are started").because(e)
    })
}

fn check_name(sweep_id: &SweepId, sweep_dir: &Path) -> Result<()> {
    if sweep_dir.file_name().is_some_and(|name| name == sweep_id.as_str()) {
        return Ok(());
    }
    let message = format!("the folder `{}` of the sweep is not called `{sweep_id}`", sweep_dir.display());
    Err(Error::new(ErrorKind::Submission, message))
}

/// Finds out before anything is created whether what runs is there at all.
pub(super) fn check_launch(launch: &Launch) -> Result<()> {
    if !launch.project_root.is_dir() {
        let message = format!("the project's folder `{}` does not exist", launch.project_root.display());
        return Err(Error::not_found(message).with_hint("correct `project.root` in the settings"));
    }
    if let Program::Command(template) = &launch.program
        && let Some(program) = template.written().first()
        && program.contains('/')
        && !program.contains('{')
    {
        let path = launch.project_root.join(program);
        if !path.is_file() {
            return Err(Error::not_found(format!("the program `{program}` of the command does not exist"))
                .with_hint(format!("it was looked for as `{}`", path.display())));
        }
    }
    match launch.script_path() {
        Some(script) if !script.is_file() => {
            Err(Error::not_found(format!("the script `{}` does not exist", script.display())).with_hint(
                "name one with `script:` in the sweep file; relative paths start at the project's folder",
            ))
        }
        _ => Ok(()),
    }
}

/// Writes the plan and tries every command on the way, so that a point that cannot run is found before anything does.
fn write_plan(
    out: &mut dyn Write,
    points: Points,
    limit: u64,
    launch: &Launch,
    sweep_id: &SweepId,
    dir: &SweepDir,
) -> Result<u64> {
    let points = points.take(usize::try_from(limit).unwrap_or(usize::MAX));
    let (batches, numbered) = sync_channel(BATCHES_AHEAD);
    // Making points and their identities takes as long as trying and writing them, so a second thread does the former.
    let tasks = thread::scope(|scope| {
        scope.spawn(move || number(points, &batches));
        let mut tasks = 0;
        let mut lines = String::new();
        for batch in numbered {
            lines.clear();
            for planned in batch? {
                check_command(&planned, launch, sweep_id, dir)?;
                planned.push_line(&mut lines);
                lines.push('\n');
                tasks = planned.task;
            }
            out.write_all(lines.as_bytes()).map_err(|error| Error::io("write", &dir.plan(), error))?;
        }
        Ok::<u64, Error>(tasks)
    })?;
    if tasks == 0 {
        return Err(Error::new(ErrorKind::Submission, "the sweep has no task")
            .with_hint("`hsm plan` shows what the sweep file amounts to"));
    }
    Ok(tasks)
}

/// Numbers points and sends them on in batches, until there are no more, one fails, or nobody wants them any longer.
fn number(
    points: impl Iterator<Item = std::result::Result<Point, Failure>>,
    batches: &SyncSender<std::result::Result<Vec<PlannedTask>, Failure>>,
) {
    let mut planner = Planner::new();
    let mut batch = Vec::with_capacity(TASKS_PER_BATCH);
    for point in points {
        match point {
            Ok(point) => batch.extend(planner.plan(point)),
            Err(failure) => {
                // Whoever has gone away does not need to know.
                let _ = batches.send(Err(failure));
                return;
            }
        }
        if batch.len() == TASKS_PER_BATCH
            && batches.send(Ok(std::mem::replace(&mut batch, Vec::with_capacity(TASKS_PER_BATCH)))).is_err()
        {
            return;
        }
    }
    let _ = batches.send(Ok(batch));
}

/// The command of a task can be made.
pub(super) fn check_command(
    planned: &PlannedTask,
    launch: &Launch,
    sweep_id: &SweepId,
    dir: &SweepDir,
) -> Result<()> {
    match launch.argv(sweep_id, planned.task, &dir.task(planned.task), &planned.point) {
        Ok(_) => Ok(()),
        Err(error) => Err(Error::new(ErrorKind::Configuration, error.to_string())),
    }
}
