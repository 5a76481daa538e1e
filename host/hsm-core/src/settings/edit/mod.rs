//! Adding a machine to the text of a settings file, and taking one out of it, with every other byte of it as it was: comments, order,
//! quotes, blank lines, line ends.
//!
//! The text is changed at one place and read again: what is then in it must be what was there before and the one difference that was
//! asked for. A file whose shape makes that impossible is left alone, and the error says so. Nothing here touches a file.

mod lines;
mod written;

pub use written::Written;

use crate::diagnostic::{Diagnostics, Findings};
use crate::settings::{HostName, Settings};
use crate::suggest::did_you_mean;
use crate::yaml::{Content, Entry, Key, Layout, Node, Placed, Scalar, Shape, layout, parse};
use lines::{Lines, Replaced, replaced};
use std::collections::BTreeMap;
use written::{block_lines, flow};

/// Where the machines of a settings file are.
const PATH: [&str; 2] = ["distributed", "remotes"];

/// Why the text of a settings file was not changed.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum EditError {
    /// It cannot be read as it is.
    #[error("{0}")]
    Unreadable(Diagnostics),
    /// It has a machine of this name.
    #[error("there is a machine `{0}` already")]
    AlreadyThere(HostName),
    /// It has no machine of this name.
    #[error("there is no machine `{name}`")]
    NotThere {
        /// The name.
        name: HostName,
        /// A name that may be meant, as a question.
        hint: Option<String>,
    },
    /// No place in it could be changed without changing more.
    #[error("`{0}` is written in a way that cannot be changed without changing more")]
    Shape(String),
}

