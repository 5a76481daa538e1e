//! One cell of a table.

use std::fmt;

/// Up to here, every whole number is a double: 2⁵³.
const WHOLE_MAX: f64 = 9_007_199_254_740_992.0;

/// One value, borrowed from its table.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Cell<'a> {
    /// True or false.
    Boolean(bool),
    /// A whole number.
    Integer(i64),
    /// A double.
    Number(f64),
    /// Text.
    Text(&'a str),
    /// Anything else, as JSON text.
    Json(&'a str),
}

impl<'a> Cell<'a> {
    /// The cell as a number, where it is one. Whole numbers past 2⁵³ are rounded.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "documented")]
    pub fn as_number(self) -> Option<f64> {
        match self {
            Self::Integer(integer) => Some(integer as f64),
            Self::Number(number) => Some(number),
            Self::Json(json) => serde_json::from_str(json).ok(),
            Self::Boolean(_) | Self::Text(_) => None,
        }
    }

    /// The cell as a whole number, where it is one that fits into 64 bits. Doubles count where nothing is lost, up to 2⁵³.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "whole, and within the bounds that the test names")]
    pub fn as_integer(self) -> Option<i64> {
        let whole =
            |number: f64| (number.fract() == 0.0 && number.abs() <= WHOLE_MAX).then_some(number as i64);
        match self {
            Self::Integer(integer) => Some(integer),
            Self::Number(number) => whole(number),
            Self::Json(json) => serde_json::from_str(json).ok(),
            Self::Boolean(_) | Self::Text(_) => None,
        }
    }

    /// The cell as text, where it is one.
    #[must_use]
    pub fn as_text(self) -> Option<&'a str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The cell as true or false, where it is either.
    #[must_use]
    pub fn as_boolean(self) -> Option<bool> {
        match self {
            Self::Boolean(boolean) => Some(boolean),
            Self::Json(json) => serde_json::from_str(json).ok(),
            _ => None,
        }
    }
}

impl fmt::Display for Cell<'_> {
    /// Numbers as the shortest text that reads back the same, text as it is.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Boolean(boolean) => write!(f, "{boolean}"),
            Self::Integer(integer) => write!(f, "{integer}"),
            Self::Number(number) if number.is_nan() => f.write_str("nan"),
            Self::Number(number) => write!(f, "{number:?}"),
            Self::Text(text) | Self::Json(text) => f.write_str(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_shown_and_counted() {
        let cases = [
            (Cell::Boolean(true), "true", None),
            (Cell::Integer(-3), "-3", Some(-3.0)),
            (Cell::Number(1e-5), "1e-5", Some(1e-5)),
            (Cell::Number(2.0), "2.0", Some(2.0)),
            (Cell::Number(f64::INFINITY), "inf", Some(f64::INFINITY)),
            (Cell::Text("7"), "7", None),
            (Cell::Json("7"), "7", Some(7.0)),
            (Cell::Json("[7]"), "[7]", None),
        ];
        for (cell, shown, number) in cases {
            assert_eq!(cell.to_string(), shown);
            assert_eq!(cell.as_number(), number, "{shown}");
        }
    }
}
