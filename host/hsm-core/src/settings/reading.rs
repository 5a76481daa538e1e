//! How a setting of each type is read from a node. Readers are as lenient as the meaning allows: a single value stands for a list of one,
//! a quoted number for a number. What cannot be meant is an error, since a setting that is passed over runs something else than asked.

use crate::diagnostic::Findings;
use crate::settings::value::{Backend, Directives, HostName, Memory, ShellLines, Strategy};
use crate::settings::walltime::Walltime;
use crate::value::{Quantity, Value};
use crate::yaml::{Content, Node, Reading, as_written, number, read};
use std::str::FromStr;

/// A type that settings can have.
pub(super) trait Setting: Sized {
    /// Reads the value of the key called `name`; nothing, where `findings` says why.
    fn read(node: &Node, name: &str, findings: &mut Findings) -> Option<Self>;
}

/// Types that are read from one text, which their `FromStr` explains where it is wrong.
macro_rules! setting_from_text {
    ($($type:ty),*) => {$(
        impl Setting for $type {
            fn read(node: &Node, name: &str, findings: &mut Findings) -> Option<Self> {
                let text = single(node, name, findings)?;
                <$type>::from_str(text).map_err(|error| findings.error(node.at, format!("`{name}`: {error}"), None)).ok()
            }
        }
    )*};
}

setting_from_text!(Walltime, Memory, HostName, Strategy, Backend);

/// Integers, which must fit.
macro_rules! setting_from_integer {
    ($($type:ty),*) => {$(
        impl Setting for $type {
            fn read(node: &Node, name: &str, findings: &mut Findings) -> Option<Self> {
                let text = single(node, name, findings)?;
                let value = integer(text).and_then(|integer| <$type>::try_from(integer).ok());
                if value.is_none() {
                    let message = format!("`{name}` is a number from 0 to {}, and `{text}` stands here", <$type>::MAX);
                    findings.error(node.at, message, None);
                }
                value
            }
        }
    )*};
}

setting_from_integer!(u16, u32, u64);

impl Setting for String {
    fn read(node: &Node, name: &str, findings: &mut Findings) -> Option<Self> {
        single(node, name, findings).map(str::to_owned)
    }
}

impl Setting for bool {
    fn read(node: &Node, name: &str, findings: &mut Findings) -> Option<Self> {
        let text = single(node, name, findings)?;
        let scalar = crate::yaml::Scalar { text: text.to_owned(), plain: true };
        if let Reading::Value(Value::Bool(truth)) | Reading::Word(truth) = read(&scalar) {
            return Some(truth);
        }
        findings.error(node.at, format!("`{name}` is true or false, and `{text}` stands here"), None);
        None
    }
}

impl Setting for Vec<String> {
    fn read(node: &Node, name: &str, findings: &mut Findings) -> Option<Self> {
        match &node.content {
            Content::List(items) => items.iter().map(|item| String::read(item, name, findings)).collect(),
            _ => String::read(node, name, findings).map(|only| vec![only]),
        }
    }
}

/// Indices of GPUs: a list, or one text with commas.
impl Setting for Vec<u32> {
    fn read(node: &Node, name: &str, findings: &mut Findings) -> Option<Self> {
        let texts = Vec::<String>::read(node, name, findings)?;
        let mut indices: Self = Vec::new();
        for text in
            texts.iter().flat_map(|text| text.split(',')).map(str::trim).filter(|text| !text.is_empty())
        {
            match text.parse() {
                Ok(index) if !indices.contains(&index) => indices.push(index),
                Ok(index) => findings.warning(node.at, format!("`{name}` lists {index} twice"), None),
                Err(_) => {
                    let hint = Some("write `[0, 1]`".to_owned());
                    findings.error(
                        node.at,
                        format!("`{name}` is a list of indices, and `{text}` is none"),
                        hint,
                    );
                    return None;
                }
            }
        }
        Some(indices)
    }
}

impl Setting for ShellLines {
    fn read(node: &Node, name: &str, findings: &mut Findings) -> Option<Self> {
        Vec::<String>::read(node, name, findings).map(|lines| Self(lines.join("\n")))
    }
}

/// A map of keys and values, or a list of whole directives.
impl Setting for Directives {
    fn read(node: &Node, name: &str, findings: &mut Findings) -> Option<Self> {
        let Some(entries) = node.as_map() else {
            let whole = Vec::<String>::read(node, name, findings)?;
            return Some(Self(whole.into_iter().map(with_dashes).collect()));
        };
        let mut directives = Vec::with_capacity(entries.len());
        for entry in entries {
            let value = if entry.value.is_null() {
                None
            } else {
                Some(single(&entry.value, &entry.key.name, findings)?)
            };
            directives.push(Self::from_key(&entry.key.name, value));
        }
        Some(Self(directives))
    }
}

/// Anything, as it is written.
impl Setting for Value {
    fn read(node: &Node, _name: &str, _findings: &mut Findings) -> Option<Self> {
        Some(as_written(node))
    }
}

fn with_dashes(directive: String) -> String {
    if directive.starts_with('-') {
        return directive;
    }
    match directive.split_once('=') {
        Some((key, value)) => Directives::from_key(key.trim(), Some(value.trim())),
        None => Directives::from_key(&directive, None),
    }
}

fn single<'a>(node: &'a Node, name: &str, findings: &mut Findings) -> Option<&'a str> {
    let text = node.as_text();
    if text.is_none() {
        findings.error(node.at, format!("`{name}` is a single value, and {} stands here", node.kind()), None);
    }
    text
}

fn integer(text: &str) -> Option<i64> {
    match number(text)?.quantity() {
        Quantity::Integer(integer) => Some(integer),
        Quantity::Float(_) => None,
    }
}
