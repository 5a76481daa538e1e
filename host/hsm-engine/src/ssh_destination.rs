//! What the user's own ssh makes of a name. Nothing is connected to, and nothing is read here that ssh reads: it says so itself.

use crate::error::{Error, ErrorKind, Result};
use crate::process;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

/// How long ssh may think about its configuration, in which `Match exec` can run anything.
const PATIENCE: Duration = Duration::from_secs(10);

/// Where ssh would connect to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SshDestination {
    /// As whom.
    pub user: String,
    /// The host, by name or address.
    pub hostname: String,
    /// The port.
    pub port: u16,
    /// The hosts on the way there, as the configuration has them.
    pub proxy_jump: Option<String>,
}

impl SshDestination {
    /// What ssh would connect to for `host`, an alias or a host, at `port` where the configuration is not to say.
    ///
    /// # Errors
    /// When ssh cannot be started or its configuration cannot be used.
    pub fn find(host: &str, port: Option<u16>) -> Result<Self> {
        let port = port.map(|port| port.to_string());
        let mut arguments = vec!["-G"];
        if let Some(port) = &port {
            arguments.extend(["-p", port]);
        }
        arguments.extend(["--", host]);
        let said = process::ask("ssh", &arguments, PATIENCE).map_err(|error| {
            Error::new(ErrorKind::Configuration, "could not start `ssh`")
                .because(error)
                .with_hint("install OpenSSH's client, and have it on the `PATH`")
        })?;
        if !said.status.success() {
            let complaint = String::from_utf8_lossy(&said.stderr).trim().to_owned();
            return Err(Error::new(
                ErrorKind::Configuration,
                format!("ssh makes nothing of `{host}`: {complaint}"),
            )
            .with_hint("look at `~/.ssh/config`"));
        }
        let text = String::from_utf8_lossy(&said.stdout);
        parse(&text).ok_or_else(|| {
            Error::new(ErrorKind::Configuration, format!("`ssh -G {host}` names no host"))
                .with_hint("a version of OpenSSH from 6.8 on says so")
        })
    }
}

/// A line each: a key in lower case, a space, its value. The first of a key counts.
fn parse(text: &str) -> Option<SshDestination> {
    let mut values = BTreeMap::new();
    for (key, value) in text.lines().filter_map(|line| line.split_once(' ')) {
        values.entry(key).or_insert(value);
    }
    Some(SshDestination {
        user: (*values.get("user")?).to_owned(),
        hostname: (*values.get("hostname")?).to_owned(),
        port: values.get("port")?.parse().ok()?,
        proxy_jump: values.get("proxyjump").filter(|jump| **jump != "none").map(|jump| (*jump).to_owned()),
    })
}

/// `me@host.example.org`, with the port where it is not 22 and the way there where there is one.
impl fmt::Display for SshDestination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { user, hostname, port, proxy_jump } = self;
        write!(f, "{user}@")?;
        match (*port, hostname.contains(':')) {
            (22, _) => write!(f, "{hostname}")?,
            (port, false) => write!(f, "{hostname}:{port}")?,
            (port, true) => write!(f, "[{hostname}]:{port}")?,
        }
        proxy_jump.as_ref().map_or(Ok(()), |jump| write!(f, " by way of {jump}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn destinations_are_told_in_a_line() {
        for (said, expected) in [
            ("user me\nhostname h.example.org\nport 22\n", "me@h.example.org"),
            ("host x\nuser me\nhostname ::1\nport 2222\nproxyjump none\n", "me@[::1]:2222"),
            ("user a b\nhostname h\nport 23\nproxyjump j1,j2\nport 24\n", "a b@h:23 by way of j1,j2"),
        ] {
            assert_eq!(parse(said).unwrap().to_string(), expected);
        }
        for unusable in ["", "user me\nport 22\n", "user me\nhostname h\nport many\n"] {
            assert_eq!(parse(unusable), None, "{unusable:?}");
        }
    }
}
