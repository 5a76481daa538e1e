//! What plugins cost: `cargo run --release -p hsm-plugin --example costs PLUGINS HSM`, the folder of the built plugins and the program
//! that compiles. One line of JSON a measurement, for `tests/bench/plugin` to make a table of.

#![expect(clippy::print_stdout, reason = "the numbers are what it is for")]

use hsm_core::roles::{AggregatorSpec, Failure, GeneratorSpec, Results, Roles};
use hsm_core::state::TaskState;
use hsm_core::table::{Cells, Column, Table};
use hsm_plugin::{Compiler, Limits, PluginRoles, PluginSettings};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

const TASKS: u64 = 100_000;
const BATCH_ROWS: u64 = 10_000;
const TEXT_PARAMS: u64 = 5;
const NUMBER_PARAMS: u64 = 12;
const METRICS: u64 = 8;
const ROUNDS: usize = 5;
const CALLS: u32 = 1_000;
const HYPERCUBE: &str = r#"{"samples": 10, "axes": {"x": {"uniform": [0, 1]}}}"#;

/// What `wayward-generator` is told, in the calls after opening or while it opens.
const STOPPABLE: [&str; 4] = [
    r#"{"do": "loop"}"#,
    r#"{"do": "sleep", "amount": 60}"#,
    r#"{"do": "naps"}"#,
    r#"{"do": "loop", "on_open": true}"#,
];

