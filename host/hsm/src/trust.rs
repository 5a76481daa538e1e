//! Settings run commands as whoever reads them (a `pre_script`, an interpreter), so those that belong to somebody else are not used
//! until their reader says so. What was said is kept in the user's own folder, by the file's path and content: a file that changes has
//! to be trusted again.

use crate::environment;
use crate::report::{Exit, Problem};
use sha2::{Digest, Sha256};
use std::fs::{self, DirBuilder, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// The list of trusted files, below the home folder: a line each, digest and path.
const TRUSTED: &str = ".hsm/trusted";
/// The owner whose files everybody has to trust anyway.
const ROOT_UID: u32 = 0;

/// Makes sure that a settings file may be used.
///
/// # Errors
/// When it belongs to somebody else, and was not trusted as it is.
pub fn check(path: &Path) -> Result<(), Problem> {
    let metadata = fs::metadata(path).map_err(|error| Problem::file("read", path, &error))?;
    if is_own(metadata.uid(), rustix::process::geteuid().as_raw()) || is_trusted(path)? {
        return Ok(());
    }
    let message = format!(
        "the settings `{}` belong to another user (uid {}) and could run commands as you",
        path.display(),
        metadata.uid()
    );
    Err(Problem::new(Exit::Permission, message)
        .with_hint("read them, then say `hsm trust` to use them as they are now"))
}

/// Remembers that a file may be used as it is now.
///
/// # Errors
/// When it cannot be read, or the list cannot be written.
pub fn add(path: &Path) -> Result<(), Problem> {
    let line = entry(path)?;
    let list = list_path()?;
    if read_list(&list).lines().any(|known| known == line) {
        return Ok(());
    }
    let failed = |error| Problem::file("write", &list, &error);
    if let Some(folder) = list.parent() {
        DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(failed)?;
    }
    let mut file = OpenOptions::new().append(true).create(true).mode(0o600).open(&list).map_err(failed)?;
    file.write_all(format!("{line}\n").as_bytes()).map_err(failed)
}

fn is_own(owner: u32, me: u32) -> bool {
    owner == me || owner == ROOT_UID
}

fn is_trusted(path: &Path) -> Result<bool, Problem> {
    let list = list_path()?;
    // A list that others can write is no word of the user's.
    let own = fs::metadata(&list).is_ok_and(|metadata| {
        metadata.uid() == rustix::process::geteuid().as_raw() && metadata.mode() & 0o022 == 0
    });
    let line = entry(path)?;
    Ok(own && read_list(&list).lines().any(|known| known == line))
}

fn read_list(list: &Path) -> String {
    fs::read_to_string(list).unwrap_or_default()
}

fn list_path() -> Result<PathBuf, Problem> {
    environment::home().map(|home| home.join(TRUSTED)).ok_or_else(|| {
        Problem::new(Exit::Configuration, "there is no home folder to keep the list of trusted files in")
            .with_hint("set HOME")
    })
}

/// The line of a file: the digest of its content and its whole path.
fn entry(path: &Path) -> Result<String, Problem> {
    let failed = |error| Problem::file("read", path, &error);
    let whole = fs::canonicalize(path).map_err(failed)?;
    let digest = Sha256::digest(fs::read(&whole).map_err(failed)?);
    Ok(format!("{digest:x} {}", whole.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_files_and_those_of_root_are_used() {
        for (owner, me, expected) in
            [(1000, 1000, true), (0, 1000, true), (1001, 1000, false), (1000, 0, false)]
        {
            assert_eq!(is_own(owner, me), expected, "{owner} read by {me}");
        }
    }

    #[test]
    fn an_entry_changes_with_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.yaml");
        fs::write(&path, "a").unwrap();
        let before = entry(&path).unwrap();
        fs::write(&path, "b").unwrap();
        assert_ne!(entry(&path).unwrap(), before);
    }
}
