//! The reference plugins, and plugins in Python: what they make of a real sweep, and that they make the same again.

use hsm_tests::{PATIENCE, Run, Running, World};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

const COMPILE_LIMIT: &str = "compile_time_s=900";

/// A world whose compiled plugins are kept from test to test, and from run to run.
fn world() -> World {
    let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("compiled-plugins");
    fs::create_dir_all(&cache).expect("a folder for compiled plugins");
    World::new().with_variable("XDG_CACHE_HOME", cache)
}

/// A finished sweep: two of its eight tasks are beaten by no other, one fails, and one has a loss that is not a number.
fn world_of_results() -> World {
    let world = world();
    world.write_program(
        "work.sh",
        "#!/bin/sh\n[ \"$1$2\" != 15 ] || exit 3\nloss=$2\n[ \"$1$2\" != 45 ] || loss=NaN\n\
         echo \"{\\\"score\\\": $1.$2, \\\"loss\\\": $loss, \\\"note\\\": \\\"n\\\"}\" >\"$HSM_TASK_DIR/results.json\"\n",
    );
    world.write_sweep(
        "command: [./work.sh, '{a}', '{b}']\nsweep:\n  grid:\n    a: [1, 2, 3, 4]\n    b: [5, 7]\n",
    );
    let _ = world.hsm(&["run", "--sweep-id", "s", "-p", "2"]).ends_with(1);
    world
}

fn collect(world: &World, plugin: &str, config: &[&str]) -> Run {
    let plugin = World::plugin(plugin);
    let mut arguments = vec!["--plugin", &plugin, "--plugin-limit", COMPILE_LIMIT, "collect", "s"];
    config.iter().for_each(|setting| arguments.extend(["--config", setting]));
    world.start(&arguments).wait_within(PATIENCE)
}

/// Every file of a folder, byte for byte.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let file = |entry: std::io::Result<fs::DirEntry>| {
        let path = entry.expect("a file").path();
        (path.file_name().unwrap_or_default().to_string_lossy().into_owned(), fs::read(path).expect("a file"))
    };
    entries.map(file).collect()
}

fn artifacts(world: &World, plugin: &str) -> BTreeMap<String, Vec<u8>> {
    files(&world.sweep_dir("s").join("results").join(plugin))
}

const GOALS: &[&str] = &["metrics.score=max", "metrics.loss=min"];

#[test]
fn pareto_finds_the_front_and_draws_it() {
    let world = world_of_results();
    let run = collect(&world, "pareto", GOALS).succeeds();
    assert!(run.stdout.contains("# Pareto front of score (max) and loss (min)"), "{run}");
    assert!(
        run.stdout.contains("2 of 6 tasks are beaten by no other. Left out: 1 not completed; 1 with a value"),
        "{run}"
    );
    let artifacts = artifacts(&world, "pareto");
    assert_eq!(artifacts.keys().collect::<Vec<_>>(), ["front.csv", "front.md", "front.svg"]);
    let text = |name: &str| String::from_utf8_lossy(&artifacts[name]).into_owned();
    assert_eq!(text("front.csv"), "task,a,b,score,loss\n8,4,7,4.7,7.0\n5,3,5,3.5,5.0\n");
    let drawing = text("front.svg");
    assert!(drawing.starts_with("<svg ") && drawing.ends_with("</svg>\n"), "{drawing}");
    assert_eq!(drawing.matches("class=\"member\"").count(), 2, "{drawing}");
    // hsm itself knows how long a task took.
    let timed = collect(&world, "pareto", &["metrics.score=max", "metrics.seconds=min"]).succeeds();
    assert!(timed.stdout.contains("front of score (max) and seconds (min)"), "{timed}");
}

/// First compiled and run, then run with the code that was kept.
#[test]
fn a_plugin_in_python_is_compiled_and_run_in_a_gibibyte_of_address_space() {
    let world = world_of_results().with_variable("XDG_CACHE_HOME", "");
    let hsm = world.command(&[]).get_program().to_owned();
    for _ in 0..2 {
        let mut shell = world.program("/bin/sh");
        shell.args(["-c", "ulimit -v 1000000 && exec \"$0\" \"$@\""]).arg(&hsm);
        shell.args(["--plugin", &World::plugin("pareto"), "--plugin-limit", COMPILE_LIMIT, "collect", "s"]);
        shell.args(GOALS.iter().flat_map(|goal| ["--config", goal]));
        let run = Running::start(&mut shell, &world.path("")).wait_within(PATIENCE).succeeds();
        let _ = run.prints(&["2 of 6 tasks are beaten by no other"]);
    }
    assert!(world.path("home/.cache/hsm/plugins").is_dir(), "the code was kept in this world alone");
}

