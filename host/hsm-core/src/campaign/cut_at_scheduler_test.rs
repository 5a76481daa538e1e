//! Cuts a campaign with submissions at every effect, replays what was recorded, and goes on, against a model of a scheduler that loses
//! answers, takes jobs that were given up, loses nodes with and without their tasks, and starts jobs again.

use super::cut_test::replayed;
use super::{Action, Campaign, Event, Limits, Now, Room, Step};
use crate::journal::{Ending, Fate, encode_record};
use crate::state::TaskState;
use crate::task_set::TaskSet;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

const LIMITS: Limits = Limits { walltime_ms: None, grace_ms: 50 };
/// How many tasks the cluster runs at once, how long a turn of the driver takes, and when it gives a submission up.
const NODES: usize = 3;
const TURN_MS: u64 = 40;
const PATIENCE_MS: u64 = 120;
const LATE_MS: u64 = 400;
/// What a task that was asked to end exits with.
const STOPPED: i32 = 143;

/// One try at a task: its submission and its number.
type Attempt = (String, u64);

#[derive(Clone, Copy, Debug, PartialEq)]
enum Holder {
    Driver,
    Attempt,
}

/// A job that the scheduler has, or will have.
struct Job {
    token: String,
    arrives_ms: u64,
    /// Tasks that it has not come to yet.
    waiting: Vec<u64>,
}

/// The world outside: a cluster, files, a journal, a mailbox, and luck.
#[derive(Default)]
struct World {
    jobs: Vec<Job>,
    claims: BTreeMap<Attempt, Holder>,
    records: BTreeMap<Attempt, i32>,
    /// Programs that live, and for how many milliseconds more.
    alive: BTreeMap<Attempt, u64>,
    /// What the scheduler says its nodes have lost.
    lost: BTreeSet<Attempt>,
    starts: BTreeMap<u64, u32>,
    completions: BTreeMap<u64, u32>,
    journal: Vec<u8>,
    mailbox: BTreeMap<String, Event>,
    tokens: u64,
    now_ms: u64,
    luck: Vec<u8>,
    drawn: usize,
}

/// Where the driver is killed: after so many effects.
struct Fuse(usize);

#[derive(Debug)]
struct Cut;

impl Fuse {
    fn burn(&mut self) -> Result<(), Cut> {
        self.0 = self.0.checked_sub(1).ok_or(Cut)?;
        Ok(())
    }
}

impl World {
    fn draw(&mut self, of: u8) -> u8 {
        self.drawn += 1;
        // Bad luck does not last: every time around, the same draws come out differently.
        let around = u8::try_from(self.drawn / self.luck.len() % 256).unwrap_or(0);
        self.luck[self.drawn % self.luck.len()].wrapping_add(around.wrapping_mul(37)) % of
    }

    fn carry_out(
        &mut self,
        step: &Step,
        campaign: &Campaign,
        fuse: &mut Fuse,
        torn: usize,
    ) -> Result<Vec<Event>, Cut> {
        let mut bytes = Vec::new();
        step.records.iter().for_each(|record| encode_record(record, 1, &mut bytes));
        if !bytes.is_empty() {
            if fuse.burn().is_err() {
                self.journal.extend_from_slice(&bytes[..torn % (bytes.len() + 1)]);
                return Err(Cut);
            }
            self.journal.extend_from_slice(&bytes);
        }
        let mut events = Vec::new();
        for action in &step.actions {
            fuse.burn()?;
            match action {
                Action::Submit { token } => events.extend(self.submit(token, campaign)),
                Action::Recall { token } => events.extend(self.recall(token, campaign)),
                Action::Forget { request } => drop(self.mailbox.remove(request)),
                other => panic!("nothing here is done by {other:?}"),
            }
        }
        Ok(events)
    }

