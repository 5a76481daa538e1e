//! `hsm cancel`: stops a sweep, from any terminal, and waits until it has stopped.

use super::follow;
use super::run::sweep_name;
use crate::args::{CancelArgs, GlobalArgs};
use crate::context::Context;
use crate::output::{Console, counted};
use crate::report::{Exit, Problem};
use hsm_engine::{CancelOptions, GRACE_S};
use std::time::Duration;

/// How long to wait beyond the grace that tasks have to end by themselves.
const PATIENCE_S: u64 = 20;
/// The same for jobs of a scheduler, which has a grace of its own and is asked once a minute.
const SCHEDULER_PATIENCE_S: u64 = 150;

/// Cancels the sweep.
///
/// # Errors
/// When there is no such sweep, nothing of it is left to cancel, or it does not stop.
pub fn run(args: &CancelArgs, global: &GlobalArgs, console: Console) -> Result<Exit, Problem> {
    let context = Context::find(global, console)?;
    let sweep_dir = context.sweep_dir(&args.sweep)?;
    let asked = context.manager.cancel(&sweep_dir, &CancelOptions { tasks: None, now: args.now })?;
    let at_scheduler = !context.manager.status(&sweep_dir)?.jobs().is_empty();
    let patience_s = if at_scheduler { SCHEDULER_PATIENCE_S } else { PATIENCE_S };
    let status = follow::until_stopped(&context, &sweep_dir, Duration::from_secs(GRACE_S + patience_s))?;
    let id = sweep_name(&sweep_dir);
    if !status.all_final() {
        return Err(Problem::new(
            Exit::General,
            format!("{id} was asked to stop, and tasks are still queued or running"),
        )
        .with_hint(format!("`hsm cancel {id} --now` kills them; `hsm status {id}` shows who drives it")));
    }
    let total = counted(u128::from(asked.queued + asked.running), "task", "tasks");
    console.say(&format!(
        "{id}: stopped {total}, {} of them running; now {}",
        asked.running,
        follow::counts_text(&status, &[])
    ));
    console.hint(&format!("`hsm complete {id}` runs them after all"));
    Ok(Exit::Success)
}
