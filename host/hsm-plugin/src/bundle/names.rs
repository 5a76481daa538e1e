//! Names: of plugins, and of the files in a bundle. A name that passes is safe to join to a folder, to show, and to tell from every
//! other one on file systems that fold upper and lower case.

use serde::{Deserialize, Deserializer, Serialize};
use std::fmt;
use std::str::FromStr;

/// The manifest of a bundle.
pub const MANIFEST: &str = "plugin.toml";
/// The signature over the manifest.
pub const SIGNATURE: &str = "plugin.toml.minisig";
/// The component.
pub const COMPONENT: &str = "plugin.wasm";
/// What it is, for people.
pub const README: &str = "README.md";
/// The folder of the replay fixtures.
pub const FIXTURES: &str = "fixtures";

/// The longest name of a file, in bytes: what every tar format holds without an extension.
const FILE_NAME_MAX_BYTES: usize = 100;
/// The longest name of a plugin, in bytes.
const PLUGIN_NAME_MAX_BYTES: usize = 64;

/// The name of a plugin: lower-case letters, digits and `-`, beginning with no `-`, at most 64 of them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct PluginName(String);

/// A text that is no name of a plugin.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no name for a plugin")]
pub struct PluginNameError(String);

impl PluginNameError {
    /// What a name looks like.
    #[must_use]
    pub fn hint(&self) -> String {
        format!(
            "a name has lower-case letters, digits and `-`, begins with no `-` and is at most {PLUGIN_NAME_MAX_BYTES} characters long"
        )
    }
}

impl PluginName {
    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// A name made of any text, such as that of a file: what does not fit becomes `-`.
    #[must_use]
    pub fn resembling(text: &str) -> Self {
        let plain = |character: char| {
            let lower = character.to_ascii_lowercase();
            if lower.is_ascii_lowercase() || lower.is_ascii_digit() { lower } else { '-' }
        };
        let name: String = text.chars().map(plain).skip_while(|character| *character == '-').collect();
        let name = name.get(..PLUGIN_NAME_MAX_BYTES).unwrap_or(&name).trim_end_matches('-');
        Self(if name.is_empty() { "plugin".to_owned() } else { name.to_owned() })
    }
}

impl FromStr for PluginName {
    type Err = PluginNameError;

    fn from_str(text: &str) -> Result<Self, PluginNameError> {
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        let fits = (1..=PLUGIN_NAME_MAX_BYTES).contains(&text.len())
            && text.bytes().all(plain)
            && !text.starts_with('-');
        if fits {
            Ok(Self(text.to_owned()))
        } else {
            Err(PluginNameError(crate::plain::plain_line(text, 100)))
        }
    }
}

impl fmt::Display for PluginName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl<'de> Deserialize<'de> for PluginName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// Judges the name of a file in a bundle: a relative path of plain parts, nothing that climbs, hides or steers a terminal.
///
/// # Errors
/// What is wrong with it, to be read after "the name `…`".
pub(crate) fn check_file_name(name: &str) -> Result<(), &'static str> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-' | b'/');
    match name {
        "" => Err("is empty"),
        _ if name.len() > FILE_NAME_MAX_BYTES => Err("is longer than 100 bytes"),
        _ if name.starts_with('/') => Err("is absolute"),
        _ if name.split('/').any(|part| part == "..") => Err("climbs out of the bundle"),
        _ if name.split('/').any(str::is_empty) => Err("has an empty part"),
        _ if name.split('/').any(|part| part.starts_with('.')) => Err("has a part that begins with a dot"),
        _ if !name.bytes().all(plain) => Err("has other characters than letters, digits, `.`, `_` and `-`"),
        _ => Ok(()),
    }
}

/// Whether a bundle may hold a file of this name beside its manifest and its signature.
pub(crate) fn may_be_packed(name: &str) -> bool {
    let (top, below) = name.split_once('/').map_or((name, None), |(top, below)| (top, Some(below)));
    match below {
        Some(_) => top == FIXTURES,
        None => top == COMPONENT || top == README || top.starts_with("LICENSE"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_plugins() {
        for good in ["a", "pareto", "2-d", &"a".repeat(64)] {
            assert_eq!(good.parse::<PluginName>().unwrap().as_str(), good);
        }
        for bad in ["", "-rf", "Pareto", "a_b", "a/b", "..", "é", "a\n", &"a".repeat(65)] {
            assert!(bad.parse::<PluginName>().is_err(), "{bad}");
        }
        for (text, expected) in [("My Plugin", "my-plugin"), ("--x--", "x"), ("é", "plugin"), ("", "plugin")]
        {
            assert_eq!(PluginName::resembling(text).as_str(), expected);
            assert_eq!(expected.parse::<PluginName>().unwrap().as_str(), expected);
        }
    }

    #[test]
    fn names_of_files() {
        let long = format!("fixtures/{}", "a".repeat(100));
        let cases = [
            ("plugin.wasm", Ok(())),
            ("fixtures/a/expected/front.svg", Ok(())),
            ("", Err("is empty")),
            ("/etc/passwd", Err("is absolute")),
            ("fixtures/../../x", Err("climbs out of the bundle")),
            ("..", Err("climbs out of the bundle")),
            ("fixtures//x", Err("has an empty part")),
            ("fixtures/", Err("has an empty part")),
            ("./plugin.wasm", Err("has a part that begins with a dot")),
            (".git/config", Err("has a part that begins with a dot")),
            ("fixtures/a b", Err("has other characters than letters, digits, `.`, `_` and `-`")),
            ("fixtures\\x", Err("has other characters than letters, digits, `.`, `_` and `-`")),
            ("fixtures/\u{1b}[2J", Err("has other characters than letters, digits, `.`, `_` and `-`")),
            ("fixtures/é", Err("has other characters than letters, digits, `.`, `_` and `-`")),
            (&long, Err("is longer than 100 bytes")),
        ];
        for (name, expected) in cases {
            assert_eq!(check_file_name(name), expected, "{name}");
        }
    }

    #[test]
    fn a_bundle_holds_only_what_belongs_there() {
        for (name, expected) in [
            ("plugin.wasm", true),
            ("README.md", true),
            ("LICENSE", true),
            ("LICENSE-MIT", true),
            ("fixtures/a/input.json", true),
            ("fixtures", false),
            ("plugin.toml", false),
            ("plugin.wasm/x", false),
            ("src/lib.rs", false),
            ("Cargo.toml", false),
            ("build", false),
        ] {
            assert_eq!(may_be_packed(name), expected, "{name}");
        }
    }
}
