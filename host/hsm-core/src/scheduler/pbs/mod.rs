//! PBS Pro and OpenPBS: `qsub`, `qstat`, `qdel`, `qhold` and `qrls`. Torque has programs of the same names and speaks otherwise.
//!
//! Jobs are described as JSON where `qstat` can, and as text where it cannot; both become the same records. What is here was made from
//! recordings of OpenPBS 23.06.
//!
//! **Must not:** take an empty list or a failing command for news of a job.

mod control;
mod describe;
mod observe;
mod options;
mod query;
mod records;
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

/// PBS Pro or OpenPBS on any machine where its commands work.
#[derive(Clone, Copy, Debug, Default)]
pub struct Pbs;

/// What a site may say about its PBS, as the map [`Site::config`].
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Config {
    /// The most elements of one array, where the site wants fewer than PBS allows.
    max_array_size: Option<u32>,
    /// How long to wait between two looks, in milliseconds.
    poll_interval_ms: Option<u32>,
    /// What the site calls the resource that names the model of a GPU.
    gpu_type_resource: Option<String>,
    /// Further arguments of `qsub`, before the script.
    extra_args: Vec<String>,
}

impl Config {
    fn of(site: &Site) -> Result<Self, Failure> {
        if site.config.is_null() {
            return Ok(Self::default());
        }
        Self::deserialize(&site.config).map_err(|error| {
            Failure::new(
                Blame::Config,
                "bad-config",
                format!("the settings of `pbs` cannot be used: {error}"),
            )
            .with_hint("known are `max_array_size`, `poll_interval_ms`, `gpu_type_resource` and `extra_args`")
        })
    }
}

impl Scheduler for Pbs {
    fn describe(&self, site: &Site, so_far: &[Exchange]) -> Result<Step<SchedulerTraits>, Failure> {
        describe::describe(&Config::of(site)?, so_far)
    }

    fn directives(&self, site: &Site, request: &Submission) -> Result<Vec<String>, Failure> {
        options::directives(&Config::of(site)?, request)
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
        Config::of(site)?;
        Ok(submit::recover(token, so_far))
    }

    fn observe(
        &self,
        site: &Site,
        jobs: &[Job],
        so_far: &[Exchange],
    ) -> Result<Step<Vec<Sighting>>, Failure> {
        Config::of(site)?;
        observe::observe(site, jobs, so_far)
    }

    fn cancel(&self, _: &Site, jobs: &[Job], so_far: &[Exchange]) -> Result<Step<Vec<Verdict>>, Failure> {
        control::control(Command::new("qdel"), jobs, so_far)
    }

    fn hold(
        &self,
        _: &Site,
        jobs: &[Job],
        hold: Hold,
        so_far: &[Exchange],
    ) -> Result<Step<Vec<Verdict>>, Failure> {
        let program = match hold {
            Hold::Hold => "qhold",
            Hold::Release => "qrls",
        };
        control::control(Command::new(program), jobs, so_far)
    }
}
