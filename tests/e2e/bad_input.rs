//! Sweep files and folders that cannot be used: each is refused with its place, before anything was made.

use hsm_tests::World;

/// A sweep file, and what standard error has to say about it.
struct Bad {
    name: &'static str,
    sweep: &'static str,
    says: &'static [&'static str],
}

const BAD_SWEEPS: &[Bad] = &[
    Bad { name: "not YAML", sweep: "sweep: [1, 2\n  grid: }", says: &["sweep.yaml:"] },
    Bad { name: "not a map", sweep: "- a\n- b\n", says: &["sweep.yaml:1:1"] },
    Bad { name: "nothing", sweep: "", says: &["sweep.yaml"] },
    Bad {
        name: "unequal pairs",
        sweep: "sweep:\n  paired:\n    - g:\n        a: [1, 2]\n        b: [1, 2, 3]\n",
        says: &["sweep.yaml:", "`g`", "2", "3"],
    },
    Bad { name: "an empty list", sweep: "sweep:\n  grid:\n    a: []\n", says: &["sweep.yaml:3:", "`a`"] },
    Bad {
        name: "given twice",
        sweep: "sweep:\n  grid:\n    a: [1]\n    a: [2]\n",
        says: &["sweep.yaml:4:", "`a`"],
    },
    Bad {
        name: "in grid and pair",
        sweep: "sweep:\n  grid:\n    a: [1]\n  paired:\n    - g:\n        a: [2]\n        b: [3]\n",
        says: &["`a`", "line 3", ":6:"],
    },
    Bad {
        name: "two readings: octal",
        sweep: "sweep:\n  grid:\n    a: [010]\n",
        says: &["sweep.yaml:3:", "010", "8", "10"],
    },
    Bad {
        name: "two readings: base sixty",
        sweep: "sweep:\n  grid:\n    a: [1:30]\n",
        says: &["sweep.yaml:3:", "1:30", "90"],
    },
    Bad {
        name: "two readings: grouping",
        sweep: "sweep:\n  grid:\n    a: [1_000]\n",
        says: &["sweep.yaml:3:", "1_000", "1000"],
    },
];

#[test]
fn bad_sweep_files_are_refused_with_their_place() {
    for bad in BAD_SWEEPS {
        let world = World::new();
        world.write("train.py", "");
        world.write_sweep(&if bad.sweep.is_empty() { String::new() } else { format!("{}\n", bad.sweep) });
        for command in [&["plan"][..], &["run"], &["plan", "--count-only"]] {
            let run = world.hsm(command);
            assert_eq!(run.code(), Some(2), "{}: {run}", bad.name);
            drop(run.says(&["error:"]).says(bad.says));
        }
        assert!(!world.project("sweeps/outputs").exists(), "{}: something was made", bad.name);
    }
}

#[test]
fn an_unknown_key_is_pointed_at() {
    let world = World::new();
    world.write("train.py", "");
    world.write_sweep("script: train.py\nsweep:\n  gird:\n    a: [1]\n  grid:\n    b: [1]\n");
    let run = world.hsm(&["plan"]);
    drop(run.says(&["sweep.yaml:3:3", "gird", "grid"]));
}

#[test]
fn a_template_must_know_its_parameters() {
    let cases = [("[prog, '{missing}', '{a}']", "missing"), ("[prog, '{b}']", "`a`"), ("[prog, '{a']", "{")];
    for (command, word) in cases {
        let world = World::new();
        world.write_sweep(&format!("command: {command}\nsweep:\n  grid:\n    a: [1]\n    b: [2]\n"));
        let _ = world.hsm(&["plan"]).ends_with(2).says(&["sweep.yaml:1:", word]);
    }
}

#[test]
fn a_missing_script_names_the_candidates() {
    let world = World::new();
    world.write("train.py", "");
    world.write_sweep("script: trian.py\nsweep:\n  grid:\n    a: [1]\n");
    let _ = world.hsm(&["run"]).ends_with(2).says(&["trian.py", "train.py"]);
}

#[test]
fn among_several_scripts_none_is_chosen() {
    let world = World::new();
    world.write("train.py", "");
    world.write("train_big.py", "");
    world.write_sweep("sweep:\n  grid:\n    a: [1]\n");
    let _ = world.hsm(&["run"]).ends_with(2).says(&["train.py", "train_big.py", "hint:"]);
    assert!(!world.project("sweeps/outputs").exists());
}

#[test]
fn a_sweep_id_that_exists_is_refused() {
    let world = World::new();
    world.write_sweep("command: ['true', '{a}']\nsweep:\n  grid:\n    a: [1]\n");
    let _ = world.hsm(&["run", "--sweep-id", "s"]).succeeds();
    let before = World::read(world.sweep_dir("s").join("plan.jsonl"));
    let _ = world.hsm(&["run", "--sweep-id", "s"]).ends_with(2).says(&["s", "exists", "hint:"]);
    assert_eq!(World::read(world.sweep_dir("s").join("plan.jsonl")), before);
}

#[test]
fn too_long_an_argument_is_refused_when_planning() {
    let world = World::new();
    let long = "x".repeat(130 * 1024);
    world.write_sweep(&format!("command: ['true', '{{a}}']\nsweep:\n  grid:\n    a: [{long}]\n"));
    let _ = world.hsm(&["run"]).ends_with(2).says(&["133120", "131071", "hint:"]);
}

#[test]
fn bad_settings_are_refused_with_their_place() {
    let cases = [
        ("local:\n  walltime: soon\n", &["config.yaml:2:", "soon"][..]),
        ("local:\n  max_parallel_jobs: none\n", &["config.yaml:2:"]),
        ("local: [1\n", &["config.yaml:"]),
    ];
    for (settings, says) in cases {
        let world = World::new();
        world.write(".hsm/config.yaml", settings);
        world.write_sweep("command: ['true', '{a}']\nsweep:\n  grid:\n    a: [1]\n");
        let _ = world.hsm(&["run"]).ends_with(2).says(says);
    }
}

#[test]
fn an_unknown_setting_is_pointed_at() {
    let world = World::new();
    world.write(".hsm/config.yaml", "local:\n  wall_time: '00:01:00'\n");
    world.write_sweep("command: ['true', '{a}']\nsweep:\n  grid:\n    a: [1]\n");
    let _ = world.hsm(&["plan"]).says(&["config.yaml:2:3", "wall_time", "walltime"]);
}

#[test]
fn errors_name_no_folder_of_this_machine_but_the_projects() {
    let world = World::new();
    world.write_sweep("sweep:\n  grid:\n    a: []\n");
    let run = world.hsm(&["plan"]).ends_with(2);
    let stderr = run.stderr_of_any_world();
    assert!(!stderr.contains("/src/") && !stderr.contains("RUST_BACKTRACE"), "{stderr}");
}
