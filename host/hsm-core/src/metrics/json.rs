//! JSON files of metrics, as Python programs write them.

use super::{METRICS_MAX, Metric, Metrics, Position, Problem, Reading, Unusable, VALUE_MAX_BYTES};
use serde_json::Value;

/// Marks a number that JSON has no spelling for, while the text goes through a parser that knows only JSON. It is a noncharacter of
/// Unicode, which no interchanged text means anything by.
const MARK: char = '\u{FFFF}';

/// The metrics in the text of a file that holds one JSON object.
///
/// # Errors
/// [`Unusable`] when the text is cut, not JSON, not an object, or holds no metric or too many.
pub fn parse_json(file: &str, text: &[u8]) -> Result<Reading, Unusable> {
    let unusable = |position, problem| Unusable::new(file, position, problem);
    let text = match std::str::from_utf8(text.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(text)) {
        Ok(text) => text,
        Err(error) if error.error_len().is_none() => {
            return Err(unusable(Position::Whole, Problem::Truncated(text.len() as u64)));
        }
        Err(error) => return Err(unusable(Position::Byte(error.valid_up_to() as u64), Problem::NotText)),
    };
    if text.trim().is_empty() {
        return Err(unusable(Position::Whole, Problem::Empty));
    }
    let value = parse_with_infinities(text).map_err(|fault| match fault {
        Fault::Cut => unusable(Position::Whole, Problem::Truncated(text.len() as u64)),
        Fault::At { line, column, reason } => {
            unusable(Position::Line(line, column), Problem::NotJson(reason))
        }
    })?;
    let Value::Object(entries) = value else {
        return Err(unusable(Position::Whole, Problem::NotAnObject(kind(&value))));
    };
    let mut flat = Flat::default();
    flat.add_entries("", entries).map_err(|problem| unusable(Position::Whole, problem))?;
    if flat.metrics.is_empty() && flat.too_long.is_empty() {
        return Err(unusable(Position::Whole, Problem::NoMetric));
    }
    Ok(flat.into_reading(file))
}

/// JSON text with sorted keys and no spaces: the same value has the same text.
#[must_use]
pub fn canonical_json(value: &Value) -> String {
    let mut sorted = value.clone();
    sorted.sort_all_objects();
    sorted.to_string()
}

/// A map on its way to flat names.
#[derive(Default)]
struct Flat {
    metrics: Vec<(String, Metric)>,
    places: std::collections::HashMap<String, usize>,
    too_long: Vec<String>,
}

impl Flat {
    fn add_entries(&mut self, prefix: &str, entries: serde_json::Map<String, Value>) -> Result<(), Problem> {
        for (key, value) in entries {
            let name = if prefix.is_empty() { key } else { format!("{prefix}.{key}") };
            match value {
                Value::Object(inner) if !inner.is_empty() => self.add_entries(&name, inner)?,
                value => self.add(name, metric(value))?,
            }
        }
        Ok(())
    }

    fn add(&mut self, name: String, value: Metric) -> Result<(), Problem> {
        if value.text_bytes() > VALUE_MAX_BYTES {
            self.too_long.push(name);
        } else if let Some(place) = self.places.get(&name) {
            self.metrics[*place].1 = value;
        } else if self.metrics.len() == METRICS_MAX {
            return Err(Problem::TooMany);
        } else {
            self.places.insert(name.clone(), self.metrics.len());
            self.metrics.push((name, value));
        }
        Ok(())
    }

    fn into_reading(self, file: &str) -> Reading {
        let note = (!self.too_long.is_empty()).then(|| {
            let names = self.too_long.join("`, `");
            format!("{file}: `{names}` left out: longer than {VALUE_MAX_BYTES} bytes")
        });
        Reading { metrics: Metrics(self.metrics), note }
    }
}

