//! Stopping jobs with `scancel`, holding and releasing them with `scontrol`.

use super::Config;
use crate::failure::Failure;
use crate::scheduler::replies::{self, stderr};
use crate::scheduler::{Command, Ending, Exchange, Hold, Job, Step, Verdict, ranges};

/// Words about elements that are over, which is what a cancellation wants, and about those with which all went well.
const OVER: &[&str] =
    &["already completing or completed", "already finished", "Job/step already", ": No error"];

pub(super) fn cancel(
    config: &Config,
    jobs: &[Job],
    so_far: &[Exchange],
) -> Result<Step<Vec<Verdict>>, Failure> {
    control(config.command("scancel"), jobs, so_far)
}

pub(super) fn hold(
    config: &Config,
    jobs: &[Job],
    hold: Hold,
    so_far: &[Exchange],
) -> Result<Step<Vec<Verdict>>, Failure> {
    let verb = match hold {
        Hold::Hold => "hold",
        Hold::Release => "release",
    };
    control(config.command("scontrol").arg(verb), jobs, so_far)
}

fn control(command: Command, jobs: &[Job], so_far: &[Exchange]) -> Result<Step<Vec<Verdict>>, Failure> {
    if jobs.is_empty() {
        return Ok(Step::Done(vec![]));
    }
    let Some(reply) = so_far.first() else { return Ok(Step::Run(command.args(jobs.iter().map(target)))) };
    if reply.ending != Ending::Exited {
        return Err(replies::unanswered(reply));
    }
    Ok(Step::Done(jobs.iter().map(|job| verdict(job, reply)).collect()))
}

/// All of a job, or the elements that are meant: `12_[3-4,8]`.
fn target(job: &Job) -> String {
    match job.only.as_slice() {
        [] => job.job.clone(),
        some => format!("{}_[{}]", job.job, ranges::runs(some).join(",")),
    }
}

/// What the errors say about one job. They name it; where they name none, they are about all.
fn verdict(job: &Job, reply: &Exchange) -> Verdict {
    let errors = stderr(reply);
    let mut about = errors.lines().map(str::trim).filter(|line| names(line, &job.job)).peekable();
    let named = about.peek().is_some() || names_any(&errors);
    let reason = match about.find(|line| !OVER.iter().any(|words| line.contains(words))) {
        Some(line) => Some(line.to_owned()),
        None if replies::succeeded(reply) || named => None,
        None => Some(replies::how_it_ended(reply)),
    };
    Verdict { job: job.job.clone(), accepted: reason.is_none(), reason }
}

/// Whether a line is about this job: `12` in `for job 12`, `12_3` and `12_[3-4]`, not in `112`.
fn names(line: &str, job: &str) -> bool {
    line.split(|c: char| !c.is_ascii_digit() && c != '_').any(|word| word.split('_').next() == Some(job))
}

/// Whether any line names the job that it is about.
fn names_any(errors: &str) -> bool {
    errors
        .lines()
        .any(|line| line.split_whitespace().any(|word| word.starts_with(|c: char| c.is_ascii_digit())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scheduler::testing::{exited, job, lead, timed_out};

    fn judged(reply: Exchange) -> Vec<(bool, Option<String>)> {
        let some = Job { only: vec![9, 3, 4], ..job("12", 20) };
        let (commands, answer) =
            lead(&[reply], |so_far| cancel(&Config::default(), &[job("7", 1), some.clone()], so_far));
        assert_eq!(commands, ["scancel 7 12_[3-4,9]"]);
        answer.unwrap().into_iter().map(|verdict| (verdict.accepted, verdict.reason)).collect()
    }

    #[test]
    fn errors_are_about_the_job_they_name() {
        let yes = (true, None);
        let no = |why: &str| (false, Some(why.to_owned()));
        assert_eq!(judged(exited(0, "", "")), [yes.clone(), yes.clone()]);
        let denied = "scancel: error: Kill job error on job id 7: Access/permission denied";
        assert_eq!(judged(exited(1, "", &format!("{denied}\n"))), [no(denied), yes.clone()]);
        let invalid = "scancel: error: Invalid job id 12_[3-4,9]";
        assert_eq!(judged(exited(1, "", &format!("{invalid}\n"))), [yes.clone(), no(invalid)]);
        let over =
            "scancel: error: Kill job error on job id 12_3: Job/step already completing or completed\n";
        assert_eq!(judged(exited(1, "", over)), [yes.clone(), yes.clone()]);
        let down = exited(1, "", "scancel: error: Unable to contact slurm controller (connect failure)\n");
        let why = "`scancel` ended with exit code 1: scancel: error: Unable to contact slurm controller (connect failure)";
        assert_eq!(judged(down), [no(why), no(why)]);
    }

    #[test]
    fn a_command_without_an_end_judges_nobody() {
        let (_, answer) =
            lead(&[timed_out("", "")], |so_far| cancel(&Config::default(), &[job("7", 1)], so_far));
        assert_eq!(answer.unwrap_err().code, "no-answer");
        assert_eq!(cancel(&Config::default(), &[], &[]), Ok(Step::Done(vec![])));
    }

    #[test]
    fn holding_and_letting_go() {
        let said = "Job has already finished for job 45\nslurm_suspend error: Job has already finished\n";
        let (commands, answer) = lead(&[exited(1, "", said)], |so_far| {
            hold(&Config::default(), &[job("45", 1), job("46", 9)], Hold::Hold, so_far)
        });
        assert_eq!(commands, ["scontrol hold 45 46"]);
        let verdicts: Vec<_> =
            answer.unwrap().into_iter().map(|verdict| (verdict.accepted, verdict.reason)).collect();
        // A job that is over cannot start any more, which is what holding is for.
        assert_eq!(verdicts, [(true, None), (true, None)]);
        // Slurm tells of each part of an array.
        let judged = |said: &str| {
            let reply = exited(1, "", said);
            let (_, answer) =
                lead(&[reply], |so_far| hold(&Config::default(), &[job("52", 30)], Hold::Hold, so_far));
            answer.unwrap()[0].reason.clone()
        };
        let parts = "52_0-19,26,28: Job has already finished\n52_20-25,27,29: No error\n";
        assert_eq!(judged(parts), None);
        let denied = "52_20-25: Access/permission denied";
        assert_eq!(judged(&format!("{parts}{denied}\n")).as_deref(), Some(denied));
        let cluster = Config { cluster: Some("beta".into()), ..Config::default() };
        let (commands, _) =
            lead(&[exited(0, "", "")], |so_far| hold(&cluster, &[job("4", 1)], Hold::Release, so_far));
        assert_eq!(commands, ["scontrol --clusters=beta release 4"]);
    }
}
