//! `hsm status`: how a sweep stands. It changes nothing.

use super::follow::{ago, how_to_go_on};
use super::status_jobs::{self, JobJson};
use crate::args::{GlobalArgs, StatusArgs};
use crate::context::Context;
use crate::output::{Align, Console, TextTable, counted, duration, escape, escape_lines, rfc3339};
use crate::report::{Exit, Problem};
use hsm_core::campaign::Counts;
use hsm_core::state::TaskState;
use hsm_engine::{Driver, SweepStatus, Tally, TaskStatus, wall_ms};
use serde::Serialize;

/// How many tasks are shown to people, unless they ask for all.
const SHOWN_TASKS: usize = 20;

/// Shows the status.
///
/// # Errors
/// When there is no such sweep, or it cannot be read.
pub fn run(args: &StatusArgs, global: &GlobalArgs, console: Console) -> Result<Exit, Problem> {
    let context = Context::find(global, console)?;
    let sweep_dir = context.sweep_dir(&args.sweep)?;
    let status = context.manager.status(&sweep_dir)?;
    status.warnings.iter().for_each(|warning| console.warn(warning));
    let asks = args.rpc || !status.jobs().is_empty();
    let tally = if asks { context.manager.tally(&sweep_dir)? } else { Tally::default() };
    if args.json {
        let plugins = status.plugins();
        let jobs: Vec<JobJson<'_>> = status.standings().iter().map(JobJson::from).collect();
        let counts = CountsJson::from(&status.counts);
        let held = status.held();
        let (observed, commands) = (tally.observed_ms.and_then(rfc3339), status_jobs::commands(&tally));
        let mut head: Vec<(&str, &dyn crate::output::Field)> = vec![
            ("format", &1),
            ("sweep_id", &status.sweep_id),
            ("sweep_dir", &status.sweep_dir),
            ("source", &status.source),
            ("counts", &counts),
            ("unsent", &status.unsent),
            ("held", &held),
            ("trouble", &status.trouble),
            ("plugins", &plugins),
            ("jobs", &jobs),
            ("observed", &observed),
        ];
        if args.rpc {
            head.push(("commands", &commands));
        }
        console.json_list(&head, "tasks", status.tasks().map(TaskJson::from))?;
    } else if args.rpc {
        console.data(&status_jobs::tally_text(&tally))?;
    } else {
        console.data(&text(&status, tally.observed_ms, args.all))?;
        hint(&status, console);
    }
    Ok(Exit::Success)
}

/// How many tasks are in each state.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct CountsJson {
    queued: u64,
    running: u64,
    completed: u64,
    failed: u64,
    cancelled: u64,
    unknown: u64,
}

impl From<&Counts> for CountsJson {
    fn from(counts: &Counts) -> Self {
        Self {
            queued: counts.of(TaskState::Queued),
            running: counts.of(TaskState::Running),
            completed: counts.of(TaskState::Completed),
            failed: counts.of(TaskState::Failed),
            cancelled: counts.of(TaskState::Cancelled),
            unknown: counts.of(TaskState::Unknown),
        }
    }
}

#[derive(Serialize)]
struct TaskJson {
    task: u64,
    state: TaskState,
    exit_code: Option<i32>,
    reason: Option<String>,
    started: Option<String>,
    ended: Option<String>,
    attempts: u32,
    node: Option<String>,
}

impl From<TaskStatus> for TaskJson {
    fn from(task: TaskStatus) -> Self {
        Self {
            task: task.task,
            state: task.state,
            exit_code: task.exit_code,
            reason: task.reason,
            started: task.started_ms.and_then(rfc3339),
            ended: task.ended_ms.and_then(rfc3339),
            attempts: task.attempts,
            node: task.node,
        }
    }
}