    /// Hands in, with luck: taken, taken without an answer, taken long after, not taken and not told, or refused for now.
    fn submit(&mut self, token: &str, campaign: &Campaign) -> Option<Event> {
        let waiting = campaign.sent_as(token)?.tasks.iter().collect();
        let luck = self.draw(8);
        let arrives_ms = self.now_ms + if luck == 1 { LATE_MS } else { 0 };
        let token = token.to_owned();
        match luck {
            0 => None,
            1 | 2 => {
                self.jobs.push(Job { token, arrives_ms, waiting });
                None
            }
            3 => Some(Event::Refused { token, fate: Fate::Again, why: "later".into() }),
            _ => {
                self.jobs.push(Job { token: token.clone(), arrives_ms, waiting });
                Some(Event::Accepted { job: token.clone(), token })
            }
        }
    }

    /// Stops what somebody asked to stop: what has not begun does not, and what runs writes that it was asked to end.
    fn recall(&mut self, token: &str, campaign: &Campaign) -> Option<Event> {
        let sent = campaign.sent_as(token)?;
        let asked = sent.open.iter().filter(|task| sent.cancelled.contains(*task)).collect();
        let taken = self.take_claims(token, &asked);
        for task in asked.iter() {
            let attempt = (token.to_owned(), task);
            if self.alive.remove(&attempt).is_some() {
                self.records.insert(attempt, STOPPED);
            }
        }
        withdrawn(token, taken, Fate::Cancelled)
    }

    fn take_claims(&mut self, token: &str, tasks: &TaskSet) -> TaskSet {
        let ours = |task: &u64| {
            *self.claims.entry((token.to_owned(), *task)).or_insert(Holder::Driver) == Holder::Driver
        };
        tasks.iter().filter(ours).collect()
    }

    /// Lets time pass on the cluster: programs end, nodes fail, and what waits begins where nobody has its claim.
    fn pass(&mut self) {
        self.now_ms += TURN_MS;
        let now_ms = self.now_ms;
        for (attempt, left) in std::mem::take(&mut self.alive) {
            if left > TURN_MS {
                self.alive.insert(attempt, left - TURN_MS);
                continue;
            }
            let code = i32::from(attempt.1 % 3 == 0);
            *self.completions.entry(attempt.1).or_default() += u32::from(code == 0);
            self.records.insert(attempt, code);
        }
        let arrived = self.jobs.iter().position(|job| job.arrives_ms <= now_ms && !job.waiting.is_empty());
        while self.alive.len() < NODES
            && let Some(at) = arrived
            && let Some(task) = self.jobs[at].waiting.pop()
        {
            self.begin((self.jobs[at].token.clone(), task));
        }
    }

    fn begin(&mut self, attempt: Attempt) {
        if self.claims.contains_key(&attempt) {
            return;
        }
        self.claims.insert(attempt.clone(), Holder::Attempt);
        *self.starts.entry(attempt.1).or_default() += 1;
        match self.draw(12) {
            // The node is gone with everything on it.
            0 => drop(self.lost.insert(attempt)),
            // The scheduler thinks so, and starts the job again, while the first copy runs on.
            1 => {
                self.lost.insert(attempt.clone());
                self.alive.insert(attempt.clone(), 5 * LATE_MS);
                self.begin(attempt);
            }
            luck => drop(self.alive.insert(attempt, u64::from(luck) * 30)),
        }
    }

    fn replay(&mut self, tasks: u64) -> Campaign {
        replayed(&mut self.journal, tasks, LIMITS)
    }

