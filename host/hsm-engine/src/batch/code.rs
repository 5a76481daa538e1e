//! Code: a snapshot of the project for a sweep, so that editing it never changes tasks that wait.
//!
//! Files are copied (a file system that can shares their blocks), made read-only, and hard-linked where the snapshot of another sweep has
//! the very same ones. What is not code is no part of it: large folders at the project's root are links to the real ones, and the
//! folder of the sweeps is left out.

use crate::error::{Error, ErrorKind, Result};
use serde::{Deserialize, Serialize};
use std::fs::{self, File, Metadata, Permissions};
use std::io;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

/// A snapshot is no larger unless somebody says so: code is some megabytes, and whatever is more is data.
const BYTES_MAX: u64 = 512 << 20;
const FILES_MAX: u64 = 50_000;
/// How many of the largest folders an error names.
const LARGEST_NAMED: usize = 3;
/// Entries of the project's root that are no code: the snapshot has links to them.
const LINKED: [&str; 12] = [
    ".git",
    ".venv",
    "venv",
    "env",
    "node_modules",
    "wandb",
    "outputs",
    "multirun",
    "mlruns",
    "data",
    "datasets",
    "checkpoints",
];
/// Names that are no code wherever they are, and are left out.
const LEFT_OUT: [&str; 5] = ["__pycache__", ".mypy_cache", ".pytest_cache", ".ruff_cache", ".hsm"];

/// Those of them that tasks may want: on another machine the links lead nowhere.
const DATA: [&str; 3] = ["data", "datasets", "checkpoints"];

/// How a sweep's code is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodeOptions {
    /// Whether there is a snapshot; without one, tasks run whatever is in the project when they start.
    pub snapshot: bool,
    /// Paths below the project's root that are links to the real ones, beside the usual ones.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub links: Vec<PathBuf>,
}

impl Default for CodeOptions {
    fn default() -> Self {
        Self { snapshot: true, links: Vec::new() }
    }
}

/// What a snapshot came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Kept {
    pub(crate) files: u64,
    /// How many of them are the same files as in another snapshot.
    pub(crate) shared: u64,
}

/// What tasks may want of `project`, and is no part of its snapshot.
pub(crate) fn data(project: &Path, options: &CodeOptions) -> Vec<String> {
    let usual = DATA.iter().map(|name| (*name).to_owned());
    let named = options.links.iter().map(|link| link.display().to_string());
    usual.chain(named).filter(|name| project.join(name).exists()).collect()
}

/// Makes the snapshot of `project` in `to`, which must not exist. `leave_out` is the folder of the sweeps; `earlier` another snapshot.
pub(crate) fn snapshot(
    project: &Path,
    leave_out: &Path,
    to: &Path,
    earlier: Option<&Path>,
    options: &CodeOptions,
) -> Result<Kept> {
    let mut copy = Copy { project, leave_out, earlier, options, bytes: 0, kept: Kept::default() };
    copy.weigh()?;
    copy.folder(project, to)?;
    Ok(copy.kept)
}

struct Copy<'a> {
    project: &'a Path,
    leave_out: &'a Path,
    earlier: Option<&'a Path>,
    options: &'a CodeOptions,
    bytes: u64,
    kept: Kept,
}

/// What becomes of one entry of the project.
enum Treatment {
    LeftOut,
    Linked,
    Kept,
}

impl Copy<'_> {
    fn treatment(&self, path: &Path) -> Treatment {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let inside = path.strip_prefix(self.project).unwrap_or(path);
        let at_root = inside.components().count() == 1;
        if path == self.leave_out || LEFT_OUT.contains(&name) {
            Treatment::LeftOut
        } else if (at_root && LINKED.contains(&name)) || self.options.links.iter().any(|link| link == inside)
        {
            Treatment::Linked
        } else {
            Treatment::Kept
        }
    }

    /// Refuses what is too large to be code, before anything is copied.
    fn weigh(&mut self) -> Result<()> {
        let mut folders = Vec::new();
        for path in entries(self.project)? {
            let before = self.bytes;
            self.weigh_entry(&path)?;
            folders.push((self.bytes - before, path));
        }
        if self.bytes <= BYTES_MAX && self.kept.files <= FILES_MAX {
            self.kept = Kept::default();
            return Ok(());
        }
        folders.sort_by_key(|(bytes, _)| std::cmp::Reverse(*bytes));
        let named: Vec<String> = folders
            .iter()
            .take(LARGEST_NAMED)
            .map(|(bytes, path)| format!("`{}` ({} MiB)", relative(path, self.project), bytes >> 20))
            .collect();
        let message = format!(
            "the project `{}` is too large for a snapshot of its code: {} files and {} MiB; the largest are {}",
            self.project.display(),
            self.kept.files,
            self.bytes >> 20,
            named.join(", ")
        );
        Err(Error::new(ErrorKind::Configuration, message).with_hint(
            "`--link FOLDER` has tasks use the real folder instead of a copy, `--no-snapshot` the whole project",
        ))
    }

    fn weigh_entry(&mut self, path: &Path) -> Result<()> {
        if !matches!(self.treatment(path), Treatment::Kept) {
            return Ok(());
        }
        let about = about(path)?;
        if about.is_dir() {
            for path in entries(path)? {
                self.weigh_entry(&path)?;
            }
        } else if about.is_file() {
            self.kept.files += 1;
            self.bytes += about.len();
        }
        Ok(())
    }

    fn folder(&mut self, from: &Path, to: &Path) -> Result<()> {
        fs::create_dir(to).map_err(|error| Error::io("create the folder", to, error))?;
        for path in entries(from)? {
            let target = to.join(path.file_name().unwrap_or_default());
            match self.treatment(&path) {
                Treatment::LeftOut => {}
                Treatment::Linked => link(&path, &target)?,
                Treatment::Kept => self.entry(&path, &target)?,
            }
        }
        Ok(())
    }

    fn entry(&mut self, from: &Path, to: &Path) -> Result<()> {
        let about = about(from)?;
        if about.is_dir() {
            return self.folder(from, to);
        }
        if about.is_symlink() {
            let target = fs::read_link(from).map_err(|error| Error::io("read the link", from, error))?;
            return link(&target, to);
        }
        // Sockets, pipes and devices are no code.
        if about.is_file() {
            self.file(from, &about, to)?;
        }
        Ok(())
    }

    fn file(&mut self, from: &Path, about: &Metadata, to: &Path) -> Result<()> {
        self.kept.files += 1;
        let inside = from.strip_prefix(self.project).unwrap_or(from);
        if let Some(same) = self.earlier.map(|earlier| earlier.join(inside))
            && fs::symlink_metadata(&same).is_ok_and(|same| is_same(&same, about))
            && fs::hard_link(&same, to).is_ok()
        {
            self.kept.shared += 1;
            return Ok(());
        }
        copy_read_only(from, about, to).map_err(|error| Error::io("copy", from, error))
    }
}

