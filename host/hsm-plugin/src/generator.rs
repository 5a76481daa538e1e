//! A generator that is a component.

use crate::bindings::generator::exports::hsm::plugin::generator::Spec;
use crate::bindings::generator::{GeneratorPlugin, GeneratorPluginPre};
use crate::check::{self, Schema};
use crate::convert;
use crate::fault;
use crate::guest::Guest;
use crate::sandbox::Sandbox;
use crate::state::State;
use hsm_core::roles::{Failure, Generator, GeneratorSpec, Search};
use hsm_core::table::Table;
use std::sync::Arc;
use wasmtime::component::{Component, ResourceAny};

/// A generator; each search is an instance of its own.
pub(crate) struct ComponentGenerator {
    name: String,
    sandbox: Arc<Sandbox>,
    pre: GeneratorPluginPre<State>,
}

impl ComponentGenerator {
    pub(crate) fn new(name: &str, sandbox: &Arc<Sandbox>, component: &Component) -> wasmtime::Result<Self> {
        let pre = GeneratorPluginPre::new(sandbox.linker().instantiate_pre(component)?)?;
        Ok(Self { name: name.to_owned(), sandbox: sandbox.clone(), pre })
    }
}

impl Generator for ComponentGenerator {
    fn open(&self, spec: &GeneratorSpec) -> Result<Box<dyn Search>, Failure> {
        let pre = self.pre.clone();
        let guest = Guest::start(&self.sandbox, &self.name, spec.seed, async move |store| {
            pre.instantiate_async(store).await
        })?;
        let axes = spec.axes.iter().cloned().map(convert::column_out).collect();
        let spec = Spec { config: spec.config.clone(), axes, seed: spec.seed };
        let opened = guest.call(async move |plugin: &GeneratorPlugin, store| {
            plugin.hsm_plugin_generator().search().call_open(store, &spec).await
        })?;
        let search = opened.map_err(fault::reported)?;
        Ok(Box::new(ComponentSearch { name: self.name.clone(), guest, search, schema: None, ended: false }))
    }
}

struct ComponentSearch {
    name: String,
    guest: Guest<GeneratorPlugin>,
    search: ResourceAny,
    schema: Option<Schema>,
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
        check::points(&table, max_rows, &mut self.schema)
            .map_err(|problem| fault::bad_answer(&self.name, &problem))?;
        self.ended = table.rows == 0;
        Ok(if self.ended { Table::default() } else { table })
    }
}
