//! What a plugin is made of, once it is in memory.

use super::error::BundleProblem;
use super::manifest::{Capabilities, Manifest, WIT};
use super::names::{COMPONENT, PluginName};
use crate::digest::Digest;
use crate::inspect::{self, InspectError, Role};
use semver::Version;
use std::collections::BTreeMap;
use std::path::Path;

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

    /// The digest of the component, which was made while it was read.
    #[must_use]
    pub fn component_digest(&self) -> Digest {
        let listed = self.manifest.files.as_ref().and_then(|files| files.get(COMPONENT)).copied();
        // A component without a manifest is all that the bundle's own digest is of.
        listed.unwrap_or(self.digest)
    }

    /// A component alone, as the bundle that it stands for.
    pub(super) fn of_component(path: &Path, wasm: Vec<u8>) -> Result<Self, BundleProblem> {
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

    pub(super) fn new(path: &Path, contents: Contents) -> Result<Self, BundleProblem> {
        let Contents { origin, manifest, manifest_bytes, signature, files } = contents;
        let digest = Digest::of(&manifest_bytes);
        let bundle = Self { path: shown(path), origin, manifest, manifest_bytes, signature, files, digest };
        inspect::inspect(bundle.component(), bundle.manifest.role)?;
        Ok(bundle)
    }
}

/// The role of a component, once it is known to be one that may be compiled.
fn role_of(wasm: &[u8]) -> Result<Role, InspectError> {
    match inspect::inspect(wasm, Role::Generator) {
        Ok(()) => Ok(Role::Generator),
        Err(InspectError::WrongRole { found, .. }) => inspect::inspect(wasm, found).map(|()| found),
        Err(error) => Err(error),
    }
}

/// A path, fit to show.
pub(super) fn shown(path: &Path) -> String {
    crate::plain::plain_line(&path.display().to_string(), 500)
}
