//! Points: one combination of a sweep's parameters, and the identity that a task keeps whatever its number, its place or its program.

use crate::render::{self, PlanJsonError};
use crate::value::Value;
use compact_str::CompactString;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fmt;
use std::str::FromStr;

/// One combination: parameter names with their values, in the order of the sweep file. Names are unique.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Point {
    /// Names are repeated in every point, and short: as compact strings they need no allocation.
    parameters: Vec<(CompactString, Value)>,
}

impl Point {
    /// A point of these parameters, whose names the caller has made sure are unique.
    #[must_use]
    pub fn new<Name: Into<CompactString>>(parameters: Vec<(Name, Value)>) -> Self {
        Self { parameters: parameters.into_iter().map(|(name, value)| (name.into(), value)).collect() }
    }

    /// The value of one parameter.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.parameters.iter().find(|(known, _)| known == name).map(|(_, value)| value)
    }

    /// All parameters, in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &Value)> + Clone {
        self.parameters.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// The number of parameters.
    #[must_use]
    pub fn len(&self) -> usize {
        self.parameters.len()
    }

    /// Whether there is no parameter.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.parameters.is_empty()
    }

    /// What makes this point itself: a hash of its sorted names and plain texts, and of `occurrence`, which tells replicates apart
    /// (0 for the first point of its kind in a sweep). Order and spelling of other things, paths and programs do not enter.
    #[must_use]
    pub fn identity(&self, occurrence: u32) -> Identity {
        let mut sorted: Vec<_> = self.parameters.iter().collect();
        sorted.sort_by(|left, right| left.0.cmp(&right.0));
        let mut hash = Sha256::new();
        for (name, value) in sorted {
            for text in [name.as_str(), render::plain(value).as_ref()] {
                hash.update((text.len() as u64).to_le_bytes());
                hash.update(text);
            }
        }
        hash.update(occurrence.to_le_bytes());
        let digest = hash.finalize();
        Identity(digest.iter().take(8).fold(0, |id, byte| id << 8 | u64::from(*byte)))
    }

    /// The point as a JSON object for the plan: numbers keep their spelling.
    #[must_use]
    pub fn to_plan_json(&self) -> String {
        self.to_json(render::plan_json)
    }

    /// Appends what [`Point::to_plan_json`] returns.
    pub(crate) fn push_plan_json(&self, out: &mut String) {
        self.push_json(render::plan_json, out);
    }

    /// The point as a JSON object for programs (`params.json`): plain JSON, with NaN and the infinities as text.
    #[must_use]
    pub fn to_params_json(&self) -> String {
        self.to_json(render::params_json)
    }

    /// The point that [`Point::to_plan_json`] wrote.
    ///
    /// # Errors
    /// When `json` is not an object of values as a plan holds them.
    pub fn from_plan_json(json: &str) -> Result<Self, PlanJsonError> {
        let entries = render::raw_entries(json)?;
        let parameters = entries
            .into_iter()
            .map(|(name, value)| Ok((name.into(), render::value_from_plan_json(value.get())?)))
            .collect::<Result<_, PlanJsonError>>()?;
        Ok(Self { parameters })
    }

    fn to_json(&self, write: fn(&Value, &mut String)) -> String {
        let mut out = String::with_capacity(32 * self.parameters.len() + 2);
        self.push_json(write, &mut out);
        out
    }

    fn push_json(&self, write: fn(&Value, &mut String), out: &mut String) {
        out.push('{');
        for (index, (name, value)) in self.parameters.iter().enumerate() {
            if index > 0 {
                out.push(',');
            }
            render::push_json_string(name, out);
            out.push(':');
            write(value, out);
        }
        out.push('}');
    }
}

/// What makes a task itself: the first 64 bits of a SHA-256, shown and stored as 16 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Identity(u64);

/// A text that is not an [`Identity`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{}` is not an identity, which has 16 hexadecimal digits in lower case", .0.escape_debug())]
pub struct NotAnIdentity(String);

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Identity({self})")
    }
}

impl FromStr for Identity {
    type Err = NotAnIdentity;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits = text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        match u64::from_str_radix(text, 16) {
            Ok(id) if digits && text.len() == 16 => Ok(Self(id)),
            _ => Err(NotAnIdentity(text.to_owned())),
        }
    }
}

impl TryFrom<String> for Identity {
    type Error = NotAnIdentity;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Identity> for String {
    fn from(id: Identity) -> Self {
        id.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(parameters: &[(&str, &str)]) -> Point {
        let text = |(name, value): &(&str, &str)| ((*name).to_owned(), Value::Text((*value).to_owned()));
        Point::new(parameters.iter().map(text).collect())
    }

    #[test]
    fn an_identity_knows_names_texts_and_occurrence_but_not_order() {
        let one = point(&[("a", "1"), ("b", "2")]);
        assert_eq!(one.identity(0), point(&[("b", "2"), ("a", "1")]).identity(0));
        for other in
            [point(&[("a", "1")]), point(&[("a", "12"), ("b", "")]), point(&[("a", "2"), ("b", "1")])]
        {
            assert_ne!(one.identity(0), other.identity(0));
        }
        assert_ne!(one.identity(0), one.identity(1));
    }

    #[test]
    fn an_identity_stays_the_same_from_release_to_release() {
        let point = Point::new(vec![
            ("optimizer.lr".to_owned(), Value::Number(crate::yaml::number("1e-3").unwrap())),
            ("layers".to_owned(), Value::List(vec![Value::Number(64.into()), Value::Number(32.into())])),
        ]);
        insta::assert_snapshot!(point.identity(0), @"7f8a32dfb54d2a4b");
        insta::assert_snapshot!(point.identity(1), @"5b7a007265233f1c");
    }

    #[test]
    fn an_identity_is_16_lower_case_digits() {
        assert_eq!(
            "00000000000000ff".parse().map(|id: Identity| id.to_string()).as_deref(),
            Ok("00000000000000ff")
        );
        for bad in ["", "ff", "00000000000000FF", "+0000000000000ff", "00000000000000fg", "00000000000000ff0"]
        {
            assert!(bad.parse::<Identity>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_point_comes_back_from_a_plan_as_it_was() {
        let json = r#"{"b":{"$number":"+5"},"a":[1,"x",null],"c":"é\n"}"#;
        let point = Point::from_plan_json(json).unwrap();
        assert_eq!(point.to_plan_json(), json);
        assert_eq!(point.to_params_json(), r#"{"b":5,"a":[1,"x",null],"c":"é\n"}"#);
        assert!(Point::from_plan_json("[]").is_err());
    }
}
