//! What a child has compiled within its limits: the code, and a note about it, so that the next load need start no child.
//!
//! The engine alone knows whether it will find code in its cache, and only tells by compiling where it does not; nothing bounds that. A note
//! is what makes it safe: it names a component and an engine that a child was done with, the entry that the child made, how long that is,
//! and the limits that were kept. Where entry and note are whole, the engine finds the code. Should the entry be spoilt without changing
//! its length, or vanish in that very moment, this process compiles something that is known to need no more than those limits.

use crate::digest::Digest;
use crate::limits::{Limit, Limits};
use crate::sandbox::cache_folder::{CacheFolder, CacheFolderError, UNFINISHED};
use serde_json::{Value, json};
use std::fs;
use std::hash::{Hash, Hasher};
use std::io::{self, Read, Write};
use std::path::{Component, Path, PathBuf};
use tempfile::{NamedTempFile, TempDir};
use wasmtime::Engine;

/// The folder of the notes.
const NOTES: &str = "notes";

/// The folder of the engine's cache. It is the cache's alone: whatever else lay there, the cache would take for litter and remove.
const CODE: &str = "code";

/// Where the engine's cache keeps its entries: `modules/<engine>/<entry>`.
const ENTRIES: &str = "modules";

/// A note is a line.
const NOTE_BYTES_MAX: u64 = 4_096;

/// The limits that a note tells.
const LIMITS: [Limit; 2] = [Limit::CompileTimeS, Limit::CompileMemoryMib];

/// The name of a component compiled by an engine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Key(String);

impl Key {
    /// `component` is the digest of its bytes: who reads a plugin has made that already, and another pass over a whole interpreter takes longer
    /// than everything else here.
    pub(super) fn new(engine: &Engine, component: Digest) -> Self {
        let mut hasher = Collector(component.to_string().into_bytes());
        engine.precompile_compatibility_hash().hash(&mut hasher);
        Self(Digest::of(&hasher.0).to_string())
    }
}

/// Keeps what it is fed, to be digested as a whole.
struct Collector(Vec<u8>);

