//! Running components. Only this room knows the WebAssembly engine.
//!
//! A [`Sandbox`] has what all instances share: the engine, and what guests are linked to. A [`Plugin`] is one component in it, with its limits.

mod aggregator;
mod bindings;
mod cache_folder;
mod canceller;
mod check;
mod compiled;
mod compiler_child;
mod convert;
mod engine;
pub(crate) mod fault;
mod generator;
mod guest;
mod lines;
mod measure;
mod scheduler;
mod state;

pub use cache_folder::CacheFolderError;
pub use canceller::Canceller;
pub use compiler_child::{Compiler, compile_child_main};
pub use measure::Costs;

use crate::bundle::Bundle;
use crate::limits::{Limit, Limits};
use aggregator::ComponentAggregator;
use bindings::shared;
use cache_folder::CacheFolder;
use compiled::Key;
use compiler_child::CompileError;
use engine::{AddressSpace, Ticker};
use generator::ComponentGenerator;
use hsm_core::roles::{Aggregator, Failure, Generator, GeneratorSpec};
use hsm_core::scheduler::Scheduler;
use lines::Lines;
use scheduler::ComponentScheduler;
use state::State;
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use wasmtime::component::{Component, HasSelf, Linker};
use wasmtime::{Engine, Store, UpdateDeadline};

/// What all instances share.
pub(crate) struct Sandbox {
    space: AddressSpace,
    engine: Engine,
    linker: Linker<State>,
    ticker: Ticker,
    canceller: Canceller,
    compiler: Compiler,
    folder: CacheFolder,
}

impl Sandbox {
    /// An engine that keeps compiled code in `cache_folder`, or in a temporary folder.
    pub(crate) fn new(
        compiler: Compiler,
        cache_folder: Option<&Path>,
        canceller: Canceller,
    ) -> Result<Self, Failure> {
        engine::limit_compile_threads();
        let folder = open_folder(cache_folder).map_err(|error| fault::cache_folder(&error))?;
        let engine_fault = |error: wasmtime::Error| fault::host(&format!("{error:#}"));
        let cache = compiler_child::open_cache(&compiled::code(&folder)).map_err(engine_fault)?;
        let space = AddressSpace::of_this_process();
        let engine = engine::engine(space, Some(cache)).map_err(engine_fault)?;
        let linker = linker(&engine).map_err(engine_fault)?;
        let ticker = Ticker::start(&engine).map_err(|error| fault::host(&error.to_string()))?;
        Ok(Self { space, engine, linker, ticker, canceller, compiler, folder })
    }

    /// Compiles the component of a bundle, which has been inspected, and makes a plugin of it.
    pub(crate) fn load(self: &Arc<Self>, bundle: &Bundle, limits: Limits) -> Result<Plugin, Failure> {
        let component = self.component(bundle, &limits)?;
        let (name, sandbox) = (bundle.manifest.name.as_str().to_owned(), self.clone());
        Ok(Plugin { name, limits, may_read_results: false, component, sandbox })
    }

    fn component(&self, bundle: &Bundle, limits: &Limits) -> Result<Component, Failure> {
        let wasm = bundle.component();
        let failed = |error| fault::not_compiled(bundle.manifest.name.as_str(), limits, error);
        if let Compiler::Child { program, arguments } = &self.compiler {
            let key = Key::new(&self.engine, bundle.component_digest());
            if !compiled::is_there(&self.folder, &key, limits) {
                self.compile(program, arguments, &key, limits, wasm).map_err(|problem| match problem {
                    NotCompiled::Folder(error) => fault::cache_folder(&error),
                    NotCompiled::Component(error) => failed(error),
                })?;
            }
        }
        // After a child this finds the code in the cache.
        Component::new(&self.engine, wasm)
            .map_err(|error| failed(CompileError::Invalid(format!("{error:#}"))))
    }

    /// Has a child compile, unless another process did while this one waited its turn.
    fn compile(
        &self,
        program: &Path,
        arguments: &[OsString],
        key: &Key,
        limits: &Limits,
        wasm: &[u8],
    ) -> Result<(), NotCompiled> {
        let _lock = self.folder.lock()?;
        if compiled::is_there(&self.folder, key, limits) {
            return Ok(());
        }
        let made = compiled::unfinished(&self.folder)?;
        compiler_child::compile(program, arguments, made.path(), self.space, limits, &self.canceller, wasm)?;
        Ok(compiled::take_over(&self.folder, &made, key, limits)?)
    }
}

