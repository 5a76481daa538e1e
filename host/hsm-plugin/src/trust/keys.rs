//! Public keys: the site's folder, then the user's. A key `lab.pub` may have a `lab.toml` beside it that says which roles and names it is
//! good for.

use super::error::TrustError;
use super::files::{self, Owned, io_error, shown};
use super::site::Site;
use crate::inspect::Role;
use crate::toml_file::TomlFile;
use minisign_verify::PublicKey;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::collections::BTreeSet;
use std::fmt;
use std::path::Path;
use std::str::FromStr;

/// The folder of keys, below the site's or the user's own.
const KEYS_FOLDER: &str = "keys";
/// Keys in one folder: each of them is tried, and a site has a handful.
const KEYS_MAX: usize = 1_000;

/// What a key is called by: 16 hexadecimal digits, as minisign shows them. Anybody can make a key of any id, so an id tells keys apart and
/// proves nothing.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(u64);

impl KeyId {
    /// The id in a key or a signature, as minisign stores it.
    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        Some(Self(u64::from_le_bytes(bytes.try_into().ok()?)))
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016X}", self.0)
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A text that is no id of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the id of a key is 16 hexadecimal digits, such as `E7620F1842B4E81F`")]
pub struct KeyIdError;

impl FromStr for KeyId {
    type Err = KeyIdError;

    fn from_str(text: &str) -> Result<Self, KeyIdError> {
        if text.len() != 16 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(KeyIdError);
        }
        u64::from_str_radix(text, 16).map(Self).map_err(|_| KeyIdError)
    }
}

impl Serialize for KeyId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for KeyId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// A key whose signatures count.
#[derive(Clone, Debug)]
pub struct Key {
    /// Its id.
    pub id: KeyId,
    /// Where it is, fit to show.
    pub path: String,
    /// Whether it is the site's, and not the user's own.
    pub of_site: bool,
    pub(super) public: PublicKey,
    roles: Option<BTreeSet<Role>>,
    names: Option<Vec<String>>,
}

impl Key {
    /// Whether it is good for plugins of this role.
    #[must_use]
    pub fn is_for_role(&self, role: Role) -> bool {
        self.roles.as_ref().is_none_or(|roles| roles.contains(&role))
    }

    /// Whether it is good for plugins of this name.
    #[must_use]
    pub fn is_for_name(&self, name: &str) -> bool {
        self.names.as_ref().is_none_or(|patterns| patterns.iter().any(|pattern| matches(pattern, name)))
    }
}

#[cfg(test)]
impl Key {
    /// A key without restrictions.
    pub(super) fn of(text: &str, name: &str, of_site: bool) -> Self {
        let (public, id) = parse_key(text).unwrap();
        Self { id, path: name.to_owned(), of_site, public, roles: None, names: None }
    }

    /// The same key, limited.
    pub(super) fn limited(self, roles: &[Role], names: &[&str]) -> Self {
        let names = names.iter().map(|name| (*name).to_owned()).collect();
        Self { roles: Some(roles.iter().copied().collect()), names: Some(names), ..self }
    }
}

/// The keys whose signatures count; the site's come first.
#[derive(Clone, Debug, Default)]
pub struct Keys(Vec<Key>);

impl Keys {
    /// The keys of the site and of the user, whose own folder is `user_folder` (`~/.hsm`).
    ///
    /// # Errors
    /// When a folder or a file in it could have been written by others, or is no key.
    pub fn read(site: &Site, user_folder: Option<&Path>) -> Result<Self, TrustError> {
        let mut keys = Vec::new();
        if files::check_folder(&site.root, Owned::By(site.owner))? {
            read_folder(&site.root.join(KEYS_FOLDER), site.owner, true, &mut keys)?;
        }
        // Who keeps no keys there is not held to anything.
        if let Some(folder) = user_folder.filter(|folder| folder.join(KEYS_FOLDER).symlink_metadata().is_ok())
        {
            let user = rustix::process::geteuid().as_raw();
            files::check_folder(folder, Owned::By(user))?;
            read_folder(&folder.join(KEYS_FOLDER), user, false, &mut keys)?;
        }
        Ok(Self(keys))
    }

    /// These keys alone.
    #[cfg(test)]
    pub(super) fn of(keys: Vec<Key>) -> Self {
        Self(keys)
    }

    /// All of them, the site's first.
    pub fn iter(&self) -> std::slice::Iter<'_, Key> {
        self.0.iter()
    }
}

impl<'a> IntoIterator for &'a Keys {
    type Item = &'a Key;
    type IntoIter = std::slice::Iter<'a, Key>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// The restrictions of a key.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Restrictions {
    roles: Option<BTreeSet<Role>>,
    names: Option<Vec<String>>,
}

fn read_folder(folder: &Path, owner: u32, of_site: bool, keys: &mut Vec<Key>) -> Result<(), TrustError> {
    if !files::check_folder(folder, Owned::By(owner))? {
        return Ok(());
    }
    let io = |error| io_error("read", folder, error);
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(io)?.take(KEYS_MAX) {
        paths.push(entry.map_err(io)?.path());
    }
    paths.sort();
    let ends = |path: &Path, ending: &str| path.extension().is_some_and(|found| found == ending);
    for path in paths.iter().filter(|path| ends(path, "toml")) {
        let key = path.with_extension("pub");
        // A restriction that is about no key was meant for one that now has none.
        if !paths.contains(&key) {
            return Err(TrustError::NoSuchKey { path: shown(path), key: shown(&key) });
        }
    }
    for path in paths.iter().filter(|path| ends(path, "pub")) {
        keys.push(read_key(path, owner, of_site)?);
    }
    Ok(())
}

fn read_key(path: &Path, owner: u32, of_site: bool) -> Result<Key, TrustError> {
    let not_a_key = || TrustError::NotAKey(shown(path));
    let bytes = files::read(path, Owned::By(owner))?.ok_or_else(not_a_key)?;
    let text = std::str::from_utf8(&bytes).map_err(|_| not_a_key())?;
    let (public, id) = parse_key(text).ok_or_else(not_a_key)?;
    let Restrictions { roles, names } = read_restrictions(&path.with_extension("toml"), owner)?;
    Ok(Key { id, path: shown(path), of_site, public, roles, names })
}

/// A public key as minisign writes it, and its id.
pub(super) fn parse_key(text: &str) -> Option<(PublicKey, KeyId)> {
    let public = PublicKey::decode(text).ok()?;
    let boxed = minisign::PublicKeyBox::from_string(text).ok()?;
    let id = KeyId::from_bytes(boxed.into_public_key().ok()?.keynum())?;
    Some((public, id))
}

fn read_restrictions(path: &Path, owner: u32) -> Result<Restrictions, TrustError> {
    let Some(bytes) = files::read(path, Owned::By(owner))? else { return Ok(Restrictions::default()) };
    let file = TomlFile::new(&shown(path), &bytes).and_then(TomlFile::parse_short);
    file.map_err(TrustError::Content)
}

/// Whether a name fits a pattern, in which `*` stands for any text.
fn matches(pattern: &str, name: &str) -> bool {
    let Some((before, after)) = pattern.split_once('*') else { return pattern == name };
    let Some(rest) = name.strip_prefix(before) else { return false };
    (0..=rest.len()).filter(|start| rest.is_char_boundary(*start)).any(|start| matches(after, &rest[start..]))
}

#[cfg(test)]
mod tests;
