//! What the scheduler's answers come to.

use super::Batch;
use super::memory::{Over, Unsettled};
use crate::batch::{Answer, Question, Take};
use crate::error::Error;
use hsm_core::campaign::{Campaign, Event, Sent};
use hsm_core::failure::Blame;
use hsm_core::journal::Fate;
use hsm_core::roles::Failure;
use hsm_core::scheduler::{Hold, Job, JobState, Outcome, Sighting, Ticket, Verdict};
use hsm_core::task_set::TaskSet;
use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, Instant};

/// How long after a lost answer the scheduler is asked for the first time, and how long the submission may take to turn up before its
/// tasks' claims are taken. A submission that turns up later runs nothing.
const SETTLE_FIRST: Duration = Duration::from_secs(1);
const SETTLE_EVERY: Duration = Duration::from_secs(4);
const SETTLE_PATIENCE: Duration = Duration::from_secs(10);
/// When a submission that never turned up is looked for once more, after it was given up: a client that was orphaned may go on trying.
const GHOST_AFTER: [Duration; 3] =
    [Duration::from_secs(30), Duration::from_secs(120), Duration::from_secs(300)];
/// When a cancellation that was not taken is asked for again.
const CANCEL_EVERY: Duration = Duration::from_secs(15);

impl Batch {
    /// Takes one answer.
    pub(in super::super) fn take(&mut self, answer: Answer, campaign: &Campaign) -> Vec<Event> {
        self.desk.answered();
        match answer {
            Answer::Described(Ok((traits, clock_ahead_ms))) => {
                self.answers_again(campaign);
                self.clock_ahead_ms = clock_ahead_ms;
                self.trouble = None;
                self.pace.described(&traits);
                self.traits = Some(traits);
                Vec::new()
            }
            Answer::Described(Err(failure)) => self.ill(&failure),
            Answer::Submitted { token, outcome, for_good } => {
                self.take_outcome(token, outcome, for_good, campaign)
            }
            Answer::Settled { token, outcome } => self.take_settled(&token, outcome, campaign),
            Answer::Observed { asked, seen: Ok(seen) } => {
                self.answers_again(campaign);
                let mut events = self.take_sightings(&asked, &seen, campaign);
                if self.source.is_elsewhere() {
                    events.extend(self.take_files(campaign, Instant::now()));
                }
                events
            }
            Answer::Observed { seen: Err(failure), .. } => self.ill(&failure),
            Answer::Cancelled { asked, verdicts } => {
                self.cancel_again(&asked, &verdicts);
                self.report_refusals("stop", verdicts);
                Vec::new()
            }
            Answer::Held { hold, verdicts } => {
                let what = if hold == Hold::Hold { "hold" } else { "let go of" };
                self.report_refusals(what, verdicts);
                Vec::new()
            }
            Answer::Taken { asked, taken } => self.take_taken(asked, taken),
            Answer::Looked(Ok(())) => {
                self.answers_again(campaign);
                self.take_files(campaign, Instant::now())
            }
            Answer::Looked(Err(failure)) => self.ill(&failure),
            Answer::Fetched { asked, home } => self.take_home(&asked, home),
            Answer::Archived(archived) => self.take_archived(archived),
            Answer::Discarded(discarded) => {
                if let Err(failure) = discarded {
                    tracing::warn!("the copy of the sweep on {} was left there: {failure}", self.name);
                }
                Vec::new()
            }
        }
    }

    /// The source answers. What was taken to be lost with it may be there still, and must not begin or go on: it runs elsewhere by now.
    fn answers_again(&mut self, campaign: &Campaign) {
        let first_answer = self.traits.is_none();
        if !self.health.answered() && !first_answer {
            return;
        }
        let ledger = campaign.ledger();
        let lost = ledger.jobs().iter().filter(|entry| entry.abandoned && entry.source == self.name);
        for entry in lost {
            let Some(job) = entry.job.clone() else { continue };
            tracing::info!("job {job}, which was given up, is stopped should it still be there");
            let (token, elements) = (entry.token.clone(), entry.elements());
            self.desk.ask(Question::Cancel(vec![Job { job, token, elements, only: Vec::new() }]));
        }
    }

