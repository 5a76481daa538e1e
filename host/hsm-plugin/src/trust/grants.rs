//! `~/.hsm/grants.toml`: which commands a user lets scheduler plugins have run. By digest, so that a grant is for exactly the files that
//! were looked at, and in the user's own folder, where no repository can bring one along.

use super::error::TrustError;
use super::files::{self, Owned, shown};
use super::turn;
use crate::bundle::{Bundle, PluginName};
use crate::digest::Digest;
use crate::toml_file::TomlFile;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::path::Path;

/// The format of grants that this version reads and writes.
const FORMAT: u64 = 1;
/// The grants, below the user's folder.
const GRANTS_FILE: &str = "grants.toml";
/// What is locked while they are changed, below the user's folder.
const TURN_FILE: &str = ".grants.lock";
/// What stands at the top of the file.
const HEADING: &str = "\
# Commands that plugins may have run as you: written by `hsm plugin add`, taken back by `hsm plugin revoke`.
";

/// What was granted to one plugin, as it was then.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grant {
    /// The plugin's digest.
    pub digest: Digest,
    /// Its name, for people.
    pub name: PluginName,
    /// Its version, for people.
    pub version: String,
    /// The commands it may have run.
    pub commands: BTreeSet<String>,
}

/// Everything that a user granted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Grants(Vec<Grant>);

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    format: u64,
    #[serde(default)]
    grant: Vec<Grant>,
}

impl Grants {
    /// The grants in the user's folder (`~/.hsm`); none where there is no file.
    ///
    /// # Errors
    /// When somebody else could have written them, or they make no sense.
    pub fn read(user_folder: &Path) -> Result<Self, TrustError> {
        let owned = Owned::By(rustix::process::geteuid().as_raw());
        let path = user_folder.join(GRANTS_FILE);
        let Some(bytes) = files::read(&path, owned)? else { return Ok(Self::default()) };
        // Who has granted nothing is not held to anything; whoever has, to a folder that nobody else can put a file into.
        files::check_folder(user_folder, owned)?;
        let name = shown(&path);
        let written = TomlFile::new(&name, &bytes).and_then(|file| file.parse::<Written>(FORMAT));
        written.map(|written| Self(written.grant)).map_err(TrustError::Content)
    }

    /// Changes the grants in the user's folder while nobody else does.
    ///
    /// # Errors
    /// When another one takes too long, or they cannot be read or written.
    pub fn change<T>(user_folder: &Path, change: impl FnOnce(&mut Self) -> T) -> Result<T, TrustError> {
        let _turn = turn::take(&user_folder.join(TURN_FILE), 0o700)?;
        let mut grants = Self::read(user_folder)?;
        let changed = change(&mut grants);
        grants.write(user_folder)?;
        Ok(changed)
    }

    /// Writes them into the user's folder, for the user's eyes only.
    fn write(&self, user_folder: &Path) -> Result<(), TrustError> {
        files::check_folder(user_folder, Owned::By(rustix::process::geteuid().as_raw()))?;
        let written = Written { format: FORMAT, grant: self.0.clone() };
        // Plain strings and numbers always have a text.
        let text = format!("{HEADING}{}", toml::to_string(&written).unwrap_or_default());
        files::write(&user_folder.join(GRANTS_FILE), &text, 0o700, 0o600)
    }

    /// What was granted to exactly this bundle.
    #[must_use]
    pub fn of(&self, digest: Digest) -> Option<&Grant> {
        self.0.iter().find(|grant| grant.digest == digest)
    }

    /// What was granted last to a plugin of this name, in whatever version.
    #[must_use]
    pub fn last_of(&self, name: &PluginName) -> Option<&Grant> {
        self.0.iter().rev().find(|grant| grant.name == *name)
    }

    /// The names of all plugins that something was granted to.
    pub fn names(&self) -> impl Iterator<Item = &PluginName> {
        self.0.iter().map(|grant| &grant.name)
    }

    /// Takes back whatever was granted to plugins of this name, in every version, and gives it.
    pub fn revoke(&mut self, name: &PluginName) -> Vec<Grant> {
        self.0.extract_if(.., |grant| grant.name == *name).collect()
    }

    /// Grants a bundle these commands, in the place of what was granted to it before.
    pub fn set(&mut self, bundle: &Bundle, commands: BTreeSet<String>) {
        self.0.retain(|grant| grant.digest != bundle.digest);
        self.0.push(Grant {
            digest: bundle.digest,
            name: bundle.manifest.name.clone(),
            version: bundle.manifest.version.to_string(),
            commands,
        });
    }
}

#[cfg(test)]
mod tests;
