//! Values as JSON, twice: for the plan, where every number keeps its spelling, and for programs, which get plain JSON.
//!
//! In the plan a number whose spelling is no JSON is `{"$number":"+5"}`; a map whose only key begins with `$` is wrapped as
//! `{"$map":{…}}`, so that nothing is mistaken for a number.

use crate::value::{Number, Quantity, Value};
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::fmt;

const NUMBER: &str = "$number";
const MAP: &str = "$map";

/// How deep lists and maps may nest in a line of a plan; as deep as in a sweep file.
const DEPTH_MAX: usize = crate::yaml::DEPTH_MAX;

/// Why a text is not a value of a plan.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlanJsonError {
    /// It is not JSON.
    #[error("not JSON: {0}")]
    Syntax(String),
    /// A number's spelling is none.
    #[error("`{0}` is not a number")]
    NotANumber(String),
    /// Lists and maps nest too deep.
    #[error("lists and maps nest deeper than {DEPTH_MAX} levels")]
    TooDeep,
}

impl From<serde_json::Error> for PlanJsonError {
    fn from(error: serde_json::Error) -> Self {
        Self::Syntax(error.to_string())
    }
}

/// Appends a value as it stands in a plan.
pub fn plan_json(value: &Value, out: &mut String) {
    push(value, Form::Plan, out);
}

/// Appends a value as programs get it: `+5` as `5`, `.5` as `0.5`, `0x1F` as `31`; NaN and the infinities, which JSON lacks, as text.
pub fn params_json(value: &Value, out: &mut String) {
    push(value, Form::Params, out);
}

/// Appends a text as a JSON string.
pub(crate) fn push_json_string(text: &str, out: &mut String) {
    if text.bytes().all(|byte| byte >= 0x20 && byte != b'"' && byte != b'\\') {
        out.push('"');
        out.push_str(text);
        out.push('"');
    } else {
        out.push_str(&serde_json::Value::String(text.to_owned()).to_string());
    }
}

#[derive(Clone, Copy)]
enum Form {
    Plan,
    Params,
}

fn push(value: &Value, form: Form, out: &mut String) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(truth) => out.push_str(if *truth { "true" } else { "false" }),
        Value::Number(number) => push_number(number, form, out),
        Value::Text(text) => push_json_string(text, out),
        Value::List(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                push(item, form, out);
            }
            out.push(']');
        }
        Value::Map(entries) => {
            let wrapped =
                matches!((form, entries.as_slice()), (Form::Plan, [(key, _)]) if key.starts_with('$'));
            if wrapped {
                out.push_str("{\"$map\":");
            }
            push_entries(entries, form, out);
            if wrapped {
                out.push('}');
            }
        }
    }
}

fn push_entries(entries: &[(String, Value)], form: Form, out: &mut String) {
    out.push('{');
    for (index, (key, item)) in entries.iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        push_json_string(key, out);
        out.push(':');
        push(item, form, out);
    }
    out.push('}');
}

fn push_number(number: &Number, form: Form, out: &mut String) {
    let spelling = number.spelling();
    match (form, number.quantity()) {
        _ if is_json_number(spelling) => out.push_str(spelling),
        (Form::Plan, _) => {
            out.push_str("{\"$number\":");
            push_json_string(spelling, out);
            out.push('}');
        }
        (Form::Params, Quantity::Integer(integer)) => out.push_str(&integer.to_string()),
        (Form::Params, Quantity::Float(float)) if float.is_finite() => out.push_str(&format!("{float:?}")),
        (Form::Params, Quantity::Float(_)) => push_json_string(spelling, out),
    }
}

/// Whether a spelling is a number in JSON's grammar: `-? (0 | [1-9] digit*) (. digit+)? ([eE] [+-]? digit+)?`.
fn is_json_number(spelling: &str) -> bool {
    let unsigned = spelling.strip_prefix('-').unwrap_or(spelling);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (unsigned, None),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (mantissa, None),
    };
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits(whole)
        && (whole == "0" || !whole.starts_with('0'))
        && fraction.is_none_or(digits)
        && exponent.is_none_or(|exponent| digits(exponent.strip_prefix(['+', '-']).unwrap_or(exponent)))
}

/// The value that a JSON text of a plan stands for. Numbers keep the spelling they have in the text.
///
/// # Errors
/// When the text is not JSON, nests too deep or spells a number that is none.
pub fn value_from_plan_json(json: &str) -> Result<Value, PlanJsonError> {
    value_at_depth(json.trim(), 0)
}

/// The entries of a JSON object, in their order, each still as text.
pub(crate) fn raw_entries(json: &str) -> Result<Vec<(String, &RawValue)>, PlanJsonError> {
    let mut reader = serde_json::Deserializer::from_str(json);
    let entries = reader.deserialize_map(RawEntries)?;
    reader.end()?;
    Ok(entries)
}

