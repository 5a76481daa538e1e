//! The mean of a metric for each value of a parameter.
//!
//! Replace this with the question you have in mind. What stays: results come in batches, and what is kept of them should not grow
//! with the sweep.

use hsm_sdk::{Aggregate, Artifact, Column, Failure, Json, Results, Table, TaskState};
use serde::Deserialize;

/// What users write with `--config`. A misspelt key is an error that lists the right ones.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The metric to average.
    metric: String,
    /// The parameter whose values make the rows.
    by: String,
}

/// An aggregation under way.
#[derive(Debug)]
pub struct Means {
    config: Config,
    /// In the order in which the values first appear.
    groups: Vec<Group>,
}

#[derive(Debug)]
struct Group {
    value: String,
    tasks: i64,
    sum: f64,
}

impl Aggregate for Means {
    type Config = Config;

    fn open(config: Config, _sweep: Json) -> Result<Self, Failure> {
        Ok(Self { config, groups: Vec::new() })
    }

    /// Adds a batch to the sums. Only completed tasks with a finite number count.
    fn add(&mut self, results: Results) -> Result<(), Failure> {
        let groups = column(&results.params, &self.config.by, "parameter")?;
        let numbers = column(&results.metrics, &self.config.metric, "metric")?.as_numbers()?;
        for ((state, group), number) in results.states.iter().zip(groups.iter()).zip(numbers) {
            if let (TaskState::Completed, Some(number)) = (state, number.filter(|number| number.is_finite())) {
                self.group(group.map_or_else(|| "-".to_owned(), |cell| cell.to_string())).add(number);
            }
        }
        Ok(())
    }

    /// The means as a table, and as text for the terminal.
    fn finish(self) -> Result<Vec<Artifact>, Failure> {
        let Config { metric, by } = &self.config;
        let mut text = format!("# Mean {metric} by `{by}`\n\n| {by} | tasks | mean |\n|---|---:|---:|\n");
        for group in &self.groups {
            text += &format!("| {} | {} | {} |\n", group.value, group.tasks, group.mean());
        }
        let table = Table::new([
            Column::texts(by, self.groups.iter().map(|group| group.value.clone()).collect()),
            Column::integers("tasks", self.groups.iter().map(|group| group.tasks).collect()),
            Column::numbers("mean", self.groups.iter().map(Group::mean).collect()),
        ]);
        Ok(vec![Artifact::table("means.csv", table), Artifact::markdown("means.md", text)])
    }
}

impl Means {
    fn group(&mut self, value: String) -> &mut Group {
        let place = self.groups.iter().position(|group| group.value == value).unwrap_or_else(|| {
            self.groups.push(Group { value, tasks: 0, sum: 0.0 });
            self.groups.len() - 1
        });
        &mut self.groups[place]
    }
}

impl Group {
    fn add(&mut self, number: f64) {
        self.tasks += 1;
        self.sum += number;
    }

    fn mean(&self) -> f64 {
        self.sum / self.tasks as f64
    }
}

/// A column by its name, or a failure that says which there are.
fn column<'a>(table: &'a Table, name: &str, what: &str) -> Result<&'a Column, Failure> {
    table.require(name).map_err(|mut failure| {
        failure.message = format!("there is no {what} `{name}`");
        failure
    })
}

hsm_sdk::aggregator!(Means);

#[cfg(test)]
mod tests {
    use super::*;
    use hsm_sdk::testing;

    #[test]
    fn fixtures_are_answered_as_expected() {
        testing::replay_aggregator::<Means>(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures"));
    }

    #[test]
    fn nothing_to_average_is_no_failure() {
        let artifacts = testing::artifacts::<Means>(r#"{"metric": "loss", "by": "model"}"#, []).unwrap();
        assert_eq!(artifacts.len(), 2);
    }
}
