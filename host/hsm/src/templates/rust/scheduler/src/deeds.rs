//! What is done to jobs, all at once: `qdel`, `qhold` and `qrls` take the same words and answer in the same way.

use hsm_sdk::{Command, Exchange, Failure, Job, Step, Verdict};

/// Runs that program over the jobs, or reads what it said.
pub fn step(program: &str, jobs: &[Job], so_far: &[Exchange]) -> Result<Step<Vec<Verdict>>, Failure> {
    let Some(exchange) = so_far.first() else {
        return Ok(Step::Run(Command::new(program).args(jobs.iter().flat_map(words))));
    };
    let said = exchange.stdout_text();
    // Refusals are lines about jobs. A program that failed and says nothing about any of them did nothing.
    if !exchange.succeeded() && said.lines().all(|line| job_of(line).is_none()) {
        return Err(exchange.failure());
    }
    Ok(Step::Done(verdicts(jobs, &said)))
}

/// `7` for a job, `7.3` for one of its elements.
fn words(job: &Job) -> Vec<String> {
    if job.only.is_empty() {
        vec![job.job.clone()]
    } else {
        job.only.iter().map(|element| format!("{}.{element}", job.job)).collect()
    }
}

/// There are lines about a job or its elements, and what speaks against it begins with `denied` or says that there is no such job. Where
/// nothing is said, there was nothing to do.
fn verdicts(jobs: &[Job], said: &str) -> Vec<Verdict> {
    let verdict = |job: &Job| {
        let refuses = |line: &str| line.starts_with("denied") || line.ends_with("does not exist");
        let refusal = said.lines().find(|line| job_of(line) == Some(job.job.as_str()) && refuses(line));
        Verdict { job: job.job.clone(), accepted: refusal.is_none(), reason: refusal.map(str::to_owned) }
    };
    jobs.iter().map(verdict).collect()
}

/// The job that a line is about: `ada has deleted job-array tasks 3-5:1 of job 1`, `denied: job "13" does not exist`.
fn job_of(line: &str) -> Option<&str> {
    let marks = ["of job ", "job-array task ", "the job ", "job "];
    let (_, rest) = marks.iter().find_map(|mark| line.split_once(mark))?;
    rest.trim_start_matches('"').split(|c: char| !c.is_ascii_digit()).next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_about_one_job() {
        for (line, expected) in [
            ("ada has deleted job-array tasks 3-5:1 of job 1", Some("1")),
            ("ada has deleted job-array task 1.11", Some("1")),
            ("ada has registered the job 12 for deletion", Some("12")),
            ("denied: job \"13\" does not exist", Some("13")),
            ("job \"1\" task \"11\" does not exist", Some("1")),
            ("modified hold of job-array task 1.18", Some("1")),
            ("modified hold of job 4", Some("4")),
            ("error: commlib error", None),
        ] {
            assert_eq!(job_of(line), expected, "{line}");
        }
    }
}
