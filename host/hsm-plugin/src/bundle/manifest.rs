//! `plugin.toml`: what a plugin is, what it asks for, and what its files are. Everything in it is checked here, once; whoever has a
//! [`Manifest`] can believe it. It says nothing about whom to trust: that is `trust`.

use super::config::{self, ConfigError, ConfigSchema};
use super::names::{self, PluginName};
use super::programs::{ProgramProblem, check_program};
use crate::digest::Digest;
use crate::inspect::Role;
use crate::limits::{Limit, Limits};
use crate::toml_file::TomlFile;
use hsm_core::diagnostic::Diagnostic;
use hsm_core::suggest;
use semver::Version;
use serde::Deserialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use toml::Spanned;

/// The format of manifests that this version reads and writes.
const FORMAT: u64 = 1;
/// The version of `wit/` that a plugin may be made for.
pub(crate) const WIT: &str = "0.1";
/// The largest manifest, in bytes: a line for each of as many files as a bundle may have.
pub(crate) const MANIFEST_MAX_BYTES: u64 = 256 << 10;
/// Files in a bundle besides manifest and signature: fixtures are a handful of files a case.
const FILES_MAX: usize = 1_000;
/// Settings that a manifest may describe.
const SETTINGS_MAX: usize = 100;
/// Programs that a plugin may name: a whole family of a scheduler's commands has a dozen.
const COMMANDS_MAX: usize = 32;
/// The longest summary, license or version, in bytes: a line.
const LINE_MAX_BYTES: usize = 200;

/// A manifest, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    /// What the plugin is called.
    pub name: PluginName,
    /// Its version.
    pub version: Version,
    /// What it is for.
    pub role: Role,
    /// The version of the interface that it was made for: `major.minor`.
    pub wit: String,
    /// What it does, in one line.
    pub summary: String,
    /// Its license.
    pub license: String,
    /// The limits that it asks for.
    pub limits: BTreeMap<Limit, u64>,
    /// What it wants to be allowed.
    pub capabilities: Capabilities,
    /// What its users may configure; without it, anything.
    pub config: Option<ConfigSchema>,
    /// The digests of all files but the manifest and its signature; none in the manifest of a source folder.
    pub files: Option<BTreeMap<String, Digest>>,
}

/// What a plugin may do beyond turning values into values.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Capabilities {
    /// An aggregator may read the tasks' folders of the sweep that it is about.
    pub read_results: bool,
    /// A scheduler may have these programs run.
    pub commands: BTreeSet<String>,
}

impl Capabilities {
    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        !self.read_results && self.commands.is_empty()
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    #[serde(rename = "format")]
    _format: u64,
    name: Spanned<String>,
    version: Spanned<String>,
    role: Spanned<String>,
    wit: Spanned<String>,
    summary: Spanned<String>,
    license: Spanned<String>,
    #[serde(default)]
    limits: BTreeMap<Spanned<String>, Spanned<u64>>,
    #[serde(default)]
    capabilities: RawCapabilities,
    config: Option<BTreeMap<Spanned<String>, config::Setting>>,
    files: Option<BTreeMap<Spanned<String>, Spanned<String>>>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct RawCapabilities {
    read_results: Option<Spanned<bool>>,
    commands: Option<Spanned<Vec<Spanned<String>>>>,
}

impl Manifest {
    /// Reads a manifest; `file` is what messages call it.
    ///
    /// # Errors
    /// The first thing that is wrong in it, with its place.
    pub fn parse(bytes: &[u8], file: &str) -> Result<Self, Diagnostic> {
        let file = TomlFile::new(file, bytes)?;
        let raw: Raw = file.parse(FORMAT)?;
        let reader = Reader { file };
        let role = reader.role(&raw.role)?;
        Ok(Self {
            name: reader.name(&raw.name)?,
            version: reader.version(&raw.version)?,
            role,
            wit: reader.wit(&raw.wit)?,
            summary: reader.line(&raw.summary, "summary")?,
            license: reader.line(&raw.license, "license")?,
            limits: reader.limits(&raw.limits)?,
            capabilities: reader.capabilities(&raw.capabilities, role)?,
            config: raw.config.map(|config| reader.config(config)).transpose()?,
            files: raw.files.map(|files| reader.files(&files)).transpose()?,
        })
    }

