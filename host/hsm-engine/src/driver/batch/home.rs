//! When what tasks leave on another machine is brought home.

use super::Batch;
use crate::batch::{BatchSource, Question};
use crate::machine::Archive;
use hsm_core::campaign::{Campaign, Event};
use hsm_core::roles::Failure;
use hsm_core::state::TaskState;
use hsm_core::task_set::TaskSet;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// How many tasks one transfer is about: enough that starting one does not count, few enough that one that is cut off is soon made again.
const FETCH_MAX: u64 = 2_000;
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
    /// Whether the other machine was asked to remove its copy.
    discarded: bool,
    /// Whether it was asked to keep the sweep in its archive, and whether it did.
    archiving: bool,
    archived: bool,
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
            archiving: false,
            archived: false,
        }
    }

    /// Whether a transfer is due; `last` says that nothing more is to come.
    pub(super) fn is_due(&self, now: Instant, last: bool) -> bool {
        !self.asking && now >= self.not_before && (last || now >= self.next)
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

impl Batch {
    /// Has what tasks left elsewhere brought home, when that is due: from time to time while others run, and at once when none does.
    pub(super) fn fetch(&mut self, campaign: &Campaign, now: Instant) {
        if self.may_archive(campaign) {
            self.home.archiving = true;
            self.desk.ask(Question::Archive);
        }
        if self.may_discard(campaign) {
            self.home.discarded = true;
            self.desk.ask(Question::Discard);
        }
        let Some(away) = campaign.ledger().away().with(&self.name) else { return };
        let last = self.sent(campaign).all(|(_, sent)| sent.open.is_empty());
        if self.home.is_due(now, last) {
            self.home.asked();
            self.desk.ask(Question::Fetch(away.slice(0, FETCH_MAX)));
        }
    }

    /// What tasks left elsewhere is here, or some of it.
    pub(super) fn take_home(&mut self, asked: &TaskSet, home: Result<TaskSet, Failure>) -> Vec<Event> {
        let now = Instant::now();
        match home {
            Ok(tasks) => {
                self.home.answered(now, tasks.len() == asked.len());
                let missing = asked.iter().find(|task| !tasks.contains(*task));
                self.trouble = missing.map(|task| {
                    format!("what task {task} left there is not here as it is there; it is fetched again")
                });
                if tasks.is_empty() { Vec::new() } else { vec![Event::Home { tasks }] }
            }
            Err(failure) => {
                self.home.answered(now, false);
                self.trouble = Some(format!("results are still on {}: {failure}", self.name));
                Vec::new()
            }
        }
    }

    /// The sweep is in its archive over there, or is not, which stops nothing but the removal of the other copy.
    pub(super) fn take_archived(&mut self, archived: Result<Option<PathBuf>, Failure>) -> Vec<Event> {
        match archived {
            Ok(Some(folder)) => {
                self.home.archived = true;
                let text = format!("{} keeps the sweep in `{}`", self.name, folder.display());
                vec![Event::Note { text }]
            }
            Ok(None) => Vec::new(),
            Err(failure) => {
                tracing::warn!("the sweep could not be archived on {}: {failure}", self.name);
                vec![Event::Note { text: format!("{} did not archive the sweep: {failure}", self.name) }]
            }
        }
    }

    /// Whether the other machine's copy of the sweep is of no more use to anybody who wants it removed.
    pub(super) fn may_discard(&self, campaign: &Campaign) -> bool {
        self.source.discard
            && self.source.is_elsewhere()
            && !self.home.discarded
            && (self.archive().is_none() || self.home.archived)
            && campaign.is_idle()
            && self.all_completed(campaign)
    }

    /// Whether the sweep is over and belongs into an archive over there, into which nobody has put it.
    pub(super) fn may_archive(&self, campaign: &Campaign) -> bool {
        let Some(archive) = self.archive() else { return false };
        let had_tasks = || campaign.ledger().jobs().iter().any(|job| job.source == self.name);
        !self.home.archiving
            && campaign.is_idle()
            && had_tasks()
            && (archive.always || self.all_completed(campaign))
    }

    fn archive(&self) -> Option<&Archive> {
        self.source.remote.as_ref()?.archive.as_ref()
    }

    /// Whether every task that it was given has completed, there or elsewhere.
    fn all_completed(&self, campaign: &Campaign) -> bool {
        let completed =
            |task| campaign.ledger().get(task).is_some_and(|entry| entry.state == TaskState::Completed);
        let its = campaign.ledger().jobs().iter().filter(|job| job.source == self.name);
        its.flat_map(|job| job.tasks.iter()).all(completed)
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
