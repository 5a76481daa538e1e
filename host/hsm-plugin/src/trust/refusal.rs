//! Why a plugin may not be used or added: each reason with its own words, and its own way forward.

use super::keys::KeyId;
use crate::bundle::Bundle;
use crate::digest::Digest;
use crate::inspect::Role;
use hsm_core::roles::{Blame, Failure};
use semver::Version;
use std::collections::BTreeSet;
use std::fmt;

/// A plugin that may not be used or added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The plugin's name.
    pub name: String,
    /// Its version.
    pub version: Version,
    /// Where it was read from, fit to show.
    pub path: String,
    /// Why.
    pub reason: Box<RefusalReason>,
}

/// Why a plugin may not be used or added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RefusalReason {
    /// The site requires a signature.
    Unsigned {
        /// The role that the site says it of.
        role: Role,
    },
    /// The signature is not in minisign's format.
    MalformedSignature,
    /// The signature is of minisign's legacy kind.
    LegacySignature,
    /// No known key has the signature's id.
    UnknownKey {
        /// The id.
        key: KeyId,
    },
    /// The signature is not over this manifest.
    BrokenSignature {
        /// The id of the key.
        key: KeyId,
        /// The key's file.
        file: String,
    },
    /// The key is limited to other roles.
    KeyNotForRole {
        /// The id of the key.
        key: KeyId,
        /// The key's file.
        file: String,
        /// The plugin's role.
        role: Role,
    },
    /// The key is limited to other names.
    KeyNotForName {
        /// The id of the key.
        key: KeyId,
        /// The key's file.
        file: String,
    },
    /// The key is the site's, and not one of those whose signatures its policy asks for.
    KeyNotAllowed {
        /// The id of the key.
        key: KeyId,
    },
    /// The key is the user's, and the site asks for one of its own.
    UsersKey {
        /// The id of the key.
        key: KeyId,
    },
    /// The site gives no plugin this capability.
    CapabilityRefused {
        /// The capability.
        capability: &'static str,
    },
    /// The site lets no plugin have this command run.
    CommandRefused {
        /// The command.
        command: String,
    },
    /// The plugin asks for more than the site gives anybody.
    AboveCeiling {
        /// The limit.
        limit: &'static str,
        /// What it asks for.
        asked: u64,
        /// What the site gives.
        ceiling: u64,
    },
    /// The version is the same, and the files are others.
    ChangedDigest {
        /// What the lock says.
        expected: Digest,
        /// What it is.
        found: Digest,
    },
    /// What is installed is not the version that the lock pins.
    OtherVersion {
        /// The version that the lock pins.
        locked: Version,
    },
    /// A plugin of this name was for something else.
    OtherRole {
        /// The role that the lock says.
        locked: Role,
    },
    /// Somebody else signed it, or nobody did.
    ChangedSigner {
        /// Who the lock says.
        expected: Option<KeyId>,
        /// Who it is.
        found: Option<KeyId>,
    },
    /// The lock contradicts itself.
    LockEdited {
        /// What in the entry cannot be true.
        field: &'static str,
    },
    /// Its commands were never granted.
    NotGranted {
        /// All that it wants.
        commands: BTreeSet<String>,
    },
    /// Commands were granted to another release of it.
    GrantedBefore {
        /// All that it wants.
        commands: BTreeSet<String>,
        /// Those that were not granted then.
        added: BTreeSet<String>,
        /// The version that they were granted to.
        before: String,
    },
}

impl Refusal {
    pub(super) fn new(bundle: &Bundle, reason: RefusalReason) -> Self {
        let Bundle { manifest, path, .. } = bundle;
        Self {
            name: manifest.name.to_string(),
            version: manifest.version.clone(),
            path: path.clone(),
            reason: Box::new(reason),
        }
    }

