//! The folder of compiled code. What lies in it is executed, so it has to be the user's own and nobody else's.
//!
//! Nothing authenticates an entry: whoever may write here may run code as the user. The owner and the mode of the folder are the
//! whole defence, which is why they are checked each time. Another process of the same user is not defended against.

use std::fs::{DirBuilder, File};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// How the name of a folder begins in which a child compiles.
pub(super) const UNFINISHED: &str = "unfinished-";

/// Why a folder cannot hold compiled code.
#[derive(Debug, thiserror::Error)]
pub enum CacheFolderError {
    /// It cannot be made or looked at.
    #[error("the compile cache `{path}` cannot be used: {source}")]
    Io {
        /// The folder.
        path: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// It is a file, or a link to somewhere.
    #[error("the compile cache `{0}` is not a folder")]
    NotAFolder(String),
    /// Somebody else could put another folder in its place.
    #[error("the compile cache `{path}` is not safe: others may change what `{parent}` holds")]
    Exposed {
        /// The folder.
        path: String,
        /// A folder that it is in.
        parent: String,
    },
    /// Somebody else owns it.
    #[error("the compile cache `{path}` belongs to user {owner}, not to you")]
    Foreign {
        /// The folder.
        path: String,
        /// The owner's number.
        owner: u32,
    },
    /// Others may look or write into it.
    #[error("the compile cache `{path}` is open to others (mode {mode:o})")]
    Open {
        /// The folder.
        path: String,
        /// Its permissions.
        mode: u32,
    },
}

impl CacheFolderError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::Io { .. } => "free some space, or choose another folder".to_owned(),
            Self::NotAFolder(path) | Self::Foreign { path, .. } => {
                format!("move `{path}` away; hsm makes a folder of its own")
            }
            Self::Exposed { .. } => {
                "choose a place that is yours alone with the variable XDG_CACHE_HOME".to_owned()
            }
            Self::Open { path, .. } => {
                format!(
                    "remove it (`rm -r {path}`): others may have written there, and what lies in it is executed"
                )
            }
        }
    }
}

/// A folder that is the user's own, or a temporary one that goes when this value does.
#[derive(Debug)]
pub(crate) struct CacheFolder {
    path: PathBuf,
    _temporary: Option<TempDir>,
}

impl CacheFolder {
    /// The folder at `path`, made if need be; without a path, a temporary one.
    pub(crate) fn open(path: Option<&Path>) -> Result<Self, CacheFolderError> {
        let Some(path) = path else { return Self::temporary() };
        let shown = path.display().to_string();
        let io = |source| CacheFolderError::Io { path: shown.clone(), source };
        let path = std::path::absolute(path).map_err(io)?;
        DirBuilder::new().recursive(true).mode(0o700).create(&path).map_err(io)?;
        check(&path)?;
        // Folders above it may be links. The place they lead to is what has to be safe, and what is used from here on.
        let path = path.canonicalize().map_err(io)?;
        check_parents(&path)?;
        Ok(Self { path, _temporary: None })
    }

