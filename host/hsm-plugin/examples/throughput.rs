//! How fast the reference plugins are through the sandbox: `cargo run --release -p hsm-plugin --example throughput [FOLDER]`, the
//! folder being that of the built plugins (`target/plugins`).

#![expect(clippy::print_stdout, reason = "the numbers are what it is for")]

use hsm_core::roles::{AggregatorSpec, Failure, GeneratorSpec, Results, Roles};
use hsm_core::state::TaskState;
use hsm_core::table::{Cells, Column, Table};
use hsm_plugin::{Compiler, PluginRoles, PluginSettings};
use std::time::{Duration, Instant};

const POINTS: u64 = 6_000_000;
const TASKS: u64 = 100_000;
const BATCH_ROWS: u32 = 10_000;
const ROUNDS: usize = 5;

fn main() -> Result<(), Failure> {
    let folder = std::env::args().nth(1).unwrap_or_else(|| "target/plugins".to_owned());
    let roles = PluginRoles::new(PluginSettings::new(folder.into(), Compiler::InProcess));
    let mut points = Vec::new();
    let mut tasks = Vec::new();
    for _ in 0..ROUNDS {
        points.push(generate(&roles)?);
        tasks.push(aggregate(&roles)?);
    }
    let (points, tasks) = (median(points), median(tasks));
    #[expect(clippy::cast_precision_loss, reason = "six million")]
    let rate = POINTS as f64 / points.as_secs_f64() / 1e6;
    println!("latin-hypercube, 3 axes: {rate:.1} million points a second");
    println!("leaderboard, {TASKS} tasks x 20 columns: {:.3} s", tasks.as_secs_f64());
    Ok(())
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

fn generate(roles: &PluginRoles) -> Result<Duration, Failure> {
    let generator = roles.generator("latin-hypercube.wasm", None)?;
    let config = format!(
        r#"{{"samples": {POINTS}, "axes": {{"lr": {{"log_uniform": [1e-5, 0.1]}}, "dropout": {{"uniform": [0, 0.5]}}, "layers": {{"integer": [1, 8]}}}}}}"#
    );
    let start = Instant::now();
    let mut search = generator.role.open(&GeneratorSpec { config, axes: Vec::new(), seed: 7 })?;
    let mut rows = 0;
    loop {
        let table = search.next(BATCH_ROWS)?;
        if table.rows == 0 {
            break;
        }
        rows += u64::from(table.rows);
    }
    let time = start.elapsed();
    assert_eq!(rows, POINTS);
    Ok(time)
}

fn aggregate(roles: &PluginRoles) -> Result<Duration, Failure> {
    let aggregator = roles.aggregator("leaderboard.wasm", None)?;
    let batches: Vec<Results> = (0..TASKS / u64::from(BATCH_ROWS)).map(batch).collect();
    let start = Instant::now();
    let mut aggregation = aggregator.role.open(&AggregatorSpec {
        config: r#"{"metric": "accuracy"}"#.to_owned(),
        sweep: "{}".to_owned(),
        tasks_folder: None,
    })?;
    for batch in batches {
        aggregation.add(batch)?;
    }
    let artifacts = aggregation.finish()?;
    let time = start.elapsed();
    assert_eq!(artifacts.len(), 3);
    Ok(time)
}

/// Twelve parameters, of which four are text, and eight metrics.
fn batch(number: u64) -> Results {
    let first = number * u64::from(BATCH_ROWS);
    let tasks: Vec<u64> = (1..=u64::from(BATCH_ROWS)).map(|row| first + row).collect();
    let numbers = |period: u64| {
        let cell = |task: &u64| f64::from(u32::try_from(task % period).unwrap_or(0)) / 7.0;
        Cells::Numbers(tasks.iter().map(cell).collect())
    };
    let column = |name: String, cells| Column { name, cells, absent: Vec::new() };
    let param = |index: u64| {
        let texts =
            || Cells::Texts(tasks.iter().map(|task| format!("choice-{}", task % (index + 2))).collect());
        column(format!("param_{index}"), if index < 4 { texts() } else { numbers(index * 5) })
    };
    let metric = |index: u64| {
        column(if index == 0 { "accuracy".to_owned() } else { format!("m{index}") }, numbers(9_973))
    };
    let table = |columns| Table { rows: BATCH_ROWS, columns };
    Results {
        states: vec![TaskState::Completed; tasks.len()],
        params: table((0..12).map(param).collect()),
        metrics: table((0..8).map(metric).collect()),
        facts: table(Vec::new()),
        tasks: tasks.clone(),
    }
}
