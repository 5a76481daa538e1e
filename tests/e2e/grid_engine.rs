//! A scheduler that hsm has never heard of: a real Grid Engine, through the adapter in the sandbox. The binary is the same as for Slurm.

use hsm_tests::lab::GridEngine;
use hsm_tests::{World, wait_until};
use std::fs;

const SLOTS: u32 = 16;

/// A world in a cell, with the adapter added, as its user would.
fn world(cell: &GridEngine) -> World {
    let world = World::new().at(cell);
    let bundle = World::plugin("grid-engine").replace(".wasm", ".tar");
    let _ = world.hsm(&["plugin", "add", &bundle, "--yes"]).succeeds();
    world
}

/// The sweep's tasks by state, as `hsm status --json` counts them.
fn counts(world: &World, state: &str) -> u64 {
    world.hsm(&["status", "s", "--json"]).succeeds().json()["counts"][state].as_u64().expect("a count")
}

/// How often each task's program began, by its number.
fn beginnings(world: &World) -> Vec<(u64, usize)> {
    let Ok(text) = fs::read_to_string(world.project("begun")) else { return Vec::new() };
    let mut tasks: Vec<u64> = text.lines().map(|line| line.parse().expect("a number")).collect();
    tasks.sort_unstable();
    tasks.chunk_by(|a, b| a == b).map(|same| (same[0], same.len())).collect()
}

fn run(world: &World, more: &[&str]) -> hsm_tests::Run {
    let fixed = ["run", "--sweep-id", "s", "--scheduler", "grid-engine", "--walltime", "00:05:00"];
    let rest = ["--poll-interval", "1", "--hold-after", "0"];
    world.hsm(&[&fixed[..], &rest, more].concat())
}

#[test]
fn a_hundred_tasks_end_as_they_ended() {
    let cell = GridEngine::up(SLOTS);
    let world = world(&cell);
    world.write_program(
        "work",
        "#!/bin/sh\necho \"$HSM_TASK\" >>\"$0.begun\"\ncase $1 in *7) exit 3 ;; 42) kill -9 $$ ;; 99) exit 99 ;; esac\n",
    );
    let values: Vec<String> = (0..100).map(|value| value.to_string()).collect();
    let program = world.project("work");
    world.write_sweep(&format!(
        "command: ['{}', '{{x}}']\nsweep:\n  grid:\n    x: [{}]\n",
        program.display(),
        values.join(", ")
    ));
    let done = run(&world, &[]);
    assert_eq!(done.code(), Some(1), "{done}");
    let states = world.states("s");
    for (at, state) in states.iter().enumerate() {
        let expected = if at % 10 == 7 || at == 42 || at == 99 { "failed" } else { "completed" };
        assert_eq!(state, expected, "task {}", at + 1);
    }
    let begun = World::read(world.project("work.begun"));
    let mut tasks: Vec<&str> = begun.lines().collect();
    tasks.sort_unstable();
    tasks.dedup();
    assert_eq!((begun.lines().count(), tasks.len()), (100, 100), "each began once");
    let status = world.hsm(&["status", "s", "--json"]).succeeds().json();
    let reason = |task: usize| status["tasks"][task - 1]["reason"].as_str().unwrap_or_default().to_owned();
    assert_eq!(reason(8), "exit code 3");
    assert_eq!(reason(43), "signal 9 (SIGKILL)");
    assert_eq!(reason(100), "exit code 99", "which Grid Engine itself would have run again");
    assert!(status["plugins"].as_array().is_some_and(|plugins| !plugins.is_empty()), "{status}");
}

#[test]
fn commands_that_are_not_there_are_told_before_a_sweep_exists_and_a_master_that_is_away_is_waited_for() {
    let cell = GridEngine::up(2);
    let away = world(&cell).with_variable("PATH", "/usr/bin:/bin");
    away.write_sweep("command: ['true', '{x}']\ngrid:\n  x: [1, 2]\n");
    let _ = run(&away, &[]).ends_with(2).says(&["`qconf` could not be started", "on the `PATH`"]);
    assert!(!away.project("sweeps/outputs").exists());
    let there = world(&cell);
    there.write_sweep("command: ['true', '{x}']\ngrid:\n  x: [1, 2]\n");
    cell.stop_master();
    let _ = run(&there, &["--detach"]).succeeds().says(&["does not answer, and tasks wait until it does"]);
    cell.start_master();
    wait_until("both have completed", || counts(&there, "completed") == 2);
}

#[test]
fn what_was_cancelled_goes_on_where_somebody_asks_for_it() {
    let cell = GridEngine::up(4);
    let world = world(&cell);
    world.write_program(
        "work",
        "#!/bin/sh\necho \"$HSM_TASK\" >>\"$2\"\nwhile [ ! -e \"$3\" ]; do sleep 0.1; done\n",
    );
    let at = |name: &str| world.project(name).display().to_string();
    world.write_sweep(&format!(
        "command: ['{}', '{{x}}', '{}', '{}']\nsweep:\n  grid:\n    x: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]\n",
        at("work"),
        at("begun"),
        at("go"),
    ));
    let _ = run(&world, &["--detach"]).succeeds();
    wait_until("four run", || counts(&world, "running") == 4);
    let _ = world.hsm(&["cancel", "s"]);
    wait_until("all are cancelled", || counts(&world, "cancelled") == 12);
    wait_until("the queue is empty", || cell.ask("qstat", &[]).trim().is_empty());
    assert_eq!(beginnings(&world).len(), 4, "those that waited never began");
    world.write("go", "");
    let done = world.hsm(&["complete", "s"]);
    assert_eq!(done.code(), Some(0), "{done}");
    assert_eq!(counts(&world, "completed"), 12);
    let begun = beginnings(&world);
    assert_eq!(begun.len(), 12);
    assert_eq!(begun.iter().map(|(_, times)| times).sum::<usize>(), 16, "four of them began a second time");
}
