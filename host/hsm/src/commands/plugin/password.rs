//! Passwords: typed at a terminal without being shown, or the first line of standard input. Never an argument, and never a variable.

use std::io::{self, BufRead, IsTerminal};

/// The longest password, in bytes: what minisign takes.
const PASSWORD_MAX_BYTES: usize = 1024;

/// Asks for the password of a key that there is.
pub fn ask() -> io::Result<String> {
    if io::stdin().is_terminal() {
        checked(rpassword::prompt_password("password of the key: ")?)
    } else {
        first_line()
    }
}

/// Asks for the password of a new key; at a terminal twice, because nobody sees a slip.
pub fn ask_new() -> io::Result<String> {
    if !io::stdin().is_terminal() {
        return first_line();
    }
    let password = checked(rpassword::prompt_password("a password for the new key: ")?)?;
    if rpassword::prompt_password("once more: ")? != password {
        return Err(io::Error::other("the two are not the same"));
    }
    Ok(password)
}

fn first_line() -> io::Result<String> {
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line)?;
    checked(line.trim_end_matches(['\n', '\r']).to_owned())
}

fn checked(password: String) -> io::Result<String> {
    match password.len() {
        0 => Err(io::Error::other("nothing was given")),
        1..=PASSWORD_MAX_BYTES => Ok(password),
        _ => Err(io::Error::other("it is longer than 1024 bytes")),
    }
}
