//! Which machine, and how this one speaks with it.

use hsm_core::roles::{Blame, Failure};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Where hsm keeps its files over there unless somebody says otherwise.
pub const REMOTE_ROOT: &str = "~/.hsm/remote";

/// A machine that is reached by ssh. What is not said here is for the user's own ssh configuration to say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    /// What its users call it.
    pub name: String,
    /// An alias of the user's ssh configuration, or a host, with or without `user@`.
    pub host: String,
    /// The port, where it is not the configured one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// The file of the key, where it is not a configured one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The folder of hsm's files over there, as configured: `~`, `$HOME` and `$USER` are those of over there.
    #[serde(default = "remote_root")]
    pub root: String,
}

/// How this machine speaks with others. Nothing of it goes into a journal: it is a matter of the process.
#[derive(Clone, Debug)]
pub struct LinkOptions {
    /// `$XDG_RUNTIME_DIR`.
    pub runtime_dir: Option<PathBuf>,
    /// `$SSH_AUTH_SOCK`, to say so where nobody answers there.
    pub agent_socket: Option<PathBuf>,
    /// Whether ssh may ask its user at the terminal.
    pub interactive: bool,
    /// The program and arguments by which rsync reaches the link: `hsm relay`.
    pub relay: Vec<String>,
    /// The program of ssh; one from `PATH` unless it has a slash.
    pub ssh: String,
    /// The program of rsync.
    pub rsync: String,
}

impl LinkOptions {
    /// ssh and rsync from `PATH`, and nobody to ask. `hsm` is the program of `hsm` itself.
    #[must_use]
    pub fn new(hsm: &std::path::Path) -> Self {
        Self {
            runtime_dir: None,
            agent_socket: None,
            interactive: false,
            relay: vec![hsm.display().to_string(), "relay".to_owned()],
            ssh: "ssh".to_owned(),
            rsync: "rsync".to_owned(),
        }
    }
}

impl Default for LinkOptions {
    /// With the `hsm` that is found on `PATH`.
    fn default() -> Self {
        Self::new(std::path::Path::new("hsm"))
    }
}

impl Target {
    /// A machine with everything as the user's ssh configuration has it.
    #[must_use]
    pub fn new(name: impl Into<String>, host: impl Into<String>) -> Self {
        Self { name: name.into(), host: host.into(), port: None, key: None, root: remote_root() }
    }

    /// Whether ssh could take it for anything else than a host.
    ///
    /// # Errors
    /// A host that is empty, begins with `-`, or has white space or control characters in it.
    pub fn check(&self) -> Result<(), Failure> {
        let bad = |why: &str| {
            let message =
                format!("`{}` cannot be the host of `{}`: {why}", self.host.escape_debug(), self.name);
            Failure::new(Blame::Config, "bad-host", message)
                .with_hint("give an alias of `~/.ssh/config`, or a host such as `me@node7.example.org`")
        };
        let name = self.host.rsplit('@').next().unwrap_or_default();
        if self.host.is_empty() || name.is_empty() {
            return Err(bad("it is empty"));
        }
        if self.host.starts_with('-') || name.starts_with('-') {
            return Err(bad("it begins with `-`"));
        }
        if self.host.chars().any(|char| char.is_whitespace() || char.is_control()) {
            return Err(bad("there is white space in it"));
        }
        Ok(())
    }
}

fn remote_root() -> String {
    REMOTE_ROOT.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_host_is_a_host() {
        for good in ["box", "me@box", "10.0.0.7", "fe80::1%eth0", "me@host.example.org"] {
            assert_eq!(Target::new("n", good).check(), Ok(()), "{good}");
        }
        for bad in ["", "-oProxyCommand=date", "me@-oX=y", "me@", "a b", "a\nb", "a\u{7}"] {
            assert_eq!(Target::new("n", bad).check().unwrap_err().code, "bad-host", "{bad:?}");
        }
    }

    #[test]
    fn a_journal_line_says_only_what_was_said() {
        let text = r#"{"name":"box","host":"box"}"#;
        let target: Target = serde_json::from_str(text).unwrap();
        assert_eq!(target, Target::new("box", "box"));
    }
}
