//! Batches of one table, put on top of one another.

use super::bad_batch;
use crate::roles::Failure;
use crate::table::{Cells, Column, Table};

/// Appends the rows of `batch` to `table`, whose columns it shares. A table without columns takes those of the batch.
pub(super) fn stack(table: &mut Table, batch: Table) -> Result<(), Failure> {
    if table.rows == 0 {
        *table = batch;
        return Ok(());
    }
    if table.columns.len() != batch.columns.len() {
        return Err(bad_batch(format!(
            "a batch has {} columns, the one before had {}",
            batch.columns.len(),
            table.columns.len()
        )));
    }
    for (column, more) in table.columns.iter_mut().zip(batch.columns) {
        append(column, more, table.rows)?;
    }
    table.rows += batch.rows;
    Ok(())
}

fn append(column: &mut Column, more: Column, rows: u32) -> Result<(), Failure> {
    let same_name = column.name == more.name;
    match (&mut column.cells, more.cells) {
        (Cells::Booleans(cells), Cells::Booleans(more)) if same_name => cells.extend(more),
        (Cells::Integers(cells), Cells::Integers(more)) if same_name => cells.extend(more),
        (Cells::Numbers(cells), Cells::Numbers(more)) if same_name => cells.extend(more),
        (Cells::Texts(cells), Cells::Texts(more)) if same_name => cells.extend(more),
        (Cells::Json(cells), Cells::Json(more)) if same_name => cells.extend(more),
        (Cells::Spelled(cells), Cells::Spelled(more)) if same_name => cells.extend(more),
        _ => {
            return Err(bad_batch(format!(
                "the column `{}` became `{}`, or its type changed, from one batch to the next",
                column.name, more.name
            )));
        }
    }
    column.absent.extend(more.absent.into_iter().map(|row| row + rows));
    Ok(())
}
