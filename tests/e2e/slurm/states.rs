//! How tasks end on a cluster, and that each is reported as it ended.

use super::{SWEEP_LIMIT, Site};
use hsm_tests::lab::Options;
use hsm_tests::{World, wait_until};

#[test]
fn two_hundred_tasks_are_each_reported_as_they_ended() {
    let site = Site::of(8);
    let deed = |task: usize| match task {
        1 | 2 => "wait",
        _ if task.is_multiple_of(20) => "fail",
        _ if task.is_multiple_of(33) => "die",
        _ => "well",
    };
    site.sweep((1..=200).map(deed));
    let run = site.run(&["--hold-after", "0"]);
    let job = site.job();
    site.wait_for_starts(2);
    // Two tasks have no more time; Slurm notices that within half a minute.
    for element in 0..2 {
        site.slurm.run_out_of_time(&format!("{job}_{element}"));
    }
    let run = run.wait_within(SWEEP_LIMIT).ends_with(1).says(&["s: 182 completed, 18 failed"]);
    for (at, told) in site.told().iter().enumerate() {
        let task = at + 1;
        let (state, reason) = match deed(task) {
            "wait" => ("failed", "timeout"),
            "fail" => ("failed", "exit code 3"),
            "die" => ("failed", "signal 9 (SIGKILL)"),
            _ => ("completed", ""),
        };
        assert_eq!((told.state.as_str(), told.attempts), (state, 1), "task {task}: {told:?}\n{run}");
        assert!(told.reason.starts_with(reason), "task {task}: {told:?}\n{}", site.journal());
    }
    site.nothing_ran_twice();
    assert_eq!(site.log().starts.len(), 200);
}

#[test]
fn too_much_memory_is_told_from_any_other_kill() {
    let site = Site::with(Options { nodes: 1, cpus: 2, gpus: 0, memory_limits: true, ..Options::default() });
    site.sweep(["memory", "die", "well"]);
    let run = site.run(&[]).wait_within(SWEEP_LIMIT).ends_with(1);
    let told = site.told();
    assert_eq!(
        site.states(),
        ["failed", "failed", "completed"],
        "{told:?}\n{run}\n{}",
        site.scheduler_logs()
    );
    assert!(told[0].reason.starts_with("out of memory"), "{told:?}\n{}", site.journal());
    assert_eq!(told[1].reason, "signal 9 (SIGKILL)");
    site.nothing_ran_twice();
}

#[test]
fn a_packed_job_out_of_time_tells_what_it_came_to() {
    let site = Site::of(1);
    site.sweep((1..=30).map(|task| if task == 20 { "wait" } else { "well" }));
    let run = site.run(&["--tasks-per-job", "30", "--walltime", "00:01:00"]);
    site.wait_for_starts(20);
    site.slurm.run_out_of_time(&site.job());
    let run = run.wait_within(SWEEP_LIMIT).ends_with(1);
    let told = site.told();
    let states = |state: &str| told.iter().filter(|told| told.state == state).count();
    assert_eq!((states("completed"), states("failed"), states("queued")), (19, 1, 10), "{told:?}\n{run}");
    assert!(told[19].reason.starts_with("timeout"), "{:?}", told[19]);
    assert!(told[20].reason.contains("its job ended before its turn"), "{:?}", told[20]);
    // What it did not come to is unsent, and is what completing is about.
    site.open();
    let _ = site.complete().succeeds();
    site.none_ended_twice();
    assert_eq!(site.states(), ["completed"; 30]);
    let log = site.log();
    let again: Vec<u64> = log.starts.iter().filter(|(_, times)| **times > 1).map(|(task, _)| *task).collect();
    assert_eq!((again, log.ends.len()), (vec![20], 30));
}

#[test]
fn what_somebody_cancels_by_hand_is_cancelled() {
    let site = Site::with(Options { nodes: 1, cpus: 1, gpus: 0, ..Options::default() });
    site.sweep(["wait"; 5]);
    let run = site.run(&[]);
    let job = site.job();
    site.wait_for_starts(1);
    site.slurm.scancel(&format!("{job}_0"));
    wait_until("the next one runs", || site.log().starts.contains_key(&2));
    site.open_for("2");
    wait_until("the next one runs", || site.log().starts.contains_key(&3));
    site.slurm.scancel(&job);
    let _ = run.wait_within(SWEEP_LIMIT).ends_with(1);
    let told = site.told();
    let expected = ["cancelled", "completed", "cancelled", "cancelled", "cancelled"];
    assert_eq!(site.states(), expected, "{told:?}\n{}", site.journal());
    site.open();
    let _ = site.complete().succeeds();
    site.none_ended_twice();
    assert_eq!(site.states(), ["completed"; 5]);
}

