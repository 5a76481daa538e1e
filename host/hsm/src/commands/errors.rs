//! `hsm errors`: the tasks that ended badly, grouped by why and by the last line that they wrote to standard error, each group with the
//! evidence and the end of standard error of one of them.

use super::run::sweep_name;
use crate::args::{ErrorsArgs, GlobalArgs};
use crate::context::Context;
use crate::output::{Console, counted, escape, escape_lines};
use crate::report::{Exit, Problem};
use hsm_core::state::TaskState;
use hsm_core::task_set::TaskSet;
use hsm_engine::{TaskClass, TaskError};
use serde::Serialize;
use std::collections::BTreeSet;
use std::path::Path;

/// How many kinds of errors are shown to people.
const SHOWN_GROUPS: usize = 20;
/// What reasons begin with whose rest is evidence about one task.
const WITH_EVIDENCE: [&str; 5] = ["vanished", "node failure", "out of memory", "preempted", "abandoned"];

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
    let groups = groups(&errors);
    for (index, group) in groups.iter().take(SHOWN_GROUPS).enumerate() {
        console.data(&format!("{}{}", if index > 0 { "\n" } else { "" }, text(group)))?;
    }
    if groups.len() > SHOWN_GROUPS {
        console.say(&format!("… {} more kinds; `--json` has all", groups.len() - SHOWN_GROUPS));
    }
    let doubtful: TaskSet =
        errors.iter().filter(|error| error.may_live).map(|error| error.status.task).collect();
    if !doubtful.is_empty() {
        console.hint(&format!(
            "`hsm abandon {id} --tasks {doubtful}` once you know that nothing of them runs any more"
        ));
    }
    if doubtful.len() < errors.len() as u64 {
        console.hint(&format!("`hsm complete {id}` runs them again"));
    }
    Ok(Exit::Success)
}

#[derive(Serialize)]
struct ErrorJson<'a> {
    task: u64,
    state: TaskState,
    class: &'a str,
    exit_code: Option<i32>,
    node: Option<&'a str>,
    may_live: bool,
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
            node: error.status.node.as_deref(),
            may_live: error.may_live,
            reason: error.status.reason.as_deref(),
            stderr: &error.stderr,
            stderr_tail: &error.stderr_tail,
        }
    }
}

/// Tasks that ended in the same way.
struct Group<'a> {
    class: TaskClass,
    reason: String,
    last_line: &'a str,
    tasks: TaskSet,
    nodes: BTreeSet<&'a str>,
    example: &'a TaskError,
}

/// Groups by why and by the last line of standard error, the largest first.
fn groups(errors: &[TaskError]) -> Vec<Group<'_>> {
    let mut groups: Vec<Group<'_>> = Vec::new();
    for error in errors {
        let (class, reason, last_line) = (error.class, kind(&reason_of(error)).to_owned(), last_line(error));
        let same = |group: &&mut Group<'_>| {
            group.class == class && group.reason == reason && group.last_line == last_line
        };
        let group = match groups.iter_mut().find(same) {
            Some(group) => group,
            None => {
                let (tasks, nodes) = (TaskSet::default(), BTreeSet::new());
                groups.push(Group { class, reason, last_line, tasks, nodes, example: error });
                let last = groups.len() - 1;
                &mut groups[last]
            }
        };
        group.tasks.insert(error.status.task);
        group.nodes.extend(error.status.node.as_deref());
    }
    groups.sort_by_key(|group| std::cmp::Reverse(group.tasks.len()));
    groups
}

fn reason_of(error: &TaskError) -> String {
    error.status.reason.clone().unwrap_or_else(|| error.status.state.to_string())
}

/// A reason without the evidence about one task in it.
fn kind(reason: &str) -> &str {
    match reason.split_once(": ") {
        Some((kind, _)) if WITH_EVIDENCE.contains(&kind) => kind,
        _ => reason,
    }
}

fn last_line(error: &TaskError) -> &str {
    error.stderr_tail.lines().map(str::trim).rfind(|line| !line.is_empty()).unwrap_or_default()
}

fn text(group: &Group<'_>) -> String {
    let count = counted(u128::from(group.tasks.len()), "task", "tasks");
    let nodes: Vec<&str> = group.nodes.iter().copied().collect();
    let place = if nodes.is_empty() { String::new() } else { format!(" on {}", nodes.join(", ")) };
    // Classes whose reasons begin with them need no word of their own.
    let class = if group.class == TaskClass::Failed { "" } else { group.class.as_str() };
    let class = if group.reason.starts_with(class) { String::new() } else { format!("{class}, ") };
    let (numbers, kind) = (&group.tasks, format!("{class}{}", group.reason));
    let mut text = format!("{count} ({numbers}){}: {}\n", escape(&place), escape(&kind));
    let task = group.example.status.task;
    let reason = reason_of(group.example);
    if reason != group.reason {
        let evidence = reason.strip_prefix(&group.reason).unwrap_or(&reason).trim_start_matches(": ");
        text.push_str(&format!("  of task {task}: {}\n", escape(evidence)));
    }
    let path = escape(&group.example.stderr.display().to_string());
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

#[cfg(test)]
mod tests {
    use super::*;
    use hsm_engine::TaskStatus;

    fn error(task: u64, class: TaskClass, reason: &str, node: &str, stderr: &str) -> TaskError {
        let state = if class == TaskClass::Unknown { TaskState::Unknown } else { TaskState::Failed };
        let status = TaskStatus {
            task,
            state,
            exit_code: None,
            reason: Some(reason.to_owned()),
            started_ms: None,
            ended_ms: None,
            attempts: 1,
            node: (!node.is_empty()).then(|| node.to_owned()),
        };
        TaskError {
            status,
            class,
            may_live: false,
            stderr_tail: stderr.to_owned(),
            stderr: format!("t{task}/stderr.log").into(),
        }
    }

    #[test]
    fn what_has_one_cause_is_one_group() {
        use TaskClass::{Failed, Memory, Timeout, Unknown};
        let gone = |task| format!("vanished: it began on n{task} and left no record of its end");
        let errors = [
            error(1, Failed, "exit code 1", "n1", "Traceback\nValueError: lr"),
            error(2, Failed, "exit code 1", "n2", "other lines\nValueError: lr\n\n"),
            error(3, Failed, "exit code 1", "n1", "ImportError: torch"),
            error(4, Timeout, "timeout: ran longer than its walltime of 60 s", "n2", ""),
            error(5, Memory, "out of memory: OUT_OF_MEMORY, exit code 0", "n1", ""),
            error(6, Unknown, &gone(6), "n6", ""),
            error(7, Unknown, &gone(7), "n7", ""),
            error(8, Failed, "exit code 1", "", "ValueError: lr"),
        ];
        let shown: Vec<String> = groups(&errors).iter().map(text).collect();
        insta::assert_snapshot!(shown.join("\n"), @r"
        3 tasks (1-2,8) on n1, n2: exit code 1
          the end of standard error of task 1, `t1/stderr.log`:
            Traceback
            ValueError: lr

        2 tasks (6-7) on n6, n7: unknown, vanished
          of task 6: it began on n6 and left no record of its end
          nothing on standard error of task 6, `t6/stderr.log`

        1 task (3) on n1: exit code 1
          the end of standard error of task 3, `t3/stderr.log`:
            ImportError: torch

        1 task (4) on n2: timeout: ran longer than its walltime of 60 s
          nothing on standard error of task 4, `t4/stderr.log`

        1 task (5) on n1: memory, out of memory
          of task 5: OUT_OF_MEMORY, exit code 0
          nothing on standard error of task 5, `t5/stderr.log`
        ");
    }
}
