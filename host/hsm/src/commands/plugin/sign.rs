//! `hsm plugin sign`: puts a signature over its manifest, and so over all of its files, into a packed plugin.

use super::password;
use super::support::{refused, title, trust, user_folder, write_whole};
use crate::args::{GlobalArgs, SignPluginArgs};
use crate::output::{Console, shell_line};
use crate::plugins;
use crate::report::{Exit, Problem};
use hsm_plugin::bundle::{self, SIGNATURE};
use hsm_plugin::trust::{KeyId, SigningError, SigningKey, TrustError};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// The secret key, below the user's folder, where no other is named.
const DEFAULT_KEY: &str = "signing/hsm.key";

/// Signs the plugin.
///
/// # Errors
/// When it is not packed, there is no key, or it cannot be written.
pub fn run(args: &SignPluginArgs, global: &GlobalArgs, console: Console) -> Result<Exit, Problem> {
    let mut bundle = bundle::read(&args.path, &plugins::limits(global)?).map_err(refused)?;
    let key_path = match &args.key {
        Some(path) => path.clone(),
        None => default_key()?,
    };
    if bundle.origin != bundle::Origin::Packed {
        return Err(signing_problem(SigningError::NotPacked));
    }
    let key = SigningKey::read(&key_path, &mut password::ask).map_err(signing_problem)?;
    let signature = key.sign(&bundle).map_err(signing_problem)?;
    if args.path.is_dir() {
        write_whole(&args.path.join(SIGNATURE), &signature)?;
    } else {
        bundle.signature = Some(signature);
        let packed = bundle::pack(&bundle).map_err(|error| Problem::file("write", &args.path, &error))?;
        write_whole(&args.path, &packed)?;
    }
    console.say(&format!("signed {}, with the key {}", title(&bundle), key.id()));
    say_who_needs_the_key(&key_path, key.id(), console);
    Ok(Exit::Success)
}

/// A signature says nothing to whoever does not have the public key, and its maker's own hsm is no exception.
fn say_who_needs_the_key(key_path: &Path, id: KeyId, console: Console) {
    // Whether the site's files can be believed is for those to know who use the plugin.
    let counts = trust().is_ok_and(|trust| trust.keys.iter().any(|key| key.id == id));
    if !counts {
        let public = shell_line(&[key_path.with_extension("pub").to_string_lossy()]);
        console.hint(&format!(
            "signatures of this key do not count here yet: `mkdir -p ~/.hsm/keys && cp {public} ~/.hsm/keys/`"
        ));
    }
}

/// Where the user's own secret key is.
///
/// # Errors
/// When there is no home folder.
pub fn default_key() -> Result<PathBuf, Problem> {
    Ok(user_folder()?.join(DEFAULT_KEY))
}

/// Why there is no key or no signature, as a way for a command to end.
pub fn signing_problem(error: SigningError) -> Problem {
    let is_gone = matches!(&error, SigningError::File(TrustError::Io { action: "read", source, .. }) if source.kind() == ErrorKind::NotFound);
    let exit = match &error {
        _ if is_gone => Exit::NotFound,
        SigningError::File(_) => Exit::Permission,
        SigningError::Failed { .. } => Exit::General,
        _ => Exit::Configuration,
    };
    let hint = if is_gone {
        "make a key with `hsm plugin keygen`, or name its file with `--key`".to_owned()
    } else {
        error.hint()
    };
    Problem::new(exit, error.to_string()).with_hint(hint)
}
