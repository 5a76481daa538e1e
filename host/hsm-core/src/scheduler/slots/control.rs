//! Stopping, holding and releasing jobs.

use super::agent;
use super::config::Config;
use crate::failure::Failure;
use crate::scheduler::{Exchange, Hold, Job, Step, Verdict, ranges};

pub(super) fn cancel(
    config: &Config,
    jobs: &[Job],
    so_far: &[Exchange],
) -> Result<Step<Vec<Verdict>>, Failure> {
    control(config, "cancel", "cancelled", jobs, so_far)
}

pub(super) fn hold(
    config: &Config,
    jobs: &[Job],
    hold: Hold,
    so_far: &[Exchange],
) -> Result<Step<Vec<Verdict>>, Failure> {
    match hold {
        Hold::Hold => control(config, "hold", "held", jobs, so_far),
        Hold::Release => control(config, "release", "released", jobs, so_far),
    }
}

/// A request with the jobs it is about, which is answered with one line a job.
fn control(
    config: &Config,
    verb: &str,
    done: &str,
    jobs: &[Job],
    so_far: &[Exchange],
) -> Result<Step<Vec<Verdict>>, Failure> {
    if jobs.is_empty() {
        return Ok(Step::Done(vec![]));
    }
    let Some(reply) = so_far.first() else {
        let targets = jobs.iter().map(|job| if verb == "cancel" { target(job) } else { job.job.clone() });
        return Ok(Step::Run(config.command(verb).args(targets)));
    };
    let lines = agent::lines(reply)?;
    Ok(Step::Done(jobs.iter().map(|job| verdict(job, done, &lines)).collect()))
}

/// All of a job, or the elements that are meant: `token:3-4,8`.
fn target(job: &Job) -> String {
    match job.only.as_slice() {
        [] => job.job.clone(),
        some => format!("{}:{}", job.job, ranges::runs(some).join(",")),
    }
}

fn verdict(job: &Job, done: &str, lines: &[String]) -> Verdict {
    let says = |word: &str| lines.iter().any(|line| line.split_once(' ') == Some((word, job.job.as_str())));
    let reason = match (says(done), says("unknown")) {
        (true, _) => None,
        (false, true) => Some("the agent has no such job".to_owned()),
        (false, false) => Some("the agent did not say that it did".to_owned()),
    };
    Verdict { job: job.job.clone(), accepted: reason.is_none(), reason }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scheduler::slots::config::testing;
    use crate::scheduler::testing::{exited, job, lead};

    #[test]
    fn each_job_has_its_own_answer() {
        let some = Job { only: vec![4, 3, 8], ..job("b", 9) };
        let jobs = [job("a", 3), some, job("c", 1)];
        let said = "hsm-agent 1 cancelled a\nhsm-agent 1 unknown b\n";
        let (commands, answer) = lead(&[exited(0, said, "")], |so_far| cancel(&testing(), &jobs, so_far));
        assert_eq!(commands, ["bash /r/agent.sh cancel /r/state a b:3-4,8 c"]);
        let reasons: Vec<_> = answer.unwrap().into_iter().map(|verdict| verdict.reason).collect();
        assert_eq!(
            reasons,
            [
                None,
                Some("the agent has no such job".to_owned()),
                Some("the agent did not say that it did".to_owned())
            ]
        );
    }

    #[test]
    fn holding_is_of_whole_jobs() {
        let jobs = [Job { only: vec![1], ..job("a", 3) }];
        let reply = exited(0, "hsm-agent 1 released a\n", "");
        let (commands, answer) = lead(&[reply], |so_far| hold(&testing(), &jobs, Hold::Release, so_far));
        assert_eq!(commands, ["bash /r/agent.sh release /r/state a"]);
        assert!(answer.unwrap()[0].accepted);
    }
}
