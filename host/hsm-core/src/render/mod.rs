//! Values as text: plain, in Hydra's grammar, and as JSON.
//!
//! Numbers keep their spelling in all of them as far as the form allows. Nothing here quotes for a shell: no shell reads these texts.

mod hydra;
mod json;

pub use hydra::{HydraError, hydra};
pub use json::{PlanJsonError, params_json, plan_json, value_from_plan_json};
pub(crate) use json::{push_json_string, raw_entries};

use crate::value::Value;
use std::borrow::Cow;

/// A value as the plain text that a program gets: text byte for byte, numbers as spelled, `true`, `false`, `null`, and lists and maps
/// in Hydra's grammar (`[64,32]`, `{a:1}`).
#[must_use]
pub fn plain(value: &Value) -> Cow<'_, str> {
    match value {
        Value::Null => Cow::Borrowed("null"),
        Value::Bool(true) => Cow::Borrowed("true"),
        Value::Bool(false) => Cow::Borrowed("false"),
        Value::Number(number) => Cow::Borrowed(number.spelling()),
        Value::Text(text) => Cow::Borrowed(text),
        Value::List(_) | Value::Map(_) => Cow::Owned(hydra::nested(value)),
    }
}
