//! The aggregator `summary`: how many tasks are in which state, and what each metric amounts to.

use super::config;
use crate::roles::{
    Aggregation, Aggregator, AggregatorSpec, Artifact, ArtifactBody, Blame, Failure, Results,
};
use crate::state::TaskState;
use crate::table::{Cells, Column, Table};
use serde::Deserialize;
use std::fmt::Write as _;

/// Makes `states.csv` (tasks in each state), `metrics.csv` (count, minimum, mean and maximum of each numeric metric over the completed
/// tasks) and `summary.md` (both, for people). Values that are not finite are counted apart and enter nothing else.
///
/// Options: `metrics`, a list of the metrics to look at; all numeric ones without it.
#[derive(Clone, Copy, Debug)]
pub struct Summary;

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Options {
    metrics: Option<Vec<String>>,
}

#[derive(Default)]
struct Tally {
    wanted: Option<Vec<String>>,
    states: [i64; TaskState::ALL.len()],
    known: Vec<String>,
    statistics: Vec<Statistic>,
}

impl Aggregator for Summary {
    fn open(&self, spec: &AggregatorSpec) -> Result<Box<dyn Aggregation>, Failure> {
        let Options { metrics } = config("summary", &spec.config)?;
        Ok(Box::new(Tally { wanted: metrics, ..Tally::default() }))
    }
}

impl Aggregation for Tally {
    fn add(&mut self, results: Results) -> Result<(), Failure> {
        for (count, state) in self.states.iter_mut().zip(TaskState::ALL) {
            *count += results.states.iter().filter(|known| **known == state).count() as i64;
        }
        for column in &results.metrics.columns {
            if !self.known.contains(&column.name) {
                self.known.push(column.name.clone());
            }
            if self.wanted.as_ref().is_none_or(|wanted| wanted.contains(&column.name)) {
                self.statistic(&column.name).add(column, &results.states);
            }
        }
        Ok(())
    }

    fn finish(self: Box<Self>) -> Result<Vec<Artifact>, Failure> {
        if let Some(name) = self.wanted.iter().flatten().find(|name| !self.known.contains(name)) {
            let known = if self.known.is_empty() {
                "none".to_owned()
            } else {
                format!("`{}`", self.known.join("`, `"))
            };
            return Err(Failure::new(
                Blame::Config,
                "unknown-metric",
                format!("no task has the metric `{name}`"),
            )
            .with_hint(format!("the metrics of this sweep: {known}")));
        }
        let statistics: Vec<_> = self.statistics.iter().filter(|statistic| statistic.is_numeric()).collect();
        Ok(vec![
            artifact("states.csv", "text/csv", ArtifactBody::Table(states_table(self.states))),
            artifact("metrics.csv", "text/csv", ArtifactBody::Table(metrics_table(&statistics))),
            artifact(
                "summary.md",
                "text/markdown",
                ArtifactBody::Bytes(markdown(self.states, &statistics).into_bytes()),
            ),
        ])
    }
}

impl Tally {
    fn statistic(&mut self, name: &str) -> &mut Statistic {
        let place =
            self.statistics.iter().position(|statistic| statistic.name == name).unwrap_or_else(|| {
                self.statistics.push(Statistic::new(name));
                self.statistics.len() - 1
            });
        &mut self.statistics[place]
    }
}

/// One metric's numbers so far.
struct Statistic {
    name: String,
    count: i64,
    not_finite: i64,
    min: f64,
    mean: f64,
    max: f64,
}

impl Statistic {
    fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            count: 0,
            not_finite: 0,
            min: f64::INFINITY,
            mean: 0.0,
            max: f64::NEG_INFINITY,
        }
    }

    fn is_numeric(&self) -> bool {
        self.count + self.not_finite > 0
    }

    fn add(&mut self, column: &Column, states: &[TaskState]) {
        let mut absent = column.absent.iter().peekable();
        for (row, state) in (0u32..).zip(states) {
            if absent.next_if(|absent| **absent == row).is_some() || *state != TaskState::Completed {
                continue;
            }
            if let Some(number) = number_in(&column.cells, row as usize) {
                self.add_number(number);
            }
        }
    }

    /// The mean is carried along instead of a sum, which could overflow.
    fn add_number(&mut self, number: f64) {
        if !number.is_finite() {
            self.not_finite += 1;
            return;
        }
        self.count += 1;
        #[expect(clippy::cast_precision_loss, reason = "a count of tasks is far below 2^53")]
        let count = self.count as f64;
        self.mean += number / count - self.mean / count;
        self.min = self.min.min(number);
        self.max = self.max.max(number);
    }
}

