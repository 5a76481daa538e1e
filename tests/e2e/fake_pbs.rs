//! The fake PBS answers as a real OpenPBS 23.06.06 did while it was recorded: in its words, its codes, its states and the keys of its documents.

use hsm_tests::lab::{FakePbs, Lab};
use hsm_tests::{World, wait_until};
use serde_json::Value;

/// What a command says of itself: its code, and the two things that it printed.
fn run(world: &World, program: &str, arguments: &[&str]) -> (i32, String, String) {
    let mut command = world.program(world.path("pbs").join(program));
    let output = command.args(arguments).output().unwrap_or_else(|error| panic!("{program}: {error}"));
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code().unwrap_or(-1), text(&output.stdout), text(&output.stderr))
}

/// A world whose `pbs` has the programs.
fn world_at(pbs: &FakePbs) -> World {
    let world = World::new();
    std::os::unix::fs::symlink(pbs.programs(), world.path("pbs")).expect("a link to the programs");
    world
}

fn submit(world: &World, arguments: &[&str]) -> String {
    let (code, stdout, stderr) = run(world, "qsub", arguments);
    assert_eq!((code, stderr.as_str()), (0, ""), "{arguments:?}");
    stdout.trim().to_owned()
}

/// What `qstat -x -f -F json` has of a job or a subjob.
fn job(world: &World, id: &str) -> Value {
    let (_, stdout, stderr) = run(world, "qstat", &["-x", "-f", "-F", "json", id]);
    let document: Value =
        serde_json::from_str(&stdout).unwrap_or_else(|error| panic!("{error}: {stdout}{stderr}"));
    document["Jobs"][id].clone()
}

fn wait_for(world: &World, id: &str, state: &str) -> Value {
    wait_until(&format!("{id} is {state}"), || job(world, id)["job_state"] == state);
    job(world, id)
}

/// Substate, exit status and the end of the comment, which is what a reader tells endings by.
fn ending(job: &Value) -> (i64, Option<i64>, String) {
    let comment = job["comment"].as_str().unwrap_or_default();
    let words = comment.rsplit_once("(pbs1:ncpus=1)").map_or(comment, |(_, words)| words.trim());
    let words = words.split(" by ").next().unwrap_or_default();
    (job["substate"].as_i64().expect("a substate"), job["Exit_status"].as_i64(), words.to_owned())
}

#[test]
fn endings_have_the_recorded_codes() {
    let pbs = FakePbs::up(8);
    let world = world_at(&pbs);
    world.write_program("j.sh", "#!/bin/bash\n#PBS -N demo\n#PBS -j oe\n#PBS -l walltime=00:05:00\nexit 3\n");
    let failed = submit(&world, &["j.sh"]);
    assert_eq!(failed, "1.pbs1");
    let waits = submit(&world, &["-W", "depend=afterok:1.pbs1", "--", "/bin/true"]);
    let fine = submit(&world, &["--", "/bin/true"]);
    let killed = submit(&world, &["--", "/bin/sh", "-c", "kill -9 $$"]);
    let slow = submit(&world, &["-l", "walltime=1", "--", "/bin/sleep", "100"]);
    let deleted = submit(&world, &["--", "/bin/sleep", "100"]);
    let never = submit(&world, &["-l", "select=1:ncpus=999", "--", "/bin/true"]);
    let _ = wait_for(&world, &deleted, "R");
    assert_eq!(run(&world, "qdel", &[&deleted]), (0, String::new(), String::new()));
    for (id, expected) in [
        (&failed, (93, Some(3), "and failed")),
        (&waits, (92, None, "")),
        (&fine, (92, Some(0), "and finished")),
        (&killed, (93, Some(265), "and failed")),
        (&slow, (93, Some(-29), "and exceeded resource walltime")),
        (&deleted, (91, Some(271), "and terminated")),
    ] {
        let (substate, exit_status, words) = ending(&wait_for(&world, id, "F"));
        assert_eq!((substate, exit_status, words.as_str()), expected, "{id}");
    }
    let waiting = job(&world, &never);
    assert_eq!(waiting["job_state"], "Q");
    let words = "Can Never Run: Insufficient amount of resource: ncpus (R: 999 A: ";
    assert!(waiting["comment"].as_str().is_some_and(|comment| comment.starts_with(words)), "{waiting}");
}

