//! Verifies a signature over the exact bytes of a manifest, in minisign's format: Ed25519 over a hash of them. The legacy kind, over the
//! bytes themselves, is refused.

use super::keys::{Key, KeyId, Keys};
use crate::plain::plain_line;
use minisign_verify::{Error, Signature};

/// The longest comment that is shown, in bytes.
const COMMENT_MAX_BYTES: usize = 200;

/// Who signed a bundle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signer {
    /// The id of the key.
    pub id: KeyId,
    /// The file of the key, fit to show.
    pub key: String,
    /// Whether the key is the site's.
    pub of_site: bool,
    /// What the signer signed along with the manifest, fit to show.
    pub comment: String,
}

/// Why a signature does not count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Unverified {
    /// It is not in minisign's format.
    Malformed,
    /// It is of the legacy kind.
    Legacy,
    /// No known key has the id that it names.
    UnknownKey(KeyId),
    /// It is not the key's signature over this manifest.
    Broken(KeyId, String),
}

/// The key whose signature over `manifest` this is, and what it says.
pub(super) fn verify<'a>(
    manifest: &[u8],
    signature: &[u8],
    keys: &'a Keys,
) -> Result<(&'a Key, Signer), Unverified> {
    let text = std::str::from_utf8(signature).map_err(|_| Unverified::Malformed)?;
    let (signature, id) = parse(text).ok_or(Unverified::Malformed)?;
    let mut tried = None;
    // The site's keys come first, so that what the site says about a key holds even where the user has a copy of it.
    for key in keys.iter().filter(|key| key.id == id) {
        match key.public.verify(manifest, &signature, false) {
            Ok(()) => {
                let comment = plain_line(signature.trusted_comment(), COMMENT_MAX_BYTES);
                let signer = Signer { id, key: key.path.clone(), of_site: key.of_site, comment };
                return Ok((key, signer));
            }
            Err(Error::UnexpectedAlgorithm) => return Err(Unverified::Legacy),
            Err(_) => tried = tried.or(Some(key.path.clone())),
        }
    }
    Err(tried.map_or(Unverified::UnknownKey(id), |key| Unverified::Broken(id, key)))
}

fn parse(text: &str) -> Option<(Signature, KeyId)> {
    // Behind the four lines there is nothing that anybody signed.
    if text.lines().count() != 4 {
        return None;
    }
    let signature = Signature::decode(text).ok()?;
    let id = KeyId::from_bytes(minisign::SignatureBox::from_string(text).ok()?.keynum())?;
    Some((signature, id))
}

#[cfg(test)]
mod tests;
