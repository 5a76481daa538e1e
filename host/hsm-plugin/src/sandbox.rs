//! The engine, its limits and what guests are linked to: everything that instances share.

use crate::bindings::shared;
use crate::cache_folder::{CacheFolder, CacheFolderError};
use crate::canceller::Canceller;
use crate::compiler_child::{self, Compiler};
use crate::engine::{self, Ticker};
use crate::fault;
use crate::limits::{self, Limits};
use crate::lines::Lines;
use crate::state::State;
use hsm_core::roles::Failure;
use std::path::Path;
use wasmtime::component::{Component, HasSelf, Linker};
use wasmtime::{Engine, Store};

/// What all instances share.
pub(crate) struct Sandbox {
    limits: Limits,
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
        limits: Limits,
        compiler: Compiler,
        cache_folder: Option<&Path>,
        canceller: Canceller,
    ) -> Result<Self, Failure> {
        engine::limit_compile_threads();
        let folder = open_folder(cache_folder).map_err(|error| fault::cache_folder(&error))?;
        let engine_fault = |error: wasmtime::Error| fault::host(&format!("{error:#}"));
        let cache = compiler_child::open_cache(folder.path()).map_err(engine_fault)?;
        let engine = engine::engine(&limits, Some(cache)).map_err(engine_fault)?;
        let linker = linker(&engine).map_err(engine_fault)?;
        let ticker = Ticker::start(&engine).map_err(|error| fault::host(&error.to_string()))?;
        Ok(Self { limits, engine, linker, ticker, canceller, compiler, folder })
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.limits
    }

    pub(crate) fn ticker(&self) -> &Ticker {
        &self.ticker
    }

    pub(crate) fn canceller(&self) -> &Canceller {
        &self.canceller
    }

    pub(crate) fn linker(&self) -> &Linker<State> {
        &self.linker
    }

    /// A component's machine code. `wasm` has been inspected.
    pub(crate) fn component(&self, plugin: &str, wasm: &[u8]) -> Result<Component, Failure> {
        let failed = |error| fault::not_compiled(plugin, &self.limits, error);
        let _lock = self.folder.lock().map_err(|error| fault::cache_folder(&error))?;
        if let Compiler::Child { program, arguments } = &self.compiler {
            tracing::debug!(plugin, "compiling, unless that was done before");
            let (folder, canceller) = (&self.folder, &self.canceller);
            compiler_child::compile(program, arguments, folder, &self.limits, canceller, wasm)
                .map_err(failed)?;
        }
        // After a child this finds the code in the cache.
        Component::new(&self.engine, wasm)
            .map_err(|error| failed(compiler_child::CompileError::Invalid(format!("{error:#}"))))
    }

    /// A world of its own for one instance.
    pub(crate) fn store(&self, plugin: &str, seed: u64) -> Store<State> {
        let lines = Lines::new(plugin, self.limits.log_lines);
        let state = State::new(lines, limits::memory_bytes(self.limits.memory_mib), seed);
        let mut store = Store::new(&self.engine, state);
        store.limiter(|state| &mut state.limiter);
        store.set_hostcall_fuel(limits::memory_bytes(self.limits.call_data_mib));
        store
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
