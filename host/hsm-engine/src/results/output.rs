//! The folder `results/`, and how something appears in it: under its name only once it is whole.
//!
//! One collector writes at a time, which a lock sees to; where the file system has no locks, temporary names that no two processes
//! share keep them apart, and the last one wins.

use crate::error::{Error, ErrorKind, Result};
use cap_std::ambient_authority;
use cap_std::fs::{Dir, OpenOptions, OpenOptionsExt};
use rustix::fs::{OFlags, RenameFlags};
use rustix::io::Errno;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

const LOCK: &str = ".lock";

/// How the names of what is not whole yet begin.
const UNFINISHED: &str = ".tmp-";

static UNFINISHED_COUNT: AtomicU64 = AtomicU64::new(0);

/// The folder `results/` of a sweep, held for writing.
pub(super) struct Output {
    folder: Dir,
    path: PathBuf,
    /// Held as long as this lives.
    lock: Option<File>,
}

/// One file to be: its name, and what writes it.
pub(super) type Content<'a> = (&'a str, Box<dyn FnOnce(&mut dyn Write) -> io::Result<()> + 'a>);

impl Output {
    /// Opens the folder, makes it where there is none, waits for another collector to end, and takes away what a killed one left.
    pub fn open(sweep_dir: &Path) -> Result<Self> {
        let path = sweep_dir.join("results");
        let wrong = |error| collection("open the folder", &path, error);
        let sweep = Dir::open_ambient_dir(sweep_dir, ambient_authority()).map_err(wrong)?;
        match sweep.create_dir("results") {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(wrong(error)),
            _ => {}
        }
        let folder = sweep.open_dir("results").map_err(wrong)?;
        let lock = lock(&folder).map_err(|error| collection("lock", &path.join(LOCK), error))?;
        let output = Self { folder, path, lock };
        if output.lock.is_some() {
            output.remove_leftovers();
        }
        Ok(output)
    }

    /// Writes a file, and gives it its name once it is whole.
    pub fn write_file(&self, (name, write): Content<'_>) -> Result<PathBuf> {
        let path = self.path.join(name);
        let unfinished = unfinished_name();
        let written = write_new(&self.folder, &unfinished, write)
            .and_then(|()| self.folder.rename(&unfinished, &self.folder, name));
        written.map_err(|error| {
            let _ = self.folder.remove_file(&unfinished);
            collection("write", &path, error)
        })?;
        Ok(path)
    }

    /// Writes a folder of files, and gives it its name once all of them are whole, in the place of the folder that had it before.
    pub fn write_folder(&self, name: &str, contents: Vec<Content<'_>>) -> Result<PathBuf> {
        let path = self.path.join(name);
        let unfinished = unfinished_name();
        let written =
            self.fill_folder(&unfinished, contents).and_then(|()| self.put_in_place(&unfinished, name));
        // After an exchange this is what was there before; after an error it is what did not get ready.
        let _ = self.folder.remove_dir_all(&unfinished);
        written.map_err(|error| collection("write the folder", &path, error))?;
        Ok(path)
    }

    fn fill_folder(&self, unfinished: &str, contents: Vec<Content<'_>>) -> io::Result<()> {
        self.folder.create_dir(unfinished)?;
        let inner = self.folder.open_dir(unfinished)?;
        contents.into_iter().try_for_each(|(name, write)| write_new(&inner, name, write))
    }

    fn put_in_place(&self, unfinished: &str, name: &str) -> io::Result<()> {
        match self.folder.symlink_metadata(name) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                self.folder.rename(unfinished, &self.folder, name)
            }
            Err(error) => Err(error),
            Ok(old) if !old.is_dir() => {
                Err(io::Error::new(io::ErrorKind::NotADirectory, "something that is no folder has this name"))
            }
            Ok(_) => self.exchange(unfinished, name),
        }
    }

    fn exchange(&self, unfinished: &str, name: &str) -> io::Result<()> {
        let exchanged =
            rustix::fs::renameat_with(&self.folder, unfinished, &self.folder, name, RenameFlags::EXCHANGE);
        match exchanged {
            Ok(()) => Ok(()),
            // Network file systems cannot exchange; there the folder is away for a moment, and never half.
            Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => self.replace(unfinished, name),
            Err(errno) => Err(errno.into()),
        }
    }

    fn replace(&self, unfinished: &str, name: &str) -> io::Result<()> {
        let old = unfinished_name();
        self.folder.rename(name, &self.folder, &old)?;
        if let Err(error) = self.folder.rename(unfinished, &self.folder, name) {
            let _ = self.folder.rename(&old, &self.folder, name);
            return Err(error);
        }
        let _ = self.folder.remove_dir_all(&old);
        Ok(())
    }

    fn remove_leftovers(&self) {
        let Ok(entries) = self.folder.entries() else { return };
        for entry in entries.flatten() {
            let name = entry.file_name();
            if name.to_string_lossy().starts_with(UNFINISHED) {
                // One that does not go is in nobody's way.
                let _ = self.folder.remove_file(&name).or_else(|_| self.folder.remove_dir_all(&name));
            }
        }
    }
}

/// Waits for the lock; nothing where the file system has none.
fn lock(folder: &Dir) -> io::Result<Option<File>> {
    let mut options = OpenOptions::new();
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits();
    options.write(true).create(true).custom_flags(flags.cast_signed());
    let file = folder.open_with(LOCK, &options)?.into_std();
    Ok(file.lock().is_ok().then_some(file))
}

fn write_new(
    folder: &Dir,
    name: &str,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    let file = folder.open_with(name, OpenOptions::new().write(true).create_new(true))?;
    let mut writer = BufWriter::with_capacity(1 << 16, file);
    write(&mut writer)?;
    writer.into_inner().map_err(io::IntoInnerError::into_error)?.sync_data()
}

fn unfinished_name() -> String {
    let count = UNFINISHED_COUNT.fetch_add(1, Ordering::Relaxed);
    format!(
        "{UNFINISHED}{}-{}-{count}",
        rustix::system::uname().nodename().to_string_lossy(),
        std::process::id()
    )
}

fn collection(what: &str, path: &Path, error: io::Error) -> Error {
    Error::io(what, path, error).of_kind(ErrorKind::Collection)
}
