//! What a plugin instance sees of the world: WASI with nothing in it, a log, and a limit on memory.

use crate::sandbox::Surroundings;
use crate::sandbox::bindings::{log, types};
use crate::sandbox::lines::{LineStream, Lines, Stream};
use chacha20::ChaCha8Rng;
use chacha20::rand_core::SeedableRng as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tracing::Level;
use wasmtime::component::ResourceTable;
use wasmtime_wasi::{FsPerms, HostMonotonicClock, HostWallClock, WasiCtx, WasiCtxView, WasiView};

/// Where a plugin that may read what tasks wrote finds their folders.
const TASKS: &str = "/tasks";

/// The one moment plugins know: the first second of the year 2000. Some programs take earlier ones for a broken clock.
const WALL_CLOCK: Duration = Duration::from_secs(946_684_800);

/// How far each look at the monotonic clock moves it, so that loops that wait for it end.
const TICK_NS: u64 = 1_000;

/// Elements of all tables of an instance: references to functions, of which a whole Python interpreter has ten thousand.
const TABLE_ELEMENTS_MAX: usize = 1_000_000;

/// Core instances, memories and tables: a Python component has a few dozen.
const PARTS_MAX: usize = 1_000;

/// Open files, streams and the like: fewer than the 1,024 files that most systems let a process open, of which the host needs some.
pub(super) const HANDLES_MAX: usize = 512;

/// The host's side of one plugin instance.
pub(crate) struct State {
    wasi: WasiCtx,
    resources: ResourceTable,
    pub(crate) limiter: Limiter,
    pub(crate) lines: Arc<Lines>,
}

impl State {
    /// # Errors
    /// When the tasks' folders cannot be opened.
    pub(super) fn new(
        lines: Arc<Lines>,
        memory_bytes: usize,
        surroundings: &Surroundings,
    ) -> wasmtime::Result<Self> {
        let Surroundings { seed, ref tasks_folder } = *surroundings;
        let mut builder = WasiCtx::builder();
        builder
            .wall_clock(FixedClock)
            .monotonic_clock(CountingClock::default())
            .secure_random(random(seed, b"secure"))
            .insecure_random(random(seed, b"insecure"))
            .insecure_random_seed(u128::from(seed))
            .allow_tcp(false)
            .allow_udp(false)
            .stdout(LineStream::new(lines.clone(), Stream::Stdout))
            .stderr(LineStream::new(lines.clone(), Stream::Stderr));
        if let Some(folder) = tasks_folder {
            // Links are only followed as long as they stay below; nothing can be written, made, renamed or removed.
            builder.preopened_dir(folder, TASKS, FsPerms::ReadOnly)?;
        }
        let mut resources = ResourceTable::new();
        resources.set_max_capacity(HANDLES_MAX);
        let limiter = Limiter { memory_bytes_max: memory_bytes, ..Limiter::default() };
        Ok(Self { wasi: builder.build(), resources, limiter, lines })
    }
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.resources }
    }
}

impl types::Host for State {}

impl log::Host for State {
    fn write(&mut self, level: log::Level, message: String) {
        let level = match level {
            log::Level::Error => Level::ERROR,
            log::Level::Warn => Level::WARN,
            log::Level::Info => Level::INFO,
            log::Level::Debug => Level::DEBUG,
            log::Level::Trace => Level::TRACE,
        };
        self.lines.line(level, &message);
    }
}

/// A stream of random numbers that follows from the seed, so that the same search draws the same numbers also where a language's own
/// generator asks the system for its start. The numbers of this generator are fixed by its definition, which `StdRng` would not promise;
/// and none is made before a guest asks, because most never do.
fn random(seed: u64, purpose: &[u8]) -> ChaCha8Rng {
    let mut key = [0; 32];
    let given = seed.to_le_bytes().into_iter().chain(purpose.iter().copied());
    for (byte, given) in key.iter_mut().zip(given) {
        *byte = given;
    }
    ChaCha8Rng::from_seed(key)
}

struct FixedClock;

impl HostWallClock for FixedClock {
    fn resolution(&self) -> Duration {
        Duration::from_secs(1)
    }

    fn now(&self) -> Duration {
        WALL_CLOCK
    }
}

/// Tells how often it was asked, not what time it is.
#[derive(Default)]
struct CountingClock(AtomicU64);

impl HostMonotonicClock for CountingClock {
    fn resolution(&self) -> u64 {
        TICK_NS
    }

    fn now(&self) -> u64 {
        self.0.fetch_add(TICK_NS, Ordering::Relaxed)
    }
}

/// Counts the memory of all of an instance's memories together, and remembers that the limit was hit.
#[derive(Debug, Default)]
pub(crate) struct Limiter {
    memory_bytes_max: usize,
    memory_bytes: usize,
    table_elements: usize,
    pub(crate) memory_exceeded: bool,
}

impl wasmtime::ResourceLimiter for Limiter {
    fn memory_growing(&mut self, current: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        let total = self.memory_bytes.saturating_add(desired.saturating_sub(current));
        if total > self.memory_bytes_max {
            self.memory_exceeded = true;
            // An error and not a refusal: guests turn a refusal into an abort without a word.
            return Err(wasmtime::Error::msg("the memory limit"));
        }
        self.memory_bytes = total;
        Ok(true)
    }

    fn table_growing(&mut self, current: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        self.table_elements = self.table_elements.saturating_add(desired.saturating_sub(current));
        Ok(self.table_elements <= TABLE_ELEMENTS_MAX)
    }

    fn instances(&self) -> usize {
        PARTS_MAX
    }

    fn tables(&self) -> usize {
        PARTS_MAX
    }

    fn memories(&self) -> usize {
        PARTS_MAX
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chacha20::rand_core::Rng as _;

    #[test]
    fn random_numbers_follow_from_the_seed_and_from_nothing_else() {
        let draw = |seed, purpose: &[u8]| {
            let mut bytes = [0; 40];
            random(seed, purpose).fill_bytes(&mut bytes);
            bytes
        };
        let secure = draw(7, b"secure");
        assert_eq!(secure, draw(7, b"secure"));
        assert_ne!(secure, draw(7, b"insecure"));
        assert_ne!(secure, draw(8, b"secure"));
        // By the definition of ChaCha8, for the key `7 0 0 0 0 0 0 0 "secure" 0 …`: whoever notes a seed expects them of every later version.
        assert_eq!(secure[..4], [73, 191, 43, 146]);
    }
}