    fn temporary() -> Result<Self, CacheFolderError> {
        let made = tempfile::Builder::new()
            .prefix("hsm-compiled-")
            .permissions(std::fs::Permissions::from_mode(0o700))
            .tempdir();
        let folder =
            made.map_err(|source| CacheFolderError::Io { path: "a temporary folder".to_owned(), source })?;
        Ok(Self { path: folder.path().to_owned(), _temporary: Some(folder) })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// That something in the folder cannot be read or written.
    pub(super) fn io(&self, source: std::io::Error) -> CacheFolderError {
        CacheFolderError::Io { path: self.path.display().to_string(), source }
    }

    /// Keeps other processes from compiling into the folder for as long as the file is open, and removes what killed ones left
    /// behind: an unfinished entry would block its plugin's place for ever. Where the file system has no locks, there is none.
    pub(crate) fn lock(&self) -> Result<File, CacheFolderError> {
        let file = File::create(self.path.join("lock")).map_err(|error| self.io(error))?;
        if file.lock().is_ok() {
            remove_unfinished(&self.path);
        }
        Ok(file)
    }
}

fn check(path: &Path) -> Result<(), CacheFolderError> {
    let shown = || path.display().to_string();
    let metadata =
        path.symlink_metadata().map_err(|source| CacheFolderError::Io { path: shown(), source })?;
    if !metadata.is_dir() {
        return Err(CacheFolderError::NotAFolder(shown()));
    }
    let owner = metadata.uid();
    if owner != rustix::process::geteuid().as_raw() {
        return Err(CacheFolderError::Foreign { path: shown(), owner });
    }
    let mode = metadata.mode() & 0o7777;
    if mode & 0o077 != 0 {
        return Err(CacheFolderError::Open { path: shown(), mode });
    }
    Ok(())
}

/// Nobody but the user and root may put another folder in the place of one above it. A folder with the sticky bit, such as `/tmp`, lets
/// others in without letting them do that; the user's own group is taken for the user.
fn check_parents(path: &Path) -> Result<(), CacheFolderError> {
    let (user, group) = (rustix::process::geteuid().as_raw(), rustix::process::getegid().as_raw());
    for parent in path.ancestors().skip(1) {
        let metadata = parent
            .metadata()
            .map_err(|source| CacheFolderError::Io { path: path.display().to_string(), source })?;
        let mode = metadata.mode();
        let is_sticky = mode & 0o1000 != 0;
        let is_open = mode & 0o002 != 0 || (mode & 0o020 != 0 && metadata.gid() != group);
        if ![0, user].contains(&metadata.uid()) || (is_open && !is_sticky) {
            return Err(CacheFolderError::Exposed {
                path: path.display().to_string(),
                parent: parent.display().to_string(),
            });
        }
    }
    Ok(())
}

/// Entries lie a few folders deep. What cannot be read or removed is left: at worst a plugin is compiled each time.
fn remove_unfinished(folder: &Path) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let Ok(kind) = entry.file_type() else { continue };
        if kind.is_dir() && entry.file_name().to_string_lossy().starts_with(UNFINISHED) {
            let _ = std::fs::remove_dir_all(entry.path());
        } else if kind.is_dir() {
            remove_unfinished(&entry.path());
        } else if entry.file_name().to_string_lossy().contains(".wip-atomic-write") {
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::Permissions;

    #[test]
    fn only_a_folder_of_ones_own_will_do() {
        let world = tempfile::tempdir().unwrap();
        let path = world.path().join("made/deep");
        let folder = CacheFolder::open(Some(&path)).unwrap();
        assert_eq!(path.metadata().unwrap().mode() & 0o7777, 0o700);
        drop(folder);
        assert!(path.exists());

        std::fs::set_permissions(&path, Permissions::from_mode(0o750)).unwrap();
        let error = CacheFolder::open(Some(&path)).unwrap_err();
        assert!(error.to_string().ends_with("is open to others (mode 750)"), "{error}");
        assert!(error.hint().starts_with("remove it"));

        std::fs::set_permissions(&path, Permissions::from_mode(0o700)).unwrap();
        let link = world.path().join("link");
        std::os::unix::fs::symlink(&path, &link).unwrap();
        let error = CacheFolder::open(Some(&link)).unwrap_err();
        assert!(matches!(error, CacheFolderError::NotAFolder(_)), "{error}");
    }

    #[test]
    fn a_temporary_folder_is_private_and_goes() {
        let folder = CacheFolder::open(None).unwrap();
        let path = folder.path().to_owned();
        assert_eq!(path.metadata().unwrap().mode() & 0o7777, 0o700);
        drop(folder);
        assert!(!path.exists());
    }

    #[test]
    fn what_a_killed_compiler_left_is_removed() {
        let folder = CacheFolder::open(None).unwrap();
        let deep = folder.path().join("modules/wasmtime");
        std::fs::create_dir_all(&deep).unwrap();
        std::fs::write(deep.join("abc"), "entry").unwrap();
        std::fs::write(deep.join("abc.wip-atomic-write-mod"), "half").unwrap();
        let unfinished = folder.path().join("unfinished-abc");
        std::fs::create_dir_all(unfinished.join("modules")).unwrap();
        let _lock = folder.lock().unwrap();
        assert!(deep.join("abc").exists());
        assert!(!deep.join("abc.wip-atomic-write-mod").exists() && !unfinished.exists());
    }
}
