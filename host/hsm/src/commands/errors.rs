//! `hsm errors`: the tasks that ended badly, grouped by reason, each group with the end of what one of them wrote to standard error.

use super::run::sweep_name;
use crate::args::{ErrorsArgs, GlobalArgs};
use crate::context::Context;
use crate::output::{Console, counted, escape, escape_lines};
use crate::report::{Exit, Problem};
use hsm_core::state::TaskState;
use hsm_core::task_set::TaskSet;
use hsm_engine::TaskError;
use serde::Serialize;
use std::path::Path;

/// Shows the errors.
///
/// # Errors
/// When there is no such sweep, or it cannot be read.
pub fn run(args: &ErrorsArgs, global: &GlobalArgs, console: Console) -> Result<Exit, Problem> {
    let context = Context::find(global, console)?;
    let sweep_dir = context.sweep_dir(&args.sweep)?;
    let errors = context.manager.errors(&sweep_dir)?;
    let id = sweep_name(&sweep_dir);
    if args.json {
        console.json_list(
            &[("format", &1), ("sweep_id", &id)],
            "errors",
            errors.iter().map(ErrorJson::from),
        )?;
        return Ok(Exit::Success);
    }
    if errors.is_empty() {
        console.say(&format!("{id}: no task has failed"));
        return Ok(Exit::Success);
    }
    for (index, group) in groups(&errors).iter().enumerate() {
        console.data(&format!("{}{}", if index > 0 { "\n" } else { "" }, text(group)))?;
    }
    console.hint(&format!("`hsm complete {id}` runs them again"));
    Ok(Exit::Success)
}

#[derive(Serialize)]
struct ErrorJson<'a> {
    task: u64,
    state: TaskState,
    class: &'a str,
    exit_code: Option<i32>,
    reason: Option<&'a str>,
    stderr: &'a Path,
    stderr_tail: &'a str,
}

impl<'a> From<&'a TaskError> for ErrorJson<'a> {
    fn from(error: &'a TaskError) -> Self {
        Self {
            task: error.status.task,
            state: error.status.state,
            class: error.class.as_str(),
            exit_code: error.status.exit_code,
            reason: error.status.reason.as_deref(),
            stderr: &error.stderr,
            stderr_tail: &error.stderr_tail,
        }
    }
}

/// Tasks that ended in the same way.
struct Group<'a> {
    reason: String,
    tasks: TaskSet,
    example: &'a TaskError,
}

/// Groups by reason, the largest first.
fn groups(errors: &[TaskError]) -> Vec<Group<'_>> {
    let mut groups: Vec<Group<'_>> = Vec::new();
    for error in errors {
        let reason = error.status.reason.clone().unwrap_or_else(|| error.status.state.to_string());
        match groups.iter_mut().find(|group| group.reason == reason) {
            Some(group) => {
                group.tasks.insert(error.status.task);
                // A task that said something explains more than one that did not.
                if group.example.stderr_tail.is_empty() {
                    group.example = error;
                }
            }
            None => {
                let task = error.status.task;
                groups.push(Group { reason, tasks: TaskSet::range(task, task), example: error });
            }
        }
    }
    groups.sort_by_key(|group| std::cmp::Reverse(group.tasks.len()));
    groups
}

fn text(group: &Group<'_>) -> String {
    let count = counted(u128::from(group.tasks.len()), "task", "tasks");
    let numbers = group.tasks.to_string();
    let mut text = format!("{count} ({numbers}): {}\n", escape(&group.reason));
    let (task, path) = (group.example.status.task, escape(&group.example.stderr.display().to_string()));
    if group.example.stderr_tail.trim().is_empty() {
        text.push_str(&format!("  nothing on standard error of task {task}, `{path}`\n"));
        return text;
    }
    text.push_str(&format!("  the end of standard error of task {task}, `{path}`:\n"));
    for line in escape_lines(&group.example.stderr_tail).lines() {
        text.push_str(&format!("    {line}\n"));
    }
    text
}
