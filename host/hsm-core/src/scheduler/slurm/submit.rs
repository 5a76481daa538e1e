//! `sbatch`, and what its answer means: accepted, refused, or not to be told.

use super::{Config, options};
use crate::failure::{Blame, Failure};
use crate::scheduler::replies::{self, stdout};
use crate::scheduler::{Ending, Exchange, Outcome, Step, Submission, Ticket};

/// A controller answers within milliseconds. With its job table full `sbatch` would go on trying for two minutes, unseen; so whatever
/// takes longer than this is cut off and settled by looking for the token.
const TIMEOUT_MS: u32 = 30_000;

/// Words after which nobody knows whether the controller has the job.
const UNKNOWN: &[&str] = &[
    "socket timed out",
    "unable to contact slurm controller",
    "temporarily unable to accept job",
    "resource temporarily unavailable",
    "zero bytes were transmitted",
    "communication connection failure",
    "connection refused",
    "connection reset",
    "unexpected message received",
    "message receive failure",
    "message send failure",
    "transport endpoint",
];

/// Words of a limit on how many jobs somebody may have handed in, such as `AssocMaxSubmitJobLimit` and `QOSMaxSubmitJobPerUserLimit`.
const SUBMIT_LIMIT: &str = "SubmitJob";

/// What else Slurm refuses, in words of 22.05 to 24.11: the words in lower case, our code, and what to do.
const REFUSALS: &[(&str, &str, &str)] = &[
    ("invalid partition", "partition", "`sinfo -s` lists the partitions"),
    (
        "user's group not permitted to use this partition",
        "partition",
        "`sinfo -s` lists the partitions; ask for access or choose another",
    ),
    ("invalid job array", "array", "set `slurm.max_array_size` to what the cluster takes"),
    (
        "memory specification can not be satisfied",
        "memory",
        "ask for less memory, or choose a partition with larger nodes",
    ),
    ("invalid --mem", "memory", "write memory as `16G` or `512M`"),
    (
        "node configuration is not available",
        "resources",
        "no node of the partition has that many CPUs or GPUs; `sinfo -o '%P %c %m %G'` shows what there is",
    ),
    (
        "node count specification invalid",
        "resources",
        "ask for fewer nodes; `sinfo -s` shows how many there are",
    ),
    ("more processors requested than permitted", "resources", "ask for fewer CPUs"),
    ("invalid generic resource", "gpus", "`sinfo -o '%P %G'` shows how the cluster calls its GPUs"),
    ("invalid feature", "feature", "`sinfo -o '%P %f'` shows the features"),
    ("invalid node name", "nodes", "`sinfo -N` lists the nodes"),
    ("invalid qos", "qos", "`sacctmgr show assoc user=$USER format=account,qos` lists what you may use"),
    (
        "invalid account",
        "account",
        "`sacctmgr show assoc user=$USER format=account,partition` lists what you may use",
    ),
    ("requested time limit is invalid", "walltime", "`sinfo -o '%P %l'` shows how long a job may run"),
    ("reservation is invalid", "reservation", "`scontrol show reservation` lists the reservations"),
    ("job violates accounting/qos policy", "policy", "ask for less, or for another qos or account"),
    ("permission denied", "permission", "ask whether your account may submit to this cluster"),
    ("unable to open file", "script", "is the sweep's folder visible on this machine?"),
    ("unrecognized option", "option", "take the option out of `--resources` or `slurm.extra_directives`"),
];

pub(super) fn submit(
    config: &Config,
    request: &Submission,
    so_far: &[Exchange],
) -> Result<Step<Outcome>, Failure> {
    let Some(reply) = so_far.first() else {
        let mut command = config.command("sbatch").arg("--parsable").args(&config.extra_args);
        command = command.args(options::own(request)?).arg(&request.script);
        command.timeout_ms = TIMEOUT_MS;
        return Ok(Step::Run(command));
    };
    let outcome = outcome(reply, request.elements);
    Ok(Step::Done(outcome))
}

