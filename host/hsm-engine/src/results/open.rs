//! Opening what somebody else made: no link is followed, nothing is waited for, and only regular files are handed out.

use rustix::fd::{AsFd, OwnedFd};
use rustix::fs::{AtFlags, CWD, Dir, FileType, Mode, OFlags};
use rustix::io::Errno;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

/// Why something was not opened.
#[derive(Debug, thiserror::Error)]
pub(super) enum Refused {
    /// There is nothing of that name.
    #[error("there is none")]
    Missing,
    /// It is something else than it should be.
    #[error("is {0}, which is not opened")]
    Kind(&'static str),
    /// The operating system says no.
    #[error("cannot be opened: {0}")]
    System(io::Error),
}

/// A folder of the sweep itself.
pub(super) fn folder(path: &Path) -> Result<OwnedFd, Refused> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    rustix::fs::open(path, flags, Mode::empty()).map_err(|errno| match errno {
        Errno::NOENT => Refused::Missing,
        errno => Refused::System(errno.into()),
    })
}

/// The folder `name` inside another.
pub(super) fn folder_in(parent: impl AsFd, name: &str) -> Result<OwnedFd, Refused> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    rustix::fs::openat(&parent, name, flags, Mode::empty())
        .map_err(|errno| why_not(parent, name, errno, FileType::Directory))
}

/// The regular file `name` in a folder, and its size in bytes.
pub(super) fn file_in(folder: impl AsFd, name: &str) -> Result<(File, u64), Refused> {
    // A pipe without a writer would keep the opener waiting for ever.
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let opened = rustix::fs::openat(&folder, name, flags, Mode::empty());
    let file = opened.map_err(|errno| why_not(folder, name, errno, FileType::RegularFile))?;
    let facts = rustix::fs::fstat(&file).map_err(|errno| Refused::System(errno.into()))?;
    match FileType::from_raw_mode(facts.st_mode) {
        FileType::RegularFile => Ok((File::from(file), u64::try_from(facts.st_size).unwrap_or(0))),
        kind => Err(Refused::Kind(kind_name(kind))),
    }
}

/// The names in a folder that `wanted` likes, which also learns whether the name is a folder's, where the listing says so.
pub(super) fn names_in(folder: impl AsFd, wanted: impl Fn(&str, bool) -> bool) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in Dir::read_from(folder)? {
        let entry = entry?;
        if let Ok(name) = entry.file_name().to_str()
            && wanted(name, entry.file_type() == FileType::Directory)
        {
            names.push(name.to_owned());
        }
    }
    Ok(names)
}

/// Bytes of a file from `offset` on, at most `length`; fewer where the file ends.
pub(super) fn read_at(file: &File, offset: u64, length: u64) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; usize::try_from(length).map_err(|_| io::ErrorKind::OutOfMemory)?];
    let mut filled = 0;
    while filled < bytes.len() {
        match file.read_at(&mut bytes[filled..], offset + filled as u64) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    bytes.truncate(filled);
    Ok(bytes)
}

/// The kernel's answer for a link or a socket is cryptic; what is there says it better.
fn why_not(parent: impl AsFd, name: &str, errno: Errno, wanted: FileType) -> Refused {
    if errno == Errno::NOENT {
        return Refused::Missing;
    }
    match rustix::fs::statat(parent, name, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(facts) if FileType::from_raw_mode(facts.st_mode) != wanted => {
            Refused::Kind(kind_name(FileType::from_raw_mode(facts.st_mode)))
        }
        _ => Refused::System(errno.into()),
    }
}

fn kind_name(kind: FileType) -> &'static str {
    match kind {
        FileType::RegularFile => "a file",
        FileType::Directory => "a folder",
        FileType::Symlink => "a symbolic link",
        FileType::Fifo => "a named pipe",
        FileType::Socket => "a socket",
        FileType::CharacterDevice | FileType::BlockDevice => "a device",
        FileType::Unknown => "of an unknown kind",
    }
}

/// Whether `path` is there at all, as whatever it may be.
pub(super) fn is_there(path: &Path) -> bool {
    rustix::fs::statat(CWD, path, AtFlags::SYMLINK_NOFOLLOW).is_ok()
}