/// Whether a file of a snapshot is that of the project as it is now.
fn is_same(kept: &Metadata, now: &Metadata) -> bool {
    kept.is_file()
        && (kept.len(), kept.mtime(), kept.mtime_nsec()) == (now.len(), now.mtime(), now.mtime_nsec())
        && kept.mode() & 0o777 == now.mode() & 0o555
}

fn copy_read_only(from: &Path, about: &Metadata, to: &Path) -> io::Result<()> {
    fs::copy(from, to)?;
    fs::set_permissions(to, Permissions::from_mode(0o600))?;
    File::options().write(true).open(to)?.set_modified(about.modified()?)?;
    fs::set_permissions(to, Permissions::from_mode(about.mode() & 0o555))
}

fn link(target: &Path, at: &Path) -> Result<()> {
    symlink(target, at).map_err(|error| Error::io("create the link", at, error))
}

fn about(path: &Path) -> Result<Metadata> {
    fs::symlink_metadata(path).map_err(|error| Error::io("look at", path, error))
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>> {
    let wrong = |error| Error::io("list the folder", folder, error);
    let mut paths = fs::read_dir(folder)
        .map_err(wrong)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<io::Result<Vec<PathBuf>>>()
        .map_err(wrong)?;
    paths.sort();
    Ok(paths)
}

fn relative(path: &Path, root: &Path) -> String {
    path.strip_prefix(root).unwrap_or(path).display().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn project() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (path, text) in [
            ("train.py", "print(1)"),
            ("src/model.py", "x = 1"),
            ("src/wandb/config.yaml", "a: 1"),
            ("wandb/run.log", "log"),
            ("src/__pycache__/model.pyc", "old"),
            ("sweeps/outputs/s/plan.jsonl", ""),
        ] {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        folder
    }

    fn keep(project: &Path, to: &Path, earlier: Option<&Path>) -> Result<Kept> {
        snapshot(project, &project.join("sweeps/outputs"), to, earlier, &CodeOptions::default())
    }

    #[test]
    fn code_is_kept_and_nothing_else_copied() {
        let project = project();
        let to = project.path().join("sweeps/outputs/s/code");
        let kept = keep(project.path(), &to, None).unwrap();
        assert_eq!(kept, Kept { files: 3, shared: 0 });
        fs::write(project.path().join("src/model.py"), "x = 2").unwrap();
        assert_eq!(fs::read_to_string(to.join("src/model.py")).unwrap(), "x = 1");
        assert!(to.join("src/wandb/config.yaml").is_file(), "only the folder at the root is no code");
        assert_eq!(fs::read_link(to.join("wandb")).unwrap(), project.path().join("wandb"));
        assert!(!to.join("src/__pycache__").exists() && !to.join("sweeps/outputs").exists());
        assert!(fs::metadata(to.join("train.py")).unwrap().permissions().readonly());
    }

    #[test]
    fn data_that_stays_behind_is_named() {
        let project = project();
        fs::create_dir(project.path().join("data")).unwrap();
        let options = CodeOptions { links: vec!["src".into(), "gone".into()], ..CodeOptions::default() };
        assert_eq!(data(project.path(), &options), ["data", "src"]);
    }

    #[test]
    fn a_second_snapshot_shares_what_is_the_same() {
        let project = project();
        let outputs = project.path().join("sweeps/outputs");
        let first = outputs.join("s/code");
        keep(project.path(), &first, None).unwrap();
        fs::write(project.path().join("train.py"), "print(22)").unwrap();
        let second = outputs.join("s/code-2");
        assert_eq!(keep(project.path(), &second, Some(&first)).unwrap(), Kept { files: 3, shared: 2 });
        assert_eq!(fs::read_to_string(first.join("train.py")).unwrap(), "print(1)");
        assert_eq!(fs::read_to_string(second.join("train.py")).unwrap(), "print(22)");
    }

    #[test]
    fn what_is_too_large_is_named() {
        let project = project();
        fs::create_dir(project.path().join("models")).unwrap();
        File::create(project.path().join("models/big")).unwrap().set_len(BYTES_MAX + 1).unwrap();
        let error = keep(project.path(), &project.path().join("code"), None).unwrap_err();
        assert!(error.to_string().contains("the largest are `models` (512 MiB), "), "{error}");
        assert!(!project.path().join("code").exists());
    }
}
