//! Small bundles for the unit tests: real files, and components that pass inspection and hold nothing.

use super::contents::Bundle;
use super::read::read;
use crate::inspect::{Role, tests};
use crate::limits::Limits;
use std::fs;
use std::path::Path;

/// A component of this role.
pub(crate) fn component(role: Role) -> Vec<u8> {
    tests::component(&["hsm:plugin/types@0.1.0"], &[&format!("hsm:plugin/{role}@0.1.0")])
}

/// The manifest of a source folder.
pub(crate) fn manifest(role: Role, more: &str) -> String {
    format!(
        "# What a sample is.\nformat = 1\nname = \"sample\"\nversion = \"0.1.0\"\nrole = \"{role}\"\nwit = \"0.1\"\nsummary = \"A sample.\"\nlicense = \"MIT\"\n{more}"
    )
}

/// Writes a source folder, with what an author has beside the plugin.
pub(crate) fn write_source(folder: &Path, role: Role, manifest: &str) {
    let write = |name: &str, content: &[u8]| {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    };
    write("plugin.toml", manifest.as_bytes());
    write("plugin.wasm", &component(role));
    write("README.md", b"# A sample\n");
    write("LICENSE-MIT", b"MIT\n");
    write("fixtures/one/input.json", b"{}\n");
    write("fixtures/one/expected/front.csv", b"a\n1\n");
    write("src/lib.rs", b"//! Not part of the bundle.\n");
    write(".gitignore", b"target\n");
}

/// A bundle of this role, with more in its manifest.
pub(crate) fn bundle(role: Role, more: &str) -> Bundle {
    let folder = tempfile::tempdir().unwrap();
    write_source(folder.path(), role, &manifest(role, more));
    let mut bundle = read(folder.path(), &Limits::default()).unwrap();
    bundle.path = "sample.tar".to_owned();
    bundle.origin = super::Origin::Packed;
    bundle
}

/// Writes a packed bundle as a folder.
pub(crate) fn write_packed(folder: &Path, bundle: &Bundle) {
    fs::create_dir_all(folder).unwrap();
    fs::write(folder.join("plugin.toml"), &bundle.manifest_bytes).unwrap();
    for (name, bytes) in &bundle.files {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
}
