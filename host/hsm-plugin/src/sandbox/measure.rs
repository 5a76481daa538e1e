//! What the sandbox costs by itself, measured where the guest runs: a hop to its thread and back takes a hundred times as long as a call,
//! and would hide it. For the benchmark; nothing else uses it.

use crate::sandbox::bindings::generator::GeneratorPlugin;
use crate::sandbox::bindings::generator::exports::hsm::plugin::generator::Spec;
use crate::sandbox::generator::ComponentGenerator;
use crate::sandbox::guest::Guest;
use crate::sandbox::{Plugin, Surroundings, fault};
use hsm_core::roles::{Failure, GeneratorSpec};
use std::time::{Duration, Instant};

/// What one of each costs.
#[derive(Clone, Copy, Debug)]
pub struct Costs {
    /// A call that does nothing, of an instance that was called before.
    pub call: Duration,
    /// A new instance with a world of its own.
    pub instance: Duration,
}

/// Asks a generator for its size, and makes instances of it, `rounds` times each.
pub(crate) fn costs(plugin: Plugin, spec: &GeneratorSpec, rounds: u32) -> Result<Costs, Failure> {
    let name = plugin.name.clone();
    let generator = ComponentGenerator::new(plugin).map_err(|error| fault::unlinked(&name, &error))?;
    let ComponentGenerator { plugin, pre } = generator;
    let of_guest = pre.clone();
    let instantiate = async move |store: &mut _| of_guest.instantiate_async(store).await;
    let guest = Guest::start(&plugin, Surroundings::default(), instantiate)?;
    let spec = Spec { config: spec.config.clone(), axes: Vec::new(), seed: spec.seed };
    let search = guest.call(async move |exports: &GeneratorPlugin, store| {
        exports.hsm_plugin_generator().search().call_open(store, &spec).await
    })?;
    let search = search.map_err(fault::reported)?;
    let calls = guest.call(async move |exports: &GeneratorPlugin, store| {
        let start = Instant::now();
        for _ in 0..rounds {
            exports.hsm_plugin_generator().search().call_size(&mut *store, search).await?;
        }
        Ok(start.elapsed())
    })?;
    let instances = guest.call(async move |_: &GeneratorPlugin, _| {
        let start = Instant::now();
        for _ in 0..rounds {
            let mut store = plugin.store(&Surroundings::default()).map_err(wasmtime::Error::msg)?;
            pre.instantiate_async(&mut store).await?;
        }
        Ok(start.elapsed())
    })?;
    Ok(Costs { call: calls / rounds, instance: instances / rounds })
}
