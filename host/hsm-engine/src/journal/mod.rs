//! The journal's files: one segment a driver, appended to by that driver alone, read by anybody.

mod read;
mod write;

pub(crate) use read::JournalReader;
pub(crate) use write::JournalWriter;

use std::path::{Path, PathBuf};

/// The file of segment `number`.
fn segment_path(folder: &Path, number: u64) -> PathBuf {
    folder.join(format!("{number:06}.jsonl"))
}

#[cfg(test)]
mod tests;
