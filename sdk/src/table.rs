//! Making tables, and reading them by column or by row.

use crate::{Cell, Cells, Column, Table};

impl Table {
    /// A table of equally long columns. That they are is for the caller to see to: [`Table::check`] tells.
    pub fn new(columns: impl IntoIterator<Item = Column>) -> Self {
        let columns: Vec<Column> = columns.into_iter().collect();
        let rows = columns.first().map_or(0, Column::len);
        Self { rows: u32::try_from(rows).unwrap_or(u32::MAX), columns }
    }

    /// The column of that name.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// One row. Going through columns is faster where it can be done.
    #[must_use]
    pub fn row(&self, index: usize) -> Row<'_> {
        Row { table: self, index }
    }

    /// Whether the host would take this table.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub fn check(&self) -> Result<(), String> {
        let mut names = std::collections::HashSet::new();
        for Column { name, cells: _, absent } in &self.columns {
            if name.is_empty() {
                return Err("a column has no name".to_owned());
            }
            if !names.insert(name) {
                return Err(format!("two columns are called `{name}`"));
            }
            if !absent.is_sorted_by(|a, b| a < b) {
                return Err(format!("the absent rows of `{name}` do not ascend"));
            }
            if absent.last().is_some_and(|last| *last >= self.rows) {
                return Err(format!("`{name}` is absent in a row that the table does not have"));
            }
        }
        match self.columns.iter().find(|column| column.len() != self.rows as usize) {
            Some(odd) => {
                Err(format!("`{}` has {} cells in a table of {} rows", odd.name, odd.len(), self.rows))
            }
            None => Ok(()),
        }
    }
}

impl Column {
    /// A column with a value in every row.
    pub fn new(name: impl Into<String>, cells: Cells) -> Self {
        Self { name: name.into(), cells, absent: Vec::new() }
    }

    /// True and false.
    pub fn booleans(name: impl Into<String>, cells: Vec<bool>) -> Self {
        Self::new(name, Cells::Booleans(cells))
    }

    /// Whole numbers.
    pub fn integers(name: impl Into<String>, cells: Vec<i64>) -> Self {
        Self::new(name, Cells::Integers(cells))
    }

    /// Doubles.
    pub fn numbers(name: impl Into<String>, cells: Vec<f64>) -> Self {
        Self::new(name, Cells::Numbers(cells))
    }

    /// Text.
    pub fn texts(name: impl Into<String>, cells: Vec<String>) -> Self {
        Self::new(name, Cells::Texts(cells))
    }

    /// JSON texts.
    pub fn json(name: impl Into<String>, cells: Vec<String>) -> Self {
        Self::new(name, Cells::Json(cells))
    }

    /// The same column without a value in these rows, which ascend.
    #[must_use]
    pub fn with_absent(mut self, absent: Vec<u32>) -> Self {
        self.absent = absent;
        self
    }

    /// The number of cells.
    #[must_use]
    pub fn len(&self) -> usize {
        match &self.cells {
            Cells::Booleans(cells) => cells.len(),
            Cells::Integers(cells) => cells.len(),
            Cells::Numbers(cells) => cells.len(),
            Cells::Texts(cells) | Cells::Json(cells) => cells.len(),
        }
    }

    /// Whether there is no cell.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The value in one row, where there is one.
    #[must_use]
    pub fn get(&self, row: usize) -> Option<Cell<'_>> {
        let absent = u32::try_from(row).is_ok_and(|row| self.absent.binary_search(&row).is_ok());
        if absent { None } else { self.cell(row) }
    }

    /// The values from the first row to the last, with `None` where there is none.
    pub fn iter(&self) -> impl Iterator<Item = Option<Cell<'_>>> {
        let mut absent = self.absent.iter().map(|row| *row as usize).peekable();
        (0..self.len()).map(move |row| if absent.next_if_eq(&row).is_some() { None } else { self.cell(row) })
    }

    fn cell(&self, row: usize) -> Option<Cell<'_>> {
        match &self.cells {
            Cells::Booleans(cells) => cells.get(row).copied().map(Cell::Boolean),
            Cells::Integers(cells) => cells.get(row).copied().map(Cell::Integer),
            Cells::Numbers(cells) => cells.get(row).copied().map(Cell::Number),
            Cells::Texts(cells) => cells.get(row).map(|cell| Cell::Text(cell)),
            Cells::Json(cells) => cells.get(row).map(|cell| Cell::Json(cell)),
        }
    }
}

/// One row of a [`Table`].
#[derive(Clone, Copy, Debug)]
pub struct Row<'a> {
    table: &'a Table,
    index: usize,
}

impl<'a> Row<'a> {
    /// The value in the column of that name, where there is one.
    #[must_use]
    pub fn get(self, name: &str) -> Option<Cell<'a>> {
        self.table.column(name)?.get(self.index)
    }

    /// Which row it is, from 0.
    #[must_use]
    pub fn index(self) -> usize {
        self.index
    }

    pub(crate) fn table(self) -> &'a Table {
        self.table
    }

    /// Every column's name, and the value there where there is one.
    pub fn cells(self) -> impl Iterator<Item = (&'a str, Option<Cell<'a>>)> {
        self.table.columns.iter().map(move |column| (column.name.as_str(), column.get(self.index)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn views_skip_what_is_absent() {
        let table = Table::new([
            Column::integers("n", vec![1, 0, 3]).with_absent(vec![1]),
            Column::texts("t", vec!["a".into(), "b".into(), "c".into()]),
        ]);
        let seen: Vec<_> = table.columns[0].iter().collect();
        assert_eq!(seen, [Some(Cell::Integer(1)), None, Some(Cell::Integer(3))]);
        assert_eq!(table.row(1).get("n"), None);
        assert_eq!(table.row(2).get("t"), Some(Cell::Text("c")));
        assert_eq!(table.row(0).cells().count(), 2);
        assert_eq!(table.row(9).get("t"), None);
    }

    #[test]
    fn check_says_what_is_wrong() {
        let one = |absent| Column::integers("n", vec![1]).with_absent(absent);
        let cases = [
            (Table::new([one(vec![0])]), Ok(())),
            (Table::new([one(vec![1])]), Err("`n` is absent in a row that the table does not have")),
            (Table::new([one(vec![0, 0])]), Err("the absent rows of `n` do not ascend")),
            (Table::new([one(vec![]), one(vec![])]), Err("two columns are called `n`")),
            (Table::new([Column::integers("", vec![1])]), Err("a column has no name")),
            (
                Table::new([one(vec![]), Column::integers("m", vec![])]),
                Err("`m` has 0 cells in a table of 1 rows"),
            ),
        ];
        for (table, expected) in cases {
            assert_eq!(table.check(), expected.map_err(str::to_owned), "{table:?}");
        }
    }
}
