//! `hsm plugin keygen`: a key to sign plugins with, in the format of minisign.

use super::password;
use super::sign::{default_key, signing_problem};
use crate::args::KeygenArgs;
use crate::output::{Console, escape};
use crate::report::{Exit, Problem};
use hsm_plugin::trust;

/// Makes the key.
///
/// # Errors
/// When there is one already, no password is to be had, or it cannot be written.
pub fn run(args: &KeygenArgs, console: Console) -> Result<Exit, Problem> {
    let path = match &args.output {
        Some(path) => path.clone(),
        None => default_key()?,
    };
    let made = if args.no_password {
        trust::generate(&path, None)
    } else {
        trust::generate(&path, Some(&mut password::ask_new))
    };
    let made = made.map_err(signing_problem)?;
    let (secret, public) = (escape(&path.to_string_lossy()), escape(&made.public_path.to_string_lossy()));
    console
        .say(&format!("the secret key {} is in `{secret}`: keep it to yourself, and keep a copy", made.id));
    console.say(&format!("the public key is in `{public}`; it is what others need:\n"));
    console.data(&made.public_text)?;
    console.say("\nwho trusts you puts it into `~/.hsm/keys/NAME.pub`; who trusts you for a whole machine, into `/etc/hsm/keys/NAME.pub`");
    console.hint("sign a packed plugin with `hsm plugin sign FILE.tar`");
    Ok(Exit::Success)
}
