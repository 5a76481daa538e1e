//! Ctrl-C while a plugin works: the command ends at once, and so does whatever compiles for it.

use crate::hostile::nested_loops;
use hsm_tests::{Running, World, processes_of, wait_until};
use rustix::process::Signal;
use std::time::Duration;

/// What a person takes for at once, on a machine that is busy.
const AT_ONCE: Duration = Duration::from_secs(5);

/// A world with a finished sweep.
fn world() -> World {
    let world = World::new();
    world.write("train.py", "");
    world.write_sweep("script: train.py\ngrid:\n  a: [1, 2]\n");
    let _ = world.hsm(&["run", "--sweep-id", "s"]).succeeds();
    world
}

/// Whether a process has a thread in which a plugin runs.
fn runs_a_plugin(running: &Running) -> bool {
    let Ok(threads) = std::fs::read_dir(format!("/proc/{}/task", running.id())) else { return false };
    threads.filter_map(Result::ok).any(|thread| {
        std::fs::read_to_string(thread.path().join("comm")).is_ok_and(|name| name == "hsm-plugin\n")
    })
}

fn is_interrupted(world: &World, running: Running) {
    running.signal(Signal::INT);
    let run = running.wait_within(AT_ONCE).ends_with(130);
    assert_eq!(run.stderr.matches("error: ").count(), 1, "{run}");
    let _ = run.says(&["was stopped on request"]);
    wait_until("nothing is left", || processes_of(&world.path("")).is_empty());
}

#[test]
fn an_aggregator_is_stopped() {
    let world = world();
    let plugin = World::plugin("wayward-aggregator");
    let limit = ["--plugin-limit", "call_time_s=600"];
    for deed in ["do=loop", "do=sleep"] {
        let arguments = ["--plugin", &plugin, "collect", "s", "--config", deed, "--config", "amount=600"];
        let running = world.start(&[&limit[..], &arguments].concat());
        wait_until("the plugin runs", || runs_a_plugin(&running));
        is_interrupted(&world, running);
    }
    assert!(!world.sweep_dir("s").join("results/wayward-aggregator").exists());
}

#[test]
fn a_generator_is_stopped_and_no_sweep_begun() {
    let world = world();
    let plugin = World::plugin("wayward-generator");
    world.write_sweep("script: train.py\ngenerator:\n  plugin: w\n  config: {do: loop}\n");
    for command in [&["plan"][..], &["run", "--sweep-id", "new"]] {
        let arguments = ["--plugin-limit", "call_time_s=600", "--plugin", &plugin];
        let running = world.start(&[&arguments[..], command].concat());
        wait_until("the plugin runs", || runs_a_plugin(&running));
        is_interrupted(&world, running);
    }
    assert!(!world.sweep_dir("new").exists());
}

fn compiler(world: &World) -> bool {
    let is_one = |arguments: &[String]| arguments.iter().any(|argument| argument == "compile-plugin");
    processes_of(&world.path("")).iter().any(|process| is_one(&process.arguments))
}

fn start_compiling(world: &World) -> Running {
    world.write("plugin.wasm", nested_loops());
    let limit = ["--plugin-limit", "compile_time_s=600"];
    let running = world.start(&[&limit[..], &["--plugin", "plugin.wasm", "collect", "s"]].concat());
    wait_until("the compiler runs", || compiler(world));
    running
}

#[test]
fn a_compilation_is_stopped() {
    let world = world();
    let running = start_compiling(&world);
    is_interrupted(&world, running);
}

#[test]
fn a_compiler_does_not_outlive_whoever_is_killed() {
    let world = world();
    let running = start_compiling(&world);
    running.signal(Signal::KILL);
    assert_eq!(running.wait_within(AT_ONCE).signal(), Some(9));
    wait_until("nothing is left", || processes_of(&world.path("")).is_empty());
}

/// Login nodes limit address space; the limit holds for the compiling process as well.
#[test]
fn a_plugin_is_compiled_and_run_in_a_gibibyte_of_address_space() {
    let world = world();
    let hsm = world.command(&[]).get_program().to_owned();
    let mut shell = world.program("/bin/sh");
    shell.args(["-c", "ulimit -v 1000000; exec \"$0\" --plugin \"$1\" collect s --config do=text"]);
    shell.arg(hsm).arg(World::plugin("wayward-aggregator"));
    let _ = Running::start(&mut shell, &world.path("")).wait().succeeds().prints(&["red"]);
}
