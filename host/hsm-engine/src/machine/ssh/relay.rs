//! The relay: what rsync starts in place of a remote shell. It opens a session on the connection that is there, drops what the login shell
//! prints, and then hands bytes both ways without looking at them.

use super::session::nonce;
use crate::process;
use hsm_core::batch::quoted;
use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use std::fs::File;
use std::io;
use std::os::fd::AsFd;

/// Does the work of `hsm relay SESSION HOST PROGRAM ARGUMENT…`: `session` is the command of a session, as JSON; `words` are what rsync puts
/// behind it. The exit code of the session.
///
/// # Errors
/// When `session` cannot be read or started, the words are not those of rsync, or the standard streams fail.
pub fn relay(session: &str, words: &[String]) -> io::Result<i32> {
    let argv: Vec<String> = serde_json::from_str(session)?;
    let (_host, command) = words.split_first().ok_or_else(|| refused("nothing to run was given"))?;
    if command.first().map(String::as_str) != Some("rsync") {
        return Err(refused("the relay runs rsync over there, and nothing else"));
    }
    let command: Vec<String> = command.iter().map(|word| quoted(word)).collect();
    let marker = format!("{}\n", nonce()?);
    let first = format!("printf '%s\\n' {}; exec {}\n", marker.trim_end(), command.join(" "));
    let (input, output) = (plain(io::stdin())?, plain(io::stdout())?);
    process::connect(&argv, first.as_bytes(), marker.as_bytes(), input, output)
}

/// A standard stream without the library's buffer, which would hold bytes back until a line ends. rsync hands over streams that do not
/// wait, and here they have to.
fn plain(stream: impl AsFd) -> io::Result<File> {
    let file = File::from(stream.as_fd().try_clone_to_owned()?);
    let flags = fcntl_getfl(&file)?;
    fcntl_setfl(&file, flags - OFlags::NONBLOCK)?;
    Ok(file)
}

fn refused(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, why)
}

/// One word of the command that rsync splits: it knows quotes, and a doubled one as the quote itself.
pub(crate) fn word_for_rsync(word: &str) -> String {
    format!("'{}'", word.replace('\'', "''"))
}