/// The text with a machine called `name` in it. `file` is what messages call it.
///
/// # Errors
/// When the text is no settings file that can be used, has the machine, or cannot be changed in one place.
pub fn with_remote(
    text: &str,
    file: &str,
    name: &HostName,
    keys: &[(&'static str, Written)],
) -> Result<String, EditError> {
    // What is wrong with other settings is said now: nothing would work with what was added.
    Settings::parse(text, file).map_err(EditError::Unreadable)?;
    let shape = || EditError::Shape(PATH.join("."));
    let mut expected = tree(text, file)?;
    let remotes = expected.remotes().ok_or_else(shape)?;
    if remotes.contains_key(name.as_str()) {
        return Err(EditError::AlreadyThere(name.clone()));
    }
    let layout = layout(text).ok_or_else(shape)?;
    let remote = Written::Map(keys.iter().map(|(key, value)| ((*key).to_owned(), value.clone())).collect());
    let changed = add(text, &layout, name.as_str(), &remote).ok_or_else(shape)?;
    remotes.insert(name.as_str().to_owned(), Tree::from(&remote));
    if tree(&changed, file).ok() != Some(expected) {
        return Err(shape());
    }
    Settings::parse(&changed, file).map_err(EditError::Unreadable)?;
    Ok(changed)
}

/// The text without the machine called `name`. Comments inside of what is said about it go with it.
///
/// # Errors
/// When the text is no YAML, does not have the machine, or cannot be changed in one place.
pub fn without_remote(text: &str, file: &str, name: &HostName) -> Result<String, EditError> {
    let shape = || EditError::Shape(format!("{}.{name}", PATH.join(".")));
    let mut expected = tree(text, file)?;
    let remotes = expected.remotes().ok_or_else(shape)?;
    if remotes.remove(name.as_str()).is_none() {
        let hint = did_you_mean(name.as_str(), remotes.keys().map(String::as_str));
        return Err(EditError::NotThere { name: name.clone(), hint });
    }
    let layout = layout(text).ok_or_else(shape)?;
    let changed = remove(text, &layout, name.as_str()).ok_or_else(shape)?;
    if tree(&changed, file).ok() != Some(expected) {
        return Err(shape());
    }
    Ok(changed)
}

fn add(text: &str, root: &Layout, name: &str, remote: &Written) -> Option<String> {
    let lines = Lines::new(text);
    let step = lines.step(root);
    let wrapped = |names: &[&str]| {
        let inner = (name.to_owned(), remote.clone());
        names.iter().rev().fold(inner, |inner, name| ((*name).to_owned(), Written::Map(vec![inner])))
    };
    let Some(distributed) = root.entry(PATH[0]) else {
        return match &root.shape {
            Shape::Flow { .. } => into_braces(text, root, &wrapped(&PATH)),
            Shape::Other => None,
            Shape::Empty if !root.bytes.is_empty() => None,
            Shape::Block(_) | Shape::Empty => {
                Some(lines.appended(&block_lines(&wrapped(&PATH), lines.column_of(root), step)))
            }
        };
    };
    let Some(remotes) = distributed.value.entry(PATH[1]) else {
        return into(&lines, is_block(root), distributed, &wrapped(&PATH[1..]), step);
    };
    into(&lines, is_block(&distributed.value), remotes, &wrapped(&[]), step)
}

fn is_block(layout: &Layout) -> bool {
    matches!(layout.shape, Shape::Block(_))
}

/// The text with `added` in the map that is the value of `parent`, which stands in a block or in braces itself.
fn into(
    lines: &Lines<'_>,
    in_block: bool,
    parent: &Placed,
    added: &(String, Written),
    step: usize,
) -> Option<String> {
    let text = lines.text();
    let column = lines.column(parent.key.start);
    let end = lines.end_of_entry(&parent.key);
    match &parent.value.shape {
        Shape::Block(entries) => {
            let inner = lines.column(entries.first()?.key.start);
            Some(lines.inserted(end, &block_lines(added, inner, step), text.len()..text.len()))
        }
        Shape::Flow { open, entries } if entries.is_empty() && in_block => {
            // Braces that were a place for nothing yet make room for lines.
            let braces = *open..parent.value.bytes.end;
            let rest = lines.rest_of_line(braces.end);
            if lines.line_of(parent.key.start) != lines.line_of(braces.end - 1) || !is_remark(rest) {
                return into_braces(text, &parent.value, added);
            }
            let start = text[..braces.start].trim_end_matches(' ').len();
            Some(lines.inserted(end, &block_lines(added, column + step, step), start..braces.end))
        }
        Shape::Flow { .. } => into_braces(text, &parent.value, added),
        Shape::Empty if in_block => {
            let word = parent.value.bytes.clone();
            let start = text[..word.start].trim_end_matches(' ').len();
            let word = if word.is_empty() { text.len()..text.len() } else { start..word.end };
            Some(lines.inserted(end, &block_lines(added, column + step, step), word))
        }
        Shape::Empty => {
            let map = format!("{{{}}}", flow(added));
            let word = parent.value.bytes.clone();
            if !word.is_empty() {
                return Some(replaced(text, &[Replaced { bytes: word, with: map }]));
            }
            let colon = parent.key.end + text[parent.key.end..].find([':', ',', '}'])?;
            let (at, with) = match text[colon..].starts_with(':') {
                true => (colon + 1, format!(" {map}")),
                false => (parent.key.end, format!(": {map}")),
            };
            Some(replaced(text, &[Replaced { bytes: at..at, with }]))
        }
        Shape::Other => None,
    }
}

/// The text with `added` as the last entry of a map in braces.
fn into_braces(text: &str, map: &Layout, added: &(String, Written)) -> Option<String> {
    let Shape::Flow { open, entries } = &map.shape else { return None };
    let close = map.bytes.end - 1;
    let inside = text.get(open + 1..close)?.trim_end();
    let at = open + 1 + inside.len();
    let separator = match inside.chars().last() {
        _ if entries.is_empty() => "",
        Some(',') => " ",
        _ => ", ",
    };
    // A comment in the last line would swallow what comes after it.
    let at = if inside.lines().last().is_some_and(|line| line.contains(" #")) { close } else { at };
    Some(replaced(text, &[Replaced { bytes: at..at, with: format!("{separator}{}", flow(added)) }]))
}

fn remove(text: &str, root: &Layout, name: &str) -> Option<String> {
    let remotes = root.entry(PATH[0])?.value.entry(PATH[1])?;
    let entry = remotes.value.entry(name)?;
    match &remotes.value.shape {
        Shape::Block(entries) => {
            let lines = Lines::new(text);
            let mut changes = Vec::new();
            if entries.len() == 1 {
                // A key without a value is nothing to some readers; an empty map is one to all.
                let at = lines.end_of_words(remotes.key.end);
                changes.push(Replaced { bytes: at..at, with: " {}".to_owned() });
            }
            let start = lines.start_of_line(entry.key.start);
            changes.push(Replaced { bytes: start..lines.end_of_entry(&entry.key), with: String::new() });
            Some(replaced(text, &changes))
        }
        Shape::Flow { entries, .. } => {
            let index = entries.iter().position(|other| other.name == name)?;
            let bytes =
                match (entries.get(index + 1), index.checked_sub(1).and_then(|index| entries.get(index))) {
                    (Some(next), _) => entry.key.start..next.key.start,
                    (None, Some(previous)) => previous.value.bytes.end..entry.value.bytes.end,
                    (None, None) => entry.key.start..entry.value.bytes.end,
                };
            Some(replaced(text, &[Replaced { bytes, with: String::new() }]))
        }
        Shape::Empty | Shape::Other => None,
    }
}

/// Whether nothing but a comment stands in what is left of a line.
fn is_remark(rest: &str) -> bool {
    rest.trim().is_empty() || rest.starts_with([' ', '\t']) && rest.trim_start().starts_with('#')
}

/// What a file says, without places and order: what must be the same before and after.
#[derive(Clone, Debug, PartialEq)]
enum Tree {
    Scalar { text: String, quoted: bool },
    List(Vec<Self>),
    Map(BTreeMap<String, Self>),
}

impl Tree {
    /// The entries of a map that may be there; nothing counts as an empty one.
    fn entries(&mut self) -> Option<&mut BTreeMap<String, Self>> {
        if matches!(self, Self::Scalar { text, quoted: false } if matches!(text.as_str(), "" | "~" | "null" | "Null" | "NULL"))
        {
            *self = Self::Map(BTreeMap::new());
        }
        match self {
            Self::Map(entries) => Some(entries),
            Self::Scalar { .. } | Self::List(_) => None,
        }
    }

    /// The machines, which are made where there are none.
    fn remotes(&mut self) -> Option<&mut BTreeMap<String, Self>> {
        let nothing = || Self::Map(BTreeMap::new());
        let distributed = self.entries()?.entry(PATH[0].to_owned()).or_insert_with(nothing);
        distributed.entries()?.entry(PATH[1].to_owned()).or_insert_with(nothing).entries()
    }
}

impl From<&Node> for Tree {
    fn from(node: &Node) -> Self {
        match &node.content {
            Content::Scalar(Scalar { text, plain }) => Self::Scalar { text: text.clone(), quoted: !plain },
            Content::List(items) => Self::List(items.iter().map(Self::from).collect()),
            Content::Map(entries) => {
                let entry =
                    |Entry { key: Key { name, .. }, value }: &Entry| (name.clone(), Self::from(value));
                Self::Map(entries.iter().map(entry).collect())
            }
        }
    }
}

impl From<&Written> for Tree {
    fn from(written: &Written) -> Self {
        match written {
            Written::Text(text) => {
                Self::Scalar { text: text.clone(), quoted: written::scalar(text) != *text }
            }
            Written::Word(word) => Self::Scalar { text: word.clone(), quoted: false },
            Written::List(items) => Self::List(items.iter().map(Self::from).collect()),
            Written::Map(entries) => {
                Self::Map(entries.iter().map(|(name, value)| (name.clone(), Self::from(value))).collect())
            }
        }
    }
}

fn tree(text: &str, file: &str) -> Result<Tree, EditError> {
    let mut findings = Findings::new(file);
    let node = parse(text, &mut findings);
    let parsed = findings.conclude(node).map_err(EditError::Unreadable)?;
    Ok(Tree::from(&parsed.value))
}

#[cfg(test)]
mod tests;
