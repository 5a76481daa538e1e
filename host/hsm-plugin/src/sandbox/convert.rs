//! Between the host's tables and those that cross over to plugins. Cells move; only spelled values are rewritten.

pub(crate) mod scheduling;

use crate::sandbox::bindings::types as wit;
use hsm_core::state::TaskState;
use hsm_core::sweep::cells_of;
use hsm_core::table::{Cells, Column, Table};

/// A table for a plugin.
pub(crate) fn table_out(table: Table) -> wit::Table {
    wit::Table { rows: table.rows, columns: table.columns.into_iter().map(column_out).collect() }
}

/// A column for a plugin. Spelled values lose their spelling: plugins know numbers, not how they were written.
pub(crate) fn column_out(column: Column) -> wit::Column {
    let cells = match column.cells {
        Cells::Spelled(values) => cells_of(&values),
        cells => cells,
    };
    let cells = match cells {
        Cells::Booleans(cells) => wit::Cells::Booleans(cells),
        Cells::Integers(cells) => wit::Cells::Integers(cells),
        Cells::Numbers(cells) => wit::Cells::Numbers(cells),
        Cells::Texts(cells) => wit::Cells::Texts(cells),
        Cells::Json(cells) => wit::Cells::Json(cells),
        // `cells_of` makes no such cells; an empty column is what would be left of them.
        Cells::Spelled(_) => wit::Cells::Json(Vec::new()),
    };
    wit::Column { name: column.name, cells, absent: column.absent }
}

/// A table from a plugin, unchecked.
pub(crate) fn table_in(table: wit::Table) -> Table {
    let column = |column: wit::Column| {
        let cells = match column.cells {
            wit::Cells::Booleans(cells) => Cells::Booleans(cells),
            wit::Cells::Integers(cells) => Cells::Integers(cells),
            wit::Cells::Numbers(cells) => Cells::Numbers(cells),
            wit::Cells::Texts(cells) => Cells::Texts(cells),
            wit::Cells::Json(cells) => Cells::Json(cells),
        };
        Column { name: column.name, cells, absent: column.absent }
    };
    Table { rows: table.rows, columns: table.columns.into_iter().map(column).collect() }
}

/// A task's state for a plugin.
pub(crate) fn state_out(state: TaskState) -> wit::TaskState {
    match state {
        TaskState::Queued => wit::TaskState::Queued,
        TaskState::Running => wit::TaskState::Running,
        TaskState::Completed => wit::TaskState::Completed,
        TaskState::Failed => wit::TaskState::Failed,
        TaskState::Cancelled => wit::TaskState::Cancelled,
        TaskState::Unknown => wit::TaskState::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hsm_core::value::Value;

    #[test]
    fn spelled_values_become_plain_ones() {
        let number = |integer: i64| Value::Number(integer.into());
        let cases = [
            (vec![number(1), number(2)], "Integers([1, 2])"),
            (vec![number(1), Value::Number(2.5.into())], "Numbers([1.0, 2.5])"),
            (vec![Value::Text("a".into()), Value::Null], "Json([\"\\\"a\\\"\", \"null\"])"),
            (vec![], "Json([])"),
        ];
        for (values, expected) in cases {
            let column = Column { name: "x".into(), cells: Cells::Spelled(values), absent: vec![] };
            let shown = format!("{:?}", column_out(column).cells);
            assert!(shown.ends_with(expected), "{shown}");
        }
    }

    #[test]
    fn tables_come_back_as_they_went() {
        let table = Table {
            rows: 2,
            columns: [
                Cells::Booleans(vec![true, false]),
                Cells::Integers(vec![i64::MIN, 0]),
                Cells::Numbers(vec![f64::INFINITY, 0.5]),
                Cells::Texts(vec!["é".into(), String::new()]),
                Cells::Json(vec!["[1]".into(), "null".into()]),
            ]
            .into_iter()
            .enumerate()
            .map(|(index, cells)| Column { name: index.to_string(), cells, absent: vec![1] })
            .collect(),
        };
        assert_eq!(table_in(table_out(table.clone())), table);
    }
}