    /// Claims were taken: those tasks do not begin. The rest has begun, which its claims will show.
    fn take_taken(&mut self, asked: Take, taken: Result<TaskSet, Failure>) -> Vec<Event> {
        let Take { token, tasks, fate, why } = asked;
        let memory = self.memory(&token);
        memory.taking.remove_all(&tasks);
        match taken {
            Ok(taken) if taken.is_empty() => Vec::new(),
            Ok(tasks) => {
                if fate != Fate::Cancelled {
                    self.trouble =
                        Some(format!("{} tasks were handed in without success: {why}", tasks.len()));
                }
                vec![Event::Withdrawn { token, tasks, fate, why }]
            }
            Err(failure) => {
                if fate == Fate::Cancelled {
                    memory.recall = Some(Instant::now() + CANCEL_EVERY);
                }
                self.trouble = Some(format!("claims of tasks could not be taken: {failure}"));
                Vec::new()
            }
        }
    }

    /// The scheduler could not be asked, or was not understood. Nothing follows from that for any task.
    fn ill(&mut self, failure: &Failure) -> Vec<Event> {
        let now = Instant::now();
        self.pace.answered(now, false, false);
        self.health.silent(now, &failure.to_string());
        let hint = failure.hint.as_ref().map(|hint| format!(" ({hint})")).unwrap_or_default();
        self.trouble = Some(if self.source.is_elsewhere() {
            format!("it could not be asked: {failure}{hint}")
        } else {
            format!("the scheduler `{}` could not be asked: {failure}", self.source.scheduler.name)
        });
        Vec::new()
    }

    /// A cancellation that was not taken is asked for again: the controller may have been away.
    fn cancel_again(&mut self, asked: &[Job], verdicts: &Result<Vec<Verdict>, Failure>) {
        let taken = |job: &Job| match verdicts {
            Ok(verdicts) => verdicts.iter().all(|verdict| verdict.job != job.job || verdict.accepted),
            Err(_) => false,
        };
        for job in asked.iter().filter(|job| !taken(job)) {
            self.memory(&job.token).recall = Some(Instant::now() + CANCEL_EVERY);
        }
    }

    fn report_refusals(&mut self, what: &str, verdicts: Result<Vec<Verdict>, Failure>) {
        match verdicts {
            Ok(verdicts) => {
                for verdict in verdicts.iter().filter(|verdict| !verdict.accepted) {
                    let why = verdict.reason.as_deref().unwrap_or("no reason given");
                    tracing::warn!("the scheduler would not {what} job {}: {why}", verdict.job);
                }
            }
            Err(failure) => {
                let trouble = format!("the scheduler could not be asked to {what} jobs: {failure}");
                // What ends the sweep ends its trouble, and the log remains.
                tracing::warn!("{trouble}");
                self.trouble = Some(trouble);
            }
        }
    }

    fn take_outcome(
        &mut self,
        token: String,
        outcome: Result<Outcome, Error>,
        for_good: bool,
        campaign: &Campaign,
    ) -> Vec<Event> {
        let now = Instant::now();
        match outcome {
            Ok(Outcome::Accepted(ticket)) => {
                self.trouble = None;
                self.accepted(token, ticket, campaign)
            }
            Ok(Outcome::Refused(failure)) if failure.blame == Blame::Transient => {
                let its = campaign.sent_as(&token).map_or(0, |sent| u64::from(sent.elements()));
                self.pace.refused(now, its, self.outstanding(campaign).saturating_sub(its));
                self.later(token, failure.to_string(), campaign)
            }
            Ok(Outcome::Refused(failure)) => {
                self.refused_for_good(token, format!("the scheduler refused the job: {failure}"))
            }
            Ok(Outcome::Unknown(why)) => {
                tracing::warn!("what became of submission {token} is not known yet: {why}");
                self.trouble = Some(format!("what became of a submission is not known yet: {why}"));
                let fate = if for_good { Fate::Unsent } else { Fate::Again };
                let unsettled = Unsettled { ask_at: now + SETTLE_FIRST, why, fate, ..Unsettled::new(now) };
                self.memory(&token).unsettled = Some(unsettled);
                Vec::new()
            }
            Err(error) if error.may_pass() => {
                if self.source.is_elsewhere() {
                    self.health.silent(now, &error.to_string());
                }
                self.pace.put_off(now);
                self.later(token, error.to_string(), campaign)
            }
            Err(error) => self.refused_for_good(token, format!("the job could not be made: {error}")),
        }
    }

