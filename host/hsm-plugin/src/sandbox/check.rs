//! Whether an answer keeps the contract. Types do not say that columns are equally long, or that an absent row exists; past this
//! module the host relies on it.

pub(crate) mod scheduling;

use crate::limits::{Limit, Limits};
use crate::plain::is_obeyed;
use hsm_core::roles::{Artifact, ArtifactBody};
use hsm_core::table::{Cells, Table};
use std::collections::HashSet;
use std::mem::{Discriminant, discriminant};

/// The longest name of a column: it becomes an argument of a command, or a heading.
const NAME_BYTES_MAX: usize = 1_024;

/// The longest name of a file, as file systems have it.
const FILE_NAME_BYTES_MAX: usize = 255;

/// Why an answer is not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Unusable {
    /// It breaks the contract.
    Broken(String),
    /// It is fine, and more than the plugin may have.
    Over(Limit, String),
}

impl From<String> for Unusable {
    fn from(problem: String) -> Self {
        Self::Broken(problem)
    }
}

/// The columns of a generator's first batch, which all others have to have too.
pub(crate) type Schema = Vec<(String, Discriminant<Cells>)>;

/// Checks a batch of points, at most `max_rows` long. `schema` is that of the batches before, or is set to this one's.
pub(crate) fn points(
    table: &Table,
    max_rows: u32,
    limits: &Limits,
    schema: &mut Option<Schema>,
) -> Result<(), Unusable> {
    table_size("a batch of points", table, limits)?;
    table_shape(table)?;
    if table.rows == 0 {
        return Ok(());
    }
    if table.rows > max_rows {
        return Err(format!("{} points came where at most {max_rows} were asked for", table.rows).into());
    }
    if table.columns.is_empty() {
        return Err("its points have no parameters".to_owned().into());
    }
    let found: Schema =
        table.columns.iter().map(|column| (column.name.clone(), discriminant(&column.cells))).collect();
    match schema {
        Some(schema) if *schema != found => {
            Err("its columns changed from one batch of points to the next".to_owned().into())
        }
        Some(_) => Ok(()),
        None => {
            *schema = Some(found);
            Ok(())
        }
    }
}

/// Checks what an aggregator made.
pub(crate) fn artifacts(artifacts: &[Artifact], limits: &Limits) -> Result<(), Unusable> {
    let allowed = limits.value(Limit::Artifacts);
    if artifacts.len() as u64 > allowed {
        let problem = format!("{} artifacts came, and {allowed} are allowed", artifacts.len());
        return Err(Unusable::Over(Limit::Artifacts, problem));
    }
    let mut names = HashSet::new();
    let mut bytes = 0;
    for artifact in artifacts {
        file_name(&artifact.name)?;
        if !names.insert(artifact.name.to_lowercase()) {
            let name = &artifact.name;
            return Err(
                format!("two artifacts are called `{name}`, as far as some file systems can tell").into()
            );
        }
        if artifact.media_type.is_empty()
            || !artifact.media_type.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ')
        {
            return Err(format!("the artifact `{}` has no proper media type", artifact.name).into());
        }
        bytes += match &artifact.body {
            ArtifactBody::Bytes(bytes) => bytes.len() as u64,
            ArtifactBody::Table(table) => {
                table_size(&format!("the artifact `{}`", artifact.name), table, limits)?;
                table_shape(table)
                    .map_err(|problem| format!("in the artifact `{}`, {problem}", artifact.name))?;
                table_bytes(table)
            }
        };
    }
    if bytes > limits.bytes(Limit::ArtifactsMib) {
        let allowed = limits.value(Limit::ArtifactsMib);
        let problem = format!("its artifacts are larger than {allowed} MiB together");
        return Err(Unusable::Over(Limit::ArtifactsMib, problem));
    }
    Ok(())
}

/// One plain file name: nothing that leads elsewhere, hides, or confuses a terminal.
fn file_name(name: &str) -> Result<(), String> {
    let bad = |why| Err(format!("an artifact is called `{name}`, {why}"));
    if name.is_empty() {
        Err("an artifact has no name".to_owned())
    } else if name.contains(['/', '\\']) {
        bad("and its name has to be one plain file name")
    } else if name.starts_with('.') {
        bad("and names that begin with a dot are hidden")
    } else if name.chars().any(is_obeyed) {
        bad("with control characters in it")
    } else if name.len() > FILE_NAME_BYTES_MAX {
        bad("which is too long")
    } else {
        Ok(())
    }
}

/// Absent cells count: their fillers cross the wall as well.
fn table_size(what: &str, table: &Table, limits: &Limits) -> Result<(), Unusable> {
    let cells: u64 = table.columns.iter().map(|column| column.cells.len() as u64).sum();
    let allowed = limits.value(Limit::TableCells);
    if cells <= allowed {
        return Ok(());
    }
    Err(Unusable::Over(Limit::TableCells, format!("{what} has {cells} cells, and {allowed} are allowed")))
}

fn table_shape(table: &Table) -> Result<(), String> {
    let mut names = HashSet::new();
    for column in &table.columns {
        let name = column.name.as_str();
        if name.is_empty() {
            return Err("a column has no name".to_owned());
        }
        if name.len() > NAME_BYTES_MAX {
            let start = &name[..name.floor_char_boundary(40)];
            return Err(format!("the name of a column is longer than {NAME_BYTES_MAX} bytes: `{start}…`"));
        }
        if name.chars().any(is_obeyed) {
            return Err(format!("the name of the column `{name}` has control characters in it"));
        }
        if !names.insert(name) {
            return Err(format!("two columns are called `{name}`"));
        }
        let cells = column.cells.len();
        if cells != table.rows as usize {
            return Err(format!("the column `{name}` has {cells} cells in a table of {} rows", table.rows));
        }
        if !column.absent.is_sorted_by(|a, b| a < b) {
            return Err(format!("the absent rows of `{name}` do not ascend"));
        }
        if column.absent.last().is_some_and(|last| *last >= table.rows) {
            return Err(format!("`{name}` is absent in a row that the table does not have"));
        }
        json_cells(name, &column.cells, &column.absent)?;
    }
    Ok(())
}

/// Cells that say they are JSON have to be.
fn json_cells(name: &str, cells: &Cells, absent: &[u32]) -> Result<(), String> {
    let Cells::Json(cells) = cells else { return Ok(()) };
    for (row, cell) in cells.iter().enumerate() {
        let is_absent = u32::try_from(row).is_ok_and(|row| absent.binary_search(&row).is_ok());
        if !is_absent && serde_json::from_str::<&serde_json::value::RawValue>(cell).is_err() {
            return Err(format!("row {row} of the column `{name}` is not JSON"));
        }
    }
    Ok(())
}

/// About how much a table holds.
fn table_bytes(table: &Table) -> u64 {
    let column = |cells: &Cells| match cells {
        Cells::Texts(cells) | Cells::Json(cells) => cells.iter().map(|cell| cell.len() as u64 + 1).sum(),
        cells => cells.len() as u64 * 8,
    };
    table.columns.iter().map(|each| column(&each.cells)).sum()
}

#[cfg(test)]
mod tests;
