//! Cuts a campaign at every effect, replays what was recorded, and goes on, against a model of the world.

use super::{Action, Campaign, Event, Limits, Now, Step};
use crate::journal::{Decoded, Ending, Record, decode, encode_record};
use crate::state::TaskState;
use crate::task_set::TaskSet;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

const LIMITS: Limits = Limits { walltime_ms: Some(400), grace_ms: 50 };
const SLOTS: usize = 3;

/// The world outside: processes that live, a journal that keeps what was written, a mailbox.
#[derive(Default)]
struct World {
    /// Task → remaining milliseconds and the code it will exit with.
    alive: BTreeMap<u64, (u64, i32)>,
    /// How often each task's program was started.
    starts: BTreeMap<u64, u32>,
    journal: Vec<u8>,
    mailbox: BTreeMap<String, Event>,
    most_alive: usize,
    now_ms: u64,
}

/// Where the driver is killed: after so many effects (a record written, an action done).
struct Fuse(usize);

impl Fuse {
    fn burn(&mut self) -> Result<(), Cut> {
        self.0 = self.0.checked_sub(1).ok_or(Cut)?;
        Ok(())
    }
}

#[derive(Debug)]
struct Cut;

impl World {
    /// Writes the records in one go, as the engine does, then does the actions; the fuse may end it before, between or after.
    fn carry_out(&mut self, step: &Step, fuse: &mut Fuse, torn: usize) -> Result<(), Cut> {
        let mut bytes = Vec::new();
        for record in &step.records {
            encode_record(record, 1, &mut bytes);
        }
        if !bytes.is_empty() {
            if fuse.burn().is_err() {
                // The kernel may have taken any part of the write when the process died.
                self.journal.extend_from_slice(&bytes[..torn % (bytes.len() + 1)]);
                return Err(Cut);
            }
            self.journal.extend_from_slice(&bytes);
        }
        for action in &step.actions {
            fuse.burn()?;
            self.act(action);
        }
        Ok(())
    }

    fn act(&mut self, action: &Action) {
        match action {
            Action::Start { task, .. } => {
                assert!(!self.alive.contains_key(task), "task {task} has two living copies");
                *self.starts.entry(*task).or_default() += 1;
                let code = if task % 3 == 0 { 1 } else { 0 };
                self.alive.insert(*task, (task * 37 % 500, code));
                self.most_alive = self.most_alive.max(self.alive.len());
            }
            Action::Terminate { .. } => {}
            Action::Submit { .. } | Action::Recall { .. } | Action::Hold | Action::Release => {
                panic!("there is no scheduler here")
            }
            Action::Kill { task } => {
                self.alive.remove(task);
            }
            Action::Forget { request } => {
                self.mailbox.remove(request);
            }
        }
    }

    fn pass(&mut self, ms: u64) -> Vec<(u64, i32)> {
        self.now_ms += ms;
        let mut ended = Vec::new();
        self.alive.retain(|task, (left, code)| {
            *left = left.saturating_sub(ms);
            if *left == 0 {
                ended.push((*task, *code));
            }
            *left > 0
        });
        ended
    }

    /// A new driver: the state is what the journal's whole lines say.
    fn replay(&mut self, tasks: u64) -> Campaign {
        replayed(&mut self.journal, tasks, LIMITS)
    }
}

/// The campaign that the journal's whole lines make; what a torn write left is cut off.
pub(super) fn replayed(journal: &mut Vec<u8>, tasks: u64, limits: Limits) -> Campaign {
    let whole = journal.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    journal.truncate(whole);
    let mut campaign = Campaign::new(tasks, limits);
    for line in journal.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        match decode(line) {
            Ok(Decoded::Record(record, _)) => campaign.apply(&record),
            other => panic!("the journal has {other:?}"),
        }
    }
    campaign
}

