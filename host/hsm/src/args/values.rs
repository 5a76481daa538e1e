//! The values that options take.

use clap::ValueEnum;
use std::str::FromStr;

/// Where tasks run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Mode {
    /// Whatever this machine offers
    #[default]
    Auto,
    /// This machine
    Local,
    /// A job array of a cluster
    Array,
    /// A cluster job for each task
    Individual,
    /// Another machine
    Remote,
    /// Several machines
    Distributed,
}

/// How a table is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people
    #[default]
    Table,
    /// For spreadsheets
    Csv,
    /// For programs
    Json,
}

/// Which tasks `hsm complete` runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Only {
    /// Ended with an error
    Failed,
    /// Stopped because their time was over
    Timeout,
    /// Needed more memory than they were given
    Memory,
    /// Made room for somebody else's job
    Preempted,
    /// Never started
    Missing,
    /// Cancelled
    Cancelled,
    /// Ended and nobody saw how
    Unknown,
}

/// One `key=value`.
#[derive(Clone, Debug, PartialEq)]
pub struct KeyValue {
    /// The key; dots make nested maps.
    pub key: String,
    /// The value: JSON where the text is JSON, else the text.
    pub value: serde_json::Value,
}

impl FromStr for KeyValue {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (key, value) =
            text.split_once('=').ok_or_else(|| format!("`{text}` has no `=`; write `key=value`"))?;
        if key.split('.').any(str::is_empty) {
            return Err(format!("`{text}` has no name before `=`, or an empty part in it"));
        }
        let value =
            serde_json::from_str(value).unwrap_or_else(|_| serde_json::Value::String(value.to_owned()));
        Ok(Self { key: key.to_owned(), value })
    }
}

impl KeyValue {
    /// One JSON object of all of them; a later value replaces an earlier one of the same name.
    ///
    /// # Errors
    /// The name that is both a value and a map.
    pub fn object(all: &[Self]) -> Result<serde_json::Value, String> {
        let mut root = serde_json::Map::new();
        for Self { key, value } in all {
            let (parents, last) =
                key.rsplit_once('.').map_or(("", key.as_str()), |(parents, last)| (parents, last));
            let mut map = &mut root;
            for part in parents.split('.').filter(|part| !part.is_empty()) {
                let inner =
                    map.entry(part).or_insert_with(|| serde_json::Value::Object(serde_json::Map::new()));
                map = inner.as_object_mut().ok_or_else(|| part.to_owned())?;
            }
            if value.is_object() || !map.get(last).is_some_and(serde_json::Value::is_object) {
                map.insert(last.to_owned(), value.clone());
            } else {
                return Err(last.to_owned());
            }
        }
        Ok(serde_json::Value::Object(root))
    }
}
