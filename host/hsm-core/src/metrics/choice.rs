//! Which file of a task's folder has its metrics.

use std::fmt;

/// The names that are looked for, for messages.
pub const RESULT_FILES: &str = "results.json, metrics.json, *.jsonl, *.csv";

/// How a file of metrics is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// One JSON object.
    Json,
    /// One JSON object a line; the last one counts.
    JsonLines,
    /// A header and rows; the last one counts.
    Csv,
}

/// What a folder offers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choice {
    /// Nothing.
    Nothing,
    /// This file.
    File(String, Format),
    /// Several, none of which is named `results` or `metrics`: choosing one would be a guess.
    Several(Vec<String>),
}

/// The file that decides, among the names in a folder. The order is that of the [module](super).
#[must_use]
pub fn choose<'a>(names: impl IntoIterator<Item = &'a str>) -> Choice {
    let mut candidates: Vec<(u8, &str, Format)> =
        names.into_iter().filter_map(|name| rank(name).map(|(rank, format)| (rank, name, format))).collect();
    candidates.sort_unstable_by_key(|(rank, name, _)| (*rank, *name));
    let Some(&(best, name, format)) = candidates.first() else { return Choice::Nothing };
    let equals: Vec<_> = candidates.iter().take_while(|(rank, ..)| *rank == best).collect();
    if equals.len() > 1 {
        return Choice::Several(equals.iter().map(|(_, name, _)| (*name).to_owned()).collect());
    }
    Choice::File(name.to_owned(), format)
}

/// Whether a file of this name would be read as metrics if it were the only one.
#[must_use]
pub fn is_result_file(name: &str) -> bool {
    rank(name).is_some()
}

fn rank(name: &str) -> Option<(u8, Format)> {
    let found = match name {
        "results.json" => (0, Format::Json),
        "metrics.json" => (1, Format::Json),
        "results.jsonl" => (2, Format::JsonLines),
        "metrics.jsonl" => (3, Format::JsonLines),
        "results.csv" => (5, Format::Csv),
        "metrics.csv" => (6, Format::Csv),
        _ if name.starts_with('.') => return None,
        _ if name.ends_with(".jsonl") => (4, Format::JsonLines),
        _ if name.ends_with(".csv") => (7, Format::Csv),
        _ => return None,
    };
    Some(found)
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Json => "JSON",
            Self::JsonLines => "JSON lines",
            Self::Csv => "CSV",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(names: &[&str], expected: &str) {
        let choice = match choose(names.iter().copied()) {
            Choice::Nothing => "nothing".to_owned(),
            Choice::File(name, format) => format!("{name} as {format}"),
            Choice::Several(names) => format!("several: {}", names.join(", ")),
        };
        assert_eq!(choice, expected, "{names:?}");
    }

    #[test]
    fn the_first_in_the_order_decides() {
        check(&[], "nothing");
        check(&["params.json", "stdout.log", "model.pt", ".hidden.csv"], "nothing");
        check(&["metrics.json", "results.json", "a.csv"], "results.json as JSON");
        check(&["metrics.json", "results.jsonl"], "metrics.json as JSON");
        check(&["zzz.jsonl", "metrics.jsonl"], "metrics.jsonl as JSON lines");
        check(&["history.jsonl", "results.csv"], "history.jsonl as JSON lines");
        check(&["metrics.csv", "results.csv", "a.csv"], "results.csv as CSV");
        check(&["history.csv"], "history.csv as CSV");
    }

    #[test]
    fn several_files_of_no_known_name_are_not_guessed_among() {
        check(&["b.csv", "a.csv"], "several: a.csv, b.csv");
        check(&["b.jsonl", "metrics.csv", "a.jsonl"], "several: a.jsonl, b.jsonl");
    }
}
