//! Somebody who writes a plugin: what `hsm plugin new` makes builds, passes its tests and answers as a component; and what goes wrong on
//! the way is said.

use hsm_tests::{Run, Running, World};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Building the SDK's macros takes a minute of a slow machine's time, and somebody else may hold the folder.
const BUILD: Duration = Duration::from_secs(1_200);

/// A world to build plugins in, whose own tests find this very hsm.
fn workshop() -> World {
    let world = World::new().with_rust();
    let hsm = world.command(&[]).get_program().to_owned();
    world.with_variable("HSM_BIN", hsm)
}

/// A new plugin of that role, in a folder of its name. The versions of packages are those of this checkout, which are here already.
fn begin(world: &World, role: &str, name: &str) -> PathBuf {
    let _ = world.hsm(&["plugin", "new", role, name]).succeeds().says(&["./build", "cargo test"]);
    let folder = world.project(name);
    std::fs::copy(World::checkout("Cargo.lock"), folder.join("Cargo.lock"))
        .expect("the versions of packages");
    folder
}

fn run_in(folder: &Path, mut command: Command) -> Run {
    command.current_dir(folder);
    Running::start(&mut command, folder).wait_within(BUILD)
}

/// `cargo test`, `./build`, and the same fixtures from the plugin's own tests against the component.
fn builds_and_passes(world: &World, folder: &Path) {
    // They share a folder, and one build may take away what another's documentation tests are about to read.
    static BUILDS: Mutex<()> = Mutex::new(());
    let _alone = BUILDS.lock().unwrap_or_else(PoisonError::into_inner);
    let cargo_test = || {
        let mut command = world.program("cargo");
        command.arg("test");
        run_in(folder, command)
    };
    let _ = cargo_test().succeeds().prints(&["fixtures_are_answered_as_expected ... ok"]);
    let _ = run_in(folder, world.program(folder.join("build"))).succeeds().prints(&["plugin.wasm ("]);
    let component = "#[test]\nfn as_a_component() {\n    hsm_sdk::testing::replay_component(env!(\"CARGO_MANIFEST_DIR\"));\n}\n";
    std::fs::create_dir_all(folder.join("tests")).expect("a folder for tests");
    std::fs::write(folder.join("tests/component.rs"), component).expect("a test of the component");
    let _ = cargo_test().succeeds().prints(&["as_a_component ... ok"]);
}

#[test]
fn a_new_generator_builds_and_answers() {
    let world = workshop();
    let folder = begin(&world, "generator", "ladder");
    builds_and_passes(&world, &folder);
    let _ = world.hsm(&["plugin", "test", "ladder"]).succeeds().says(&[
        "`five-steps`",
        "`one-step`",
        "ladder: 2 fixtures, each twice",
    ]);
    world.write_sweep(
        "command: [echo, '{lr}']\ngenerator:\n  plugin: ladder\n  config: {parameter: lr, from: 0, to: 1, steps: 5}\n",
    );
    let plugin = folder.join("plugin.wasm").to_string_lossy().into_owned();
    let plan = world.hsm(&["--plugin", &plugin, "plan", "--json"]).succeeds().json();
    assert_eq!(plan["tasks"][4]["params"]["lr"], 1.0, "{plan}");
}

#[test]
fn a_new_aggregator_builds_and_answers() {
    let world = workshop();
    let folder = begin(&world, "aggregator", "means");
    builds_and_passes(&world, &folder);
    world.ship_plugin("means", &[]);
    world.write_program(
        "work.sh",
        "#!/bin/sh\necho \"{\\\"score\\\": $1.5}\" >\"$HSM_TASK_DIR/results.json\"\n",
    );
    world.write_sweep("command: [./work.sh, '{a}']\ngrid: {a: [1, 2]}\n");
    let _ = world.hsm(&["run", "--sweep-id", "s"]).succeeds();
    let configured = ["--config", "metric=score", "--config", "by=a"];
    let run = world.hsm(&[&["--plugin", "means", "collect", "s"], &configured[..]].concat()).succeeds();
    assert!(run.stdout.contains("2.5"), "{run}");
}

#[test]
fn a_new_scheduler_builds_and_answers() {
    let world = workshop();
    // Names that cargo has other plans for are names of plugins all the same.
    let folder = begin(&world, "scheduler", "match");
    builds_and_passes(&world, &folder);
    let _ = world.hsm(&["plugin", "test", "match"]).succeeds().says(&["match: 9 fixtures, each twice"]);
    // It may ask only for commands that its manifest lists, whatever it was built to do.
    let manifest = World::read(folder.join("plugin.toml"));
    world.write("match/plugin.toml", manifest.replace(", \"qsub\"]", "]"));
    let _ = world.hsm(&["plugin", "test", "match"]).ends_with(6).says(&[
        "differs `submit`",
        "asks for the command `qsub`, and may have only `qconf`, `qdel`, `qhold`, `qrls`, `qstat`",
    ]);
}

#[test]
fn a_new_plugin_overwrites_nothing_and_has_a_proper_name() {
    let world = World::new();
    let cases: [(&[&str], &[&str]); 3] = [
        (
            &["generator", "My Plugin"],
            &["`My Plugin` is no name for a plugin", "hint: ", "`my-plugin` would do"],
        ),
        (&["generator", "../x"], &["`../x` is no name for a plugin"]),
        (&["aggregator", "sweeps"], &["`sweeps` exists and is not empty", "hint: name another folder"]),
    ];
    world.write("sweeps/mine.txt", "mine");
    for (arguments, words) in cases {
        let arguments: Vec<&str> = ["plugin", "new"].iter().chain(arguments).copied().collect();
        let _ = world.hsm(&arguments).ends_with(2).says(words);
    }
    assert_eq!(World::read(world.project("sweeps/mine.txt")), "mine");
    assert!(!world.project("x").exists());
}

