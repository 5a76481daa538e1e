//! What users write, and what is wrong with it.

use hsm_sdk::{Cells, Column, Failure, Table};
use serde::Deserialize;

/// A longer ranking is a table, which the host makes itself.
const LISTED_MAX: u32 = 10_000;

/// The aggregator's configuration.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    metric: Option<String>,
    pub(crate) mode: Mode,
    pub(crate) k: u32,
}

/// Which values are better.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Greater ones.
    #[default]
    Max,
    /// Lesser ones.
    Min,
}

impl Default for Config {
    fn default() -> Self {
        Self { metric: None, mode: Mode::Max, k: 10 }
    }
}

impl Config {
    pub(crate) fn check(&self) -> Result<(), Failure> {
        if (1..=LISTED_MAX).contains(&self.k) {
            return Ok(());
        }
        Err(Failure::config(format!("`k` is {}, and it has to be from 1 to {LISTED_MAX}", self.k)))
    }

    /// The configured metric, or the only one there is.
    pub(crate) fn choose_metric(&self, metrics: &Table) -> Result<String, Failure> {
        let numeric: Vec<&str> = metrics
            .columns
            .iter()
            .filter(|column| may_be_ranked(column))
            .map(|column| column.name.as_str())
            .collect();
        let list = numeric.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        let Some(wanted) = &self.metric else {
            return match numeric.as_slice() {
                [] => Err(Failure::input("no task has a metric that is a number")
                    .with_hint("write numbers into `results.json` in the task's folder")),
                [only] => Ok((*only).to_owned()),
                [first, ..] => Err(Failure::config(format!("there are several metrics to rank by: {list}"))
                    .with_hint(format!("choose one: `--config metric={first}`"))),
            };
        };
        if numeric.contains(&wanted.as_str()) {
            return Ok(wanted.clone());
        }
        let problem = match metrics.column(wanted) {
            Some(_) => format!("the metric `{wanted}` is not a number"),
            None => format!("no task has a metric `{wanted}`"),
        };
        let hint = if list.is_empty() {
            "no task has a metric that is a number".to_owned()
        } else {
            format!("there are {list}")
        };
        Err(Failure::config(problem).with_hint(hint))
    }
}

/// Mixed columns come as JSON, and some of their cells may be numbers.
fn may_be_ranked(column: &Column) -> bool {
    match &column.cells {
        Cells::Integers(_) | Cells::Numbers(_) => true,
        Cells::Json(_) => column.iter().flatten().any(|cell| cell.as_number().is_some()),
        Cells::Booleans(_) | Cells::Texts(_) => false,
    }
}
