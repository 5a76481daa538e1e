//! Looking at jobs: first at the queue, then, for jobs of which elements are missing there, at the accounts.

use crate::accounts::{self, Account};
use crate::config::Config;
use crate::queue::{self, Entry};
use crate::ranges;
use hsm_sdk::{Exchange, Failure, Job, JobState, Sighting, Site, Step};
use std::collections::{BTreeMap, BTreeSet};

/// The commands of one conversation; the first of them looks at the queue.
const ROUNDS_MAX: usize = 8;

/// Looks.
pub fn observe(
    site: &Site,
    config: &Config,
    jobs: &[Job],
    so_far: &[Exchange],
) -> Result<Step<Vec<Sighting>>, Failure> {
    let Some((listing, asked)) = so_far.split_first() else {
        return Ok(Step::Run(queue::command(site)));
    };
    let entries = queue::entries(&listing.output()?)?;
    let listed = Listed::of(jobs, &entries);
    if config.accounts && so_far.len() < ROUNDS_MAX {
        let is_new =
            |job: &&Job| !asked.iter().any(|exchange| exchange.command.args.last() == Some(&job.job));
        if let Some(job) = in_turn(&listed.incomplete(jobs), site, config).into_iter().find(is_new) {
            return Ok(Step::Run(accounts::command(&job.job)));
        }
    }
    let mut sightings = listed.sightings.clone();
    for exchange in asked {
        let job = jobs.iter().find(|job| exchange.command.args.last() == Some(&job.job));
        sightings.extend(job.map(|job| from_accounts(job, &listed, exchange)).unwrap_or_default());
    }
    Ok(Step::Done(sightings))
}

/// There is one command for each job's accounts, and room for a few: another one goes first at each look, so that every job has its turn.
fn in_turn<'a>(jobs: &[&'a Job], site: &Site, config: &Config) -> Vec<&'a Job> {
    let mut jobs = jobs.to_vec();
    if let Some(looks) = (site.now_ms / 1_000).checked_div(u64::from(config.poll_interval_s)) {
        let first = looks.wrapping_mul(ROUNDS_MAX as u64 - 1) % (jobs.len().max(1) as u64);
        jobs.rotate_left(usize::try_from(first).unwrap_or_default());
    }
    jobs
}

/// What the queue has of the jobs that were asked about.
struct Listed {
    sightings: Vec<Sighting>,
    elements: BTreeMap<String, BTreeSet<u32>>,
}

impl Listed {
    fn of(jobs: &[Job], entries: &[Entry]) -> Self {
        let by_id: BTreeMap<&str, &Job> = jobs.iter().map(|job| (job.job.as_str(), job)).collect();
        let mut listed = Self { sightings: Vec::new(), elements: BTreeMap::new() };
        for entry in entries {
            let Some(job) = by_id.get(entry.job.as_str()) else { continue };
            let written = entry.elements.as_deref().unwrap_or("1");
            let Some(elements) = ranges::elements(written, job.elements) else { continue };
            let sighting = entry.sighting();
            let meant = elements.iter().filter(|element| is_meant(job, **element));
            listed.sightings.extend(meant.map(|element| sighting.clone().of_element(*element)));
            listed.elements.entry(entry.job.clone()).or_default().extend(elements);
        }
        listed
    }

    fn has(&self, job: &Job, element: u32) -> bool {
        self.elements.get(&job.job).is_some_and(|elements| elements.contains(&element))
    }

    /// The jobs of which the queue does not have everything that is meant.
    fn incomplete<'a>(&self, jobs: &'a [Job]) -> Vec<&'a Job> {
        jobs.iter().filter(|job| meant(job).any(|element| !self.has(job, element))).collect()
    }
}

fn is_meant(job: &Job, element: u32) -> bool {
    job.only.is_empty() || job.only.contains(&element)
}

fn meant(job: &Job) -> impl Iterator<Item = u32> + '_ {
    (1..=job.elements).filter(|element| is_meant(job, *element))
}

/// What the accounts say of the elements that are not in the queue. Only what neither has is gone, and only once nothing of its job is in the
/// queue any more: an account may be written a few seconds after an element has left.
fn from_accounts(job: &Job, listed: &Listed, exchange: &Exchange) -> Vec<Sighting> {
    let nothing = accounts::knows_nothing(exchange);
    if !nothing && !exchange.succeeded() {
        return Vec::new();
    }
    let is_listed = listed.elements.contains_key(&job.job);
    let printed = exchange.stdout_text();
    let mut last: BTreeMap<u32, Account> = BTreeMap::new();
    for account in accounts::accounts(&printed).into_iter().filter(|account| account.job == job.job) {
        last.insert(account.element, account);
    }
    let missing = meant(job).filter(|element| !listed.has(job, *element));
    let sighting = |element: u32| match last.get(&element) {
        Some(account) if account.is_final() => Some(account.sighting()),
        Some(_) => None,
        None if is_listed => None,
        None => {
            let mut sighting = Sighting::new(&job.job, JobState::Gone).of_element(element);
            sighting.reason = Some("neither `qstat` nor `qacct` has it".to_owned());
            Some(sighting)
        }
    };
    missing.filter_map(sighting).collect()
}