#[test]
fn pareto_says_what_can_be_compared() {
    let world = world_of_results();
    for (config, says) in [
        (&[][..], &["no metrics to compare were named", "--config metrics."][..]),
        (
            &["metrics.scor=max", "metrics.loss=min"],
            &["no task has a metric `scor`", "did you mean `score`?"],
        ),
        (&["metrics.note=max", "metrics.loss=min"], &["`note` is text, not a number", "`seconds`"]),
        (&["metrics.score=most", "metrics.loss=min"], &["the goal of `score` is `most`", "`min` or `max`"]),
    ] {
        let run = collect(&world, "pareto", config).ends_with(6);
        drop(run.says(says));
    }
    assert!(!world.sweep_dir("s").join("results/pareto").exists());
}

/// Twice in one world, and again in another one, where everything ran at another time.
#[test]
fn reference_aggregators_answer_the_same_again() {
    let worlds = [world_of_results(), world_of_results()];
    for (plugin, config) in [("leaderboard", &["metric=score", "k=3"][..]), ("pareto", GOALS)] {
        let mut answers = Vec::new();
        for world in [&worlds[0], &worlds[0], &worlds[1]] {
            let run = collect(world, plugin, config).succeeds();
            let folder = world.sweep_dir("s").join("results").join(plugin);
            answers.push((run.stdout, artifacts(world, plugin)));
            fs::remove_dir_all(folder).expect("the artifacts");
        }
        assert!(answers[0].1.len() >= 3, "{plugin}: {:?}", answers[0].1.keys());
        assert!(answers[0] == answers[1], "{plugin} answered differently in one world");
        assert!(answers[0] == answers[2], "{plugin} answered differently in two worlds");
    }
}

#[test]
fn reference_generators_answer_the_same_again() {
    const SWEEP: &str = "\
command: ['true', '{rate}', '{layers}', '{kind}', '{batch}']
sweep:
  grid:
    batch: [16, 32]
generator:
  plugin: latin-hypercube
  seed: 7
  config: {samples: 2000, axes: {rate: {log_uniform: [0.0001, 1.0]}, layers: {integer: [1, 8]}, kind: {choice: [x, y]}}}
";
    let plugin = World::plugin("latin-hypercube");
    let worlds = [world(), world()];
    let plans = [&worlds[0], &worlds[0], &worlds[1]].map(|world| {
        world.write_sweep(SWEEP);
        let sweep_id = if world.sweep_dir("a").exists() { "b" } else { "a" };
        let _ = world.hsm(&["--plugin", &plugin, "run", "--sweep-id", sweep_id, "--max-runs", "3"]);
        assert!(world.sweep_dir(sweep_id).join("plan.jsonl").exists());
        world.hsm(&["--plugin", &plugin, "plan", "--json", "--all"]).succeeds().stdout
    });
    assert!(plans[0].matches("\"task\"").count() >= 2_000);
    assert!(plans[0] == plans[1], "two plans of one world differ");
    // Plans name the project's folder; the points are what has to be the same.
    let points = |plan: &str| serde_json::from_str::<serde_json::Value>(plan).expect("JSON")["tasks"].clone();
    assert!(points(&plans[0]) == points(&plans[2]), "plans of two worlds differ");
}

#[test]
fn reference_schedulers_answer_what_was_recorded() {
    let world = world();
    for (name, submits) in [("grid-engine", "`qsub`"), ("slurm-wrapped", "`sbatch`")] {
        // As `plugins/build` lays them out beside the component, with their fixtures.
        let component = World::plugin(name);
        let folder = component.trim_end_matches(".wasm");
        let _ = world.hsm(&["plugin", "test", folder]).succeeds().says(&[name, "11 fixtures, each twice"]);
        let _ = world.hsm(&["plugin", "check", folder]).succeeds().prints(&["a scheduler", submits]);
    }
}

