//! The clock: the one module that reads it.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Milliseconds since 1970 by the machine's clock.
#[expect(clippy::disallowed_methods, reason = "this is the one module that reads the clock")]
#[must_use]
pub fn wall_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// A clock that starts at the machine's time and never goes back, whatever happens to that.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SteadyClock {
    start: Instant,
    start_ms: u64,
}

impl SteadyClock {
    pub(crate) fn start() -> Self {
        Self { start: Instant::now(), start_ms: wall_ms() }
    }

    /// Milliseconds since 1970.
    pub(crate) fn now_ms(&self) -> u64 {
        self.start_ms + u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// The instant at which [`now_ms`](Self::now_ms) will be `ms`.
    pub(crate) fn instant_of(&self, ms: u64) -> Instant {
        self.start + Duration::from_millis(ms.saturating_sub(self.start_ms))
    }
}
