//! Tasks on this machine: how many at once, for how long, and what is kept of each.

use crate::log::{RunLog, world_of_ticks};
use hsm_tests::{World, wait_until};
use serde_json::Value;

fn task(world: &World, sweep_id: &str, number: usize) -> Value {
    world.hsm(&["status", sweep_id, "--json"]).succeeds().json()["tasks"][number - 1].clone()
}

#[test]
fn as_many_at_once_as_asked_for() {
    for parallel in [1, 3] {
        let world = world_of_ticks(9, "0.15");
        let _ = world.hsm(&["run", "--sweep-id", "s", "-p", &parallel.to_string()]).succeeds();
        let log = RunLog::read(&world);
        assert_eq!(log.most_at_once, parallel, "{log:?}");
        assert_eq!(log.starts.len(), 9);
        assert!(log.starts.values().all(|times| *times == 1), "{log:?}");
    }
}

#[test]
fn the_exit_code_says_whether_all_went_well() {
    let world = World::new();
    world.write_sweep("command: [/bin/sh, -c, 'exit {code}']\nsweep:\n  grid:\n    code: [0, 3]\n");
    let _ = world.hsm(&["run", "--sweep-id", "s"]).ends_with(1).says(&["1"]);
    assert_eq!(world.states("s"), ["completed", "failed"]);
    assert_eq!(task(&world, "s", 1)["exit_code"], 0);
    assert_eq!(task(&world, "s", 2)["exit_code"], 3);
    let _ = world.hsm(&["run", "--sweep-id", "t", "--max-runs", "1"]).ends_with(0);
}

#[test]
fn a_signal_is_named() {
    let world = World::new();
    world.write_sweep("command: [/bin/sh, -c, 'kill -{name} $$']\nsweep:\n  grid:\n    name: [SEGV]\n");
    let _ = world.hsm(&["run", "--sweep-id", "s"]).ends_with(1);
    let task = task(&world, "s", 1);
    assert_eq!(task["state"], "failed");
    assert!(
        task["reason"].as_str().is_some_and(|reason| reason.contains("SEGV") || reason.contains("11")),
        "{task}"
    );
}

#[test]
fn a_program_that_does_not_exist_fails_its_task() {
    let world = World::new();
    world.write_sweep("command: [./nothing-here, '{a}']\nsweep:\n  grid:\n    a: [1]\n");
    let run = world.hsm(&["run", "--sweep-id", "s"]);
    assert_ne!(run.code(), Some(0), "{run}");
    assert!(run.stderr.contains("nothing-here"), "{run}");
}

#[test]
fn walltime_ends_a_task_and_what_it_started() {
    let world = World::new();
    world.write_sweep("command: [/bin/sh, -c, 'sleep {seconds} & sleep {seconds}; wait']\nsweep:\n  grid:\n    seconds: [600]\n");
    let _ = world.hsm(&["run", "--sweep-id", "s", "--walltime", "00:00:01"]).ends_with(1);
    let task = task(&world, "s", 1);
    assert_eq!(task["state"], "failed");
    assert!(task["reason"].as_str().is_some_and(|reason| reason.contains("time")), "{task}");
    wait_until("nothing of the sweep lives", || hsm_tests::processes_of(&world.path("")).is_empty());
}

#[test]
fn a_sweep_goes_on_without_its_viewer() {
    let world = world_of_ticks(3, "0.2");
    let run = world.hsm(&["run", "--sweep-id", "s", "--detach"]).succeeds();
    assert!(RunLog::read(&world).ends.len() < 3, "--detach came back only at the end\n{run}");
    let _ = world.hsm(&["monitor", "s"]).succeeds();
    assert_eq!(world.states("s"), ["completed"; 3]);
}

#[test]
fn status_is_right_mid_run_from_any_folder() {
    let world = World::new();
    world.write_program("wait.sh", "#!/bin/sh\nwhile [ ! -e \"release-$HSM_TASK\" ]; do sleep 0.02; done\n");
    world.write("sweeps/deep/inside/file", "");
    world.write_sweep("command: [./wait.sh, '{x}']\nsweep:\n  grid:\n    x: [1, 2, 3]\n");
    let viewer = world.start(&["run", "--sweep-id", "s", "-p", "1"]);
    let counts = || {
        let status = world.hsm_in(&world.project("sweeps/deep/inside"), &["status", "--json"]);
        if status.code() == Some(0) { status.json()["counts"].clone() } else { Value::Null }
    };
    wait_until("the first task runs", || counts()["running"] == 1);
    assert_eq!(counts()["queued"], 2);
    world.write("release-1", "");
    wait_until("the second task runs", || counts()["completed"] == 1 && counts()["running"] == 1);
    assert_eq!(counts()["queued"], 1);
    world.write("release-2", "");
    world.write("release-3", "");
    let _ = viewer.wait().succeeds();
    assert_eq!(counts()["completed"], 3);
}

