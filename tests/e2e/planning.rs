//! From a sweep file to arguments: what is planned is what runs, byte for byte.

use hsm_tests::World;
use serde_json::{Value, json};

const ARGV: &str = include_str!("../programs/argv.py");

/// A world whose script keeps what it was started with.
fn world_of_arguments(sweep: &str) -> World {
    let world = World::new();
    world.write("train.py", ARGV);
    world.write_sweep(&format!("script: train.py\n{sweep}"));
    world
}

fn started(world: &World, task: u64) -> Value {
    World::read_json(world.task_dir("s", task).join("started.json"))
}

/// The arguments of one task, without the interpreter, as `hsm plan --json` gives them.
fn planned(world: &World, options: &[&str]) -> Vec<Value> {
    let plan = world.hsm(&[&["plan", "--json"], options].concat()).succeeds().json();
    plan["tasks"].as_array().expect("a list of tasks").clone()
}

/// What stands in the file, and the one argument that has to arrive.
const SCALARS: &[(&str, &str)] = &[
    ("1e-3", "x=1e-3"),
    ("0.10", "x=0.10"),
    ("1.0e-3", "x=1.0e-3"),
    ("+5", "x=+5"),
    (".5", "x=.5"),
    ("0x1F", "x=0x1F"),
    ("99999999999999999999", "x=99999999999999999999"),
    ("true", "x=true"),
    ("False", "x=false"),
    ("null", "x=null"),
    ("~", "x=null"),
    ("yes", "x=true"),
    ("no", "x=false"),
    ("on", "x=true"),
    ("off", "x=false"),
    (".nan", "x=nan"),
    (".inf", "x=inf"),
    ("-.inf", "x=-inf"),
    ("2026-01-01", "x=2026-01-01"),
    ("plain", "x=plain"),
    ("[64, 32]", "x=[64,32]"),
    ("[[1, 2], [3]]", "x=[[1,2],[3]]"),
    ("{a: 1, b: [x]}", "x={a:1,b:[x]}"),
];

#[test]
fn scalars_arrive_as_written() {
    let values: Vec<&str> = SCALARS.iter().map(|(written, _)| *written).collect();
    let world = world_of_arguments(&format!("sweep:\n  grid:\n    x: [{}]\n", values.join(", ")));
    let run = world.hsm(&["run", "--sweep-id", "s", "-p", "2", "--no-progress"]).succeeds();
    drop(run.says(&[]));
    for (task, (written, argument)) in (1..).zip(SCALARS) {
        assert_eq!(started(&world, task)["argv"][1], json!(argument), "`{written}`");
    }
    let tasks = planned(&world, &["--all"]);
    assert_eq!(tasks.len(), SCALARS.len());
    for (task, (written, argument)) in tasks.iter().zip(SCALARS) {
        assert_eq!(task["argv"][2], json!(argument), "`{written}` in the plan");
    }
}

/// Texts as a command's arguments: exactly these bytes, whatever a shell would make of them.
const TEXTS: &[&str] = &[
    "007",
    "yes",
    "a b",
    "it's",
    "$HOME",
    "`touch hacked`",
    "$(touch hacked)",
    "a;touch hacked",
    "two\nlines",
    "é🙂",
    "",
    "*",
    "-n",
    "\"quoted\"",
    "back\\slash",
    "{x}",
    "#no comment",
    "tab\there",
    " spaces ",
];

#[test]
fn texts_never_meet_a_shell() {
    let world = World::new();
    world.write("argv.py", ARGV);
    let values = TEXTS.iter().map(|text| json!(text).to_string()).collect::<Vec<_>>().join(", ");
    let command = "command: [python3, argv.py, '{text}', 'in the middle: {text}.']";
    world.write_sweep(&format!("{command}\nsweep:\n  grid:\n    text: [{values}]\n"));
    let _ = world.hsm(&["run", "--sweep-id", "s", "-p", "2"]).succeeds();
    for (task, text) in (1..).zip(TEXTS) {
        let argv = &started(&world, task)["argv"];
        assert_eq!(argv[1], json!(text));
        assert_eq!(argv[2], json!(format!("in the middle: {text}.")));
        assert_eq!(started(&world, task)["params"]["text"], json!(text), "in params.json");
    }
    assert!(!world.project("hacked").exists());
}

#[test]
fn a_script_gets_parameters_then_group_then_folder() {
    let world = world_of_arguments("sweep:\n  grid:\n    b: [1]\n    a: [2]\n");
    let _ = world.hsm(&["run", "--sweep-id", "s", "--group", "night"]).succeeds();
    let folder = world.task_dir("s", 1).to_string_lossy().into_owned();
    let argv = &started(&world, 1)["argv"];
    let rest = json!(["b=1", "a=2", "wandb.group=night", format!("output.dir={folder}")]);
    assert_eq!(argv.as_array().map(|argv| json!(argv[1..].to_vec())), Some(rest));
    assert!(argv[0].as_str().is_some_and(|script| script.ends_with("train.py")), "{argv}");
}