    /// A submission that will not be taken however often it is tried. Where there are other sources, its tasks are for them.
    fn refused_for_good(&mut self, token: String, why: String) -> Vec<Event> {
        self.trouble = Some(why.clone());
        if !self.source.in_pool {
            return vec![Event::Refused { token, fate: Fate::Unsent, why }];
        }
        let mut events = vec![Event::Refused { token, fate: Fate::Again, why: why.clone() }];
        events.extend(self.set_aside(why));
        events
    }

    /// Gives the source no more tasks as long as others can take them.
    pub(super) fn set_aside(&mut self, why: String) -> Option<Event> {
        let text = format!("{} is set aside: {why}", self.name);
        self.health.set_aside(why).then_some(Event::Note { text })
    }

    /// The scheduler has a submission. Where nothing of it is wanted any more, the job only stands in the way: its tasks would find their
    /// claims taken.
    fn accepted(&mut self, token: String, ticket: Ticket, campaign: &Campaign) -> Vec<Event> {
        self.memory(&token).unsettled = None;
        self.pace.taken(self.outstanding(campaign));
        let Some(sent) = campaign.sent_as(&token) else { return Vec::new() };
        if sent.open.is_empty() {
            tracing::info!("job {} of submission {token} turned up late and is stopped", ticket.job);
            let elements = ticket.elements;
            let job = Job { job: ticket.job.clone(), token: token.clone(), elements, only: Vec::new() };
            self.desk.ask(Question::Cancel(vec![job]));
        } else if !sent.cancelled.is_empty() {
            self.memory(&token).recall = Some(Instant::now());
        }
        vec![Event::Accepted { token, job: ticket.job }]
    }

    /// A submission that was not taken for now: its tasks go back into the queue, and the next one waits.
    fn later(&mut self, token: String, why: String, campaign: &Campaign) -> Vec<Event> {
        let its = campaign.sent_as(&token).map_or(0, |sent| sent.open.len());
        tracing::info!("submission {token} was not taken for now: {why}");
        self.trouble = Some(format!("{} tasks wait to be handed in: {why}", campaign.queued() + its));
        vec![Event::Refused { token, fate: Fate::Again, why }]
    }

    /// Asks what became of submissions whose answers were lost, when that is due; gives up those that did not turn up.
    pub(super) fn settle(&mut self, campaign: &Campaign, now: Instant) {
        self.jobs.retain(|token, _| campaign.sent_as(token).is_some());
        let mut given_up = Vec::new();
        let mut ask = Vec::new();
        for (token, memory) in &mut self.jobs {
            let Some(unsettled) = &mut memory.unsettled else { continue };
            let open =
                campaign.sent_as(token).filter(|sent| sent.job.is_none()).map(|sent| sent.open.clone());
            let Some(open) = open else {
                memory.unsettled = None;
                continue;
            };
            if unsettled.asking || now < unsettled.ask_at {
                continue;
            }
            if !open.is_empty() && unsettled.asked > 0 && now - unsettled.since >= SETTLE_PATIENCE {
                given_up.push((token.clone(), open, unsettled.fate, unsettled.why.clone()));
                unsettled.asked = 0;
                unsettled.since = now;
                unsettled.ask_at = now + GHOST_AFTER[0];
            } else {
                unsettled.asking = true;
                ask.push(token.clone());
            }
        }
        ask.into_iter().for_each(|token| self.desk.ask(Question::Settle { token }));
        for (token, open, fate, why) in given_up {
            self.pace.put_off(now);
            self.take_claims(&token, &open, fate, &format!("it is in no queue, and {why}"));
        }
    }

    fn take_settled(
        &mut self,
        token: &str,
        outcome: Result<Outcome, Failure>,
        campaign: &Campaign,
    ) -> Vec<Event> {
        let now = Instant::now();
        let Some(sent) = campaign.sent_as(token) else { return Vec::new() };
        if let Ok(Outcome::Accepted(ticket)) = outcome {
            return self.accepted(token.to_owned(), ticket, campaign);
        }
        if let Err(failure) = &outcome {
            self.trouble =
                Some(format!("what became of submission {token} could not be found out: {failure}"));
        }
        let given_up = sent.open.is_empty();
        let memory = self.memory(token);
        if let Some(unsettled) = &mut memory.unsettled {
            unsettled.asking = false;
            unsettled.asked += 1;
            let ghost = GHOST_AFTER.get(usize::try_from(unsettled.asked).unwrap_or(usize::MAX));
            match (given_up, ghost) {
                (false, _) => unsettled.ask_at = now + SETTLE_EVERY,
                (true, Some(after)) => unsettled.ask_at = unsettled.since + *after,
                (true, None) => memory.unsettled = None,
            }
        }
        Vec::new()
    }

