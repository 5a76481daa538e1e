//! The site's policy: what has to be signed and by whom, ceilings on what any plugin gets, and how often schedulers are asked. It protects
//! users from plugins, and not the site from its users: whoever may make a user namespace sees any `/etc` they like.

use super::error::TrustError;
use super::files::{self, Owned, shown};
use super::keys::KeyId;
use super::site::Site;
use crate::inspect::Role;
use crate::limits::{Limit, Limits};
use crate::toml_file::TomlFile;
use hsm_core::diagnostic::Diagnostic;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use toml::Spanned;

/// The format of policies that this version reads.
const FORMAT: u64 = 1;
/// The policy, below the site's folder.
const POLICY_FILE: &str = "policy.toml";

/// What the site says. Without a policy it says nothing, and allows everything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Where it is, fit to show; none where there is no policy.
    pub path: Option<String>,
    /// The roles whose plugins have to be signed.
    pub required: BTreeSet<Role>,
    /// Which of the site's keys count where a signature is required; without it, all of them.
    pub keys: Option<BTreeSet<KeyId>>,
    /// Whether the user's own keys count there too.
    pub user_keys: bool,
    /// The most that a plugin gets, whoever asks for it.
    pub ceilings: BTreeMap<Limit, u64>,
    /// Whether aggregators may read the folders of tasks.
    pub read_results: bool,
    /// The commands that scheduler plugins may have run; without it, any that their users grant.
    pub commands: Option<BTreeSet<String>>,
    /// The shortest time between two looks at a scheduler, in seconds.
    pub poll_interval_s: Option<u32>,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            path: None,
            required: BTreeSet::new(),
            keys: None,
            user_keys: false,
            ceilings: BTreeMap::new(),
            read_results: true,
            commands: None,
            poll_interval_s: None,
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    #[serde(rename = "format")]
    _format: u64,
    #[serde(default)]
    signatures: RawSignatures,
    #[serde(default)]
    limits: BTreeMap<Spanned<String>, Spanned<u64>>,
    #[serde(default)]
    capabilities: RawCapabilities,
    #[serde(default)]
    commands: RawCommands,
    #[serde(default)]
    scheduler: RawScheduler,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct RawSignatures {
    #[serde(default)]
    required: BTreeSet<Role>,
    keys: Option<BTreeSet<KeyId>>,
    #[serde(default)]
    user_keys: bool,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct RawCapabilities {
    read_results: Option<bool>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawCommands {
    allowed: Option<BTreeSet<String>>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawScheduler {
    poll_interval_s: Option<u32>,
}

impl Policy {
    /// The policy of a site, or none where there is no file.
    ///
    /// # Errors
    /// When the file or its folder could have been written by others than the owner, or it says what cannot be understood.
    pub fn read(site: &Site) -> Result<Self, TrustError> {
        let owned = Owned::By(site.owner);
        if !files::check_folder(&site.root, owned)? {
            return Ok(Self::default());
        }
        let path = site.root.join(POLICY_FILE);
        match files::read(&path, owned)? {
            Some(bytes) => Self::parse(&bytes, &shown(&path)).map_err(TrustError::Content),
            None => Ok(Self::default()),
        }
    }

    fn parse(bytes: &[u8], name: &str) -> Result<Self, Diagnostic> {
        let file = TomlFile::new(name, bytes)?;
        let raw: Raw = file.parse(FORMAT)?;
        let mut ceilings = BTreeMap::new();
        for (name, value) in raw.limits {
            let limit = Limit::named(name.get_ref())
                .map_err(|error| file.error(name.span(), error.to_string(), None))?;
            Limits::default()
                .set_ceiling(limit, *value.get_ref())
                .map_err(|error| file.error(value.span(), error.to_string(), None))?;
            ceilings.insert(limit, value.into_inner());
        }
        Ok(Self {
            path: Some(name.to_owned()),
            required: raw.signatures.required,
            keys: raw.signatures.keys,
            user_keys: raw.signatures.user_keys,
            ceilings,
            read_results: raw.capabilities.read_results.unwrap_or(true),
            commands: raw.commands.allowed,
            poll_interval_s: raw.scheduler.poll_interval_s,
        })
    }
}

#[cfg(test)]
mod tests;
