//! What users write, and what is wrong with it.

use crate::axis::{Axis, Scale};
use crate::strata::Strata;
use hsm_sdk::{Cells, Column, Failure};
use serde::Deserialize;
use serde_json::{Map, Value};
use std::fmt::Display;

/// With more samples than this, a stratum of the unit interval would hold fewer than 4,096 doubles.
const SAMPLES_MAX: u64 = 1 << 40;

/// Up to this many integers are exact as doubles, which the strata are computed with.
const INTEGERS_MAX: u64 = 1 << 53;

/// The generator's configuration.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    samples: u64,
    #[serde(default)]
    axes: Map<String, Value>,
}

/// One axis as it is written: exactly one of these keys.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum AxisConfig {
    Uniform([f64; 2]),
    LogUniform([f64; 2]),
    Integer([i64; 2]),
    #[serde(alias = "categorical")]
    Choice(Vec<Value>),
}

impl Config {
    pub(crate) fn samples(&self) -> Result<u64, Failure> {
        match self.samples {
            0 => {
                Err(Failure::config("`samples` is 0")
                    .with_hint("write how many points to draw: `samples: 64`"))
            }
            samples if samples > SAMPLES_MAX => Err(Failure::config(format!(
                "`samples` is {samples}, and {SAMPLES_MAX} is the most there can be"
            ))),
            samples => Ok(samples),
        }
    }

    /// The axes of the configuration in its order, then those of the sweep file's grid.
    pub(crate) fn axes(self, grid: Vec<Column>, samples: u64, seed: u64) -> Result<Vec<Axis>, Failure> {
        if let Some(column) = grid.iter().find(|column| self.axes.contains_key(&column.name)) {
            let name = &column.name;
            return Err(Failure::config(format!("`{name}` is in the grid and under `axes`"))
                .with_hint(format!("remove one of the two `{name}`")));
        }
        if self.axes.is_empty() && grid.is_empty() {
            return Err(Failure::config("there is no axis to sample")
                .with_hint("write some under `axes`, such as `lr: {log_uniform: [1.0e-5, 1.0e-1]}`, or lists in the grid"));
        }
        let strata = |name: &str| Strata::new(samples, seed, name);
        let mut axes = Vec::with_capacity(self.axes.len() + grid.len());
        for (name, written) in self.axes {
            let scale = scale(&name, written)?;
            axes.push(Axis::new(strata(&name), name, scale));
        }
        for column in grid {
            let scale = grid_scale(&column)?;
            axes.push(Axis::new(strata(&column.name), column.name, scale));
        }
        Ok(axes)
    }
}

fn scale(name: &str, written: Value) -> Result<Scale, Failure> {
    let config = serde_json::from_value(written).map_err(|error| {
        Failure::config(format!("axis `{name}` cannot be read: {error}")).with_hint(
            "an axis is one of `uniform: [low, high]`, `log_uniform: [low, high]`, `integer: [low, high]`, `choice: [a, b]`",
        )
    })?;
    match config {
        AxisConfig::Uniform([low, high]) => {
            ascending(name, low, high)?;
            if !(high - low).is_finite() {
                return Err(Failure::config(format!("axis `{name}` is wider than the largest double")));
            }
            Ok(Scale::Uniform { low, high })
        }
        AxisConfig::LogUniform([low, high]) => {
            ascending(name, low, high)?;
            if low <= 0.0 {
                return Err(Failure::config(format!(
                    "axis `{name}` begins at {low}, and a logarithmic axis begins above 0"
                ))
                .with_hint(format!("raise the lower end of `{name}`, or make it `uniform`")));
            }
            Ok(Scale::LogUniform { low, high, low_log: low.ln(), high_log: high.ln() })
        }
        AxisConfig::Integer([low, high]) => {
            ascending(name, low, high)?;
            let count = low.abs_diff(high).saturating_add(1);
            if count > INTEGERS_MAX {
                return Err(Failure::config(format!("axis `{name}` has more than {INTEGERS_MAX} integers")));
            }
            Ok(Scale::Integer { low, count })
        }
        AxisConfig::Choice(values) if values.is_empty() => {
            Err(Failure::config(format!("axis `{name}` has no value to choose")))
        }
        AxisConfig::Choice(values) => Ok(Scale::Choice(choices(&values))),
    }
}

fn ascending<T: PartialOrd + Display>(name: &str, low: T, high: T) -> Result<(), Failure> {
    if low <= high {
        return Ok(());
    }
    Err(Failure::config(format!("axis `{name}` goes from {low} down to {high}"))
        .with_hint(format!("write the lower end first: [{high}, {low}]")))
}

fn grid_scale(column: &Column) -> Result<Scale, Failure> {
    if column.is_empty() {
        return Err(Failure::config(format!("axis `{}` has no value to choose", column.name)));
    }
    if !column.absent.is_empty() {
        return Err(Failure::input(format!("axis `{}` has an entry without a value", column.name)));
    }
    Ok(Scale::Choice(column.cells.clone()))
}

/// The narrowest kind of cells that all values fit.
fn choices(values: &[Value]) -> Cells {
    fn all<T>(values: &[Value], kind: impl Fn(&Value) -> Option<T>) -> Option<Vec<T>> {
        values.iter().map(kind).collect()
    }
    all(values, Value::as_bool)
        .map(Cells::Booleans)
        .or_else(|| all(values, Value::as_i64).map(Cells::Integers))
        .or_else(|| all(values, exact_number).map(Cells::Numbers))
        .or_else(|| all(values, |value| value.as_str().map(str::to_owned)).map(Cells::Texts))
        .unwrap_or_else(|| Cells::Json(values.iter().map(Value::to_string).collect()))
}

/// A number that a double holds: integers past 64 bits would be rounded, so they stay JSON.
fn exact_number(value: &Value) -> Option<f64> {
    const EXACT_MAX: u64 = 1 << 53;
    match value.as_i64() {
        Some(integer) if integer.unsigned_abs() > EXACT_MAX => None,
        None if value.is_u64() => None,
        _ => value.as_f64(),
    }
}
