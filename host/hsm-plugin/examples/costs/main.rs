//! What plugins cost: `cargo run --release -p hsm-plugin --example costs PLUGINS HSM`, the folder of the built plugins and the program
//! that compiles. One line of JSON a measurement, for `tests/bench/plugin` to make a table of. With a third word, `compile-memory`, it only has
//! a component compiled that takes more memory than it may, so that whoever started it can see how much that was.

#![expect(clippy::print_stdout, reason = "the numbers are what it is for")]

mod stopped;

use hsm_core::roles::{AggregatorSpec, Failure, GeneratorSpec, Results, Roles};
use hsm_core::state::TaskState;
use hsm_core::table::{Cells, Column, Table};
use hsm_plugin::{Compiler, PluginRoles, PluginSettings};
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

fn main() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1).map(PathBuf::from);
    let plugins = arguments.next().unwrap_or_else(|| "target/plugins".into());
    let hsm = arguments.next().unwrap_or_else(|| "target/release/hsm".into());
    let cache = plugins.join(".cache-of-costs");
    match arguments.next() {
        Some(word) if word.as_os_str() == "compile-memory" => return stopped::compile_memory(&plugins, &hsm),
        Some(word) => return Err(internal(&format!("there is nothing called `{}`", word.display()))),
        None => {}
    }
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
    // It takes every batch and looks at nothing.
    say("cells crossing", median(|| aggregate(&roles(), "wayward-aggregator", r#"{"do": "text"}"#))?);
    if plugins.join("pareto.wasm").exists() {
        let config = r#"{"metrics": {"m0": "max", "m1": "min"}}"#;
        say("cells pareto", median(|| aggregate(&roles(), "pareto", config))?);
    }
    stopped::all(&plugins, &hsm, &cache)
}

fn say(what: &str, time: Duration) {
    println!("{}", serde_json::json!({"what": what, "seconds": time.as_secs_f64(), "cells": cells()}));
}

fn cells() -> u64 {
    TASKS * (TEXT_PARAMS + NUMBER_PARAMS + METRICS)
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
