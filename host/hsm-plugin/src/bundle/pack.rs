//! Writes bundles: the same files give the same bytes, whoever packs them and when.

use super::contents::Bundle;
use super::names::{MANIFEST, SIGNATURE};
use crate::digest::Digest;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io;
use tar::{Builder, EntryType, Header};

/// The tar of a bundle: manifest, signature where there is one, and the files in the order of their names, with no owner and no time.
///
/// # Errors
/// What the writer of the format says; there is none for a bundle that was read.
pub fn pack(bundle: &Bundle) -> io::Result<Vec<u8>> {
    let mut archive = Builder::new(Vec::new());
    append(&mut archive, MANIFEST, &bundle.manifest_bytes)?;
    if let Some(signature) = &bundle.signature {
        append(&mut archive, SIGNATURE, signature)?;
    }
    for (name, bytes) in &bundle.files {
        append(&mut archive, name, bytes)?;
    }
    archive.into_inner()
}

fn append(archive: &mut Builder<Vec<u8>>, name: &str, bytes: &[u8]) -> io::Result<()> {
    let mut header = Header::new_ustar();
    header.set_path(name)?;
    header.set_entry_type(EntryType::Regular);
    header.set_size(bytes.len() as u64);
    header.set_mode(0o644);
    header.set_mtime(0);
    header.set_uid(0);
    header.set_gid(0);
    header.set_cksum();
    archive.append(&header, bytes)
}

/// The manifest of a source folder with these files listed at its end. What its author wrote stays as it is, comments and all.
pub(super) fn list_files(manifest: &[u8], files: &BTreeMap<String, Vec<u8>>) -> Vec<u8> {
    let mut listed = String::new();
    if !manifest.ends_with(b"\n") {
        listed.push('\n');
    }
    listed.push_str("\n# What the bundle is made of, with the SHA-256 of each file; written by `hsm plugin pack`.\n[files]\n");
    for (name, bytes) in files {
        // Writing to a string does not fail, and the names need no escapes.
        let _ = writeln!(listed, "\"{name}\" = \"{}\"", Digest::of(bytes));
    }
    [manifest, listed.as_bytes()].concat()
}
