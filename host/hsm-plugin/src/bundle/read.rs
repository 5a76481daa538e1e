//! From a path to a whole bundle, whatever lies there: a folder, its tar, or a component alone.

use super::archive;
use super::error::{BundleError, BundleProblem};
use super::folder;
use super::gather::read_within;
use super::manifest::{Capabilities, Manifest, WIT};
use super::names::{COMPONENT, MANIFEST, PluginName};
use crate::digest::Digest;
use crate::inspect::{self, InspectError, Role};
use crate::limits::{Limit, Limits};
use rustix::fs::{FileType, Mode, OFlags};
use semver::Version;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::os::fd::OwnedFd;
use std::path::Path;

/// As much of a file as tells what it is, in bytes: the first block of a tar.
const START_BYTES: u64 = 512;
/// How gzip, bzip2, xz, zstd and zip files begin.
const COMPRESSED: [&[u8]; 5] = [b"\x1f\x8b", b"BZh", b"\xfd7zXZ\0", b"\x28\xb5\x2f\xfd", b"PK\x03\x04"];

/// What was at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A packed bundle, as a folder or as a tar.
    Packed,
    /// A folder in which an author works.
    Source,
    /// A component without a manifest.
    Component,
}

/// A plugin with everything that belongs to it, in memory, checked.
#[derive(Clone, Debug)]
pub struct Bundle {
    /// Where it was read from, fit to show.
    pub path: String,
    /// What was read.
    pub origin: Origin,
    /// What it says about itself. That of a component alone is made up: its file's name, version 0.0.0, no wishes.
    pub manifest: Manifest,
    /// The exact bytes of `plugin.toml`, which a signature is over; those of a component alone are empty.
    pub manifest_bytes: Vec<u8>,
    /// The bytes of `plugin.toml.minisig`, not yet verified.
    pub signature: Option<Vec<u8>>,
    /// Every other file.
    pub files: BTreeMap<String, Vec<u8>>,
    /// What the bundle is known by: the digest of `manifest_bytes`, or of a component alone.
    pub digest: Digest,
}

/// What a reader finds, before the component is held against its manifest.
#[derive(Debug)]
pub(super) struct Contents {
    pub(super) origin: Origin,
    pub(super) manifest: Manifest,
    pub(super) manifest_bytes: Vec<u8>,
    pub(super) signature: Option<Vec<u8>>,
    pub(super) files: BTreeMap<String, Vec<u8>>,
}

impl Bundle {
    /// The component.
    #[must_use]
    pub fn component(&self) -> &[u8] {
        self.files.get(COMPONENT).map_or(&[], Vec::as_slice)
    }

    /// A component alone, as the bundle that it stands for.
    fn of_component(path: &Path, wasm: Vec<u8>) -> Result<Self, BundleProblem> {
        let name = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        let role = role_of(&wasm)?;
        let digest = Digest::of(&wasm);
        let manifest = Manifest {
            name: PluginName::resembling(&name),
            version: Version::new(0, 0, 0),
            role,
            wit: WIT.to_owned(),
            summary: "A component without a manifest.".to_owned(),
            license: "unknown".to_owned(),
            limits: BTreeMap::new(),
            capabilities: Capabilities::default(),
            config: None,
            files: None,
        };
        let files = [(COMPONENT.to_owned(), wasm)].into();
        let origin = Origin::Component;
        Ok(Self {
            path: shown(path),
            origin,
            manifest,
            manifest_bytes: Vec::new(),
            signature: None,
            files,
            digest,
        })
    }

    fn new(path: &Path, contents: Contents) -> Result<Self, BundleProblem> {
        let Contents { origin, manifest, manifest_bytes, signature, files } = contents;
        let digest = Digest::of(&manifest_bytes);
        let bundle = Self { path: shown(path), origin, manifest, manifest_bytes, signature, files, digest };
        inspect::inspect(bundle.component(), bundle.manifest.role)?;
        Ok(bundle)
    }
}

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

fn shown(path: &Path) -> String {
    crate::plain::plain_line(&path.display().to_string(), 500)
}

/// The role of a component, once it is known to be one that may be compiled.
fn role_of(wasm: &[u8]) -> Result<Role, InspectError> {
    match inspect::inspect(wasm, Role::Generator) {
        Ok(()) => Ok(Role::Generator),
        Err(InspectError::WrongRole { found, .. }) => inspect::inspect(wasm, found).map(|()| found),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests;
