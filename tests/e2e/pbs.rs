//! Sweeps at PBS, with the built binary and jobs that really run. No package has a PBS, so this one is `lab::FakePbs`: built from recordings
//! of a real OpenPBS 23.06.06, and held to them by `fake_pbs`. What no recording shows is not shown here either.

use hsm_tests::lab::FakePbs;
use hsm_tests::{Run, World, wait_until};
use serde_json::Value;
use std::fs;

/// Notes that it began, and then does what its parameter says: waits for the file `go`, ends well, or in one of several bad ways.
const WORK: &str = "\
#!/bin/sh
echo \"$HSM_TASK\" >>\"$2/begun\"
case $1 in
  wait*) while [ ! -e \"$2/go\" ]; do sleep 0.1; done ;;
  fail*) exit 3 ;;
  kill*) kill -9 $$ ;;
  ever*) while :; do sleep 0.1; done ;;
esac
echo \"$HSM_TASK\" >>\"$2/completed\"
";

/// A world at this PBS, with a sweep whose tasks do these things.
fn world(pbs: &FakePbs, deeds: &[String]) -> World {
    let world = World::new().at(pbs);
    world.write_program("work", WORK);
    let (program, here) = (world.project("work"), world.project(""));
    world.write_sweep(&format!(
        "command: ['{}', '{{deed}}', '{}']\nsweep:\n  grid:\n    deed: [{}]\n",
        program.display(),
        here.display(),
        deeds.join(", ")
    ));
    world
}

/// `count` deeds: number `at` is what `choose` says of it, and a number, because points differ.
fn deeds(count: usize, choose: impl Fn(usize) -> &'static str) -> Vec<String> {
    (0..count).map(|at| format!("{}{at}", choose(at))).collect()
}

/// Hands the sweep in as `s`.
fn run(world: &World, more: &[&str]) -> Run {
    let fixed = ["run", "--sweep-id", "s", "--scheduler", "pbs", "--poll-interval", "1"];
    world.hsm(&[&fixed[..], more].concat())
}

fn status(world: &World) -> Value {
    world.hsm(&["status", "s", "--json"]).succeeds().json()
}

fn count(world: &World, state: &str) -> u64 {
    status(world)["counts"][state].as_u64().expect("a count")
}

/// How often each task noted this, by its number.
fn noted(world: &World, what: &str) -> Vec<(u64, usize)> {
    let Ok(text) = fs::read_to_string(world.project(what)) else { return Vec::new() };
    let mut tasks: Vec<u64> = text.lines().map(|line| line.parse().expect("a number")).collect();
    tasks.sort_unstable();
    tasks.chunk_by(|a, b| a == b).map(|same| (same[0], same.len())).collect()
}

/// These tasks, once each.
fn once(tasks: impl Iterator<Item = u64>) -> Vec<(u64, usize)> {
    tasks.map(|task| (task, 1)).collect()
}

/// The state and the reason of each task are those of its deed, and each began as often as this, and was run to its end once at most.
fn assert_true(world: &World, deeds: &[String], began: usize) {
    let status = status(world);
    let tasks = status["tasks"].as_array().expect("tasks");
    assert_eq!(tasks.len(), deeds.len());
    for (task, deed) in tasks.iter().zip(deeds) {
        let (state, reason) = match deed.get(..4) {
            Some("fail") => ("failed", "exit code 3"),
            Some("kill") => ("failed", "signal 9 (SIGKILL)"),
            Some("ever") => ("failed", "timeout: ran longer than its walltime of 20 s"),
            _ => ("completed", ""),
        };
        let found = task["reason"].as_str().unwrap_or_default();
        assert_eq!((task["state"].as_str(), found), (Some(state), reason), "{deed}: {task}");
    }
    let numbered = || (1_u64..).zip(deeds);
    let begun: Vec<(u64, usize)> = numbered().map(|(task, _)| (task, began)).collect();
    assert_eq!(noted(world, "begun"), begun);
    let good = |deed: &str| !["fail", "kill", "ever"].iter().any(|bad| deed.starts_with(bad));
    let completed = numbered().filter(|(_, deed)| good(deed)).map(|(task, _)| task);
    assert_eq!(noted(world, "completed"), once(completed));
}

/// The jobs that the server remembers: one line of `qstat -x` each.
fn jobs(world: &World) -> Vec<String> {
    let output = world.program("qstat").arg("-x").output().expect("qstat");
    String::from_utf8_lossy(&output.stdout).lines().skip(2).map(str::to_owned).collect()
}

