//! An aggregator that is a component.

use crate::sandbox::bindings::aggregator::exports::hsm::plugin::aggregator as wit;
use crate::sandbox::bindings::aggregator::{AggregatorPlugin, AggregatorPluginPre};
use crate::sandbox::guest::Guest;
use crate::sandbox::state::State;
use crate::sandbox::{Plugin, Surroundings, check, convert, fault};
use hsm_core::roles::{Aggregation, Aggregator, AggregatorSpec, Artifact, ArtifactBody, Failure, Results};
use wasmtime::component::ResourceAny;

/// What an aggregation's random numbers start from: it has no seed of its own.
const SEED: u64 = 0;

/// An aggregator; each aggregation is an instance of its own.
pub(crate) struct ComponentAggregator {
    plugin: Plugin,
    pre: AggregatorPluginPre<State>,
}

impl ComponentAggregator {
    pub(crate) fn new(plugin: Plugin) -> wasmtime::Result<Self> {
        let pre = AggregatorPluginPre::new(plugin.sandbox.linker.instantiate_pre(&plugin.component)?)?;
        Ok(Self { plugin, pre })
    }
}

impl Aggregator for ComponentAggregator {
    fn open(&self, spec: &AggregatorSpec) -> Result<Box<dyn Aggregation>, Failure> {
        let pre = self.pre.clone();
        let AggregatorSpec { config, sweep, tasks_folder } = spec.clone();
        let tasks_folder = tasks_folder.filter(|_| self.plugin.may_read_results);
        let surroundings = Surroundings { seed: SEED, tasks_folder };
        let guest =
            Guest::start(&self.plugin, surroundings, async move |store| pre.instantiate_async(store).await)?;
        let opened = guest.call(async move |plugin: &AggregatorPlugin, store| {
            plugin.hsm_plugin_aggregator().aggregation().call_open(store, &config, &sweep).await
        })?;
        let aggregation = opened.map_err(fault::reported)?;
        Ok(Box::new(ComponentAggregation { plugin: self.plugin.clone(), guest, aggregation }))
    }
}

struct ComponentAggregation {
    plugin: Plugin,
    guest: Guest<AggregatorPlugin>,
    aggregation: ResourceAny,
}

impl Aggregation for ComponentAggregation {
    fn add(&mut self, results: Results) -> Result<(), Failure> {
        let aggregation = self.aggregation;
        let results = wit::Results {
            tasks: results.tasks,
            states: results.states.into_iter().map(convert::state_out).collect(),
            params: convert::table_out(results.params),
            metrics: convert::table_out(results.metrics),
            facts: convert::table_out(results.facts),
        };
        let answer = self.guest.call(async move |plugin, store| {
            plugin.hsm_plugin_aggregator().aggregation().call_add(store, aggregation, &results).await
        })?;
        answer.map_err(fault::reported)
    }

    fn finish(self: Box<Self>) -> Result<Vec<Artifact>, Failure> {
        let aggregation = self.aggregation;
        let answer = self.guest.call(async move |plugin, store| {
            plugin.hsm_plugin_aggregator().aggregation().call_finish(store, aggregation).await
        })?;
        let artifacts: Vec<Artifact> =
            answer.map_err(fault::reported)?.into_iter().map(artifact_in).collect();
        check::artifacts(&artifacts, &self.plugin.limits)
            .map_err(|unusable| fault::unusable(&self.plugin, unusable))?;
        Ok(artifacts)
    }
}

fn artifact_in(artifact: wit::Artifact) -> Artifact {
    let body = match artifact.body {
        wit::Body::Table(table) => ArtifactBody::Table(convert::table_in(table)),
        wit::Body::Bytes(bytes) => ArtifactBody::Bytes(bytes),
    };
    Artifact { name: artifact.name, media_type: artifact.media_type, body }
}