#[test]
fn arrays_go_through_the_recorded_states() {
    let pbs = FakePbs::up(3);
    let world = world_at(&pbs);
    let array = submit(&world, &["-J", "0-9", "--", "/bin/sleep", "100"]);
    assert_eq!(array, "1[].pbs1");
    let listed = || run(&world, "qstat", &["-t"]).1;
    let letters = || -> String { listed().lines().skip(2).filter_map(|line| line.chars().nth(62)).collect() };
    wait_until("three of them run", || letters() == "BRRRQQQQQQQ");
    // As it was recorded, column by column.
    let user = job(&world, &array)["Job_Owner"].as_str().unwrap_or_default().replace("@pbs1", "");
    let line = format!("1[0].pbs1         STDIN            {user:<16}  00:00:00 R workq           ");
    assert!(listed().contains(&line), "{line:?}\n{}", listed());
    assert_eq!(
        run(&world, "qdel", &["1[0].pbs1", "1[7].pbs1", "1[8-9].pbs1"]),
        (0, String::new(), String::new())
    );
    wait_until("four have expired, and another one runs", || letters() == "BXRRRQQQXXX");
    let parent = job(&world, &array);
    assert_eq!(parent["array_state_count"], "Queued:3 Running:3 Exiting:0 Expired:4");
    assert_eq!(parent["array_indices_remaining"], "4-6");
    assert_eq!(run(&world, "qdel", &["1[]"]).0, 0);
    let parent = wait_for(&world, &array, "F");
    assert_eq!((&parent["substate"], &parent["Exit_status"]), (&91.into(), &1.into()));
    for (index, status) in [(0, 1), (1, 271), (3, 271), (4, 1), (9, 1)] {
        let subjob = job(&world, &format!("1[{index}].pbs1"));
        assert_eq!((&subjob["substate"], &subjob["Exit_status"]), (&91.into(), &status.into()), "{index}");
    }
    let throttled =
        submit(&world, &["-J", "1-9:2%2", "-N", "arr", "--", "/bin/sh", "-c", "exit $PBS_ARRAY_INDEX"]);
    let parent = wait_for(&world, &throttled, "F");
    assert_eq!(ending(&parent), (93, Some(1), parent["comment"].as_str().unwrap_or_default().to_owned()));
    assert_eq!(job(&world, "2[5].pbs1")["Exit_status"], 5);
}

