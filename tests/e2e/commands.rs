//! What every command promises: documented JSON, exit codes, help, output that can be cut off, and finding the project from anywhere.

use hsm_tests::World;
use std::io::Read;
use std::process::Stdio;

fn world_with_sweeps(ids: &[&str]) -> World {
    let world = World::new();
    world.write_sweep(
        "command: [/bin/sh, -c, 'echo oh no {x} >&2; exit {x}']\nsweep:\n  grid:\n    x: [0, 7]\n",
    );
    for id in ids {
        let _ = world.hsm(&["run", "--sweep-id", id]).ends_with(1);
    }
    world
}

fn keys(value: &serde_json::Value) -> Vec<String> {
    let mut keys: Vec<_> = value.as_object().expect("an object").keys().cloned().collect();
    keys.sort();
    keys
}

#[test]
fn json_has_the_documented_keys() {
    let world = world_with_sweeps(&["s"]);
    let json = |arguments: &[&str]| world.hsm(arguments).succeeds().json();
    let plan = json(&["plan", "--json"]);
    assert_eq!(keys(&plan), ["count", "format", "tasks"]);
    assert_eq!(keys(&plan["tasks"][0]), ["argv", "id", "params", "task"]);
    let status = json(&["status", "s", "--json"]);
    let expected = [
        "counts",
        "format",
        "held",
        "jobs",
        "observed",
        "plugins",
        "source",
        "sweep_dir",
        "sweep_id",
        "tasks",
        "trouble",
        "unsent",
    ];
    assert_eq!(keys(&status), expected);
    assert_eq!(keys(&status["counts"]), ["cancelled", "completed", "failed", "queued", "running", "unknown"]);
    assert_eq!(
        keys(&status["tasks"][0]),
        ["attempts", "ended", "exit_code", "node", "reason", "started", "state", "task"]
    );
    assert_eq!(status["sweep_dir"], world.sweep_dir("s").to_string_lossy().into_owned());
    let table = json(&["collect", "s", "--format", "json"]);
    assert_eq!(keys(&table), ["format", "rows", "sweep_id"]);
    assert_eq!(keys(&table["rows"][0]), ["metrics", "missing", "params", "state", "task"]);
    assert_eq!(keys(&json(&["list", "--json"])), ["format", "sweeps"]);
}

#[test]
fn times_are_universal() {
    let world = world_with_sweeps(&["s"]);
    let status = world.hsm(&["status", "s", "--json"]).succeeds().json();
    for name in ["started", "ended"] {
        let time = status["tasks"][0][name].as_str().expect("a time");
        assert!(time.starts_with("20") && time.contains('T') && time.ends_with('Z'), "{name}: {time}");
    }
}

#[test]
fn the_newest_sweep_is_meant_where_none_is_named() {
    let world = world_with_sweeps(&["zz-first", "aa-second"]);
    assert_eq!(world.hsm(&["status", "--json"]).succeeds().json()["sweep_id"], "aa-second");
    let list = world.hsm(&["list", "--json"]).succeeds().json();
    let ids: Vec<_> =
        list["sweeps"].as_array().expect("sweeps").iter().map(|sweep| sweep["sweep_id"].clone()).collect();
    assert_eq!(ids, ["aa-second", "zz-first"]);
    let _ = world.hsm(&["list"]).succeeds().prints(&["aa-second", "zz-first"]);
}

#[test]
fn errors_shows_why() {
    let world = world_with_sweeps(&["s"]);
    let run = world.hsm(&["errors", "s"]);
    let _ = run.prints(&["oh no 7", "2"]);
}

#[test]
fn status_of_a_finished_sweep_is_no_failure_of_status() {
    let world = world_with_sweeps(&["s"]);
    let _ = world.hsm(&["status", "s"]).succeeds().prints(&["completed", "failed"]);
}

/// Wrong usage, and the exit code it has.
const WRONG: &[(&[&str], i32)] = &[
    (&[], 2),
    (&["frobnicate"], 2),
    (&["run", "--parallel-jobs", "0"], 2),
    (&["run", "-p", "many"], 2),
    (&["run", "--walltime", "soon"], 2),
    (&["run", "--sweep-id", "../up"], 2),
    (&["run", "--sweep-id", "-x"], 2),
    (&["run", "--mode", "array"], 2),
    (&["run", "sweeps/other.yaml"], 5),
    (&["status", "nobody"], 5),
    (&["collect", "nobody"], 5),
    (&["cancel", "nobody"], 5),
    (&["complete", "nobody"], 5),
    (&["errors", "nobody"], 5),
    (&["monitor", "nobody"], 5),
    (&["collect", "s", "--format", "xml"], 2),
    (&["collect", "s", "--config", "nothing"], 2),
    (&["--plugin", "none.wasm", "collect", "s"], 5),
];

#[test]
fn exit_codes_tell_what_was_wrong() {
    let world = world_with_sweeps(&["s"]);
    for (arguments, code) in WRONG {
        let run = world.hsm(arguments).ends_with(*code);
        assert!(run.stdout.is_empty(), "an error belongs on standard error\n{run}");
        assert!(!run.stderr.is_empty(), "{run}");
    }
}

