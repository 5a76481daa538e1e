//! The pace: how often to look, how much to hand in. Gentle with the scheduler, whatever the number of jobs.

use crate::batch::BatchSource;
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

/// When and how much.
#[derive(Debug)]
pub(super) struct Pace {
    /// The shortest time between two looks at the scheduler.
    base: Duration,
    floor: Option<Duration>,
    site_floor: Duration,
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
    /// The most elements at once that it has taken.
    most_taken: u64,
}

impl Pace {
    pub(super) fn new(source: &BatchSource) -> Self {
        let now = Instant::now();
        Self {
            base: POLL_MAX,
            floor: source.poll_floor_ms.map(Duration::from_millis),
            site_floor: Duration::from_millis(source.site_poll_floor_ms.unwrap_or(0)),
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
            most_taken: 0,
        }
    }

    /// Takes up how often the scheduler wants to be asked.
    pub(super) fn described(&mut self, traits: &SchedulerTraits) {
        let wish = Duration::from_millis(u64::from(traits.poll_interval_ms));
        self.failures = 0;
        self.base = self.floor.unwrap_or(wish).max(self.site_floor);
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

    /// Somebody waits for what the scheduler says: it is looked at as soon as it may be. One that is ill is left in peace.
    pub(super) fn hurry(&mut self, now: Instant) {
        if self.failures == 0 {
            self.next_poll = self.next_poll.min(now + self.base);
        }
    }

    pub(super) fn files_are_due(&self, now: Instant) -> bool {
        now >= self.next_files
    }

    /// Files are asked for, and come with an answer.
    pub(super) fn put_files_off(&mut self, now: Instant) {
        self.next_files = now + self.files_every;
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
        let per_job = source.elements_per_job(traits).min(self.elements_max.unwrap_or(u64::MAX));
        let at_once = BatchSource::elements_at_once(traits)
            .min(self.outstanding_max.unwrap_or(u64::MAX))
            .min(source.hold_at_most.map_or(u64::MAX, u64::from));
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

    /// The scheduler took a submission, and has so many elements of ours with it. A limit that was met moves up again, to what was once
    /// taken: elements that have ended count for a moment longer, and somebody else's jobs may have stood in the way.
    pub(super) fn taken(&mut self, outstanding: u64) {
        self.refusals = 0;
        self.most_taken = self.most_taken.max(outstanding);
        self.elements_max = self.elements_max.map(|most| most.saturating_mul(2));
        self.outstanding_max = self.outstanding_max.map(|most| (most + most / 8 + 1).min(self.most_taken));
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
        // Halving is cheap; a limit that stands is waited for.
        if outstanding == 0 && elements > 1 {
            self.submit_after = now + BACK_OFF_MIN / 4;
        } else {
            self.put_off(now);
        }
    }

    /// The next submission waits for a while, and longer each time.
    pub(super) fn put_off(&mut self, now: Instant) {
        self.refusals += 1;
        self.submit_after = now + back_off(self.refusals);
    }
}

/// Twice as long each time.
fn back_off(failures: u32) -> Duration {
    BACK_OFF_MIN.saturating_mul(1 << failures.saturating_sub(1).min(16)).min(BACK_OFF_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::batch::SchedulerRef;

    fn slurm() -> (BatchSource, SchedulerTraits) {
        let traits = SchedulerTraits {
            elements_per_job: 1_000,
            jobs_per_query: 100,
            poll_interval_ms: 10_000,
            element_variable: "ELEMENT".to_owned(),
            first_element: 0,
            directive_prefix: "#".to_owned(),
            single_element_arrays: true,
            job_name_max: 64,
            visible_after_end_s: None,
            elements_in_queue: None,
        };
        (BatchSource::new(SchedulerRef::built_in("slurm")), traits)
    }

    /// Hands in `wanted` elements at a scheduler that takes `limit` at a time, while nothing ends; how many it has then, and how many
    /// submissions it was asked to take.
    fn fill(pace: &mut Pace, limit: u64, mut wanted: u64, mut outstanding: u64) -> (u64, u32) {
        let (source, traits) = slurm();
        let mut asked = 0;
        while let Some(elements) = pace.elements(&source, &traits, outstanding, wanted).filter(|n| *n > 0) {
            asked += 1;
            if outstanding + elements <= limit {
                (outstanding, wanted) = (outstanding + elements, wanted - elements);
                pace.taken(outstanding);
            } else {
                pace.refused(Instant::now(), elements, outstanding);
            }
            assert!(asked < 100, "it goes on asking: {pace:?}");
        }
        (outstanding, asked)
    }

    #[test]
    fn the_site_has_the_last_word_on_how_often() {
        for (asked_ms, site_ms, expected_ms) in [
            (None, None, 10_000),
            (Some(1_000), None, 1_000),
            (Some(1_000), Some(30_000), 30_000),
            (None, Some(5_000), 10_000),
            (None, Some(30_000), 30_000),
        ] {
            let (mut source, traits) = slurm();
            (source.poll_floor_ms, source.site_poll_floor_ms) = (asked_ms, site_ms);
            let mut pace = Pace::new(&source);
            pace.described(&traits);
            assert_eq!(pace.base, Duration::from_millis(expected_ms), "{asked_ms:?} {site_ms:?}");
        }
    }

    #[test]
    fn a_limit_that_nobody_can_read_is_found_and_kept_to() {
        let (source, _) = slurm();
        let mut pace = Pace::new(&source);
        let (outstanding, asked) = fill(&mut pace, 250, 4_000, 0);
        assert_eq!(outstanding, 250);
        assert!(asked <= 4, "1000, 500, 250 and one too many: {asked}");
        // Some have ended, and still count for the scheduler: what is refused then is taken a moment later.
        pace.refused(Instant::now(), 60, 190);
        let mut at_once = 0;
        for _ in 0..6 {
            at_once = fill(&mut pace, 250, 4_000, 100).0;
        }
        assert!(at_once > 200, "one refusal lowers what is tried for good: {at_once}");
    }

    #[test]
    fn what_somebody_elses_jobs_made_small_grows_again() {
        let (source, traits) = slurm();
        let mut pace = Pace::new(&source);
        for _ in 0..12 {
            let elements = pace.elements(&source, &traits, 0, 4_000).unwrap();
            pace.refused(Instant::now(), elements, 0);
        }
        assert_eq!(pace.elements(&source, &traits, 0, 4_000), Some(1));
        let (outstanding, asked) = fill(&mut pace, 2_000, 4_000, 0);
        assert!(outstanding > 1_000 && asked < 20, "{outstanding} in {asked} submissions");
    }

    #[test]
    fn an_answer_that_was_lost_says_nothing_of_limits() {
        let (source, traits) = slurm();
        let mut pace = Pace::new(&source);
        let now = Instant::now();
        pace.put_off(now);
        assert!(!pace.may_submit(now) && pace.may_submit(now + BACK_OFF_MIN));
        assert_eq!(pace.elements(&source, &traits, 0, 4_000), Some(1_000));
    }

    #[test]
    fn who_waits_for_a_word_asks_soon_but_leaves_the_ill_in_peace() {
        let (source, traits) = slurm();
        let mut pace = Pace::new(&source);
        pace.described(&traits);
        let now = Instant::now();
        for _ in 0..10 {
            pace.asked(now, 1);
            pace.answered(now, true, false);
        }
        let soon = now + Duration::from_secs(11);
        assert!(!pace.poll_is_due(soon), "nothing has changed for long");
        pace.hurry(now);
        assert!(pace.poll_is_due(soon));
        pace.asked(now, 1);
        for _ in 0..5 {
            pace.answered(now, false, false);
        }
        pace.hurry(now);
        assert!(!pace.poll_is_due(soon), "it did not answer");
    }
}
