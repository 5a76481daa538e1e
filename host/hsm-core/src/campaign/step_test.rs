//! What a campaign does about each thing that can happen.

use super::*;
use crate::journal::Ending;
use crate::state::TaskState;
use crate::task_set::TaskSet;

const LIMITS: Limits = Limits { walltime_ms: Some(60_000), grace_ms: 5_000 };

fn at(ms: u64, free_slots: usize) -> Now {
    Now { ms, free_slots, rooms: Vec::new() }
}

fn queue(tasks: TaskSet) -> Event {
    Event::Queue { request: "q".into(), tasks, launch: None, remarks: Vec::new() }
}

fn cancel(request: &str, now: bool) -> Event {
    Event::Cancel { request: request.into(), tasks: TaskSet::range(1, 100), now }
}

fn started(campaign: &mut Campaign, tasks: u64, slots: usize) -> Step {
    campaign.step(&[queue(TaskSet::range(1, tasks))], at(1_000, slots))
}

#[test]
fn starts_as_many_as_there_are_slots_in_order_and_once() {
    let mut campaign = Campaign::new(5, LIMITS);
    let step = started(&mut campaign, 5, 2);
    assert_eq!(step.durability, Durability::Synced);
    let starts: Vec<_> = step.actions.iter().filter(|a| matches!(a, Action::Start { .. })).collect();
    assert_eq!(starts, [&Action::Start { task: 1, attempt: 1 }, &Action::Start { task: 2, attempt: 1 }]);
    let step = campaign.step(&[Event::Ended { task: 1, ending: Ending::Exited(0) }], at(1_500, 1));
    assert_eq!(step.actions, [Action::Start { task: 3, attempt: 1 }]);
    assert_eq!(step.records.len(), 2);
}

#[test]
fn a_request_that_is_delivered_twice_counts_once() {
    let mut campaign = Campaign::new(2, LIMITS);
    let _ = started(&mut campaign, 2, 2);
    let _ = campaign.step(&[Event::Ended { task: 1, ending: Ending::Exited(1) }], at(2_000, 1));
    let again = campaign.step(&[queue(TaskSet::range(1, 2))], at(3_000, 2));
    assert!(again.records.is_empty());
    assert_eq!(again.actions, [Action::Forget { request: "q".into() }]);
}

#[test]
fn what_completed_is_never_queued_again() {
    let mut campaign = Campaign::new(3, LIMITS);
    let _ = started(&mut campaign, 3, 3);
    let end = |task, code| Event::Ended { task, ending: Ending::Exited(code) };
    let _ = campaign.step(&[end(1, 0), end(2, 1)], at(2_000, 0));
    let event = Event::Queue {
        request: "again".into(),
        tasks: TaskSet::range(1, 3),
        launch: None,
        remarks: Vec::new(),
    };
    let step = campaign.step(&[event], at(3_000, 3));
    assert!(step.actions.contains(&Action::Start { task: 2, attempt: 2 }));
    assert_eq!(step.actions.iter().filter(|a| matches!(a, Action::Start { .. })).count(), 1);
}

#[test]
fn walltime_asks_first_and_kills_after_the_grace() {
    let mut campaign = Campaign::new(1, LIMITS);
    let _ = started(&mut campaign, 1, 1);
    assert_eq!(campaign.next_deadline_ms(), Some(61_000));
    assert_eq!(campaign.step(&[Event::Tick], at(60_999, 0)).actions, []);
    assert_eq!(campaign.step(&[Event::Tick], at(61_000, 0)).actions, [Action::Terminate { task: 1 }]);
    assert_eq!(campaign.next_deadline_ms(), Some(66_000));
    assert_eq!(campaign.step(&[Event::Tick], at(66_000, 0)).actions, [Action::Kill { task: 1 }]);
    assert_eq!(campaign.step(&[Event::Tick], at(70_000, 0)).actions, []);
    let _ = campaign.step(&[Event::Ended { task: 1, ending: Ending::Signalled(9) }], at(70_001, 0));
    let entry = campaign.ledger().get(1).cloned().unwrap();
    assert_eq!(entry.ending, Some(Ending::TimedOut(60)));
    assert!(campaign.is_idle());
}

#[test]
fn cancel_empties_the_queue_asks_then_kills_and_a_second_one_kills_at_once() {
    let mut campaign = Campaign::new(4, LIMITS);
    let _ = started(&mut campaign, 4, 2);
    let step = campaign.step(&[cancel("c1", false)], at(2_000, 2));
    assert!(step.actions.contains(&Action::Terminate { task: 1 }));
    assert_eq!(campaign.queued(), 0);
    let step = campaign.step(&[cancel("c2", true)], at(2_100, 0));
    assert!(step.actions.contains(&Action::Kill { task: 2 }));
    let end = |task, ending| Event::Ended { task, ending };
    let _ = campaign.step(&[end(1, Ending::Exited(0)), end(2, Ending::Signalled(9))], at(2_200, 2));
    let state = |task| campaign.ledger().get(task).map(|entry| entry.state);
    assert_eq!(state(1), Some(TaskState::Completed), "it ended well before it was stopped");
    assert_eq!(state(2), Some(TaskState::Cancelled));
    assert_eq!(state(4), Some(TaskState::Cancelled));
    assert!(campaign.is_idle());
}

#[test]
fn an_orphan_that_is_gone_is_unknown_and_never_started_by_itself() {
    let mut campaign = Campaign::new(1, LIMITS);
    let _ = started(&mut campaign, 1, 1);
    let step = campaign.step(&[Event::Gone { task: 1 }], at(9_000, 4));
    assert_eq!(step.actions, []);
    assert_eq!(campaign.ledger().get(1).map(|entry| entry.state), Some(TaskState::Unknown));
}
