//! The types that settings have beside text, numbers and lists.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

const MEBIBYTE: u64 = 1 << 20;

/// An amount of memory, as Slurm and PBS write it: `16G`, `16GB`, `512M`, or a bare number of MiB. Multiples are of 1024.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Memory {
    spelling: String,
    mebibytes: u64,
}

impl Memory {
    /// The amount in MiB, rounded up.
    #[must_use]
    pub fn as_mebibytes(&self) -> u64 {
        self.mebibytes
    }
}

impl FromStr for Memory {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is not an amount of memory such as `16G` or `512M`");
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let (amount, unit) = text.split_at(digits);
        let amount: u64 = amount.parse().map_err(|_| wrong())?;
        let bytes_each = match unit.to_ascii_lowercase().as_str() {
            "k" | "kb" | "kib" => 1 << 10,
            "" | "m" | "mb" | "mib" => MEBIBYTE,
            "g" | "gb" | "gib" => 1 << 30,
            "t" | "tb" | "tib" => 1 << 40,
            _ => return Err(wrong()),
        };
        let bytes = amount.checked_mul(bytes_each).ok_or_else(wrong)?;
        Ok(Self { spelling: text.to_owned(), mebibytes: bytes.div_ceil(MEBIBYTE) })
    }
}

impl fmt::Display for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.spelling)
    }
}

/// Lines for a shell to run before a task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShellLines(pub String);

/// Lines of a scheduler's own options, each as one argument: `--exclude=node[1-3]`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Directives(pub Vec<String>);

impl Directives {
    /// The directive of a key and its value: dashes are added where the key has none, and `_` becomes `-`.
    #[must_use]
    pub fn from_key(key: &str, value: Option<&str>) -> String {
        let name = key.trim_start_matches('-').replace('_', "-");
        match (name.chars().count(), value) {
            (1, None) => format!("-{name}"),
            (1, Some(value)) => format!("-{name} {value}"),
            (_, None) => format!("--{name}"),
            (_, Some(value)) => format!("--{name}={value}"),
        }
    }
}

/// The name of a host, an address, or an alias of the ssh configuration. It never begins with `-`, so that no program takes it for an option.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct HostName(String);

impl HostName {
    /// The text of the name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for HostName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let misplaced = |character: char| character.is_whitespace() || character.is_control();
        let host = text.rsplit('@').next().unwrap_or(text);
        if host.is_empty()
            || [text, host].iter().any(|part| part.starts_with('-'))
            || text.contains(misplaced)
        {
            return Err(format!("`{}` cannot be the name of a host or an alias", text.escape_debug()));
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for HostName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// How a pool of machines shares the tasks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Strategy {
    /// One machine after the other.
    #[default]
    RoundRobin,
    /// The machine with the most free slots.
    LeastLoaded,
    /// The machine that fits the task.
    CapabilityBased,
}

impl FromStr for Strategy {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "round_robin" => Ok(Self::RoundRobin),
            "least_loaded" => Ok(Self::LeastLoaded),
            "capability_based" => Ok(Self::CapabilityBased),
            _ => Err(format!("`{text}` is none of `round_robin`, `least_loaded` and `capability_based`")),
        }
    }
}

/// What starts tasks on a remote machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Backend {
    /// hsm's own slots.
    Ssh,
    /// Slurm.
    Slurm,
    /// PBS.
    Pbs,
    /// The scheduler of a plugin, by its name.
    Plugin(String),
}

impl Backend {
    /// The word for it in a settings file.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Ssh => "ssh",
            Self::Slurm => "slurm",
            Self::Pbs => "pbs",
            Self::Plugin(name) => name,
        }
    }
}

impl FromStr for Backend {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let named = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        match text {
            "ssh" => Ok(Self::Ssh),
            "slurm" => Ok(Self::Slurm),
            "pbs" => Ok(Self::Pbs),
            name if name.starts_with(|c: char| c != '-' && named(c)) && name.chars().all(named) => {
                Ok(Self::Plugin(name.to_owned()))
            }
            _ => Err(format!("`{text}` is none of `ssh`, `slurm`, `pbs`, and no name of a plugin")),
        }
    }
}

impl fmt::Display for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_in_multiples_of_1024() {
        for (text, expected) in
            [("16G", 16_384), ("16gb", 16_384), ("512M", 512), ("4096", 4096), ("1T", 1 << 20), ("1K", 1)]
        {
            assert_eq!(text.parse::<Memory>().map(|memory| memory.as_mebibytes()), Ok(expected), "{text}");
        }
        for bad in ["", "G", "1.5G", "16X", "-1G", "99999999999999999T"] {
            assert!(bad.parse::<Memory>().is_err(), "{bad}");
        }
    }

    #[test]
    fn directives_get_their_dashes() {
        for (key, value, expected) in [
            ("exclude", Some("node1"), "--exclude=node1"),
            ("--exclude", Some("node1"), "--exclude=node1"),
            ("mail_type", Some("END"), "--mail-type=END"),
            ("exclusive", None, "--exclusive"),
            ("C", Some("a100"), "-C a100"),
        ] {
            assert_eq!(Directives::from_key(key, value), expected);
        }
    }

    #[test]
    fn a_host_is_never_an_option() {
        for bad in ["", "-oProxyCommand=x", "a b", "a\n", "me@-oX=y", "me@"] {
            assert!(bad.parse::<HostName>().is_err(), "{bad:?}");
        }
        assert!("user@login.cluster.org".parse::<HostName>().is_ok());
    }
}
