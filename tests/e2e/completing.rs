//! `hsm complete`: what is missing runs, what completed never runs again.

use crate::log::{RunLog, TICK};
use hsm_tests::World;
use serde_json::{Value, json};

/// Fails until `mended` exists, for the odd ones; writes a results file and a checkpoint each time.
const FLAKY: &str = "#!/bin/sh
./tick.sh 0
echo \"{\\\"tries\\\": $(ls \"$HSM_TASK_DIR\" | wc -l)}\" >\"$HSM_TASK_DIR/results.json\"
echo kept >>\"$HSM_TASK_DIR/checkpoint.bin\"
case $1 in
    fail) [ -e mended ] ;;
    slow) [ -e mended ] || sleep 600 ;;
esac
";

fn world_of_flaky_tasks(kinds: &str) -> World {
    let world = World::new();
    let log = world.path("runs.log");
    let world = world.with_variable("RUN_LOG", log);
    world.write_program("tick.sh", TICK);
    world.write_program("flaky.sh", FLAKY);
    world.write_sweep(&sweep(kinds));
    world
}

fn sweep(kinds: &str) -> String {
    format!(
        "command: [./flaky.sh, '{{kind}}', '{{n}}']\nsweep:\n  grid:\n    kind: [{kinds}]\n    n: [1, 2]\n"
    )
}

fn starts(world: &World) -> Vec<(u64, usize)> {
    RunLog::read(world).starts.into_iter().collect()
}

fn tasks(world: &World) -> Vec<Value> {
    world.hsm(&["status", "s", "--json"]).succeeds().json()["tasks"].as_array().expect("tasks").clone()
}

#[test]
fn only_what_failed_runs_again_under_its_number() {
    let world = world_of_flaky_tasks("good, fail");
    let _ = world.hsm(&["run", "--sweep-id", "s", "-p", "2"]).ends_with(1);
    world.write("mended", "");
    let _ = world.hsm(&["complete", "s", "-p", "2"]).succeeds();
    assert_eq!(starts(&world), [(1, 1), (2, 1), (3, 2), (4, 2)]);
    assert_eq!(world.states("s"), ["completed"; 4]);
    let attempts: Vec<_> = tasks(&world).iter().map(|task| task["attempts"].clone()).collect();
    assert_eq!(attempts, [json!(1), json!(1), json!(2), json!(2)]);
}

#[test]
fn an_old_attempts_metrics_are_moved_aside_and_checkpoints_stay() {
    let world = world_of_flaky_tasks("fail");
    let _ = world.hsm(&["run", "--sweep-id", "s"]).ends_with(1);
    let folder = world.task_dir("s", 1);
    let first = World::read(folder.join("results.json"));
    world.write("mended", "");
    let _ = world.hsm(&["complete", "s"]).succeeds();
    assert_eq!(World::read(folder.join("checkpoint.bin")), "kept\nkept\n");
    assert_eq!(World::read(folder.join("attempt_1/results.json")), first);
    assert_ne!(
        World::read(folder.join("results.json")),
        first,
        "the second attempt found the first one's files"
    );
}

#[test]
fn nothing_to_do_is_said_and_is_no_failure() {
    let world = world_of_flaky_tasks("good");
    let _ = world.hsm(&["run", "--sweep-id", "s"]).succeeds();
    let _ = world.hsm(&["complete", "s"]).succeeds();
    assert_eq!(starts(&world), [(1, 1), (2, 1)]);
}

#[test]
fn kinds_can_be_chosen() {
    let world = world_of_flaky_tasks("fail, slow");
    let _ = world.hsm(&["run", "--sweep-id", "s", "-p", "4", "--walltime", "00:00:01"]).ends_with(1);
    world.write("mended", "");
    let _ = world.hsm(&["complete", "s", "--only", "timeout", "-p", "2"]);
    assert_eq!(starts(&world), [(1, 1), (2, 1), (3, 2), (4, 2)]);
    let _ = world.hsm(&["complete", "s", "--only", "failed"]).succeeds();
    assert_eq!(starts(&world), [(1, 2), (2, 2), (3, 2), (4, 2)]);
}

#[test]
fn missing_tasks_are_those_that_never_started() {
    let world = world_of_flaky_tasks("good");
    let _ = world.hsm(&["run", "--sweep-id", "s", "--max-runs", "1"]).succeeds();
    let _ = world.hsm(&["complete", "s", "--with", "sweeps/sweep.yaml", "--only", "missing"]).succeeds();
    assert_eq!(starts(&world), [(1, 1), (2, 1)]);
}

#[test]
fn a_sweep_can_be_extended() {
    let world = world_of_flaky_tasks("good, fail");
    world.write("mended", "");
    let _ = world.hsm(&["run", "--sweep-id", "s"]).succeeds();
    // `fail` goes, `good` moves behind something new.
    world.write("sweeps/more.yaml", sweep("new, good"));
    let _ = world.hsm(&["complete", "s", "--with", "sweeps/more.yaml"]).succeeds();
    assert_eq!(starts(&world), [(1, 1), (2, 1), (3, 1), (4, 1), (5, 1), (6, 1)]);
    let table = world.hsm(&["collect", "s", "--format", "json"]).succeeds().json();
    let kinds: Vec<_> =
        table["rows"].as_array().expect("rows").iter().map(|row| row["params"]["kind"].clone()).collect();
    assert_eq!(kinds, ["good", "good", "fail", "fail", "new", "new"]);
    assert!(World::read(world.sweep_dir("s").join("sweep.yaml")).contains("good"));
}

#[test]
fn a_changed_interpreter_or_group_is_reported_and_reruns_nothing() {
    let world = world_of_flaky_tasks("good");
    let _ = world.hsm(&["run", "--sweep-id", "s", "--group", "before"]).succeeds();
    world.write("sweeps/changed.yaml", sweep("good").replace("[./flaky.sh, ", "[./flaky.sh, --verbose, "));
    let run = world.hsm(&["complete", "s", "--with", "sweeps/changed.yaml"]).succeeds();
    assert_eq!(starts(&world), [(1, 1), (2, 1)], "{run}");
    drop(run.says(&["--verbose"]));
}

#[test]
fn a_dry_run_only_says() {
    let world = world_of_flaky_tasks("good, fail");
    let _ = world.hsm(&["run", "--sweep-id", "s"]).ends_with(1);
    let before = starts(&world);
    let run = world.hsm(&["complete", "s", "--dry-run"]).succeeds();
    assert!(format!("{}{}", run.stdout, run.stderr).contains('3'), "{run}");
    assert_eq!(starts(&world), before);
}

#[test]
fn two_at_once_run_nothing_twice() {
    let world = world_of_flaky_tasks("good, fail");
    let _ = world.hsm(&["run", "--sweep-id", "s"]).ends_with(1);
    world.write("mended", "");
    let both = [world.start(&["complete", "s"]), world.start(&["complete", "s"])];
    for run in both {
        let run = run.wait();
        assert!(!run.stderr.contains("panicked"), "{run}");
    }
    let log = RunLog::read(&world);
    assert!(log.doubled.is_empty(), "{log:?}");
    assert_eq!(starts(&world), [(1, 1), (2, 1), (3, 2), (4, 2)]);
    assert_eq!(world.states("s"), ["completed"; 4]);
}
