//! When what tasks leave on another machine is brought home.

use crate::batch::BatchSource;
use std::time::{Duration, Instant};

/// How many tasks one transfer is about: enough that starting one does not count, few enough that one that is cut off is soon made again.
pub(super) const FETCH_MAX: u64 = 2_000;
/// How often results come home while other tasks run, unless the settings say otherwise.
const FETCH_EVERY: Duration = Duration::from_secs(60);
/// How long to wait after one that did not.
const PAUSE: Duration = Duration::from_millis(100);
/// How long to wait after a transfer that failed: at first, and at most.
const BACK_OFF_MIN: Duration = Duration::from_secs(2);
const BACK_OFF_MAX: Duration = Duration::from_secs(120);

/// The transfers of one source.
#[derive(Debug)]
pub(super) struct Homecoming {
    every: Duration,
    next: Instant,
    not_before: Instant,
    asking: bool,
    failures: u32,
    discarded: bool,
}

impl Homecoming {
    pub(super) fn new(source: &BatchSource) -> Self {
        let every = source.collect_every_s.map_or(FETCH_EVERY, |seconds| Duration::from_secs(seconds.max(1)));
        let now = Instant::now();
        // The first results are looked at eagerly by whoever waits for them.
        Self {
            every,
            next: now + every.min(FETCH_EVERY / 4),
            not_before: now,
            asking: false,
            failures: 0,
            discarded: false,
        }
    }

    /// Whether a transfer is due; `last` says that nothing more is to come.
    pub(super) fn is_due(&self, now: Instant, last: bool) -> bool {
        !self.asking && now >= self.not_before && (last || now >= self.next)
    }

    /// Whether the other machine was asked to remove its copy.
    pub(super) fn is_discarded(&self) -> bool {
        self.discarded
    }

    pub(super) fn discard(&mut self) {
        self.discarded = true;
    }

    pub(super) fn asked(&mut self) {
        self.asking = true;
    }

    /// One transfer is over; `well` says that it brought what was asked for.
    pub(super) fn answered(&mut self, now: Instant, well: bool) {
        self.asking = false;
        self.next = now + self.every;
        self.failures = if well { 0 } else { self.failures.saturating_add(1) };
        let doubled = BACK_OFF_MIN.saturating_mul(1 << self.failures.clamp(1, 10).saturating_sub(1));
        // What came home goes on record first, or the same would be asked for again.
        self.not_before = now + if well { PAUSE } else { doubled.min(BACK_OFF_MAX) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::batch::SchedulerRef;

    #[test]
    fn results_come_from_time_to_time_and_at_once_at_the_end() {
        let mut home = Homecoming::new(&BatchSource::new(SchedulerRef::built_in("slots")));
        let start = Instant::now();
        assert!(!home.is_due(start, false) && home.is_due(start, true));
        assert!(home.is_due(start + FETCH_EVERY, false));
        home.asked();
        assert!(!home.is_due(start + FETCH_EVERY, true), "one at a time");
        home.answered(start, true);
        assert!(!home.is_due(start, true) && home.is_due(start + PAUSE, true));
    }

    #[test]
    fn a_transfer_that_fails_is_tried_again_ever_later() {
        let mut home = Homecoming::new(&BatchSource::new(SchedulerRef::built_in("slots")));
        let start = Instant::now();
        home.answered(start, false);
        assert!(!home.is_due(start + Duration::from_secs(1), true));
        assert!(home.is_due(start + BACK_OFF_MIN, true));
        for _ in 0..20 {
            home.answered(start, false);
        }
        assert!(!home.is_due(start + BACK_OFF_MAX - Duration::from_secs(1), true));
        assert!(home.is_due(start + BACK_OFF_MAX, true));
    }
}
