//! Handing a job to the agent, and finding it again.

use super::agent::{self, lines};
use super::config::Config;
use crate::failure::{Blame, Failure};
use crate::scheduler::replies;
use crate::scheduler::{Ending, Exchange, Outcome, Step, Submission, Ticket};

/// How many slots a job may use, and how many GPUs each of its elements.
pub(super) fn needs(config: &Config, request: &Submission) -> Result<(u32, u32), Failure> {
    let resources = &request.resources;
    let each = resources.gpus.unwrap_or(config.gpus_per_task);
    let there_are = u32::try_from(config.gpus.len()).unwrap_or(u32::MAX);
    if each > there_are {
        let message = format!("a task needs {each} GPUs, and {there_are} of that machine's may be used");
        return Err(Failure::new(Blame::Config, "gpus", message)
            .with_hint("ask for fewer GPUs a task, or let `--gpus` name more of them"));
    }
    for path in [&request.script, &request.stdout] {
        if path.contains(char::is_control) {
            let message = format!("`{}` has control characters", path.escape_debug());
            return Err(Failure::new(Blame::Config, "control-character", message)
                .with_hint("rename the folder: the agent keeps such paths in lines of text"));
        }
    }
    let by_gpus = there_are.checked_div(each).unwrap_or(u32::MAX);
    let most = request.max_running.unwrap_or(u32::MAX).max(1);
    Ok((config.slots.min(by_gpus).min(most), each))
}

pub(super) fn submit(
    config: &Config,
    request: &Submission,
    so_far: &[Exchange],
) -> Result<Step<Outcome>, Failure> {
    let (slots, gpus_each) = needs(config, request)?;
    let Some(reply) = so_far.first() else {
        let walltime_s = request.resources.walltime_s.unwrap_or(0);
        let command = config.command("submit").args([&request.token, &request.script, &request.stdout]);
        let command = command.args(
            [u64::from(request.elements.max(1)), u64::from(slots), walltime_s, config.grace_s]
                .map(|number| number.to_string()),
        );
        let gpus = if gpus_each > 0 { config.gpus.as_slice() } else { &[] };
        let command = command.arg(gpus_each.to_string()).args(gpus.iter().map(u32::to_string));
        return Ok(Step::Run(command));
    };
    if reply.ending == Ending::NotStarted {
        return Ok(Step::Done(Outcome::Refused(agent::unanswered(reply))));
    }
    Ok(Step::Done(match lines(reply) {
        Ok(lines) => accepted(&lines, &request.token)
            .map_or_else(|| Outcome::Unknown(agent::unclear(reply).message), Outcome::Accepted),
        // The agent's own refusals are answers; silence is none.
        Err(failure) if failure.code == "no-answer" || failure.code == "cut-off" => {
            Outcome::Unknown(replies::how_it_ended(reply))
        }
        Err(failure) => Outcome::Refused(failure),
    }))
}

pub(super) fn recover(config: &Config, token: &str, so_far: &[Exchange]) -> Result<Step<Outcome>, Failure> {
    let Some(reply) = so_far.first() else { return Ok(Step::Run(config.command("recover").arg(token))) };
    let lines = lines(reply)?;
    if let Some(ticket) = accepted(&lines, token) {
        return Ok(Step::Done(Outcome::Accepted(ticket)));
    }
    if lines.iter().any(|line| line.strip_prefix("unknown ") == Some(token)) {
        let failure = Failure::new(Blame::Transient, "not-there", "the agent has no such job");
        return Ok(Step::Done(Outcome::Refused(failure.with_hint("it is handed in again"))));
    }
    Err(agent::unclear(reply))
}

fn accepted(lines: &[String], token: &str) -> Option<Ticket> {
    lines.iter().find_map(|line| {
        let (job, elements) = line.strip_prefix("accepted ")?.split_once(' ')?;
        (job == token).then_some(())?;
        Some(Ticket { job: job.to_owned(), elements: elements.parse().ok()? })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scheduler::Resources;
    use crate::scheduler::slots::config::testing;
    use crate::scheduler::testing::{exited, lead, timed_out};

    fn request() -> Submission {
        Submission {
            token: "tok".into(),
            elements: 9,
            script: "/s/jobs/tok/job.sh".into(),
            stdout: "/s/jobs/tok/scheduler.log".into(),
            ..Submission::default()
        }
    }

    fn became(reply: Exchange) -> String {
        let (_, answer) = lead(&[reply], |so_far| submit(&testing(), &request(), so_far));
        match answer.unwrap() {
            Outcome::Accepted(ticket) => format!("{}/{}", ticket.job, ticket.elements),
            Outcome::Refused(failure) => format!("refused: {}", failure.code),
            Outcome::Unknown(why) => format!("unknown: {why}"),
        }
    }

    #[test]
    fn an_answer_is_a_line_about_this_job() {
        assert_eq!(became(exited(0, "hi\nhsm-agent 1 accepted tok 9\n", "")), "tok/9");
        assert_eq!(became(exited(3, "hsm-agent 1 refused no-room full\n", "")), "refused: no-room");
        for silent in [
            exited(0, "hsm-agent 1 accepted other 9\n", ""),
            exited(0, "hsm-agent 1 accepted tok 9", ""),
            exited(255, "", ""),
            timed_out("hsm-agent 1 accepted tok 9\n", ""),
        ] {
            assert!(became(silent.clone()).starts_with("unknown: "), "{silent:?}");
        }
        let missing = Exchange { ending: Ending::NotStarted, exit_code: None, ..exited(0, "", "") };
        assert_eq!(became(missing), "refused: no-command");
    }

    #[test]
    fn the_request_is_arguments() {
        let asked = |config: &Config, request: &Submission| match submit(config, request, &[]).unwrap() {
            Step::Run(command) => command.args[2..].join(" "),
            Step::Done(outcome) => format!("{outcome:?}"),
        };
        let paths = "/r/state tok /s/jobs/tok/job.sh /s/jobs/tok/scheduler.log";
        assert_eq!(asked(&testing(), &request()), format!("{paths} 9 4 0 10 0"));
        let with_gpus = Config { gpus: vec![0, 2, 5], gpus_per_task: 1, ..testing() };
        assert_eq!(asked(&with_gpus, &request()), format!("{paths} 9 3 0 10 1 0 2 5"));
        let resources = Resources { gpus: Some(2), walltime_s: Some(60), ..Resources::default() };
        let two = Submission { resources, ..request() };
        assert_eq!(asked(&with_gpus, &two), format!("{paths} 9 1 60 10 2 0 2 5"));
        assert_eq!(submit(&testing(), &two, &[]).unwrap_err().code, "gpus");
        let throttled = Submission { max_running: Some(2), ..request() };
        assert_eq!(asked(&testing(), &throttled), format!("{paths} 9 2 0 10 0"));
    }

    #[test]
    fn a_job_is_found_again_or_is_not_there() {
        let found = |said: &str| {
            let reply = exited(0, &format!("hsm-agent 1 {said}\n"), "");
            match lead(&[reply], |so_far| recover(&testing(), "tok", so_far)).1 {
                Ok(Outcome::Accepted(ticket)) => ticket.elements.to_string(),
                Ok(Outcome::Refused(failure)) => failure.code,
                other => format!("{other:?}"),
            }
        };
        assert_eq!((found("accepted tok 7"), found("unknown tok")), ("7".into(), "not-there".into()));
        assert!(found("refused elsewhere x").contains("elsewhere"));
        assert!(found("unknown other").contains("unclear"));
    }
}