    /// A stable word for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match &*self.reason {
            RefusalReason::Unsigned { .. } => "unsigned",
            RefusalReason::MalformedSignature => "malformed-signature",
            RefusalReason::LegacySignature => "legacy-signature",
            RefusalReason::UnknownKey { .. } => "unknown-key",
            RefusalReason::BrokenSignature { .. } => "broken-signature",
            RefusalReason::KeyNotForRole { .. } => "key-not-for-role",
            RefusalReason::KeyNotForName { .. } => "key-not-for-name",
            RefusalReason::KeyNotAllowed { .. } => "key-not-allowed",
            RefusalReason::UsersKey { .. } => "users-key",
            RefusalReason::CapabilityRefused { .. } => "capability-refused",
            RefusalReason::CommandRefused { .. } => "command-refused",
            RefusalReason::AboveCeiling { .. } => "above-ceiling",
            RefusalReason::ChangedDigest { .. } => "changed-digest",
            RefusalReason::OtherVersion { .. } => "other-version",
            RefusalReason::OtherRole { .. } => "other-role",
            RefusalReason::ChangedSigner { .. } => "changed-signer",
            RefusalReason::LockEdited { .. } => "lock-edited",
            RefusalReason::NotGranted { .. } => "not-granted",
            RefusalReason::GrantedBefore { added, .. } if added.is_empty() => "granted-to-another-release",
            RefusalReason::GrantedBefore { .. } => "command-added",
        }
    }

    /// The way forward.
    #[must_use]
    pub fn hint(&self) -> String {
        let Self { name, path, .. } = self;
        match &*self.reason {
            RefusalReason::Unsigned { .. } => {
                "ask whoever made it for a signed bundle, or an administrator to sign this one: `hsm plugin sign`".to_owned()
            }
            RefusalReason::MalformedSignature => "get the bundle again, or sign it again with `hsm plugin sign`".to_owned(),
            RefusalReason::LegacySignature => {
                "sign it again with `hsm plugin sign`, or with a `minisign` of version 0.10 or newer".to_owned()
            }
            RefusalReason::UnknownKey { .. } => {
                "if you trust whoever signed it, put their public key into `~/.hsm/keys/NAME.pub`".to_owned()
            }
            RefusalReason::BrokenSignature { .. } => {
                "do not use it: its `plugin.toml` was changed after it was signed; get it again".to_owned()
            }
            RefusalReason::KeyNotForRole { file, .. } | RefusalReason::KeyNotForName { file, .. } => {
                format!("whoever keeps `{file}` limits what the key is good for, in the file of the same name that ends in `.toml`")
            }
            RefusalReason::KeyNotAllowed { .. } | RefusalReason::UsersKey { .. } => {
                "ask an administrator of this site to sign it, or to allow the key in the policy".to_owned()
            }
            RefusalReason::CapabilityRefused { .. } | RefusalReason::CommandRefused { .. } => {
                "ask an administrator of this site to allow it in the policy, or use a plugin that does without".to_owned()
            }
            RefusalReason::AboveCeiling { limit, .. } => {
                format!("ask an administrator of this site to raise `{limit}` in the policy, or the plugin's author to ask for less")
            }
            RefusalReason::ChangedDigest { .. } => format!(
                "ask its author for a new version number; to use the changed files all the same: `hsm plugin remove {name}`, then add it again"
            ),
            RefusalReason::OtherVersion { .. } | RefusalReason::LockEdited { .. } => {
                format!("bring back the lock as it was, or say what you want: `hsm plugin remove {name}`, then `hsm plugin add` its bundle")
            }
            RefusalReason::OtherRole { .. } => format!("to replace it: `hsm plugin remove {name}`, then add it again"),
            RefusalReason::ChangedSigner { .. } => {
                format!("find out why; if you trust the new release: `hsm plugin remove {name}`, then add it again")
            }
            RefusalReason::NotGranted { commands } | RefusalReason::GrantedBefore { commands, .. } => {
                format!("if it may: `hsm plugin add {path} --grant {}`", joined(commands, ","))
            }
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the plugin `{}` {} is refused: {}", self.name, self.version, self.reason)
    }
}

impl fmt::Display for RefusalReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unsigned { role } => {
                write!(f, "this site requires plugins of the role {role} to be signed, and it is not")
            }
            Self::MalformedSignature => f.write_str("its signature is not in minisign's format"),
            Self::LegacySignature => {
                f.write_str("its signature is of minisign's legacy kind, which is not accepted")
            }
            Self::UnknownKey { key } => {
                write!(f, "it is signed with the key {key}, which is not among the known ones")
            }
            Self::BrokenSignature { key, file } => {
                write!(
                    f,
                    "its signature is not one that the key {key} (`{file}`) made for this `plugin.toml`"
                )
            }
            Self::KeyNotForRole { key, file, role } => {
                write!(
                    f,
                    "it is signed with the key {key} (`{file}`), which is not for plugins of the role {role}"
                )
            }
            Self::KeyNotForName { key, file } => {
                write!(f, "it is signed with the key {key} (`{file}`), which is not for plugins of this name")
            }
            Self::KeyNotAllowed { key } => {
                write!(
                    f,
                    "it is signed with the key {key}, which is not among those that this site's policy names"
                )
            }
            Self::UsersKey { key } => {
                write!(
                    f,
                    "it is signed with your own key {key}, and this site requires a signature of its own"
                )
            }
            Self::CapabilityRefused { capability } => {
                write!(f, "it asks for `{capability}`, which this site gives no plugin")
            }
            Self::CommandRefused { command } => {
                write!(f, "it wants to have `{command}` run, which this site allows no plugin")
            }
            Self::AboveCeiling { limit, asked, ceiling } => {
                write!(f, "it asks for `{limit} = {asked}`, and this site gives at most {ceiling}")
            }
            Self::ChangedDigest { expected, found } => write!(
                f,
                "its files are not those that the project locked under this version: its digest is {found}, and {expected} is locked"
            ),
            Self::OtherVersion { locked } => write!(f, "the project's lock pins version {locked}"),
            Self::OtherRole { locked } => {
                write!(f, "the project has a plugin of this name with the role {locked}")
            }
            Self::ChangedSigner { expected, found } => {
                write!(
                    f,
                    "it is signed by {}, and the project locked it as signed by {}",
                    signed_by(*found),
                    signed_by(*expected)
                )
            }
            Self::LockEdited { field } => {
                write!(
                    f,
                    "its entry in the project's lock was edited: the `{field}` there is not that of the plugin with this digest"
                )
            }
            Self::NotGranted { commands } => {
                write!(f, "it wants to have {} run as you, which you have not granted", quoted(commands))
            }
            Self::GrantedBefore { added, commands, before } if added.is_empty() => write!(
                f,
                "you have let version {before} have commands run, and not this one, which wants the same: {}",
                quoted(commands)
            ),
            Self::GrantedBefore { added, before, .. } => {
                write!(
                    f,
                    "it also wants to have {} run as you, which version {before} did not",
                    quoted(added)
                )
            }
        }
    }
}

impl std::error::Error for Refusal {}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self::new(Blame::Config, refusal.code(), refusal.to_string()).with_hint(refusal.hint())
    }
}

fn signed_by(key: Option<KeyId>) -> String {
    key.map_or_else(|| "nobody".to_owned(), |key| format!("the key {key}"))
}

fn quoted(commands: &BTreeSet<String>) -> String {
    commands.iter().map(|command| format!("`{command}`")).collect::<Vec<_>>().join(", ")
}

fn joined(commands: &BTreeSet<String>, separator: &str) -> String {
    commands.iter().map(String::as_str).collect::<Vec<_>>().join(separator)
}