fn outcome(reply: &Exchange, elements: u32) -> Outcome {
    match (reply.ending, reply.exit_code) {
        (Ending::NotStarted, _) => Outcome::Refused(replies::unanswered(reply)),
        (Ending::Exited, Some(0)) => match job_id(&stdout(reply)) {
            Ok(job) => Outcome::Accepted(Ticket { job, elements }),
            Err(why) => Outcome::Unknown(why),
        },
        (Ending::Exited, Some(_)) => refusal(reply),
        _ => Outcome::Unknown(replies::how_it_ended(reply)),
    }
}

/// The id in what `sbatch` printed, between the lines of a talkative site: `123`, `123;cluster` or the sentence without `--parsable`.
fn job_id(text: &str) -> Result<String, String> {
    let mut ids: Vec<&str> = text.lines().filter_map(|line| id_of(line.trim())).collect();
    ids.dedup();
    match ids.as_slice() {
        [id] => Ok((*id).to_owned()),
        [] => Err("`sbatch` ended well but printed no job id".to_owned()),
        _ => Err(format!("`sbatch` printed several job ids: {}", ids.join(", "))),
    }
}

fn id_of(line: &str) -> Option<&str> {
    let id = match line.strip_prefix("Submitted batch job ") {
        Some(rest) => rest.split_whitespace().next()?,
        None => line.split_once(';').map_or(line, |(id, _)| id),
    };
    (!id.is_empty() && id.len() <= 10 && id.bytes().all(|byte| byte.is_ascii_digit())).then_some(id)
}

fn refusal(reply: &Exchange) -> Outcome {
    let words = replies::everything(reply);
    let lower = words.to_lowercase();
    if UNKNOWN.iter().any(|needle| lower.contains(needle)) {
        return Outcome::Unknown(replies::how_it_ended(reply));
    }
    let said = error_lines(&words);
    if words.contains(SUBMIT_LIMIT) {
        let failure =
            Failure::new(Blame::Transient, "submit-limit", format!("Slurm takes no more jobs now: {said}"));
        return Outcome::Refused(failure.with_hint("it goes on with fewer at a time as jobs end"));
    }
    let known = REFUSALS.iter().find(|(needle, ..)| lower.contains(needle));
    let message = format!("Slurm refused the job: {said}");
    match known {
        Some((_, code, hint)) => {
            Outcome::Refused(Failure::new(Blame::Config, *code, message).with_hint(*hint))
        }
        // An error that `sbatch` reports as its own is an answer; any other program's last words are not.
        None if words.contains("sbatch: error:") => Outcome::Refused(
            Failure::new(Blame::Config, "refused", message)
                .with_hint("`hsm run --dry-run` shows the script and the command; try them by hand"),
        ),
        None => Outcome::Unknown(replies::how_it_ended(reply)),
    }
}

