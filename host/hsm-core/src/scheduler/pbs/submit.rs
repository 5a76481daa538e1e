//! `qsub`, what its answer means, and finding a submission again by its token.

use super::Config;
use super::query::{Asked, ask, is_unreachable};
use super::records::Record;
use crate::failure::{Blame, Failure};
use crate::scheduler::replies::{self, stderr, stdout};
use crate::scheduler::{Command, Ending, Exchange, Outcome, Step, Submission, Ticket, ranges};

/// Words of a limit on how many jobs somebody may have in the queue.
const SUBMIT_LIMITS: &[&str] = &["would exceed", "maximum number of jobs already in queue", "max_queued"];

/// What else PBS refuses: the words in lower case, our code, and what to do.
const REFUSALS: &[(&str, &str, &str)] = &[
    ("unknown queue", "partition", "`qstat -Q` lists the queues"),
    ("no default queue", "partition", "name a queue; `qstat -Q` lists them"),
    ("queue is not enabled", "partition", "`qstat -Q` shows which queues take jobs"),
    ("array job exceeds", "array", "set `pbs.max_array_size` to what the server takes"),
    (
        "illegal attribute or resource value",
        "resources",
        "write resources as `select=1:ncpus=4:mem=16gb` and times as `HH:MM:SS`",
    ),
    ("unknown resource", "resources", "`pbsnodes -a` shows which resources there are"),
    ("violates queue and/or server resource limits", "policy", "`qstat -Qf` shows what the queue allows"),
    ("unauthorized request", "permission", "ask whether your account may submit to this queue"),
    ("bad uid", "permission", "ask whether your account may submit to this queue"),
    ("invalid account", "account", "name an account that you belong to"),
    ("no such file", "script", "is the sweep's folder visible on this machine?"),
];

pub(super) fn submit(
    config: &Config,
    request: &Submission,
    so_far: &[Exchange],
) -> Result<Step<Outcome>, Failure> {
    let Some(reply) = so_far.first() else {
        return Ok(Step::Run(Command::new("qsub").args(&config.extra_args).arg(&request.script)));
    };
    Ok(Step::Done(match (reply.ending, reply.exit_code) {
        (Ending::NotStarted, _) => Outcome::Refused(replies::unanswered(reply)),
        (Ending::Exited, Some(0)) => match job_id(&stdout(reply)) {
            Ok(job) => Outcome::Accepted(Ticket { job, elements: request.elements }),
            Err(why) => Outcome::Unknown(why),
        },
        (Ending::Exited, Some(_)) if !is_unreachable(reply) => refusal(reply),
        _ => Outcome::Unknown(replies::how_it_ended(reply)),
    }))
}

/// The id in what `qsub` printed, between the lines of a talkative site: `11.pbs1` or `12[].pbs1`.
fn job_id(text: &str) -> Result<String, String> {
    let mut ids: Vec<&str> = text.lines().map(str::trim).filter(|line| is_id(line)).collect();
    ids.dedup();
    match ids.as_slice() {
        [id] => Ok((*id).to_owned()),
        [] => Err("`qsub` ended well but printed no job id".to_owned()),
        _ => Err(format!("`qsub` printed several job ids: {}", ids.join(", "))),
    }
}

fn is_id(line: &str) -> bool {
    let digits = line.bytes().take_while(u8::is_ascii_digit).count();
    let rest = &line[digits..];
    let server = rest.strip_prefix("[]").unwrap_or(rest).strip_prefix('.');
    digits > 0
        && server.is_some_and(|name| {
            !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
        })
}

fn refusal(reply: &Exchange) -> Outcome {
    let lower = stderr(reply).to_lowercase();
    let said: Vec<String> = stderr(reply)
        .lines()
        .filter_map(|line| line.trim().strip_prefix("qsub:"))
        .map(|line| line.trim().to_owned())
        .collect();
    if said.is_empty() {
        return Outcome::Unknown(replies::how_it_ended(reply));
    }
    if SUBMIT_LIMITS.iter().any(|words| lower.contains(words)) {
        let failure = Failure::new(
            Blame::Transient,
            "submit-limit",
            format!("PBS takes no more jobs now: {}", said.join("; ")),
        );
        return Outcome::Refused(failure.with_hint("it goes on with fewer at a time as jobs end"));
    }
    let (code, hint) = REFUSALS.iter().find(|(words, ..)| lower.contains(words)).map_or(
        ("refused", "`hsm run --dry-run` shows the script and the command; try them by hand"),
        |(_, code, hint)| (*code, *hint),
    );
    Outcome::Refused(
        Failure::new(Blame::Config, code, format!("PBS refused the job: {}", said.join("; ")))
            .with_hint(hint),
    )
}

/// Looks through all jobs that the server shows: it can select by a whole name, and only the end of ours is known.
pub(super) fn recover(token: &str, so_far: &[Exchange]) -> Step<Outcome> {
    match ask(&[], false, so_far) {
        Asked::Next(command) => Step::Run(command),
        Asked::Failed(reply) => Step::Done(Outcome::Unknown(replies::how_it_ended(&reply))),
        Asked::Cut(_) => {
            Step::Done(Outcome::Unknown("`qstat` said more than the host reads of one command".to_owned()))
        }
        Asked::Said { records, .. } => Step::Done(found(token, &records)),
    }
}

