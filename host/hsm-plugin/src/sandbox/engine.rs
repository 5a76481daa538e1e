//! The WebAssembly engine, its settings, and the thread that moves its clock.

use crate::limits::COMPILE_THREADS;
use rustix::process::{Resource, getrlimit};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;
use wasmtime::{Cache, Config, Engine, EngineWeak};

/// How often a guest that computes lets the host look at the time.
const TICK: Duration = Duration::from_millis(10);

/// Where address space is scarce: what a memory begins with, and by how much more it moves when it outgrows that. A plugin's limit, taken
/// at once, would leave room for three instances under the `ulimit -v` of a login node; less than this, and a growing memory would be
/// copied too often.
const RESERVATION_BYTES: u64 = 64 << 20;

/// The unmapped pages behind a memory where address space is scarce.
const GUARD_BYTES: u64 = 64 * 1024;

/// How much address space there is for the memories of guests.
///
/// Where there is plenty, a memory is given all that its pointers can reach, unmapped, and the processor notices what goes too far. Where
/// it is scarce, compiled code has to compare before each access, with which tables went through guests a quarter to a third more slowly.
/// Compiled code is for one or the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AddressSpace {
    Plenty,
    Scarce,
}

impl AddressSpace {
    /// Any `ulimit -v` makes it scarce.
    pub(crate) fn of_this_process() -> Self {
        if getrlimit(Resource::As).current.is_none() { Self::Plenty } else { Self::Scarce }
    }

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Plenty => "plenty",
            Self::Scarce => "scarce",
        }
    }

    pub(crate) fn parse(word: &str) -> Option<Self> {
        [Self::Plenty, Self::Scarce].into_iter().find(|space| space.as_str() == word)
    }
}

/// The engine. It is the same in the compiling process and the running one, or neither would find in the cache what the other put there; so
/// nothing of a plugin's own limits enters.
pub(crate) fn engine(space: AddressSpace, cache: Option<Cache>) -> wasmtime::Result<Engine> {
    let mut config = Config::new();
    config.epoch_interruption(true).cache(cache);
    if space == AddressSpace::Scarce {
        config
            .memory_reservation(RESERVATION_BYTES)
            .memory_reservation_for_growth(RESERVATION_BYTES)
            .memory_guard_size(GUARD_BYTES);
    }
    Engine::new(&config)
}

/// Gives the compiler its threads, once for the process. Where the program has made such a pool already, that one stays.
pub(crate) fn limit_compile_threads() {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let threads = cores.min(COMPILE_THREADS);
    // The only error is that there is a pool.
    let _ = rayon::ThreadPoolBuilder::new().num_threads(threads).build_global();
}

/// Moves an engine's epoch while any guest runs, and sleeps otherwise: a driver that waits for days costs nothing.
#[derive(Debug)]
pub(crate) struct Ticker(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<TickerState>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct TickerState {
    running: usize,
    ended: bool,
}

/// While it lives, the epoch moves.
#[derive(Debug)]
pub(crate) struct Ticking<'a>(&'a Shared);

impl Ticker {
    pub(crate) fn start(engine: &Engine) -> std::io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let (engine, of_thread) = (engine.weak(), shared.clone());
        std::thread::Builder::new()
            .name("hsm-plugin-ticker".to_owned())
            .spawn(move || of_thread.tick(&engine))?;
        Ok(Self(shared))
    }

    pub(crate) fn run(&self) -> Ticking<'_> {
        self.0.change(|state| state.running += 1);
        Ticking(&self.0)
    }
}

impl Drop for Ticking<'_> {
    fn drop(&mut self) {
        self.0.change(|state| state.running -= 1);
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        self.0.change(|state| state.ended = true);
    }
}

impl Shared {
    fn change(&self, change: impl FnOnce(&mut TickerState)) {
        change(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner));
        self.changed.notify_one();
    }

    fn tick(&self, engine: &EngineWeak) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        while !state.ended {
            if state.running == 0 {
                state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
                continue;
            }
            drop(state);
            std::thread::sleep(TICK);
            let Some(engine) = engine.upgrade() else { return };
            engine.increment_epoch();
            state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::hash::{DefaultHasher, Hash, Hasher};

    #[test]
    fn code_for_plenty_of_address_space_is_never_taken_for_the_other() {
        let [plenty, scarce] = [AddressSpace::Plenty, AddressSpace::Scarce].map(|space| {
            assert_eq!(AddressSpace::parse(space.as_str()), Some(space));
            let mut hasher = DefaultHasher::new();
            engine(space, None).unwrap().precompile_compatibility_hash().hash(&mut hasher);
            hasher.finish()
        });
        assert_ne!(plenty, scarce);
        assert_eq!(AddressSpace::parse("some"), None);
    }
}
