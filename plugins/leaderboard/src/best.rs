//! The best tasks so far.

use crate::config::Mode;
use hsm_sdk::Table;

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

    /// Adds a batch; `entries` has the row of each one. Parameters are copied only for those that are listed at its end: results
    /// that get better and better would otherwise have every row copied.
    pub fn add(&mut self, params: &Table, entries: impl Iterator<Item = (usize, Entry)>) {
        let mut new = Vec::new();
        for (row, entry) in entries {
            let last = self.listed.last();
            if self.listed.len() == self.k && last.is_some_and(|last| !self.better(entry, last.entry)) {
                continue;
            }
            let place = self.listed.partition_point(|listed| !self.better(entry, listed.entry));
            self.listed.insert(place, Listed { entry, params: Vec::new() });
            self.listed.truncate(self.k);
            new.push((entry.task, row));
        }
        // Tasks ascend, and so do those that were new.
        for listed in &mut self.listed {
            if let Ok(found) = new.binary_search_by_key(&listed.entry.task, |(task, _)| *task) {
                let cells = params.row(new[found].1).cells();
                listed.params =
                    cells.map(|(name, cell)| (name.to_owned(), cell.map(|cell| cell.to_string()))).collect();
            }
        }
    }

    pub fn into_sorted(self) -> Vec<Listed> {
        self.listed
    }

    fn better(&self, a: Entry, b: Entry) -> bool {
        self.mode.prefers(a.value, b.value) || (!self.mode.prefers(b.value, a.value) && a.task < b.task)
    }
}
