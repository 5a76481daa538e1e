//! `.hsm/plugins.lock` of a project: which version, digest and signer the name of a plugin stands for, for everybody who works in it. It
//! pins, and it grants nothing: a cloned repository brings a lock, and no consent.

use super::error::TrustError;
use super::files::{self, Owned, shown};
use super::keys::KeyId;
use super::signature::Signer;
use super::turn;
use crate::bundle::{Bundle, PluginName};
use crate::digest::Digest;
use crate::inspect::Role;
use crate::toml_file::TomlFile;
use hsm_core::diagnostic::Diagnostic;
use semver::Version;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;
use toml::Spanned;

/// The format of locks that this version reads and writes.
const FORMAT: u64 = 1;
/// The lock, below the project's folder.
const LOCK_FILE: &str = ".hsm/plugins.lock";
/// What is locked while a project's plugins are changed, below its folder.
const TURN_FILE: &str = ".hsm/plugins/.lock";
/// What stands at the top of every lock.
const HEADING: &str = "\
# Which plugins this project uses: written by `hsm plugin add` and `hsm plugin remove`, and not to be edited.
# Keep it under version control. It says what a plugin has to be; it allows nothing.
";

/// What a name stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LockEntry {
    /// The plugin's name.
    pub name: PluginName,
    /// Its version.
    pub version: Version,
    /// Its role.
    pub role: Role,
    /// Its digest.
    pub digest: Digest,
    /// Whose signature it has, if any.
    pub signer: Option<KeyId>,
}

impl LockEntry {
    /// The entry for a bundle with this signer.
    #[must_use]
    pub fn new(bundle: &Bundle, signer: Option<&Signer>) -> Self {
        Self {
            name: bundle.manifest.name.clone(),
            version: bundle.manifest.version.clone(),
            role: bundle.manifest.role,
            digest: bundle.digest,
            signer: signer.map(|signer| signer.id),
        }
    }
}

/// The plugins of a project.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lock(BTreeMap<PluginName, LockEntry>);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    #[serde(rename = "format")]
    _format: u64,
    #[serde(default)]
    plugin: Vec<RawEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawEntry {
    name: Spanned<PluginName>,
    version: Spanned<String>,
    role: Role,
    digest: Digest,
    signer: Option<KeyId>,
}

#[derive(Serialize)]
struct Written {
    format: u64,
    plugin: Vec<WrittenEntry>,
}

#[derive(Serialize)]
struct WrittenEntry {
    name: PluginName,
    version: String,
    role: Role,
    digest: Digest,
    #[serde(skip_serializing_if = "Option::is_none")]
    signer: Option<KeyId>,
}

impl Lock {
    /// The lock of a project; an empty one where there is none.
    ///
    /// # Errors
    /// When it cannot be read or makes no sense, with the place.
    pub fn read(project: &Path) -> Result<Self, TrustError> {
        let path = project.join(LOCK_FILE);
        match files::read(&path, Owned::ByAnybody)? {
            Some(bytes) => Self::parse(&bytes, &shown(&path)).map_err(TrustError::Content),
            None => Ok(Self::default()),
        }
    }

    /// Changes the lock of a project, and whatever else of its plugins `change` changes, while nobody else does. It is written if `change`
    /// gives no error and made a difference.
    ///
    /// # Errors
    /// What `change` gives; when another one takes too long; when the lock cannot be read or written.
    pub fn change<T, E: From<TrustError>>(
        project: &Path,
        change: impl FnOnce(&mut Self) -> Result<T, E>,
    ) -> Result<T, E> {
        let _turn = turn::take(&project.join(TURN_FILE), 0o777)?;
        let before = Self::read(project)?;
        let mut lock = before.clone();
        let changed = change(&mut lock)?;
        if lock != before {
            lock.write(project)?;
        }
        Ok(changed)
    }

    /// Writes the lock of a project, as a whole or not at all.
    fn write(&self, project: &Path) -> Result<(), TrustError> {
        files::write(&project.join(LOCK_FILE), &self.text(), 0o777, 0o666)
    }

    /// What a name stands for.
    #[must_use]
    pub fn entry(&self, name: &PluginName) -> Option<&LockEntry> {
        self.0.get(name)
    }

    /// All entries, by name.
    pub fn entries(&self) -> impl Iterator<Item = &LockEntry> {
        self.0.values()
    }

    /// Puts an entry into its place.
    pub fn set(&mut self, entry: LockEntry) {
        self.0.insert(entry.name.clone(), entry);
    }

    /// Takes an entry out, and says whether there was one.
    pub fn remove(&mut self, name: &PluginName) -> bool {
        self.0.remove(name).is_some()
    }

    fn parse(bytes: &[u8], name: &str) -> Result<Self, Diagnostic> {
        let file = TomlFile::new(name, bytes)?;
        let hint =
            || Some("bring back the lock as it was, or remove the entry and add the plugin again".to_owned());
        let raw: Raw = file
            .parse(FORMAT)
            .map_err(|error| Diagnostic { hint: error.hint.clone().or_else(hint), ..error })?;
        let mut lock = Self::default();
        for entry in raw.plugin {
            let version = Version::parse(entry.version.get_ref())
                .map_err(|_| file.error(entry.version.span(), "this is no semantic version", hint()))?;
            let RawEntry { role, digest, signer, .. } = entry;
            let place = entry.name.span();
            let name = entry.name.into_inner();
            if lock.entry(&name).is_some() {
                return Err(file.error(place, format!("the plugin `{name}` is locked twice"), hint()));
            }
            lock.set(LockEntry { name, version, role, digest, signer });
        }
        Ok(lock)
    }

    fn text(&self) -> String {
        let entries = self.0.values().cloned().map(|LockEntry { name, version, role, digest, signer }| {
            WrittenEntry { name, version: version.to_string(), role, digest, signer }
        });
        let written = Written { format: FORMAT, plugin: entries.collect() };
        // Plain strings and numbers always have a text.
        format!("{HEADING}{}", toml::to_string(&written).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests;
