//! Makes keys and signatures in minisign's formats, so that the stock tool and this one are interchangeable. Secrets come from a closure and
//! go nowhere: no error and no debug output holds any.

use super::error::TrustError;
use super::files::{io_error, shown};
use super::keys::KeyId;
use crate::bundle::Bundle;
use ct_codecs::{Base64, Decoder};
use minisign::{ErrorKind, KeyPair, PublicKey, SecretKey, SecretKeyBox};
use std::fmt;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// The largest file of a secret key, in bytes: two lines.
const KEY_MAX_BYTES: u64 = 4 << 10;
/// How the second line of a secret key begins, when a password protects it and when none does: the names of the algorithms in Base64.
const ENCRYPTED_START: &str = "RWRTY0Iy";
const PLAIN_START: &str = "RWQAAEIy";
/// What the second line of a secret key holds, in bytes: names of algorithms, how the password is used, id, key and checksum.
const KEY_BYTES: usize = 6 + 48 + 8 + 64 + CHECKSUM_BYTES;
/// The checksum at the end of it, in bytes.
const CHECKSUM_BYTES: usize = 32;

/// Why there is no key or no signature.
#[derive(Debug, thiserror::Error)]
pub enum SigningError {
    /// The file cannot be read or written.
    #[error(transparent)]
    File(#[from] TrustError),
    /// There is a file already.
    #[error("there is a key in `{0}` already")]
    Exists(String),
    /// It is no secret key.
    #[error("`{0}` is no minisign secret key")]
    NotAKey(String),
    /// The password is another one.
    #[error("this is not the password of `{0}`")]
    WrongPassword(String),
    /// There is no password to be had.
    #[error("the key needs a password, and there is none: {0}")]
    NoPassword(String),
    /// What is to be signed has no manifest of its own, or lists no files yet.
    #[error("only a packed bundle can be signed")]
    NotPacked,
    /// The algorithms failed: no random numbers, for example.
    #[error("could not {action}: {reason}")]
    Failed {
        /// What was tried.
        action: &'static str,
        /// Why it failed.
        reason: String,
    },
}

impl SigningError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::File(error) => error.hint(),
            Self::Exists(_) => {
                "use it, or name another file with `-o`: a key that is gone cannot sign again".to_owned()
            }
            Self::NotAKey(_) => {
                "make one with `hsm plugin keygen`, or name another file with `--key`".to_owned()
            }
            Self::WrongPassword(_) => "type it again".to_owned(),
            Self::NoPassword(_) => {
                "type it at a terminal, or give it as the first line of standard input".to_owned()
            }
            Self::NotPacked => "pack it first: `hsm plugin pack DIR -o FILE.tar`".to_owned(),
            Self::Failed { .. } => "try again".to_owned(),
        }
    }
}

/// How to get a password: asked for only where one is needed.
pub type Password<'a> = &'a mut dyn FnMut() -> io::Result<String>;

/// A secret key, ready to sign.
pub struct SigningKey {
    secret: SecretKey,
    public: PublicKey,
    id: KeyId,
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey").field("id", &self.id).finish_non_exhaustive()
    }
}

/// Makes a new key: the secret one in the file `path`, for its owner's eyes only, the public one beside it with the ending `.pub`. Without a
/// password, whoever reads the file can sign.
///
/// # Errors
/// When there is one of the files already, or they cannot be written.
pub fn generate(path: &Path, password: Option<Password<'_>>) -> Result<NewKey, SigningError> {
    let public_path = path.with_extension("pub");
    for path in [path, &public_path] {
        if path.symlink_metadata().is_ok() {
            return Err(SigningError::Exists(shown(path)));
        }
    }
    let made = match password {
        None => KeyPair::generate_unencrypted_keypair(),
        Some(password) => KeyPair::generate_encrypted_keypair(Some(ask(password)?)),
    };
    let boxed = made.and_then(|KeyPair { pk, sk }| Ok((sk.to_box(Some("hsm secret key"))?, pk)));
    let (secret, public) = boxed.map_err(|error| failed("make a key", &error))?;
    let id = KeyId::from_bytes(public.keynum()).ok_or_else(|| SigningError::NotAKey(shown(&public_path)))?;
    let public_text = format!("untrusted comment: minisign public key {id}\n{}\n", public.to_base64());
    write_new(path, secret.into_string().as_bytes(), 0o600)?;
    write_new(&public_path, public_text.as_bytes(), 0o644)?;
    Ok(NewKey { id, public_path, public_text })
}