/// Where `tests/setup` put what builds plugins in Python.
fn python_tools() -> PathBuf {
    let plugins = PathBuf::from(World::plugin("pareto"));
    plugins.ancestors().nth(2).expect("the target folder").join("python-plugins")
}

fn in_folder(world: &World, folder: &str, program: &str, arguments: &[&str]) -> Run {
    let mut command = world.program(if program.starts_with("./") {
        world.project(folder).join(program).into_os_string()
    } else {
        program.into()
    });
    command.args(arguments).current_dir(world.project(folder));
    Running::start(&mut command, &world.path("")).wait_within(PATIENCE)
}

#[test]
fn python_templates_pass_their_own_tests() {
    let world = world();
    for (role, tests) in [("generator", 3), ("aggregator", 3), ("scheduler", 5)] {
        let _ = world.hsm(&["plugin", "new", role, role, "--lang", "python"]).succeeds();
        let run = in_folder(&world, role, "python3", &["-m", "unittest"]).succeeds();
        assert!(run.stderr.contains(&format!("Ran {tests} tests")) && run.stderr.contains("OK"), "{run}");
    }
}

/// They share the folder of the tools, which also notes what was built last.
static BUILDS: Mutex<()> = Mutex::new(());

/// A scheduler in Python: its recorded conversations in the sandbox, and a command that its manifest does not have.
#[test]
fn a_new_python_scheduler_builds_and_answers() {
    let world = world().with_variable("HSM_PYTHON_TOOLS", python_tools());
    let _ = world.hsm(&["plugin", "new", "scheduler", "grid", "--lang", "python"]).succeeds();
    let alone = BUILDS.lock().unwrap_or_else(PoisonError::into_inner);
    let _ = in_folder(&world, "grid", "./build", &[]).succeeds();
    drop(alone);
    let test =
        || world.start(&["--plugin-limit", COMPILE_LIMIT, "plugin", "test", "grid"]).wait_within(PATIENCE);
    let _ = test().succeeds().says(&["grid: 9 fixtures, each twice"]);
    let manifest = World::read(world.project("grid/plugin.toml"));
    world.write("grid/plugin.toml", manifest.replace(", \"qsub\"]", "]"));
    let _ = test().ends_with(6).says(&["differs `submit`", "asks for the command `qsub`"]);
}

#[test]
fn a_new_python_plugin_builds_and_answers() {
    let _alone = BUILDS.lock().unwrap_or_else(PoisonError::into_inner);
    let world = world_of_results().with_variable("HSM_PYTHON_TOOLS", python_tools());
    let _ = world.hsm(&["plugin", "new", "aggregator", "means", "--lang", "python"]).succeeds();
    // Somebody's first mistake: a name that is not there, on a way that is seldom gone.
    let source = World::read(world.project("means/plugin.py"));
    let mistaken = source.replace(
        "        settings.end()\n",
        "        settings.end()\n        if self._by == \"mistake\":\n            self._by = nowhere\n",
    );
    assert_ne!(source, mistaken);
    world.write("means/plugin.py", mistaken);
    let built = in_folder(&world, "means", "./build", &[]).succeeds();
    assert!(built.stdout.starts_with("plugin.wasm ("), "{built}");
    let when_built = || fs::metadata(world.project("means/plugin.wasm")).and_then(|file| file.modified());
    let first = when_built().expect("the component");
    let again = in_folder(&world, "means", "./build", &[]).succeeds();
    assert_eq!(first, when_built().expect("the component"), "unchanged sources were built again: {again}");

    world.ship_plugin("means", &["--plugin-limit", COMPILE_LIMIT]);
    let collected = |by: &str| {
        let plugin = ["--plugin", "means", "--plugin-limit", COMPILE_LIMIT];
        let command = ["collect", "s", "--config", "metric=score", "--config", by];
        world.start(&[&plugin[..], &command[..]].concat()).wait_within(PATIENCE)
    };
    let run = collected("by=a").succeeds();
    assert!(run.stdout.contains("| 4 | 2 | 4.6 |"), "{run}");
    drop(collected("by=c").ends_with(6).says(&["no parameter `c`", "there are `a`, `b`"]));
    drop(collected("by=mistake").ends_with(6).says(&["NameError", "nowhere", "plugin.py, line"]));
}
