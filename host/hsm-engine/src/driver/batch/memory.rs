//! What is remembered of a submission between two looks, and of machines on which tasks die.

use crate::batch::Claims;
use hsm_core::batch::{Claim, EndRecord, JobWord};
use hsm_core::scheduler::Sighting;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::time::{Duration, Instant};

/// How quickly a task has to fail for that to be a sign of something wrong with its machine, and how long a sign counts.
const EARLY_DEATH_MS: u64 = 5_000;
const DEATHS_WITHIN_MS: u64 = 30_000;

/// One submission.
#[derive(Debug)]
pub(super) struct JobMemory {
    pub(super) claims: Claims,
    pub(super) claimed: HashMap<u64, Claim>,
    /// Records of tasks that are not decided, and when each was first seen.
    pub(super) ended: HashMap<u64, (Claim, EndRecord, Instant)>,
    /// Elements, counted from 0, that the scheduler says are over or does not name: since when, and what it said last.
    pub(super) over: HashMap<u32, (Instant, Option<Sighting>)>,
    /// The answer to its submission was lost.
    pub(super) unsettled: Option<Unsettled>,
    /// Tasks of it were cancelled, and the scheduler has not been told by this driver.
    pub(super) recall: bool,
}

/// A submission whose answer was lost.
#[derive(Debug)]
pub(super) struct Unsettled {
    pub(super) since: Instant,
    pub(super) ask_at: Instant,
    pub(super) asked: u32,
    pub(super) asking: bool,
    pub(super) why: String,
}

impl Unsettled {
    pub(super) fn new(now: Instant) -> Self {
        let why = "no answer is on record".to_owned();
        Self { since: now, ask_at: now, asked: 0, asking: false, why }
    }
}

impl JobMemory {
    pub(super) fn new(claims: Claims) -> Self {
        Self {
            claims,
            claimed: HashMap::new(),
            ended: HashMap::new(),
            over: HashMap::new(),
            unsettled: None,
            recall: false,
        }
    }

    /// What the scheduler says of the element that runs `task`.
    pub(super) fn word(&self, task: u64, element: u32, goes_on: bool, now: Instant) -> JobWord {
        let (over_ms, last) = match self.over.get(&element) {
            Some((since, last)) => (Some(milliseconds(now - *since)), last.clone()),
            None => (None, None),
        };
        let recorded_ms = self.ended.get(&task).map_or(0, |(_, _, since)| milliseconds(now - *since));
        JobWord { last, over_ms, recorded_ms, goes_on }
    }
}

/// Machines on which tasks die within seconds of their start.
#[derive(Debug)]
pub(super) struct Deaths {
    most: usize,
    by_node: BTreeMap<String, VecDeque<u64>>,
}

impl Deaths {
    pub(super) fn new(hold_after: u32) -> Self {
        Self { most: usize::try_from(hold_after).unwrap_or(usize::MAX), by_node: BTreeMap::new() }
    }

    /// Counts a task that failed on `node`; why nothing more should start, where that was one too many.
    pub(super) fn count(&mut self, node: &str, end: &EndRecord) -> Option<String> {
        if self.most == 0 || end.ended_ms.saturating_sub(end.began_ms) > EARLY_DEATH_MS {
            return None;
        }
        let deaths = self.by_node.entry(node.to_owned()).or_default();
        deaths.push_back(end.ended_ms);
        while deaths.front().is_some_and(|first| first.saturating_add(DEATHS_WITHIN_MS) < end.ended_ms) {
            deaths.pop_front();
        }
        (deaths.len() >= self.most)
            .then(|| format!("{} tasks died within seconds of their start on {node}", deaths.len()))
    }

    /// Forgets them, because somebody said to go on.
    pub(super) fn forget(&mut self) {
        self.by_node.clear();
    }
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
