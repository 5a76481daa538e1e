//! A plugin's own code, called the way the host would.

use crate::{Aggregate, Artifact, Blame, Body, Cells, Column, Failure, Generate, Json, Results, Table};

/// All points that a generator makes, asked for in batches of `batch_rows`.
///
/// # Errors
/// What the plugin failed with, or what the host would not have taken.
pub fn points<P: Generate>(
    config: &str,
    axes: Vec<Column>,
    seed: u64,
    batch_rows: u32,
) -> Result<Table, Failure> {
    let config = crate::glue::parse(config, "the generator's configuration", Blame::Config)?;
    let mut search = P::open(config, axes, seed)?;
    let expected = search.size();
    let mut all = Table { rows: 0, columns: Vec::new() };
    loop {
        let batch = search.next(batch_rows)?;
        batch.check().map_err(refused)?;
        if batch.rows == 0 {
            break;
        }
        if batch.rows > batch_rows {
            return Err(refused(format!("{} rows came where {batch_rows} were asked for", batch.rows)));
        }
        append(&mut all, batch).map_err(refused)?;
    }
    match expected {
        Some(size) if size != u64::from(all.rows) => {
            Err(refused(format!("{size} points were announced and {} came", all.rows)))
        }
        _ => Ok(all),
    }
}

/// What an aggregator makes of these batches.
///
/// # Errors
/// What the plugin failed with, or what the host would not have taken.
pub fn artifacts<P: Aggregate>(
    config: &str,
    batches: impl IntoIterator<Item = Results>,
) -> Result<Vec<Artifact>, Failure> {
    artifacts_of::<P>(config, serde_json::json!({}), batches)
}

/// As [`artifacts`], of a sweep that is described.
pub(super) fn artifacts_of<P: Aggregate>(
    config: &str,
    sweep: Json,
    batches: impl IntoIterator<Item = Results>,
) -> Result<Vec<Artifact>, Failure> {
    let config = crate::glue::parse(config, "the aggregator's configuration", Blame::Config)?;
    let mut aggregation = P::open(config, sweep)?;
    for batch in batches {
        aggregation.add(batch)?;
    }
    let artifacts = aggregation.finish()?;
    for artifact in &artifacts {
        if artifact.name.is_empty() || artifact.name.starts_with('.') || artifact.name.contains(['/', '\\']) {
            return Err(refused(format!("`{}` is not a plain file name", artifact.name)));
        }
        if let Body::Table(table) = &artifact.body {
            table.check().map_err(refused)?;
        }
    }
    Ok(artifacts)
}

fn append(all: &mut Table, batch: Table) -> Result<(), String> {
    if all.columns.is_empty() {
        *all = batch;
        return Ok(());
    }
    if !all.columns.iter().map(|column| &column.name).eq(batch.columns.iter().map(|column| &column.name)) {
        return Err("two batches have different columns".to_owned());
    }
    for (column, more) in all.columns.iter_mut().zip(batch.columns) {
        column.absent.extend(more.absent.iter().map(|row| row + all.rows));
        match (&mut column.cells, more.cells) {
            (Cells::Booleans(cells), Cells::Booleans(more)) => cells.extend(more),
            (Cells::Integers(cells), Cells::Integers(more)) => cells.extend(more),
            (Cells::Numbers(cells), Cells::Numbers(more)) => cells.extend(more),
            (Cells::Texts(cells), Cells::Texts(more)) | (Cells::Json(cells), Cells::Json(more)) => {
                cells.extend(more);
            }
            _ => return Err(format!("`{}` has other cells in another batch", column.name)),
        }
    }
    all.rows += batch.rows;
    Ok(())
}

fn refused(message: String) -> Failure {
    Failure::new(Blame::Internal, "bad-answer", message)
}
