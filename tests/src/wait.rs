//! Waiting for something that other processes do. A test never sleeps and hopes: it asks until the answer is yes, or fails at the deadline.

use std::thread::sleep;
use std::time::{Duration, Instant};

/// Longer than anything takes on a busy machine; only a test that fails ever waits for it.
pub(crate) const DEADLINE: Duration = Duration::from_secs(90);

/// For what compiles a component of Python: that takes a debug build most of a minute, and several at once longer.
pub const PATIENCE: Duration = Duration::from_secs(900);

const POLL_INTERVAL: Duration = Duration::from_millis(10);

/// Waits until `condition` holds.
///
/// # Panics
/// When it does not within a minute and a half; `what` says what was waited for.
pub fn wait_until(what: &str, condition: impl FnMut() -> bool) {
    assert!(wait_within(DEADLINE, condition), "waited in vain until {what}");
}

/// Waits until `condition` holds or the time is over, and says whether it held.
pub(crate) fn wait_within(limit: Duration, mut condition: impl FnMut() -> bool) -> bool {
    let start = Instant::now();
    loop {
        if condition() {
            return true;
        }
        if start.elapsed() > limit {
            return false;
        }
        sleep(POLL_INTERVAL);
    }
}
