//! Looking at jobs with one `qstat`, in the richest form that this `qstat` knows.

use super::records::Record;
use super::{FIRST_ELEMENT, states, submit};
use crate::failure::Failure;
use crate::scheduler::replies::{self, stderr};
use crate::scheduler::{Command, Ending, Exchange, Job, JobState, Sighting, Site, Step};
use rustc_hash::{FxHashMap, FxHashSet};

/// How the server says that it has no such job, before the id.
const NO_SUCH_JOB: &str = "Unknown Job Id ";

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
        if reply.ending != Ending::Exited || submit::is_unreachable(reply) {
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
        match submit::records(reply) {
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

pub(super) fn observe(
    site: &Site,
    jobs: &[Job],
    so_far: &[Exchange],
) -> Result<Step<Vec<Sighting>>, Failure> {
    if jobs.is_empty() {
        return Ok(Step::Done(vec![]));
    }
    let ids: Vec<&str> = jobs.iter().map(|job| job.job.as_str()).collect();
    match ask(&ids, true, so_far) {
        Asked::Next(command) => Ok(Step::Run(command)),
        Asked::Failed(reply) => Err(replies::unanswered(&reply)),
        // What a list does not show is taken to be over sooner or later, so half a list must be none.
        Asked::Cut(reply) => Err(replies::cut_off(&reply)),
        Asked::Said { records, unknown, .. } => Ok(Step::Done(sightings(site, jobs, &records, &unknown))),
    }
}

fn sightings(site: &Site, jobs: &[Job], records: &[Record], unknown: &[String]) -> Vec<Sighting> {
    let asked: FxHashMap<&str, (&Job, FxHashSet<u32>)> =
        jobs.iter().map(|job| (job.job.as_str(), (job, job.only.iter().copied().collect()))).collect();
    let has_subjobs: FxHashSet<String> =
        records.iter().filter(|record| record.index().is_some()).map(Record::whole).collect();
    let mut seen = vec![];
    for record in records {
        let Some(sighting) = states::sighting(record, site) else { continue };
        let Some((job, only)) = asked.get(sighting.job.as_str()) else { continue };
        let meant = match sighting.index {
            Some(index) => {
                (FIRST_ELEMENT..FIRST_ELEMENT + job.elements).contains(&index)
                    && (only.is_empty() || only.contains(&index))
            }
            // That an array has begun is true of every element of which nothing else is said.
            None => sighting.state == JobState::Running || !has_subjobs.contains(&sighting.job),
        };
        if meant {
            seen.push(sighting);
        }
    }
    seen.extend(jobs.iter().filter(|job| unknown.contains(&job.job)).map(gone));
    seen
}

/// The server's word that it has no such job.
fn gone(job: &Job) -> Sighting {
    Sighting {
        job: job.job.clone(),
        index: None,
        state: JobState::Gone,
        exit_code: None,
        signal: None,
        class: None,
        reason: Some(format!("{NO_SUCH_JOB}{}", job.job)),
        name: None,
        submitted_ms: None,
        node: None,
    }
}

#[cfg(test)]
mod tests;
