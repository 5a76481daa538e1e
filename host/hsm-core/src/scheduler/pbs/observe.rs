//! Looking at jobs with one `qstat`.

use super::query::{Asked, NO_SUCH_JOB, ask};
use super::records::Record;
use super::{FIRST_ELEMENT, states};
use crate::failure::Failure;
use crate::scheduler::replies;
use crate::scheduler::{Exchange, Job, JobState, Sighting, Site, Step};
use rustc_hash::{FxHashMap, FxHashSet};

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
