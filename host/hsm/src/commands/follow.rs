//! Following a sweep until it ends: what `run`, `complete` and `monitor` do after they have started something. The sweep does not need
//! its follower; whatever happens to this process, the driver goes on.

use super::task_output::TaskOutput;
use crate::context::Context;
use crate::interrupt;
use crate::output::{Console, Progress, counted, duration, escape};
use crate::report::{Exit, Problem};
use hsm_core::campaign::JobEntry;
use hsm_core::state::TaskState;
use hsm_core::task_set::TaskSet;
use hsm_engine::{CancelOptions, ComputeSource, Driver, SweepStatus, TaskStatus, wall_ms};
use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Between two looks: soon enough to seem immediate; and at tasks of a scheduler, which take longer to start, on a file system that others use.
const LOOK_INTERVAL: Duration = Duration::from_millis(100);
const SCHEDULER_LOOK_INTERVAL: Duration = Duration::from_secs(1);
/// How long a sweep may be without a driver before it counts as abandoned: one driver may just be following another.
const DRIVERLESS_PATIENCE: Duration = Duration::from_secs(3);
/// How long a driver may take to leave once all tasks have ended.
const LEAVING_PATIENCE: Duration = Duration::from_secs(10);
/// How many tasks that ended badly are named at the end.
const NAMED_FAILURES: usize = 3;
/// How many different warnings are told: one that has a number in it could go on for days.
const SAID_MAX: usize = 50;

/// What Ctrl-C means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnInterrupt {
    /// The tasks are asked to stop; a second time, they are killed.
    Stop,
    /// Only the following ends.
    Leave,
}

/// What Ctrl-C means to whoever started tasks there: those of this machine end with it, those of a cluster never.
pub fn on_interrupt(source: &ComputeSource) -> OnInterrupt {
    match source {
        ComputeSource::Local(_) => OnInterrupt::Stop,
        ComputeSource::Batch(_) | ComputeSource::Pool(_) => OnInterrupt::Leave,
    }
}

/// How following ended.
#[derive(Debug)]
pub struct Followed {
    status: SweepStatus,
    interrupted: bool,
    /// Whether tasks are left that nobody drives.
    abandoned: bool,
    took: Duration,
}

/// Follows the sweep until all its tasks have ended and its driver has left, showing what tasks print through `output`.
///
/// # Errors
/// When the sweep cannot be read.
pub fn until_the_end(
    context: &Context,
    sweep_dir: &Path,
    on_interrupt: OnInterrupt,
    output: Option<TaskOutput>,
) -> Result<Followed, Problem> {
    let mut follower = Follower::new(context, sweep_dir, on_interrupt, output)?;
    let followed = follower.follow();
    follower.progress.finish();
    followed
}

struct Follower<'a> {
    context: &'a Context,
    sweep_dir: PathBuf,
    on_interrupt: OnInterrupt,
    interrupts: u32,
    output: Option<TaskOutput>,
    progress: Progress,
    runtime: Runtime,
    interrupt: Signal,
    start: Instant,
}

impl<'a> Follower<'a> {
    fn new(
        context: &'a Context,
        sweep_dir: &Path,
        on_interrupt: OnInterrupt,
        output: Option<TaskOutput>,
    ) -> Result<Self, Problem> {
        let failed = |error| Problem::new(Exit::General, format!("could not listen for Ctrl-C: {error}"));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
        let entered = runtime.enter();
        let interrupt = signal(SignalKind::interrupt()).map_err(failed)?;
        drop(entered);
        interrupt::is_about_tasks();
        Ok(Self {
            context,
            sweep_dir: sweep_dir.to_owned(),
            on_interrupt,
            interrupts: 0,
            output,
            progress: Progress::new(context.console),
            runtime,
            interrupt,
            start: Instant::now(),
        })
    }

    fn follow(&mut self) -> Result<Followed, Problem> {
        let mut watch = self.context.manager.watch(&self.sweep_dir)?;
        let mut driverless_since = None;
        let mut ended_since = None;
        let mut said = HashSet::new();
        loop {
            let status = watch.refresh()?;
            self.show(&status, &mut said)?;
            let driven = status.driver != Driver::None;
            if status.is_over() || (status.all_final() && !driven) {
                let since = *ended_since.get_or_insert_with(Instant::now);
                if !driven || since.elapsed() > LEAVING_PATIENCE {
                    return Ok(self.ended(status, false));
                }
            } else if driven {
                (driverless_since, ended_since) = (None, None);
            } else if driverless_since.get_or_insert_with(Instant::now).elapsed() > DRIVERLESS_PATIENCE {
                return Ok(self.ended(status, true));
            }
            let interval = if status.jobs().is_empty() { LOOK_INTERVAL } else { SCHEDULER_LOOK_INTERVAL };
            if self.wait_is_interrupted(interval) && self.is_told_to_leave() {
                return Ok(self.ended(status, false));
            }
        }
    }

