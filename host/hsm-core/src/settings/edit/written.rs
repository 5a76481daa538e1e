//! Values as they are written into a settings file: plainly where that cannot be read as anything else, else in double quotes.

use crate::value::Value;
use crate::yaml::{Reading, Scalar, read};

/// A value to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Written {
    /// Any text; quoted where it has to be.
    Text(String),
    /// A number or `true` or `false`, as it is to stand there.
    Word(String),
    /// A list, in one line.
    List(Vec<Self>),
    /// A map.
    Map(Vec<(String, Self)>),
}

/// The lines of an entry in a block that begins in `column`; maps within are indented by `step` more each.
pub(super) fn block_lines((name, value): &(String, Written), column: usize, step: usize) -> Vec<String> {
    let indent = " ".repeat(column);
    let Written::Map(entries) = value else {
        return vec![format!("{indent}{}: {}", scalar(name), in_line(value))];
    };
    let mut lines = vec![format!("{indent}{}:", scalar(name))];
    lines.extend(entries.iter().flat_map(|entry| block_lines(entry, column + step, step)));
    lines
}

/// An entry for a map in braces.
pub(super) fn flow((name, value): &(String, Written)) -> String {
    format!("{}: {}", scalar(name), in_line(value))
}

fn in_line(value: &Written) -> String {
    match value {
        Written::Text(text) => scalar(text),
        Written::Word(word) => word.clone(),
        Written::List(items) => format!("[{}]", items.iter().map(in_line).collect::<Vec<_>>().join(", ")),
        Written::Map(entries) => format!("{{{}}}", entries.iter().map(flow).collect::<Vec<_>>().join(", ")),
    }
}

/// A text as a scalar. A string of JSON is one of YAML too, whatever is in it.
pub(super) fn scalar(text: &str) -> String {
    let inside = |char: char| char.is_ascii_alphanumeric() || "-_./@+".contains(char);
    let (first, rest) = match text.strip_prefix("~/") {
        Some(rest) => (Some('/'), rest),
        None => (text.chars().next(), text),
    };
    let plain =
        first.is_some_and(|char| char.is_ascii_alphanumeric() || char == '/') && rest.chars().all(inside);
    let is_text =
        || matches!(read(&Scalar { text: text.to_owned(), plain: true }), Reading::Value(Value::Text(_)));
    if plain && is_text() {
        return text.to_owned();
    }
    serde_json::Value::String(text.to_owned()).to_string()
}
