//! The part of `hsm status` that is about a scheduler: submissions and what they wait for, what is held, and the commands that were run.

use crate::output::{Align, TextTable, counted, duration, rfc3339};
use hsm_core::campaign::Progress;
use hsm_engine::{JobStanding, SweepStatus, Tally, wall_ms};
use serde::Serialize;

/// How many submissions are shown to people, unless they ask for all; those with something to do come first.
const SHOWN_JOBS: usize = 10;

/// Submissions as a table, and what stands in the way; nothing for a sweep without any.
pub fn text(status: &SweepStatus, all: bool) -> String {
    let standings = status.standings();
    let mut text = String::new();
    if !standings.is_empty() {
        // What is over was of interest while it was not.
        let open = |standing: &&JobStanding<'_>| {
            standing.queued + standing.running > 0 || standing.entry.refusal().is_some()
        };
        let told: Vec<&JobStanding<'_>> = standings.iter().filter(|standing| all || open(standing)).collect();
        let shown = if all { told.len() } else { told.len().min(SHOWN_JOBS) };
        if shown > 0 {
            text.push('\n');
            text.push_str(&table(&told[told.len() - shown..], &status.source, wall_ms()));
        }
        let over = standings.len() - shown;
        if over > 0 {
            let jobs = counted(over as u128, "job is", "jobs are");
            text.push_str(&format!("\n{jobs} over; `--all` shows them\n"));
        }
    }
    if let Some(why) = status.held() {
        text.push_str(&format!("\nheld: {why}\n"));
    }
    for (source, why, since_ms) in status.silent() {
        text.push_str(&format!(
            "\n{source} has not answered since {}: {why}\n",
            rfc3339(since_ms).unwrap_or_default()
        ));
    }
    for (source, count) in status.away() {
        let results = counted(u128::from(count), "task's results are", "tasks' results are");
        text.push_str(&format!("\n{results} still on {source}\n"));
    }
    if status.unsent > 0 {
        text.push_str(&format!(
            "\n{} not sent anywhere\n",
            counted(u128::from(status.unsent), "task is", "tasks are")
        ));
    }
    text
}

fn table(standings: &[&JobStanding<'_>], source: &str, now_ms: u64) -> String {
    let mut columns = vec![
        ("job", Align::Left),
        ("tasks", Align::Left),
        ("queued", Align::Right),
        ("running", Align::Right),
        ("over", Align::Right),
        ("waits for", Align::Left),
    ];
    // Where there is one scheduler, its name is no news.
    let with_sources = standings.iter().any(|standing| standing.entry.away);
    if with_sources {
        columns.insert(0, ("at", Align::Left));
    }
    let mut table = TextTable::new(&columns);
    for standing in standings {
        let entry = standing.entry;
        let job = match &entry.progress {
            Progress::Refused(_) => "refused".to_owned(),
            Progress::Unanswered | Progress::Accepted => {
                entry.job.clone().unwrap_or_else(|| "no answer yet".to_owned())
            }
        };
        let why = match &entry.progress {
            Progress::Refused(why) => why.clone(),
            Progress::Unanswered if standing.queued > 0 => {
                let of = if entry.source.is_empty() { source } else { &entry.source };
                format!("{of}, which was asked {} ago", duration(now_ms.saturating_sub(entry.submitted_ms)))
            }
            _ if standing.queued > 0 => entry.waiting.clone(),
            _ => String::new(),
        };
        let mut row = vec![
            job,
            entry.tasks.to_string(),
            standing.queued.to_string(),
            standing.running.to_string(),
            standing.over.to_string(),
            why,
        ];
        if with_sources {
            row.insert(0, entry.source.clone());
        }
        table.row(&row);
    }
    table.render()
}

/// One submission, for programs.
#[derive(Serialize)]
pub struct JobJson<'a> {
    token: &'a str,
    source: &'a str,
    job: Option<&'a str>,
    tasks: String,
    submitted: Option<String>,
    progress: &'a str,
    refused: Option<&'a str>,
    waiting: &'a str,
    queued: u64,
    running: u64,
    over: u64,
}

impl<'a> From<&JobStanding<'a>> for JobJson<'a> {
    fn from(standing: &JobStanding<'a>) -> Self {
        let entry = standing.entry;
        Self {
            token: &entry.token,
            source: &entry.source,
            job: entry.job.as_deref(),
            tasks: entry.tasks.to_string(),
            submitted: rfc3339(entry.submitted_ms),
            progress: match entry.progress {
                Progress::Unanswered => "unanswered",
                Progress::Accepted => "accepted",
                Progress::Refused(_) => "refused",
            },
            refused: entry.refusal(),
            waiting: &entry.waiting,
            queued: standing.queued,
            running: standing.running,
            over: standing.over,
        }
    }
}

