//! What became of a task: its own record first, the scheduler's word only where there is none, and neither from silence.
//!
//! A complete end record decides its own task, whatever the scheduler says of the job around it. The scheduler's word decides tasks
//! without one, and tells *why* a task was stopped. "Not in the queue" decides nothing until a grace has passed on the observer's own
//! clock: network file systems cache, and so do schedulers.

use super::NOT_MINE_EXIT;
use super::claim::{Asked, Claim, EndRecord, Stage};
use crate::journal::{Ending, Fate};
use crate::scheduler::{JobState, Sighting};

/// How long the judge waits for what may still turn up, in milliseconds on the observer's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// For the scheduler's reason, after a record says that a task was stopped.
    pub reason_ms: u64,
    /// For a task's record, after the scheduler said why its job ended.
    pub record_ms: u64,
    /// For a task's record, after its job ended in a way that says nothing, or is not known any more.
    pub vanished_ms: u64,
    /// For the scheduler's reason, while the scheduler cannot be asked.
    pub silence_ms: u64,
}

impl Default for Patience {
    /// Half a minute for a reason, ten seconds for a record, and two minutes where nothing says what happened: network file systems
    /// keep directories for a minute. Controllers are restarted within ten.
    fn default() -> Self {
        Self { reason_ms: 30_000, record_ms: 10_000, vanished_ms: 120_000, silence_ms: 600_000 }
    }
}

/// What an attempt left behind so far.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Clue {
    /// Its claim.
    pub claim: Option<Claim>,
    /// Its end record.
    pub end: Option<EndRecord>,
}

/// What the scheduler says of the element that runs the task.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct JobWord {
    /// What it said last.
    pub last: Option<Sighting>,
    /// For how long it has said that the element is over, or answered without naming it.
    pub over_ms: Option<u64>,
    /// For how long the attempt's end record has been seen.
    pub recorded_ms: u64,
    /// Whether the scheduler has said anything of the job since then, or nobody can ask it.
    pub heard: bool,
    /// Whether the element left the queue while it waited: it was seen there so shortly before that it would still be shown, had it begun.
    pub left_queue: bool,
    /// Whether other tasks of the element may run after this one, so that its end says nothing of this task's.
    pub goes_on: bool,
}

/// What follows.
#[derive(Clone, Debug, PartialEq)]
pub enum Judgement {
    /// Nothing yet.
    Wait,
    /// Its claim is there, and nothing says that it ended.
    Running,
    /// It ended.
    Ended(Ending),
    /// Its job is over without having begun it. The driver takes its claim; only then is this so.
    Unclaimed(Fate, String),
}

/// What became of a task of which `clue` and `word` are known. `cancelled` says that somebody asked hsm to stop it, `walltime_s` what it
/// was held to.
#[must_use]
pub fn judge(
    clue: &Clue,
    word: &JobWord,
    cancelled: bool,
    walltime_s: Option<u64>,
    patience: Patience,
) -> Judgement {
    let stopped = why_stopped(word, walltime_s).or_else(|| begun_again(clue, word));
    if let Some(end) = &clue.end {
        return of_record(end, clue, word, cancelled, stopped, patience);
    }
    let Some(over_ms) = word.over_ms else {
        return if clue.claim.is_some() { Judgement::Running } else { Judgement::Wait };
    };
    let taken_out = word.left_queue && clue.claim.is_none() && over_ms >= patience.record_ms;
    let stopped = stopped.or((cancelled || taken_out).then_some(Ending::Cancelled));
    let stopped = stopped.or_else(|| clue.claim.as_ref().and_then(|_| killed(word)));
    let grace_ms = if stopped.is_some() { patience.record_ms } else { patience.vanished_ms };
    if over_ms < grace_ms && (clue.claim.is_some() || stopped.is_none()) {
        return if clue.claim.is_some() { Judgement::Running } else { Judgement::Wait };
    }
    match (&clue.claim, stopped) {
        (Some(_), Some(ending)) => Judgement::Ended(ending),
        (Some(claim), None) => Judgement::Ended(Ending::Vanished(vanished(claim, word))),
        (None, Some(Ending::Cancelled)) if taken_out && !cancelled => {
            Judgement::Unclaimed(Fate::Cancelled, "it was taken out of the scheduler's queue".to_owned())
        }
        (None, Some(Ending::Cancelled)) => Judgement::Unclaimed(Fate::Cancelled, "cancelled".to_owned()),
        (None, Some(ending)) => {
            Judgement::Unclaimed(Fate::Unsent, format!("its job ended before its turn ({ending})"))
        }
        (None, None) => Judgement::Unclaimed(Fate::Unsent, format!("its job did not run it: {}", said(word))),
    }
}

