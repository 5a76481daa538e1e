//! `hsm queue`: what a cluster says of its jobs, GPUs and reservations. Jobs of this project are shown with their sweep.

use crate::args::{GlobalArgs, QueueArgs, QueueView};
use crate::context::Context;
use crate::output::{Align, Console, TextTable, counted};
use crate::report::{Exit, Problem};
use crate::source;
use hsm_core::scheduler::JobState;
use hsm_core::scheduler::survey::{GpuPool, QueueRow, Reservation};
use hsm_engine::{BatchSource, wall_ms};
use serde::Serialize;
use std::collections::HashMap;

/// How many rows are shown to people, unless they ask for all.
const SHOWN_ROWS: usize = 40;

/// Shows what the cluster says.
///
/// # Errors
/// When there is no cluster, several, or it does not answer.
pub fn run(args: &QueueArgs, global: &GlobalArgs, console: Console) -> Result<Exit, Problem> {
    let context = Context::find_or_here(global, console)?;
    let manager = &context.manager;
    let source = BatchSource::new(source::to_ask(args.scheduler.as_deref(), manager)?);
    let head: [(&str, &dyn crate::output::Field); 2] =
        [("format", &1), ("scheduler", &source.scheduler.name)];
    match args.what {
        QueueView::Jobs | QueueView::Mine => {
            let mine = args.what == QueueView::Mine;
            let rows = manager.survey(&source, |surveyor, site, so_far| surveyor.queue(site, mine, so_far));
            let rows = linked(rows.map_err(Problem::of_scheduler)?, &manager.tokens()?);
            if args.json {
                console.json_list(&head, "jobs", rows.iter())?;
            } else if rows.is_empty() {
                console.say("nothing waits and nothing runs");
            } else {
                let shown = if args.all { rows.len() } else { rows.len().min(SHOWN_ROWS) };
                console.data(&jobs(&rows[..shown]))?;
                console.say(&summary(&rows, shown));
            }
        }
        QueueView::Gpus => {
            let pools = manager.survey(&source, |surveyor, site, so_far| surveyor.gpus(site, so_far));
            let pools = pools.map_err(Problem::of_scheduler)?;
            if args.json {
                console.json_list(&head, "gpus", pools.iter())?;
            } else if pools.is_empty() {
                console.say("no partition has GPUs");
            } else {
                console.data(&gpus(&pools))?;
            }
        }
        QueueView::Reservations => {
            let found = manager.survey(&source, |surveyor, site, so_far| surveyor.reservations(site, so_far));
            let found = found.map_err(Problem::of_scheduler)?;
            if args.json {
                console.json_list(&head, "reservations", found.iter())?;
            } else if found.is_empty() {
                console.say("there is no reservation");
            } else {
                console.data(&reservations(&found, wall_ms()))?;
            }
        }
    }
    Ok(Exit::Success)
}

/// A row of the queue, and the sweep that it belongs to.
#[derive(Debug, Serialize)]
struct Linked {
    #[serde(flatten)]
    row: QueueRow,
    sweep: Option<String>,
}

/// A sweep's jobs end with their token.
fn linked(rows: Vec<QueueRow>, tokens: &HashMap<String, String>) -> Vec<Linked> {
    let sweep = |name: &str| tokens.get(name.rsplit('.').next()?).cloned();
    rows.into_iter().map(|row| Linked { sweep: sweep(&row.name), row }).collect()
}

fn word(state: JobState) -> &'static str {
    match state {
        JobState::Queued => "queued",
        JobState::Held => "held",
        JobState::Running => "running",
        JobState::Completed => "completed",
        JobState::Failed => "failed",
        JobState::Cancelled => "cancelled",
        JobState::Gone => "gone",
    }
}

fn jobs(rows: &[Linked]) -> String {
    let columns = [
        ("job", Align::Left),
        ("tasks", Align::Right),
        ("state", Align::Left),
        ("user", Align::Left),
        ("sweep or name", Align::Left),
        ("partition", Align::Left),
        ("cpus", Align::Right),
        ("gpus", Align::Right),
        ("walltime", Align::Right),
        ("where, or why not", Align::Left),
    ];
    let mut table = TextTable::new(&columns);
    for Linked { row, sweep } in rows {
        let job = row.elements.as_ref().map_or(row.job.clone(), |part| format!("{}[{part}]", row.job));
        table.row(&[
            job,
            row.tasks.to_string(),
            word(row.state).to_owned(),
            row.user.clone(),
            sweep.clone().unwrap_or_else(|| row.name.clone()),
            row.partition.clone(),
            row.cpus.to_string(),
            row.gpus.to_string(),
            row.walltime_s.map(clock).unwrap_or_default(),
            if row.nodes.is_empty() { row.reason.clone() } else { row.nodes.clone() },
        ]);
    }
    table.render()
}

fn summary(rows: &[Linked], shown: usize) -> String {
    let tasks = |state: JobState| {
        rows.iter()
            .filter(|linked| linked.row.state == state)
            .map(|linked| u128::from(linked.row.tasks))
            .sum::<u128>()
    };
    let (running, waiting) = (tasks(JobState::Running), tasks(JobState::Queued) + tasks(JobState::Held));
    let more = rows.len() - shown;
    let more = if more > 0 { format!("… {more} more rows, which `--all` shows; ") } else { String::new() };
    format!(
        "{more}{} and {}",
        counted(running, "task runs", "tasks run"),
        counted(waiting, "task waits", "tasks wait")
    )
}