    /// What a driver finds out about its submissions: by their token, by the files, and by what the scheduler says.
    fn look(&mut self, campaign: &Campaign, since: &mut BTreeMap<String, u64>) -> Vec<Event> {
        // What ended there comes home, unless the link is down for now.
        let mut events = Vec::new();
        for (_, tasks) in campaign.ledger().away().iter() {
            if self.draw(3) > 0 {
                events.push(Event::Home { tasks: tasks.clone() });
            }
        }
        for (token, sent) in campaign.sent() {
            if sent.job.is_none() {
                let asked_ms = *since.entry(token.to_owned()).or_insert(self.now_ms);
                if self.jobs.iter().any(|job| job.token == token && job.arrives_ms <= self.now_ms) {
                    events.push(Event::Accepted { token: token.to_owned(), job: token.to_owned() });
                } else if self.now_ms - asked_ms >= PATIENCE_MS {
                    let taken = self.take_claims(token, &sent.open);
                    events.extend(withdrawn(token, taken, Fate::Again));
                }
            }
            // A job that is over and found claims taken by a driver that was killed before it said so.
            let is_over =
                |job: &Job| job.token == token && job.arrives_ms <= self.now_ms && job.waiting.is_empty();
            if sent.job.is_some() && self.jobs.iter().any(is_over) {
                let ours = |task: &u64| self.claims.get(&(token.to_owned(), *task)) == Some(&Holder::Driver);
                events.extend(withdrawn(token, sent.open.iter().filter(ours).collect(), Fate::Again));
            }
            for task in sent.open.iter().chain(sent.late.iter()) {
                let attempt = (token.to_owned(), task);
                if self.claims.get(&attempt) != Some(&Holder::Attempt) {
                    continue;
                }
                events.push(Event::Began { task, node: "n1".into(), at_ms: self.now_ms });
                let ending = match self.records.get(&attempt) {
                    Some(&STOPPED) => Ending::Cancelled,
                    Some(code) => Ending::Exited(*code),
                    None if self.lost.contains(&attempt) && sent.open.contains(task) => {
                        Ending::NodeFailed("n1".into())
                    }
                    None => continue,
                };
                events.push(Event::Decided { task, at_ms: self.now_ms, ending });
            }
        }
        events
    }

    fn room(&mut self, campaign: &Campaign) -> Option<Room> {
        let unanswered = campaign.sent().any(|(_, sent)| sent.job.is_none() && !sent.open.is_empty());
        (!unanswered && campaign.queued() > 0).then(|| {
            self.tokens += 1;
            let tasks = u64::from(self.draw(5)) + 1;
            Room {
                token: format!("t{:09}", self.tokens),
                source: "model".into(),
                away: true,
                tasks,
                tasks_per_element: 1,
            }
        })
    }
}

fn withdrawn(token: &str, tasks: TaskSet, fate: Fate) -> Option<Event> {
    let token = token.to_owned();
    (!tasks.is_empty()).then(|| Event::Withdrawn { token, tasks, fate, why: "taken".into() })
}

/// One driver's life, until the fuse burns out or nothing is left to do.
fn drive(world: &mut World, tasks: u64, fuse: &mut Fuse, torn: usize) -> Result<Campaign, Cut> {
    let mut campaign = world.replay(tasks);
    let mut since = BTreeMap::new();
    let mut events = world.look(&campaign, &mut since);
    let recalled: Vec<String> = campaign.sent().map(|(token, _)| token.to_owned()).collect();
    events.extend(recalled.iter().filter_map(|token| world.recall(token, &campaign)));
    for turn in 0.. {
        assert!(
            turn < 5_000,
            "the driver does not come to an end: {:?}",
            campaign.sent().collect::<Vec<_>>()
        );
        events.extend(world.mailbox.values().cloned());
        let rooms = world.room(&campaign).into_iter().collect();
        let step = campaign.step(&events, Now { ms: world.now_ms, free_slots: 0, rooms });
        events = world.carry_out(&step, &campaign, fuse, torn)?;
        if campaign.is_idle() && world.mailbox.is_empty() && events.is_empty() {
            break;
        }
        world.pass();
        events.extend(world.look(&campaign, &mut since));
    }
    Ok(campaign)
}

