//! The end of a task's log, for people to look at.

use super::open;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

/// The last `bytes` of the file `name` in a task's folder; empty where there is no such file, or it is none to be opened.
pub(crate) fn tail(folder: &Path, name: &str, bytes: u64) -> String {
    let Ok((file, size)) = open::folder(folder).and_then(|folder| open::file_in(folder, name)) else {
        return String::new();
    };
    let start = size.saturating_sub(bytes);
    let mut text = vec![0; usize::try_from(size - start).unwrap_or(0)];
    match file.read_at(&mut text, start) {
        Ok(read) => String::from_utf8_lossy(&text[..read]).into_owned(),
        Err(_) => String::new(),
    }
}