fn is_queue_empty(world: &World) -> bool {
    let output = world.program("qstat").output().expect("qstat");
    output.status.success() && output.stdout.is_empty()
}

/// The state of every subjob, a letter each.
fn subjobs(world: &World) -> String {
    let output = world.program("qstat").arg("-t").output().expect("qstat");
    let listed = String::from_utf8_lossy(&output.stdout).into_owned();
    listed
        .lines()
        .filter(|line| !line.contains("[]"))
        .skip(2)
        .filter_map(|line| line.chars().nth(62))
        .collect()
}

#[test]
fn sixty_tasks_end_as_they_ended() {
    let pbs = FakePbs::up(16);
    let deeds = deeds(60, |at| match at {
        4 | 40 => "ever",
        at if at % 10 == 7 => "fail",
        at if at % 10 == 3 => "kill",
        _ => "good",
    });
    let world = world(&pbs, &deeds);
    let done = run(&world, &["--mode", "array", "--walltime", "00:00:20", "--hold-after", "0"]);
    assert_eq!(done.code(), Some(1), "{done}");
    assert_true(&world, &deeds, 1);
    assert_eq!(jobs(&world).len(), 1, "one array");
}

#[test]
fn cancelled_tasks_stop_and_go_on_where_somebody_asks_for_it() {
    let pbs = FakePbs::up(4);
    let deeds = deeds(12, |at| if at < 3 { "good" } else { "wait" });
    let world = world(&pbs, &deeds);
    let _ = run(&world, &["--mode", "array", "--detach"]).succeeds();
    wait_until("three have ended and four run", || {
        (count(&world, "completed"), count(&world, "running")) == (3, 4)
    });
    let _ = world.hsm(&["cancel", "s"]);
    wait_until("the others are cancelled", || count(&world, "cancelled") == 9);
    wait_until("the queue is empty", || is_queue_empty(&world));
    assert_eq!(count(&world, "completed"), 3);
    assert_eq!(noted(&world, "begun"), once(1..=7), "those that waited never began");
    world.write("go", "");
    let done = world.hsm(&["complete", "s"]);
    assert_eq!(done.code(), Some(0), "{done}");
    assert_eq!(count(&world, "completed"), 12);
    let begun: Vec<(u64, usize)> =
        (1..=12).map(|task| (task, if (4..=7).contains(&task) { 2 } else { 1 })).collect();
    assert_eq!(noted(&world, "begun"), begun);
    assert_eq!(noted(&world, "completed"), once(1..=12));
}

#[test]
fn a_packed_job_that_runs_out_of_time_loses_what_it_had_not_begun() {
    let pbs = FakePbs::up(4);
    let deeds = deeds(30, |at| if at == 13 { "ever" } else { "good" });
    let world = world(&pbs, &deeds);
    let packed = ["--mode", "array", "--tasks-per-job", "10", "--walltime", "00:00:02"];
    let done = run(&world, &packed);
    assert_eq!(done.code(), Some(1), "{done}");
    let status = status(&world);
    for (task, number) in status["tasks"].as_array().expect("tasks").iter().zip(1..) {
        let (state, reason) = match number {
            14 => ("failed", "timeout: its job reached its time limit"),
            15..=20 => ("queued", "not started: its job ended before its turn"),
            _ => ("completed", ""),
        };
        let found = task["reason"].as_str().unwrap_or_default();
        assert_eq!(task["state"], state, "{task}");
        assert!(found.starts_with(reason) && found.is_empty() == reason.is_empty(), "{task}");
    }
    assert_eq!(status["unsent"], 6);
    assert_eq!(noted(&world, "begun"), once((1..=14).chain(21..=30)));
    let listed = jobs(&world);
    assert_eq!(listed.len(), 1, "an array of three: {listed:?}");
    // What was left is one more job, of four tasks at once.
    let _ = world.hsm(&["complete", "s", "--only", "missing", "--side-by-side", "4"]);
    assert_eq!((count(&world, "completed"), count(&world, "failed")), (29, 1));
    assert_eq!(noted(&world, "completed"), once((1..=13).chain(15..=30)));
}

#[test]
fn individual_jobs_are_no_arrays() {
    let pbs = FakePbs::up(4);
    let deeds = deeds(6, |at| if at == 4 { "fail" } else { "good" });
    let world = world(&pbs, &deeds);
    let done = run(&world, &["--mode", "individual"]);
    assert_eq!(done.code(), Some(1), "{done}");
    assert_true(&world, &deeds, 1);
    let listed = jobs(&world);
    assert_eq!(listed.len(), 6, "{listed:?}");
    assert!(!listed.iter().any(|line| line.contains("[]")), "{listed:?}");
}