#[test]
fn two_sweeps_in_one_second_have_two_folders() {
    let world = world_of_ticks(1, "0");
    let runs: Vec<_> = (0..4).map(|_| world.start(&["run"])).collect();
    for run in runs {
        let _ = run.wait().succeeds();
    }
    let list = world.hsm(&["list", "--json"]).succeeds().json();
    assert_eq!(list["sweeps"].as_array().map(Vec::len), Some(4), "{list}");
    assert_eq!(RunLog::read(&world).starts[&1], 4);
}

#[test]
fn what_tasks_print_can_be_watched() {
    let world = World::new();
    world.write_sweep("command: [/bin/echo, 'this is {word}']\nsweep:\n  grid:\n    word: [alpha, beta]\n");
    let run = world.hsm(&["run", "--sweep-id", "s", "--show-output"]).succeeds();
    let all = format!("{}{}", run.stdout, run.stderr);
    assert!(all.contains("this is alpha") && all.contains("this is beta"), "{run}");
}

#[test]
fn settings_give_the_number_at_once_and_say_so() {
    let world = world_of_ticks(6, "0.15");
    world.write(".hsm/config.yaml", "local:\n  max_parallel_jobs: 2\n");
    let _ = world.hsm(&["run", "--sweep-id", "s"]).succeeds();
    assert_eq!(RunLog::read(&world).most_at_once, 2);
}

#[test]
fn the_environment_beats_the_project_and_an_option_beats_both() {
    let world = world_of_ticks(6, "0.15").with_variable("HSM_LOCAL_MAX_PARALLEL_JOBS", "3");
    world.write(".hsm/config.yaml", "local:\n  max_parallel_jobs: 1\n");
    let _ = world.hsm(&["run", "--sweep-id", "s"]).succeeds();
    assert_eq!(RunLog::read(&world).most_at_once, 3);
    let _ = world.hsm(&["run", "--sweep-id", "t", "-p", "1"]).succeeds();
    assert_eq!(RunLog::read(&world).most_at_once, 3, "the second run had one at once");
}

#[test]
fn a_pre_script_prepares_the_task() {
    let world = World::new();
    world.write(".hsm/config.yaml", "local:\n  pre_script: export PREPARED=yes\n");
    world.write_sweep(
        "command: [/bin/sh, -c, 'echo prepared: $PREPARED {a}']\nsweep:\n  grid:\n    a: ['$HOME']\n",
    );
    let _ = world.hsm(&["run", "--sweep-id", "s"]).succeeds();
    assert!(World::read(world.task_dir("s", 1).join("stdout.log")).starts_with("prepared: yes"));
}

#[test]
fn a_sweep_is_run_from_any_folder_of_its_project() {
    let world = World::new();
    world.write("src/deep/train.py", "import os; print(os.getcwd())\n");
    world.write_sweep("script: src/deep/train.py\nsweep:\n  grid:\n    a: [1]\n");
    let _ = world.hsm_in(&world.project("src/deep"), &["run", "--sweep-id", "s"]).succeeds();
    let folder = World::read(world.task_dir("s", 1).join("stdout.log"));
    assert_eq!(folder.trim(), world.project("").to_string_lossy().trim_end_matches('/'));
}

#[test]
fn a_task_costs_at_most_five_inodes() {
    let world = world_of_ticks(3, "0");
    let _ = world.hsm(&["run", "--sweep-id", "s"]).succeeds();
    for task in 1..=3 {
        let files = std::fs::read_dir(world.task_dir("s", task)).expect("the task's folder").count();
        assert!(files < 5, "the folder itself and {files} files");
    }
}

#[test]
fn a_gibibyte_of_address_space_is_enough() {
    let world = world_of_ticks(4, "0.05");
    let hsm = world.command(&[]).get_program().to_owned();
    let mut shell = world.program("/bin/sh");
    shell
        .args([
            "-c",
            "ulimit -v 1000000; \"$0\" run --sweep-id s -p 2 && \"$0\" status s && exec \"$0\" collect s",
        ])
        .arg(hsm);
    let _ = hsm_tests::Running::start(&mut shell, &world.path("")).wait().succeeds().prints(&["completed"]);
    assert_eq!(RunLog::read(&world).starts.len(), 4);
}

#[test]
fn others_can_read_a_sweep_that_they_cannot_write() {
    let world = world_of_ticks(2, "0");
    let _ = world.hsm(&["run", "--sweep-id", "s"]).succeeds();
    let hsm = world.path("bin/hsm");
    std::fs::copy(world.command(&[]).get_program(), &hsm).expect("a copy where anybody can run it");
    // The temporary folder itself is its owner's alone.
    std::fs::set_permissions(world.path(""), std::os::unix::fs::PermissionsExt::from_mode(0o755))
        .expect("root");
    for (arguments, printed) in
        [(&["status", "s", "--json"][..], "completed"), (&["list"], "s"), (&["errors", "s"], "")]
    {
        let mut somebody = world.program("setpriv");
        somebody.args(["--reuid=65534", "--regid=65534", "--clear-groups"]).arg(&hsm).args(arguments);
        let _ =
            hsm_tests::Running::start(&mut somebody, &world.path("")).wait().succeeds().prints(&[printed]);
    }
}
