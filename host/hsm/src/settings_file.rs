//! A settings file as it is changed: read once, replaced as a whole, and only while it is still what was read.

use crate::project;
use crate::report::{Exit, Problem};
use crate::trust;
use hsm_core::settings::EditError;
use std::fs::{self, File, Permissions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// A settings file that is to be changed.
#[derive(Debug)]
pub struct SettingsFile {
    path: PathBuf,
    text: String,
}

impl SettingsFile {
    /// Reads a file that there is.
    ///
    /// # Errors
    /// When it belongs to somebody who is not trusted, or cannot be read.
    pub fn open(path: &Path) -> Result<Self, Problem> {
        trust::check(path)?;
        Ok(Self { path: path.to_owned(), text: project::read(path)? })
    }

    /// Writes a file that must not be there yet, and the folder it is in.
    ///
    /// # Errors
    /// When it is there, or cannot be written.
    pub fn create(path: &Path, text: &str) -> Result<(), Problem> {
        let written = path.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| {
            let mut file = File::options().write(true).create_new(true).open(path)?;
            file.write_all(text.as_bytes())?;
            file.sync_all()
        });
        written.map_err(|error| Problem::file("write", path, &error))
    }

    /// What is in it.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Its path, for messages.
    pub fn shown(&self) -> String {
        self.path.display().to_string()
    }

    /// Puts another text in its place, at once and with the mode it has. Where the path is a symbolic link, the file that it leads to is
    /// replaced, and the link stays.
    ///
    /// # Errors
    /// When somebody else has changed the file since it was read, or it cannot be written.
    pub fn replace(&self, text: &str) -> Result<(), Problem> {
        match self.replaced(text) {
            Ok(true) => Ok(()),
            Ok(false) => {
                let message =
                    format!("the settings `{}` were changed by somebody else meanwhile", self.shown());
                Err(Problem::new(Exit::General, message).with_hint("the file is as they left it; try again"))
            }
            Err(error) => Err(Problem::file("write", &self.path, &error)),
        }
    }

    /// Whether the file was still what had been read.
    fn replaced(&self, text: &str) -> io::Result<bool> {
        let real = fs::canonicalize(&self.path)?;
        let folder = real.parent().ok_or(ErrorKind::InvalidInput)?;
        // Two commands at once wait for each other. Where a file system has no such locks, the comparison below is what there is.
        let lock = File::open(folder)?;
        let _locked = lock.lock();
        let metadata = fs::metadata(&real)?;
        let mut new = tempfile::Builder::new().prefix(".new-").tempfile_in(folder)?;
        new.write_all(text.as_bytes())?;
        new.as_file().set_permissions(Permissions::from_mode(metadata.mode() & 0o7777))?;
        // A group that works on a project together goes on doing so, where the system lets us.
        let _group = std::os::unix::fs::fchown(new.as_file(), None, Some(metadata.gid()));
        new.as_file().sync_all()?;
        if fs::read(&real)? != self.text.as_bytes() {
            return Ok(false);
        }
        new.persist(&real).map_err(|error| error.error)?;
        Ok(true)
    }
}

impl From<EditError> for Problem {
    fn from(error: EditError) -> Self {
        let message = error.to_string();
        match error {
            EditError::Unreadable(found) => found.into(),
            EditError::AlreadyThere(name) => {
                let hint = format!("`hsm remote remove {name}` first, or choose another name");
                Self::new(Exit::Configuration, message).with_hint(hint)
            }
            EditError::NotThere { hint, .. } => {
                let hint = hint.unwrap_or_else(|| "`hsm remote list` shows those there are".to_owned());
                Self::new(Exit::NotFound, message).with_hint(hint)
            }
            EditError::Shape(_) => Self::new(Exit::Configuration, message).with_hint(
                "change it by hand: aliases, merged maps and documents with an end are left alone",
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn a_file_is_replaced_where_it_is_with_its_mode() {
        let folder = tempfile::tempdir().unwrap();
        let (real, link) = (folder.path().join("real/config.yaml"), folder.path().join("link.yaml"));
        SettingsFile::create(&real, "a: 1\n").unwrap();
        fs::set_permissions(&real, Permissions::from_mode(0o640)).unwrap();
        symlink(&real, &link).unwrap();
        SettingsFile::open(&link).unwrap().replace("b: 2\n").unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read_to_string(&real).unwrap(), "b: 2\n");
        assert_eq!(fs::metadata(&real).unwrap().mode() & 0o7777, 0o640);
        assert_eq!(fs::read_dir(real.parent().unwrap()).unwrap().count(), 1);
    }

    #[test]
    fn what_somebody_else_wrote_meanwhile_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.yaml");
        SettingsFile::create(&path, "a: 1\n").unwrap();
        assert!(SettingsFile::create(&path, "other").is_err());
        let file = SettingsFile::open(&path).unwrap();
        fs::write(&path, "theirs: 1\n").unwrap();
        assert_eq!(file.replace("mine: 1\n").unwrap_err().exit, Exit::General);
        assert_eq!(fs::read_to_string(&path).unwrap(), "theirs: 1\n");
    }
}
