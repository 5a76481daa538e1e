//! The door: from a name or a path to a bundle that may be used, with everything that decides about it read once.

use super::error::TrustError;
use super::grants::Grants;
use super::keys::Keys;
use super::lock::{Lock, LockEntry};
use super::policy::Policy;
use super::refusal::Refusal;
use super::signature::Signer;
use super::site::Site;
use super::verdict::{Trusted, judge};
use crate::bundle::{self, Bundle, BundleError, BundleProblem, Capabilities, PluginName};
use crate::limits::{LimitError, Limits};
use crate::plain::plain_line;
use hsm_core::roles::{Blame, Failure};
use hsm_core::suggest;
use std::path::Path;

/// What the site and the user say about plugins.
#[derive(Clone, Debug, Default)]
pub struct Trust {
    /// The site's policy.
    pub policy: Policy,
    /// The keys whose signatures count.
    pub keys: Keys,
    /// What the user granted.
    pub grants: Grants,
}

/// A plugin that may be used.
#[derive(Clone, Debug)]
pub struct Admitted {
    /// Its files.
    pub bundle: Bundle,
    /// Whose signature it has, if any.
    pub signer: Option<Signer>,
    /// What it may do.
    pub capabilities: Capabilities,
    /// What it may use: the flags that were handed in, its requests, and the site's ceilings.
    pub limits: Limits,
}

/// Why a plugin is not used.
#[derive(Debug, thiserror::Error)]
pub enum NotAdmitted {
    /// It is no bundle, or a broken one.
    #[error(transparent)]
    Bundle(#[from] BundleError),
    /// A file about trust cannot be used.
    #[error(transparent)]
    Trust(#[from] TrustError),
    /// It may not be used.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// A flag is above the site's ceiling.
    #[error(transparent)]
    Limit(#[from] LimitError),
    /// The project's lock names it, and its files are not there: a cloned project brings only what was put under version control.
    #[error("the project's lock pins `{name}` {version}, and its files are not in `{folder}`")]
    NotInstalled {
        /// The plugin's name.
        name: PluginName,
        /// The version that the lock pins.
        version: semver::Version,
        /// Where they should be, fit to show.
        folder: String,
    },
    /// No plugin of this name was added to the project, if this is one, and there is no such file.
    #[error("there is no plugin `{name}` here, neither added to a project nor as a file")]
    NotAdded {
        /// What was asked for.
        name: String,
        /// What to do about it.
        hint: String,
    },
}

impl NotAdmitted {
    /// A stable word for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Bundle(error) => error.code(),
            Self::Trust(error) => error.code(),
            Self::Refused(refusal) => refusal.code(),
            Self::Limit(_) => "above-ceiling",
            Self::NotInstalled { .. } => "not-installed",
            Self::NotAdded { .. } => "not-found",
        }
    }

    /// The way forward.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::Bundle(error) => error.hint(),
            Self::Trust(error) => error.hint(),
            Self::Refused(refusal) => refusal.hint(),
            Self::Limit(_) => {
                "ask for less, or an administrator of this site to raise it in the policy".to_owned()
            }
            Self::NotInstalled { .. } => {
                "get its bundle, and add it: `hsm plugin add FILE`; the lock sees to it that it is the same one".to_owned()
            }
            Self::NotAdded { hint, .. } => hint.clone(),
        }
    }
}

impl From<NotAdmitted> for Failure {
    fn from(error: NotAdmitted) -> Self {
        Self::new(Blame::Config, error.code(), error.to_string()).with_hint(error.hint())
    }
}

impl Trust {
    /// Reads the site's policy and keys, and the keys and grants in the user's own folder (`~/.hsm`).
    ///
    /// # Errors
    /// When one of the files could have been written by others, or makes no sense.
    pub fn read(site: &Site, user_folder: Option<&Path>) -> Result<Self, TrustError> {
        let policy = Policy::read(site)?;
        let keys = Keys::read(site, user_folder)?;
        let grants = user_folder.map(Grants::read).transpose()?.unwrap_or_default();
        Ok(Self { policy, keys, grants })
    }

    /// The plugin of a project that goes by this name. Where there is none but a file of that name, the plugin at `path`, which is the
    /// reference as a path.
    ///
    /// # Errors
    /// When there is neither, it is not what the project's lock says, or it may not be used.
    pub fn by_name_or_path(
        &self,
        project: &Path,
        reference: &str,
        path: &Path,
        flags: &Limits,
    ) -> Result<Admitted, NotAdmitted> {
        let lock = Lock::read(project)?;
        let entry = reference.parse::<PluginName>().ok().and_then(|name| lock.entry(&name));
        match entry {
            Some(entry) => self.by_entry(project, entry, flags),
            None if path.exists() => self.by_path(path, flags),
            None => Err(not_added(&lock, reference)),
        }
    }

    /// The plugin that an entry of a project's lock stands for.
    ///
    /// # Errors
    /// When it is gone, is not what the entry says, or may not be used.
    pub fn by_entry(
        &self,
        project: &Path,
        entry: &LockEntry,
        flags: &Limits,
    ) -> Result<Admitted, NotAdmitted> {
        let folder = bundle::installed(project, &entry.name);
        let bundle = bundle::read(&folder, flags).map_err(|error| match error.problem {
            BundleProblem::NotFound => NotAdmitted::NotInstalled {
                name: entry.name.clone(),
                version: entry.version.clone(),
                folder: error.bundle,
            },
            _ => error.into(),
        })?;
        let trusted = judge(&bundle, &self.policy, &self.keys, Some(entry), &self.grants)?;
        self.admitted(bundle, trusted, flags)
    }

    /// The plugin at a path: a tar, a folder, or a component alone.
    ///
    /// # Errors
    /// When there is none, or it may not be used.
    pub fn by_path(&self, path: &Path, flags: &Limits) -> Result<Admitted, NotAdmitted> {
        let bundle = bundle::read(path, flags)?;
        let trusted = judge(&bundle, &self.policy, &self.keys, None, &self.grants)?;
        self.admitted(bundle, trusted, flags)
    }

    /// What a plugin may use: what the flags say, what it asks for, and no more than the site allows.
    ///
    /// # Errors
    /// When a flag is above the site's ceiling.
    pub fn limits(&self, bundle: &Bundle, flags: &Limits) -> Result<Limits, LimitError> {
        let mut limits = flags.clone();
        for (limit, asked) in &bundle.manifest.limits {
            limits.set_request(*limit, *asked)?;
        }
        for (limit, ceiling) in &self.policy.ceilings {
            limits.set_ceiling(*limit, *ceiling)?;
        }
        Ok(limits)
    }

    fn admitted(&self, bundle: Bundle, trusted: Trusted, flags: &Limits) -> Result<Admitted, NotAdmitted> {
        let limits = self.limits(&bundle, flags)?;
        let Trusted { signer, capabilities } = trusted;
        Ok(Admitted { bundle, signer, capabilities, limits })
    }
}

fn not_added(lock: &Lock, name: &str) -> NotAdmitted {
    let known = lock.entries().map(|entry| entry.name.as_str());
    let hint = suggest::did_you_mean(name, known)
        .unwrap_or_else(|| "add it: `hsm plugin add FILE`; `hsm plugin list` shows what there is".to_owned());
    NotAdmitted::NotAdded { name: plain_line(name, 200), hint }
}
