//! What a plugin answered or has to answer, and the first place where two answers differ.

use super::written;
use crate::{Artifact, Body, Cell, Column, Failure, Json, Table};

/// How much of a text a difference quotes.
const QUOTED_CHARS_MAX: usize = 120;

/// An answer to a fixture.
#[derive(Debug)]
pub(super) enum Answer {
    /// All points of a generator.
    Points(Vec<Column>),
    /// All artifacts of an aggregator.
    Artifacts(Vec<Made>),
    /// What a scheduler said.
    Said(Json),
    /// It refused.
    Failed(Failure),
}

/// An artifact as a file.
#[derive(Debug)]
pub(super) struct Made {
    pub name: String,
    pub media_type: String,
    pub content: Vec<u8>,
}

/// Artifacts as the files that they become; tables are CSV.
pub(super) fn rendered(artifacts: &[Artifact]) -> Result<Answer, String> {
    let made = artifacts.iter().map(|artifact| {
        let content = match &artifact.body {
            Body::Bytes(bytes) => bytes.clone(),
            Body::Table(table) => csv(table).map_err(|error| format!("{}: {error}", artifact.name))?,
        };
        Ok(Made { name: artifact.name.clone(), media_type: artifact.media_type.clone(), content })
    });
    made.collect::<Result<_, String>>().map(Answer::Artifacts)
}

fn csv(table: &Table) -> Result<Vec<u8>, String> {
    let mut csv = csv::Writer::from_writer(Vec::new());
    csv.write_record(table.columns.iter().map(|column| &column.name)).map_err(|error| error.to_string())?;
    for row in table.rows() {
        let fields = row.cells().map(|(_, cell)| cell.map_or_else(String::new, field));
        csv.write_record(fields).map_err(|error| error.to_string())?;
    }
    csv.into_inner().map_err(|error| error.to_string())
}

/// A text among other kinds is a JSON string; its quotes are of no use to a reader of CSV.
fn field(cell: Cell<'_>) -> String {
    match cell {
        Cell::Json(json) => serde_json::from_str::<String>(json).unwrap_or_else(|_| json.to_owned()),
        cell => cell.to_string(),
    }
}

/// Where the second answer is not the first one, if anywhere.
pub(super) fn first_difference(expected: &Answer, found: &Answer) -> Option<String> {
    match (expected, found) {
        (Answer::Points(expected), Answer::Points(found)) => points(expected, found),
        (Answer::Artifacts(expected), Answer::Artifacts(found)) => artifacts(expected, found),
        (Answer::Said(expected), Answer::Said(found)) => json("answer", expected, found),
        (Answer::Failed(expected), Answer::Failed(found)) => failures(expected, found),
        (Answer::Failed(expected), _) => Some(format!("it answered, and has to fail: {}", expected.message)),
        (_, Answer::Failed(found)) => Some(format!("it failed: {}{}", found.message, hint(found))),
        _ => Some("it answered something of another kind".to_owned()),
    }
}

fn hint(failure: &Failure) -> String {
    failure.hint.as_ref().map_or_else(String::new, |hint| format!(" (hint: {hint})"))
}

fn points(expected: &[Column], found: &[Column]) -> Option<String> {
    let heads = |columns: &[Column]| -> Vec<String> {
        columns.iter().map(|column| format!("`{}` ({})", column.name, column.kind())).collect()
    };
    let (expected_heads, found_heads) = (heads(expected), heads(found));
    if expected_heads != found_heads {
        let (expected, found) = (expected_heads.join(", "), found_heads.join(", "));
        return Some(format!("the columns are {found}, and {expected} are expected"));
    }
    expected.iter().zip(found).find_map(|(expected, found)| {
        let name = &expected.name;
        let (expected, found) = (written::cells(expected), written::cells(found));
        let row = expected.iter().zip(&found).position(|(expected, found)| expected != found);
        match row {
            Some(row) => {
                let (expected, found) = (&expected[row], &found[row]);
                Some(format!("column `{name}`, row {row}: expected {expected}, found {found}"))
            }
            None if expected.len() != found.len() => {
                Some(format!("column `{name}`: expected {} rows, found {}", expected.len(), found.len()))
            }
            None => None,
        }
    })
}

fn artifacts(expected: &[Made], found: &[Made]) -> Option<String> {
    let heads = |all: &[Made]| -> Vec<String> {
        all.iter().map(|made| format!("`{}` ({})", made.name, made.media_type)).collect()
    };
    let (expected_heads, found_heads) = (heads(expected), heads(found));
    if expected_heads != found_heads {
        let (expected, found) = (expected_heads.join(", "), found_heads.join(", "));
        return Some(format!("the artifacts are {found}, and {expected} are expected"));
    }
    let mut pairs = expected.iter().zip(found);
    pairs.find_map(|(expected, found)| content(&expected.name, &expected.content, &found.content))
}

fn content(name: &str, expected: &[u8], found: &[u8]) -> Option<String> {
    if expected == found {
        return None;
    }
    let (Ok(expected), Ok(found)) = (std::str::from_utf8(expected), std::str::from_utf8(found)) else {
        let same = expected.iter().zip(found).take_while(|(expected, found)| expected == found).count();
        return Some(format!("`{name}` differs from byte {same} on"));
    };
    let (mut expected, mut found) = (expected.split('\n'), found.split('\n'));
    (1..).find_map(|line| match (expected.next(), found.next()) {
        (None, None) => Some(format!("`{name}` differs")),
        (expected, found) if expected == found => None,
        (expected, found) => {
            let shown = |text: Option<&str>| text.map_or_else(|| "its end".to_owned(), quoted);
            Some(format!("`{name}`, line {line}: expected {}, found {}", shown(expected), shown(found)))
        }
    })
}

fn quoted(text: &str) -> String {
    let cut: String = text.chars().take(QUOTED_CHARS_MAX).collect();
    format!("{cut:?}{}", if cut.len() < text.len() { "…" } else { "" })
}

fn json(place: &str, expected: &Json, found: &Json) -> Option<String> {
    match (expected, found) {
        _ if expected == found => None,
        (Json::Object(expected), Json::Object(found)) => {
            let names = expected.keys().chain(found.keys().filter(|name| !expected.contains_key(*name)));
            names.into_iter().find_map(|name| {
                let value = |map: &serde_json::Map<_, _>| map.get(name).cloned().unwrap_or(Json::Null);
                json(&format!("{place}.{name}"), &value(expected), &value(found))
            })
        }
        (Json::Array(expected), Json::Array(found)) if expected.len() == found.len() => {
            let mut pairs = expected.iter().zip(found).enumerate();
            pairs.find_map(|(index, (expected, found))| json(&format!("{place}[{index}]"), expected, found))
        }
        _ => Some(format!("{place}: expected {expected}, found {found}")),
    }
}

fn failures(expected: &Failure, found: &Failure) -> Option<String> {
    // A fixture that leaves the hint out leaves it open.
    let hint = if expected.hint.is_none() { None } else { found.hint.clone() };
    let found = Failure { hint, ..found.clone() };
    let written = |failure: &Failure| serde_json::to_value(failure).unwrap_or_default();
    json("failure", &written(expected), &written(&found))
}
