//! The end of a log, for people.

use super::open;
use std::path::Path;

/// The last `max_bytes` of the file `name` in `folder`, beginning with a whole line unless there is only one; nothing where the file is
/// missing, unreadable or no regular file. What is not UTF-8 is replaced, control characters stay.
pub(crate) fn tail(folder: &Path, name: &str, max_bytes: u64) -> String {
    let read = || {
        let (file, size) = open::file_in(open::folder(folder).ok()?, name).ok()?;
        let offset = size.saturating_sub(max_bytes);
        Some(whole_lines(&open::read_at(&file, offset, size - offset).ok()?, offset))
    };
    read().unwrap_or_default()
}

/// The text of the bytes of a file from `offset` on, without the line that began before them.
pub(super) fn whole_lines(bytes: &[u8], offset: u64) -> String {
    let start = match bytes.iter().position(|byte| *byte == b'\n') {
        Some(newline) if offset > 0 && newline + 1 < bytes.len() => newline + 1,
        _ => 0,
    };
    String::from_utf8_lossy(&bytes[start..]).into_owned()
}
