//! What is done to jobs: `qdel`, `qhold` and `qrls` take the same words, and say a line about each job or element that they did something to.

use crate::ranges;
use hsm_sdk::{Command, Exchange, Failure, Job, Step, Verdict};

/// How many words go into one command. The kernel takes more; a line that people may have to read should be shorter.
const WORDS_MAX: usize = 500;

/// Goes on over all the jobs, a command for so many words.
pub fn step(program: &str, jobs: &[Job], so_far: &[Exchange]) -> Result<Step<Vec<Verdict>>, Failure> {
    let words: Vec<String> = jobs.iter().flat_map(words).collect();
    if let Some(words) = words.chunks(WORDS_MAX).nth(so_far.len()) {
        return Ok(Step::Run(Command::new(program).args(words)));
    }
    let mut said = String::new();
    for exchange in so_far {
        let lines = exchange.stdout_text();
        // Refusals are lines about jobs. A command that failed and says nothing about any of them did nothing.
        if !exchange.succeeded() && lines.lines().all(|line| job_of(line).is_none()) {
            return Err(exchange.failure());
        }
        said.push_str(&lines);
    }
    Ok(Step::Done(jobs.iter().map(|job| verdict(program, job, &said)).collect()))
}

/// `7` for a job, `7.3` and `7.5-9` for elements of it.
fn words(job: &Job) -> Vec<String> {
    if job.only.is_empty() {
        vec![job.job.clone()]
    } else {
        ranges::words(&job.only).into_iter().map(|range| format!("{}.{range}", job.job)).collect()
    }
}

/// Where nothing is said about a job, there was nothing to do: it is held already, say.
fn verdict(program: &str, job: &Job, said: &str) -> Verdict {
    let mut lines = said.lines().filter(|line| job_of(line) == Some(job.job.as_str()));
    let refusal = lines.find(|line| line.starts_with("denied") || line.ends_with("does not exist"));
    // What has ended has stopped; it only cannot be held any more.
    let accepted = refusal.is_none_or(|line| program == "qdel" && line.ends_with("does not exist"));
    Verdict { job: job.job.clone(), accepted, reason: refusal.map(str::to_owned) }
}

/// The job that a line is about.
fn job_of(line: &str) -> Option<&str> {
    let marks = ["of job ", "job-array task ", "the job ", "job "];
    let (_, rest) = marks.iter().find_map(|mark| line.split_once(mark))?;
    rest.trim_start_matches('"').split(|c: char| !c.is_ascii_digit()).next().filter(|id| !id.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_about_one_job() {
        for (line, expected) in [
            ("ada has deleted job-array tasks 3-5:1 of job 1", Some("1")),
            ("ada has deleted job-array tasks 13,14 of job 1", Some("1")),
            ("ada has deleted job-array task 1.11", Some("1")),
            ("ada has registered the job-array task 15.1 for deletion", Some("15")),
            ("ada has registered the job 12 for deletion", Some("12")),
            ("ada has deleted job 16", Some("16")),
            ("denied: job \"13\" does not exist", Some("13")),
            ("job \"1\" task \"11\" does not exist", Some("1")),
            ("modified hold of job-array task 1.18", Some("1")),
            ("modified hold of job 4", Some("4")),
            ("error: commlib error: got select error (Connection refused)", None),
            ("unable to send message to qmaster using port 28784 on host \"n1\": got send error", None),
        ] {
            assert_eq!(job_of(line), expected, "{line}");
        }
    }

    #[test]
    fn many_jobs_are_several_commands() {
        let job = |id: u32| Job { job: id.to_string(), token: String::new(), elements: 1, only: Vec::new() };
        let jobs: Vec<Job> = (0..501).map(job).collect();
        let mut so_far = Vec::new();
        while let Ok(Step::Run(command)) = step("qdel", &jobs, &so_far) {
            let (stdout, stderr) = (b"ada has deleted job 7\n".to_vec(), Vec::new());
            let ending = hsm_sdk::Ending::Exited;
            so_far.push(Exchange { command, ending, exit_code: Some(0), stdout, stderr, truncated: false });
        }
        let sizes: Vec<usize> = so_far.iter().map(|exchange| exchange.command.args.len()).collect();
        assert_eq!(sizes, [500, 1]);
    }
}
