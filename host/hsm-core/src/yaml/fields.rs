//! A map with known keys, taken apart key by key; what nobody takes is reported with the closest known key.

use crate::diagnostic::{Findings, Position};
use crate::suggest::did_you_mean;
use crate::yaml::node::{Entry, Node};

/// The entries of a map, of which the known ones can be taken.
#[derive(Debug)]
pub struct Fields<'a> {
    known: &'static [&'static str],
    entries: Vec<&'a Entry>,
}

impl<'a> Fields<'a> {
    /// The entries of `node`, whose keys may be `known`. A null counts as an empty map; for anything else `findings` gets an error
    /// that says what was expected for `what`.
    pub fn of(
        node: &'a Node,
        what: &str,
        known: &'static [&'static str],
        findings: &mut Findings,
    ) -> Option<Self> {
        let entries = match node.as_map() {
            Some(entries) => entries.iter().collect(),
            None if node.is_null() => Vec::new(),
            None => {
                findings.error(node.at, format!("{what} is a map, and {} stands here", node.kind()), None);
                return None;
            }
        };
        Some(Self { known, entries })
    }

    /// Entries that were gathered from several maps.
    #[must_use]
    pub fn from_entries(entries: Vec<&'a Entry>, known: &'static [&'static str]) -> Self {
        Self { known, entries }
    }

    /// The value of a known key, where the map has it and it is not null.
    pub fn take(&mut self, name: &str) -> Option<&'a Node> {
        self.take_given(name).map(|entry| &entry.value)
    }

    /// The entry of a known key, where the map has it and its value is not null.
    pub fn take_given(&mut self, name: &str) -> Option<&'a Entry> {
        self.take_entry(name).filter(|entry| !entry.value.is_null())
    }

    /// The entry of a known key, null or not.
    pub fn take_entry(&mut self, name: &str) -> Option<&'a Entry> {
        debug_assert!(self.known.contains(&name), "`{name}` is not among the known keys");
        let index = self.entries.iter().position(|entry| entry.key.name == name)?;
        Some(self.entries.remove(index))
    }

    /// The keys that are not known, each with its place and the closest known key as a hint.
    pub fn unknown(&self) -> impl Iterator<Item = (Position, &'a str, Option<String>)> {
        self.entries.iter().filter(|entry| !self.known.contains(&entry.key.name.as_str())).map(|entry| {
            let name = entry.key.name.as_str();
            (entry.key.at, name, did_you_mean(name, self.known.iter().copied()))
        })
    }
}