fn of_record(
    end: &EndRecord,
    clue: &Clue,
    word: &JobWord,
    cancelled: bool,
    stopped: Option<Ending>,
    patience: Patience,
) -> Judgement {
    let by_itself = if end.signal == 0 { Ending::Exited(end.code) } else { Ending::Signalled(end.signal) };
    if end.code == 0 && end.signal == 0 {
        return Judgement::Ended(Ending::Exited(0));
    }
    if end.asked == Asked::ToEnd && cancelled {
        return Judgement::Ended(Ending::Cancelled);
    }
    if end.stage == Stage::Setup && end.asked == Asked::Nothing {
        let node = clue.claim.as_ref().and_then(|claim| claim.node.as_deref()).unwrap_or("its machine");
        let why = format!("what comes before the program failed on {node} with {by_itself}");
        return Judgement::Ended(Ending::NotStarted(why));
    }
    let by_others = end.asked == Asked::ToEnd || end.signal == KILL;
    match stopped {
        _ if !by_others => Judgement::Ended(by_itself),
        // The node is there: it wrote the record.
        Some(Ending::NodeFailed(_)) => Judgement::Ended(by_itself),
        Some(ending) => Judgement::Ended(ending),
        None => {
            let may_be_told = !word.goes_on || end.asked == Asked::ToEnd;
            let over = word.over_ms.is_some_and(|over_ms| over_ms >= patience.record_ms);
            let long_enough = if word.heard { patience.reason_ms } else { patience.silence_ms };
            if may_be_told && !over && word.recorded_ms < long_enough {
                return Judgement::Running;
            }
            Judgement::Ended(by_itself)
        }
    }
}

/// The signal that nobody can catch: the system's answer to too much memory, and the scheduler's to too much time.
const KILL: i32 = 9;

/// Why the element was stopped, where the scheduler says so explicitly.
fn why_stopped(word: &JobWord, walltime_s: Option<u64>) -> Option<Ending> {
    let last = word.last.as_ref()?;
    match last.class.as_deref() {
        Some("time-limit") => return Some(Ending::TimedOut(walltime_s.unwrap_or(0))),
        Some("out-of-memory") => return Some(Ending::OutOfMemory(words(last))),
        Some("preempted") => return Some(Ending::Preempted(words(last))),
        Some("node-failure") => return Some(Ending::NodeFailed(words(last))),
        _ => {}
    }
    (last.state == JobState::Cancelled).then_some(Ending::Cancelled)
}

/// The signal that the scheduler saw end the job's own script, which therefore wrote no record. Its machine was there to see that.
fn killed(word: &JobWord) -> Option<Ending> {
    let last = word.last.as_ref().filter(|last| last.state == JobState::Failed && last.class.is_none())?;
    last.signal.filter(|signal| *signal > 0).map(Ending::Signalled)
}

/// A second copy found the claim taken and stopped: the scheduler had given the first one up, which may run where nobody sees it.
fn begun_again(clue: &Clue, word: &JobWord) -> Option<Ending> {
    let (claim, last) = (clue.claim.as_ref()?, word.last.as_ref()?);
    let stood_back = last.state == JobState::Failed && last.exit_code == Some(NOT_MINE_EXIT);
    let node = claim.node.as_deref().unwrap_or("?");
    stood_back.then(|| {
        Ending::NodeFailed(format!(
            "it began on {node}, and the scheduler started its job again; {}",
            said(word)
        ))
    })
}

fn vanished(claim: &Claim, word: &JobWord) -> String {
    let node = claim.node.as_deref().unwrap_or("?");
    format!("it began on {node} and left no record of its end; {}", said(word))
}

/// What the scheduler says of the job, as evidence.
fn said(word: &JobWord) -> String {
    match &word.last {
        Some(last) if last.state == JobState::Gone => {
            format!("the scheduler knows no job {} any more", last.job)
        }
        Some(last) if word.over_ms.is_some() && is_over(last.state) => {
            format!("the scheduler says of job {}: {}", last.job, words(last))
        }
        Some(last) => format!("the scheduler does not show job {} any more", last.job),
        None => "the scheduler shows nothing of it".to_owned(),
    }
}

/// Whether a job in this state is over.
fn is_over(state: JobState) -> bool {
    matches!(state, JobState::Completed | JobState::Failed | JobState::Cancelled | JobState::Gone)
}

/// The scheduler's own words, or what stands for them.
fn words(sighting: &Sighting) -> String {
    let mut text = sighting.reason.clone().unwrap_or_else(|| format!("{:?}", sighting.state).to_lowercase());
    if let Some(code) = sighting.exit_code {
        text.push_str(&format!(", exit code {code}"));
    }
    if let Some(signal) = sighting.signal {
        text.push_str(&format!(", signal {signal}"));
    }
    if let Some(node) = &sighting.node {
        text.push_str(&format!(", on {node}"));
    }
    text
}

impl JobState {
    /// Whether a job in this state is over.
    #[must_use]
    pub fn is_over(self) -> bool {
        is_over(self)
    }
}

#[cfg(test)]
#[path = "judge_tests.rs"]
mod tests;
