//! What a space is made of: factors, and the partial points that filter their product.

use crate::point::Point;
use crate::render::plain;
use crate::value::Value;

/// What varies together: the values of one grid parameter, a paired group, or the explicit combinations.
#[derive(Clone, Debug, PartialEq)]
pub struct Factor {
    kind: FactorKind,
    names: Vec<String>,
    rows: Vec<Vec<Option<Value>>>,
}

/// Where a [`Factor`] comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FactorKind {
    /// One parameter of `grid`.
    Grid,
    /// A group of `paired`, by name.
    Paired(String),
    /// `combinations`.
    Combinations,
}

impl Factor {
    /// A factor of rows that each have one entry a name, in their order; an entry without a value is a parameter that the points of
    /// this row do not have.
    #[must_use]
    pub fn new(kind: FactorKind, names: Vec<String>, rows: Vec<Vec<Option<Value>>>) -> Self {
        debug_assert!(rows.iter().all(|row| row.len() == names.len()), "every row has one entry a name");
        Self { kind, names, rows }
    }

    /// Where the factor comes from.
    #[must_use]
    pub fn kind(&self) -> &FactorKind {
        &self.kind
    }

    /// The parameters that vary together.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The rows, in order, each with one entry a name.
    #[must_use]
    pub fn rows(&self) -> &[Vec<Option<Value>>] {
        &self.rows
    }
}

/// Parameters with the plain texts they must have for a point to match. Parameters it does not name may be anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartialPoint {
    /// Names and texts; names are unique.
    pub parameters: Vec<(String, String)>,
}

impl PartialPoint {
    /// Whether a point has all these parameters with these texts.
    #[must_use]
    pub fn matches(&self, point: &Point) -> bool {
        self.parameters.iter().all(|(name, text)| point.get(name).is_some_and(|value| plain(value) == *text))
    }
}
