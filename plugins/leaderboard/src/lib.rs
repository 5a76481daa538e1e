//! An aggregator that ranks tasks by a metric, and says what each parameter does to it.
//!
//! | key | default | meaning |
//! |---|---|---|
//! | `metric` | the only one there is | what to rank by |
//! | `mode` | `max` | `max` or `min`: which values are better |
//! | `k` | 10 | how many tasks to list |
//!
//! It makes `leaderboard.csv` (the best tasks), `effects.csv` (the mean of the metric for each value of each parameter) and
//! `leaderboard.md` (both, to read). Only completed tasks with a finite value are ranked; the text counts the others. Memory
//! does not grow with the sweep: the best `k` rows are kept, and of each parameter up to a hundred values.

mod best;
mod config;
mod effects;
mod report;

use best::{Best, Entry};
use config::{Config, Mode};
use effects::Effects;
use hsm_sdk::{Aggregate, Artifact, Column, Failure, Json, Results, TaskState};
use report::Report;

/// A ranking under way.
#[derive(Debug)]
pub struct Leaderboard {
    config: Config,
    ranking: Option<Ranking>,
}

/// What is known once the first results have told which metrics there are.
#[derive(Debug)]
struct Ranking {
    metric: String,
    best: Best,
    effects: Effects,
    counts: Counts,
}

/// How many tasks there were, and why some are not ranked.
#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    tasks: u64,
    not_completed: u64,
    without_metric: u64,
    not_finite: u64,
}

impl Aggregate for Leaderboard {
    type Config = Config;

    fn open(config: Config, _sweep: Json) -> Result<Self, Failure> {
        config.check()?;
        Ok(Self { config, ranking: None })
    }

    fn add(&mut self, results: Results) -> Result<(), Failure> {
        if self.ranking.is_none() {
            self.ranking = Some(Ranking::new(&self.config, &results)?);
        }
        if let Some(ranking) = &mut self.ranking {
            ranking.add(&results);
        }
        Ok(())
    }

    fn finish(self) -> Result<Vec<Artifact>, Failure> {
        let Some(ranking) = self.ranking else {
            return Ok(vec![Artifact::markdown("leaderboard.md", "There are no results to rank.\n")]);
        };
        let mode = self.config.mode;
        let report = Report {
            metric: &ranking.metric,
            mode,
            counts: ranking.counts,
            best: ranking.best.into_sorted(),
            effects: ranking.effects.into_sorted(mode),
        };
        Ok(vec![
            Artifact::table("leaderboard.csv", report.best_table()),
            Artifact::table("effects.csv", report.effects_table()),
            Artifact::markdown("leaderboard.md", report.text()),
        ])
    }
}

impl Ranking {
    fn new(config: &Config, results: &Results) -> Result<Self, Failure> {
        let metric = config.choose_metric(&results.metrics)?;
        Ok(Self {
            metric,
            best: Best::new(config.k, config.mode),
            effects: Effects::new(&results.params),
            counts: Counts::default(),
        })
    }

    fn add(&mut self, results: &Results) {
        let values = self.values(results);
        let entry = |(row, value): (usize, &Option<f64>)| {
            value.map(|value| (row, Entry { value, task: results.tasks[row] }))
        };
        self.best.add(&results.params, values.iter().enumerate().filter_map(entry));
        self.effects.add(&results.params, &values);
    }

    /// What to rank each row by; `None` for the rows that are only counted.
    fn values(&mut self, results: &Results) -> Vec<Option<f64>> {
        let metric = results.metrics.column(&self.metric);
        let mut cells = metric.into_iter().flat_map(Column::iter);
        let counts = &mut self.counts;
        counts.tasks += results.tasks.len() as u64;
        let mut value = |state: &TaskState| {
            let number = cells.next().flatten().and_then(hsm_sdk::Cell::as_number);
            match (state, number) {
                (TaskState::Completed, Some(number)) if number.is_finite() => return Some(number),
                (TaskState::Completed, Some(_)) => counts.not_finite += 1,
                (TaskState::Completed, None) => counts.without_metric += 1,
                _ => counts.not_completed += 1,
            }
            None
        };
        results.states.iter().map(&mut value).collect()
    }
}

impl Mode {
    /// Whether `a` is better than `b`.
    fn prefers(self, a: f64, b: f64) -> bool {
        match self {
            Self::Max => a > b,
            Self::Min => a < b,
        }
    }
}

hsm_sdk::aggregator!(Leaderboard);

#[cfg(test)]
mod tests;