#[test]
fn the_group_is_the_sweep_where_nobody_names_one() {
    let world = world_of_arguments("sweep:\n  grid:\n    a: [2]\n");
    let _ = world.hsm(&["run", "--sweep-id", "s"]).succeeds();
    assert_eq!(started(&world, 1)["argv"][2], json!("wandb.group=s"));
}

#[test]
fn a_hydra_script_is_told_where_to_run() {
    let world = World::new();
    world.write("train.py", format!("# import hydra: @hydra.main(config_path=None)\nimport sys\n{ARGV}"));
    world.write_sweep("script: train.py\nhydra: true\nsweep:\n  grid:\n    a: [2]\n");
    let _ = world.hsm(&["run", "--sweep-id", "s"]).succeeds();
    let argv = started(&world, 1)["argv"].to_string();
    let folder = world.task_dir("s", 1);
    assert!(argv.contains(&format!("hydra.run.dir={}", folder.display())), "{argv}");
}

#[test]
fn a_task_knows_where_it_is() {
    let world = world_of_arguments("sweep:\n  grid:\n    a: [2]\n");
    let _ = world.hsm(&["run", "--sweep-id", "s"]).succeeds();
    let started = started(&world, 1);
    let folder = world.task_dir("s", 1).to_string_lossy().into_owned();
    assert_eq!(started["environment"]["HSM_SWEEP_ID"], "s");
    assert_eq!(started["environment"]["HSM_TASK"], "1");
    assert_eq!(started["environment"]["HSM_TASK_DIR"], folder);
    assert_eq!(started["params"], json!({"a": 2}));
    assert_eq!(started["stdin"], "", "standard input is empty");
    assert_eq!(started["leads_its_group"], true);
    assert_eq!(World::read(world.task_dir("s", 1).join("stdout.log")), "to standard output\n");
    assert_eq!(World::read(world.task_dir("s", 1).join("stderr.log")), "to standard error\n");
}

/// A sweep with everything in it, and its points in order.
const ALGEBRA: &str = "\
sweep:
  grid:
    model:
      depth: [1, 2]
    lr: [0.1, 0.01]
  paired:
    - data:
        set: [small, large]
        epochs: [9, 3]
  exclude:
    - {model.depth: 2, lr: 0.01}
";

#[test]
fn the_plan_keeps_the_order_of_the_file() {
    let world = world_of_arguments(ALGEBRA);
    let points: Vec<Value> = planned(&world, &["--all"]).iter().map(|task| task["params"].clone()).collect();
    let point =
        |depth, lr: f64, set, epochs| json!({"model.depth": depth, "lr": lr, "set": set, "epochs": epochs});
    let expected = [
        point(1, 0.1, "small", 9),
        point(1, 0.1, "large", 3),
        point(1, 0.01, "small", 9),
        point(1, 0.01, "large", 3),
        point(2, 0.1, "small", 9),
        point(2, 0.1, "large", 3),
    ];
    assert_eq!(points, expected);
}

#[test]
fn include_keeps_what_it_names() {
    let world = world_of_arguments(&format!("{ALGEBRA}  include:\n    - {{set: large, lr: 0.1}}\n"));
    let points: Vec<Value> =
        planned(&world, &["--all"]).iter().map(|task| task["params"]["model.depth"].clone()).collect();
    assert_eq!(points, [1, 2]);
}

#[test]
fn combinations_are_taken_as_they_are() {
    let world = world_of_arguments("sweep:\n  combinations:\n    - {a: 1, b: x}\n    - {a: 2, b: y}\n");
    let points: Vec<Value> = planned(&world, &[]).iter().map(|task| task["params"].clone()).collect();
    assert_eq!(points, [json!({"a": 1, "b": "x"}), json!({"a": 2, "b": "y"})]);
}

#[test]
fn the_plan_is_what_runs() {
    let world = world_of_arguments(ALGEBRA);
    let tasks = planned(&world, &["--group", "g", "--max-runs", "3"]);
    assert_eq!(tasks.len(), 3);
    let _ = world.hsm(&["run", "--sweep-id", "s", "--group", "g", "--max-runs", "3"]).succeeds();
    for (number, task) in (1..).zip(&tasks) {
        let planned: Vec<_> =
            task["argv"].as_array().expect("arguments").iter().filter_map(Value::as_str).collect();
        let started = started(&world, number);
        let started: Vec<_> =
            started["argv"].as_array().expect("arguments").iter().filter_map(Value::as_str).collect();
        // The plan has no sweep yet, so the folder, which is the last argument, cannot be the same.
        assert_eq!(planned[2..planned.len() - 1], started[1..started.len() - 1]);
        assert!(planned[planned.len() - 1].starts_with("output.dir="), "{planned:?}");
    }
    assert!(!world.task_dir("s", 4).exists(), "--max-runs 3");
}