#[test]
fn an_unknown_sweep_suggests_the_one_that_was_meant() {
    let world = world_with_sweeps(&["monday"]);
    let _ = world.hsm(&["status", "mondya"]).ends_with(5).says(&["mondya", "hint:", "monday"]);
}

#[test]
fn outside_a_project_it_is_said() {
    let world = World::new();
    let _ = world.hsm_in(&world.path("tmp"), &["status"]).ends_with(5).says(&["hint:", "hsm init"]);
}

#[test]
fn settings_of_somebody_else_are_refused_until_trusted() {
    let world = World::new();
    world.write_sweep("command: ['true', '{x}']\nsweep:\n  grid:\n    x: [1]\n");
    let settings = world.project(".hsm/config.yaml");
    std::os::unix::fs::chown(&settings, Some(65534), None).unwrap_or_else(|error| {
        panic!("this test gives a file away, for which it has to run as root: {error}")
    });
    let _ = world.hsm(&["run", "--sweep-id", "s"]).ends_with(4).says(&["config.yaml", "hint:", "hsm trust"]);
    assert!(!world.sweep_dir("s").exists());
    let _ = world.hsm(&["trust"]).succeeds();
    let _ = world.hsm(&["run", "--sweep-id", "s"]).succeeds();
    // What was trusted is that text, and not whatever comes after it.
    std::fs::write(&settings, "local:\n  pre_script: touch hacked\n").expect("other settings");
    let _ = world.hsm(&["run", "--sweep-id", "t"]).ends_with(4);
    assert!(!world.project("hacked").exists());
}

#[test]
fn a_reader_may_stop_listening() {
    let world = World::new();
    let values = (0..20_000).map(|i| i.to_string()).collect::<Vec<_>>().join(",");
    world.write_sweep(&format!("command: ['true', '{{x}}']\nsweep:\n  grid:\n    x: [{values}]\n"));
    let mut child = world
        .command(&["plan", "--json", "--all"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("a plan");
    let mut first = [0; 10];
    child.stdout.take().expect("a pipe").read_exact(&mut first).expect("a beginning");
    let mut stderr = String::new();
    child.stderr.take().expect("a pipe").read_to_string(&mut stderr).expect("text");
    let status = child.wait().expect("an end");
    assert!(stderr.is_empty(), "{status}: {stderr}");
}

#[test]
fn completions_know_the_commands() {
    let world = World::new();
    for shell in ["bash", "zsh", "fish"] {
        let _ = world.hsm(&["completions", shell]).succeeds().prints(&["collect", "complete"]);
    }
}

#[test]
fn help_is_on_standard_output() {
    let world = World::new();
    for command in [
        "init",
        "plan",
        "run",
        "status",
        "monitor",
        "list",
        "collect",
        "complete",
        "cancel",
        "errors",
        "completions",
    ] {
        let _ = world.hsm(&[command, "--help"]).succeeds().prints(&["Usage:"]);
        let _ = world.hsm(&["--help"]).succeeds().prints(&[command]);
    }
    for (alias, of) in [("sweep", "run"), ("watch", "monitor"), ("recent", "list")] {
        let text = |name: &str| world.hsm(&[name, "--help"]).succeeds().stdout;
        assert_eq!(text(alias), text(of));
    }
}

#[test]
fn init_never_overwrites() {
    let world = World::new();
    world.write(".hsm/config.yaml", "# mine\nproject:\n  name: kept\n");
    world.write("train.py", "");
    let _ = world.hsm(&["init"]);
    assert_eq!(World::read(world.project(".hsm/config.yaml")), "# mine\nproject:\n  name: kept\n");
}

#[test]
fn init_makes_a_project_that_plans() {
    let world = World::new();
    std::fs::create_dir(world.path("new")).expect("a folder");
    std::fs::write(world.path("new/train.py"), "print('trained')\n").expect("a script");
    let _ = world.hsm_in(&world.path("new"), &["init"]).succeeds();
    let _ = world.hsm_in(&world.path("new"), &["plan"]).succeeds().prints(&["train.py"]);
}

#[test]
fn the_example_runs_from_the_binary_alone() {
    let world = World::new();
    let folder = world.path("example");
    std::fs::create_dir(&folder).expect("a folder");
    let _ = world.hsm_in(&folder, &["init", "--example"]).succeeds();
    let _ = world.hsm_in(&folder, &["run", "-p", "2", "--sweep-id", "first"]).succeeds();
    let table = world.hsm_in(&folder, &["collect", "--format", "json"]).succeeds().json();
    let rows = table["rows"].as_array().expect("rows");
    assert!(rows.len() >= 24, "a few dozen tasks");
    let accuracy = |row: &serde_json::Value| row["metrics"]["accuracy"].as_f64().expect("an accuracy");
    let best = rows.iter().map(accuracy).fold(0.0, f64::max);
    let worst = rows.iter().map(accuracy).fold(1.0, f64::min);
    assert!(best > 0.9 && worst < 0.8, "results that differ: {worst} to {best}");
}
