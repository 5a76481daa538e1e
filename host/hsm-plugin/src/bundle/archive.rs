//! Reads a bundle out of a tar. Only what `pack` writes is accepted: plain files, the manifest first, zeros behind the last one. The
//! format's extensions are all refused, because they are where two readers of one archive see two different things.

use super::contents::{Contents, Origin};
use super::error::BundleProblem;
use super::gather::{Gathered, read_within};
use super::manifest::{MANIFEST_MAX_BYTES, Manifest};
use super::names::MANIFEST;
use crate::limits::Limits;
use crate::plain::plain_line;
use std::io::{self, Read};
use tar::{Archive, Entry, EntryType};

/// The unit of the format, in bytes.
const BLOCK_BYTES: u64 = 512;
/// Zeros behind the last file, in bytes: two blocks end an archive, and common tools fill up to twenty.
const END_BYTES: std::ops::RangeInclusive<u64> = 2 * BLOCK_BYTES..=22 * BLOCK_BYTES;

/// Whether these first bytes of a file are those of a tar.
pub(super) fn is_archive(start: &[u8]) -> bool {
    start.get(257..262) == Some(b"ustar")
}

/// Reads all of it.
pub(super) fn read(file: impl Read, label: &str, limits: &Limits) -> Result<Contents, BundleProblem> {
    let mut archive = Archive::new(Counting { inner: file, bytes: 0 });
    let mut end = 0;
    let mut manifest: Option<(Manifest, Vec<u8>)> = None;
    let mut gathered: Option<Gathered> = None;
    for entry in archive.entries().map_err(|error| broken(&error))?.raw(true) {
        let entry = entry.map_err(|error| broken(&error))?;
        let name = plain_name(&entry)?;
        end = entry.raw_file_position() + entry.size().div_ceil(BLOCK_BYTES) * BLOCK_BYTES;
        let size = entry.size();
        let content = Whole { inner: entry, left: size };
        if let Some(gathered) = &mut gathered {
            if name == MANIFEST {
                return Err(BundleProblem::Twice(name));
            }
            gathered.take(&name, content).map_err(cut_short)?;
            continue;
        }
        if name != MANIFEST {
            return Err(BundleProblem::ManifestNotFirst(name));
        }
        let bytes = read_within(content, MANIFEST, MANIFEST_MAX_BYTES).map_err(cut_short)?;
        let parsed = Manifest::parse(&bytes, label).map_err(BundleProblem::Manifest)?;
        gathered = Some(Gathered::new(&parsed, limits)?);
        manifest = Some((parsed, bytes));
    }
    check_end(archive.into_inner(), end)?;
    let (Some((manifest, manifest_bytes)), Some(gathered)) = (manifest, gathered) else {
        return Err(BundleProblem::NoManifest);
    };
    let (files, signature) = gathered.conclude()?;
    Ok(Contents { origin: Origin::Packed, manifest, manifest_bytes, signature, files })
}

/// The name of a plain file.
fn plain_name<R: Read>(entry: &Entry<'_, R>) -> Result<String, BundleProblem> {
    let bytes = entry.path_bytes();
    let name = plain_line(&String::from_utf8_lossy(&bytes), 200);
    let kind = match entry.header().entry_type() {
        EntryType::Regular => None,
        EntryType::Symlink => Some("a symbolic link"),
        EntryType::Link => Some("a hard link"),
        EntryType::Char | EntryType::Block => Some("a device"),
        EntryType::Fifo => Some("a pipe"),
        EntryType::Directory => Some("a folder of its own"),
        EntryType::GNUSparse => Some("a sparse file"),
        _ => Some("an extension of the tar format"),
    };
    if let Some(kind) = kind {
        return Err(BundleProblem::NotPlain { name, kind });
    }
    match std::str::from_utf8(&bytes) {
        Ok(name) => Ok(name.to_owned()),
        Err(_) => Err(BundleProblem::Name { name, problem: "is not UTF-8" }),
    }
}

/// Behind the last file there are only zeros, and not too many of them.
fn check_end(mut rest: Counting<impl Read>, end: u64) -> Result<(), BundleProblem> {
    let before = rest.bytes;
    let mut tail = Vec::new();
    let read = rest.by_ref().take(*END_BYTES.end() + 1).read_to_end(&mut tail);
    read.map_err(|source| BundleProblem::Io { name: "its end".to_owned(), source })?;
    let zeros = (before + tail.len() as u64).saturating_sub(end);
    if tail.iter().any(|byte| *byte != 0) || zeros > *END_BYTES.end() {
        return Err(BundleProblem::TrailingData);
    }
    if zeros < *END_BYTES.start() { Err(BundleProblem::Truncated) } else { Ok(()) }
}

fn broken(error: &io::Error) -> BundleProblem {
    // The reader of the format has no kind of error for this, only words.
    if error.kind() == io::ErrorKind::UnexpectedEof
        || error.to_string().contains("failed to read entire block")
    {
        return BundleProblem::Truncated;
    }
    BundleProblem::Archive(plain_line(&error.to_string(), 200))
}

fn cut_short(problem: BundleProblem) -> BundleProblem {
    match problem {
        BundleProblem::Io { source, .. } if source.kind() == io::ErrorKind::UnexpectedEof => {
            BundleProblem::Truncated
        }
        other => other,
    }
}

/// Counts what is read.
struct Counting<R> {
    inner: R,
    bytes: u64,
}

impl<R: Read> Read for Counting<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.bytes += read as u64;
        Ok(read)
    }
}

/// Content whose length is known: an end before it is an error, and not a shorter file.
struct Whole<R> {
    inner: R,
    left: u64,
}

impl<R: Read> Read for Whole<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.left = self.left.saturating_sub(read as u64);
        if read == 0 && self.left > 0 && !buffer.is_empty() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(read)
    }
}
