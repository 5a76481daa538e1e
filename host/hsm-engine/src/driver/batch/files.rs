//! Looking at what tasks left behind, and judging them.

use super::Batch;
use super::memory::JobMemory;
use hsm_core::batch::{Claim, ClaimFile, Clue, EndRecord, Judgement, Patience, judge};
use hsm_core::campaign::{Campaign, Event, Sent};
use hsm_core::journal::{Ending, Fate};
use hsm_core::task_set::TaskSet;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

impl Batch {
    /// New claims and new ends of every submission that is not over, and what follows from them and from what the scheduler said.
    pub(super) fn look_at_files(&mut self, campaign: &Campaign, now: Instant) -> Vec<Event> {
        let mut events = Vec::new();
        for (token, sent) in self.sent(campaign) {
            if sent.open.is_empty() && sent.late.is_empty() {
                continue;
            }
            let ahead_ms = self.clock_ahead_ms;
            match self.memory(token).read(sent, now, ahead_ms) {
                Ok(began) => events.extend(began),
                Err(error) => {
                    tracing::warn!("could not look into the folder of submission {token}: {error}");
                    self.trouble =
                        Some(format!("the folder of submission {token} could not be read: {error}"));
                    continue;
                }
            }
            events.extend(self.judge_all(token, sent, now));
        }
        events
    }

    /// Judges the tasks of one submission of which anything is known.
    fn judge_all(&mut self, token: &str, sent: &Sent, now: Instant) -> Vec<Event> {
        let alone = self.source.packing().tasks_per_element == 1;
        let (walltime_s, patience) = (self.source.resources.walltime_s.filter(|_| alone), self.patience);
        let memory = self.memory(token);
        let mut events = Vec::new();
        let mut unclaimed: BTreeMap<(Fate, String), TaskSet> = BTreeMap::new();
        let mut decided = Vec::new();
        let mut waits_for_an_answer = false;
        for task in memory.candidates(sent) {
            let Some((clue, word)) = memory.evidence(task, sent, now) else { continue };
            let cancelled = sent.cancelled.contains(task);
            match judge(&clue, &word, cancelled, walltime_s, patience) {
                Judgement::Wait | Judgement::Running => {
                    waits_for_an_answer |=
                        clue.end.is_some() || memory.absence_ripens(task, sent, now, patience);
                }
                Judgement::Ended(ending) => {
                    let at_ms = clue.end.as_ref().map_or_else(crate::clock::wall_ms, |end| end.ended_ms);
                    decided.push((task, clue.claim, clue.end, ending.clone()));
                    events.push(Event::Decided { task, at_ms, ending });
                }
                Judgement::Unclaimed(fate, why) => {
                    unclaimed.entry((fate, why)).or_default().insert_range(task, task)
                }
            }
        }
        if waits_for_an_answer {
            self.pace.hurry(now);
        }
        for (task, claim, end, ending) in decided {
            self.memory(token).forget(task);
            events.extend(self.count_end(claim.as_ref(), end.as_ref(), &ending));
        }
        for ((fate, why), tasks) in unclaimed {
            self.take_claims(token, &tasks, fate, &why);
        }
        events
    }

    /// Counts how a task ended: too many bad ends hold everything that waits, or, where there are other sources, set this one aside.
    fn count_end(
        &mut self,
        claim: Option<&Claim>,
        end: Option<&EndRecord>,
        ending: &Ending,
    ) -> Option<Event> {
        if !self.source.in_pool {
            return self.count_death(claim, end, ending);
        }
        let why = self.health.count(ending)?;
        self.set_aside(why)
    }

    /// Counts a task that failed right after its start; the event that holds everything where that was one too many.
    fn count_death(
        &mut self,
        claim: Option<&Claim>,
        end: Option<&EndRecord>,
        ending: &Ending,
    ) -> Option<Event> {
        let failed = matches!(ending, Ending::Exited(_) | Ending::Signalled(_) | Ending::NotStarted(_));
        if !failed || *ending == Ending::Exited(0) {
            return None;
        }
        let why = self.deaths.count(claim?.node.as_deref()?, end?)?;
        Some(Event::Hold { why })
    }
}

