//! One verdict over a bundle. Whatever is said about it by its signature, the site, the lock and the user meets here, and nowhere else.
//! There are two outcomes, and no third one that only warns.

use super::grants::Grants;
use super::keys::{Key, Keys};
use super::lock::LockEntry;
use super::policy::Policy;
use super::refusal::{Refusal, RefusalReason};
use super::signature::{self, Signer, Unverified};
use crate::bundle::{Bundle, Capabilities};
use crate::limits::Limit;
use std::collections::BTreeSet;

/// What a plugin that may be used may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trusted {
    /// Whose signature it has, if any.
    pub signer: Option<Signer>,
    /// What it is allowed.
    pub capabilities: Capabilities,
}

/// Judges a plugin that is to be used. `lock` is what the project says its name stands for; none for a plugin that is used by its path.
///
/// # Errors
/// Why it may not be used, and the way forward.
pub fn judge(
    bundle: &Bundle,
    policy: &Policy,
    keys: &Keys,
    lock: Option<&LockEntry>,
    grants: &Grants,
) -> Result<Trusted, Refusal> {
    let refused = |reason| Refusal::new(bundle, reason);
    let signer = check_signature(bundle, policy, keys).map_err(refused)?;
    check_wishes(bundle, policy).map_err(refused)?;
    if let Some(lock) = lock {
        check_lock(bundle, signer.as_ref(), lock).map_err(refused)?;
    }
    check_grants(bundle, grants).map_err(refused)?;
    Ok(Trusted { signer, capabilities: bundle.manifest.capabilities.clone() })
}

/// Judges a plugin that is to be added to a project, in the place of what `lock` says if there is something. What it may do is still to be
/// granted.
///
/// # Errors
/// Why it may not be added, and the way forward.
pub fn admit_new(
    bundle: &Bundle,
    policy: &Policy,
    keys: &Keys,
    lock: Option<&LockEntry>,
) -> Result<Trusted, Refusal> {
    let refused = |reason| Refusal::new(bundle, reason);
    let signer = check_signature(bundle, policy, keys).map_err(refused)?;
    check_wishes(bundle, policy).map_err(refused)?;
    if let Some(lock) = lock {
        check_replacement(bundle, signer.as_ref(), lock).map_err(refused)?;
    }
    Ok(Trusted { signer, capabilities: bundle.manifest.capabilities.clone() })
}

fn check_signature(bundle: &Bundle, policy: &Policy, keys: &Keys) -> Result<Option<Signer>, RefusalReason> {
    let role = bundle.manifest.role;
    let required = policy.required.contains(&role);
    let Some(signature) = &bundle.signature else {
        return if required { Err(RefusalReason::Unsigned { role }) } else { Ok(None) };
    };
    let (key, signer) = match signature::verify(&bundle.manifest_bytes, signature, keys) {
        Ok(verified) => verified,
        Err(Unverified::Malformed) => return Err(RefusalReason::MalformedSignature),
        Err(Unverified::Legacy) => return Err(RefusalReason::LegacySignature),
        Err(Unverified::UnknownKey(key)) => return Err(RefusalReason::UnknownKey { key }),
        Err(Unverified::Broken(key, file)) => return Err(RefusalReason::BrokenSignature { key, file }),
    };
    if !key.is_for_role(role) {
        return Err(RefusalReason::KeyNotForRole { key: key.id, file: key.path.clone(), role });
    }
    if !key.is_for_name(bundle.manifest.name.as_str()) {
        return Err(RefusalReason::KeyNotForName { key: key.id, file: key.path.clone() });
    }
    if required {
        check_site_key(key, policy)?;
    }
    Ok(Some(signer))
}

