//! The project's code on its way: a snapshot is brought over once, whoever needs it, under a name that says what is in it.

use super::sweep::SshMachine;
use hsm_core::command::Launch;
use hsm_core::roles::{Blame, Failure};
use sha2::{Digest as _, Sha256};
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

impl SshMachine {
    /// Where the code of `launch` is over there once it was brought.
    pub(crate) fn code_place(&mut self, launch: &Launch, project: &Path) -> Result<PathBuf, Failure> {
        let snapshot = &launch.project_root;
        if !snapshot.starts_with(self.here_root()) {
            let message =
                format!("tasks on `{}` need a snapshot of the project's code", self.link().target().name);
            return Err(Failure::new(Blame::Config, "no-snapshot", message)
                .with_hint("leave `--no-snapshot` out: the project itself is on this machine alone"));
        }
        let digest = digest(snapshot, &self.remote().filters()).map_err(|error| {
            let message = format!("could not read the snapshot `{}`: {error}", snapshot.display());
            Failure::new(Blame::Transient, "files", message)
        })?;
        Ok(project.join("code").join(digest))
    }

    /// Brings the snapshot that `launch` runs in over, unless it is there; the launch as it is over there.
    pub(crate) fn push_code(&mut self, launch: &Launch) -> Result<Launch, Failure> {
        let project = self.there()?.project;
        let there = self.code_place(launch, &project)?;
        let digest = there.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let (project, of) = (project.display().to_string(), self.marker());
        let reply =
            self.link().have("make a folder for the code", &["hsm_code", &project, &digest, &of], &[])?;
        if reply.output != b"there\n" {
            let to = format!("{project}/code/new-{digest}");
            let (same, filters) = (newest(&reply.output), self.remote().filters());
            self.link().push(&launch.project_root, &to, same.as_deref(), &filters)?;
            self.link().have("keep the code", &["hsm_code_done", &project, &digest], &[])?;
        }
        self.launch_in(launch, there)
    }
}

/// The snapshot over there that was brought last, whatever sweep it was for: the next one shares files with it.
fn newest(answer: &[u8]) -> Option<String> {
    let name = std::str::from_utf8(answer).ok()?.strip_prefix("newest ")?.trim_end();
    let is_digest = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_digest.then(|| name.to_owned())
}

/// What tells a folder from any other with different content: names, modes, targets of links and bytes, and what of it is left out. Times are
/// no content.
fn digest(folder: &Path, filters: &[String]) -> io::Result<String> {
    let mut hasher = Sha256::new();
    for filter in filters {
        hasher.update(format!("{filter}\0"));
    }
    add(folder, Path::new(""), &mut hasher)?;
    Ok(hasher.finalize()[..16].iter().map(|byte| format!("{byte:02x}")).collect())
}

fn add(root: &Path, inside: &Path, hasher: &mut Sha256) -> io::Result<()> {
    let mut names = fs::read_dir(root.join(inside))?
        .map(|entry| entry.map(|entry| entry.file_name()))
        .collect::<io::Result<Vec<_>>>()?;
    names.sort();
    for name in names {
        let inside = inside.join(name);
        let path = root.join(&inside);
        let facts = fs::symlink_metadata(&path)?;
        hasher.update(inside.as_os_str().as_bytes());
        hasher.update(format!("\0{:o} {}\0", facts.mode(), if facts.is_file() { facts.len() } else { 0 }));
        if facts.is_dir() {
            add(root, &inside, hasher)?;
        } else if facts.is_symlink() {
            hasher.update(fs::read_link(&path)?.as_os_str().as_bytes());
        } else if facts.is_file() {
            let mut file = File::open(&path)?;
            let mut buffer = vec![0; 64 << 10];
            loop {
                match file.read(&mut buffer)? {
                    0 => break,
                    read => hasher.update(&buffer[..read]),
                }
            }
        }
    }
    Ok(())
}