impl JobMemory {
    /// Reads what is new. A late record of a task that was given up is among it.
    fn read(&mut self, sent: &Sent, now: Instant, ahead_ms: i64) -> std::io::Result<Vec<Event>> {
        let wanted = |task: u64| sent.open.contains(task) || sent.late.contains(task);
        let mut events = Vec::new();
        for file in self.claims.ended(wanted)?.into_iter().map(|file| by_our_clock(file, ahead_ms)) {
            let task = file.claim.task;
            if let Some(end) = file.end {
                events.extend(began(&file.claim, sent));
                self.ended.entry(task).or_insert((file.claim.clone(), end, now));
            }
            self.claimed.insert(task, file.claim);
        }
        let claimed = self.claims.claimed(|task| wanted(task) && !self.claimed.contains_key(&task))?;
        for file in claimed.into_iter().map(|file| by_our_clock(file, ahead_ms)) {
            events.extend(began(&file.claim, sent));
            self.claimed.insert(file.claim.task, file.claim);
        }
        Ok(events)
    }

    /// The tasks that something can be said of.
    fn candidates(&self, sent: &Sent) -> BTreeSet<u64> {
        let over = self.over.keys().flat_map(|element| sent.tasks_of(*element).iter().collect::<Vec<u64>>());
        let recorded = self.ended.keys().copied();
        over.chain(recorded)
            .filter(|task| sent.open.contains(*task) || self.has_late_record(*task, sent))
            .collect()
    }

    fn has_late_record(&self, task: u64, sent: &Sent) -> bool {
        sent.late.contains(task) && self.ended.contains_key(&task)
    }

    /// What is known of one task.
    fn evidence(&self, task: u64, sent: &Sent, now: Instant) -> Option<(Clue, hsm_core::batch::JobWord)> {
        let element = sent.element_of(task)?;
        let goes_on = sent
            .tasks_of(element)
            .iter()
            .any(|other| other != task && sent.open.contains(other) && !self.ended.contains_key(&other));
        let end = self.ended.get(&task).map(|(_, end, _)| end.clone());
        let word = self.word(task, element, goes_on, sent.job.is_some(), now);
        Some((Clue { claim: self.claimed.get(&task).cloned(), end }, word))
    }

    /// Whether the next answer may settle that the scheduler does not know the element of `task` any more.
    fn absence_ripens(&self, task: u64, sent: &Sent, now: Instant, patience: Patience) -> bool {
        let over = sent.element_of(task).and_then(|element| self.over.get(&element));
        over.is_some_and(|over| over.awaits_an_answer(now, over.grace_ms(patience)))
    }

    fn forget(&mut self, task: u64) {
        self.ended.remove(&task);
        self.claimed.remove(&task);
    }
}

/// A clock that is ahead by less is as right as ours.
const CLOCK_NOISE_MS: u64 = 1_000;

/// The same file with its times as the driver's clock would have had them.
fn by_our_clock(mut file: ClaimFile, ahead_ms: i64) -> ClaimFile {
    if ahead_ms.unsigned_abs() > CLOCK_NOISE_MS {
        let ours = |at_ms: u64| at_ms.saturating_add_signed(ahead_ms.saturating_neg());
        file.claim.at_ms = ours(file.claim.at_ms);
        if let Some(end) = &mut file.end {
            (end.began_ms, end.ended_ms) = (ours(end.began_ms), ours(end.ended_ms));
        }
    }
    file
}

/// The event for a claim, unless its task is given up already.
fn began(claim: &Claim, sent: &Sent) -> Option<Event> {
    let node = claim.node.clone()?;
    sent.open.contains(claim.task).then_some(Event::Began { task: claim.task, node, at_ms: claim.at_ms })
}
