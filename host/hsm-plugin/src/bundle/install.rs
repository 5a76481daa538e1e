//! A project's plugins on disk: one folder each, `.hsm/plugins/<name>/`, there as a whole or not at all.

use super::contents::{Bundle, Origin};
use super::error::{BundleError, BundleProblem};
use super::names::{MANIFEST, PluginName, SIGNATURE};
use super::{Manifest, pack};
use crate::digest::Digest;
use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// Where a project keeps its plugins, below its folder.
const PLUGINS_FOLDER: &str = ".hsm/plugins";
/// How the names of what is not whole yet begin. Those of plugins begin with no dot.
const UNFINISHED: &str = ".new-";

/// The folder of an installed plugin.
#[must_use]
pub fn installed(project: &Path, name: &PluginName) -> PathBuf {
    project.join(PLUGINS_FOLDER).join(name.as_str())
}

/// Writes a bundle into a project, in the place of another version if there is one. A component alone has to be [`with_manifest`].
///
/// # Errors
/// When it cannot be written. What was there before is there still.
pub fn install(project: &Path, bundle: &Bundle) -> Result<(), BundleError> {
    let target = installed(project, &bundle.manifest.name);
    write(&target, bundle)
        .map_err(|source| BundleError::new(&target, BundleProblem::Place { action: "write", source }))
}

/// Removes an installed plugin, and says whether there was one.
///
/// # Errors
/// When it cannot be removed.
pub fn remove(project: &Path, name: &PluginName) -> Result<bool, BundleError> {
    let folder = installed(project, name);
    match fs::remove_dir_all(&folder) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(source) => Err(BundleError::new(&folder, BundleProblem::Place { action: "remove", source })),
    }
}

/// Removes what others left half-written in a project when they were killed. Only for whoever is alone in changing its plugins; what does
/// not go away is in nobody's way.
pub fn tidy(project: &Path) {
    let Ok(entries) = fs::read_dir(project.join(PLUGINS_FOLDER)) else { return };
    for entry in entries.flatten() {
        if entry.file_name().as_encoded_bytes().starts_with(UNFINISHED.as_bytes()) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// Writes a file, such as a packed bundle, as a whole or not at all.
///
/// # Errors
/// What the system says.
pub fn write_file(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::Builder::new()
        .prefix(UNFINISHED)
        .permissions(fs::Permissions::from_mode(0o666))
        .tempfile_in(folder)?;
    file.write_all(bytes)?;
    file.persist(path).map(|_| ()).map_err(|error| error.error)
}

fn write(target: &Path, bundle: &Bundle) -> io::Result<()> {
    let parent = target.parent().unwrap_or(target);
    fs::create_dir_all(parent)?;
    let new = tempfile::Builder::new().prefix(UNFINISHED).tempdir_in(parent)?;
    let folder = new.path().join("bundle");
    fs::create_dir(&folder)?;
    fs::write(folder.join(MANIFEST), &bundle.manifest_bytes)?;
    if let Some(signature) = &bundle.signature {
        fs::write(folder.join(SIGNATURE), signature)?;
    }
    for (name, bytes) in &bundle.files {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap_or(&folder))?;
        fs::write(path, bytes)?;
    }
    // A folder cannot be renamed over another one: the old one steps aside, and comes back should the new one not get its place.
    let old = new.path().join("old");
    let had_old = match fs::rename(target, &old) {
        Ok(()) => true,
        Err(error) if error.kind() == io::ErrorKind::NotFound => false,
        Err(error) => return Err(error),
    };
    fs::rename(&folder, target).inspect_err(|_| {
        if had_old {
            // Nothing better can be done than to try.
            let _ = fs::rename(&old, target);
        }
    })
}

/// The bundle itself, or the one that a component alone becomes in a project, by whose digest it is known there: the same component makes
/// the same one each time.
#[must_use]
pub fn with_manifest(mut bundle: Bundle) -> Bundle {
    if bundle.origin != Origin::Component {
        return bundle;
    }
    bundle.manifest_bytes = pack::list_files(described(&bundle.manifest).as_bytes(), &bundle.files);
    bundle.manifest.files =
        Some(bundle.files.iter().map(|(name, bytes)| (name.clone(), Digest::of(bytes))).collect());
    bundle.digest = Digest::of(&bundle.manifest_bytes);
    bundle.origin = Origin::Packed;
    bundle
}

/// The manifest of a component alone, as text, without its files. An author's own text is never written anew.
fn described(manifest: &Manifest) -> String {
    let Manifest { name, version, role, wit, summary, license, .. } = manifest;
    format!(
        "format = 1\nname = \"{name}\"\nversion = \"{version}\"\nrole = \"{role}\"\nwit = \"{wit}\"\nsummary = \"{summary}\"\nlicense = \"{license}\"\n"
    )
}
