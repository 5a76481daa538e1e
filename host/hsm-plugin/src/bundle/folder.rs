//! Reads a bundle, or the folder in which an author works, from a folder. Every step goes from an open folder to what is in it, so that
//! nothing can be swapped for a link in between; links are not followed and pipes not waited for.

use super::contents::{Contents, Origin};
use super::error::BundleProblem;
use super::gather::{Gathered, check_rest, component_max_bytes, max_bytes, read_within};
use super::manifest::{MANIFEST_MAX_BYTES, Manifest};
use super::names::{COMPONENT, FIXTURES, MANIFEST, check_file_name, may_be_packed};
use super::pack;
use crate::limits::Limits;
use crate::plain::plain_line;
use rustix::fs::{Dir, FileType, Mode, OFlags};
use std::collections::BTreeMap;
use std::fs::File;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// Entries of a folder that are looked at: far more than a bundle may have, and an end to it.
const ENTRIES_MAX: usize = 10_000;

/// Reads all of it; a folder whose manifest lists no files is a source folder.
pub(super) fn read(folder: &OwnedFd, label: &str, limits: &Limits) -> Result<Contents, BundleProblem> {
    let manifest_bytes = match open(folder.as_fd(), MANIFEST, MANIFEST)? {
        Some(file) => read_within(file, MANIFEST, MANIFEST_MAX_BYTES)?,
        None => return Err(BundleProblem::NoManifest),
    };
    let manifest = Manifest::parse(&manifest_bytes, label).map_err(BundleProblem::Manifest)?;
    if manifest.files.is_none() {
        return read_source(folder, &manifest, &manifest_bytes, label, limits);
    }
    let mut gathered = Gathered::new(&manifest, limits)?;
    walk(folder.as_fd(), "", &mut |name, file| match file {
        Found::Folder if name == FIXTURES || name.starts_with("fixtures/") => Ok(true),
        Found::Folder => Err(BundleProblem::Unlisted(plain_line(name, 200))),
        Found::File(_) if name == MANIFEST => Ok(false),
        Found::File(file) => gathered.take(name, file).map(|()| false),
        Found::Other(kind) => Err(BundleProblem::NotPlain { name: plain_line(name, 200), kind }),
    })?;
    let (files, signature) = gathered.conclude()?;
    Ok(Contents { origin: Origin::Packed, manifest, manifest_bytes, signature, files })
}

/// Takes what belongs into a bundle out of a source folder, and lists it in the manifest.
fn read_source(
    folder: &OwnedFd,
    manifest: &Manifest,
    manifest_bytes: &[u8],
    label: &str,
    limits: &Limits,
) -> Result<Contents, BundleProblem> {
    let component_max = component_max_bytes(manifest, limits);
    let mut files: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    let mut rest_bytes = 0;
    walk(folder.as_fd(), "", &mut |name, found| {
        let belongs = may_be_packed(name) || name == FIXTURES;
        match found {
            _ if !belongs => Ok(false),
            Found::Folder => Ok(name == FIXTURES || name.starts_with("fixtures/")),
            Found::Other(kind) => Err(BundleProblem::NotPlain { name: plain_line(name, 200), kind }),
            Found::File(_) if name == FIXTURES => Ok(false),
            Found::File(file) => {
                check_file_name(name)
                    .map_err(|problem| BundleProblem::Name { name: plain_line(name, 200), problem })?;
                let bytes = read_within(file, name, max_bytes(name, component_max))?;
                if name != COMPONENT {
                    rest_bytes += bytes.len() as u64;
                    check_rest(rest_bytes)?;
                }
                files.insert(name.to_owned(), bytes);
                Ok(false)
            }
        }
    })?;
    if !files.contains_key(COMPONENT) {
        return Err(BundleProblem::NotBuilt(COMPONENT));
    }
    let manifest_bytes = pack::list_files(manifest_bytes, &files);
    // Read again, so that what could not be read from the packed bundle is found now.
    let manifest = Manifest::parse(&manifest_bytes, label).map_err(BundleProblem::Manifest)?;
    Ok(Contents { origin: Origin::Source, manifest, manifest_bytes, signature: None, files })
}

