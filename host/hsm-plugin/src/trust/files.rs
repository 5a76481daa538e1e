//! Reads and writes files about trust. Whoever may write one decides, so owner and mode are looked at each time, on the open file.

use super::error::TrustError;
use crate::plain::plain_line;
use rustix::fs::{FileType, Mode, OFlags, Stat};
use std::fs::{DirBuilder, File, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::Path;

/// The largest file about trust, in bytes: a lock with a few thousand plugins.
const SIZE_MAX_BYTES: u64 = 1 << 20;
/// Permissions to write for anybody but the owner.
const WRITABLE_BY_OTHERS: u32 = 0o022;

/// Who has to own a file, if it matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Owned {
    /// This user, and nobody else may write it.
    By(u32),
    /// Anybody: the file pins something and grants nothing.
    ByAnybody,
}

/// The bytes of a file; none where there is none.
pub(super) fn read(path: &Path, owned: Owned) -> Result<Option<Vec<u8>>, TrustError> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = match rustix::fs::open(path, flags, Mode::empty()) {
        Ok(file) => File::from(file),
        Err(rustix::io::Errno::NOENT) => return Ok(None),
        Err(rustix::io::Errno::LOOP) => return Err(kind(path, "a symbolic link", "a plain file")),
        Err(error) => return Err(io_error("read", path, error.into())),
    };
    let stat = rustix::fs::fstat(&file).map_err(|error| io_error("read", path, error.into()))?;
    match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile => {}
        FileType::Directory => return Err(kind(path, "a folder", "a plain file")),
        _ => return Err(kind(path, "a device, a pipe or a socket", "a plain file")),
    }
    check_owner(path, &stat, owned)?;
    let mut bytes = Vec::new();
    let read = file.take(SIZE_MAX_BYTES + 1).read_to_end(&mut bytes);
    read.map_err(|error| io_error("read", path, error))?;
    if bytes.len() as u64 > SIZE_MAX_BYTES {
        return Err(TrustError::TooLarge { path: shown(path), max_kib: SIZE_MAX_BYTES >> 10 });
    }
    Ok(Some(bytes))
}

/// Whether there is such a folder. If there is, it is a real one of that owner.
pub(super) fn check_folder(path: &Path, owned: Owned) -> Result<bool, TrustError> {
    let stat = match rustix::fs::lstat(path) {
        Ok(stat) => stat,
        Err(rustix::io::Errno::NOENT) => return Ok(false),
        Err(error) => return Err(io_error("read", path, error.into())),
    };
    match FileType::from_raw_mode(stat.st_mode) {
        FileType::Directory => check_owner(path, &stat, owned).map(|()| true),
        FileType::Symlink => Err(kind(path, "a symbolic link", "a folder")),
        _ => Err(kind(path, "no folder", "a folder")),
    }
}

/// Writes a file as a whole or not at all, into a folder that is made with mode `folder_mode` if need be.
pub(super) fn write(path: &Path, text: &str, folder_mode: u32, file_mode: u32) -> Result<(), TrustError> {
    write_bytes(path, text.as_bytes(), folder_mode, file_mode).map_err(|error| io_error("write", path, error))
}

fn write_bytes(path: &Path, bytes: &[u8], folder_mode: u32, file_mode: u32) -> io::Result<()> {
    let folder = path.parent().ok_or(io::ErrorKind::InvalidInput)?;
    DirBuilder::new().recursive(true).mode(folder_mode).create(folder)?;
    let mut file = tempfile::Builder::new()
        .prefix(".new-")
        .permissions(Permissions::from_mode(file_mode))
        .tempfile_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

fn check_owner(path: &Path, stat: &Stat, owned: Owned) -> Result<(), TrustError> {
    let Owned::By(wanted) = owned else { return Ok(()) };
    if stat.st_uid != wanted {
        return Err(TrustError::Owner { path: shown(path), found: stat.st_uid, wanted });
    }
    let mode = stat.st_mode & 0o7777;
    if mode & WRITABLE_BY_OTHERS != 0 {
        return Err(TrustError::Mode { path: shown(path), mode });
    }
    Ok(())
}

/// A path, fit to show.
pub(super) fn shown(path: &Path) -> String {
    plain_line(&path.display().to_string(), 500)
}

pub(super) fn io_error(action: &'static str, path: &Path, source: io::Error) -> TrustError {
    TrustError::Io { action, path: shown(path), source }
}

fn kind(path: &Path, found: &'static str, wanted: &'static str) -> TrustError {
    TrustError::Kind { path: shown(path), found, wanted }
}