/// Why there is no compiled code.
enum NotCompiled {
    Folder(CacheFolderError),
    Component(CompileError),
}

impl From<CacheFolderError> for NotCompiled {
    fn from(error: CacheFolderError) -> Self {
        Self::Folder(error)
    }
}

impl From<CompileError> for NotCompiled {
    fn from(error: CompileError) -> Self {
        Self::Component(error)
    }
}

/// A component that was compiled, with what it may use.
#[derive(Clone)]
pub(crate) struct Plugin {
    name: String,
    limits: Limits,
    may_read_results: bool,
    component: Component,
    sandbox: Arc<Sandbox>,
}

/// What is different for one instance.
#[derive(Clone, Debug, Default)]
struct Surroundings {
    /// Where its random numbers start from.
    seed: u64,
    /// The folder that it may read.
    tasks_folder: Option<PathBuf>,
}

impl Plugin {
    /// What it is called.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The same plugin, which may read what tasks wrote, or may not.
    #[must_use]
    pub(crate) fn reading_results(self, may_read_results: bool) -> Self {
        Self { may_read_results, ..self }
    }

    /// What the sandbox costs with this generator.
    pub(crate) fn costs(self, spec: &GeneratorSpec, rounds: u32) -> Result<Costs, Failure> {
        measure::costs(self, spec, rounds)
    }

    /// The component as a generator.
    pub(crate) fn generator(self) -> Result<Arc<dyn Generator>, Failure> {
        let name = self.name.clone();
        Ok(Arc::new(ComponentGenerator::new(self).map_err(|error| fault::unlinked(&name, &error))?))
    }

    /// The component as an aggregator.
    pub(crate) fn aggregator(self) -> Result<Arc<dyn Aggregator>, Failure> {
        let name = self.name.clone();
        Ok(Arc::new(ComponentAggregator::new(self).map_err(|error| fault::unlinked(&name, &error))?))
    }

    /// The component as a scheduler, which may ask for these commands and no others.
    pub(crate) fn scheduler(self, commands: BTreeSet<String>) -> Result<Arc<dyn Scheduler>, Failure> {
        let name = self.name.clone();
        let scheduler = ComponentScheduler::new(self, commands);
        Ok(Arc::new(scheduler.map_err(|error| fault::unlinked(&name, &error))?))
    }

    /// A world of its own for one instance, which lets the host look at the time at each tick.
    fn store(&self, surroundings: &Surroundings) -> Result<Store<State>, Failure> {
        let lines = Lines::new(&self.name, self.limits.value(Limit::LogLines));
        let state = State::new(lines, self.limits.memory_bytes(Limit::MemoryMib), surroundings)
            .map_err(|error| fault::host(&format!("the tasks' folders cannot be opened: {error:#}")))?;
        let mut store = Store::new(&self.sandbox.engine, state);
        store.limiter(|state| &mut state.limiter);
        store.set_epoch_deadline(1);
        store.epoch_deadline_callback(|_| Ok(UpdateDeadline::Yield(1)));
        store.set_hostcall_fuel(self.limits.memory_bytes(Limit::CallDataMib));
        Ok(store)
    }
}

/// The user's folder; a temporary one where that cannot be made, as in a home that is read-only or full. A folder that is there but is
/// not to be trusted stays an error.
fn open_folder(path: Option<&Path>) -> Result<CacheFolder, CacheFolderError> {
    match CacheFolder::open(path) {
        Err(error @ CacheFolderError::Io { .. }) if path.is_some() => {
            tracing::warn!("{error}; plugins are compiled again each time");
            CacheFolder::open(None)
        }
        opened => opened,
    }
}

fn linker(engine: &Engine) -> wasmtime::Result<Linker<State>> {
    let mut linker = Linker::new(engine);
    wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
    shared::Shared::add_to_linker::<_, HasSelf<_>>(&mut linker, |state| state)?;
    Ok(linker)
}
