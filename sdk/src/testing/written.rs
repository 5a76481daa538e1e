//! Columns as they stand in fixtures.

use crate::{Cells, Column, Json, Table};
use serde::{Deserialize, Deserializer};
use serde_json::json;

/// One column of a fixture.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    name: String,
    booleans: Option<Vec<Option<bool>>>,
    integers: Option<Vec<Option<i64>>>,
    numbers: Option<Vec<Option<Number>>>,
    texts: Option<Vec<Option<String>>>,
    json: Option<Vec<Option<Json>>>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(untagged)]
enum Number {
    Finite(f64),
    Named(Named),
}

#[derive(Clone, Copy, Debug, Deserialize)]
enum Named {
    #[serde(rename = "nan")]
    NotANumber,
    #[serde(rename = "inf")]
    Infinity,
    #[serde(rename = "-inf")]
    NegativeInfinity,
}

/// Reads a list of columns.
pub(super) fn columns<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Column>, D::Error> {
    let written = Vec::<Written>::deserialize(deserializer)?;
    written.into_iter().map(column).collect::<Result<_, _>>().map_err(serde::de::Error::custom)
}

/// The columns as a table of that many rows.
pub(super) fn table(columns: Vec<Column>, rows: usize) -> Result<Table, String> {
    let rows = u32::try_from(rows).map_err(|_| "there are too many rows".to_owned())?;
    let table = Table { rows, columns };
    table.check()?;
    Ok(table)
}

/// The cells of a column as they are written, `null` where there is no value.
pub(super) fn cells(column: &Column) -> Vec<Json> {
    let cell = |cell: Option<crate::Cell<'_>>| match cell {
        None => Json::Null,
        Some(crate::Cell::Boolean(boolean)) => json!(boolean),
        Some(crate::Cell::Integer(integer)) => json!(integer),
        Some(crate::Cell::Number(number)) if number.is_finite() => json!(number),
        Some(crate::Cell::Number(number)) => json!(crate::Cell::Number(number).to_string()),
        Some(crate::Cell::Text(text)) => json!(text),
        Some(crate::Cell::Json(text)) => serde_json::from_str(text).unwrap_or_else(|_| json!(text)),
    };
    column.iter().map(cell).collect()
}

fn column(written: Written) -> Result<Column, String> {
    let Written { name, booleans, integers, numbers, texts, json } = written;
    let kinds = [
        booleans.map(|cells| split(cells, Cells::Booleans)),
        integers.map(|cells| split(cells, Cells::Integers)),
        numbers.map(|cells| split(cells.into_iter().map(|cell| cell.map(number)).collect(), Cells::Numbers)),
        texts.map(|cells| split(cells, Cells::Texts)),
        json.map(|cells| {
            split(cells.into_iter().map(|cell| cell.map(|cell| cell.to_string())).collect(), Cells::Json)
        }),
    ];
    let mut kinds = kinds.into_iter().flatten();
    match (kinds.next(), kinds.next()) {
        (Some((cells, absent)), None) => Ok(Column { name, cells, absent }),
        _ => Err(format!(
            "the column `{name}` has to have one of `booleans`, `integers`, `numbers`, `texts` and `json`"
        )),
    }
}

fn split<T: Default>(cells: Vec<Option<T>>, kind: impl FnOnce(Vec<T>) -> Cells) -> (Cells, Vec<u32>) {
    let absent = (0..).zip(&cells).filter(|(_, cell)| cell.is_none()).map(|(row, _)| row).collect();
    (kind(cells.into_iter().map(Option::unwrap_or_default).collect()), absent)
}

fn number(number: Number) -> f64 {
    match number {
        Number::Finite(number) => number,
        Number::Named(Named::NotANumber) => f64::NAN,
        Number::Named(Named::Infinity) => f64::INFINITY,
        Number::Named(Named::NegativeInfinity) => f64::NEG_INFINITY,
    }
}