impl Hasher for Collector {
    fn write(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    /// Nobody asks for it: all of the digest is wanted.
    fn finish(&self) -> u64 {
        0
    }
}

/// Whether a child was done with it under limits no wider than these, and the code is there.
pub(super) fn is_there(folder: &CacheFolder, key: &Key, limits: &Limits) -> bool {
    noted(folder.path(), key, limits).is_some()
}

fn noted(folder: &Path, key: &Key, limits: &Limits) -> Option<()> {
    let mut text = String::new();
    let note = fs::File::open(folder.join(NOTES).join(&key.0)).ok()?;
    note.take(NOTE_BYTES_MAX).read_to_string(&mut text).ok()?;
    let note: Value = serde_json::from_str(&text).ok()?;
    let kept = |limit: &Limit| note[limit.name()].as_u64().is_some_and(|kept| kept <= limits.value(*limit));
    let entry = Path::new(note["entry"].as_str()?);
    let is_inside = entry.components().all(|part| matches!(part, Component::Normal(_)));
    let metadata = folder.join(entry).symlink_metadata().ok()?;
    let is_whole = metadata.is_file() && Some(metadata.len()) == note["bytes"].as_u64();
    (LIMITS.iter().all(kept) && is_inside && is_whole).then_some(())
}

/// The folder in which the engine's cache lies.
pub(super) fn code(folder: &CacheFolder) -> PathBuf {
    folder.path().join(CODE)
}

/// A folder for a child to compile in.
pub(super) fn unfinished(folder: &CacheFolder) -> Result<TempDir, CacheFolderError> {
    let made = tempfile::Builder::new().prefix(UNFINISHED).tempdir_in(folder.path());
    made.map_err(|error| folder.io(error))
}

/// Takes over what a child made, and notes it.
pub(super) fn take_over(
    folder: &CacheFolder,
    made: &TempDir,
    key: &Key,
    limits: &Limits,
) -> Result<(), CacheFolderError> {
    let taken = entry(made.path()).and_then(|(entry, bytes)| {
        let inside = Path::new(CODE).join(&entry);
        let target = folder.path().join(&inside);
        target.parent().map_or(Ok(()), fs::create_dir_all)?;
        fs::rename(made.path().join(&entry), target)?;
        note(folder.path(), key, &inside, bytes, limits)
    });
    taken.map_err(|error| folder.io(error))
}

/// The one entry in a folder in which a child compiled, and its length.
fn entry(folder: &Path) -> io::Result<(PathBuf, u64)> {
    for engine in fs::read_dir(folder.join(ENTRIES))? {
        for entry in fs::read_dir(engine?.path())? {
            let path = entry?.path();
            // The engine's cache keeps statistics beside its entries, and they have an ending.
            if path.extension().is_none() && path.is_file() {
                let inside = path.strip_prefix(folder).map_err(io::Error::other)?;
                return Ok((inside.to_owned(), path.metadata()?.len()));
            }
        }
    }
    Err(io::Error::other("there is no compiled code"))
}

fn note(folder: &Path, key: &Key, entry: &Path, bytes: u64, limits: &Limits) -> io::Result<()> {
    let mut note = json!({"entry": entry.to_string_lossy(), "bytes": bytes});
    for limit in LIMITS {
        note[limit.name()] = limits.value(limit).into();
    }
    let notes = folder.join(NOTES);
    fs::create_dir_all(&notes)?;
    let mut file = NamedTempFile::new_in(&notes)?;
    writeln!(file, "{note}")?;
    file.persist(notes.join(&key.0))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limited(flag: &str) -> Limits {
        let mut limits = Limits::default();
        limits.set_flag(flag).unwrap();
        limits
    }

    #[test]
    fn a_note_holds_for_its_component_its_engine_and_its_limits() {
        let folder = CacheFolder::open(None).unwrap();
        let engine = Engine::default();
        let [key, other] = [b"one", b"two"].map(|wasm| Key::new(&engine, Digest::of(wasm)));
        assert_ne!(key, other);
        let made = unfinished(&folder).unwrap();
        fs::create_dir_all(made.path().join("modules/engine")).unwrap();
        fs::write(made.path().join("modules/engine/code"), "compiled").unwrap();
        fs::write(made.path().join("modules/engine/code.stats"), "").unwrap();
        assert!(!is_there(&folder, &key, &Limits::default()));
        take_over(&folder, &made, &key, &Limits::default()).unwrap();
        drop(made);

        assert!(is_there(&folder, &key, &Limits::default()));
        assert!(!is_there(&folder, &other, &Limits::default()));
        assert!(is_there(&folder, &key, &limited("compile_time_s=600")));
        assert!(!is_there(&folder, &key, &limited("compile_time_s=5")));
        assert!(!is_there(&folder, &key, &limited("compile_memory_mib=512")));

        let code = folder.path().join("code/modules/engine/code");
        for spoilt in ["compile", "compiled twice"] {
            fs::write(&code, spoilt).unwrap();
            assert!(!is_there(&folder, &key, &Limits::default()), "{spoilt}");
        }
        fs::remove_file(&code).unwrap();
        assert!(!is_there(&folder, &key, &Limits::default()));
    }

    #[test]
    fn a_note_that_is_none_counts_for_nothing() {
        let folder = CacheFolder::open(None).unwrap();
        let key = Key("key".to_owned());
        fs::create_dir(folder.path().join(NOTES)).unwrap();
        fs::write(folder.path().join("code"), "12345678").unwrap();
        let whole = r#"{"entry": "code", "bytes": 8, "compile_time_s": 60, "compile_memory_mib": 1024}"#;
        let cases = [
            (whole, true),
            ("", false),
            ("{}", false),
            ("[]", false),
            (r#"{"entry": "code", "bytes": 8}"#, false),
            (r#"{"entry": "code", "bytes": 8, "compile_time_s": "60", "compile_memory_mib": 1}"#, false),
            (r#"{"entry": "../code", "bytes": 8, "compile_time_s": 60, "compile_memory_mib": 1024}"#, false),
            (r#"{"entry": "notes", "bytes": 4096, "compile_time_s": 60, "compile_memory_mib": 1024}"#, false),
        ];
        for (text, expected) in cases {
            fs::write(folder.path().join(NOTES).join("key"), text).unwrap();
            assert_eq!(is_there(&folder, &key, &Limits::default()), expected, "{text}");
        }
    }
}
