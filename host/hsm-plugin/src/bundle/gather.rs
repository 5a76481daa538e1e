//! The files of a bundle as they come in, from wherever: each one held against the manifest before the next.

use super::error::BundleProblem;
use super::manifest::{MANIFEST_MAX_BYTES, Manifest};
use super::names::{COMPONENT, README, SIGNATURE, check_file_name};
use crate::digest::Digest;
use crate::limits::{Limit, Limits};
use crate::plain::plain_line;
use std::collections::BTreeMap;
use std::io::Read;

/// The largest signature file, in bytes: four short lines.
const SIGNATURE_MAX_BYTES: u64 = 4 << 10;
/// The largest README or license, in bytes.
const TEXT_MAX_BYTES: u64 = 1 << 20;
/// The largest file of a fixture, in bytes: a recorded reply of a scheduler for some thousands of jobs.
const FIXTURE_MAX_BYTES: u64 = 16 << 20;
/// All files but the component, in bytes: they are held in memory together.
const REST_MAX_BYTES: u64 = 64 << 20;

/// Files by their names in a bundle.
pub(super) type Files = BTreeMap<String, Vec<u8>>;

/// Files that are listed in a manifest, with their digests checked.
#[derive(Debug)]
pub(super) struct Gathered {
    expected: BTreeMap<String, Digest>,
    component_max_bytes: u64,
    rest_bytes: u64,
    files: Files,
    signature: Option<Vec<u8>>,
}

impl Gathered {
    /// For the files that this manifest lists.
    ///
    /// # Errors
    /// When it lists none.
    pub(super) fn new(manifest: &Manifest, limits: &Limits) -> Result<Self, BundleProblem> {
        let expected = manifest.files.clone().ok_or(BundleProblem::NotPacked)?;
        let component_max_bytes = component_max_bytes(manifest, limits);
        Ok(Self { expected, component_max_bytes, rest_bytes: 0, files: Files::new(), signature: None })
    }

    /// Takes one more file.
    ///
    /// # Errors
    /// When it has no place in the bundle, or is not the one that the manifest lists.
    pub(super) fn take(&mut self, name: &str, content: impl Read) -> Result<(), BundleProblem> {
        let shown = plain_line(name, 200);
        if name == SIGNATURE {
            if self.signature.is_some() {
                return Err(BundleProblem::Twice(shown));
            }
            self.signature = Some(read_within(content, SIGNATURE, SIGNATURE_MAX_BYTES)?);
            return Ok(());
        }
        if let Err(problem) = check_file_name(name) {
            return Err(BundleProblem::Name { name: shown, problem });
        }
        if self.files.contains_key(name) {
            return Err(BundleProblem::Twice(shown));
        }
        let Some(expected) = self.expected.get(name).copied() else {
            return Err(BundleProblem::Unlisted(shown));
        };
        let bytes = read_within(content, name, max_bytes(name, self.component_max_bytes))?;
        if name != COMPONENT {
            self.rest_bytes += bytes.len() as u64;
            check_rest(self.rest_bytes)?;
        }
        let found = Digest::of(&bytes);
        if found != expected {
            return Err(BundleProblem::Changed { name: shown, expected, found });
        }
        self.files.insert(name.to_owned(), bytes);
        Ok(())
    }

    /// All files and the signature, once everything that the manifest lists is there.
    ///
    /// # Errors
    /// When a file is missing.
    pub(super) fn conclude(self) -> Result<(Files, Option<Vec<u8>>), BundleProblem> {
        match self.expected.keys().find(|name| !self.files.contains_key(*name)) {
            Some(missing) => Err(BundleProblem::Missing(missing.clone())),
            None => Ok((self.files, self.signature)),
        }
    }
}

/// The largest component, in bytes: what holds for the user, or what the manifest may ask for.
pub(super) fn component_max_bytes(manifest: &Manifest, limits: &Limits) -> u64 {
    let asked = manifest.limits.get(&Limit::ComponentMib).copied().unwrap_or(0);
    limits.value(Limit::ComponentMib).max(asked).saturating_mul(1 << 20)
}

/// The largest that a file of this name may be, in bytes.
pub(super) fn max_bytes(name: &str, component_max_bytes: u64) -> u64 {
    match name {
        COMPONENT => component_max_bytes,
        super::names::MANIFEST => MANIFEST_MAX_BYTES,
        README => TEXT_MAX_BYTES,
        name if name.starts_with("LICENSE") => TEXT_MAX_BYTES,
        _ => FIXTURE_MAX_BYTES,
    }
}

/// Judges the size of all files but the component together.
pub(super) fn check_rest(bytes: u64) -> Result<(), BundleProblem> {
    if bytes <= REST_MAX_BYTES {
        return Ok(());
    }
    Err(BundleProblem::TooLarge { name: "all but the component".to_owned(), max: size(REST_MAX_BYTES) })
}

/// Reads everything, if it is no more than `max_bytes`.
pub(super) fn read_within(content: impl Read, name: &str, max_bytes: u64) -> Result<Vec<u8>, BundleProblem> {
    let mut bytes = Vec::new();
    let io = |source| BundleProblem::Io { name: plain_line(name, 200), source };
    content.take(max_bytes.saturating_add(1)).read_to_end(&mut bytes).map_err(io)?;
    if bytes.len() as u64 > max_bytes {
        return Err(BundleProblem::TooLarge { name: plain_line(name, 200), max: size(max_bytes) });
    }
    Ok(bytes)
}

fn size(bytes: u64) -> String {
    if bytes >= 1 << 20 { format!("{} MiB", bytes >> 20) } else { format!("{} KiB", bytes >> 10) }
}
