//! Plugins: two good ones that do their work, and every kind of bad one, each of which ends in one clear message.

use hsm_tests::{World, wait_until};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use std::fs;

/// A finished sweep of six tasks with a metric each.
fn world_of_results() -> World {
    let world = World::new();
    world.write_program(
        "work.sh",
        "#!/bin/sh\necho \"{\\\"score\\\": $1.$2, \\\"other\\\": 1}\" >\"$HSM_TASK_DIR/results.json\"\n",
    );
    world.write_sweep(
        "command: [./work.sh, '{a}', '{b}']\nsweep:\n  grid:\n    a: [1, 2, 3]\n    b: [5, 7]\n",
    );
    let _ = world.hsm(&["run", "--sweep-id", "s", "-p", "2"]).succeeds();
    world
}

fn artifacts(world: &World, plugin: &str) -> Vec<String> {
    let folder = world.sweep_dir("s").join("results").join(plugin);
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut names: Vec<_> =
        entries.map(|entry| entry.expect("an artifact").file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

#[test]
fn leaderboard_ranks_and_explains() {
    let world = world_of_results();
    let plugin = World::plugin("leaderboard");
    let run = world
        .hsm(&["--plugin", &plugin, "collect", "s", "--config", "metric=score", "--config", "k=2"])
        .succeeds();
    let position = |text: &str| run.stdout.find(text).unwrap_or_else(|| panic!("no {text}\n{run}"));
    assert!(position("3.7") < position("3.5"), "{run}");
    let names = artifacts(&world, "leaderboard");
    assert!(names.iter().any(|name| name.ends_with(".csv")), "{names:?}");
    let tables: String = names
        .iter()
        .filter(|name| name.ends_with(".csv"))
        .map(|name| World::read(world.sweep_dir("s").join("results/leaderboard").join(name)))
        .collect();
    // The best of all, and the mean of the metric where `a` is 3.
    assert!(tables.contains("3.7") && tables.contains("3.6"), "{tables}");
}

/// The plugins that the journal of the sweep says took part, as name and digest.
fn on_record(world: &World) -> Vec<(String, String)> {
    let status = world.hsm(&["status", "s", "--json"]).succeeds().json();
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    let plugins = status["plugins"].as_array().expect("plugins");
    plugins.iter().map(|plugin| (text(&plugin["name"]), text(&plugin["digest"]))).collect()
}

#[test]
fn an_aggregator_that_took_part_is_on_record_once() {
    let world = world_of_results();
    assert_eq!(on_record(&world), []);
    let plugin = World::plugin("leaderboard");
    let digest = world.hsm(&["plugin", "check", &plugin, "--json"]).succeeds().json()["digest"].clone();
    let collect = || world.hsm(&["--plugin", &plugin, "collect", "s", "--config", "metric=score"]).succeeds();
    let _ = collect();
    wait_until("the journal has it", || !on_record(&world).is_empty());
    wait_until("nobody drives any more", || world.drivers("s").is_empty());
    let journal = || fs::read_dir(world.sweep_dir("s").join("journal")).expect("a journal").count();
    let before = journal();
    let _ = collect();
    assert_eq!(
        on_record(&world),
        [("leaderboard".to_owned(), digest.as_str().expect("a digest").to_owned())]
    );
    assert_eq!(journal(), before, "the second time nothing is written");
    assert_eq!(world.hsm(&["collect", "s"]).succeeds().code(), Some(0));
}

#[test]
fn collecting_sets_no_waiting_task_going() {
    let world = World::new();
    world.write_sweep("command: [sleep, '{s}']\ngrid: {s: [30, 31, 32]}\n");
    let viewer = world.start(&["run", "--sweep-id", "s", "-p", "1"]);
    wait_until("a task runs", || world.task_dir("s", 1).exists());
    for driver in world.drivers("s") {
        kill_process(Pid::from_raw(driver).expect("a driver"), Signal::KILL).expect("it was there");
    }
    let _ = viewer.wait();
    let _ =
        world.hsm(&["--plugin", &World::plugin("wayward-aggregator"), "collect", "s", "--config", "do=text"]);
    let waiting = fs::read_dir(world.sweep_dir("s").join("requests")).expect("a mailbox").count();
    assert_eq!(
        (waiting, world.drivers("s").len()),
        (1, 0),
        "the request waits for whoever completes the sweep"
    );
    assert!(!world.task_dir("s", 2).exists());
    let _ = world.hsm(&["cancel", "s", "--now"]);
}

#[test]
fn leaderboard_asks_which_metric_where_there_are_several() {
    let world = world_of_results();
    let run = world.hsm(&["--plugin", &World::plugin("leaderboard"), "collect", "s"]);
    let _ = run.ends_with(6).says(&["score", "other"]);
}

const HYPERCUBE: &str = "\
command: ['true', '{rate}', '{layers}', '{kind}']
generator:
  plugin: latin-hypercube
  seed: 7
  config:
    samples: 32
    axes:
      rate: {log_uniform: [0.0001, 1.0]}
      layers: {integer: [1, 8]}
      kind: {choice: [x, y]}
";

/// The points that a generator plans, in order.
fn points(world: &World) -> Vec<Value> {
    let plugin = World::plugin("latin-hypercube");
    let plan = world.hsm(&["--plugin", &plugin, "plan", "--json", "--all"]).succeeds().json();
    plan["tasks"].as_array().expect("tasks").iter().map(|task| task["params"].clone()).collect()
}

#[test]
fn latin_hypercube_fills_every_stratum_once() {
    let world = World::new();
    world.write_sweep(HYPERCUBE);
    let points = points(&world);
    assert_eq!(points.len(), 32);
    // The axis spans four decades, so each of 32 strata is an eighth of one.
    let mut strata: Vec<u32> = points
        .iter()
        .map(|point| {
            let rate = point["rate"].as_f64().expect("a number");
            assert!((0.0001..=1.0).contains(&rate), "{rate}");
            let stratum = (rate.log10() + 4.0) * 8.0;
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 32")]
            let stratum = stratum.floor() as u32;
            stratum
        })
        .collect();
    strata.sort_unstable();
    assert_eq!(strata, (0..32).collect::<Vec<_>>());
    for layers in 1..=8 {
        assert_eq!(points.iter().filter(|point| point["layers"] == layers).count(), 4, "layers {layers}");
    }
    assert_eq!(points.iter().filter(|point| point["kind"] == "x").count(), 16);
}

#[test]
fn a_seed_decides() {
    let world = World::new();
    world.write_sweep(HYPERCUBE);
    let first = points(&world);
    assert_eq!(points(&world), first);
    world.write_sweep(&HYPERCUBE.replace("seed: 7", "seed: 8"));
    assert_ne!(points(&world), first);
}

#[test]
fn a_generated_sweep_runs_and_is_collected() {
    let world = World::new();
    world.write_sweep(HYPERCUBE);
    let plugin = World::plugin("latin-hypercube");
    let _ = world
        .hsm(&["--plugin", &plugin, "run", "sweeps/sweep.yaml", "--sweep-id", "s", "-p", "4"])
        .succeeds();
    let table = world.hsm(&["collect", "s", "--format", "json"]).succeeds().json();
    assert_eq!(table["rows"].as_array().map(Vec::len), Some(32));
    assert!(table["rows"][0]["params"]["rate"].is_number(), "{}", table["rows"][0]);
}

#[test]
fn a_generators_configuration_is_checked() {
    let world = World::new();
    world.write_sweep(&HYPERCUBE.replace("[1, 8]", "[8, 1]"));
    let run = world.hsm(&["--plugin", &World::plugin("latin-hypercube"), "run"]);
    assert_ne!(run.code(), Some(0), "{run}");
    let _ = run.says(&["layers"]);
    assert!(!world.project("sweeps/outputs").exists());
}

/// Files that are no aggregator, made from one that is.
fn broken(name: &str) -> Vec<u8> {
    let good = fs::read(World::plugin("leaderboard")).expect("the plugin");
    match name {
        "not wasm" => b"#!/bin/sh\necho hello\n".to_vec(),
        "empty" => Vec::new(),
        "a core module" => b"\0asm\x01\0\0\0".to_vec(),
        "truncated" => good[..good.len() / 2].to_vec(),
        "of another version" => {
            let text = b"hsm:plugin/aggregator@0.1.0";
            let mut bytes = good;
            let places: Vec<usize> =
                (0..bytes.len() - text.len()).filter(|at| bytes[*at..].starts_with(text)).collect();
            assert!(!places.is_empty(), "the plugin names its interface");
            for at in places {
                bytes[at..at + text.len()].copy_from_slice(b"hsm:plugin/aggregator@0.9.0");
            }
            bytes
        }
        "of the wrong role" => fs::read(World::plugin("latin-hypercube")).expect("the plugin"),
        _ => unreachable!("{name}"),
    }
}

/// A broken file, and the words that explain it.
const BROKEN: &[(&str, &[&str])] = &[
    ("not wasm", &["WebAssembly"]),
    ("empty", &["empty"]),
    ("a core module", &["component"]),
    ("truncated", &["cut short"]),
    ("of another version", &["0.9.0", "0.1"]),
    ("of the wrong role", &["generator", "aggregator"]),
];

#[test]
fn broken_plugins_are_explained() {
    let world = world_of_results();
    for (name, says) in BROKEN {
        world.write("plugin.wasm", broken(name));
        let run = world.hsm(&["--plugin", "plugin.wasm", "collect", "s", "--config", "metric=score"]);
        assert_eq!(run.code(), Some(6), "{name}: {run}");
        drop(run.says(&["plugin.wasm"]).says(says));
    }
    assert_eq!(artifacts(&world, "plugin"), Vec::<String>::new());
}

/// What an aggregator does that it must not, and the words that explain it.
const WAYWARD_AGGREGATORS: &[(&[&str], &[&str])] = &[
    (&["do=loop"], &["call_time_s", "hint:"]),
    (&["do=panic"], &["wayward panic"]),
    (&["do=unequal-columns"], &["column", "`b`"]),
    (&["do=climb"], &["../../x", "plain file name"]),
    (&["do=absolute"], &["/tmp/x", "plain file name"]),
    (&["do=escape"], &["control characters"]),
    (&["do=same-names"], &["two artifacts"]),
    (&["do=many", "amount=1000"], &["1000", "64"]),
    (&["do=large", "amount=100"], &["MiB"]),
];

#[test]
fn misbehaving_aggregators_end_in_one_message() {
    let world = world_of_results();
    let plugin = World::plugin("wayward-aggregator");
    for (config, says) in WAYWARD_AGGREGATORS {
        let mut arguments = vec!["--plugin", &plugin, "collect", "s"];
        config.iter().for_each(|setting| arguments.extend(["--config", setting]));
        let run = world.hsm(&arguments);
        assert_eq!(run.code(), Some(6), "{config:?}: {run}");
        assert_eq!(run.stderr.matches("error:").count(), 1, "{config:?}: {run}");
        assert!(!run.stderr.contains('\x1b'), "{config:?}: {run}");
        drop(run.says(says));
        assert_eq!(artifacts(&world, "wayward-aggregator"), Vec::<String>::new(), "{config:?}");
    }
    assert!(!world.project("sweeps/outputs/x").exists() && !world.sweep_dir("s").join("x").exists());
    let _ = world.hsm(&["collect", "s"]).succeeds();
}

#[test]
fn a_plugins_text_is_shown_without_its_escape_codes() {
    let world = world_of_results();
    let run = world
        .hsm(&["--plugin", &World::plugin("wayward-aggregator"), "collect", "s", "--config", "do=text"])
        .succeeds();
    assert!(run.stdout.contains("red") && !run.stdout.contains('\x1b'), "{run}");
}

/// What a generator does that it must not, and the words that explain it.
const WAYWARD_GENERATORS: &[(&str, &[&str])] = &[
    ("do: loop", &["call_time_s", "hint:"]),
    ("do: sleep", &["call_time_s", "hint:"]),
    ("do: loop, on_open: true", &["call_time_s"]),
    ("do: memory, amount: 2000", &["memory_mib", "hint:"]),
    ("do: recurse", &["too deeply"]),
    ("do: panic", &["panic"]),
    ("do: exit", &["ended itself"]),
    ("do: too-much-data, amount: 200", &["call_data_mib"]),
    ("do: unequal-columns", &["`b`"]),
    ("do: same-names", &["two columns", "`a`"]),
    ("do: no-name", &["no name"]),
    ("do: absent-nowhere", &["absent"]),
    ("do: too-many-rows", &["asked for"]),
    ("do: no-columns", &["no parameters"]),
    ("do: changing-columns", &["changed"]),
    ("do: not-json", &["not JSON"]),
    ("do: fail", &["wayward"]),
];

#[test]
fn misbehaving_generators_start_no_sweep() {
    let world = World::new();
    world.write("train.py", "");
    let plugin = World::plugin("wayward-generator");
    for (config, says) in WAYWARD_GENERATORS {
        world.write_sweep(&format!(
            "script: train.py\ngenerator:\n  plugin: wayward\n  config: {{{config}}}\n"
        ));
        let run = world.hsm(&["--plugin", &plugin, "run"]);
        assert_eq!(run.code(), Some(6), "{config}: {run}");
        assert!(!run.stderr.contains('\x1b'), "{config}: {run}");
        drop(run.says(says));
        let left = fs::read_dir(world.project("sweeps/outputs")).map_or(0, Iterator::count);
        assert_eq!(left, 0, "{config}: a sweep was left behind");
    }
}

#[test]
fn a_plugin_sees_nothing_of_this_machine() {
    let world = World::new().with_variable("SECRET", "hunter2");
    world.write_sweep("command: ['true', '{seen}']\ngenerator:\n  plugin: wayward\n  config: {do: look}\n");
    let plan =
        world.hsm(&["--plugin", &World::plugin("wayward-generator"), "plan", "--json", "--all"]).succeeds();
    assert!(!plan.stdout.contains("hunter2"), "{plan}");
    let plan = plan.json();
    let tasks = plan["tasks"].as_array().expect("tasks");
    let seen: Vec<&str> = tasks.iter().filter_map(|task| task["params"]["seen"].as_str()).collect();
    for nothing in ["arguments []", "environment []", "network false"] {
        assert!(seen.contains(&nothing), "{nothing}: {seen:?}");
    }
    assert!(seen.iter().any(|line| line.starts_with("root Err")), "{seen:?}");
    assert!(seen.iter().any(|line| line.starts_with("written Err")), "{seen:?}");
    assert!(!world.project("x").exists());
}

#[test]
fn plugins_work_in_a_gibibyte_of_address_space() {
    let world = world_of_results();
    let hsm = world.command(&[]).get_program().to_owned();
    let mut shell = world.program("/bin/sh");
    shell.args(["-c", "ulimit -v 1000000; exec \"$0\" --plugin \"$1\" collect s --config metric=score"]);
    shell.arg(hsm).arg(World::plugin("leaderboard"));
    let run = hsm_tests::Running::start(&mut shell, &world.path("")).wait();
    let _ = run.succeeds().prints(&["3.7"]);
}
