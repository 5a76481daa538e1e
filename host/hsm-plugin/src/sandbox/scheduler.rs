//! A scheduler that is a component. Each call is an instance of its own: a scheduler keeps nothing between two calls, and an instance is
//! cheap beside the command that comes of it.

use crate::sandbox::bindings::scheduler::exports::hsm::plugin::scheduler as wit;
use crate::sandbox::bindings::scheduler::{SchedulerPlugin, SchedulerPluginPre};
use crate::sandbox::bindings::types;
use crate::sandbox::check::Unusable;
use crate::sandbox::check::scheduling as check;
use crate::sandbox::convert::scheduling as convert;
use crate::sandbox::guest::Guest;
use crate::sandbox::state::State;
use crate::sandbox::{Plugin, Surroundings, fault};
use hsm_core::roles::Failure;
use hsm_core::scheduler::{
    Command, Exchange, Hold, Job, Outcome, Scheduler, SchedulerTraits, Sighting, Site, Step, Submission,
    Verdict,
};
use std::collections::BTreeSet;
use wasmtime::Store;

/// A scheduler.
pub(crate) struct ComponentScheduler {
    plugin: Plugin,
    pre: SchedulerPluginPre<State>,
    /// The programs that it may ask for.
    commands: BTreeSet<String>,
}

impl ComponentScheduler {
    pub(crate) fn new(plugin: Plugin, commands: BTreeSet<String>) -> wasmtime::Result<Self> {
        let pre = SchedulerPluginPre::new(plugin.sandbox.linker.instantiate_pre(&plugin.component)?)?;
        Ok(Self { plugin, pre, commands })
    }

    fn ask<A, F>(&self, call: F) -> Result<A, Failure>
    where
        A: Send + 'static,
        F: AsyncFnOnce(&SchedulerPlugin, &mut Store<State>) -> wasmtime::Result<Result<A, types::Failure>>
            + Send
            + 'static,
    {
        let pre = self.pre.clone();
        let guest = Guest::start(&self.plugin, Surroundings::default(), async move |store| {
            pre.instantiate_async(store).await
        })?;
        guest.call(call)?.map_err(fault::reported)
    }

    /// A step with what it holds checked.
    fn checked<T>(
        &self,
        step: Step<T>,
        check: impl FnOnce(&T) -> Result<(), Unusable>,
    ) -> Result<Step<T>, Failure> {
        match &step {
            Step::Done(answer) => {
                check(answer).map_err(|unusable| fault::unusable(&self.plugin, unusable))?
            }
            Step::Run(command) => self.check_command(command)?,
        }
        Ok(step)
    }

    fn check_command(&self, command: &Command) -> Result<(), Failure> {
        check::command(command).map_err(|unusable| fault::unusable(&self.plugin, unusable))?;
        if self.commands.contains(&command.program) {
            return Ok(());
        }
        Err(fault::not_granted(self.plugin.name(), &command.program, &self.commands))
    }
}

impl Scheduler for ComponentScheduler {
    fn describe(&self, site: &Site, so_far: &[Exchange]) -> Result<Step<SchedulerTraits>, Failure> {
        let (site, so_far) = (convert::site_out(site), convert::exchanges_out(so_far));
        let step = self.ask(async move |plugin, store| {
            plugin.hsm_plugin_scheduler().call_describe(store, &site, &so_far).await
        })?;
        let step = match step {
            wit::DescribeStep::Run(command) => Step::Run(convert::command_in(command)),
            wit::DescribeStep::Done(traits) => Step::Done(convert::traits_in(traits)),
        };
        self.checked(step, check::traits)
    }

    fn directives(&self, site: &Site, request: &Submission) -> Result<Vec<String>, Failure> {
        let (site, request) = (convert::site_out(site), convert::submission_out(request));
        let lines = self.ask(async move |plugin, store| {
            plugin.hsm_plugin_scheduler().call_directives(store, &site, &request).await
        })?;
        check::directives(&lines).map_err(|unusable| fault::unusable(&self.plugin, unusable))?;
        Ok(lines)
    }