/// What `sbatch` says is wrong, without its prefixes; all of what was said where nothing has one.
fn error_lines(words: &str) -> String {
    let errors: Vec<&str> = words
        .lines()
        .filter_map(|line| line.trim().strip_prefix("sbatch: "))
        .map(|line| line.trim_start_matches("error: ").trim_start_matches("Batch job submission failed: "))
        .collect();
    let text = if errors.is_empty() { words.trim().to_owned() } else { errors.join("; ") };
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(300).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scheduler::testing::{exited, lead, timed_out};

    fn became(reply: Exchange) -> String {
        let request = Submission {
            script: "/s/job.sh".into(),
            token: "t".into(),
            name: "n.t".into(),
            elements: 5,
            ..Submission::default()
        };
        let config = Config { extra_args: vec!["--exclusive".into()], ..Config::default() };
        let (commands, answer) = lead(&[reply], |so_far| submit(&config, &request, so_far));
        assert!(
            commands[0].starts_with("sbatch --parsable --exclusive --job-name=n.t --comment=t/5 "),
            "{commands:?}"
        );
        assert!(commands[0].ends_with(" --array=0-4 /s/job.sh"), "{commands:?}");
        match answer.unwrap() {
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
            ("12345\n", "12345 of 5"),
            ("12345;cluster\n", "12345 of 5"),
            ("Submitted batch job 42\n", "42 of 5"),
            ("Submitted batch job 42 on cluster alpha\n", "42 of 5"),
            ("*** maintenance on 2026-12-01 ***\nYour balance: 1234 h\n\n77\n", "77 of 5"),
            ("77\n  77\n", "77 of 5"),
            ("", "unknown: `sbatch` ended well but printed no job id"),
            ("job 12 submitted\n", "unknown: `sbatch` ended well but printed no job id"),
            ("12\n13\n", "unknown: `sbatch` printed several job ids: 12, 13"),
        ] {
            assert_eq!(became(exited(0, stdout, "sbatch: lua: hello\n")), expected);
        }
    }

    #[test]
    fn refusals_of_22_05_and_24_11() {
        let failed = "sbatch: error: Batch job submission failed: ";
        let policy = format!(
            "{failed}Job violates accounting/QOS policy (job submit limit, user's size and/or time limits)\n"
        );
        for (stderr, expected) in [
            (
                format!(
                    "sbatch: error: invalid partition specified: nope\n{failed}Invalid partition name specified\n"
                ),
                "partition (Config)",
            ),
            (format!("{failed}Invalid job array specification\n"), "array (Config)"),
            (
                format!(
                    "sbatch: error: Memory specification can not be satisfied\n{failed}Requested node configuration is not available\n"
                ),
                "memory (Config)",
            ),
            (format!("{failed}Requested node configuration is not available\n"), "resources (Config)"),
            ("sbatch: error: Invalid generic resource (gres) specification\n".into(), "gpus (Config)"),
            (format!("{failed}Invalid node name specified\n"), "nodes (Config)"),
            (format!("{failed}Invalid feature specification\n"), "feature (Config)"),
            (format!("{failed}Invalid qos specification\n"), "qos (Config)"),
            (
                format!("{failed}Invalid account or account/partition combination specified\n"),
                "account (Config)",
            ),
            (format!("{failed}Requested reservation is invalid\n"), "reservation (Config)"),
            ("sbatch: error: Invalid --mem specification\n".into(), "memory (Config)"),
            (
                "sbatch: unrecognized option '--frob=1'\nTry \"sbatch --help\" for more information\n".into(),
                "option (Config)",
            ),
            ("sbatch: error: Unable to open file /nope.sh\n".into(), "script (Config)"),
            (format!("sbatch: error: AssocMaxSubmitJobLimit\n{policy}"), "submit-limit (Transient)"),
            (format!("sbatch: error: QOSMaxSubmitJobPerUserLimit\n{policy}"), "submit-limit (Transient)"),
            (format!("sbatch: error: QOSMaxWallDurationPerJobLimit\n{policy}"), "policy (Config)"),
            ("sbatch: error: cli_filter: please name a project\n".into(), "refused (Config)"),
        ] {
            let said = became(exited(1, "", &stderr));
            assert!(said.starts_with(expected), "{stderr}: {said}");
        }
        assert_eq!(
            became(exited(1, "", &format!("sbatch: error: AssocMaxSubmitJobLimit\n{policy}"))),
            "submit-limit (Transient): Slurm takes no more jobs now: AssocMaxSubmitJobLimit; Job violates accounting/QOS policy \
             (job submit limit, user's size and/or time limits)"
        );
    }

    #[test]
    fn what_nobody_can_know_is_unknown() {
        for reply in [
            timed_out("", "sbatch: error: Slurm temporarily unable to accept job, sleeping and retrying\n"),
            timed_out("12345\n", ""),
            Exchange { ending: Ending::Signalled, exit_code: None, ..exited(0, "", "") },
            exited(
                1,
                "",
                "sbatch: error: Batch job submission failed: Socket timed out on send/recv operation\n",
            ),
            exited(
                1,
                "",
                "sbatch: error: Batch job submission failed: Unable to contact slurm controller (connect failure)\n",
            ),
            exited(1, "", "sbatch: error: Batch job submission failed: Resource temporarily unavailable\n"),
            exited(1, "", "submit-wrapper: database is locked\n"),
            exited(127, "", ""),
        ] {
            let said = became(reply);
            assert!(said.starts_with("unknown: `sbatch` "), "{said}");
        }
        let missing = Exchange { ending: Ending::NotStarted, exit_code: None, ..exited(0, "", "") };
        assert!(became(missing).starts_with("no-command (Config)"));
    }
}
