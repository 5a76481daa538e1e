//! Stopping: nothing is left running, and it is remembered what was stopped.

use hsm_tests::{Running, World, processes_of, wait_until};
use rustix::process::Signal;

/// A world whose tasks start a child of their own, say so, and run until they are stopped.
fn world_of_sleepers() -> World {
    let world = World::new();
    world.write_program("sleeper.sh", "#!/bin/sh\nsleep 601 &\necho up >>started.log\nsleep 600\n");
    world.write_sweep("command: [./sleeper.sh, '{x}']\nsweep:\n  grid:\n    x: [1, 2, 3, 4]\n");
    world
}

/// The same, with tasks that do not listen to a polite request.
fn world_of_stubborn_sleepers() -> World {
    let world = world_of_sleepers();
    world.write_program(
        "sleeper.sh",
        "#!/bin/sh\ntrap '' TERM INT HUP\necho up >>started.log\nwhile :; do sleep 1; done\n",
    );
    world
}

fn start(world: &World) -> Running {
    // Whoever runs the tests may ignore SIGHUP, and what it starts then would too.
    let mut viewer = world.program("env");
    viewer.arg("--default-signal=HUP").arg(world.command(&[]).get_program());
    viewer.args(["run", "--sweep-id", "s", "-p", "2"]);
    let viewer = Running::start(&mut viewer, &world.path(""));
    wait_until("two tasks run", || {
        std::fs::read_to_string(world.project("started.log")).is_ok_and(|log| log.lines().count() == 2)
    });
    viewer
}

/// Only the viewer may still be on its way out.
fn nothing_is_left(world: &World) {
    wait_until("nothing of the sweep lives", || processes_of(&world.path("")).is_empty());
}

#[test]
fn cancel_from_another_terminal_leaves_nothing() {
    let world = world_of_sleepers();
    let viewer = start(&world);
    let _ = world.hsm_in(&world.project("sweeps"), &["cancel", "s"]).succeeds();
    let _ = viewer.wait().ends_with(1);
    nothing_is_left(&world);
    assert_eq!(world.states("s"), ["cancelled"; 4]);
}

#[test]
fn cancel_ends_tasks_that_do_not_listen() {
    let world = world_of_stubborn_sleepers();
    let viewer = start(&world);
    let _ = world.hsm(&["cancel", "s", "--now"]).succeeds();
    let _ = viewer.wait().ends_with(1);
    nothing_is_left(&world);
    assert_eq!(world.states("s"), ["cancelled"; 4]);
}

#[test]
fn ctrl_c_stops_the_tasks() {
    let world = world_of_sleepers();
    let viewer = start(&world);
    viewer.signal(Signal::INT);
    let _ = viewer.wait().ends_with(130);
    nothing_is_left(&world);
    assert_eq!(world.states("s"), ["cancelled"; 4]);
}

#[test]
fn a_second_ctrl_c_stops_them_at_once() {
    let world = world_of_stubborn_sleepers();
    let viewer = start(&world);
    viewer.signal(Signal::INT);
    wait_until("the viewer has heard the first", || viewer.stderr_so_far().to_lowercase().contains("ctrl-c"));
    viewer.signal(Signal::INT);
    let _ = viewer.wait().ends_with(130);
    nothing_is_left(&world);
}

#[test]
fn a_lost_terminal_costs_nothing() {
    let world = world_of_sleepers();
    let viewer = start(&world);
    viewer.signal(Signal::HUP);
    let _ = viewer.wait();
    assert!(!world.is_over("s"), "the driver went away with its viewer");
    assert_eq!(world.states("s"), ["running", "running", "queued", "queued"]);
    let _ = world.hsm(&["cancel"]).succeeds();
    nothing_is_left(&world);
}

#[test]
fn cancel_reaches_tasks_whose_driver_was_killed() {
    let world = world_of_sleepers();
    let viewer = start(&world);
    for driver in world.drivers("s") {
        let id = rustix::process::Pid::from_raw(driver).expect("a process id");
        rustix::process::kill_process(id, Signal::KILL).expect("a driver");
    }
    let _ = viewer.wait();
    assert_eq!(world.states("s"), ["running", "running", "queued", "queued"]);
    let _ = world.hsm(&["cancel", "s"]).succeeds();
    nothing_is_left(&world);
    let states = world.states("s");
    assert!(states.iter().all(|state| matches!(state.as_str(), "cancelled" | "unknown")), "{states:?}");
}

#[test]
fn cancelling_what_is_over_changes_nothing() {
    let world = World::new();
    world.write_sweep("command: ['true', '{x}']\nsweep:\n  grid:\n    x: [1]\n");
    let _ = world.hsm(&["run", "--sweep-id", "s"]).succeeds();
    let before = World::read(world.sweep_dir("s").join("journal/000001.jsonl"));
    let _ = world.hsm(&["cancel", "s"]);
    assert_eq!(world.states("s"), ["completed"]);
    assert_eq!(World::read(world.sweep_dir("s").join("journal/000001.jsonl")), before);
}

#[test]
fn cancelled_tasks_are_completed_later() {
    let world = world_of_sleepers();
    let viewer = start(&world);
    let _ = world.hsm(&["cancel", "s"]).succeeds();
    let _ = viewer.wait();
    world.write_program("sleeper.sh", "#!/bin/sh\nexit 0\n");
    let _ = world.hsm(&["complete", "s"]).succeeds();
    assert_eq!(world.states("s"), ["completed"; 4]);
}
