//! From nodes to values, with what their author should know about the scalars in them.

use crate::diagnostic::{Findings, Position};
use crate::value::Value;
use crate::yaml::node::{Content, Entry, Node, Scalar};
use crate::yaml::reading::Reading;
use crate::yaml::scalar::read;

/// Turns nodes into values, and remembers the words that were read as booleans, to report them once.
#[derive(Debug, Default)]
pub struct Values {
    words: Vec<(Position, String, bool)>,
}

impl Values {
    /// The value of a node. Where a scalar is ambiguous, `findings` gets an error and the value is a null.
    pub fn value(&mut self, node: &Node, findings: &mut Findings) -> Value {
        match &node.content {
            Content::Scalar(scalar) => self.scalar(scalar, node.at, findings),
            Content::List(items) => {
                Value::List(items.iter().map(|item| self.value(item, findings)).collect())
            }
            Content::Map(entries) => Value::Map(
                entries
                    .iter()
                    .map(|entry| (entry.key.name.clone(), self.value(&entry.value, findings)))
                    .collect(),
            ),
        }
    }

    /// Reports, once, the words that were read as booleans.
    pub fn report(self, findings: &mut Findings) {
        let Some((at, word, truth)) = self.words.first() else { return };
        let others = match self.words.len() - 1 {
            0 => String::new(),
            1 => ", and one word like it elsewhere".to_owned(),
            count => format!(", and {count} words like it elsewhere"),
        };
        let hint = format!("write `{truth}`, or \"{word}\" in quotes for the text");
        findings.warning(*at, format!("`{word}` is read as {truth}{others}"), Some(hint));
    }

    fn scalar(&mut self, scalar: &Scalar, at: Position, findings: &mut Findings) -> Value {
        match read(scalar) {
            Reading::Value(value) => value,
            Reading::Word(truth) => {
                self.words.push((at, scalar.text.clone(), truth));
                Value::Bool(truth)
            }
            Reading::Ambiguous { older, newer, as_number } => {
                let text = &scalar.text;
                let message = if older == newer {
                    format!("`{text}` shows zeros that its number, {older}, does not have")
                } else {
                    format!("`{text}` is {older} to YAML 1.1 and {newer} to YAML 1.2")
                };
                let hint = format!("write {as_number} for the number, or \"{text}\" in quotes for the text");
                findings.error(at, message, Some(hint));
                Value::Null
            }
        }
    }
}

/// The value of a node that only people read: scalars without a certain reading are text, and nothing is an error.
#[must_use]
pub fn as_written(node: &Node) -> Value {
    match &node.content {
        Content::Scalar(scalar) => match read(scalar) {
            Reading::Value(value) => value,
            Reading::Word(_) | Reading::Ambiguous { .. } => Value::Text(scalar.text.clone()),
        },
        Content::List(items) => Value::List(items.iter().map(as_written).collect()),
        Content::Map(entries) => {
            let own = |entry: &Entry| (entry.key.name.clone(), as_written(&entry.value));
            Value::Map(entries.iter().map(own).collect())
        }
    }
}