#[test]
fn a_server_that_is_away_costs_nothing() {
    let pbs = FakePbs::up(6);
    let deeds = deeds(14, |at| match at {
        2 => "fail",
        3 => "kill",
        _ => "wait",
    });
    let world = world(&pbs, &deeds);
    let _ = run(&world, &["--mode", "array", "--hold-after", "0", "--detach"]).succeeds();
    wait_until("six run and one has failed", || {
        count(&world, "running") >= 6 && count(&world, "failed") >= 1
    });
    pbs.stop_server();
    let begun = noted(&world, "begun");
    world.write("go", "");
    wait_until("hsm says that the scheduler cannot be asked", || {
        let trouble = &status(&world)["trouble"];
        trouble.as_str().is_some_and(|trouble| trouble.contains("`pbs` could not be asked"))
    });
    wait_until("what ran is known by its own records", || count(&world, "completed") == 6);
    assert_eq!(noted(&world, "begun"), begun, "nobody starts anything");
    assert_eq!(count(&world, "unknown"), 0);
    pbs.start_server();
    wait_until("the rest is done", || count(&world, "completed") == 12 && count(&world, "failed") == 2);
    assert_true(&world, &deeds, 1);
    assert_eq!(jobs(&world).len(), 1, "nothing was handed in again");
}

#[test]
fn where_jobs_are_forgotten_as_they_end_the_records_decide() {
    let pbs = FakePbs::up_with(&["--cpus", "8", "--no-history"]);
    let deeds = deeds(20, |at| match at % 5 {
        1 => "fail",
        2 => "kill",
        _ => "good",
    });
    let world = world(&pbs, &deeds);
    let done = run(&world, &["--mode", "array", "--hold-after", "0"]);
    assert_eq!(done.code(), Some(1), "{done}");
    assert!(jobs(&world).is_empty(), "the server has forgotten the array");
    assert_true(&world, &deeds, 1);
}

#[test]
fn arrays_are_no_larger_than_the_server_takes() {
    let pbs = FakePbs::up_with(&["--cpus", "16", "--max-array-size", "20"]);
    let deeds = deeds(50, |_| "good");
    let world = world(&pbs, &deeds);
    let done = run(&world, &["--mode", "array"]);
    assert_eq!(done.code(), Some(0), "{done}");
    assert_true(&world, &deeds, 1);
    let listed = jobs(&world);
    assert!(listed.len() == 3 && listed.iter().all(|line| line.contains("[]")), "{listed:?}");
}

#[test]
fn quick_deaths_hold_what_waits_until_somebody_lets_it_go() {
    let pbs = FakePbs::up(4);
    let world = World::new().at(&pbs);
    world.write_program(
        "work",
        "#!/bin/sh\necho \"$HSM_TASK\" >>\"$2/begun\"\n[ -e \"$2/mended\" ] || exit 1\necho \"$HSM_TASK\" >>\"$2/completed\"\n",
    );
    let (program, here) = (world.project("work"), world.project(""));
    let values: Vec<String> = (0..200).map(|value| value.to_string()).collect();
    world.write_sweep(&format!(
        "command: ['{}', '{{x}}', '{}']\nsweep:\n  grid:\n    x: [{}]\n",
        program.display(),
        here.display(),
        values.join(", ")
    ));
    let _ = run(&world, &["--mode", "array", "--hold-after", "20", "--detach"]).succeeds();
    wait_until("it is held", || status(&world)["held"].is_string());
    wait_until("nothing of the array waits for its turn or runs", || {
        let letters = subjobs(&world);
        letters.contains('H') && !letters.contains(['Q', 'R'])
    });
    let begun = noted(&world, "begun").len() as u64;
    wait_until("hsm knows of every death", || count(&world, "failed") == begun);
    let failed = begun;
    assert!((20..200).contains(&failed), "{failed} have failed");
    world.write("mended", "");
    let _ = world.hsm(&["release", "s"]).succeeds();
    wait_until("the rest is done", || count(&world, "completed") == 200 - failed);
    assert_eq!(count(&world, "failed"), failed);
    let all = noted(&world, "begun");
    assert_eq!(all, once(1..=200), "nothing ran twice, and nothing was left out");
}
