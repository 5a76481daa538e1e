//! Collected rows as the batches of tables that aggregators take.

use super::collected::{Collected, Columns, Row};
use hsm_core::metrics::{Case, Metric};
use hsm_core::roles::Results;
use hsm_core::table::{Column, Table};

/// The most rows of a batch.
pub const BATCH_ROWS: usize = 10_000;

/// The most text in a batch, in bytes, unless a single row has more: batches go through the memory of a plugin.
const BATCH_TEXT_BYTES: usize = 16 << 20;

/// The most cells of a batch, for the same reason.
const BATCH_CELLS: usize = 2_000_000;

impl Collected {
    /// The rows in batches of at most [`BATCH_ROWS`], fewer where they are wide. Columns, their order and their cases are the same in
    /// every batch; a sweep without tasks has one empty batch.
    pub fn batches(&self) -> impl Iterator<Item = Results> {
        let width = (self.params.names.len() + self.metrics.names.len()).max(1);
        let rows_max = (BATCH_CELLS / width).clamp(1, BATCH_ROWS);
        let mut rest = Some(self.rows.as_slice());
        std::iter::from_fn(move || {
            let rows = rest?;
            let (batch, after) = rows.split_at(batch_length(rows, rows_max));
            rest = (!after.is_empty()).then_some(after);
            Some(self.batch(batch))
        })
    }

    fn batch(&self, rows: &[Row]) -> Results {
        let params = scatter(&self.params, rows, |row, put| {
            row.params.iter().for_each(|(name, value)| put(name, Metric::from(value)));
        });
        let metrics = scatter(&self.metrics, rows, |row, put| {
            row.metrics().for_each(|(name, value)| put(name, value.clone()));
        });
        Results {
            tasks: rows.iter().map(|row| row.task).collect(),
            states: rows.iter().map(|row| row.facts.state).collect(),
            params,
            metrics,
            facts: facts(rows),
        }
    }
}

fn batch_length(rows: &[Row], rows_max: usize) -> usize {
    let mut text_bytes = 0;
    let fitting = rows.iter().take(rows_max).take_while(|row| {
        text_bytes += row.metrics().map(|(_, value)| value.text_bytes()).sum::<usize>();
        text_bytes <= BATCH_TEXT_BYTES
    });
    fitting.count().max(1).min(rows.len())
}

/// Turns rows of names and values into columns.
fn scatter(columns: &Columns, rows: &[Row], each: impl Fn(&Row, &mut dyn FnMut(&str, Metric))) -> Table {
    let mut cells: Vec<Vec<Option<Metric>>> = vec![vec![None; rows.len()]; columns.names.len()];
    for (index, row) in rows.iter().enumerate() {
        each(row, &mut |name, value| {
            if let Some(place) = columns.places.get(name) {
                cells[*place][index] = Some(value);
            }
        });
    }
    let made = columns.names.iter().zip(&columns.shapes).zip(cells);
    table(
        rows.len(),
        made.map(|((name, shape), cells)| shape.case().column(name, cells.iter().map(Option::as_ref)))
            .collect(),
    )
}

fn facts(rows: &[Row]) -> Table {
    let text = |text: Option<&str>| text.map(|text| Metric::Text(text.to_owned()));
    let columns = vec![
        fact("exit_code", Case::Integers, rows, |row| {
            row.facts.exit_code.map(|code| Metric::Integer(code.into()))
        }),
        fact("seconds", Case::Numbers, rows, |row| row.facts.seconds.map(Metric::Number)),
        fact("attempts", Case::Integers, rows, |row| Some(Metric::Integer(row.facts.attempts.into()))),
        fact("reason", Case::Texts, rows, |row| text(row.facts.reason.as_deref())),
        fact("source", Case::Texts, rows, |row| text(row.source.as_deref())),
        fact("missing", Case::Texts, rows, |row| text(row.missing.as_deref())),
    ];
    table(rows.len(), columns)
}

fn fact(name: &str, case: Case, rows: &[Row], take: impl Fn(&Row) -> Option<Metric>) -> Column {
    let cells: Vec<_> = rows.iter().map(take).collect();
    case.column(name, cells.iter().map(Option::as_ref))
}

fn table(rows: usize, columns: Vec<Column>) -> Table {
    // A batch has at most `BATCH_ROWS` rows.
    Table { rows: u32::try_from(rows).unwrap_or(u32::MAX), columns }
}
