//! Values as typed cells: how axes and parameters cross over to plugins.

use crate::render::params_json;
use crate::sweep::factor::FactorKind;
use crate::sweep::space::Space;
use crate::table::{Cells, Column};
use crate::value::{Quantity, Value};

/// The largest integer up to which doubles carry every integer: 2⁵³.
const EXACT_INTEGER_MAX: u64 = 1 << 53;

impl Space {
    /// The grid's parameters as a generator's axes, each with all its values.
    #[must_use]
    pub fn axes(&self) -> Vec<Column> {
        let grid = self.factors().iter().filter(|factor| *factor.kind() == FactorKind::Grid);
        grid.map(|factor| Column {
            name: factor.names().join(","),
            cells: cells_of(factor.rows().iter().flatten().flatten()),
            absent: Vec::new(),
        })
        .collect()
    }
}

/// The narrowest cells that carry all of these values: booleans, integers, numbers (integers join them within ±2⁵³), texts, or JSON.
#[must_use]
pub fn cells_of<'a>(values: impl IntoIterator<Item = &'a Value> + Clone) -> Cells {
    let all = || values.clone().into_iter();
    if all().next().is_none() {
        return Cells::Json(Vec::new());
    }
    if let Some(cells) = all().map(boolean).collect() {
        return Cells::Booleans(cells);
    }
    if let Some(cells) = all().map(integer).collect() {
        return Cells::Integers(cells);
    }
    if let Some(cells) = all().map(number).collect() {
        return Cells::Numbers(cells);
    }
    if let Some(cells) = all().map(text).collect() {
        return Cells::Texts(cells);
    }
    Cells::Json(all().map(json).collect())
}

fn boolean(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(truth) => Some(*truth),
        _ => None,
    }
}

fn integer(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => match number.quantity() {
            Quantity::Integer(integer) => Some(integer),
            Quantity::Float(_) => None,
        },
        _ => None,
    }
}

fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => match number.quantity() {
            Quantity::Float(float) => Some(float),
            #[expect(clippy::cast_precision_loss, reason = "within 2⁵³ no precision is lost")]
            Quantity::Integer(integer) if integer.unsigned_abs() <= EXACT_INTEGER_MAX => Some(integer as f64),
            Quantity::Integer(_) => None,
        },
        _ => None,
    }
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::Text(text) => Some(text.clone()),
        _ => None,
    }
}

fn json(value: &Value) -> String {
    let mut out = String::new();
    params_json(value, &mut out);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_as_narrow_as_their_values_allow() {
        let number = |spelling: &str| Value::Number(crate::yaml::number(spelling).unwrap());
        let text = || Value::Text("a".to_owned());
        for (values, expected) in [
            (vec![], Cells::Json(vec![])),
            (vec![Value::Bool(true)], Cells::Booleans(vec![true])),
            (vec![number("1"), number("0x10")], Cells::Integers(vec![1, 16])),
            (vec![number("1"), number("1e-3")], Cells::Numbers(vec![1.0, 1e-3])),
            (
                vec![number("9007199254740993"), number(".5")],
                Cells::Json(vec!["9007199254740993".to_owned(), "0.5".to_owned()]),
            ),
            (vec![text()], Cells::Texts(vec!["a".to_owned()])),
            (vec![text(), Value::Null], Cells::Json(vec!["\"a\"".to_owned(), "null".to_owned()])),
        ] {
            assert_eq!(cells_of(&values), expected);
        }
    }
}