fn number_in(cells: &Cells, row: usize) -> Option<f64> {
    match cells {
        #[expect(clippy::cast_precision_loss, reason = "statistics are made in doubles")]
        Cells::Integers(cells) => cells.get(row).map(|integer| *integer as f64),
        Cells::Numbers(cells) => cells.get(row).copied(),
        // A column of mixed types has its numbers here.
        Cells::Json(cells) => cells.get(row).and_then(|json| serde_json::from_str(json).ok()),
        Cells::Booleans(_) | Cells::Texts(_) | Cells::Spelled(_) => None,
    }
}

fn states_table(states: [i64; TaskState::ALL.len()]) -> Table {
    let names = TaskState::ALL.iter().map(ToString::to_string).collect();
    table(vec![("state", Cells::Texts(names)), ("tasks", Cells::Integers(states.to_vec()))])
}

fn metrics_table(statistics: &[&Statistic]) -> Table {
    let numbers = |take: fn(&Statistic) -> f64| Cells::Numbers(statistics.iter().map(|s| take(s)).collect());
    let integers =
        |take: fn(&Statistic) -> i64| Cells::Integers(statistics.iter().map(|s| take(s)).collect());
    let mut table = table(vec![
        ("metric", Cells::Texts(statistics.iter().map(|statistic| statistic.name.clone()).collect())),
        ("count", integers(|statistic| statistic.count)),
        ("min", numbers(|statistic| statistic.min)),
        ("mean", numbers(|statistic| statistic.mean)),
        ("max", numbers(|statistic| statistic.max)),
        ("not_finite", integers(|statistic| statistic.not_finite)),
    ]);
    let without: Vec<u32> =
        (0u32..).zip(statistics).filter(|(_, s)| s.count == 0).map(|(row, _)| row).collect();
    for column in &mut table.columns[2..=4] {
        column.absent.clone_from(&without);
    }
    table
}

fn table(columns: Vec<(&str, Cells)>) -> Table {
    let rows = columns.first().map_or(0, |(_, cells)| cells.len());
    Table {
        rows: u32::try_from(rows).unwrap_or(u32::MAX),
        columns: columns
            .into_iter()
            .map(|(name, cells)| Column { name: name.to_owned(), cells, absent: Vec::new() })
            .collect(),
    }
}

fn markdown(states: [i64; TaskState::ALL.len()], statistics: &[&Statistic]) -> String {
    let mut text = String::from("| state | tasks |\n| :-- | --: |\n");
    for (state, count) in TaskState::ALL.iter().zip(states).filter(|(_, count)| *count > 0) {
        let _ = writeln!(text, "| {state} | {count} |");
    }
    if statistics.is_empty() {
        text.push_str("\nNo completed task has a numeric metric.\n");
        return text;
    }
    text.push_str(
        "\n| metric | count | min | mean | max | not finite |\n| :-- | --: | --: | --: | --: | --: |\n",
    );
    for statistic in statistics {
        let name: String = statistic.name.escape_debug().to_string().replace('|', "\\|");
        let number = |number| if statistic.count == 0 { "–".to_owned() } else { six_digits(number) };
        let [min, mean, max] = [statistic.min, statistic.mean, statistic.max].map(number);
        let _ = writeln!(
            text,
            "| {name} | {} | {min} | {mean} | {max} | {} |",
            statistic.count, statistic.not_finite
        );
    }
    text
}

/// A number for people: at most six significant digits, no zeros behind them.
fn six_digits(number: f64) -> String {
    let rounded: f64 = format!("{number:.5e}").parse().unwrap_or(number);
    format!("{rounded:?}")
}

fn artifact(name: &str, media_type: &str, body: ArtifactBody) -> Artifact {
    Artifact { name: name.to_owned(), media_type: media_type.to_owned(), body }
}
