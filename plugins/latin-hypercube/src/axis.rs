//! From a place on the unit interval to a value.

use crate::strata::Strata;
use hsm_sdk::{Cells, Column};
use std::ops::Range;

/// A parameter to sample.
#[derive(Debug)]
pub struct Axis {
    strata: Strata,
    name: String,
    scale: Scale,
}

/// The values that the unit interval stands for.
#[derive(Debug)]
pub enum Scale {
    /// Equal steps.
    Uniform { low: f64, high: f64 },
    /// Equal ratios.
    LogUniform { low: f64, high: f64, low_log: f64, high_log: f64 },
    /// `low`, `low + 1` and so on, `count` of them, equally likely.
    Integer { low: i64, count: u64 },
    /// These, equally likely; there is at least one.
    Choice(Cells),
}

impl Axis {
    pub fn new(strata: Strata, name: String, scale: Scale) -> Self {
        Self { strata, name, scale }
    }

    /// The values of a range of points.
    pub fn column(&self, points: Range<u64>) -> Column {
        let positions = points.map(|index| self.strata.position(index));
        let cells = match &self.scale {
            Scale::Uniform { low, high } => {
                // Rounding could leave the interval by one unit in the last place.
                Cells::Numbers(positions.map(|at| (low + at * (high - low)).clamp(*low, *high)).collect())
            }
            Scale::LogUniform { low, high, low_log, high_log } => {
                let value = |at: f64| (low_log + at * (high_log - low_log)).exp().clamp(*low, *high);
                Cells::Numbers(positions.map(value).collect())
            }
            Scale::Integer { low, count } => {
                Cells::Integers(positions.map(|at| low.wrapping_add_unsigned(nth(at, *count))).collect())
            }
            Scale::Choice(choices) => pick(choices, positions),
        };
        Column::new(self.name.clone(), cells)
    }
}

fn pick(choices: &Cells, positions: impl Iterator<Item = f64>) -> Cells {
    fn picked<T: Clone>(choices: &[T], positions: impl Iterator<Item = f64>) -> Vec<T> {
        let count = choices.len() as u64;
        // `nth` is below the number of choices, which is a `usize`.
        #[expect(clippy::cast_possible_truncation, reason = "see above")]
        positions.map(|at| choices[nth(at, count) as usize].clone()).collect()
    }
    match choices {
        Cells::Booleans(choices) => Cells::Booleans(picked(choices, positions)),
        Cells::Integers(choices) => Cells::Integers(picked(choices, positions)),
        Cells::Numbers(choices) => Cells::Numbers(picked(choices, positions)),
        Cells::Texts(choices) => Cells::Texts(picked(choices, positions)),
        Cells::Json(choices) => Cells::Json(picked(choices, positions)),
    }
}

/// Which of `count` equal parts of the unit interval `at` lies in, from 0.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "`count` is at most 2⁵³ and `at` is in [0, 1)"
)]
fn nth(at: f64, count: u64) -> u64 {
    ((at * count as f64) as u64).min(count - 1)
}