    fn ended(&self, status: SweepStatus, abandoned: bool) -> Followed {
        Followed { status, interrupted: self.interrupts > 0, abandoned, took: self.start.elapsed() }
    }

    fn show(&mut self, status: &SweepStatus, said: &mut HashSet<String>) -> Result<(), Problem> {
        let held = status.held().map(|why| format!("held: {why}; `hsm release {}` goes on", status.sweep_id));
        for warning in status.warnings.iter().chain(&held) {
            if said.len() < SAID_MAX && said.insert(warning.clone()) {
                self.progress.say(&format!("warning: {warning}"));
            }
        }
        if let Some(output) = &mut self.output {
            output.show(status, &self.progress)?;
        }
        let counts = &status.counts;
        let open = counts.of(TaskState::Queued) + counts.of(TaskState::Running);
        self.progress.show(
            counts.total() - open,
            counts.total(),
            &format!(
                "{}{}",
                counts_text(status, &[TaskState::Completed, TaskState::Queued]),
                waiting(status)
            ),
        );
        Ok(())
    }

    /// Waits until the next look; whether Ctrl-C came meanwhile.
    fn wait_is_interrupted(&mut self, interval: Duration) -> bool {
        let interrupt = &mut self.interrupt;
        self.runtime.block_on(async {
            tokio::select! {
                _ = interrupt.recv() => true,
                () = tokio::time::sleep(interval) => false,
            }
        })
    }

    /// Does what Ctrl-C asks for; whether that means to end here.
    fn is_told_to_leave(&mut self) -> bool {
        self.interrupts += 1;
        match (self.on_interrupt, self.interrupts) {
            (OnInterrupt::Leave, _) => true,
            (OnInterrupt::Stop, 1) => {
                self.progress.say("stopping the tasks; Ctrl-C again kills them at once");
                self.stop(false)
            }
            (OnInterrupt::Stop, 2) => {
                self.progress.say("killing the tasks; Ctrl-C again leaves");
                self.stop(true)
            }
            (OnInterrupt::Stop, _) => true,
        }
    }

    /// Asks the driver to stop all tasks; whether there is no point in waiting for it.
    fn stop(&self, now: bool) -> bool {
        let asked = self.context.manager.cancel(&self.sweep_dir, &CancelOptions { tasks: None, now });
        // An error that there is nothing to stop means that the end is near; of any other the user has to know.
        if let Err(error) = &asked {
            self.progress.say(&format!("warning: {error}"));
        }
        false
    }
}

/// Why the scheduler would not take the newest submission, where it would not.
fn refused(status: &SweepStatus) -> Option<&str> {
    status.jobs().last().and_then(JobEntry::refusal)
}

/// What goes on with a sweep that nobody drives. What was refused would be refused again as it is.
pub fn how_to_go_on(status: &SweepStatus) -> String {
    let id = &status.sweep_id;
    match refused(status) {
        Some(_) => format!("`hsm complete {id} --resources …` sends it again, asking for something else"),
        None => format!("`hsm complete {id}` goes on with it"),
    }
}

