//! From a path to a whole bundle, whatever lies there: a folder, its tar, or a component alone.

use super::archive;
use super::contents::{Bundle, Contents, shown};
use super::error::{BundleError, BundleProblem};
use super::folder;
use super::gather::read_within;
use super::names::{COMPONENT, MANIFEST};
use crate::limits::{Limit, Limits};
use rustix::fs::{FileType, Mode, OFlags};
use std::fs::File;
use std::io::Read;
use std::os::fd::OwnedFd;
use std::path::Path;

/// As much of a file as tells what it is, in bytes: the first block of a tar.
const START_BYTES: u64 = 512;
/// How gzip, bzip2, xz, zstd and zip files begin.
const COMPRESSED: [&[u8]; 5] = [b"\x1f\x8b", b"BZh", b"\xfd7zXZ\0", b"\x28\xb5\x2f\xfd", b"PK\x03\x04"];

/// Reads whatever plugin is at `path`. Only the path itself may be a link; of `limits`, the size of a component counts.
///
/// # Errors
/// What is wrong with it, and what to do.
pub fn read(path: &Path, limits: &Limits) -> Result<Bundle, BundleError> {
    read_any(path, limits).map_err(|problem| BundleError::new(path, problem))
}

/// Reads only the component at `path`, whatever it is: for those who want to look at one that is no plugin.
///
/// # Errors
/// What is wrong with the bundle around it.
pub fn read_component(path: &Path, limits: &Limits) -> Result<Vec<u8>, BundleError> {
    let read = read_whole(path, limits).map_err(|problem| BundleError::new(path, problem))?;
    Ok(match read {
        Whole::Component(wasm) => wasm,
        Whole::Bundle(mut contents) => contents.files.remove(COMPONENT).unwrap_or_default(),
    })
}

/// Everything at a path, not yet inspected.
enum Whole {
    Component(Vec<u8>),
    Bundle(Box<Contents>),
}

fn read_any(path: &Path, limits: &Limits) -> Result<Bundle, BundleProblem> {
    match read_whole(path, limits)? {
        Whole::Component(wasm) => Bundle::of_component(path, wasm),
        Whole::Bundle(contents) => Bundle::new(path, *contents),
    }
}

fn read_whole(path: &Path, limits: &Limits) -> Result<Whole, BundleProblem> {
    let opened = open(path)?;
    let kind = rustix::fs::fstat(&opened).map(|stat| FileType::from_raw_mode(stat.st_mode));
    match kind.map_err(|error| io(path, error.into()))? {
        FileType::Directory => Ok(Whole::Bundle(Box::new(folder::read(&opened, MANIFEST, limits)?))),
        FileType::RegularFile => read_file(path, File::from(opened), limits),
        _ => Err(BundleProblem::NotAFile),
    }
}

fn read_file(path: &Path, mut file: File, limits: &Limits) -> Result<Whole, BundleProblem> {
    let mut start = Vec::new();
    let read = file.by_ref().take(START_BYTES).read_to_end(&mut start);
    read.map_err(|error| io(path, error))?;
    if COMPRESSED.iter().any(|magic| start.starts_with(magic)) {
        return Err(BundleProblem::Compressed);
    }
    let whole = start.as_slice().chain(file);
    if archive::is_archive(&start) {
        return Ok(Whole::Bundle(Box::new(archive::read(whole, MANIFEST, limits)?)));
    }
    let max_bytes = limits.value(Limit::ComponentMib).saturating_mul(1 << 20);
    Ok(Whole::Component(read_within(whole, COMPONENT, max_bytes)?))
}

/// Opened without waiting, so that a pipe in its place holds nobody up.
fn open(path: &Path) -> Result<OwnedFd, BundleProblem> {
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
    rustix::fs::open(path, flags, Mode::empty()).map_err(|error| match error {
        rustix::io::Errno::NOENT | rustix::io::Errno::NOTDIR => BundleProblem::NotFound,
        error => io(path, error.into()),
    })
}

fn io(path: &Path, source: std::io::Error) -> BundleProblem {
    BundleProblem::Io { name: shown(path), source }
}

#[cfg(test)]
mod tests;
