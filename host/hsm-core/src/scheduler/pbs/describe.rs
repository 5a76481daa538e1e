//! What `qstat -Bf` says about the limits of the server.

use super::{Config, FIRST_ELEMENT};
use crate::failure::Failure;
use crate::scheduler::replies::{self, stdout};
use crate::scheduler::{Command, Ending, Exchange, SchedulerTraits, Step};

/// The most elements of an array where the server does not say: its own default.
const ARRAY_SIZE_DEFAULT: u32 = 10_000;

/// How long ended jobs stay in the history where the server does not say: its own default of two weeks.
const HISTORY_S_DEFAULT: u32 = 14 * 24 * 3_600;

/// Ids in one query. Each is an argument, and each element of each job takes about 1.5 kB of the answer.
const JOBS_PER_QUERY: u32 = 100;

/// A query of a thousand elements takes the server a third of a second.
const POLL_INTERVAL_MS: u32 = 15_000;

/// PBS takes 236 bytes; this is what a sweep's name and a token need.
const JOB_NAME_MAX: u32 = 80;

pub(super) fn describe(config: &Config, so_far: &[Exchange]) -> Result<Step<SchedulerTraits>, Failure> {
    let Some(reply) = so_far.first() else { return Ok(Step::Run(Command::new("qstat").args(["-B", "-f"]))) };
    // A server may refuse to describe itself and take jobs all the same; one that cannot be reached is another matter.
    if reply.ending != Ending::Exited || super::query::is_unreachable(reply) {
        return Err(replies::unanswered(reply));
    }
    Ok(Step::Done(traits(config, &stdout(reply))))
}

fn traits(config: &Config, text: &str) -> SchedulerTraits {
    let of_server =
        value(text, "max_array_size").and_then(|size| size.parse().ok()).unwrap_or(ARRAY_SIZE_DEFAULT);
    let elements = config.max_array_size.map_or(of_server, |wanted| wanted.min(of_server));
    let history =
        value(text, "job_history_enable").is_some_and(|enabled| enabled.eq_ignore_ascii_case("true"));
    let kept = value(text, "job_history_duration").and_then(clock_s).unwrap_or(HISTORY_S_DEFAULT);
    SchedulerTraits {
        elements_per_job: elements.max(1),
        jobs_per_query: JOBS_PER_QUERY,
        poll_interval_ms: config.poll_interval_ms.unwrap_or(POLL_INTERVAL_MS),
        element_variable: "PBS_ARRAY_INDEX".to_owned(),
        first_element: FIRST_ELEMENT,
        directive_prefix: "#PBS".to_owned(),
        single_element_arrays: false,
        job_name_max: JOB_NAME_MAX,
        visible_after_end_s: Some(if history { kept } else { 0 }),
        elements_in_queue: None,
    }
}

/// The value of a line `    key = value`.
fn value<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    text.lines().find_map(|line| {
        let (name, value) = line.split_once('=')?;
        (name.trim() == key).then(|| value.trim())
    })
}

/// `HH:MM:SS` in seconds.
fn clock_s(text: &str) -> Option<u32> {
    text.split(':').try_fold(0_u32, |sum, part| sum.checked_mul(60)?.checked_add(part.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scheduler::testing::{exited, lead, timed_out};

    #[test]
    fn limits_are_the_servers_own() {
        let server = "Server: pbs1\n    server_state = Active\n    max_array_size = 2000\n    job_history_enable = True\n    job_history_duration = 24:00:00\n    pbs_version = 23.06.06\n";
        for (text, max_array_size, expected) in [
            (server, None, (2_000, Some(86_400))),
            (server, Some(500), (500, Some(86_400))),
            (server, Some(5_000), (2_000, Some(86_400))),
            ("Server: pbs1\n", None, (10_000, Some(0))),
            ("    job_history_enable = True\n", None, (10_000, Some(1_209_600))),
        ] {
            let config = Config { max_array_size, ..Config::default() };
            let (commands, answer) = lead(&[exited(0, text, "")], |so_far| describe(&config, so_far));
            assert_eq!(commands, ["qstat -B -f"]);
            let traits = answer.unwrap();
            assert_eq!((traits.elements_per_job, traits.visible_after_end_s), expected);
        }
    }

    #[test]
    fn a_server_that_is_down_is_no_server_without_limits() {
        for reply in [
            timed_out("", ""),
            exited(111, "", "Connection refused\nqstat: cannot connect to server pbs1 (errno=111)\n"),
        ] {
            let (_, answer) = lead(&[reply], |so_far| describe(&Config::default(), so_far));
            assert_eq!(answer.unwrap_err().code, "no-answer");
        }
    }
}