#[test]
fn dry_run_starts_nothing() {
    let world = world_of_arguments(ALGEBRA);
    let _ = world.hsm(&["run", "--dry-run"]).succeeds().prints(&["6 tasks", "lr=0.1"]);
    assert!(!world.project("sweeps/outputs").exists());
}

#[test]
fn pairs_are_shown_as_rows() {
    let world = world_of_arguments(ALGEBRA);
    let plan = world.hsm(&["plan"]).succeeds();
    let row = |a: &str, b: &str| plan.stdout.lines().any(|line| line.contains(a) && line.contains(b));
    assert!(row("small", "9") && row("large", "3"), "{plan}");
    drop(plan.prints(&["6 tasks", "train.py", "lr=0.1", "epochs=9"]));
}

#[test]
fn one_task_can_be_asked_for() {
    let world = world_of_arguments(ALGEBRA);
    let tasks = planned(&world, &["--task", "4"]);
    assert_eq!(tasks.len(), 1);
    assert_eq!(tasks[0]["task"], 4);
    assert_eq!(tasks[0]["params"]["epochs"], 3);
    assert_eq!(tasks[0]["id"].as_str().map(str::len), Some(16));
    let _ = world.hsm(&["plan", "--task", "7"]).ends_with(2).says(&["7", "6"]);
}

#[test]
fn the_first_ten_unless_more_are_asked_for() {
    let values = (0..30).map(|i| i.to_string()).collect::<Vec<_>>().join(",");
    let world = world_of_arguments(&format!("sweep:\n  grid:\n    a: [{values}]\n"));
    for (options, shown) in [(&[][..], 10), (&["--first", "12"], 12), (&["--all"], 30)] {
        assert_eq!(planned(&world, options).len(), shown, "{options:?}");
    }
    assert_eq!(world.hsm(&["plan", "--json"]).succeeds().json()["count"], 30);
}

#[test]
fn a_trillion_points_are_counted_at_once() {
    let hundred = (0..100).map(|i| i.to_string()).collect::<Vec<_>>().join(",");
    let axes: String =
        ["a", "b", "c", "d", "e", "f"].map(|name| format!("    {name}: [{hundred}]\n")).concat();
    let world = world_of_arguments(&format!("sweep:\n  grid:\n{axes}"));
    let run = world.hsm(&["plan", "--count-only"]).succeeds();
    assert_eq!(run.stdout.trim(), "1000000000000");
    let last = planned(&world, &["--task", "1000000000000"]);
    assert_eq!(last[0]["params"], json!({"a": 99, "b": 99, "c": 99, "d": 99, "e": 99, "f": 99}));
}

#[test]
fn words_that_were_booleans_once_are_said_once() {
    let world = world_of_arguments("sweep:\n  grid:\n    a: [yes, no, yes]\n");
    let plan = world.hsm(&["plan"]).succeeds().says(&["yes"]);
    let notes = plan.stderr.lines().filter(|line| line.contains("warning:")).count();
    assert_eq!(notes, 1, "{plan}");
}

#[test]
fn the_sweep_wrapper_and_the_config_option_are_optional() {
    for text in ["sweep:\n  grid:\n    a: [1, 2]\n", "grid:\n  a: [1, 2]\n"] {
        let world = World::new();
        world.write("train.py", ARGV);
        world.write("other.yaml", format!("script: train.py\n{text}"));
        let count = world.hsm(&["plan", "-c", "other.yaml", "--count-only"]).succeeds();
        assert_eq!(count.stdout.trim(), "2");
    }
}

#[test]
fn older_settings_and_the_users_own_are_read() {
    let world = world_of_arguments("sweep:\n  grid:\n    a: [1, 2, 3, 4]\n");
    std::fs::remove_file(world.project(".hsm/config.yaml")).expect("the newer settings");
    world.write(
        "sweeps/hsm_config.yaml",
        "project:\n  name: old\nwandb:\n  project: birds\nlocal:\n  max_parallel_jobs: 2\n",
    );
    world.write(
        "../home/.hsm/config.yaml",
        "project:\n  name: mine\nlocal:\n  max_parallel_jobs: 3\n  walltime: '00:07:00'\n",
    );
    let run = world.hsm(&["run", "--sweep-id", "s", "--no-progress"]).succeeds();
    drop(run.says(&["2"]));
}
