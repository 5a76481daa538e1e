//! What `squeue` lists, in a format that is asked for and so does not change, and how jobs and their elements are named.

use hsm_sdk::{Command, Exchange, Failure, Job, JobState, Sighting, Site, Step, Ticket, Verdict};
use std::collections::BTreeMap;

/// The array's id, the element, the state, the reason, the machine and, last because it may contain anything, the name.
const FORMAT: &str = "%F|%K|%T|%r|%N|%j";

/// All that a user has there, one element a line, with those that ended lately. Asked for jobs by their ids, it fails where it has forgotten one.
pub fn listing(site: &Site) -> Command {
    let asked = ["--noheader", "--array", "--states=all", "--format", FORMAT, "--user", &site.user];
    Command::new("squeue").args(asked)
}

struct Row<'a> {
    job: &'a str,
    element: u32,
    state: &'a str,
    reason: &'a str,
    node: &'a str,
    name: &'a str,
}

fn rows(listing: &str) -> impl Iterator<Item = Row<'_>> {
    listing.lines().filter_map(|line| {
        let mut fields = line.splitn(6, '|');
        let mut field = || fields.next().map(str::trim);
        let (job, element) = (field()?, field()?);
        let element = element.parse().ok()?;
        Some(Row { job, element, state: field()?, reason: field()?, node: field()?, name: field()? })
    })
}

/// What it says about these jobs.
pub fn sightings(listing: &str, jobs: &[Job]) -> Vec<Sighting> {
    let asked: BTreeMap<&str, &Job> = jobs.iter().map(|job| (job.job.as_str(), job)).collect();
    let is_meant = |row: &Row<'_>| {
        asked.get(row.job).is_some_and(|job| job.only.is_empty() || job.only.contains(&row.element))
    };
    rows(listing).filter(is_meant).filter_map(|row| sighting(&row)).collect()
}

fn sighting(row: &Row<'_>) -> Option<Sighting> {
    let (state, class) = match (row.state, row.reason) {
        ("PENDING", "DependencyNeverSatisfied") => (JobState::Queued, Some("dependency")),
        ("PENDING", "PartitionTimeLimit") => (JobState::Queued, Some("impossible")),
        ("PENDING", "JobHeldUser" | "JobHeldAdmin") => (JobState::Held, None),
        ("PENDING" | "REQUEUED" | "REQUEUE_HOLD" | "REQUEUE_FED", _) => (JobState::Queued, None),
        (
            "RUNNING" | "CONFIGURING" | "COMPLETING" | "STAGE_OUT" | "SUSPENDED" | "STOPPED" | "SIGNALING",
            _,
        ) => (JobState::Running, None),
        ("COMPLETED", _) => (JobState::Completed, None),
        ("TIMEOUT" | "DEADLINE", _) => (JobState::Failed, Some("time-limit")),
        ("OUT_OF_MEMORY", _) => (JobState::Failed, Some("out-of-memory")),
        ("NODE_FAIL" | "BOOT_FAIL", _) => (JobState::Failed, Some("node-failure")),
        ("PREEMPTED", _) => (JobState::Failed, Some("preempted")),
        ("CANCELLED", _) => (JobState::Cancelled, None),
        ("FAILED", _) => (JobState::Failed, None),
        // A word that is not known here says nothing.
        _ => return None,
    };
    let mut sighting = Sighting::new(row.job, state).of_element(row.element);
    sighting.class = class.map(str::to_owned);
    let said = |text: &str| (!matches!(text, "" | "None" | "N/A" | "(null)")).then(|| text.to_owned());
    (sighting.reason, sighting.node, sighting.name) = (said(row.reason), said(row.node), said(row.name));
    Some(sighting)
}

/// The job whose name ends with the token.
pub fn find(listing: &str, token: &str) -> Option<Ticket> {
    let found: Vec<Row<'_>> = rows(listing).filter(|row| row.name.ends_with(token)).collect();
    let job = found.first()?.job;
    let elements = found.iter().filter(|row| row.job == job).map(|row| row.element).max()?;
    Some(Ticket { job: job.to_owned(), elements })
}

/// Runs a command over the jobs. It goes on behind one that it complains about, and its complaints name the job.
pub fn done_to(command: Command, jobs: &[Job], so_far: &[Exchange]) -> Result<Step<Vec<Verdict>>, Failure> {
    let Some(exchange) = so_far.first() else { return Ok(Step::Run(command.args(jobs.iter().map(named)))) };
    let stderr = exchange.stderr_text();
    let complaint = |job: &Job| {
        let is_about = |line: &&str| line.split(|c: char| !c.is_ascii_digit()).any(|word| word == job.job);
        let complaints = stderr.lines().filter(|line| line.contains("rror") || line.contains("nvalid"));
        complaints.into_iter().find(is_about).map(str::to_owned)
    };
    if !exchange.succeeded() && jobs.iter().all(|job| complaint(job).is_none()) {
        return Err(exchange.failure());
    }
    let verdict = |job: &Job| {
        let reason = complaint(job);
        Verdict { job: job.job.clone(), accepted: reason.is_none(), reason }
    };
    Ok(Step::Done(jobs.iter().map(verdict).collect()))
}

/// `17`, or `17_[1-3,8]` for elements of it.
fn named(job: &Job) -> String {
    if job.only.is_empty() {
        return job.job.clone();
    }
    let mut only = job.only.clone();
    only.sort_unstable();
    let runs = only.chunk_by(|one, next| one + 1 == *next).map(|run| match run {
        [first, .., last] => format!("{first}-{last}"),
        run => run.iter().map(u32::to_string).collect(),
    });
    format!("{}_[{}]", job.job, runs.collect::<Vec<_>>().join(","))
}
