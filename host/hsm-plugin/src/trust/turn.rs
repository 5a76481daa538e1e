//! Whose turn it is: whoever changes a file about trust reads it, changes it and writes it, and meanwhile nobody else does the same.
//!
//! **Must not:** wait for ever, or keep anybody from reading. The files themselves are replaced by renaming, so readers need no turn.

use super::error::TrustError;
use super::files::{io_error, shown};
use rustix::fs::{Mode, OFlags};
use std::fs::{DirBuilder, File, TryLockError};
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::thread;
use std::time::Duration;

/// How often it is tried; with the pauses in between, as long as anybody waits for a command that says nothing.
const TRIES: u32 = 400;
/// A change takes some milliseconds.
const PAUSE: Duration = Duration::from_millis(25);

/// A turn. It is over when this is dropped, or its process is gone.
#[derive(Debug)]
pub(super) struct Turn {
    _file: File,
}

/// Waits for a turn at what `path` stands for: an empty file, made with its folder if need be, that is locked and never read.
///
/// Where a file system has no locks, there are no turns either, and the last one who writes is right.
pub(super) fn take(path: &Path, folder_mode: u32) -> Result<Turn, TrustError> {
    let folder = path.parent().unwrap_or(path);
    let made = DirBuilder::new().recursive(true).mode(folder_mode).create(folder);
    made.map_err(|error| io_error("make the folder", folder, error))?;
    let flags = OFlags::RDWR | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let opened = rustix::fs::open(path, flags, Mode::from_raw_mode(0o666));
    let file = File::from(opened.map_err(|error| io_error("write", path, error.into()))?);
    for _ in 0..TRIES {
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => thread::sleep(PAUSE),
            Ok(()) | Err(TryLockError::Error(_)) => return Ok(Turn { _file: file }),
        }
    }
    Err(TrustError::Busy { path: shown(path), seconds: u64::from(TRIES) * PAUSE.as_millis() as u64 / 1_000 })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU32, Ordering};

    #[test]
    fn turns_are_taken_one_after_another() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("made/.lock");
        let (inside, most) = (AtomicU32::new(0), AtomicU32::new(0));
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    let turn = take(&path, 0o700).unwrap();
                    most.fetch_max(inside.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    thread::sleep(Duration::from_millis(2));
                    inside.fetch_sub(1, Ordering::SeqCst);
                    drop(turn);
                });
            }
        });
        assert_eq!(most.into_inner(), 1);
    }

    #[test]
    fn a_link_in_its_place_is_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(".lock");
        std::os::unix::fs::symlink(folder.path().join("elsewhere"), &path).unwrap();
        assert!(matches!(take(&path, 0o700), Err(TrustError::Io { action: "write", .. })));
        assert!(!folder.path().join("elsewhere").exists());
    }
}
