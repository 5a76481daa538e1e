//! `hsm abandon`: takes the user's word that tasks do not run any more of which nobody saw the end. Until then they are not run again.

use super::run::sweep_name;
use crate::args::{AbandonArgs, GlobalArgs};
use crate::context::Context;
use crate::output::{Console, counted};
use crate::report::{Exit, Problem};
use hsm_core::state::TaskState;
use hsm_core::task_set::TaskSet;
use hsm_engine::{SweepStatus, TaskStatus};
use std::path::Path;
use std::time::{Duration, Instant};

/// How long a driver may take to put it on record, and between two looks at that.
const PATIENCE: Duration = Duration::from_secs(15);
const LOOK_INTERVAL: Duration = Duration::from_millis(100);

/// Abandons the tasks.
///
/// # Errors
/// When there is no such sweep, none of its tasks is in doubt, or a driver does not take it up.
pub fn run(args: &AbandonArgs, global: &GlobalArgs, console: Console) -> Result<Exit, Problem> {
    let context = Context::find(global, console)?;
    let sweep_dir = context.sweep_dir(&args.sweep)?;
    let named = args.tasks.as_deref().map(parse_tasks).transpose()?;
    let status = context.manager.status(&sweep_dir)?;
    if let Some(host) = &args.host
        && named.is_none()
        && !status.at_source(host).is_empty()
    {
        return machine(host, &context, &sweep_dir, args.take_over);
    }
    let meant = match &args.host {
        Some(host) => Some(on_host(&status, host, named.as_ref())?),
        None => named,
    };
    let id = sweep_name(&sweep_dir);
    let count = context.manager.abandon(&sweep_dir, meant.as_ref(), args.take_over)?;
    until_recorded(&context, &sweep_dir, &status, meant.as_ref(), count)?;
    console.say(&format!("{id}: {} taken to be over", counted(u128::from(count), "task is", "tasks are")));
    console.hint(&format!("`hsm complete {id}` runs what is not done again"));
    Ok(Exit::Success)
}

/// A machine that is gone for good: what it had runs elsewhere.
fn machine(host: &str, context: &Context, sweep_dir: &Path, take_over: bool) -> Result<Exit, Problem> {
    let (id, console) = (sweep_name(sweep_dir), context.console);
    let count = context.manager.abandon_source(sweep_dir, host, take_over)?;
    let start = Instant::now();
    while context.manager.is_asked(sweep_dir)? {
        if start.elapsed() > PATIENCE {
            return Err(not_taken_up(&id));
        }
        std::thread::sleep(LOOK_INTERVAL);
    }
    let tasks = counted(u128::from(count), "task is", "tasks are");
    console.say(&format!("{id}: {tasks} taken to be gone with {host}, and in the queue again"));
    console.hint(&format!("`hsm monitor {id}` follows it"));
    Ok(Exit::Success)
}

fn not_taken_up(id: &str) -> Problem {
    Problem::new(Exit::General, "no driver has taken this up yet")
        .with_hint(format!("`hsm status {id}` shows who drives the sweep"))
}

fn parse_tasks(text: &str) -> Result<TaskSet, Problem> {
    text.parse().map_err(|error| {
        Problem::new(Exit::Configuration, format!("`--tasks`: {error}")).with_hint("write `1-3,7`")
    })
}

/// The tasks in doubt whose newest attempt was on that machine.
fn on_host(status: &SweepStatus, host: &str, among: Option<&TaskSet>) -> Result<TaskSet, Problem> {
    let doubtful = |task: &TaskStatus| matches!(task.state, TaskState::Unknown | TaskState::Running);
    let in_doubt: Vec<TaskStatus> = status.tasks().filter(doubtful).collect();
    let found: TaskSet = in_doubt
        .iter()
        .filter(|task| {
            task.node.as_deref() == Some(host) && among.is_none_or(|among| among.contains(task.task))
        })
        .map(|task| task.task)
        .collect();
    if !found.is_empty() {
        return Ok(found);
    }
    let nodes: std::collections::BTreeSet<&str> =
        in_doubt.iter().filter_map(|task| task.node.as_deref()).collect();
    let message = format!("no task of `{}` that is running or unknown was on `{host}`", status.sweep_id);
    let hint = if nodes.is_empty() {
        format!("`hsm status {}` shows what is in doubt", status.sweep_id)
    } else {
        format!("such tasks were on {}", nodes.into_iter().collect::<Vec<_>>().join(", "))
    };
    Err(Problem::new(Exit::NotFound, message).with_hint(hint))
}

/// Waits until a driver has put it on record: what is asked for next counts on it.
fn until_recorded(
    context: &Context,
    sweep_dir: &Path,
    before: &SweepStatus,
    meant: Option<&TaskSet>,
    count: u64,
) -> Result<(), Problem> {
    let in_doubt = |status: &SweepStatus| {
        let counts = |task: &TaskStatus| {
            meant.is_none_or(|meant| meant.contains(task.task))
                && matches!(task.state, TaskState::Unknown | TaskState::Running)
        };
        status.tasks().filter(counts).count() as u64
    };
    let (mut watch, start) = (context.manager.watch(sweep_dir)?, Instant::now());
    let wanted = in_doubt(before).saturating_sub(count);
    while in_doubt(&watch.refresh()?) > wanted {
        if start.elapsed() > PATIENCE {
            return Err(not_taken_up(before.sweep_id.as_str()));
        }
        std::thread::sleep(LOOK_INTERVAL);
    }
    Ok(())
}