/// One driver's life, until the fuse burns out or nothing is left to do.
fn drive(world: &mut World, tasks: u64, fuse: &mut Fuse, torn: usize) -> Result<(), Cut> {
    let mut campaign = world.replay(tasks);
    let mut events: Vec<Event> = campaign
        .running()
        .filter(|task| !world.alive.contains_key(task))
        .map(|task| Event::Gone { task })
        .collect();
    let orphans: BTreeSet<u64> = campaign.running().filter(|task| world.alive.contains_key(task)).collect();
    loop {
        events.extend(world.mailbox.values().cloned());
        // As many as free slots after these events, with what an earlier driver started counted in.
        let free_slots = SLOTS.saturating_sub(world.alive.len());
        let step = campaign.step(&events, Now { ms: world.now_ms, free_slots, rooms: Vec::new() });
        world.carry_out(&step, fuse, torn)?;
        if campaign.is_idle() && world.mailbox.is_empty() {
            return Ok(());
        }
        let killed: Vec<u64> = campaign.running().filter(|task| !world.alive.contains_key(task)).collect();
        events = killed.into_iter().map(|task| Event::Ended { task, ending: Ending::Signalled(9) }).collect();
        events.extend(world.pass(40).into_iter().map(|(task, code)| {
            if orphans.contains(&task) && campaign.ledger().get(task).is_some_and(|e| e.attempts == 1) {
                Event::Gone { task }
            } else {
                Event::Ended { task, ending: Ending::Exited(code) }
            }
        }));
    }
}

proptest! {
    #[test]
    fn a_campaign_cut_anywhere_goes_on_where_it_was(
        tasks in 1u64..12,
        cuts in prop::collection::vec((0usize..40, 0usize..400), 0..8),
        cancel_after in prop::option::of(0usize..4),
    ) {
        let mut world = World { now_ms: 1_000, ..World::default() };
        let queue = Event::Queue { request: "1".into(), tasks: TaskSet::range(1, tasks), launch: None, remarks: Vec::new() };
        world.mailbox.insert("1".into(), queue);
        for (life, (cut, torn)) in cuts.into_iter().enumerate() {
            if cancel_after == Some(life) {
                let all = TaskSet::range(1, tasks);
                world.mailbox.insert("2".into(), Event::Cancel { request: "2".into(), tasks: all, now: false });
            }
            let _ = drive(&mut world, tasks, &mut Fuse(cut), torn);
        }
        drive(&mut world, tasks, &mut Fuse(usize::MAX), 0).unwrap();

        let campaign = world.replay(tasks);
        prop_assert!(world.alive.is_empty(), "something is left running");
        prop_assert!(world.most_alive <= SLOTS);
        for (task, entry) in campaign.ledger().iter() {
            prop_assert!(entry.state.is_final(), "task {task} is {}", entry.state);
            let starts = world.starts.get(&task).copied().unwrap_or(0);
            prop_assert!(starts <= 1, "task {task} was started {starts} times");
            prop_assert!(starts <= entry.attempts, "task {task} ran and the journal does not know");
            if entry.state == TaskState::Completed {
                prop_assert_eq!(starts, 1);
            }
        }
    }

    #[test]
    fn replaying_gives_the_state_the_writer_was_in(tasks in 1u64..12, rounds in 1usize..30) {
        let mut world = World { now_ms: 1_000, ..World::default() };
        let mut campaign = Campaign::new(tasks, LIMITS);
        let mut events =
            vec![Event::Queue { request: "1".into(), tasks: TaskSet::range(1, tasks), launch: None, remarks: Vec::new() }];
        for _ in 0..rounds {
            let free_slots = SLOTS.saturating_sub(world.alive.len());
            let step = campaign.step(&events, Now { ms: world.now_ms, free_slots, rooms: Vec::new() });
            world.carry_out(&step, &mut Fuse(usize::MAX), 0).unwrap();
            events = world
                .pass(25)
                .into_iter()
                .map(|(task, code)| Event::Ended { task, ending: Ending::Exited(code) })
                .collect();
        }
        let replayed = world.replay(tasks);
        prop_assert!(replayed.ledger().iter().eq(campaign.ledger().iter()));
        prop_assert!(replayed.running().eq(campaign.running()));
        prop_assert_eq!(replayed.queued(), campaign.queued());
    }
}

#[test]
fn records_of_kinds_from_the_future_change_nothing() {
    let mut campaign = Campaign::new(1, LIMITS);
    campaign.apply(&Record::Other);
    assert!(campaign.is_idle());
}