    fn submit(
        &self,
        site: &Site,
        request: &Submission,
        so_far: &[Exchange],
    ) -> Result<Step<Outcome>, Failure> {
        let elements = request.elements;
        let (site, request) = (convert::site_out(site), convert::submission_out(request));
        let so_far = convert::exchanges_out(so_far);
        let step = self.ask(async move |plugin, store| {
            plugin.hsm_plugin_scheduler().call_submit(store, &site, &request, &so_far).await
        })?;
        let step = match step {
            wit::SubmitStep::Run(command) => Step::Run(convert::command_in(command)),
            wit::SubmitStep::Done(outcome) => Step::Done(convert::outcome_in(outcome)),
        };
        self.checked(step, |outcome| check::outcome(outcome, Some(elements)))
    }

    fn recover(&self, site: &Site, token: &str, so_far: &[Exchange]) -> Result<Step<Outcome>, Failure> {
        let (site, so_far) = (convert::site_out(site), convert::exchanges_out(so_far));
        let token = token.to_owned();
        let step = self.ask(async move |plugin, store| {
            plugin.hsm_plugin_scheduler().call_recover(store, &site, &token, &so_far).await
        })?;
        let step = match step {
            wit::RecoverStep::Run(command) => Step::Run(convert::command_in(command)),
            wit::RecoverStep::Done(outcome) => Step::Done(convert::outcome_in(outcome)),
        };
        self.checked(step, |outcome| check::outcome(outcome, None))
    }

    fn observe(
        &self,
        site: &Site,
        jobs: &[Job],
        so_far: &[Exchange],
    ) -> Result<Step<Vec<Sighting>>, Failure> {
        let (site, so_far) = (convert::site_out(site), convert::exchanges_out(so_far));
        let asked = convert::jobs_out(jobs);
        let step = self.ask(async move |plugin, store| {
            plugin.hsm_plugin_scheduler().call_observe(store, &site, &asked, &so_far).await
        })?;
        let step = match step {
            wit::ObserveStep::Run(command) => Step::Run(convert::command_in(command)),
            wit::ObserveStep::Done(seen) => {
                Step::Done(seen.into_iter().map(convert::sighting_in).collect::<Vec<_>>())
            }
        };
        self.checked(step, |seen| check::sightings(seen, jobs))
    }

    fn cancel(&self, site: &Site, jobs: &[Job], so_far: &[Exchange]) -> Result<Step<Vec<Verdict>>, Failure> {
        let (site, so_far) = (convert::site_out(site), convert::exchanges_out(so_far));
        let asked = convert::jobs_out(jobs);
        let step = self.ask(async move |plugin, store| {
            plugin.hsm_plugin_scheduler().call_cancel(store, &site, &asked, &so_far).await
        })?;
        let step = match step {
            wit::CancelStep::Run(command) => Step::Run(convert::command_in(command)),
            wit::CancelStep::Done(verdicts) => {
                Step::Done(verdicts.into_iter().map(convert::verdict_in).collect::<Vec<_>>())
            }
        };
        self.checked(step, |verdicts| check::verdicts(verdicts, jobs))
    }

    fn hold(
        &self,
        site: &Site,
        jobs: &[Job],
        hold: Hold,
        so_far: &[Exchange],
    ) -> Result<Step<Vec<Verdict>>, Failure> {
        let (site, so_far) = (convert::site_out(site), convert::exchanges_out(so_far));
        let (asked, release) = (convert::jobs_out(jobs), hold == Hold::Release);
        let step = self.ask(async move |plugin, store| {
            plugin.hsm_plugin_scheduler().call_hold(store, &site, &asked, release, &so_far).await
        })?;
        let step = match step {
            wit::HoldStep::Run(command) => Step::Run(convert::command_in(command)),
            wit::HoldStep::Done(verdicts) => {
                Step::Done(verdicts.into_iter().map(convert::verdict_in).collect::<Vec<_>>())
            }
        };
        self.checked(step, |verdicts| check::verdicts(verdicts, jobs))
    }
}
