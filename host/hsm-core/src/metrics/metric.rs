//! One value, and how its readers want it spelled.

use super::json::canonical_json;
use crate::value::{Quantity, Value};
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;
use std::fmt;

/// One value of a metric, or of a parameter without its spelling.
#[derive(Clone, Debug, PartialEq)]
pub enum Metric {
    /// Named, and without a value.
    Null,
    /// True or false.
    Bool(bool),
    /// An integer of 64 bits.
    Integer(i64),
    /// Any other number; NaN and infinities are ordinary values.
    Number(f64),
    /// Text.
    Text(String),
    /// A list, a map without an entry, or an integer beyond 64 bits: canonical JSON.
    Json(String),
}

impl Metric {
    /// The value of a cell of text, as CSV files and patterns have it: `true`, an integer, a number (`nan` and `inf` too), nothing,
    /// or the text itself.
    #[must_use]
    pub fn of_text(text: &str) -> Self {
        let text = text.trim();
        match text {
            "" => return Self::Null,
            "true" | "True" => return Self::Bool(true),
            "false" | "False" => return Self::Bool(false),
            _ => {}
        }
        if let Ok(integer) = text.parse() {
            return Self::Integer(integer);
        }
        text.parse().map_or_else(|_| Self::Text(text.to_owned()), Self::Number)
    }

    /// The number it stands for, where it is one.
    #[must_use]
    pub fn as_number(&self) -> Option<f64> {
        match self {
            #[expect(clippy::cast_precision_loss, reason = "statistics are made in doubles")]
            Self::Integer(integer) => Some(*integer as f64),
            Self::Number(number) => Some(*number),
            _ => None,
        }
    }

    /// How many bytes of text it holds.
    #[must_use]
    pub fn text_bytes(&self) -> usize {
        match self {
            Self::Text(text) | Self::Json(text) => text.len(),
            _ => 0,
        }
    }
}

/// As one cell of a CSV file: `nan`, `inf` and `-inf` for what is not finite, nothing for null.
impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => Ok(()),
            Self::Bool(truth) => truth.fmt(f),
            Self::Integer(integer) => integer.fmt(f),
            Self::Number(number) if number.is_nan() => f.write_str("nan"),
            Self::Number(number) => write!(f, "{number:?}"),
            Self::Text(text) | Self::Json(text) => f.write_str(text),
        }
    }
}

/// As JSON for programs: numbers that JSON cannot spell are the strings `NaN`, `Infinity` and `-Infinity`.
impl Serialize for Metric {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(truth) => serializer.serialize_bool(*truth),
            Self::Integer(integer) => serializer.serialize_i64(*integer),
            Self::Number(number) => match not_finite(*number) {
                Some(name) => serializer.serialize_str(name),
                None => serializer.serialize_f64(*number),
            },
            Self::Text(text) => serializer.serialize_str(text),
            Self::Json(json) => match serde_json::from_str::<&RawValue>(json) {
                Ok(json) => json.serialize(serializer),
                Err(_) => serializer.serialize_str(json),
            },
        }
    }
}

/// The value without its spelling. `null` stays a value of its own (JSON `null`), since a sweep may compare it with others.
impl From<&Value> for Metric {
    fn from(value: &Value) -> Self {
        match value {
            Value::Null => Self::Json("null".to_owned()),
            Value::Bool(truth) => Self::Bool(*truth),
            Value::Number(number) => match number.quantity() {
                Quantity::Integer(integer) => Self::Integer(integer),
                Quantity::Float(float) => Self::Number(float),
            },
            Value::Text(text) => Self::Text(text.clone()),
            Value::List(_) | Value::Map(_) => Self::Json(canonical_json(&value_json(value))),
        }
    }
}

fn value_json(value: &Value) -> serde_json::Value {
    match value {
        Value::Null => serde_json::Value::Null,
        Value::Bool(truth) => (*truth).into(),
        Value::Number(number) => match number.quantity() {
            Quantity::Integer(integer) => integer.into(),
            Quantity::Float(float) => json_number(float),
        },
        Value::Text(text) => text.clone().into(),
        Value::List(items) => items.iter().map(value_json).collect(),
        Value::Map(entries) => {
            entries.iter().map(|(name, value)| (name.clone(), value_json(value))).collect()
        }
    }
}

fn json_number(number: f64) -> serde_json::Value {
    not_finite(number).map_or_else(|| number.into(), serde_json::Value::from)
}

/// The name of a number that JSON cannot spell.
fn not_finite(number: f64) -> Option<&'static str> {
    match number {
        _ if number.is_finite() => None,
        _ if number.is_nan() => Some("NaN"),
        _ if number > 0.0 => Some("Infinity"),
        _ => Some("-Infinity"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_of_text_have_the_types_that_people_mean() {
        let table = [
            ("", Metric::Null),
            ("True", Metric::Bool(true)),
            ("false", Metric::Bool(false)),
            (" 12 ", Metric::Integer(12)),
            ("-3", Metric::Integer(-3)),
            ("1e-3", Metric::Number(0.001)),
            ("inf", Metric::Number(f64::INFINITY)),
            ("-Infinity", Metric::Number(f64::NEG_INFINITY)),
            ("99999999999999999999", Metric::Number(1e20)),
            ("adam", Metric::Text("adam".to_owned())),
            ("2026-01-01", Metric::Text("2026-01-01".to_owned())),
        ];
        for (text, expected) in table {
            assert_eq!(Metric::of_text(text), expected, "{text:?}");
        }
        assert!(matches!(Metric::of_text("nan"), Metric::Number(number) if number.is_nan()));
    }

    #[test]
    fn numbers_are_spelled_for_their_reader() {
        let table = [
            (Metric::Number(f64::NAN), "nan", "\"NaN\""),
            (Metric::Number(f64::INFINITY), "inf", "\"Infinity\""),
            (Metric::Number(f64::NEG_INFINITY), "-inf", "\"-Infinity\""),
            (Metric::Number(0.5), "0.5", "0.5"),
            (Metric::Number(1e-7), "1e-7", "1e-7"),
            (Metric::Integer(7), "7", "7"),
            (Metric::Null, "", "null"),
            (Metric::Json("[1,2]".to_owned()), "[1,2]", "[1,2]"),
        ];
        for (metric, csv, json) in table {
            assert_eq!(metric.to_string(), csv);
            assert_eq!(serde_json::to_string(&metric).unwrap(), json);
        }
    }
}