fn gpus(pools: &[GpuPool]) -> String {
    let columns = [
        ("partition", Align::Left),
        ("gpu", Align::Left),
        ("total", Align::Right),
        ("used", Align::Right),
        ("free", Align::Right),
        ("down", Align::Right),
        ("waited for", Align::Right),
        ("nodes", Align::Right),
    ];
    let mut table = TextTable::new(&columns);
    for pool in pools {
        let free = pool.total.saturating_sub(pool.used).saturating_sub(pool.unavailable);
        table.row(&[
            pool.partition.clone(),
            pool.kind.clone(),
            pool.total.to_string(),
            pool.used.to_string(),
            free.to_string(),
            pool.unavailable.to_string(),
            pool.waited_for.to_string(),
            pool.nodes.to_string(),
        ]);
    }
    table.render()
}

fn reservations(found: &[Reservation], now_ms: u64) -> String {
    let columns = [
        ("reservation", Align::Left),
        ("begins", Align::Left),
        ("lasts", Align::Right),
        ("nodes", Align::Left),
        ("for", Align::Left),
        ("kind", Align::Left),
    ];
    let mut table = TextTable::new(&columns);
    for one in found {
        let whom: Vec<&str> =
            [one.users.as_str(), one.accounts.as_str()].into_iter().filter(|who| !who.is_empty()).collect();
        let begins = match one.start_ms.checked_sub(now_ms) {
            Some(left_ms) => format!("in {}", clock(left_ms / 1_000)),
            None => "has begun".to_owned(),
        };
        table.row(&[
            one.name.clone(),
            begins,
            clock(one.end_ms.saturating_sub(one.start_ms) / 1_000),
            one.nodes.clone(),
            whom.join(" "),
            one.flags.clone(),
        ]);
    }
    table.render()
}

/// A length of time as Slurm writes it, and reads it.
fn clock(seconds: u64) -> String {
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    let time = format!("{:02}:{:02}:{:02}", rest / 3_600, rest / 60 % 60, rest % 60);
    if days > 0 { format!("{days}-{time}") } else { time }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(job: &str, tasks: u32, state: JobState, name: &str) -> QueueRow {
        let waits = state != JobState::Running;
        QueueRow {
            job: job.to_owned(),
            elements: (tasks > 1).then(|| "3-9%2".to_owned()),
            tasks,
            state,
            name: name.to_owned(),
            user: "alice".to_owned(),
            account: String::new(),
            partition: "main".to_owned(),
            cpus: 4,
            gpus: 0,
            nodes: if waits { String::new() } else { "n1".to_owned() },
            reason: if waits { "Priority".to_owned() } else { String::new() },
            walltime_s: Some(90_000),
        }
    }

    #[test]
    fn jobs_are_shown_with_their_sweep() {
        let tokens = HashMap::from([("abcdefghij".to_owned(), "lr-scan".to_owned())]);
        let rows = vec![
            row("12", 7, JobState::Queued, "lr-sc.abcdefghij"),
            row("12_2", 1, JobState::Running, "abcdefghij"),
            row("13", 1, JobState::Held, "somebody.else"),
        ];
        let rows = linked(rows, &tokens);
        insta::assert_snapshot!(format!("{}{}", jobs(&rows), summary(&rows, 2)), @r"
        job         tasks   state     user    sweep or name   partition   cpus   gpus     walltime   where, or why not
        ────────────────────────────────────────────────────────────────────────────────────────────────────────────────
        12[3-9%2]       7   queued    alice   lr-scan         main           4      0   1-01:00:00   Priority
        12_2            1   running   alice   lr-scan         main           4      0   1-01:00:00   n1
        13              1   held      alice   somebody.else   main           4      0   1-01:00:00   Priority
        … 1 more rows, which `--all` shows; 1 task runs and 8 tasks wait
        ");
    }

    #[test]
    fn gpus_and_reservations_are_tables() {
        let pool = GpuPool {
            partition: "gpu".to_owned(),
            kind: "a100".to_owned(),
            total: 8,
            used: 3,
            unavailable: 4,
            waited_for: 12,
            nodes: 2,
        };
        let reservation = |name: &str, start_ms| Reservation {
            name: name.to_owned(),
            start_ms,
            end_ms: 90_061_000 + start_ms,
            nodes: "n[1-4]".to_owned(),
            flags: "MAINT".to_owned(),
            users: "root".to_owned(),
            accounts: String::new(),
        };
        let tables = format!(
            "{}\n{}",
            gpus(&[pool]),
            reservations(&[reservation("past", 0), reservation("next", 3_601_000)], 1_000)
        );
        insta::assert_snapshot!(tables, @r"
        partition   gpu    total   used   free   down   waited for   nodes
        ────────────────────────────────────────────────────────────────────
        gpu         a100       8      3      1      4           12       2

        reservation   begins             lasts   nodes    for    kind
        ────────────────────────────────────────────────────────────────
        past          has begun     1-01:01:01   n[1-4]   root   MAINT
        next          in 01:00:00   1-01:01:01   n[1-4]   root   MAINT
        ");
    }
}