/// One kind of command that was run for the scheduler, for programs.
#[derive(Debug, PartialEq, Serialize)]
pub struct CommandsJson {
    #[serde(rename = "for")]
    purpose: String,
    program: String,
    count: u64,
    failed: u64,
    took_ms: u64,
}

/// Every kind of command that was run.
pub fn commands(tally: &Tally) -> Vec<CommandsJson> {
    let line = |((purpose, program), (count, failed, took_ms)): (&(String, String), &(u64, u64, u64))| {
        CommandsJson {
            purpose: purpose.clone(),
            program: program.clone(),
            count: *count,
            failed: *failed,
            took_ms: *took_ms,
        }
    };
    tally.lines.iter().map(line).collect()
}

/// The tally as a table, with a sum below.
pub fn tally_text(tally: &Tally) -> String {
    let lines = commands(tally);
    if lines.is_empty() {
        return "no command was run for a scheduler\n".to_owned();
    }
    let columns = [
        ("for", Align::Left),
        ("command", Align::Left),
        ("times", Align::Right),
        ("failed", Align::Right),
        ("took", Align::Right),
        ("each", Align::Right),
    ];
    let mut table = TextTable::new(&columns);
    let mut all = (0, 0, 0);
    for line in &lines {
        table.row(&[
            line.purpose.clone(),
            line.program.clone(),
            line.count.to_string(),
            line.failed.to_string(),
            duration(line.took_ms),
            duration(line.took_ms / line.count.max(1)),
        ]);
        all = (all.0 + line.count, all.1 + line.failed, all.2 + line.took_ms);
    }
    let commands = counted(u128::from(all.0), "command", "commands");
    format!("{}{commands}, {} of them failed, {} in all\n", table.render(), all.1, duration(all.2))
}

#[cfg(test)]
mod tests {
    use super::*;
    use hsm_core::campaign::JobEntry;
    use hsm_core::task_set::TaskSet;
    use std::collections::BTreeMap;

    #[test]
    fn a_job_says_what_it_waits_for_and_an_answer_is_waited_for_too() {
        let entry = |job: Option<&str>, progress: Progress, waiting: &str| JobEntry {
            token: "t".to_owned(),
            source: String::new(),
            away: false,
            tasks: TaskSet::range(1, 6),
            tasks_per_element: 1,
            submitted_ms: 1_000,
            progress,
            job: job.map(str::to_owned),
            waiting: waiting.to_owned(),
            abandoned: false,
        };
        let entries = [
            entry(None, Progress::Refused("no such partition".to_owned()), ""),
            entry(Some("7"), Progress::Accepted, "PENDING (Priority)"),
            entry(None, Progress::Unanswered, ""),
        ];
        let standings: Vec<JobStanding<'_>> =
            entries.iter().map(|entry| JobStanding { entry, queued: 6, running: 0, over: 0 }).collect();
        let shown: Vec<&JobStanding<'_>> = standings.iter().collect();
        insta::assert_snapshot!(table(&shown, "slurm", 25_000), @r"
        job             tasks   queued   running   over   waits for
        ─────────────────────────────────────────────────────────────────────────────────────
        refused         1-6          6         0      0   no such partition
        7               1-6          6         0      0   PENDING (Priority)
        no answer yet   1-6          6         0      0   slurm, which was asked 24.0 s ago
        ");
    }

    #[test]
    fn a_tally_is_counted_by_purpose() {
        let line =
            |purpose: &str, program: &str, numbers| ((purpose.to_owned(), program.to_owned()), numbers);
        let lines = BTreeMap::from([
            line("observe", "squeue", (120, 2, 3_600)),
            line("observe", "sacct", (1, 0, 250)),
            line("submit", "sbatch", (2, 0, 90)),
        ]);
        insta::assert_snapshot!(tally_text(&Tally { lines, observed_ms: None }), @r"
        for       command   times   failed     took     each
        ──────────────────────────────────────────────────────
        observe   sacct         1        0   0.25 s   0.25 s
        observe   squeue      120        2   3.60 s   0.03 s
        submit    sbatch        2        0   0.09 s   0.04 s
        123 commands, 2 of them failed, 3.94 s in all
        ");
        assert_eq!(tally_text(&Tally::default()), "no command was run for a scheduler\n");
    }
}
