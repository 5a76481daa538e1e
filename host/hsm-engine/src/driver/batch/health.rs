//! How a source does: whether it answers, and whether what runs there fails.

use hsm_core::journal::Ending;
use std::time::{Duration, Instant};

/// For how long a source may be silent before its tasks count as unknown: links drop, and laptops wake up.
const SILENT_AFTER: Duration = Duration::from_secs(30);
/// Of how many tasks how many per cent may fail before a source of several is set aside.
const ENDED_MIN: u32 = 5;
const FAILED_PERCENT: u32 = 40;

/// The health of one source.
#[derive(Debug, Default)]
pub(super) struct Health {
    /// Since when it has not answered, and why, as it was put last.
    silent: Option<(Instant, String)>,
    /// Whether that is on record.
    told: bool,
    ended: u32,
    failed: u32,
    /// Why it gets no more tasks, where others do.
    aside: Option<String>,
    /// Whether what it had and did not begin was asked back.
    emptied: bool,
}

impl Health {
    /// It answered; whether it had been silent.
    pub(super) fn answered(&mut self) -> bool {
        self.silent.take().is_some()
    }

    pub(super) fn silent(&mut self, now: Instant, why: &str) {
        let since = self.silent.as_ref().map_or(now, |(since, _)| *since);
        self.silent = Some((since, why.to_owned()));
    }

    pub(super) fn is_silent(&self) -> bool {
        self.silent.is_some()
    }

    /// What is to go on record: why it is silent for long, or an empty text where it answers again.
    pub(super) fn news(&mut self, now: Instant) -> Option<String> {
        let long = self.silent.as_ref().filter(|(since, _)| now - *since >= SILENT_AFTER);
        let told = std::mem::replace(&mut self.told, long.is_some());
        match long {
            Some((_, why)) if !told => Some(why.clone()),
            None if told => Some(String::new()),
            _ => None,
        }
    }

    /// An earlier driver recorded that it is silent.
    pub(super) fn was_told(&mut self) {
        self.told = true;
    }

    /// Counts how a task ended; why the source is set aside, where that was one too many.
    pub(super) fn count(&mut self, ending: &Ending) -> Option<String> {
        let failed = *ending != Ending::Exited(0)
            && matches!(ending, Ending::Exited(_) | Ending::Signalled(_) | Ending::NotStarted(_));
        self.ended = self.ended.saturating_add(1);
        self.failed = self.failed.saturating_add(u32::from(failed));
        let too_many = self.ended >= ENDED_MIN
            && u64::from(self.failed) * 100 >= u64::from(self.ended) * u64::from(FAILED_PERCENT);
        (failed && too_many).then(|| format!("{} of {} tasks failed there", self.failed, self.ended))
    }

    /// Gives it no more tasks as long as others can take them; whether that is new.
    pub(super) fn set_aside(&mut self, why: String) -> bool {
        let new = self.aside.is_none();
        self.aside.get_or_insert(why);
        new
    }

    pub(super) fn is_aside(&self) -> bool {
        self.aside.is_some()
    }

    /// Why what it did not begin is to be asked back, once.
    pub(super) fn take_back(&mut self) -> Option<String> {
        let why = self.aside.clone().filter(|_| !self.emptied && self.silent.is_none())?;
        self.emptied = true;
        Some(why)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silence_is_told_when_it_lasts_and_when_it_ends() {
        let (mut health, start) = (Health::default(), Instant::now());
        health.silent(start, "no route");
        assert_eq!(health.news(start + Duration::from_secs(20)), None, "a link that dropped");
        health.silent(start + Duration::from_secs(25), "timed out");
        assert_eq!(health.news(start + SILENT_AFTER), Some("timed out".to_owned()));
        assert_eq!(health.news(start + SILENT_AFTER * 2), None, "once is enough");
        assert!(health.answered());
        assert_eq!(health.news(start + SILENT_AFTER * 3), Some(String::new()));
        assert!(!health.answered());
        health.was_told();
        assert_eq!(health.news(start), Some(String::new()), "by an earlier driver");
    }

    #[test]
    fn two_of_five_failures_are_too_many() {
        let mut health = Health::default();
        for code in [1, 0, 0, 0] {
            assert_eq!(health.count(&Ending::Exited(code)), None);
        }
        assert_eq!(health.count(&Ending::Signalled(9)), Some("2 of 5 tasks failed there".to_owned()));
        assert!(health.set_aside("why".into()) && !health.set_aside("again".into()));
        assert_eq!((health.take_back(), health.take_back()), (Some("why".to_owned()), None));
        let mut good = Health::default();
        assert!((0..20).all(|n| good.count(&Ending::Exited(i32::from(n % 3 == 0 && n > 0))).is_none()));
        assert_eq!(good.count(&Ending::Cancelled), None);
    }
}