    /// Holds a configuration against what the manifest says its users may write. A manifest that says nothing lets anything through.
    ///
    /// # Errors
    /// The first thing that does not fit.
    pub fn check_config(&self, config: &Value) -> Result<(), ConfigError> {
        self.config.as_ref().map_or(Ok(()), |schema| config::check(schema, config))
    }
}

/// Judges the parts of a manifest, and points at what is wrong.
#[derive(Clone, Copy)]
struct Reader<'a> {
    file: TomlFile<'a>,
}

impl Reader<'_> {
    fn error<T>(self, place: Range<usize>, message: impl Into<String>, hint: &str) -> Result<T, Diagnostic> {
        Err(self.file.error(place, message, Some(hint.to_owned())))
    }

    fn name(self, name: &Spanned<String>) -> Result<PluginName, Diagnostic> {
        name.get_ref().parse().or_else(|error: names::PluginNameError| {
            self.error(name.span(), error.to_string(), &error.hint())
        })
    }

    fn version(self, version: &Spanned<String>) -> Result<Version, Diagnostic> {
        let text = version.get_ref();
        let parsed = Version::parse(text).ok().filter(|_| text.len() <= LINE_MAX_BYTES);
        parsed.map_or_else(
            || {
                self.error(
                    version.span(),
                    "this is no semantic version",
                    "write three numbers, such as `0.1.0`",
                )
            },
            Ok,
        )
    }

    fn role(self, role: &Spanned<String>) -> Result<Role, Diagnostic> {
        let known = Role::ALL.map(Role::as_str);
        let found = Role::ALL.into_iter().find(|known| known.as_str() == role.get_ref());
        found.map_or_else(
            || {
                let meant = suggest::did_you_mean(role.get_ref(), known);
                let hint = meant.unwrap_or_else(|| format!("the roles are {}", known.join(", ")));
                self.error(role.span(), "there is no such role", &hint)
            },
            Ok,
        )
    }

    fn wit(self, wit: &Spanned<String>) -> Result<String, Diagnostic> {
        if wit.get_ref() == WIT {
            return Ok(WIT.to_owned());
        }
        let message = format!("this hsm runs plugins made for version {WIT} of its interface");
        self.error(wit.span(), message, "use another release of the plugin, or another hsm")
    }

    fn line(self, text: &Spanned<String>, key: &str) -> Result<String, Diagnostic> {
        let line = text.get_ref().trim();
        let problem = match line {
            "" => "is empty",
            _ if line.len() > LINE_MAX_BYTES => "is longer than 200 bytes",
            _ if line != crate::plain::plain_line(line, usize::MAX) => "is more than one line of plain text",
            _ => return Ok(line.to_owned()),
        };
        self.error(text.span(), format!("`{key}` {problem}"), "write one line for people")
    }

    fn limits(
        self,
        limits: &BTreeMap<Spanned<String>, Spanned<u64>>,
    ) -> Result<BTreeMap<Limit, u64>, Diagnostic> {
        let mut asked = BTreeMap::new();
        for (name, value) in limits {
            let limit = Limit::named(name.get_ref())
                .or_else(|error| self.error(name.span(), error.to_string(), "write the limit's name"))?;
            Limits::default().set_request(limit, *value.get_ref()).or_else(|error| {
                self.error(
                    value.span(),
                    error.to_string(),
                    "ask for less; whoever uses the plugin may give it more",
                )
            })?;
            asked.insert(limit, *value.get_ref());
        }
        Ok(asked)
    }

    fn capabilities(self, raw: &RawCapabilities, role: Role) -> Result<Capabilities, Diagnostic> {
        let mut capabilities = Capabilities::default();
        if let Some(read_results) = &raw.read_results {
            self.only_for(Role::Aggregator, role, "read-results", read_results.span())?;
            capabilities.read_results = *read_results.get_ref();
        }
        if let Some(commands) = &raw.commands {
            self.only_for(Role::Scheduler, role, "commands", commands.span())?;
            if commands.get_ref().len() > COMMANDS_MAX {
                let message = format!("these are more than {COMMANDS_MAX} commands");
                return self.error(commands.span(), message, "name only those that the plugin needs");
            }
            for command in commands.get_ref() {
                self.command(command)?;
                if !capabilities.commands.insert(command.get_ref().clone()) {
                    let message = format!("the command `{}` is named twice", command.get_ref());
                    return self.error(command.span(), message, "name each command once");
                }
            }
        }
        Ok(capabilities)
    }

    fn only_for(self, wanted: Role, role: Role, what: &str, place: Range<usize>) -> Result<(), Diagnostic> {
        if role == wanted {
            return Ok(());
        }
        let message =
            format!("`{what}` is for plugins of the role {wanted}, and this is one of the role {role}");
        self.error(place, message, "remove it, or correct `role`")
    }

    fn command(self, command: &Spanned<String>) -> Result<(), Diagnostic> {
        check_program(command.get_ref()).or_else(|problem| {
            let shown = crate::plain::plain_line(command.get_ref(), 100);
            let hint = match problem {
                ProgramProblem::NotBare => {
                    "write the name alone, such as `qsub`; hsm finds the program and gives it its arguments"
                }
                ProgramProblem::RunsAnything => "name the scheduler's own commands",
            };
            self.error(command.span(), format!("`{shown}` {problem}"), hint)
        })
    }

    fn config(self, raw: BTreeMap<Spanned<String>, config::Setting>) -> Result<ConfigSchema, Diagnostic> {
        if let Some((name, _)) = raw.iter().nth(SETTINGS_MAX) {
            let message = format!("these are more than {SETTINGS_MAX} settings");
            return self.error(name.span(), message, "a list or a map takes many values under one name");
        }
        let mut schema = ConfigSchema::new();
        for (name, setting) in raw {
            let plain = crate::plain::plain_line(&setting.summary, LINE_MAX_BYTES);
            if setting.summary != plain {
                let message =
                    format!("the summary of `{}` is more than one short line of plain text", name.get_ref());
                return self.error(name.span(), message, "write one line for people");
            }
            schema.insert(name.into_inner(), setting);
        }
        Ok(schema)
    }

    fn files(
        self,
        raw: &BTreeMap<Spanned<String>, Spanned<String>>,
    ) -> Result<BTreeMap<String, Digest>, Diagnostic> {
        if let Some((name, _)) = raw.iter().nth(FILES_MAX) {
            let message = format!("these are more than {FILES_MAX} files");
            return self.error(name.span(), message, "a plugin needs no more fixtures than that");
        }
        let mut files: BTreeMap<String, Digest> = BTreeMap::new();
        let mut taken = BTreeMap::new();
        for (name, digest) in raw {
            self.file_name(name, &mut taken)?;
            let parsed = digest.get_ref().parse().or_else(|error: crate::digest::DigestError| {
                self.error(digest.span(), error.to_string(), "let `hsm plugin pack` write this table")
            })?;
            files.insert(name.get_ref().clone(), parsed);
        }
        if !files.contains_key(names::COMPONENT) {
            let message = format!("`[files]` has no `{}`", names::COMPONENT);
            return Err(self.file.error(0..0, message, Some("pack the plugin again".to_owned())));
        }
        Ok(files)
    }

    /// Judges a name, and makes sure that it can stand beside the others: on a file system that folds upper and lower case, and with none
    /// of them a folder of another.
    fn file_name(self, name: &Spanned<String>, taken: &mut BTreeMap<String, bool>) -> Result<(), Diagnostic> {
        let (text, place) = (name.get_ref(), name.span());
        let shown = crate::plain::plain_line(text, 200);
        if let Err(problem) = names::check_file_name(text) {
            return self.error(
                place,
                format!("the name `{shown}` {problem}"),
                "rename the file, and pack again",
            );
        }
        if !names::may_be_packed(text) {
            let message = format!("a bundle has no place for `{shown}`");
            return self.error(
                place,
                message,
                "beside its manifest it has `plugin.wasm`, `README.md`, `LICENSE…` and what is in `fixtures`",
            );
        }
        let folded = text.to_ascii_lowercase();
        let folders = folded.match_indices('/').map(|(end, _)| folded[..end].to_owned());
        let clash = folders.clone().any(|folder| taken.get(&folder) == Some(&true));
        if clash || taken.contains_key(&folded) {
            let message = format!("the name `{shown}` clashes with another one");
            return self.error(place, message, "names have to differ in more than upper and lower case");
        }
        taken.extend(folders.map(|folder| (folder, false)));
        taken.insert(folded, true);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
