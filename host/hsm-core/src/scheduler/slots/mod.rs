//! hsm's own slots on a machine without a batch system: an agent in bash that keeps a queue in a folder there.
//!
//! The commands are the agent's requests, so that a machine reached by ssh is one more batch system. The host stages the agent's text
//! under [`agent_file`]'s name and says where that is; `bash` and the ordinary file utilities are all that the machine needs.
//!
//! **Must not:** take anything but a whole line of the agent's for news of a job, or know how the machine is reached.

mod agent;
mod config;
mod control;
mod forget;
mod observe;
mod submit;

pub use agent::{AGENT, agent_file};
pub use forget::{forget, not_forgotten};

use super::{
    Exchange, Hold, Job, Outcome, Scheduler, SchedulerTraits, Sighting, Site, Step, Submission, Verdict,
};
use crate::failure::Failure;
use config::Config;

/// Slots kept by the agent, on any machine where it is staged.
#[derive(Clone, Copy, Debug, Default)]
pub struct Slots;

/// The most elements of one job: a look reads a line for each, and a shell reads some ten thousand lines a second.
const ELEMENTS_PER_JOB: u32 = 1_000;

/// A look at that many jobs is one command.
const JOBS_PER_QUERY: u32 = 100;

/// A look costs one round trip and some milliseconds over there.
const POLL_INTERVAL_MS: u32 = 2_000;

/// Names of jobs are hsm's alone here.
const JOB_NAME_MAX: u32 = 80;

/// The number of a job's first element.
const FIRST_ELEMENT: u32 = 0;

impl Scheduler for Slots {
    fn describe(&self, site: &Site, so_far: &[Exchange]) -> Result<Step<SchedulerTraits>, Failure> {
        let config = Config::of(site)?;
        let Some(reply) = so_far.first() else { return Ok(Step::Run(config.command("describe"))) };
        let lines = agent::lines(reply)?;
        if !lines.iter().any(|line| line.starts_with("ready ")) {
            return Err(agent::unclear(reply));
        }
        Ok(Step::Done(SchedulerTraits {
            elements_per_job: ELEMENTS_PER_JOB,
            jobs_per_query: JOBS_PER_QUERY,
            poll_interval_ms: POLL_INTERVAL_MS,
            element_variable: "HSM_ELEMENT".to_owned(),
            first_element: FIRST_ELEMENT,
            directive_prefix: "#HSM".to_owned(),
            single_element_arrays: true,
            job_name_max: JOB_NAME_MAX,
            visible_after_end_s: None,
            elements_in_queue: None,
        }))
    }

    fn directives(&self, site: &Site, request: &Submission) -> Result<Vec<String>, Failure> {
        submit::needs(&Config::of(site)?, request)?;
        Ok(Vec::new())
    }

    fn submit(
        &self,
        site: &Site,
        request: &Submission,
        so_far: &[Exchange],
    ) -> Result<Step<Outcome>, Failure> {
        submit::submit(&Config::of(site)?, request, so_far)
    }

    fn recover(&self, site: &Site, token: &str, so_far: &[Exchange]) -> Result<Step<Outcome>, Failure> {
        submit::recover(&Config::of(site)?, token, so_far)
    }

    fn observe(
        &self,
        site: &Site,
        jobs: &[Job],
        so_far: &[Exchange],
    ) -> Result<Step<Vec<Sighting>>, Failure> {
        observe::observe(&Config::of(site)?, jobs, so_far)
    }

    fn cancel(&self, site: &Site, jobs: &[Job], so_far: &[Exchange]) -> Result<Step<Vec<Verdict>>, Failure> {
        control::cancel(&Config::of(site)?, jobs, so_far)
    }

    fn hold(
        &self,
        site: &Site,
        jobs: &[Job],
        hold: Hold,
        so_far: &[Exchange],
    ) -> Result<Step<Vec<Verdict>>, Failure> {
        control::hold(&Config::of(site)?, jobs, hold, so_far)
    }
}
