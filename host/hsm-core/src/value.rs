//! A parameter's value, with the spelling it had in the file where that matters.

use compact_str::{CompactString, ToCompactString as _, format_compact};

/// One value of one parameter.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// `null`, `~` or nothing.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number, spelled as in the file.
    Number(Number),
    /// Text, byte for byte.
    Text(String),
    /// A list of values.
    List(Vec<Self>),
    /// A map, in the order of the file.
    Map(Vec<(String, Self)>),
}

/// A number and how it was written. Two numbers are equal when they are written alike.
#[derive(Clone, Debug)]
pub struct Number {
    /// Nearly always short enough to need no allocation: a plan of a million points clones millions of these.
    spelling: CompactString,
    quantity: Quantity,
}

/// What a number's spelling stands for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Quantity {
    /// An integer that fits in 64 bits.
    Integer(i64),
    /// Any other number, as the nearest double.
    Float(f64),
}

impl Number {
    /// A number with the spelling it had in a file; the caller has parsed it.
    #[must_use]
    pub fn spelled(spelling: impl Into<CompactString>, quantity: Quantity) -> Self {
        Self { spelling: spelling.into(), quantity }
    }

    /// The text as it was written.
    #[must_use]
    pub fn spelling(&self) -> &str {
        &self.spelling
    }

    /// What it stands for.
    #[must_use]
    pub fn quantity(&self) -> Quantity {
        self.quantity
    }
}

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        self.spelling == other.spelling
    }
}

impl From<i64> for Number {
    fn from(integer: i64) -> Self {
        Self { spelling: integer.to_compact_string(), quantity: Quantity::Integer(integer) }
    }
}

impl From<f64> for Number {
    /// Spelled as the shortest text that reads back as the same double (`1.0`, `1e-5`, `nan`, `inf`).
    fn from(float: f64) -> Self {
        let spelling = if float.is_nan() { "nan".into() } else { format_compact!("{float:?}") };
        Self { spelling, quantity: Quantity::Float(float) }
    }
}