/// One entry of a folder.
enum Found {
    Folder,
    File(File),
    /// Anything else, by its kind.
    Other(&'static str),
}

/// Shows every entry below a folder, by its name from there. `visit` says of a folder whether to go into it.
fn walk(
    folder: BorrowedFd<'_>,
    prefix: &str,
    visit: &mut dyn FnMut(&str, Found) -> Result<bool, BundleProblem>,
) -> Result<(), BundleProblem> {
    for entry in entries(folder, prefix)? {
        let name = format!("{prefix}{entry}");
        let Some(file) = open(folder, &entry, &name).or_else(|problem| match problem {
            BundleProblem::NotPlain { kind, .. } => visit(&name, Found::Other(kind)).map(|_| None),
            other => Err(other),
        })?
        else {
            continue;
        };
        if !file.metadata().map_err(|source| BundleProblem::Io { name: name.clone(), source })?.is_dir() {
            visit(&name, Found::File(file))?;
        } else if visit(&name, Found::Folder)? {
            // Depth is bounded by the length of a name.
            if let Err(problem) = check_file_name(&name) {
                return Err(BundleProblem::Name { name: plain_line(&name, 200), problem });
            }
            walk(file.as_fd(), &format!("{name}/"), visit)?;
        }
    }
    Ok(())
}

/// The names in a folder, sorted.
fn entries(folder: BorrowedFd<'_>, prefix: &str) -> Result<Vec<String>, BundleProblem> {
    let shown = || plain_line(if prefix.is_empty() { "." } else { prefix }, 200);
    let io = |error: rustix::io::Errno| BundleProblem::Io { name: shown(), source: error.into() };
    let mut names = Vec::new();
    for entry in Dir::read_from(folder).map_err(io)? {
        let entry = entry.map_err(io)?;
        let name = entry.file_name().to_bytes();
        if name == b"." || name == b".." {
            continue;
        }
        let Ok(name) = std::str::from_utf8(name) else {
            let name = plain_line(&format!("{prefix}{}", String::from_utf8_lossy(name)), 200);
            return Err(BundleProblem::Name { name, problem: "is not UTF-8" });
        };
        names.push(name.to_owned());
        if names.len() > ENTRIES_MAX {
            return Err(BundleProblem::TooMany(ENTRIES_MAX));
        }
    }
    names.sort();
    Ok(names)
}

/// Opens a plain file or a folder in `folder`; none where there is none.
fn open(folder: BorrowedFd<'_>, entry: &str, name: &str) -> Result<Option<File>, BundleProblem> {
    let shown = plain_line(name, 200);
    // Looked at first: opening a device can do something by itself. Should it change in between, it is looked at again when it is open.
    let looked = match rustix::fs::statat(folder, entry, rustix::fs::AtFlags::SYMLINK_NOFOLLOW) {
        Ok(stat) => FileType::from_raw_mode(stat.st_mode),
        Err(rustix::io::Errno::NOENT) => return Ok(None),
        Err(error) => return Err(BundleProblem::Io { name: shown, source: error.into() }),
    };
    check_plain(looked, &shown)?;
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let opened = rustix::fs::openat(folder, entry, flags, Mode::empty())
        .map_err(|error| BundleProblem::Io { name: shown.clone(), source: error.into() })?;
    let stat = rustix::fs::fstat(&opened)
        .map_err(|error| BundleProblem::Io { name: shown.clone(), source: error.into() })?;
    check_plain(FileType::from_raw_mode(stat.st_mode), &shown)?;
    Ok(Some(File::from(opened)))
}

fn check_plain(kind: FileType, shown: &str) -> Result<(), BundleProblem> {
    let kind = match kind {
        FileType::RegularFile | FileType::Directory => return Ok(()),
        FileType::Symlink => "a symbolic link",
        FileType::Fifo => "a pipe",
        FileType::Socket => "a socket",
        _ => "a device",
    };
    Err(BundleProblem::NotPlain { name: shown.to_owned(), kind })
}
