//! Evenly spaced values of one parameter.
//!
//! Replace this with the search you have in mind. What stays: everything follows from the configuration, the axes and the seed,
//! and however the host cuts the points into batches, they are the same points.

use hsm_sdk::{Column, Failure, Generate, Table};
use serde::Deserialize;

/// What users write under `generator.config`. A misspelt key is an error that lists the right ones.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The parameter to vary.
    parameter: String,
    /// The first value.
    from: f64,
    /// The last value.
    to: f64,
    /// How many values.
    steps: u32,
}

/// A search under way.
#[derive(Debug)]
pub struct Ladder {
    config: Config,
    done: u32,
}

impl Generate for Ladder {
    type Config = Config;

    fn open(config: Config, _axes: Vec<Column>, _seed: u64) -> Result<Self, Failure> {
        if config.parameter.is_empty() {
            return Err(Failure::config("`parameter` is empty").with_hint("name one, such as `parameter: lr`"));
        }
        if config.steps < 2 {
            return Err(Failure::config(format!("`steps` is {}", config.steps))
                .with_hint("a ladder has at least 2 steps"));
        }
        if !config.from.is_finite() || !config.to.is_finite() {
            return Err(Failure::config("`from` and `to` have to be finite"));
        }
        Ok(Self { config, done: 0 })
    }

    fn size(&self) -> Option<u64> {
        Some(u64::from(self.config.steps))
    }

    fn next(&mut self, max_rows: u32) -> Result<Table, Failure> {
        let Config { parameter, from, to, steps } = &self.config;
        let end = steps.min(&self.done.saturating_add(max_rows)).to_owned();
        let value = |step: u32| {
            let part = f64::from(step) / f64::from(steps - 1);
            from * (1.0 - part) + to * part
        };
        let values = (self.done..end).map(value).collect();
        self.done = end;
        Ok(Table::new([Column::numbers(parameter, values)]))
    }
}

hsm_sdk::generator!(Ladder);

#[cfg(test)]
mod tests {
    use super::*;
    use hsm_sdk::testing;

    #[test]
    fn fixtures_are_answered_as_expected() {
        testing::replay_generator::<Ladder>(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures"));
    }

    #[test]
    fn batches_do_not_matter() {
        let points = |batch_rows| {
            let config = r#"{"parameter": "lr", "from": 0, "to": 1, "steps": 5}"#;
            testing::points::<Ladder>(config, vec![], 0, batch_rows).unwrap()
        };
        assert_eq!(points(2), points(100));
    }
}