/// What `wayward-aggregator` is told, and does in the call that takes results.
const STOPPABLE_AGGREGATORS: [&str; 2] = [r#"{"do": "loop"}"#, r#"{"do": "sleep", "amount": 60}"#];

fn main() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1).map(PathBuf::from);
    let plugins = arguments.next().unwrap_or_else(|| "target/plugins".into());
    let hsm = arguments.next().unwrap_or_else(|| "target/release/hsm".into());
    let cache = plugins.join(".cache-of-costs");
    let roles = || roles(&plugins, &hsm, &cache);

    let costs = roles().costs("latin-hypercube.wasm", &spec(HYPERCUBE), CALLS)?;
    say("warm call", costs.call);
    say("instance", costs.instance);
    for name in ["leaderboard", "pareto"] {
        if !plugins.join(format!("{name}.wasm")).exists() {
            continue;
        }
        // Once, so that it is cached.
        load(&roles(), name)?;
        say(&format!("ready {name}"), median(|| load(&roles(), name))?);
    }
    say("cells leaderboard", median(|| aggregate(&roles(), "leaderboard", r#"{"metric": "m0"}"#))?);
    say("cells native", median(|| natively(r#"{"metric": "m0"}"#))?);
    if plugins.join("pareto.wasm").exists() {
        let config = r#"{"metrics": {"m0": "max", "m1": "min"}}"#;
        say("cells pareto", median(|| aggregate(&roles(), "pareto", config))?);
    }
    stopped(&plugins, &hsm, &cache)
}

fn say(what: &str, time: Duration) {
    println!("{}", serde_json::json!({"what": what, "seconds": time.as_secs_f64(), "cells": cells()}));
}

fn cells() -> u64 {
    TASKS * (TEXT_PARAMS + NUMBER_PARAMS + METRICS)
}

/// How far past a limit of one second each is stopped.
fn stopped(plugins: &Path, hsm: &Path, cache: &Path) -> Result<(), Failure> {
    let mut limits = Limits::default();
    limits.set_flag("call_time_s=1").map_err(|error| internal(&error))?;
    let roles = PluginRoles::new(PluginSettings { limits, ..settings(plugins, hsm, cache) });
    let generator = roles.generator("wayward-generator.wasm", None)?;
    for deed in STOPPABLE {
        let start = Instant::now();
        let ended = generator.role.open(&spec(deed)).map(|mut search| {
            let restart = Instant::now();
            let ended = search.next(10).map(drop);
            (restart, ended)
        });
        let (start, failure) = match ended {
            Ok((restart, ended)) => (restart, ended.err()),
            Err(failure) => (start, Some(failure)),
        };
        past(&format!("generator {deed}"), start, failure)?;
    }
    let aggregator = roles.aggregator("wayward-aggregator.wasm", None)?;
    for deed in STOPPABLE_AGGREGATORS {
        let spec = AggregatorSpec { config: deed.to_owned(), ..AggregatorSpec::default() };
        let mut aggregation = aggregator.role.open(&spec)?;
        let start = Instant::now();
        past(&format!("aggregator {deed}"), start, aggregation.add(Results::default()).err())?;
    }
    Ok(())
}

fn past(what: &str, start: Instant, failure: Option<Failure>) -> Result<(), Failure> {
    let time = start.elapsed();
    match failure {
        Some(failure) if failure.code == "out-of-time" => {
            say(&format!("past {what}"), time.saturating_sub(Duration::from_secs(1)));
            Ok(())
        }
        Some(failure) => Err(failure),
        None => Err(internal(&format!("{what} was not stopped"))),
    }
}

fn internal(problem: &impl ToString) -> Failure {
    Failure::new(hsm_core::roles::Blame::Internal, "benchmark", problem.to_string())
}

fn settings(plugins: &Path, hsm: &Path, cache: &Path) -> PluginSettings {
    let compiler = Compiler::Child { program: hsm.to_owned(), arguments: vec!["compile-plugin".into()] };
    PluginSettings {
        cache_folder: Some(cache.to_owned()),
        ..PluginSettings::new(plugins.to_owned(), compiler)
    }
}

fn roles(plugins: &Path, hsm: &Path, cache: &Path) -> PluginRoles {
    PluginRoles::new(settings(plugins, hsm, cache))
}

fn spec(config: &str) -> GeneratorSpec {
    GeneratorSpec { config: config.to_owned(), axes: Vec::new(), seed: 7 }
}

fn median(mut round: impl FnMut() -> Result<Duration, Failure>) -> Result<Duration, Failure> {
    let mut times = (0..ROUNDS).map(|_| round()).collect::<Result<Vec<_>, _>>()?;
    times.sort_unstable();
    Ok(times[ROUNDS / 2])
}

fn load(roles: &PluginRoles, name: &str) -> Result<Duration, Failure> {
    let start = Instant::now();
    roles.aggregator(&format!("{name}.wasm"), None)?;
    Ok(start.elapsed())
}

fn aggregate(roles: &PluginRoles, name: &str, config: &str) -> Result<Duration, Failure> {
    let aggregator = roles.aggregator(&format!("{name}.wasm"), None)?;
    let batches: Vec<Results> = (0..TASKS / BATCH_ROWS).map(batch).collect();
    let spec = AggregatorSpec { config: config.to_owned(), ..AggregatorSpec::default() };
    let start = Instant::now();
    let mut aggregation = aggregator.role.open(&spec)?;
    for batch in batches {
        aggregation.add(batch)?;
    }
    aggregation.finish()?;
    Ok(start.elapsed())
}

/// The same code over the same results, without a wall.
fn natively(config: &str) -> Result<Duration, Failure> {
    let batches: Vec<_> = (0..TASKS / BATCH_ROWS).map(|number| native(batch(number))).collect();
    let start = Instant::now();
    let made = hsm_sdk::testing::artifacts::<leaderboard::Leaderboard>(config, batches);
    made.map_err(|failure| internal(&failure.message))?;
    Ok(start.elapsed())
}

fn native(results: Results) -> hsm_sdk::Results {
    let column = |column: Column| {
        let cells = match column.cells {
            Cells::Texts(cells) => hsm_sdk::Cells::Texts(cells),
            Cells::Numbers(cells) => hsm_sdk::Cells::Numbers(cells),
            other => hsm_sdk::Cells::Json(vec![String::new(); other.len()]),
        };
        hsm_sdk::Column::new(column.name, cells)
    };
    let table = |table: Table| hsm_sdk::Table {
        rows: table.rows,
        columns: table.columns.into_iter().map(column).collect(),
    };
    hsm_sdk::Results {
        states: vec![hsm_sdk::TaskState::Completed; results.tasks.len()],
        tasks: results.tasks,
        params: table(results.params),
        metrics: table(results.metrics),
        facts: table(results.facts),
    }
}

fn batch(number: u64) -> Results {
    let tasks: Vec<u64> = (1..=BATCH_ROWS).map(|row| number * BATCH_ROWS + row).collect();
    let rows = u32::try_from(tasks.len()).unwrap_or(u32::MAX);
    let numbers = |period: u64| {
        let cell = |task: &u64| f64::from(u32::try_from(task % period).unwrap_or(0)) / 7.0;
        Cells::Numbers(tasks.iter().map(cell).collect())
    };
    let texts =
        |kinds: u64| Cells::Texts(tasks.iter().map(|task| format!("choice-{}", task % kinds)).collect());
    let column = |name: String, cells| Column { name, cells, absent: Vec::new() };
    let text_params = (0..TEXT_PARAMS).map(|index| column(format!("t{index}"), texts(index + 2)));
    let number_params = (0..NUMBER_PARAMS).map(|index| column(format!("p{index}"), numbers(index * 5 + 3)));
    let metrics = (0..METRICS).map(|index| column(format!("m{index}"), numbers(9_973 - index)));
    let table = |columns| Table { rows, columns };
    Results {
        states: vec![TaskState::Completed; tasks.len()],
        params: table(text_params.chain(number_params).collect()),
        metrics: table(metrics.collect()),
        facts: table(Vec::new()),
        tasks,
    }
}
