//! What is remembered of a submission between two looks, and of machines on which tasks die.

use crate::batch::Claims;
use hsm_core::batch::{Claim, EndRecord, JobWord, Patience};
use hsm_core::journal::Fate;
use hsm_core::scheduler::{JobState, Sighting};
use hsm_core::task_set::TaskSet;
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
    /// Elements, counted from 0, that the scheduler says are over or does not name.
    pub(super) over: HashMap<u32, Over>,
    /// When each element was last seen waiting.
    pub(super) waiting: HashMap<u32, Instant>,
    /// When the scheduler was last heard about the job.
    pub(super) heard: Option<Instant>,
    /// The answer to its submission was lost.
    pub(super) unsettled: Option<Unsettled>,
    /// When to tell the scheduler that tasks of it were cancelled.
    pub(super) recall: Option<Instant>,
    /// Tasks whose claims are being taken.
    pub(super) taking: TaskSet,
}

/// An element that the scheduler says is over, or does not name.
#[derive(Debug)]
pub(super) struct Over {
    /// Since when.
    since: Instant,
    /// When it was last so.
    confirmed: Instant,
    /// What the scheduler said of it last.
    pub(super) last: Option<Sighting>,
    /// Whether it was seen waiting right before, and is not named since.
    left_queue: bool,
}

impl Over {
    pub(super) fn new(now: Instant, left_queue: bool) -> Self {
        Self { since: now, confirmed: now, last: None, left_queue }
    }

    /// The scheduler says so again, in these words or by silence.
    pub(super) fn confirm(&mut self, now: Instant, said: Option<&Sighting>) {
        self.confirmed = now;
        if let Some(said) = said {
            self.left_queue = false;
            self.last = Some(said.clone());
        }
    }

    /// Whether the scheduler names an end.
    fn is_named(&self) -> bool {
        self.last.as_ref().is_some_and(|last| last.state.is_over() && last.state != JobState::Gone)
    }

    /// Whether one more answer that does not name it will have made it absent for so long.
    pub(super) fn awaits_an_answer(&self, now: Instant, grace_ms: u64) -> bool {
        !self.is_named() && milliseconds(now - self.since) >= grace_ms && self.for_ms(now) < grace_ms
    }

    /// The grace after which its absence says something.
    pub(super) fn grace_ms(&self, patience: Patience) -> u64 {
        if self.left_queue { patience.record_ms } else { patience.vanished_ms }
    }

    /// For how long that has been known. An end that the scheduler names stands; that it knows of no element counts only for as long as it
    /// goes on saying so, or a controller that fell silent after one odd answer would make tasks vanish.
    fn for_ms(&self, now: Instant) -> u64 {
        milliseconds(if self.is_named() { now } else { self.confirmed } - self.since)
    }
}

/// A submission whose answer was lost.
#[derive(Debug)]
pub(super) struct Unsettled {
    pub(super) since: Instant,
    pub(super) ask_at: Instant,
    pub(super) asked: u32,
    pub(super) asking: bool,
    pub(super) why: String,
    /// What becomes of its tasks where it does not turn up.
    pub(super) fate: Fate,
}

impl Unsettled {
    pub(super) fn new(now: Instant) -> Self {
        let why = "no answer is on record".to_owned();
        Self { since: now, ask_at: now, asked: 0, asking: false, why, fate: Fate::Again }
    }
}

impl JobMemory {
    pub(super) fn new(claims: Claims) -> Self {
        Self {
            claims,
            claimed: HashMap::new(),
            ended: HashMap::new(),
            over: HashMap::new(),
            waiting: HashMap::new(),
            heard: None,
            unsettled: None,
            recall: None,
            taking: TaskSet::default(),
        }
    }

    /// Notes whether an element was seen waiting.
    pub(super) fn note_waiting(&mut self, element: u32, state: JobState, now: Instant) {
        if matches!(state, JobState::Queued | JobState::Held) {
            self.waiting.insert(element, now);
        } else {
            self.waiting.remove(&element);
        }
    }

    /// Whether an element was seen waiting so lately that it would still be shown, had it begun and ended since. Some schedulers keep
    /// nothing of elements that are taken out of the queue.
    pub(super) fn waited_lately(&self, element: u32, visible_after_end_s: Option<u32>, now: Instant) -> bool {
        let visible = Duration::from_secs(u64::from(visible_after_end_s.unwrap_or(0)));
        self.waiting.get(&element).is_some_and(|seen| now - *seen < visible)
    }

    /// What the scheduler says of the element that runs `task`; `known` says that it can be asked after the job.
    pub(super) fn word(&self, task: u64, element: u32, goes_on: bool, known: bool, now: Instant) -> JobWord {
        let over = self.over.get(&element);
        let recorded = self.ended.get(&task).map(|(_, _, since)| *since);
        JobWord {
            last: over.and_then(|over| over.last.clone()),
            over_ms: over.map(|over| over.for_ms(now)),
            left_queue: over.is_some_and(|over| over.left_queue),
            recorded_ms: recorded.map_or(0, |since| milliseconds(now - since)),
            heard: !known || recorded.is_some_and(|since| self.heard.is_some_and(|heard| heard > since)),
            goes_on,
        }
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
