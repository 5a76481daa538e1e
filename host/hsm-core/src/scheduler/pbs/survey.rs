//! What PBS says about its queue. Its reservations and GPUs differ too much between sites to be read without a recording of each.

use super::query::{Asked, ask};
use super::records::Record;
use super::{Pbs, states};
use crate::failure::Failure;
use crate::scheduler::survey::{QueueRow, Surveyor};
use crate::scheduler::{Exchange, JobState, Site, Step, replies};

impl Surveyor for Pbs {
    fn queue(&self, site: &Site, mine: bool, so_far: &[Exchange]) -> Result<Step<Vec<QueueRow>>, Failure> {
        match ask(&[], false, so_far) {
            Asked::Next(command) => Ok(Step::Run(command)),
            Asked::Failed(reply) => Err(replies::unanswered(&reply)),
            Asked::Cut(reply) => Err(replies::cut_off(&reply)),
            Asked::Said { records, .. } => {
                let rows = records.iter().flat_map(|record| rows(record, site));
                Ok(Step::Done(rows.filter(|row| !mine || row.user == site.user).collect()))
            }
        }
    }
}

/// A row for a job; of an array, one for what waits and one for what runs.
fn rows(record: &Record, site: &Site) -> Vec<QueueRow> {
    let Some(counts) = record.get("array_state_count") else {
        let state = states::sighting(record, site).map(|sighting| sighting.state);
        let waits_or_runs =
            state.filter(|state| matches!(state, JobState::Queued | JobState::Held | JobState::Running));
        return waits_or_runs.map(|state| row(record, state, 1)).into_iter().collect();
    };
    let count = |name: &str| {
        counts
            .split_whitespace()
            .find_map(|word| word.strip_prefix(name)?.strip_prefix(':')?.parse().ok())
            .unwrap_or(0)
    };
    let waits = if record.get("job_state") == Some("H") { JobState::Held } else { JobState::Queued };
    let running = count("Running") + count("Exiting");
    [(waits, count("Queued")), (JobState::Running, running)]
        .into_iter()
        .filter(|(_, tasks)| *tasks > 0)
        .map(|(state, tasks)| QueueRow {
            elements: record
                .get("array_indices_remaining")
                .filter(|_| state != JobState::Running)
                .map(str::to_owned),
            ..row(record, state, tasks)
        })
        .collect()
}

fn row(record: &Record, state: JobState, tasks: u32) -> QueueRow {
    let text = |name| record.get(name).unwrap_or_default().to_owned();
    let number = |name| record.get(name).and_then(|text| text.parse().ok()).unwrap_or(0);
    let owner = text("Job_Owner");
    QueueRow {
        job: record.whole(),
        elements: None,
        tasks,
        state,
        name: text("Job_Name"),
        user: owner.split('@').next().unwrap_or_default().to_owned(),
        account: text("Account_Name"),
        partition: text("queue"),
        cpus: number("Resource_List.ncpus"),
        gpus: number("Resource_List.ngpus"),
        nodes: text("exec_host"),
        reason: text("comment"),
        walltime_s: record.get("Resource_List.walltime").and_then(clock_s),
    }
}

fn clock_s(text: &str) -> Option<u64> {
    text.split(':').try_fold(0_u64, |sum, part| sum.checked_mul(60)?.checked_add(part.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scheduler::testing::{exited, lead, site};

    #[test]
    fn arrays_are_counted_by_task() {
        let text = r#"{"pbs_version": "23.06.06", "Jobs": {
            "23[].pbs1": {"Job_Name": "x.abcdefghij", "Job_Owner": "alice@pbs1", "job_state": "B", "queue": "workq", "array": "True", "array_state_count": "Queued:3 Running:3 Exiting:0 Expired:4", "array_indices_remaining": "4-6", "Resource_List": {"ncpus": 2, "walltime": "00:05:00"}},
            "24.pbs1": {"Job_Name": "y", "Job_Owner": "bob@pbs1", "job_state": "R", "queue": "workq", "exec_host": "pbs1/0", "Resource_List": {"ncpus": 1, "ngpus": 1}},
            "11.pbs1": {"Job_Name": "z", "Job_Owner": "bob@pbs1", "job_state": "F", "substate": 92, "Exit_status": 0}}}"#;
        let rows = |mine| {
            let (_, answer) = lead(&[exited(0, text, "")], |so_far| Pbs.queue(&site(), mine, so_far));
            let line = |row: QueueRow| {
                format!(
                    "{} {} {:?} {} {} {} {:?}",
                    row.job, row.tasks, row.state, row.user, row.cpus, row.gpus, row.walltime_s
                )
            };
            answer.unwrap().into_iter().map(line).collect::<Vec<_>>()
        };
        let mine = ["23[].pbs1 3 Queued alice 2 0 Some(300)", "23[].pbs1 3 Running alice 2 0 Some(300)"];
        assert_eq!(rows(true), mine);
        assert_eq!(rows(false)[2..], ["24.pbs1 1 Running bob 1 1 None"]);
        assert_eq!(Pbs.gpus(&site(), &[]).unwrap_err().code, "not-supported");
    }
}