    /// Notes which elements are over, and tells what the jobs wait for.
    fn take_sightings(&mut self, asked: &[Job], seen: &[Sighting], campaign: &Campaign) -> Vec<Event> {
        let now = Instant::now();
        self.trouble = None;
        let first = self.traits.as_ref().map_or(0, |traits| traits.first_element);
        let mut by_job: HashMap<&str, Vec<&Sighting>> = HashMap::new();
        for sighting in seen {
            by_job.entry(&sighting.job).or_default().push(sighting);
        }
        let mut events = Vec::new();
        let mut changed = false;
        for job in asked {
            let Some(sent) = campaign.sent_as(&job.token) else { continue };
            // Ids are used again: a sighting of another name is about another job.
            let its =
                |sighting: &&&Sighting| sighting.name.as_ref().is_none_or(|name| name.ends_with(&job.token));
            let sightings: Vec<&Sighting> =
                by_job.get(job.job.as_str()).into_iter().flatten().filter(its).copied().collect();
            changed |= self.note_elements(job, sent, &sightings, first, now);
            let waiting = waiting(&sightings);
            let before = campaign.ledger().jobs().iter().rfind(|entry| entry.token == job.token);
            if before.is_some_and(|before| before.waiting != waiting) {
                events.push(Event::Waiting { token: job.token.clone(), why: waiting });
            }
        }
        self.pace.answered(now, true, changed || !events.is_empty());
        events
    }

    /// Notes what was said of each element of a job with open tasks; whether any of that is new.
    fn note_elements(
        &mut self,
        job: &Job,
        sent: &Sent,
        seen: &[&Sighting],
        first: u32,
        now: Instant,
    ) -> bool {
        let whole = seen.iter().rfind(|sighting| sighting.index.is_none()).copied();
        let by_element: HashMap<u32, &Sighting> = seen
            .iter()
            .filter_map(|sighting| Some((sighting.index?.checked_sub(first)?, *sighting)))
            .collect();
        let visible_s = self.traits.as_ref().and_then(|traits| traits.visible_after_end_s);
        let memory = self.memory(&job.token);
        memory.heard = Some(now);
        let mut changed = false;
        let mut element_before = None;
        for task in sent.open.iter() {
            let Some(element) = sent.element_of(task) else { continue };
            if element_before.replace(element) == Some(element) {
                continue;
            }
            match by_element.get(&element).copied().or(whole) {
                Some(sighting) if !sighting.state.is_over() => {
                    changed |= memory.over.remove(&element).is_some();
                    memory.note_waiting(element, sighting.state, now);
                }
                said => {
                    changed |= !memory.over.contains_key(&element);
                    let left_queue = memory.waited_lately(element, visible_s, now);
                    memory
                        .over
                        .entry(element)
                        .or_insert_with(|| Over::new(now, left_queue))
                        .confirm(now, said);
                }
            }
        }
        changed
    }

    /// Keeps what waits from starting, or lets it go.
    pub(in super::super) fn hold(&mut self, hold: Hold, campaign: &Campaign) {
        if hold == Hold::Release {
            self.deaths.forget();
        }
        let jobs = self.open_jobs(campaign, |_| Vec::new());
        if !jobs.is_empty() {
            self.desk.ask(Question::Hold(jobs, hold));
        }
    }
}

/// What a job waits for: what will never pass before what passes by itself, and else what most of its elements wait for.
fn waiting(seen: &[&Sighting]) -> String {
    let mut reasons: BTreeMap<(bool, &str, &str), u64> = BTreeMap::new();
    for sighting in seen.iter().filter(|sighting| matches!(sighting.state, JobState::Queued | JobState::Held))
    {
        let meaning = match (sighting.class.as_deref(), sighting.state) {
            (Some("dependency"), _) => "will never start: what it depends on has failed",
            (Some("impossible"), _) => "will never start as it is",
            (_, JobState::Held) => "held",
            _ => "",
        };
        let reason = sighting.reason.as_deref().unwrap_or("no reason given");
        *reasons.entry((!meaning.is_empty(), meaning, reason)).or_default() += 1;
    }
    let most = reasons.into_iter().max_by_key(|((stands, ..), count)| (*stands, *count));
    most.map_or_else(String::new, |((_, meaning, reason), _)| match meaning {
        "" => reason.to_owned(),
        meaning => format!("{meaning}: {reason}"),
    })
}
