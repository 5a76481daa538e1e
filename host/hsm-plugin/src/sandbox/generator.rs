//! A generator that is a component.

use crate::limits::Limit;
use crate::sandbox::bindings::generator::exports::hsm::plugin::generator::Spec;
use crate::sandbox::bindings::generator::{GeneratorPlugin, GeneratorPluginPre};
use crate::sandbox::check::{self, Schema};
use crate::sandbox::guest::Guest;
use crate::sandbox::state::State;
use crate::sandbox::{Plugin, Surroundings, convert, fault};
use hsm_core::roles::{Failure, Generator, GeneratorSpec, Search};
use hsm_core::table::Table;
use wasmtime::component::ResourceAny;

/// A generator; each search is an instance of its own.
pub(crate) struct ComponentGenerator {
    pub(super) plugin: Plugin,
    pub(super) pre: GeneratorPluginPre<State>,
}

impl ComponentGenerator {
    pub(crate) fn new(plugin: Plugin) -> wasmtime::Result<Self> {
        let pre = GeneratorPluginPre::new(plugin.sandbox.linker.instantiate_pre(&plugin.component)?)?;
        Ok(Self { plugin, pre })
    }
}

impl Generator for ComponentGenerator {
    fn open(&self, spec: &GeneratorSpec) -> Result<Box<dyn Search>, Failure> {
        let pre = self.pre.clone();
        let surroundings = Surroundings { seed: spec.seed, ..Surroundings::default() };
        let guest =
            Guest::start(&self.plugin, surroundings, async move |store| pre.instantiate_async(store).await)?;
        let axes = spec.axes.iter().cloned().map(convert::column_out).collect();
        let spec = Spec { config: spec.config.clone(), axes, seed: spec.seed };
        let opened = guest.call(async move |plugin: &GeneratorPlugin, store| {
            plugin.hsm_plugin_generator().search().call_open(store, &spec).await
        })?;
        let search = opened.map_err(fault::reported)?;
        Ok(Box::new(ComponentSearch {
            plugin: self.plugin.clone(),
            guest,
            search,
            schema: None,
            points: 0,
            ended: false,
        }))
    }
}

struct ComponentSearch {
    plugin: Plugin,
    guest: Guest<GeneratorPlugin>,
    search: ResourceAny,
    schema: Option<Schema>,
    points: u64,
    /// An exhausted search stays so, whatever the plugin would say if asked again.
    ended: bool,
}

impl Search for ComponentSearch {
    fn size(&mut self) -> Result<Option<u64>, Failure> {
        let search = self.search;
        self.guest.call(async move |plugin, store| {
            plugin.hsm_plugin_generator().search().call_size(store, search).await
        })
    }

    fn next(&mut self, max_rows: u32) -> Result<Table, Failure> {
        if self.ended {
            return Ok(Table::default());
        }
        let search = self.search;
        let answer = self.guest.call(async move |plugin, store| {
            plugin.hsm_plugin_generator().search().call_next(store, search, max_rows).await
        })?;
        let table = convert::table_in(answer.map_err(fault::reported)?);
        check::points(&table, max_rows, &self.plugin.limits, &mut self.schema)
            .map_err(|unusable| fault::unusable(&self.plugin, unusable))?;
        self.points += u64::from(table.rows);
        let limits = &self.plugin.limits;
        if self.points > limits.value(Limit::Points) {
            return Err(fault::too_many_points(&self.plugin.name, limits));
        }
        self.ended = table.rows == 0;
        Ok(if self.ended { Table::default() } else { table })
    }
}