#[test]
fn documents_have_the_recorded_keys() {
    let pbs = FakePbs::up(1);
    let world = world_at(&pbs);
    world.write_program("j.sh", "#!/bin/bash\n#PBS -N demo\n#PBS -j oe\n#PBS -l walltime=00:05:00\nexit 3\n");
    // The recorded one had something behind it that waited for it.
    let finished = submit(&world, &["j.sh"]);
    let finished = wait_for(&world, &finished, "F");
    let blocking = submit(&world, &["--", "/bin/sleep", "100"]);
    let _ = wait_for(&world, &blocking, "R");
    world.write("stdin", "true\n");
    let queued = submit(&world, &["-N", "stdin", "stdin"]);
    let array = submit(
        &world,
        &["-J", "0-3%2", "-N", "arr", "--", "/bin/sh", "-c", "sleep 2; exit $PBS_ARRAY_INDEX"],
    );
    let waits = |id: &str| job(&world, id)["comment"] == "Not Running: Not enough free nodes available";
    wait_until("both wait", || waits(&queued) && waits(&array));
    for (name, found) in
        [("finished", finished), ("queued", job(&world, &queued)), ("array", job(&world, &array))]
    {
        let recorded = World::read_json(World::checkout(&format!("tests/e2e/recorded/openpbs-{name}.json")));
        let recorded =
            recorded["Jobs"].as_object().and_then(|jobs| jobs.values().next()).expect("a recorded job");
        let keys = |job: &Value| -> Vec<String> {
            let keys = job.as_object().expect("a job").keys();
            keys.filter(|key| *key != "depend").cloned().collect()
        };
        assert_eq!(keys(&found), keys(recorded), "{name}");
        for key in [
            "job_state",
            "substate",
            "Exit_status",
            "Join_Path",
            "Resource_List",
            "array_state_count",
            "array_indices_remaining",
        ] {
            if key != "Resource_List" || name != "finished" {
                assert_eq!(found[key], recorded[key], "{name}: {key}");
            }
        }
    }
    let (_, empty, _) = run(&world, "qstat", &["-f", "-F", "json", "1.pbs1"]);
    assert!(!empty.contains("Jobs"), "{empty}");
}

#[test]
fn refusals_have_the_recorded_words_and_codes() {
    let pbs = FakePbs::up(8);
    let world = world_at(&pbs);
    let finished = submit(&world, &["--", "/bin/true"]);
    let _ = wait_for(&world, &finished, "F");
    for (program, arguments, words, code) in [
        ("qstat", &["9999.pbs1"][..], "qstat: Unknown Job Id 9999.pbs1", 153),
        (
            "qstat",
            &["1.pbs1"],
            "qstat: 1.pbs1 Job has finished, use -x or -H to obtain historical job information",
            35,
        ),
        ("qdel", &["9999.pbs1"], "qdel: Unknown Job Id 9999.pbs1", 153),
        ("qdel", &["1.pbs1"], "qdel: Job has finished 1.pbs1", 35),
        ("qsub", &["-q", "nope", "--", "/bin/true"], "qsub: Unknown queue", 170),
        (
            "qsub",
            &["-J", "0-10000", "--", "/bin/true"],
            "qsub: Array job exceeds server or queue size limit",
            3,
        ),
        (
            "qsub",
            &["-l", "walltime=abc", "--", "/bin/true"],
            "qsub: Illegal attribute or resource value Resource_List.walltime",
            166,
        ),
        ("qsub", &["/nonexistent"], "qsub: script file:: No such file or directory", 1),
    ] {
        let (found, _, stderr) = run(&world, program, arguments);
        assert_eq!((stderr.trim_end(), found), (words, code), "{program} {arguments:?}");
    }
    let forgetful = FakePbs::up_with(&["--no-history"]);
    let world = world_at(&forgetful);
    let (_, _, stderr) = run(&world, "qstat", &["-x"]);
    assert_eq!(stderr, "qstat: PBS is not configured to maintain job history\n");
}

#[test]
fn a_server_that_was_stopped_knows_what_happened_meanwhile() {
    let pbs = FakePbs::up(8);
    let world = world_at(&pbs);
    let going = world.path("going");
    let line = format!("touch {0}; while [ -e {0} ]; do sleep 0.1; done; exit 7", going.display());
    let id = submit(&world, &["--", "/bin/sh", "-c", &line]);
    wait_until("it runs", || going.exists());
    pbs.stop_server();
    assert_ne!(run(&world, "qstat", &[]).0, 0);
    std::fs::remove_file(&going).expect("the file");
    pbs.start_server();
    assert_eq!(wait_for(&world, &id, "F")["Exit_status"], 7);
    let held = submit(&world, &["-h", "--", "/bin/true"]);
    assert_eq!(job(&world, &held)["job_state"], "H");
    assert_eq!(run(&world, "qrls", &[&held]).0, 0);
    let _ = wait_for(&world, &held, "F");
}