fn value_at_depth(json: &str, depth: usize) -> Result<Value, PlanJsonError> {
    if depth > DEPTH_MAX {
        return Err(PlanJsonError::TooDeep);
    }
    match json.as_bytes().first() {
        Some(b'[') => serde_json::from_str::<Vec<&RawValue>>(json)?
            .into_iter()
            .map(|item| value_at_depth(item.get(), depth + 1))
            .collect::<Result<_, _>>()
            .map(Value::List),
        Some(b'{') => map_at_depth(json, depth),
        Some(b'"') => Ok(Value::Text(serde_json::from_str(json)?)),
        Some(b't' | b'f') => Ok(Value::Bool(serde_json::from_str(json)?)),
        Some(b'n') => Ok(serde_json::from_str::<()>(json).map(|()| Value::Null)?),
        _ => {
            serde_json::from_str::<&RawValue>(json)?;
            number(json)
        }
    }
}

fn map_at_depth(json: &str, depth: usize) -> Result<Value, PlanJsonError> {
    let entries = raw_entries(json)?;
    match entries.as_slice() {
        [(key, spelling)] if key == NUMBER => number(&serde_json::from_str::<String>(spelling.get())?),
        [(key, map)] if key == MAP => map_entries(raw_entries(map.get())?, depth),
        _ => map_entries(entries, depth),
    }
}

fn map_entries(entries: Vec<(String, &RawValue)>, depth: usize) -> Result<Value, PlanJsonError> {
    entries
        .into_iter()
        .map(|(key, item)| Ok((key, value_at_depth(item.get(), depth + 1)?)))
        .collect::<Result<_, _>>()
        .map(Value::Map)
}

fn number(spelling: &str) -> Result<Value, PlanJsonError> {
    crate::yaml::number(spelling)
        .map(Value::Number)
        .ok_or_else(|| PlanJsonError::NotANumber(spelling.to_owned()))
}

/// Collects an object's entries in order, without looking into the values.
struct RawEntries;

impl<'de> Visitor<'de> for RawEntries {
    type Value = Vec<(String, &'de RawValue)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(entries)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn written(write: fn(&Value, &mut String), value: &Value) -> String {
        let mut out = String::new();
        write(value, &mut out);
        out
    }

    #[test]
    fn numbers_keep_their_spelling_in_the_plan_and_are_plain_for_programs() {
        for (spelling, plan, params) in [
            ("5", "5", "5"),
            ("+5", r#"{"$number":"+5"}"#, "5"),
            (".5", r#"{"$number":".5"}"#, "0.5"),
            ("1.", r#"{"$number":"1."}"#, "1.0"),
            ("0.10", "0.10", "0.10"),
            ("1e-3", "1e-3", "1e-3"),
            ("1.0e-3", "1.0e-3", "1.0e-3"),
            ("0x1F", r#"{"$number":"0x1F"}"#, "31"),
            ("nan", r#"{"$number":"nan"}"#, r#""nan""#),
            ("-inf", r#"{"$number":"-inf"}"#, r#""-inf""#),
            (
                "123456789012345678901234567890",
                "123456789012345678901234567890",
                "123456789012345678901234567890",
            ),
        ] {
            let number = Value::Number(crate::yaml::number(spelling).unwrap());
            assert_eq!(written(plan_json, &number), plan);
            assert_eq!(written(params_json, &number), params);
            assert_eq!(value_from_plan_json(plan), Ok(number));
        }
    }

    #[test]
    fn bad_json_is_refused() {
        for bad in ["", "nul", "[1,", "{\"a\"}", "01", "+5", "{\"$number\":\"five\"}", "1 2", "tru"] {
            assert!(value_from_plan_json(bad).is_err(), "{bad}");
        }
        let deep = "[".repeat(DEPTH_MAX + 2) + &"]".repeat(DEPTH_MAX + 2);
        assert_eq!(value_from_plan_json(&deep), Err(PlanJsonError::TooDeep));
    }

    pub(crate) fn any_value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::Bool),
            any::<i64>().prop_map(|integer| Value::Number(integer.into())),
            prop_oneof!["0x[0-9A-F]{1,8}", "[+-]?[0-9]{0,3}\\.[0-9]{1,4}", "[1-9]e-?[0-9]{1,2}"]
                .prop_map(|spelling| Value::Number(crate::yaml::number(&spelling).unwrap())),
            any::<String>().prop_map(Value::Text),
        ];
        leaf.prop_recursive(3, 24, 4, |inner| {
            let key = prop_oneof![any::<String>(), Just(NUMBER.to_owned()), Just(MAP.to_owned())];
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::List),
                prop::collection::btree_map(key, inner, 0..4)
                    .prop_map(|entries| Value::Map(entries.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn a_plan_gives_back_what_was_written(value in any_value()) {
            prop_assert_eq!(value_from_plan_json(&written(plan_json, &value)), Ok(value));
        }

        #[test]
        fn programs_get_json(value in any_value()) {
            let json = written(params_json, &value);
            prop_assert!(serde_json::from_str::<&RawValue>(&json).is_ok(), "{}", json);
        }
    }
}
