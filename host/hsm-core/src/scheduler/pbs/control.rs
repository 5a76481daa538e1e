//! Stopping, holding and releasing jobs: three programs that take the same ids and complain in the same way.

use crate::failure::Failure;
use crate::scheduler::replies::{self, stderr};
use crate::scheduler::{Command, Ending, Exchange, Job, Step, Verdict, ranges};

/// Words about a job that is over: it will not start, and not go on.
const OVER: &str = "Job has finished";

pub(super) fn control(
    command: Command,
    jobs: &[Job],
    so_far: &[Exchange],
) -> Result<Step<Vec<Verdict>>, Failure> {
    if jobs.is_empty() {
        return Ok(Step::Done(vec![]));
    }
    let Some(reply) = so_far.first() else {
        return Ok(Step::Run(command.args(jobs.iter().flat_map(targets))));
    };
    if reply.ending != Ending::Exited {
        return Err(replies::unanswered(reply));
    }
    Ok(Step::Done(jobs.iter().map(|job| verdict(job, reply)).collect()))
}

/// All of a job, or each run of the elements that are meant: `12[3-4].pbs1`.
fn targets(job: &Job) -> Vec<String> {
    match (job.only.as_slice(), job.job.split_once("[]")) {
        ([_, ..], Some((number, server))) => {
            ranges::runs(&job.only).into_iter().map(|run| format!("{number}[{run}]{server}")).collect()
        }
        _ => vec![job.job.clone()],
    }
}

/// What the errors say about one job. They name it; where they name none of the jobs, they are about all.
fn verdict(job: &Job, reply: &Exchange) -> Verdict {
    let errors = stderr(reply);
    let number = job.job.split(['[', '.']).next().unwrap_or(&job.job);
    let is_about =
        |line: &&str| line.split_whitespace().any(|word| word.split(['[', '.']).next() == Some(number));
    let names_one = |line: &str| {
        line.split_whitespace()
            .any(|word| word.starts_with(|c: char| c.is_ascii_digit()) && word.contains(['.', '[']))
    };
    let mut about = errors.lines().map(str::trim).filter(is_about).peekable();
    let named = about.peek().is_some() || errors.lines().any(names_one);
    let reason = match about.find(|line| !line.contains(OVER)) {
        Some(line) => Some(line.to_owned()),
        None if replies::succeeded(reply) || named => None,
        None => Some(replies::how_it_ended(reply)),
    };
    Verdict { job: job.job.clone(), accepted: reason.is_none(), reason }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scheduler::testing::{exited, job, lead, timed_out};

    fn judged(reply: Exchange) -> Vec<(bool, Option<String>)> {
        let some = Job { only: vec![9, 3, 4], ..job("12[].pbs1", 20) };
        let (commands, answer) =
            lead(&[reply], |so_far| control(Command::new("qdel"), &[job("7.pbs1", 1), some.clone()], so_far));
        assert_eq!(commands, ["qdel 7.pbs1 12[3-4].pbs1 12[9].pbs1"]);
        answer.unwrap().into_iter().map(|verdict| (verdict.accepted, verdict.reason)).collect()
    }

    #[test]
    fn errors_are_about_the_job_they_name() {
        let yes = (true, None);
        let no = |why: &str| (false, Some(why.to_owned()));
        assert_eq!(judged(exited(0, "", "")), [yes.clone(), yes.clone()]);
        assert_eq!(judged(exited(35, "", "qdel: Job has finished 7.pbs1\n")), [yes.clone(), yes.clone()]);
        let unknown = "qdel: Unknown Job Id 7.pbs1";
        assert_eq!(judged(exited(153, "", &format!("{unknown}\n"))), [no(unknown), yes.clone()]);
        let state = "qdel: Request invalid for state of job 12[9].pbs1";
        assert_eq!(judged(exited(1, "", &format!("{state}\n"))), [yes.clone(), no(state)]);
        let both = format!("qdel: Job has finished 12[3].pbs1\n{state}\n");
        assert_eq!(judged(exited(1, "", &both)), [yes.clone(), no(state)]);
        let down = "`qdel` ended with exit code 111: qdel: cannot connect to server pbs1 (errno=111)";
        assert_eq!(
            judged(exited(111, "", "qdel: cannot connect to server pbs1 (errno=111)\n")),
            [no(down), no(down)]
        );
    }

    #[test]
    fn a_command_without_an_end_judges_nobody() {
        let (_, answer) =
            lead(&[timed_out("", "")], |so_far| control(Command::new("qhold"), &[job("7.pbs1", 1)], so_far));
        assert_eq!(answer.unwrap_err().code, "no-answer");
        assert_eq!(control(Command::new("qrls"), &[], &[]), Ok(Step::Done(vec![])));
    }
}