/// Drives with cuts, then to the end, then until nothing lives and every record is read.
fn settle(world: &mut World, tasks: u64, cuts: &[(usize, usize)]) -> Campaign {
    for (cut, torn) in cuts {
        let _ = drive(world, tasks, &mut Fuse(*cut), *torn);
    }
    drive(world, tasks, &mut Fuse(usize::MAX), 0).unwrap();
    while !world.alive.is_empty() || world.jobs.iter().any(|job| !job.waiting.is_empty()) {
        world.pass();
    }
    let nothing = Event::Abandon { request: "look".into(), tasks: TaskSet::default(), again: false };
    world.mailbox.insert("look".into(), nothing);
    drive(world, tasks, &mut Fuse(usize::MAX), 0).unwrap()
}

fn queue(request: &str, tasks: u64) -> (String, Event) {
    let all = TaskSet::range(1, tasks);
    let event = Event::Queue { request: request.into(), tasks: all, launch: None, remarks: Vec::new() };
    (request.to_owned(), event)
}

/// Each task is known for what it was, whatever happened.
fn check(world: &World, campaign: &Campaign, most_starts: u32) {
    for (task, entry) in campaign.ledger().iter() {
        let count = |counted: &BTreeMap<u64, u32>| counted.get(&task).copied().unwrap_or(0);
        let (starts, completions) = (count(&world.starts), count(&world.completions));
        let lost = world.lost.iter().any(|(_, lost)| *lost == task);
        assert!(!campaign.ledger().away().contains(task), "what task {task} left never came home");
        assert!(entry.state.is_final(), "task {task} is lost: {entry:?}");
        assert!(completions <= 1, "task {task} ran to its end {completions} times");
        assert!(starts <= most_starts, "task {task} was started {starts} times");
        assert!(starts <= entry.attempts, "task {task} ran and the journal does not know");
        assert_eq!(entry.state == TaskState::Completed, completions == 1, "task {task}: {entry:?}");
        assert!(entry.state != TaskState::Unknown || lost, "task {task} is unknown for nothing: {entry:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    #[test]
    fn submissions_cut_anywhere_run_each_task_once_and_lose_none(
        tasks in 1u64..14,
        luck in prop::collection::vec(any::<u8>(), 40),
        cuts in prop::collection::vec((0usize..40, 0usize..600), 0..8),
        later_cuts in prop::collection::vec((0usize..40, 0usize..600), 0..4),
        cancel in any::<bool>(),
    ) {
        let mut world = World { now_ms: 1_000, luck, ..World::default() };
        world.mailbox.extend([queue("1", tasks)]);
        if cancel {
            let _ = drive(&mut world, tasks, &mut Fuse(20), 0);
            let all = TaskSet::range(1, tasks);
            world.mailbox.insert("2".into(), Event::Cancel { request: "2".into(), tasks: all, now: false });
        }
        let campaign = settle(&mut world, tasks, &cuts);
        check(&world, &campaign, 1);

        // Running again what did not complete starts nothing of which a copy may live.
        world.mailbox.extend([queue("3", tasks)]);
        let unknown: Vec<u64> = campaign
            .ledger()
            .iter()
            .filter(|(_, entry)| entry.state == TaskState::Unknown)
            .map(|(task, _)| task)
            .collect();
        let before = world.starts.clone();
        let campaign = settle(&mut world, tasks, &later_cuts);
        check(&world, &campaign, 2);
        for task in &unknown {
            prop_assert_eq!(world.starts.get(task), before.get(task), "task {} ran beside its first copy", task);
        }

        // Somebody vouches for the rest.
        let all = TaskSet::range(1, tasks);
        world.mailbox.insert("4".into(), Event::Abandon { request: "4".into(), tasks: all, again: false });
        world.mailbox.extend([queue("5", tasks)]);
        let campaign = settle(&mut world, tasks, &later_cuts);
        check(&world, &campaign, 3);
        for task in unknown {
            prop_assert_ne!(world.starts.get(&task), before.get(&task), "task {} was not run again", task);
        }
    }
}
