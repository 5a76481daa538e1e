//! Grid Engine as a scheduler: which command to run next, and what the ones before it said.
//!
//! Every submission is an array, counted from 1 because Grid Engine refuses 0. What waits and runs is in `qstat -xml`; what has ended is gone
//! from there at once, and is in the accounts that `qacct` reads. Written against 8.1.9, the last release of Son of Grid Engine.
//!
//! **Must not:** take silence for an answer. A job that neither the queue nor the accounts were asked about is not mentioned.

mod accounts;
mod config;
mod deeds;
mod header;
mod look;
mod queue;
mod ranges;
mod submission;

use config::Config;
use hsm_sdk::{
    Command, Exchange, Failure, Hold, Job, Outcome, Schedule, SchedulerTraits, Sighting, Site, Step,
    Submission, Verdict,
};

/// Names may be longer; listings for people show ten characters anyway.
const JOB_NAME_MAX: u32 = 64;

/// One look at the queue is the same command however many jobs are meant.
const JOBS_PER_QUERY: u32 = 1_000;

/// Grid Engine.
#[derive(Debug)]
pub struct GridEngine;

impl Schedule for GridEngine {
    fn describe(site: &Site, so_far: &[Exchange]) -> Result<Step<SchedulerTraits>, Failure> {
        let config = Config::of(site)?;
        let Some(exchange) = so_far.first() else {
            return Ok(Step::Run(Command::new("qconf").arg("-sconf")));
        };
        let settings = exchange.output()?;
        let mut limits =
            settings.lines().filter_map(|line| line.strip_prefix("max_aj_tasks")?.trim().parse().ok());
        let cautious = SchedulerTraits::cautious("#$", "SGE_TASK_ID");
        Ok(Step::Done(SchedulerTraits {
            // Zero is Grid Engine's word for no limit.
            elements_per_job: limits.next().map_or(cautious.elements_per_job, |limit| match limit {
                0 => u32::MAX,
                limit => limit,
            }),
            jobs_per_query: JOBS_PER_QUERY,
            poll_interval_ms: config.poll_interval_s.saturating_mul(1_000),
            job_name_max: JOB_NAME_MAX,
            // Accounts are kept until the site's administrators take them away.
            visible_after_end_s: if config.accounts { None } else { Some(0) },
            ..cautious
        }))
    }

    fn directives(site: &Site, request: &Submission) -> Result<Vec<String>, Failure> {
        header::lines(&Config::of(site)?, request)
    }

    fn submit(_: &Site, request: &Submission, so_far: &[Exchange]) -> Result<Step<Outcome>, Failure> {
        Ok(submission::submit(request, so_far))
    }

    fn recover(site: &Site, token: &str, so_far: &[Exchange]) -> Result<Step<Outcome>, Failure> {
        submission::recover(site, &Config::of(site)?, token, so_far)
    }

    fn observe(site: &Site, jobs: &[Job], so_far: &[Exchange]) -> Result<Step<Vec<Sighting>>, Failure> {
        look::observe(site, &Config::of(site)?, jobs, so_far)
    }

    fn cancel(_: &Site, jobs: &[Job], so_far: &[Exchange]) -> Result<Step<Vec<Verdict>>, Failure> {
        deeds::step("qdel", jobs, so_far)
    }

    fn hold(_: &Site, jobs: &[Job], hold: Hold, so_far: &[Exchange]) -> Result<Step<Vec<Verdict>>, Failure> {
        deeds::step(if hold == Hold::Hold { "qhold" } else { "qrls" }, jobs, so_far)
    }
}

hsm_sdk::scheduler!(GridEngine);

#[cfg(test)]
mod tests;
