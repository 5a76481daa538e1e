//! Reading a table as values of one kind: by column, which is fast, or by row. What is not there and what is of another kind are
//! failures that name the column, for the plugin to hand on with `?`.

use crate::{Cell, Cells, Column, Failure, Row, Table};

/// How many names a failure lists: more would hide the sentence.
const NAMES_MAX: usize = 20;

impl Table {
    /// The column of that name, which has to be there.
    ///
    /// # Errors
    /// [`Failure::config`] with the names that there are: nearly always, a configuration has misspelt one.
    pub fn require(&self, name: &str) -> Result<&Column, Failure> {
        self.column(name).ok_or_else(|| {
            let failure = Failure::config(format!("there is no column `{name}`"));
            let mut names: Vec<_> = self.columns.iter().map(|column| format!("`{}`", column.name)).collect();
            if names.len() > NAMES_MAX {
                names.truncate(NAMES_MAX);
                names.push("…".to_owned());
            }
            if names.is_empty() {
                failure
            } else {
                failure.with_hint(format!("there is {}", names.join(", ")))
            }
        })
    }

    /// The rows, from the first to the last.
    pub fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        (0..self.rows as usize).map(|row| self.row(row))
    }
}

impl Column {
    /// The column as numbers; whole numbers widen.
    ///
    /// # Errors
    /// [`Failure::input`] when it holds something else.
    pub fn as_numbers(&self) -> Result<impl Iterator<Item = Option<f64>> + '_, Failure> {
        self.all("numbers", |cell| cell.as_number().is_some())?;
        Ok(self.iter().map(|cell| cell.and_then(Cell::as_number)))
    }

    /// The column as whole numbers.
    ///
    /// # Errors
    /// As [`as_numbers`](Self::as_numbers); numbers with a fraction or without bounds are something else.
    pub fn as_integers(&self) -> Result<impl Iterator<Item = Option<i64>> + '_, Failure> {
        self.all("whole numbers", |cell| cell.as_integer().is_some())?;
        Ok(self.iter().map(|cell| cell.and_then(Cell::as_integer)))
    }

    /// The column as texts.
    ///
    /// # Errors
    /// As [`as_numbers`](Self::as_numbers). JSON that is a text is something else too: it has quotes.
    pub fn as_texts(&self) -> Result<impl Iterator<Item = Option<&str>> + '_, Failure> {
        self.all("texts", |cell| cell.as_text().is_some())?;
        Ok(self.iter().map(|cell| cell.and_then(Cell::as_text)))
    }

    /// The column as true and false.
    ///
    /// # Errors
    /// As [`as_numbers`](Self::as_numbers).
    pub fn as_booleans(&self) -> Result<impl Iterator<Item = Option<bool>> + '_, Failure> {
        self.all("true and false", |cell| cell.as_boolean().is_some())?;
        Ok(self.iter().map(|cell| cell.and_then(Cell::as_boolean)))
    }

    /// What the cells are, in words.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self.cells {
            Cells::Booleans(_) => "true and false",
            Cells::Integers(_) => "whole numbers",
            Cells::Numbers(_) => "numbers",
            Cells::Texts(_) => "texts",
            Cells::Json(_) => "JSON",
        }
    }

    /// Whether every value passes. Of most kinds one cell speaks for all; JSON, and numbers that may be whole, are looked through.
    fn all(&self, wanted: &str, passes: impl Fn(Cell<'_>) -> bool) -> Result<(), Failure> {
        let uniform = !matches!(self.cells, Cells::Json(_) | Cells::Numbers(_));
        let odd = |(row, cell): (usize, Option<Cell<'_>>)| cell.filter(|cell| !passes(*cell)).map(|_| row);
        let odd = match uniform {
            true => self.iter().enumerate().find(|(_, cell)| cell.is_some()).and_then(odd),
            false => self.iter().enumerate().find_map(odd),
        };
        match odd {
            None => Ok(()),
            Some(row) => {
                let (name, kind) = (&self.name, self.kind());
                let place = if uniform { String::new() } else { format!(" (row {row})") };
                Err(Failure::input(format!("the column `{name}` holds {kind}, not {wanted}{place}")))
            }
        }
    }
}

impl<'a> Row<'a> {
    /// The number in the column of that name, where the row has one; whole numbers widen.
    ///
    /// # Errors
    /// [`Failure::config`] when there is no such column, [`Failure::input`] when it holds something else.
    pub fn number(self, name: &str) -> Result<Option<f64>, Failure> {
        self.value(name, "a number", Cell::as_number)
    }

    /// The whole number in the column of that name, where the row has one.
    ///
    /// # Errors
    /// As [`number`](Self::number).
    pub fn integer(self, name: &str) -> Result<Option<i64>, Failure> {
        self.value(name, "a whole number", Cell::as_integer)
    }

    /// The text in the column of that name, where the row has one.
    ///
    /// # Errors
    /// As [`number`](Self::number).
    pub fn text(self, name: &str) -> Result<Option<&'a str>, Failure> {
        self.value(name, "a text", Cell::as_text)
    }

    /// True or false in the column of that name, where the row has either.
    ///
    /// # Errors
    /// As [`number`](Self::number).
    pub fn boolean(self, name: &str) -> Result<Option<bool>, Failure> {
        self.value(name, "true or false", Cell::as_boolean)
    }

    fn value<T>(
        self,
        name: &str,
        wanted: &str,
        read: impl FnOnce(Cell<'a>) -> Option<T>,
    ) -> Result<Option<T>, Failure> {
        let Some(cell) = self.table().require(name)?.get(self.index()) else { return Ok(None) };
        let value = read(cell);
        if value.is_none() {
            let row = self.index();
            return Err(Failure::input(format!(
                "row {row} of the column `{name}` is `{cell}`, not {wanted}"
            )));
        }
        Ok(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(cells: &[&str]) -> Column {
        Column::json("j", cells.iter().map(|cell| (*cell).to_owned()).collect())
    }

    fn message<T>(result: Result<T, Failure>) -> String {
        result.map_or_else(|failure| failure.message, |_| "no failure".to_owned())
    }

    #[test]
    fn numbers_widen_and_nothing_else_does() {
        let integers = Column::integers("n", vec![1, 2, 3]).with_absent(vec![1]);
        assert_eq!(integers.as_numbers().unwrap().collect::<Vec<_>>(), [Some(1.0), None, Some(3.0)]);
        assert_eq!(integers.as_integers().unwrap().collect::<Vec<_>>(), [Some(1), None, Some(3)]);
        let mixed = json(&["1", "0.5", "null"]).with_absent(vec![2]);
        assert_eq!(mixed.as_numbers().unwrap().collect::<Vec<_>>(), [Some(1.0), Some(0.5), None]);
        let whole = Column::numbers("w", vec![2.0, -3.0]);
        assert_eq!(whole.as_integers().unwrap().collect::<Vec<_>>(), [Some(2), Some(-3)]);
        let flags = Column::booleans("b", vec![true, false]);
        assert_eq!(flags.as_booleans().unwrap().collect::<Vec<_>>(), [Some(true), Some(false)]);
    }

    #[test]
    fn failures_name_the_column() {
        let texts = Column::texts("model", vec!["a".into()]);
        let cases = [
            (message(texts.as_numbers()), "the column `model` holds texts, not numbers"),
            (message(texts.as_booleans()), "the column `model` holds texts, not true and false"),
            (message(json(&["1", "[2]"]).as_numbers()), "the column `j` holds JSON, not numbers (row 1)"),
            (message(json(&["\"a\""]).as_texts()), "the column `j` holds JSON, not texts (row 0)"),
            (
                message(Column::numbers("x", vec![1.0, 0.5]).as_integers()),
                "the column `x` holds numbers, not whole numbers (row 1)",
            ),
        ];
        for (message, expected) in cases {
            assert_eq!(message, expected);
        }
        // A column without a single value is of every kind.
        assert_eq!(json(&[""]).with_absent(vec![0]).as_numbers().unwrap().collect::<Vec<_>>(), [None]);
    }

    #[test]
    fn rows_know_their_columns_by_name() {
        let table = Table::new([
            Column::integers("n", vec![1, 2]).with_absent(vec![1]),
            Column::texts("t", vec!["a".into(), "b".into()]),
        ]);
        let seen: Vec<_> =
            table.rows().map(|row| (row.number("n").unwrap(), row.text("t").unwrap().unwrap())).collect();
        assert_eq!(seen, [(Some(1.0), "a"), (None, "b")]);
        let missing = table.row(0).number("m").unwrap_err();
        assert_eq!(missing.message, "there is no column `m`");
        assert_eq!(missing.hint.as_deref(), Some("there is `n`, `t`"));
        assert_eq!(message(table.row(1).integer("t")), "row 1 of the column `t` is `b`, not a whole number");
        assert_eq!(message(table.row(0).boolean("n")), "row 0 of the column `n` is `1`, not true or false");
    }
}