fn text(status: &SweepStatus, observed_ms: Option<u64>, all: bool) -> String {
    let mut text = format!("{} ({}): {}\n", status.sweep_id, status.source, driver(status, observed_ms));
    text.push_str(&format!("{}\n\n", escape(&status.sweep_dir.display().to_string())));
    let mut counts = TextTable::new(&[("state", Align::Left), ("tasks", Align::Right)]);
    for state in TaskState::ALL.into_iter().filter(|state| status.counts.of(*state) > 0) {
        counts.row(&[state.to_string(), status.counts.of(state).to_string()]);
    }
    text.push_str(&counts.render());
    text.push_str(&escape_lines(&status_jobs::text(status, all)));
    // What runs or went wrong is what somebody asks for; the rest is numbers.
    let told = |task: &TaskStatus| {
        all || matches!(task.state, TaskState::Running | TaskState::Failed | TaskState::Unknown)
    };
    let shown: Vec<TaskStatus> =
        status.tasks().filter(told).take(if all { usize::MAX } else { SHOWN_TASKS }).collect();
    if shown.is_empty() {
        return text;
    }
    text.push('\n');
    text.push_str(&tasks(&shown));
    let more = status.tasks().filter(told).count() - shown.len();
    if more > 0 {
        text.push_str(&format!("… {more} more; `--all` shows them\n"));
    }
    text
}

/// Who drives it, and where nobody does, how old what is known of its jobs is.
fn driver(status: &SweepStatus, observed_ms: Option<u64>) -> String {
    let ended = status.tasks().filter_map(|task| task.ended_ms).max();
    match &status.driver {
        Driver::Here(holder) => format!("driven by process {} on this machine", holder.pid),
        Driver::Elsewhere(holder) => {
            format!("driven by process {} on `{}`", holder.pid, escape(&holder.host))
        }
        Driver::None if status.all_final() => match ended {
            Some(ended) => format!("ended {}", ago(ended)),
            None => "ended".to_owned(),
        },
        Driver::None if has_open_jobs(status) => {
            let asked = observed_ms.map_or("not asked about its jobs yet".to_owned(), |ms| {
                format!("last asked about its jobs {}", ago(ms))
            });
            format!("nobody drives it; {} was {asked}", status.source)
        }
        Driver::None => "nobody drives it".to_owned(),
    }
}

fn tasks(shown: &[TaskStatus]) -> String {
    let columns = [
        ("task", Align::Right),
        ("state", Align::Left),
        ("attempts", Align::Right),
        ("started", Align::Left),
        ("took", Align::Right),
        ("reason", Align::Left),
    ];
    // Where tasks of this machine ran is no news.
    let with_nodes = shown.iter().any(|task| task.node.is_some());
    let mut columns = columns.to_vec();
    if with_nodes {
        columns.insert(5, ("node", Align::Left));
    }
    let mut table = TextTable::new(&columns);
    let now = wall_ms();
    for task in shown {
        let end = task.ended_ms.or((task.state == TaskState::Running).then_some(now));
        let took = task.started_ms.zip(end).map(|(start, end)| duration(end.saturating_sub(start)));
        let mut row = vec![
            task.task.to_string(),
            task.state.to_string(),
            task.attempts.to_string(),
            task.started_ms.map(ago).unwrap_or_default(),
            took.unwrap_or_default(),
            task.reason.clone().filter(|reason| reason != task.state.as_str()).unwrap_or_default(),
        ];
        if with_nodes {
            row.insert(5, task.node.clone().unwrap_or_default());
        }
        table.row(&row);
    }
    table.render()
}

/// Whether tasks wait or run at a scheduler, as far as is known.
fn has_open_jobs(status: &SweepStatus) -> bool {
    status.standings().iter().any(|job| job.queued + job.running > 0)
}

fn hint(status: &SweepStatus, console: Console) {
    let id = &status.sweep_id;
    let bad = status.counts.of(TaskState::Failed) + status.counts.of(TaskState::Unknown);
    if status.held().is_some() {
        console.hint(&format!(
            "`hsm errors {id}` shows why, `hsm release {id}` goes on, `hsm cancel {id}` ends it"
        ));
    } else if status.driver == Driver::None && has_open_jobs(status) {
        console.hint(&format!("`hsm monitor {id}` asks {}, and looks after its jobs", status.source));
    } else if status.driver == Driver::None && !status.all_final() {
        let left = counted(u128::from(status.counts.of(TaskState::Queued)), "task is", "tasks are");
        console.hint(&format!("{left} left; {}", how_to_go_on(status)));
    } else if bad > 0 {
        console.hint(&format!("`hsm errors {id}` shows why tasks failed"));
    }
}
