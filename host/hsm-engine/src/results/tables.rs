//! The table of a sweep as CSV and as JSON.

use super::collected::{Collected, Row};
use super::output::Output;
use crate::error::Result;
use hsm_core::metrics::{Metric, flat_names};
use hsm_core::render::plain;
use hsm_core::state::TaskState;
use hsm_core::table::{Cells, Table};
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use serde_json::value::RawValue;
use std::fmt::Write as _;
use std::io::{self, Write};
use std::path::PathBuf;

/// Where [`write_tables`] wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrittenTables {
    /// `results/table.csv`.
    pub csv: PathBuf,
    /// `results/table.json`.
    pub json: PathBuf,
}

/// Writes `results/table.csv` and `results/table.json`. A reader of either sees the old one or the new one, never a part.
///
/// # Errors
/// [`ErrorKind::Collection`](crate::error::ErrorKind) when one cannot be written; then the old one is still there.
pub fn write_tables(collected: &Collected) -> Result<WrittenTables> {
    let output = Output::open(&collected.sweep_dir)?;
    Ok(WrittenTables {
        csv: output.write_file(("table.csv", Box::new(|out| write_csv(collected, out))))?,
        json: output.write_file(("table.json", Box::new(|out| write_json(collected, out))))?,
    })
}

/// Writes the rows as CSV: one header row, `task`, `state`, one column a parameter and one a metric, named as
/// [`flat_names`] says. Parameters are spelled as in the sweep file; an empty field is no value.
///
/// # Errors
/// Whatever `out` fails with.
pub fn write_csv(collected: &Collected, out: &mut dyn Write) -> io::Result<()> {
    let names = flat_names(collected.param_names(), collected.metric_names());
    let mut csv = csv::Writer::from_writer(out);
    csv.write_record(
        ["task", "state"].into_iter().chain(names.params.iter().chain(&names.metrics).map(String::as_str)),
    )?;
    let (params, metrics) = (&collected.params, &collected.metrics);
    let mut cells = vec![String::new(); params.names.len() + metrics.names.len()];
    for row in &collected.rows {
        cells.iter_mut().for_each(String::clear);
        for (name, value) in row.params.iter() {
            if let Some(place) = params.places.get(name) {
                cells[*place].push_str(&plain(value));
            }
        }
        for (name, value) in row.metrics() {
            if let Some(place) = metrics.places.get(name) {
                // Writing into a text cannot fail.
                let _ = write!(cells[params.names.len() + place], "{value}");
            }
        }
        csv.write_field(row.task.to_string())?;
        csv.write_field(row.facts.state.as_str())?;
        csv.write_record(&cells)?;
    }
    csv.flush()
}

/// Writes the rows as JSON: `{"format":1,"sweep_id":…,"rows":[{"task","state","params","metrics","missing"},…]}`, one row a line. Numbers
/// that JSON cannot spell are the strings `NaN`, `Infinity` and `-Infinity`.
///
/// # Errors
/// Whatever `out` fails with.
pub fn write_json(collected: &Collected, out: &mut dyn Write) -> io::Result<()> {
    write!(out, "{{\"format\":1,\"sweep_id\":{},\"rows\":[", serde_json::to_string(&collected.sweep_id)?)?;
    for (index, row) in collected.rows.iter().enumerate() {
        out.write_all(if index == 0 { b"\n" } else { b",\n" })?;
        serde_json::to_writer(&mut *out, &RowJson::of(row)?)?;
    }
    out.write_all(b"\n]}\n")
}

#[derive(Serialize)]
struct RowJson<'a> {
    task: u64,
    state: TaskState,
    params: Box<RawValue>,
    metrics: MetricsJson<'a>,
    missing: Option<&'a str>,
}

impl<'a> RowJson<'a> {
    fn of(row: &'a Row) -> io::Result<Self> {
        Ok(Self {
            task: row.task,
            state: row.facts.state,
            params: RawValue::from_string(row.params.to_params_json())?,
            metrics: MetricsJson(row),
            missing: row.missing.as_deref(),
        })
    }
}

struct MetricsJson<'a>(&'a Row);

impl Serialize for MetricsJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (name, value) in self.0.metrics() {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

/// Writes an aggregator's table as CSV: one header row, an empty field for no value.
pub(super) fn write_table_csv(table: &Table, out: &mut dyn Write) -> io::Result<()> {
    let mut csv = csv::Writer::from_writer(out);
    csv.write_record(table.columns.iter().map(|column| &column.name))?;
    let mut absent: Vec<_> = table.columns.iter().map(|column| column.absent.iter().peekable()).collect();
    for row in 0..table.rows {
        for (column, absent) in table.columns.iter().zip(&mut absent) {
            match absent.next_if_eq(&&row) {
                Some(_) => csv.write_field("")?,
                None => csv.write_field(cell_text(&column.cells, row as usize))?,
            }
        }
        csv.write_record(None::<&[u8]>)?;
    }
    csv.flush()
}

fn cell_text(cells: &Cells, row: usize) -> String {
    match cells {
        Cells::Booleans(cells) => cells[row].to_string(),
        Cells::Integers(cells) => cells[row].to_string(),
        Cells::Numbers(cells) => Metric::Number(cells[row]).to_string(),
        Cells::Texts(cells) => cells[row].clone(),
        // A text among other types is a JSON string; its quotes are of no use to a reader of CSV.
        Cells::Json(cells) => {
            serde_json::from_str::<String>(&cells[row]).unwrap_or_else(|_| cells[row].clone())
        }
        Cells::Spelled(cells) => plain(&cells[row]).into_owned(),
    }
}
