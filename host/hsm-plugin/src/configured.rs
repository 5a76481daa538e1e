//! Roles whose configuration is held against their manifests before they see it.

use crate::bundle::Manifest;
use hsm_core::roles::{
    Aggregation, Aggregator, AggregatorSpec, Blame, Failure, Generator, GeneratorSpec, Search,
};
use hsm_core::scheduler::{
    Exchange, Hold, Job, Outcome, Scheduler, SchedulerTraits, Sighting, Site, Step, Submission, Verdict,
};
use std::sync::Arc;

/// A role whose configuration is held against the manifest first, so that a slip is told in words that know the settings.
pub(crate) struct Configured<R: ?Sized> {
    pub(crate) manifest: Manifest,
    pub(crate) role: Arc<R>,
}

impl<R: ?Sized> Configured<R> {
    fn check(&self, config: &str) -> Result<(), Failure> {
        let name = &self.manifest.name;
        let fail = |message: String| Failure::new(Blame::Config, "bad-config", message);
        let config = serde_json::from_str(config)
            .map_err(|error| fail(format!("the configuration of `{name}` is not JSON: {error}")))?;
        self.manifest.check_config(&config).map_err(|error| {
            fail(format!("the configuration of `{name}` cannot be used: {error}")).with_hint(error.hint())
        })
    }
}

impl Generator for Configured<dyn Generator> {
    fn open(&self, spec: &GeneratorSpec) -> Result<Box<dyn Search>, Failure> {
        self.check(&spec.config)?;
        self.role.open(spec)
    }
}

impl Aggregator for Configured<dyn Aggregator> {
    fn open(&self, spec: &AggregatorSpec) -> Result<Box<dyn Aggregation>, Failure> {
        self.check(&spec.config)?;
        self.role.open(spec)
    }
}

/// Every conversation begins with learning what the batch system allows, so that is where a slip is told.
impl Scheduler for Configured<dyn Scheduler> {
    fn describe(&self, site: &Site, so_far: &[Exchange]) -> Result<Step<SchedulerTraits>, Failure> {
        if !site.config.is_null() {
            self.check(&site.config.to_string())?;
        }
        self.role.describe(site, so_far)
    }

    fn directives(&self, site: &Site, request: &Submission) -> Result<Vec<String>, Failure> {
        self.role.directives(site, request)
    }

    fn submit(
        &self,
        site: &Site,
        request: &Submission,
        so_far: &[Exchange],
    ) -> Result<Step<Outcome>, Failure> {
        self.role.submit(site, request, so_far)
    }

    fn recover(&self, site: &Site, token: &str, so_far: &[Exchange]) -> Result<Step<Outcome>, Failure> {
        self.role.recover(site, token, so_far)
    }

    fn observe(
        &self,
        site: &Site,
        jobs: &[Job],
        so_far: &[Exchange],
    ) -> Result<Step<Vec<Sighting>>, Failure> {
        self.role.observe(site, jobs, so_far)
    }

    fn cancel(&self, site: &Site, jobs: &[Job], so_far: &[Exchange]) -> Result<Step<Vec<Verdict>>, Failure> {
        self.role.cancel(site, jobs, so_far)
    }

    fn hold(
        &self,
        site: &Site,
        jobs: &[Job],
        hold: Hold,
        so_far: &[Exchange],
    ) -> Result<Step<Vec<Verdict>>, Failure> {
        self.role.hold(site, jobs, hold, so_far)
    }
}
