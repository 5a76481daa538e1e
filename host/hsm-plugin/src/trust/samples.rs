//! Keys and signatures for the unit tests, made anew each time.

use super::keys::{Key, Keys};
use super::signer::{SigningKey, generate};
use crate::bundle::Bundle;
use std::path::Path;

/// A new key `NAME.key` in a folder, with its public half in `NAME.pub`.
pub(super) fn key(folder: &Path, name: &str) -> SigningKey {
    let path = folder.join(format!("{name}.key"));
    generate(&path, None).unwrap();
    SigningKey::read(&path, &mut || panic!("no password is needed")).unwrap()
}

/// The bundle with this key's signature.
pub(super) fn signed(bundle: &Bundle, key: &SigningKey) -> Bundle {
    Bundle { signature: Some(key.sign(bundle).unwrap()), ..bundle.clone() }
}

/// These keys alone.
pub(super) fn keys(keys: Vec<Key>) -> Keys {
    Keys::of(keys)
}
