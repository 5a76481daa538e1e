//! Looking at jobs: one `squeue` for all of them, and `sacct` for what it no longer shows.

use super::rows::{self, ACCOUNTING_FORMAT, Elements, QUEUE_FORMAT, Row};
use super::{Config, FIRST_ELEMENT};
use crate::failure::Failure;
use crate::scheduler::replies::{self, stderr, stdout};
use crate::scheduler::{Command, Exchange, Job, JobState, Sighting, Site, Step, ranges};
use rustc_hash::{FxHashMap, FxHashSet};

/// How many jobs are asked about one by one in one conversation, which has eight rounds, three of them for lists. Later looks ask for
/// the rest.
const ASKED_ALONE_MAX: usize = 5;

/// How the controller says that it has no such job.
const NO_SUCH_JOB: &str = "Invalid job id specified";

pub(super) fn observe(
    config: &Config,
    site: &Site,
    jobs: &[Job],
    so_far: &[Exchange],
) -> Result<Step<Vec<Sighting>>, Failure> {
    if jobs.is_empty() {
        return Ok(Step::Done(vec![]));
    }
    let mut replies = so_far.iter();
    let mut seen = Seen::new(site, jobs);
    let Some(queue) = replies.next() else { return Ok(Step::Run(queue(config, ids(jobs), false))) };
    if !replies::succeeded(queue) && !stderr(queue).contains(NO_SUCH_JOB) {
        return Err(replies::unanswered(queue));
    }
    let text = stdout(queue);
    let vague = vague(&text, jobs);
    if !vague.is_empty() {
        let Some(expanded) = replies.next() else { return Ok(Step::Run(self::queue(config, vague, true))) };
        if !replies::succeeded(expanded) && !stderr(expanded).contains(NO_SUCH_JOB) {
            return Err(replies::unanswered(expanded));
        }
        seen.take(rows::of_queue(&stdout(expanded)));
    }
    seen.take(rows::of_queue(&text).filter(|row| !row.is_vague()));
    // Elements that a list does not show are taken to be over sooner or later, so half a list must be none.
    if let Some(cut) = so_far.iter().find(|reply| reply.truncated) {
        return Err(replies::cut_off(cut));
    }
    let missing = seen.missing();
    if missing.is_empty() {
        return Ok(Step::Done(seen.sightings));
    }
    let Some(accounting) = replies.next() else { return Ok(Step::Run(self::accounting(config, &missing))) };
    if !replies::succeeded(accounting) && !accounting_is_off(accounting) {
        return Err(replies::unanswered(accounting));
    }
    seen.take(rows::of_accounting(&stdout(accounting)));
    for job in seen.unseen().into_iter().take(ASKED_ALONE_MAX) {
        let Some(alone) = replies.next() else { return Ok(Step::Run(show(config, &job.job))) };
        seen.sightings.extend(gone(job, alone));
    }
    Ok(Step::Done(seen.sightings))
}

fn ids<'a>(jobs: impl IntoIterator<Item = &'a Job>) -> Vec<&'a str> {
    jobs.into_iter().map(|job| job.job.as_str()).collect()
}

/// All states are asked for: without that, jobs that ended are left out though the controller still has them.
fn queue(config: &Config, ids: Vec<&str>, each_element: bool) -> Command {
    let command = config.command("squeue").args(["--noheader", "--all", "--states=all"]);
    let command = if each_element { command.arg("--array") } else { command };
    command.arg(format!("--jobs={}", ids.join(","))).arg(format!("--Format={QUEUE_FORMAT}"))
}

fn accounting(config: &Config, missing: &[&Job]) -> Command {
    config
        .command("sacct")
        .args(["--noheader", "--allocations", "--parsable2"])
        .arg(format!("--jobs={}", ids(missing.iter().copied()).join(",")))
        .arg(format!("--format={ACCOUNTING_FORMAT}"))
}

