//! Which of a table's cases carries a column, and the column itself.

use super::Metric;
use crate::table::{Cells, Column};

/// The largest integer up to which every integer is also a double.
const EXACT_INTEGER_MAX: u64 = 1 << 53;

/// The case of [`Cells`] that carries a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Case {
    /// [`Cells::Booleans`].
    Booleans,
    /// [`Cells::Integers`].
    Integers,
    /// [`Cells::Numbers`].
    Numbers,
    /// [`Cells::Texts`].
    Texts,
    /// [`Cells::Json`].
    Json,
}

/// What was seen in a column so far. All rows are seen before the first batch is made, so that every batch has the same cases.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Shape {
    booleans: bool,
    integers: bool,
    inexact_integers: bool,
    numbers: bool,
    texts: bool,
    json: bool,
}

impl Shape {
    /// Takes one value into account. A null counts as no value.
    pub fn note(&mut self, value: &Metric) {
        match value {
            Metric::Null => {}
            Metric::Bool(_) => self.booleans = true,
            Metric::Integer(integer) => {
                self.integers = true;
                self.inexact_integers |= integer.unsigned_abs() > EXACT_INTEGER_MAX;
            }
            Metric::Number(_) => self.numbers = true,
            Metric::Text(_) => self.texts = true,
            Metric::Json(_) => self.json = true,
        }
    }

    /// The case that carries everything seen: integers and other numbers mix only while no integer would change; every other mix,
    /// and a column without a value, is JSON.
    #[must_use]
    pub fn case(self) -> Case {
        match (self.booleans, self.integers, self.numbers, self.texts, self.json) {
            (true, false, false, false, false) => Case::Booleans,
            (false, true, false, false, false) => Case::Integers,
            (false, false, true, false, false) => Case::Numbers,
            (false, true, true, false, false) if !self.inexact_integers => Case::Numbers,
            (false, false, false, true, false) => Case::Texts,
            _ => Case::Json,
        }
    }
}

impl Case {
    /// A column of this case. Cells that the case cannot carry are absent; a [`Shape`] that has seen them all leaves none.
    pub fn column<'a>(self, name: &str, cells: impl IntoIterator<Item = Option<&'a Metric>>) -> Column {
        let cells = cells.into_iter();
        let mut absent = Vec::new();
        let cells = match self {
            Self::Booleans => Cells::Booleans(filled(cells, &mut absent, |cell| match cell {
                Metric::Bool(truth) => Some(*truth),
                _ => None,
            })),
            Self::Integers => Cells::Integers(filled(cells, &mut absent, |cell| match cell {
                Metric::Integer(integer) => Some(*integer),
                _ => None,
            })),
            Self::Numbers => Cells::Numbers(filled(cells, &mut absent, Metric::as_number)),
            Self::Texts => Cells::Texts(filled(cells, &mut absent, |cell| match cell {
                Metric::Text(text) => Some(text.clone()),
                _ => None,
            })),
            Self::Json => Cells::Json(filled(cells, &mut absent, |cell| match cell {
                Metric::Null => None,
                Metric::Json(json) => Some(json.clone()),
                other => serde_json::to_string(other).ok(),
            })),
        };
        Column { name: name.to_owned(), cells, absent }
    }
}

fn filled<'a, T: Default>(
    cells: impl Iterator<Item = Option<&'a Metric>>,
    absent: &mut Vec<u32>,
    take: impl Fn(&Metric) -> Option<T>,
) -> Vec<T> {
    (0..)
        .zip(cells)
        .map(|(row, cell)| {
            cell.and_then(&take).unwrap_or_else(|| {
                absent.push(row);
                T::default()
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn column(cells: &[Metric]) -> Column {
        let mut shape = Shape::default();
        cells.iter().for_each(|cell| shape.note(cell));
        shape.case().column("m", cells.iter().map(Some))
    }

    fn check(cells: &[Metric], expected: Cells, absent: &[u32]) {
        let column = column(cells);
        assert_eq!(column.cells, expected);
        assert_eq!(column.absent, absent);
    }

    #[test]
    fn a_column_has_the_case_that_loses_nothing() {
        use Metric::{Bool, Integer, Json, Null, Number, Text};
        let text = |text: &str| text.to_owned();
        check(&[Integer(1), Null, Integer(3)], Cells::Integers(vec![1, 0, 3]), &[1]);
        check(&[Integer(1), Number(0.5)], Cells::Numbers(vec![1.0, 0.5]), &[]);
        check(&[Bool(true), Null], Cells::Booleans(vec![true, false]), &[1]);
        check(&[Text(text("a")), Null], Cells::Texts(vec![text("a"), text("")]), &[1]);
        check(
            &[Integer((1 << 53) + 1), Number(f64::NAN)],
            Cells::Json(vec![text("9007199254740993"), text("\"NaN\"")]),
            &[],
        );
        check(&[Integer(1), Text(text("a"))], Cells::Json(vec![text("1"), text("\"a\"")]), &[]);
        check(&[Integer(1), Json(text("null"))], Cells::Json(vec![text("1"), text("null")]), &[]);
        check(&[Null, Null], Cells::Json(vec![text(""), text("")]), &[0, 1]);
    }

    fn any_metric() -> impl Strategy<Value = Metric> {
        prop_oneof![
            Just(Metric::Null),
            any::<bool>().prop_map(Metric::Bool),
            any::<i64>().prop_map(Metric::Integer),
            any::<f64>().prop_map(Metric::Number),
            "[a-z]{0,4}".prop_map(Metric::Text),
            Just(Metric::Json("[1]".to_owned())),
        ]
    }

    proptest! {
        #[test]
        fn only_nulls_are_absent(cells in proptest::collection::vec(any_metric(), 0..12)) {
            let column = column(&cells);
            prop_assert_eq!(column.cells.len(), cells.len());
            let nulls: Vec<u32> = (0u32..).zip(&cells).filter(|(_, cell)| **cell == Metric::Null).map(|(row, _)| row).collect();
            prop_assert_eq!(column.absent, nulls);
        }
    }
}