/// Slurm keeps nothing of elements that are cancelled before they begin: they are gone from its queue, and in no account.
#[test]
fn elements_that_are_cancelled_while_they_wait_are_cancelled() {
    let site = Site::with(Options { nodes: 1, cpus: 1, gpus: 0, ..Options::default() });
    site.sweep(["wait"; 4]);
    let run = site.run(&[]);
    let job = site.job();
    site.wait_for_starts(1);
    wait_until("hsm has seen that the others wait", || site.journal().contains("\"waiting\""));
    site.slurm.scancel(&format!("{job}_[2-3]"));
    site.open();
    let _ = run.wait_within(SWEEP_LIMIT).ends_with(1);
    let told = site.told();
    let expected = ["completed", "completed", "cancelled", "cancelled"];
    assert_eq!(site.states(), expected, "{told:?}\n{}", site.journal());
    site.nothing_ran_twice();
}

#[test]
fn a_held_job_says_so_and_waits() {
    let site = Site::with(Options { nodes: 1, cpus: 1, gpus: 0, ..Options::default() });
    site.sweep(["wait"; 3]);
    let run = site.run(&[]);
    let job = site.job();
    site.wait_for_starts(1);
    let _ = site.slurm.ask("scontrol", &["hold", &job]);
    wait_until("it is told what the job waits for", || site.journal().contains("held: PENDING (JobHeld"));
    site.open();
    wait_until("what ran has completed", || site.states()[0] == "completed");
    assert_eq!(site.states()[1..], ["queued", "queued"]);
    // Elements that have ended would make it fail.
    for element in 1..=2 {
        let _ = site.slurm.ask("scontrol", &["release", &format!("{job}_{element}")]);
    }
    let _ = run.wait_within(SWEEP_LIMIT).succeeds();
    site.each_completed_once(3);
}

#[test]
fn a_job_over_the_limit_of_its_partition_says_that_it_will_never_start() {
    let site = Site::of(1);
    site.sweep(["well"; 3]);
    let _ = site.run(&["--walltime", "02:00:00"]).wait().ends_with(2).says(&["they would wait for ever"]);
    let run = site.run(&["--walltime", "02:00:00", "--yes"]);
    let why = "will never start as it is: PENDING (PartitionTimeLimit)";
    wait_until("it is told that the job waits in vain", || site.journal().contains(why));
    assert_eq!(site.states(), ["queued"; 3]);
    let _ = site.world.hsm(&["cancel", "s"]).succeeds();
    let _ = run.wait_within(SWEEP_LIMIT).ends_with(1);
    assert_eq!(site.states(), ["cancelled"; 3]);
    wait_until("nothing of it is left in the queue", || site.queue_is_empty());
    assert!(site.log().starts.is_empty());
}

#[test]
fn cancelling_stops_what_runs_and_what_waits() {
    let site = Site::of(1);
    site.sweep(["wait"; 6]);
    let run = site.run(&[]);
    site.wait_for_starts(2);
    let _ = site.world.start(&["cancel", "s"]).wait_within(SWEEP_LIMIT).succeeds();
    let _ = run.wait_within(SWEEP_LIMIT).ends_with(1);
    assert_eq!(site.states(), ["cancelled"; 6], "{}", site.journal());
    wait_until("nothing of it is left in the queue", || site.queue_is_empty());
    assert_eq!((site.log().starts.len(), site.log().ends.len()), (2, 0));
}

#[test]
fn signals_reach_the_program() {
    let site = Site::of(1);
    site.sweep(["signals"]);
    let run = site.run(&[]);
    let job = site.job();
    let printed =
        || std::fs::read_to_string(site.world.task_dir("s", 1).join("stdout.log")).unwrap_or_default();
    wait_until("the program listens", || printed() == "ready\n");
    for (signal, heard) in [("USR1", "ready\nUSR1\n"), ("USR2", "ready\nUSR1\nUSR2\n")] {
        let _ = site.slurm.ask("scancel", &["--batch", "--signal", signal, &job]);
        wait_until("the program has heard it", || printed() == heard);
    }
    let _ = site.slurm.ask("scancel", &["--batch", "--signal", "TERM", &job]);
    let _ = run.wait_within(SWEEP_LIMIT).succeeds();
    assert_eq!(printed(), "ready\nUSR1\nUSR2\nTERM\n");
    site.each_completed_once(1);
}

#[test]
fn edits_of_the_code_do_not_reach_tasks_that_wait() {
    let site = Site::with(Options { nodes: 1, cpus: 1, gpus: 0, ..Options::default() });
    site.sweep(["wait"; 3]);
    let run = site.run(&[]);
    site.wait_for_starts(1);
    site.world.write_program("deed.sh", "#!/bin/sh\nexit 9\n");
    site.open();
    let _ = run.wait_within(SWEEP_LIMIT).succeeds();
    site.each_completed_once(3);
    assert!(World::read(site.world.project("deed.sh")).contains("exit 9"), "the project has the edit");
}