fn metric(value: Value) -> Metric {
    match value {
        Value::Null => Metric::Null,
        Value::Bool(truth) => Metric::Bool(truth),
        Value::Number(number) => match (number.as_i64(), number.is_u64()) {
            (Some(integer), _) => Metric::Integer(integer),
            (None, true) => Metric::Json(number.to_string()),
            (None, false) => Metric::Number(number.as_f64().unwrap_or(f64::NAN)),
        },
        Value::String(text) => marked_number(&text).map_or(Metric::Text(text), Metric::Number),
        Value::Array(_) | Value::Object(_) => {
            let mut value = value;
            unmark(&mut value);
            Metric::Json(canonical_json(&value))
        }
    }
}

fn marked_number(text: &str) -> Option<f64> {
    match text.strip_prefix(MARK)? {
        "NaN" => Some(f64::NAN),
        "Infinity" => Some(f64::INFINITY),
        "-Infinity" => Some(f64::NEG_INFINITY),
        _ => None,
    }
}

/// Inside lists, what JSON cannot spell becomes the string of its name.
fn unmark(value: &mut Value) {
    match value {
        Value::String(text) if marked_number(text).is_some() => *text = text.replace(MARK, ""),
        Value::Array(items) => items.iter_mut().for_each(unmark),
        Value::Object(entries) => entries.values_mut().for_each(unmark),
        _ => {}
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(text) if marked_number(text).is_some() => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

enum Fault {
    Cut,
    At { line: usize, column: usize, reason: String },
}

fn parse_with_infinities(text: &str) -> Result<Value, Fault> {
    let strict = match serde_json::from_str(text) {
        Ok(value) => return Ok(value),
        Err(error) => error,
    };
    let marked = mark_numbers(text);
    if marked.insertions.is_empty() {
        return Err(fault(&strict, text, &marked));
    }
    serde_json::from_str(&marked.text).map_err(|error| fault(&error, text, &marked))
}

fn fault(error: &serde_json::Error, original: &str, marked: &Marked) -> Fault {
    if error.is_eof() {
        return Fault::Cut;
    }
    let reason = error.to_string();
    let reason = reason.split(" at line ").next().unwrap_or_default().to_owned();
    // The parser counts in the marked text; people look at the original.
    let line_start: usize =
        marked.text.split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len).sum();
    let byte = line_start + error.column().saturating_sub(1);
    let inserted: usize =
        marked.insertions.iter().take_while(|(at, _)| *at <= byte).map(|(_, length)| length).sum();
    let before = &original.as_bytes()[..(byte - inserted.min(byte)).min(original.len())];
    let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
    let column = before.iter().rev().take_while(|byte| **byte != b'\n').count() + 1;
    Fault::At { line, column, reason }
}

/// A text whose `NaN`, `Infinity` and `-Infinity` are marked strings.
struct Marked {
    text: String,
    /// After which byte of `text` how many bytes were put in.
    insertions: Vec<(usize, usize)>,
}

fn mark_numbers(text: &str) -> Marked {
    let mut marked = Marked { text: String::with_capacity(text.len() + 64), insertions: Vec::new() };
    let mut rest = text;
    while let Some(at) = rest.find(['"', 'N', 'I', '-']) {
        let after_word = rest[..at].ends_with(|c: char| c.is_ascii_alphanumeric());
        marked.text.push_str(&rest[..at]);
        rest = &rest[at..];
        let length = if rest.starts_with('"') {
            string_length(rest)
        } else if let Some(word) = (!after_word).then(|| bare_number(rest)).flatten() {
            marked.text.push('"');
            marked.text.push(MARK);
            marked.text.push_str(word);
            marked.text.push('"');
            marked.insertions.push((marked.text.len(), 2 + MARK.len_utf8()));
            rest = &rest[word.len()..];
            continue;
        } else {
            1
        };
        marked.text.push_str(&rest[..length]);
        rest = &rest[length..];
    }
    marked.text.push_str(rest);
    marked
}

fn bare_number(text: &str) -> Option<&'static str> {
    ["NaN", "Infinity", "-Infinity"].into_iter().find(|word| {
        text.strip_prefix(word)
            .is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_'))
    })
}

/// The length of the string that `text` begins with, its quotes included; all of it where the end is missing.
fn string_length(text: &str) -> usize {
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
#[path = "json_tests.rs"]
mod tests;
