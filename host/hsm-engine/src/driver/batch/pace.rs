//! The pace: how often to look, how much to hand in. Gentle with the scheduler, whatever the number of jobs.

use crate::batch::{ArrayMode, BatchSource};
use hsm_core::scheduler::SchedulerTraits;
use std::time::{Duration, Instant};

/// The longest time between two looks at the scheduler, while nothing changes: plenty for jobs of hours.
const POLL_MAX: Duration = Duration::from_secs(60);
/// How often files are looked at while something happens, and while nothing does.
const FILES_MIN: Duration = Duration::from_secs(1);
const FILES_MAX: Duration = Duration::from_secs(5);
/// How long to wait after the scheduler could not be asked, or would not have a submission: at first, and at most.
const BACK_OFF_MIN: Duration = Duration::from_secs(2);
const BACK_OFF_MAX: Duration = Duration::from_secs(300);
/// Of what the whole scheduler can hold, one sweep takes one part in so many.
const SHARE_OF_QUEUE: u64 = 2;

/// When and how much.
#[derive(Debug)]
pub(super) struct Pace {
    /// The shortest time between two looks at the scheduler.
    base: Duration,
    floor: Option<Duration>,
    interval: Duration,
    next_poll: Instant,
    /// Answers that have not come yet.
    pending: usize,
    changed: bool,
    files_every: Duration,
    next_files: Instant,
    failures: u32,
    submit_after: Instant,
    refusals: u32,
    /// The most elements of one submission that the scheduler took, where it refused more.
    elements_max: Option<u64>,
    /// The most elements at once, where it refused more.
    outstanding_max: Option<u64>,
}

impl Pace {
    pub(super) fn new(floor_ms: Option<u64>) -> Self {
        let now = Instant::now();
        Self {
            base: POLL_MAX,
            floor: floor_ms.map(Duration::from_millis),
            interval: POLL_MAX,
            next_poll: now,
            pending: 0,
            changed: false,
            files_every: FILES_MIN,
            next_files: now,
            failures: 0,
            submit_after: now,
            refusals: 0,
            elements_max: None,
            outstanding_max: None,
        }
    }

    /// Takes up how often the scheduler wants to be asked.
    pub(super) fn described(&mut self, traits: &SchedulerTraits) {
        let wish = Duration::from_millis(u64::from(traits.poll_interval_ms));
        self.base = self.floor.unwrap_or(wish);
        self.interval = self.base;
        self.next_poll = Instant::now() + self.base;
    }

    pub(super) fn poll_is_due(&self, now: Instant) -> bool {
        self.pending == 0 && now >= self.next_poll
    }

    /// So many questions were asked; the next look waits for their answers.
    pub(super) fn asked(&mut self, now: Instant, questions: usize) {
        self.pending = questions;
        let longest = POLL_MAX.max(self.base);
        self.interval = if std::mem::take(&mut self.changed) {
            self.base
        } else {
            self.interval.mul_f64(1.5).min(longest)
        };
        self.next_poll = now + self.interval;
    }

    /// One answer came; `changed` says that it says something new.
    pub(super) fn answered(&mut self, now: Instant, well: bool, changed: bool) {
        self.pending = self.pending.saturating_sub(1);
        self.changed |= changed;
        if well {
            self.failures = 0;
        } else {
            self.failures += 1;
            self.next_poll = self.next_poll.max(now + back_off(self.failures));
        }
    }

    pub(super) fn files_are_due(&self, now: Instant) -> bool {
        now >= self.next_files
    }

    pub(super) fn looked_at_files(&mut self, now: Instant, changed: bool) {
        self.changed |= changed;
        self.files_every = if changed { FILES_MIN } else { self.files_every.mul_f64(1.5).min(FILES_MAX) };
        self.next_files = now + self.files_every;
    }

    pub(super) fn may_submit(&self, now: Instant) -> bool {
        now >= self.submit_after
    }

    /// How many elements the next submission may have, where `outstanding` are not over and `wanted` wait; nothing where it is better to
    /// wait for more room.
    pub(super) fn elements(
        &self,
        source: &BatchSource,
        traits: &SchedulerTraits,
        outstanding: u64,
        wanted: u64,
    ) -> Option<u64> {
        let mut per_job = u64::from(traits.elements_per_job.max(1));
        per_job = per_job.min(source.elements_max.map_or(u64::MAX, |most| u64::from(most.max(1))));
        per_job = per_job.min(self.elements_max.unwrap_or(u64::MAX));
        if source.mode == ArrayMode::Individual {
            per_job = 1;
        }
        let mut at_once =
            traits.elements_in_queue.map_or(u64::MAX, |most| (u64::from(most) / SHARE_OF_QUEUE).max(1));
        at_once = at_once.min(self.outstanding_max.unwrap_or(u64::MAX));
        if let Some(most) = source.max_in_flight
            && outstanding >= u64::from(most)
        {
            return None;
        }
        let room = at_once.saturating_sub(outstanding).min(per_job);
        let useful = per_job.min(wanted).min(at_once);
        // A quarter of what would be of use, so that a limit that is reached does not make for a submission a task.
        (room > 0 && room >= useful.div_ceil(4)).then(|| room.min(wanted))
    }

    /// The scheduler took a submission.
    pub(super) fn taken(&mut self) {
        self.refusals = 0;
        self.changed = true;
        // What it took is looked at soon, however seldom it was looked at before.
        self.interval = self.base;
        self.next_poll = self.next_poll.min(Instant::now() + self.base);
    }

    /// The scheduler would not have a submission of so many elements for now, while others of ours were `outstanding`.
    pub(super) fn refused(&mut self, now: Instant, elements: u64, outstanding: u64) {
        if outstanding > 0 {
            self.outstanding_max = Some(outstanding);
        } else {
            self.elements_max = Some((elements / 2).max(1));
        }
        self.refusals += 1;
        // Halving is cheap; a limit that stands is waited for.
        let patience =
            if outstanding == 0 && elements > 1 { BACK_OFF_MIN / 4 } else { back_off(self.refusals) };
        self.submit_after = now + patience;
    }
}

/// Twice as long each time.
fn back_off(failures: u32) -> Duration {
    BACK_OFF_MIN.saturating_mul(1 << failures.saturating_sub(1).min(16)).min(BACK_OFF_MAX)
}
