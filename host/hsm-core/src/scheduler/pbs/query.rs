//! Asking the server about jobs with `qstat`, in the richest form that this server and this `qstat` know.

use super::records::{Record, of_json, of_text};
use crate::scheduler::replies::{self, stderr, stdout};
use crate::scheduler::{Command, Ending, Exchange};

/// Words after which nobody knows whether the server has the job.
const UNREACHABLE: &[&str] = &[
    "cannot connect to server",
    "connection refused",
    "connection timed out",
    "connection reset",
    "communication failure",
    "end of file",
    "protocol (asn.1) error",
    "pbs_iff",
    "server is busy",
];

/// How the server says that it has no such job, before the id.
pub(super) const NO_SUCH_JOB: &str = "Unknown Job Id ";

/// How it says that it shows a job only to those who ask for history.
const FINISHED: &str = "Job has finished";

/// How it says that it forgets jobs as they end.
const NO_HISTORY: &str = "not configured to maintain job history";

/// Where asking has got to.
pub(super) enum Asked {
    /// This is next.
    Next(Command),
    /// The server did not answer.
    Failed(Exchange),
    /// The host cut the answer.
    Cut(Exchange),
    /// This is what was said.
    Said {
        /// The jobs.
        records: Vec<Record>,
        /// The ids of which the server says that it has no such job.
        unknown: Vec<String>,
    },
}

/// Asks about these jobs (all that the server shows where there are none), with history and as JSON; then without what this server or
/// this `qstat` does not know.
pub(super) fn ask(ids: &[&str], subjobs: bool, so_far: &[Exchange]) -> Asked {
    let (mut history, mut json) = (true, true);
    for reply in so_far {
        if reply.ending != Ending::Exited || is_unreachable(reply) {
            return Asked::Failed(reply.clone());
        }
        if reply.truncated {
            return Asked::Cut(reply.clone());
        }
        let errors = stderr(reply);
        if history && errors.contains(NO_HISTORY) {
            history = false;
            continue;
        }
        let unknown: Vec<String> = unknown_ids(&errors);
        match records(reply) {
            Some(records) if records.is_empty() && unknown.is_empty() && is_failure(reply, &errors) => {
                return Asked::Failed(reply.clone());
            }
            Some(records) => return Asked::Said { records, unknown },
            // With nothing but unknown ids there is no document either.
            None if !unknown.is_empty() => {
                return Asked::Said { records: vec![], unknown };
            }
            None if json => json = false,
            None => return Asked::Failed(reply.clone()),
        }
    }
    let command = Command::new("qstat");
    let command = if history { command.arg("-x") } else { command }.arg("-f");
    let command = if json { command.args(["-F", "json"]) } else { command };
    let command = if subjobs { command.arg("-t") } else { command };
    Asked::Next(command.args(ids.iter().copied()))
}

/// Whether a reply without any job is none.
fn is_failure(reply: &Exchange, errors: &str) -> bool {
    !replies::succeeded(reply) && !errors.contains(FINISHED)
}

fn unknown_ids(errors: &str) -> Vec<String> {
    let id = |line: &str| Some(line.split_once(NO_SUCH_JOB)?.1.split_whitespace().next()?.to_owned());
    errors.lines().filter_map(id).collect()
}

/// Whether the command's words are that the server could not be reached.
pub(super) fn is_unreachable(reply: &Exchange) -> bool {
    let said = stderr(reply).to_lowercase();
    !replies::succeeded(reply) && UNREACHABLE.iter().any(|words| said.contains(words))
}

/// The records of one reply: JSON where it is some, text otherwise.
pub(super) fn records(reply: &Exchange) -> Option<Vec<Record>> {
    let text = stdout(reply);
    let asked_for_json = reply.command.args.iter().any(|argument| argument == "json");
    if asked_for_json { of_json(&text) } else { Some(of_text(&text)) }
}
