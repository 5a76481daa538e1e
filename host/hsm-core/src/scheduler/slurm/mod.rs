//! Slurm: `sbatch`, `squeue`, `sacct`, `scancel` and `scontrol`, from release 20.02 on.
//!
//! Text with an explicit format is asked for and never JSON, whose shape changes with every release. The script holds the same options
//! that the command line repeats: variables such as `SBATCH_JOB_NAME` win over the lines of a script, and only the command line wins
//! over them.
//!
//! **Must not:** take an empty list or a failing command for news of a job.

mod control;
pub(super) mod describe;
mod observe;
mod options;
mod recover;
mod rows;
mod states;
mod submit;
mod survey;

use super::{
    Command, Exchange, Hold, Job, Outcome, Scheduler, SchedulerTraits, Sighting, Site, Step, Submission,
    Verdict,
};
use crate::failure::{Blame, Failure};
use serde::Deserialize;

/// The number of an array's first element.
const FIRST_ELEMENT: u32 = 0;

/// Slurm on any machine where its commands work.
#[derive(Clone, Copy, Debug, Default)]
pub struct Slurm;

/// What a site may say about its Slurm, as the map [`Site::config`].
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Config {
    /// The most elements of one array, where the site wants fewer than Slurm allows.
    max_array_size: Option<u32>,
    /// How long to wait between two looks, in milliseconds.
    poll_interval_ms: Option<u32>,
    /// The cluster to ask, where one Slurm installation has several.
    cluster: Option<String>,
    /// Further arguments of `sbatch`, before the script.
    extra_args: Vec<String>,
}

impl Config {
    pub(super) fn of(site: &Site) -> Result<Self, Failure> {
        if site.config.is_null() {
            return Ok(Self::default());
        }
        Self::deserialize(&site.config).map_err(|error| {
            Failure::new(
                Blame::Config,
                "bad-config",
                format!("the settings of `slurm` cannot be used: {error}"),
            )
            .with_hint("known are `max_array_size`, `poll_interval_ms`, `cluster` and `extra_args`")
        })
    }

    /// One of Slurm's programs, aimed at the right cluster.
    pub(super) fn command(&self, program: &str) -> Command {
        let command = Command::new(program);
        match &self.cluster {
            Some(cluster) => command.arg(format!("--clusters={cluster}")),
            None => command,
        }
    }
}

impl Scheduler for Slurm {
    fn describe(&self, site: &Site, so_far: &[Exchange]) -> Result<Step<SchedulerTraits>, Failure> {
        describe::describe(&Config::of(site)?, so_far)
    }

    fn directives(&self, site: &Site, request: &Submission) -> Result<Vec<String>, Failure> {
        Config::of(site)?;
        options::directives(request)
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
        recover::recover(&Config::of(site)?, site, token, so_far)
    }

    fn observe(
        &self,
        site: &Site,
        jobs: &[Job],
        so_far: &[Exchange],
    ) -> Result<Step<Vec<Sighting>>, Failure> {
        observe::observe(&Config::of(site)?, site, jobs, so_far)
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