/// Where the site requires a signature, it says whose. Anybody can make a key of any id, so ids pick among the site's own keys only.
fn check_site_key(key: &Key, policy: &Policy) -> Result<(), RefusalReason> {
    match &policy.keys {
        _ if !key.of_site && policy.user_keys => Ok(()),
        _ if !key.of_site => Err(RefusalReason::UsersKey { key: key.id }),
        Some(allowed) if !allowed.contains(&key.id) => Err(RefusalReason::KeyNotAllowed { key: key.id }),
        _ => Ok(()),
    }
}

/// What the manifest asks for, against what the site allows.
fn check_wishes(bundle: &Bundle, policy: &Policy) -> Result<(), RefusalReason> {
    let wishes = &bundle.manifest.capabilities;
    if wishes.read_results && !policy.read_results {
        return Err(RefusalReason::CapabilityRefused { capability: "read-results" });
    }
    if let Some(allowed) = &policy.commands
        && let Some(command) = wishes.commands.difference(allowed).next()
    {
        return Err(RefusalReason::CommandRefused { command: command.clone() });
    }
    let above = |(limit, asked): (&Limit, &u64)| {
        let ceiling = *policy.ceilings.get(limit).filter(|ceiling| asked > ceiling)?;
        Some(RefusalReason::AboveCeiling { limit: limit.name(), asked: *asked, ceiling })
    };
    bundle.manifest.limits.iter().find_map(above).map_or(Ok(()), Err)
}

/// A plugin that is used by its name is exactly what the lock says.
fn check_lock(bundle: &Bundle, signer: Option<&Signer>, lock: &LockEntry) -> Result<(), RefusalReason> {
    let manifest = &bundle.manifest;
    if bundle.digest != lock.digest {
        if manifest.name != lock.name || manifest.version != lock.version {
            return Err(RefusalReason::OtherVersion { locked: lock.version.clone() });
        }
        return Err(RefusalReason::ChangedDigest { expected: lock.digest, found: bundle.digest });
    }
    // The digest is right, so that everything else the lock says was true when it was written.
    let field = match () {
        () if manifest.name != lock.name => Some("name"),
        () if manifest.version != lock.version => Some("version"),
        () if manifest.role != lock.role => Some("role"),
        () => None,
    };
    match field {
        Some(field) => Err(RefusalReason::LockEdited { field }),
        None => check_signer(signer, lock),
    }
}

/// A plugin that takes the place of another one has its signer, or else a new name or version.
fn check_replacement(
    bundle: &Bundle,
    signer: Option<&Signer>,
    lock: &LockEntry,
) -> Result<(), RefusalReason> {
    let manifest = &bundle.manifest;
    if manifest.version == lock.version && bundle.digest != lock.digest {
        return Err(RefusalReason::ChangedDigest { expected: lock.digest, found: bundle.digest });
    }
    if manifest.role != lock.role {
        return Err(RefusalReason::OtherRole { locked: lock.role });
    }
    check_signer(signer, lock)
}

fn check_signer(signer: Option<&Signer>, lock: &LockEntry) -> Result<(), RefusalReason> {
    let found = signer.map(|signer| signer.id);
    // A signature where there was none takes nothing away.
    if lock.signer.is_none() || lock.signer == found {
        return Ok(());
    }
    Err(RefusalReason::ChangedSigner { expected: lock.signer, found })
}

fn check_grants(bundle: &Bundle, grants: &Grants) -> Result<(), RefusalReason> {
    let wanted = &bundle.manifest.capabilities.commands;
    let granted = grants.of(bundle.digest).map(|grant| grant.commands.clone()).unwrap_or_default();
    if wanted.is_subset(&granted) {
        return Ok(());
    }
    match grants.last_of(&bundle.manifest.name) {
        None => Err(RefusalReason::NotGranted { commands: wanted.clone() }),
        Some(before) => {
            let added: BTreeSet<String> = wanted.difference(&before.commands).cloned().collect();
            let before = before.version.clone();
            Err(RefusalReason::GrantedBefore { commands: wanted.clone(), added, before })
        }
    }
}

#[cfg(test)]
mod tests;