impl Followed {
    /// Says how the sweep stands and what can be done next, and what that means for the exit code. With `tasks`, only those decide.
    ///
    /// # Errors
    /// None so far; a summary may come to need more than it has.
    pub fn summarize(&self, context: &Context, tasks: Option<&TaskSet>) -> Result<Exit, Problem> {
        let console = context.console;
        let status = &self.status;
        let id = &status.sweep_id;
        let took = u64::try_from(self.took.as_millis()).unwrap_or(u64::MAX);
        let summary = format!("{id}: {}, after {}", counts_text(status, &[]), duration(took));
        // Being quiet is about what goes well.
        if self.all_went_well(tasks) {
            console.say(&summary)
        } else {
            Console::error_line(&summary)
        }
        self.name_failures(tasks);
        if self.interrupted {
            let next = if status.all_final() { "complete" } else { "monitor" };
            console.hint(&format!("`hsm {next} {id}` goes on with it"));
            if !status.all_final() && !status.jobs().is_empty() {
                console.hint(&format!("its jobs at {} go on; `hsm cancel {id}` stops them", status.source));
            }
            return Ok(Exit::Interrupted);
        }
        if self.abandoned {
            refused(status).into_iter().for_each(|why| console.warn(why));
            console.warn(&format!("nobody drives {id}, and not all of its tasks have ended"));
            console.hint(&how_to_go_on(status));
            return Ok(Exit::General);
        }
        for (source, count) in status.away() {
            let results = counted(u128::from(count), "task's results are", "tasks' results are");
            console.warn(&format!("{results} still on {source}; `hsm monitor {id}` brings them home"));
        }
        if self.all_went_well(tasks) {
            console.say(&format!("next: `hsm collect {id}` puts the results into a table"));
            return Ok(Exit::Success);
        }
        console.hint(&format!("`hsm errors {id}` shows why, `hsm complete {id}` runs them again"));
        Ok(Exit::General)
    }

    fn all_went_well(&self, tasks: Option<&TaskSet>) -> bool {
        match tasks {
            None => self.status.counts.of(TaskState::Completed) == self.status.counts.total(),
            Some(tasks) => tasks
                .iter()
                .all(|task| self.status.task(task).is_some_and(|task| task.state == TaskState::Completed)),
        }
    }

    fn name_failures(&self, tasks: Option<&TaskSet>) {
        let bad = |task: &TaskStatus| {
            let counts = tasks.is_none_or(|tasks| tasks.contains(task.task));
            counts && matches!(task.state, TaskState::Failed | TaskState::Unknown)
        };
        for task in self.status.tasks().filter(bad).take(NAMED_FAILURES) {
            let reason = task.reason.unwrap_or_else(|| task.state.to_string());
            Console::error_line(&format!("  task {}: {}", task.task, escape(&reason)));
        }
    }
}

/// `30 completed, 2 failed`: the states that tasks are in, but those in `unless_other` only where nothing else is to be said.
pub fn counts_text(status: &SweepStatus, unless_other: &[TaskState]) -> String {
    let text = |states: &mut dyn Iterator<Item = TaskState>| {
        let parts: Vec<String> = states
            .filter(|state| status.counts.of(*state) > 0)
            .map(|state| format!("{} {state}", status.counts.of(state)))
            .collect();
        parts.join(", ")
    };
    let some = text(&mut TaskState::ALL.into_iter().filter(|state| !unless_other.contains(state)));
    if some.is_empty() { text(&mut TaskState::ALL.into_iter()) } else { some }
}

/// What the newest job that waits waits for, in the scheduler's words. Tasks start in order, so one look at a job's last task says whether
/// it waits: this is asked every second, of sweeps of any size.
fn waiting(status: &SweepStatus) -> String {
    let waits = |job: &&JobEntry| {
        let last = job.tasks.last().and_then(|task| status.task(task));
        !job.waiting.is_empty() && last.is_some_and(|task| task.state == TaskState::Queued)
    };
    let waiting = status.jobs().iter().rfind(waits);
    waiting.map_or_else(String::new, |job| format!(" (waiting: {})", escape(&job.waiting)))
}

/// Waits until none of `tasks` is queued or running, as long as a driver lives; whether that is so.
///
/// # Errors
/// When the sweep cannot be read.
pub fn until_stopped(
    context: &Context,
    sweep_dir: &Path,
    patience: Duration,
) -> Result<SweepStatus, Problem> {
    let mut watch = context.manager.watch(sweep_dir)?;
    let start = Instant::now();
    let mut progress = Progress::new(context.console);
    loop {
        let status = watch.refresh()?;
        let left = status.counts.of(TaskState::Queued) + status.counts.of(TaskState::Running);
        let settled = left == 0 && status.driver == Driver::None;
        if settled || start.elapsed() > patience {
            progress.finish();
            return Ok(status);
        }
        let total = status.counts.total();
        progress.show(
            total - left,
            total,
            &format!("{} to stop", counted(u128::from(left), "task", "tasks")),
        );
        std::thread::sleep(LOOK_INTERVAL);
    }
}

/// The age of a moment, for people.
pub fn ago(milliseconds: u64) -> String {
    crate::output::age(milliseconds, wall_ms())
}
