//! The best tasks so far.

use crate::config::Mode;
use hsm_sdk::Row;

/// A task and its value of the metric, which is finite.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Entry {
    pub value: f64,
    pub task: u64,
}

/// A task that is listed: the entry, and each parameter's value as text.
#[derive(Clone, Debug, PartialEq)]
pub struct Listed {
    pub entry: Entry,
    pub params: Vec<(String, Option<String>)>,
}

/// The best `k` entries, the best one first. Equals stand in the order of their tasks.
#[derive(Debug)]
pub struct Best {
    listed: Vec<Listed>,
    k: usize,
    mode: Mode,
}

impl Best {
    pub fn new(k: u32, mode: Mode) -> Self {
        Self { listed: Vec::new(), k: k as usize, mode }
    }

    /// Whether the entry is among the best so far; asked before its row is copied.
    pub fn takes(&self, entry: Entry) -> bool {
        self.listed.len() < self.k || self.listed.last().is_some_and(|last| self.better(entry, last.entry))
    }

    pub fn insert(&mut self, entry: Entry, row: Row<'_>) {
        let place = self.listed.partition_point(|listed| !self.better(entry, listed.entry));
        let params =
            row.cells().map(|(name, cell)| (name.to_owned(), cell.map(|cell| cell.to_string()))).collect();
        self.listed.insert(place, Listed { entry, params });
        self.listed.truncate(self.k);
    }

    pub fn into_sorted(self) -> Vec<Listed> {
        self.listed
    }

    fn better(&self, a: Entry, b: Entry) -> bool {
        self.mode.prefers(a.value, b.value) || (!self.mode.prefers(b.value, a.value) && a.task < b.task)
    }
}