fn show(config: &Config, job: &str) -> Command {
    config.command("scontrol").args(["--oneliner", "show", "job", job])
}

pub(super) fn accounting_is_off(reply: &Exchange) -> bool {
    replies::everything(reply).contains("accounting storage is disabled")
}

/// The asked jobs that only a list of their elements tells more about.
fn vague<'a>(text: &str, jobs: &'a [Job]) -> Vec<&'a str> {
    let vague: FxHashSet<&str> = rows::of_queue(text).filter(Row::is_vague).map(|row| row.job).collect();
    ids(jobs.iter().filter(|job| vague.contains(job.job.as_str())))
}

/// The controller's word that it has no such job, and nothing else.
fn gone(job: &Job, reply: &Exchange) -> Option<Sighting> {
    let says_so = !replies::succeeded(reply) && stderr(reply).contains(NO_SUCH_JOB);
    says_so.then(|| Sighting {
        job: job.job.clone(),
        index: None,
        state: JobState::Gone,
        exit_code: None,
        signal: None,
        class: None,
        reason: Some(NO_SUCH_JOB.to_owned()),
        name: None,
        submitted_ms: None,
        node: None,
    })
}

/// What was seen so far of what was asked.
struct Seen<'a> {
    site: &'a Site,
    jobs: &'a [Job],
    asked: FxHashMap<&'a str, Asked<'a>>,
    sightings: Vec<Sighting>,
}

/// One job that was asked about.
struct Asked<'a> {
    job: &'a Job,
    /// The elements that are meant; nothing where all are.
    only: FxHashSet<u32>,
    /// The elements that were seen.
    elements: FxHashSet<u32>,
    /// Whether any line was about it.
    seen: bool,
}

impl<'a> Seen<'a> {
    fn new(site: &'a Site, jobs: &'a [Job]) -> Self {
        let asked = |job: &'a Job| {
            let only = job.only.iter().copied().collect();
            (job.job.as_str(), Asked { job, only, elements: FxHashSet::default(), seen: false })
        };
        Self { site, jobs, asked: jobs.iter().map(asked).collect(), sightings: vec![] }
    }

    /// Takes what lines say of what was asked about and not yet seen.
    fn take<'r>(&mut self, rows: impl Iterator<Item = Row<'r>>) {
        for row in rows {
            let Some(asked) = self.asked.get_mut(row.job) else { continue };
            let sighting = row.sighting(self.site);
            match &row.elements {
                Elements::Cut => {}
                Elements::None if asked.seen => {}
                Elements::None => {
                    asked.seen = true;
                    self.sightings.push(sighting);
                }
                Elements::Listed(spans) => {
                    asked.seen = true;
                    let bounds = FIRST_ELEMENT..FIRST_ELEMENT + asked.job.elements;
                    for index in ranges::within(spans, bounds) {
                        if (asked.only.is_empty() || asked.only.contains(&index))
                            && asked.elements.insert(index)
                        {
                            self.sightings.push(Sighting { index: Some(index), ..sighting.clone() });
                        }
                    }
                }
            }
        }
    }

    /// The jobs of which no line was seen, and those of which an element was asked for that was not.
    fn missing(&self) -> Vec<&'a Job> {
        let shown_whole = |asked: &Asked| asked.seen && asked.elements.is_empty();
        let is_missing = |asked: &Asked| {
            !asked.seen
                || (!shown_whole(asked) && asked.only.iter().any(|index| !asked.elements.contains(index)))
        };
        self.jobs.iter().filter(|job| self.asked.get(job.job.as_str()).is_some_and(is_missing)).collect()
    }

    /// The jobs of which no line at all was seen.
    fn unseen(&self) -> Vec<&'a Job> {
        self.jobs
            .iter()
            .filter(|job| self.asked.get(job.job.as_str()).is_some_and(|asked| !asked.seen))
            .collect()
    }
}

#[cfg(test)]
mod tests;