fn found(token: &str, records: &[Record]) -> Outcome {
    let is_named = |record: &&Record| {
        let rest = record.get("Job_Name").and_then(|name| name.strip_suffix(token));
        rest.is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    };
    let named: Vec<&Record> = records.iter().filter(is_named).collect();
    match named.as_slice() {
        [one] => {
            let spans = one.get("array_indices_submitted").and_then(ranges::parse);
            let elements = spans.map_or(1, |spans| ranges::count_and_last(&spans).0);
            Outcome::Accepted(Ticket { job: one.whole(), elements })
        }
        [] => Outcome::Unknown(format!("the server shows no job named after `{token}`")),
        [one, other, ..] => {
            Outcome::Unknown(format!("both job {} and job {} carry the token", one.id, other.id))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scheduler::testing::{exited, lead, timed_out};

    fn became(reply: Exchange) -> String {
        let request = Submission { script: "/s/job.sh".into(), elements: 5, ..Submission::default() };
        let (commands, answer) = lead(&[reply], |so_far| submit(&Config::default(), &request, so_far));
        assert_eq!(commands, ["qsub /s/job.sh"]);
        word(answer.unwrap())
    }

    fn word(outcome: Outcome) -> String {
        match outcome {
            Outcome::Accepted(ticket) => format!("{} of {}", ticket.job, ticket.elements),
            Outcome::Refused(failure) => {
                format!("{} ({:?}): {}", failure.code, failure.blame, failure.message)
            }
            Outcome::Unknown(why) => format!("unknown: {why}"),
        }
    }

    #[test]
    fn ids_stand_between_noise() {
        for (stdout, expected) in [
            ("11.pbs1\n", "11.pbs1 of 5"),
            ("12[].pbs1.site.org\n", "12[].pbs1.site.org of 5"),
            ("Welcome.\nProject lab: 12.5 h left\n 13[].pbs1\n", "13[].pbs1 of 5"),
            ("", "unknown: `qsub` ended well but printed no job id"),
            ("11\n", "unknown: `qsub` ended well but printed no job id"),
            ("11.a\n12.a\n", "unknown: `qsub` printed several job ids: 11.a, 12.a"),
        ] {
            assert_eq!(became(exited(0, stdout, "")), expected);
        }
    }

    #[test]
    fn recorded_refusals_and_what_nobody_can_know() {
        for (code, stderr, expected) in [
            (170, "qsub: Unknown queue\n", "partition (Config): PBS refused the job: Unknown queue"),
            (
                3,
                "qsub: Array job exceeds server or queue size limit\n",
                "array (Config): PBS refused the job: Array job exceeds server or queue size limit",
            ),
            (
                166,
                "qsub: Illegal attribute or resource value Resource_List.walltime\n",
                "resources (Config): PBS refused the job: Illegal attribute or resource value Resource_List.walltime",
            ),
            (
                1,
                "qsub: script file:: No such file or directory\n",
                "script (Config): PBS refused the job: script file:: No such file or directory",
            ),
            (
                189,
                "qsub: No default queue specified\n",
                "partition (Config): PBS refused the job: No default queue specified",
            ),
            (
                38,
                "qsub: would exceed queue workq's per-user limit\n",
                "submit-limit (Transient): PBS takes no more jobs now: would exceed queue workq's per-user limit",
            ),
            (9, "qsub: hook said no\n", "refused (Config): PBS refused the job: hook said no"),
            (
                111,
                "Connection refused\nqsub: cannot connect to server pbs1 (errno=111)\n",
                "unknown: `qsub` ended with exit code 111: qsub: cannot connect to server pbs1 (errno=111)",
            ),
            (
                1,
                "wrapper: database is locked\n",
                "unknown: `qsub` ended with exit code 1: wrapper: database is locked",
            ),
        ] {
            assert_eq!(became(exited(code, "", stderr)), expected);
        }
        assert_eq!(became(timed_out("", "")), "unknown: `qsub` did not end within 30 s");
    }

    #[test]
    fn a_token_is_found_at_the_end_of_a_name() {
        let json = |jobs: &str| format!("{{\"pbs_version\":\"23.06.06\",\"Jobs\":{{{jobs}}}}}");
        let ours = r#""12[].pbs1":{"Job_Name":"x.abcdefghij","array_indices_submitted":"0-9"}"#;
        let other = r#""9.pbs1":{"Job_Name":"xabcdefghij"}"#;
        let recovered = |replies: &[Exchange]| {
            let (commands, answer) = lead(replies, |so_far| Ok(recover("abcdefghij", so_far)));
            assert_eq!(commands[0], "qstat -x -f -F json");
            word(answer.unwrap())
        };
        assert_eq!(recovered(&[exited(0, &json(&format!("{other},{ours}")), "")]), "12[].pbs1 of 10");
        assert_eq!(
            recovered(&[exited(0, &json(other), "")]),
            "unknown: the server shows no job named after `abcdefghij`"
        );
        let twice = json(&format!("{ours},{}", r#""13.pbs1":{"Job_Name":"abcdefghij"}"#));
        assert_eq!(
            recovered(&[exited(0, &twice, "")]),
            "unknown: both job 12[].pbs1 and job 13.pbs1 carry the token"
        );
        let down = exited(111, "", "qstat: cannot connect to server pbs1 (errno=111)\n");
        assert!(recovered(&[down]).starts_with("unknown: `qstat` ended with exit code 111"));
        let text = "Job Id: 13.pbs1\n    Job_Name = y.abcdefghij\n";
        assert_eq!(
            recovered(&[
                exited(2, "", "qstat: invalid option -- 'F'\nusage: qstat ...\n"),
                exited(0, text, "")
            ]),
            "13.pbs1 of 1"
        );
    }
}
