//! The mean of the metric for each value of each parameter.

use crate::config::Mode;
use hsm_sdk::{Cell, Column, Table};
use rustc_hash::FxHashMap;

/// A parameter with more values than this was drawn rather than chosen, and a mean for each says nothing.
pub const VALUES_MAX: usize = 100;

/// One parameter.
#[derive(Debug)]
pub struct Effect {
    pub name: String,
    /// Empty once there are too many.
    pub values: Vec<ValueEffect>,
    pub too_many: bool,
}

/// One value of a parameter.
#[derive(Clone, Debug, PartialEq)]
pub struct ValueEffect {
    /// As text; `None` for the tasks without this parameter.
    pub value: Option<String>,
    pub tasks: u64,
    pub mean: f64,
}

/// All parameters.
#[derive(Debug)]
pub struct Effects {
    params: Vec<Param>,
}

/// A parameter and where each of its values stands in `effect.values`.
#[derive(Debug)]
struct Param {
    effect: Effect,
    by_bits: FxHashMap<u64, usize>,
    by_text: FxHashMap<String, usize>,
    absent: Option<usize>,
}

impl Effects {
    pub fn new(params: &Table) -> Self {
        Self { params: params.columns.iter().map(Param::new).collect() }
    }

    /// Adds a batch; `values` has the metric of each row that counts.
    pub fn add(&mut self, params: &Table, values: &[Option<f64>]) {
        for (param, column) in self.params.iter_mut().zip(&params.columns) {
            for (cell, value) in column.iter().zip(values) {
                if param.effect.too_many {
                    break;
                }
                if let Some(value) = value {
                    param.add(cell, *value);
                }
            }
        }
    }

    /// Each parameter in its order, its values from the best mean to the worst.
    pub fn into_sorted(self, mode: Mode) -> Vec<Effect> {
        let mut effects: Vec<Effect> = self.params.into_iter().map(|param| param.effect).collect();
        for effect in &mut effects {
            effect.values.sort_by(|a, b| match mode {
                Mode::Max => b.mean.total_cmp(&a.mean),
                Mode::Min => a.mean.total_cmp(&b.mean),
            });
        }
        effects
    }
}

impl Param {
    fn new(column: &Column) -> Self {
        let effect = Effect { name: column.name.clone(), values: Vec::new(), too_many: false };
        Self { effect, by_bits: FxHashMap::default(), by_text: FxHashMap::default(), absent: None }
    }

    fn add(&mut self, cell: Option<Cell<'_>>, value: f64) {
        let Some(place) = self.place(cell) else {
            self.effect.too_many = true;
            self.effect.values = Vec::new();
            return;
        };
        let effect = &mut self.effect.values[place];
        effect.tasks += 1;
        // A running mean keeps digits that a long sum would lose.
        effect.mean += (value - effect.mean) / as_double(effect.tasks);
    }

    /// Where the cell's value stands, as a new one if need be; `None` when that would be one too many. Numbers are told apart
    /// by their bits, which costs no text.
    fn place(&mut self, cell: Option<Cell<'_>>) -> Option<usize> {
        let values = &mut self.effect.values;
        let next = values.len();
        let place = match cell {
            None => *self.absent.get_or_insert(next),
            Some(Cell::Boolean(boolean)) => *self.by_bits.entry(u64::from(boolean)).or_insert(next),
            Some(Cell::Integer(integer)) => *self.by_bits.entry(integer.cast_unsigned()).or_insert(next),
            Some(Cell::Number(number)) => *self.by_bits.entry(number.to_bits()).or_insert(next),
            Some(Cell::Text(text) | Cell::Json(text)) => match self.by_text.get(text) {
                Some(place) => *place,
                None => *self.by_text.entry(text.to_owned()).or_insert(next),
            },
        };
        if place == VALUES_MAX {
            return None;
        }
        if place == next {
            let value = cell.map(|cell| cell.to_string());
            values.push(ValueEffect { value, tasks: 0, mean: 0.0 });
        }
        Some(place)
    }
}

#[expect(clippy::cast_precision_loss, reason = "no sweep has 2⁵³ tasks")]
fn as_double(count: u64) -> f64 {
    count as f64
}