/// What others need of a key that was just made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewKey {
    /// Its id.
    pub id: KeyId,
    /// The file of the public key.
    pub public_path: PathBuf,
    /// What is in that file.
    pub public_text: String,
}

impl SigningKey {
    /// Reads a secret key, made by this tool or by the stock one.
    ///
    /// # Errors
    /// When there is none, or the password is not its own.
    pub fn read(path: &Path, password: Password<'_>) -> Result<Self, SigningError> {
        let not_a_key = || SigningError::NotAKey(shown(path));
        let mut text = String::new();
        let read = File::open(path).and_then(|file| file.take(KEY_MAX_BYTES).read_to_string(&mut text));
        read.map_err(|error| match error.kind() {
            io::ErrorKind::InvalidData => not_a_key(),
            _ => SigningError::File(io_error("read", path, error)),
        })?;
        let start = text.lines().nth(1).unwrap_or_default().to_owned();
        let boxed = SecretKeyBox::from(text);
        let secret = if start.starts_with(PLAIN_START) {
            plain_key(boxed).ok_or_else(not_a_key)?
        } else if start.starts_with(ENCRYPTED_START) {
            boxed.into_secret_key(Some(ask(password)?)).map_err(|error| match error.kind() {
                ErrorKind::Verify => SigningError::WrongPassword(shown(path)),
                _ => not_a_key(),
            })?
        } else {
            return Err(not_a_key());
        };
        let public = PublicKey::from_secret_key(&secret).map_err(|_| not_a_key())?;
        let id = KeyId::from_bytes(public.keynum()).ok_or_else(not_a_key)?;
        Ok(Self { secret, public, id })
    }

    /// The key's id.
    #[must_use]
    pub fn id(&self) -> KeyId {
        self.id
    }

    /// Signs the manifest of a bundle, and with it every file that it lists.
    ///
    /// # Errors
    /// When the bundle is not packed.
    pub fn sign(&self, bundle: &Bundle) -> Result<Vec<u8>, SigningError> {
        if bundle.origin != crate::bundle::Origin::Packed {
            return Err(SigningError::NotPacked);
        }
        let manifest = &bundle.manifest;
        let comment = format!("hsm plugin {} {} ({})", manifest.name, manifest.version, manifest.role);
        let untrusted = format!("signature with the key {}", self.id);
        let content = bundle.manifest_bytes.as_slice();
        minisign::sign(Some(&self.public), &self.secret, content, Some(&comment), Some(&untrusted))
            .map(|signature| signature.to_bytes())
            .map_err(|error| failed("sign", &error))
    }
}

/// A key that no password protects. The stock tool leaves the checksum of such a key empty, which the library takes for damage.
fn plain_key(boxed: SecretKeyBox) -> Option<SecretKey> {
    let text = boxed.to_string();
    boxed.into_unencrypted_secret_key().ok().or_else(|| {
        let bytes = Base64::decode_to_vec(text.lines().nth(1)?, None).ok()?;
        let checksum = bytes.len().checked_sub(CHECKSUM_BYTES)?;
        if bytes.len() != KEY_BYTES || bytes[checksum..].iter().any(|byte| *byte != 0) {
            return None;
        }
        SecretKey::from_bytes(&bytes).ok()
    })
}

fn ask(password: Password<'_>) -> Result<String, SigningError> {
    password().map_err(|error| SigningError::NoPassword(error.to_string()))
}

fn write_new(path: &Path, bytes: &[u8], mode: u32) -> Result<(), SigningError> {
    let written = || -> io::Result<()> {
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        }
        let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(path)?;
        file.write_all(bytes)?;
        file.sync_all()
    };
    written().map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => SigningError::Exists(shown(path)),
        _ => SigningError::File(io_error("write", path, error)),
    })
}

fn failed(action: &'static str, error: &minisign::PError) -> SigningError {
    SigningError::Failed { action, reason: error.to_string() }
}

#[cfg(test)]
mod tests;
