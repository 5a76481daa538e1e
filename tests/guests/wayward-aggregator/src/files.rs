//! What one can try with a file. Each ends in a line that says how it went, so that a test sees it through `hsm collect`.

use serde::Deserialize;
use std::fs::{self, File};
use std::io::{self, Read, Write};

/// Something done to a file.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Deed {
    /// Reads it, at most its first hundred bytes.
    Read,
    /// Reads all of it into memory.
    ReadAll,
    /// Lists it.
    List,
    /// Asks what it is.
    Look,
    /// Asks when it was written.
    Age,
    /// Overwrites it.
    Write,
    /// Appends to it.
    Append,
    /// Creates it.
    Create,
    /// Cuts it to nothing.
    Truncate,
    /// Removes it.
    Remove,
    /// Makes a folder of that name.
    MakeFolder,
    /// Moves it to `to`.
    Rename,
    /// Makes a hard link to it at `to`.
    HardLink,
    /// Makes a symbolic link to it at `to`.
    SymbolicLink,
    /// Changes when it was written.
    Touch,
    /// Opens it `amount` times without closing it.
    OpenOften,
}

impl Deed {
    /// Does it, and says how it went.
    pub(crate) fn carry_out(self, path: &str, to: &str, amount: usize) -> String {
        match self.attempt(path, to, amount) {
            Ok(seen) => format!("done: {seen}"),
            Err(error) => format!("refused: {error}"),
        }
    }

    fn attempt(self, path: &str, to: &str, amount: usize) -> io::Result<String> {
        let done = |()| String::new();
        let mut options = File::options();
        match self {
            Self::Read => {
                let mut text = Vec::new();
                File::open(path)?.take(100).read_to_end(&mut text)?;
                Ok(String::from_utf8_lossy(&text).into_owned())
            }
            Self::ReadAll => fs::read(path).map(|bytes| format!("{} bytes", bytes.len())),
            Self::List => {
                let names = fs::read_dir(path)?.map(|entry| entry.map(|entry| entry.file_name()));
                let mut names: Vec<_> = names.collect::<io::Result<_>>()?;
                names.sort();
                Ok(format!("{names:?}"))
            }
            Self::Look => fs::metadata(path).map(|metadata| format!("{} bytes", metadata.len())),
            Self::Age => {
                let age = fs::metadata(path)?.modified()?.duration_since(std::time::UNIX_EPOCH);
                Ok(format!("{} s", age.map_or(0, |age| age.as_secs())))
            }
            Self::Write => fs::write(path, "wayward").map(done),
            Self::Append => options.append(true).open(path)?.write_all(b"wayward").map(done),
            Self::Create => File::create_new(path).map(drop).map(done),
            Self::Truncate => options.write(true).open(path)?.set_len(0).map(done),
            Self::Remove => fs::remove_file(path).map(done),
            Self::MakeFolder => fs::create_dir(path).map(done),
            Self::Rename => fs::rename(path, to).map(done),
            Self::HardLink => fs::hard_link(path, to).map(done),
            Self::SymbolicLink => symbolic_link(path, to).map(done),
            Self::Touch => File::open(path)?.set_modified(std::time::UNIX_EPOCH).map(done),
            Self::OpenOften => {
                let files: io::Result<Vec<File>> = (0..amount).map(|_| File::open(path)).collect();
                files.map(|files| format!("{} open", files.len()))
            }
        }
    }
}

#[cfg(target_os = "wasi")]
#[expect(deprecated, reason = "the way that is not is unstable on this target")]
fn symbolic_link(path: &str, to: &str) -> io::Result<()> {
    fs::soft_link(path, to)
}

#[cfg(not(target_os = "wasi"))]
fn symbolic_link(path: &str, to: &str) -> io::Result<()> {
    std::os::unix::fs::symlink(path, to)
}