/// A folder with the built latin-hypercube plugin and one fixture.
fn sampler(world: &World, input: &str, expected: Option<&str>) {
    let manifest = World::checkout("plugins/latin-hypercube/plugin.toml");
    world.write("sampler/plugin.toml", World::read(manifest));
    world.write("sampler/README.md", "A sampler.\n");
    let wasm = std::fs::read(World::plugin("latin-hypercube")).expect("a built plugin");
    world.write("sampler/plugin.wasm", wasm);
    world.write("sampler/fixtures/two/input.json", input);
    if let Some(expected) = expected {
        world.write("sampler/fixtures/two/expected.json", expected);
    }
}

/// An aggregator that may read results finds those of the fixture, from a folder and from a bundle; one that may not is told so.
#[test]
fn a_fixture_has_tasks_to_read() {
    let world = World::new();
    let manifest = |more: &str| {
        format!(
            "format = 1\nname = \"reader\"\nversion = \"0.1.0\"\nrole = \"aggregator\"\nwit = \"0.1\"\nsummary = \"x\"\nlicense = \"MIT\"\n{more}"
        )
    };
    world.write("reader/plugin.toml", manifest("[capabilities]\nread-results = true\n"));
    world.write("reader/README.md", "A reader.\n");
    let wasm = std::fs::read(World::plugin("wayward-aggregator")).expect("a built plugin");
    world.write("reader/plugin.wasm", wasm);
    for (case, deed) in [("reads", "read"), ("cannot-write", "write")] {
        let input =
            format!(r#"{{"config": {{"do": "{deed}", "path": "/tasks/task_1/log.txt"}}, "batches": []}}"#);
        world.write(&format!("reader/fixtures/{case}/input.json"), input);
        world.write(&format!("reader/fixtures/{case}/tasks/task_1/log.txt"), "what it wrote");
    }
    let _ = world.hsm(&["plugin", "test", "reader", "--bless"]).succeeds();
    let seen = |case: &str| World::read(world.project(&format!("reader/fixtures/{case}/expected/seen.md")));
    assert_eq!(seen("reads"), "done: what it wrote\n");
    assert!(seen("cannot-write").starts_with("refused: "), "{}", seen("cannot-write"));
    let _ = world.hsm(&["plugin", "pack", "reader", "-o", "reader.tar"]).succeeds();
    let _ = world.hsm(&["plugin", "test", "reader.tar"]).succeeds().says(&["reader: 2 fixtures, each twice"]);

    world.write("reader/plugin.toml", manifest(""));
    let _ = world.hsm(&["plugin", "test", "reader"]).ends_with(2).says(&[
        "the fixture `cannot-write` has a folder `tasks`, and the plugin does not ask to read what tasks wrote",
        "hint: write `read-results = true`",
    ]);
}

const SAMPLES: &str = r#"{"config": {"samples": 2, "axes": {"n": {"choice": ["a", "b"]}}}, "seed": 7}"#;

#[test]
fn a_wrong_answer_is_shown_and_can_be_taken() {
    let world = World::new();
    sampler(&world, SAMPLES, Some(r#"{"columns": [{"name": "n", "texts": ["a", "c"]}]}"#));
    let wrong = world.hsm(&["plugin", "test", "sampler"]).ends_with(6);
    let _ = wrong.says(&[
        "differs `two`: column `n`, row ",
        "expected ",
        "error: 1 of 1 fixture of `latin-hypercube` did not end as expected",
        "hint: if the plugin is right, `hsm plugin test sampler --bless`",
    ]);
    let _ = world.hsm(&["plugin", "test", "sampler", "--bless"]).succeeds().says(&["written `two`"]);
    let _ = world
        .hsm(&["plugin", "test", "sampler"])
        .succeeds()
        .says(&["latin-hypercube: 1 fixture, each twice"]);
    let expected = World::read(world.project("sampler/fixtures/two/expected.json"));
    assert!(expected.contains(r#"{"name":"n","texts":["#), "{expected}");
}

#[test]
fn a_fixture_that_says_too_little_is_explained() {
    let world = World::new();
    sampler(&world, SAMPLES, None);
    let _ = world
        .hsm(&["plugin", "test", "sampler"])
        .ends_with(6)
        .says(&["open    `two`: it has no `expected.json`"]);
    let cases = [
        (
            r#"{"confg": {}}"#,
            "the fixture `two` has a `input.json` that cannot be used: unknown field `confg`",
        ),
        ("{", "the fixture `two` has a `input.json` that cannot be used: EOF while parsing"),
    ];
    for (input, words) in cases {
        sampler(&world, input, None);
        let _ = world.hsm(&["plugin", "test", "sampler"]).ends_with(2).says(&[words, "hint: "]);
    }
    std::fs::remove_dir_all(world.project("sampler/fixtures")).expect("no fixtures");
    let _ = world
        .hsm(&["plugin", "test", "sampler"])
        .ends_with(2)
        .says(&["there is no fixture", "hint: make a folder"]);
    std::fs::remove_file(world.project("sampler/plugin.wasm")).expect("no component");
    let _ = world
        .hsm(&["plugin", "test", "sampler"])
        .says(&["hint: build the plugin first: run the `build` script"]);
}
