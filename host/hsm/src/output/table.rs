//! A table for people: a header, a rule, and aligned columns. Cells are escaped here, once, whatever they hold.

use super::text::escape;
use comfy_table::{Cell, CellAlignment, ContentArrangement, LineStyle, Table, TableStyle};

/// The longest cell. Whoever needs all of a longer one reads it as CSV or JSON.
const CELL_CHARACTERS_MAX: usize = 80;

/// Which side of its column a cell leans to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Align {
    /// Words.
    Left,
    /// Numbers.
    Right,
}

/// Rows under a header.
#[derive(Debug)]
pub struct TextTable {
    table: Table,
    aligns: Vec<Align>,
}

impl TextTable {
    /// An empty table with these columns.
    pub fn new<S: AsRef<str>>(columns: &[(S, Align)]) -> Self {
        let mut table = Table::new();
        table.set_content_arrangement(ContentArrangement::Disabled);
        let rule = LineStyle::none().fill('─').junction('─');
        table.load_style(TableStyle::new().header_separator(rule));
        let aligns: Vec<Align> = columns.iter().map(|(_, align)| *align).collect();
        let header: Vec<Cell> =
            columns.iter().zip(&aligns).map(|((name, _), align)| cell(name.as_ref(), *align)).collect();
        table.set_header(header);
        for column in table.column_iter_mut() {
            column.set_padding((0, 2));
        }
        Self { table, aligns }
    }

    /// Adds a row. Cells without a column are left out.
    pub fn row<S: AsRef<str>>(&mut self, cells: &[S]) {
        let row: Vec<Cell> =
            cells.iter().zip(&self.aligns).map(|(text, align)| cell(text.as_ref(), *align)).collect();
        self.table.add_row(row);
    }

    /// The table as text that ends with a line end. Rows are never broken: a terminal, `less -S` and `grep` want them whole.
    pub fn render(&self) -> String {
        let mut text = self.table.trim_fmt();
        text.push('\n');
        text
    }
}

fn cell(text: &str, align: Align) -> Cell {
    let alignment = match align {
        Align::Left => CellAlignment::Left,
        Align::Right => CellAlignment::Right,
    };
    Cell::new(shortened(escape(text))).set_alignment(alignment)
}

fn shortened(text: String) -> String {
    match text.char_indices().nth(CELL_CHARACTERS_MAX) {
        None => text,
        Some((end, _)) => format!("{}…", &text[..end]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned_and_cells_escaped() {
        let mut table = TextTable::new(&[("task", Align::Right), ("state", Align::Left)]);
        table.row(&["1", "completed"]);
        table.row(&["10", "\u{1b}[2J"]);
        table.row(&["11", &"é".repeat(81)]);
        insta::assert_snapshot!(table.render(), @r"
        task   state
        ──────────────────────────────────────────────────────────────────────────────────────────
           1   completed
          10   \u{1b}[2J
          11   éééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééé…
        ");
    }
}
