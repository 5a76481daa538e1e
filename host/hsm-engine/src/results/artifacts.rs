//! What aggregators make, and writing it into `results/<aggregator>/`: all of it, or nothing.

use super::collected::Collected;
use super::output::{Content, Output};
use super::tables::write_table_csv;
use crate::error::{Error, ErrorKind, Result};
use crate::sweep_dir::SweepDir;
use hsm_core::roles::{Aggregator, AggregatorSpec, Artifact, ArtifactBody};
use hsm_core::table::Table;
use std::collections::HashSet;
use std::io::Write;
use std::path::{Path, PathBuf};

/// The longest file name that file systems take.
const NAME_MAX_BYTES: usize = 255;

/// An artifact on the disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrittenArtifact {
    /// Its file name. A table without an extension has got `.csv`.
    pub name: String,
    /// Its media type, as the aggregator said.
    pub media_type: String,
    /// Where it is.
    pub path: PathBuf,
    /// What is in it, of `text/plain` and `text/markdown`: meant for people. Control characters are still in it.
    pub text: Option<String>,
}

/// Puts all rows through an aggregator. `config` is JSON text. It is told where the tasks' folders are;
/// whether a plugin gets to see them is for whoever loaded it to decide.
///
/// # Errors
/// [`ErrorKind::Plugin`] when the aggregator fails.
pub fn run_aggregator(
    collected: &Collected,
    aggregator: &dyn Aggregator,
    config: &str,
) -> Result<Vec<Artifact>> {
    let sweep = serde_json::json!({
        "format": 1,
        "sweep_id": collected.sweep_id(),
        "tasks": collected.rows().len(),
        "params": collected.param_names().collect::<Vec<_>>(),
        "metrics": collected.metric_names().collect::<Vec<_>>(),
    });
    let tasks_folder = SweepDir::new(collected.sweep_dir()).tasks();
    let spec = AggregatorSpec {
        config: config.to_owned(),
        sweep: sweep.to_string(),
        tasks_folder: is_real_folder(&tasks_folder).then_some(tasks_folder),
    };
    let mut aggregation = aggregator.open(&spec)?;
    for batch in collected.batches() {
        aggregation.add(batch)?;
    }
    Ok(aggregation.finish()?)
}

/// A folder, and not a link to one: what it holds is shown to plugins.
fn is_real_folder(path: &Path) -> bool {
    path.symlink_metadata().is_ok_and(|metadata| metadata.is_dir())
}

/// Writes the artifacts of the aggregator called `aggregator` into `results/<aggregator>/`, in the place of those it made before. They
/// appear together; on an error the old ones are still there.
///
/// # Errors
/// [`ErrorKind::Plugin`] when a name is not one plain file name, two are the same (whatever their case), or the columns of a table
/// disagree; [`ErrorKind::Collection`] when something cannot be written.
pub fn write_artifacts(
    sweep_dir: &Path,
    aggregator: &str,
    artifacts: &[Artifact],
) -> Result<Vec<WrittenArtifact>> {
    let refused = |what: &str| {
        Error::new(ErrorKind::Plugin, format!("`{}` {what}; nothing was written", aggregator.escape_debug()))
    };
    plain_name(aggregator).map_err(|why| refused(&format!("cannot name a folder: {why}")))?;
    let mut names = HashSet::new();
    let mut written = Vec::new();
    for artifact in artifacts {
        let name = file_name(artifact);
        let shown = artifact.name.escape_debug();
        plain_name(&name).map_err(|why| refused(&format!("names an artifact `{shown}`, which {why}")))?;
        if !names.insert(name.to_lowercase()) {
            return Err(refused(&format!("names two artifacts `{shown}`, in some spelling")));
        }
        if let ArtifactBody::Table(table) = &artifact.body {
            disagreement(table)
                .map_or(Ok(()), |what| Err(refused(&format!("made the table `{shown}`, {what}"))))?;
        }
        let path = sweep_dir.join("results").join(aggregator).join(&name);
        written.push(WrittenArtifact {
            name,
            media_type: artifact.media_type.clone(),
            path,
            text: text(artifact),
        });
    }
    let contents =
        written.iter().zip(artifacts).map(|(written, artifact)| content(&written.name, &artifact.body));
    Output::open(sweep_dir)?.write_folder(aggregator, contents.collect())?;
    Ok(written)
}

fn content<'a>(name: &'a str, body: &'a ArtifactBody) -> Content<'a> {
    match body {
        ArtifactBody::Table(table) => (name, Box::new(|out: &mut dyn Write| write_table_csv(table, out))),
        ArtifactBody::Bytes(bytes) => (name, Box::new(|out: &mut dyn Write| out.write_all(bytes))),
    }
}

fn file_name(artifact: &Artifact) -> String {
    let is_table = matches!(artifact.body, ArtifactBody::Table(_));
    if is_table && !artifact.name.contains('.') && !artifact.name.is_empty() {
        format!("{}.csv", artifact.name)
    } else {
        artifact.name.clone()
    }
}

fn text(artifact: &Artifact) -> Option<String> {
    let media_type = artifact.media_type.split(';').next().unwrap_or_default().trim();
    match &artifact.body {
        ArtifactBody::Bytes(bytes) if matches!(media_type, "text/plain" | "text/markdown") => {
            Some(String::from_utf8_lossy(bytes).into_owned())
        }
        _ => None,
    }
}

/// Whether a name is one plain file name; if not, what it does instead.
fn plain_name(name: &str) -> std::result::Result<(), &'static str> {
    match name {
        "" => Err("is empty"),
        _ if name.len() > NAME_MAX_BYTES => Err("is longer than 255 bytes"),
        _ if name.contains(['/', '\\']) => Err("leads into another folder"),
        _ if name.starts_with('.') => Err("begins with a dot"),
        _ if name.chars().any(char::is_control) => Err("has control characters"),
        _ => Ok(()),
    }
}

/// What is wrong with the shape of a table.
fn disagreement(table: &Table) -> Option<String> {
    table.columns.iter().find_map(|column| {
        let name = column.name.escape_debug();
        let (cells, rows) = (column.cells.len(), table.rows);
        if cells != rows as usize {
            return Some(format!("whose column `{name}` has {cells} cells where the table has {rows} rows"));
        }
        let ascending = column.absent.is_sorted_by(|left, right| left < right);
        let inside = column.absent.last().is_none_or(|row| *row < rows);
        (!ascending || !inside).then(|| {
            format!("whose column `{name}` lists absent rows out of order, or that it does not have")
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn only_plain_names_are_names() {
        for name in ["best.csv", "Tabelle 1.md", "é🙂.txt", "a..b", "-", "~"] {
            assert_eq!(plain_name(name), Ok(()), "{name}");
        }
        for name in
            ["", ".", "..", "../../x", "/etc/passwd", "a/b", "a\\b", ".hidden", "a\0b", "a\nb", "\u{1b}[2J"]
        {
            assert!(plain_name(name).is_err(), "{name:?}");
        }
        assert!(plain_name(&"x".repeat(255)).is_ok());
        assert!(plain_name(&"x".repeat(256)).is_err());
    }

    proptest! {
        #[test]
        fn a_plain_name_stays_in_its_folder(name in "[./\\\\a\\x00\u{85}-]{0,6}|\\PC{0,8}") {
            if plain_name(&name).is_ok() {
                let path = Path::new("results").join(&name);
                prop_assert_eq!(path.components().count(), 2);
                prop_assert_eq!(path.parent(), Some(Path::new("results")));
            }
        }
    }
}
