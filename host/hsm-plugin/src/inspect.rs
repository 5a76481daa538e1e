//! Looks at a file before anything of it is compiled, and says in words what is wrong with it.
//!
//! Only the outermost imports and exports are read: a millisecond for a component of 18 MiB. Whether the code inside is valid is
//! for the compiler to say, in its own limited process.

mod survey;

pub use survey::{Import, ImportVerdict, Survey, survey};

use serde::{Deserialize, Serialize};
use std::fmt;
use wasmparser::{Parser, Payload};

/// The version of `wit/` that this host speaks: `major.minor`, where patch releases only add.
const WIT_VERSION: (u64, u64) = (0, 1);

/// WASI packages that are linked, and grant nothing.
const WASI_PACKAGES: [&str; 6] = ["io", "clocks", "random", "cli", "filesystem", "sockets"];

/// What a component is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// It makes points.
    Generator,
    /// It says what results mean.
    Aggregator,
    /// It speaks to a batch system.
    Scheduler,
}

impl Role {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Generator, Self::Aggregator, Self::Scheduler];

    /// The name of the interface that a plugin of this role exports.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Generator => "generator",
            Self::Aggregator => "aggregator",
            Self::Scheduler => "scheduler",
        }
    }

    /// The role with its article, for sentences.
    #[must_use]
    pub fn with_article(self) -> &'static str {
        match self {
            Self::Generator => "a generator",
            Self::Aggregator => "an aggregator",
            Self::Scheduler => "a scheduler",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Why a file is not the plugin that was asked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InspectError {
    /// There is nothing in it.
    #[error("the file is empty")]
    Empty,
    /// It begins unlike any WebAssembly.
    #[error("the file is not WebAssembly")]
    NotWasm,
    /// It is WebAssembly's text format.
    #[error("the file is WebAssembly text, not a compiled component")]
    Text,
    /// It is a core module, which has no typed interface.
    #[error("the file is a core WebAssembly module, not a component")]
    CoreModule,
    /// It is machine code. That could do anything, so it is never loaded.
    #[error("the file is precompiled machine code, which is never loaded")]
    Precompiled,
    /// It is in a binary format that this host does not know.
    #[error("the file is in WebAssembly's binary format {0}, which this version does not know")]
    UnknownFormat(u16),
    /// It ends too early.
    #[error("the file is cut short: byte {0} and what follows are missing")]
    Truncated(u64),
    /// It cannot be read as WebAssembly after all.
    #[error("the file is damaged: {0}")]
    Damaged(String),
    /// It exports no role.
    #[error("the component is no plugin of hsm: it exports no `hsm:plugin` interface")]
    NoRole,
    /// It has another role than the one asked for.
    #[error("the plugin is {}, and {} is wanted here", found.with_article(), wanted.with_article())]
    WrongRole {
        /// Its role.
        found: Role,
        /// The role it should have.
        wanted: Role,
    },
    /// It was built for an older version of the interface.
    #[error(
        "the plugin was built for version {0} of hsm's plugin interface, which is too old: this hsm speaks 0.1"
    )]
    TooOld(String),
    /// It was built for a newer version of the interface.
    #[error(
        "the plugin was built for version {0} of hsm's plugin interface, which is too new: this hsm speaks 0.1"
    )]
    TooNew(String),
    /// It wants something that no plugin is given.
    #[error("the plugin imports `{0}`, which no plugin is given")]
    ForbiddenImport(String),
}

impl InspectError {
    /// A stable word for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Empty | Self::NotWasm | Self::Text | Self::UnknownFormat(_) => "not-wasm",
            Self::CoreModule => "core-module",
            Self::Precompiled => "precompiled",
            Self::Truncated(_) => "truncated",
            Self::Damaged(_) => "damaged",
            Self::NoRole => "no-role",
            Self::WrongRole { .. } => "wrong-role",
            Self::TooOld(_) => "too-old",
            Self::TooNew(_) => "too-new",
            Self::ForbiddenImport(_) => "forbidden-import",
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::Empty | Self::Truncated(_) | Self::Damaged(_) => "copy or build it again".to_owned(),
            Self::NotWasm => "a plugin is a WebAssembly component, a file that usually ends in `.wasm`".to_owned(),
            Self::Text => "convert it with `wasm-tools parse`".to_owned(),
            Self::CoreModule => "build it for the target `wasm32-wasip2`, which makes components".to_owned(),
            Self::Precompiled => "use the `.wasm` file it was made from".to_owned(),
            Self::UnknownFormat(_) | Self::TooNew(_) => {
                "use a newer hsm, or an older release of the plugin".to_owned()
            }
            Self::NoRole => "build it with `hsm-sdk`, or against the worlds in hsm's `wit` folder".to_owned(),
            Self::WrongRole { found: Role::Generator, .. } => {
                "generators are for `hsm plan` and `hsm run`".to_owned()
            }
            Self::WrongRole { found: Role::Aggregator, .. } => "aggregators are for `hsm collect`".to_owned(),
            Self::WrongRole { found: Role::Scheduler, .. } => {
                "this version of hsm does not submit through scheduler plugins; `hsm plugin test` replays their fixtures".to_owned()
            }
            Self::TooOld(_) => "use a newer release of the plugin, or build it again".to_owned(),
            Self::ForbiddenImport(_) => {
                "plugins get tables and return tables; files, networks and other services are not available to them"
                    .to_owned()
            }
        }
    }
}

/// Judges whether `bytes` are a component of this role that this host may compile.
///
/// # Errors
/// What is wrong with it.
pub fn inspect(bytes: &[u8], wanted: Role) -> Result<(), InspectError> {
    check_format(bytes)?;
    let surface = Surface::read(bytes)?;
    surface.check_role(wanted)?;
    surface.check_imports()
}

/// The first eight bytes tell components from everything else.
fn check_format(bytes: &[u8]) -> Result<(), InspectError> {
    match bytes {
        [] => Err(InspectError::Empty),
        [0x7f, b'E', b'L', b'F', ..] => Err(InspectError::Precompiled),
        [0, b'a', b's', b'm', 1, 0, 0, 0, ..] => Err(InspectError::CoreModule),
        [0, b'a', b's', b'm', 0x0d, 0, 1, 0, ..] => Ok(()),
        [0, b'a', b's', b'm', low, high, _, _, ..] => {
            Err(InspectError::UnknownFormat(u16::from_le_bytes([*low, *high])))
        }
        short if b"\0asm\x0d\0\x01\0".starts_with(short) => Err(InspectError::Truncated(short.len() as u64)),
        other if other.trim_ascii_start().starts_with(b"(component") => Err(InspectError::Text),
        other if other.trim_ascii_start().starts_with(b"(module") => Err(InspectError::Text),
        _ => Err(InspectError::NotWasm),
    }
}

/// The outermost names of a component.
#[derive(Debug, Default)]
struct Surface {
    imports: Vec<String>,
    exports: Vec<String>,
}

impl Surface {
    /// Reads the component's own sections and steps over the modules and components inside it.
    fn read(bytes: &[u8]) -> Result<Self, InspectError> {
        let mut surface = Self::default();
        let mut parser = Parser::new(0);
        let mut offset = 0;
        let truncated = || InspectError::Truncated(bytes.len() as u64);
        while offset < bytes.len() {
            let chunk = parser.parse(&bytes[offset..], true).map_err(|error| broken(&error, bytes))?;
            let wasmparser::Chunk::Parsed { consumed, payload } = chunk else { return Err(truncated()) };
            offset += consumed;
            match payload {
                Payload::ComponentImportSection(section) => {
                    for import in section {
                        let import = import.map_err(|error| broken(&error, bytes))?;
                        surface.imports.push(import.name.name.to_owned());
                    }
                }
                Payload::ComponentExportSection(section) => {
                    for export in section {
                        let export = export.map_err(|error| broken(&error, bytes))?;
                        surface.exports.push(export.name.name.to_owned());
                    }
                }
                Payload::ModuleSection { unchecked_range, .. }
                | Payload::ComponentSection { unchecked_range, .. } => {
                    offset = unchecked_range.end;
                    if offset > bytes.len() {
                        return Err(truncated());
                    }
                }
                _ => {}
            }
        }
        Ok(surface)
    }

    fn check_role(&self, wanted: Role) -> Result<(), InspectError> {
        let mut first_problem = None;
        for (interface, version) in self.exports.iter().filter_map(|name| hsm_interface(name)) {
            let Some(found) = Role::ALL.into_iter().find(|role| role.as_str() == interface) else { continue };
            let problem = match check_version(version) {
                Err(problem) => problem,
                Ok(()) if found == wanted => return Ok(()),
                Ok(()) => InspectError::WrongRole { found, wanted },
            };
            first_problem.get_or_insert(problem);
        }
        Err(first_problem.unwrap_or(InspectError::NoRole))
    }

    fn check_imports(&self) -> Result<(), InspectError> {
        for name in &self.imports {
            match hsm_interface(name) {
                Some(("log" | "types", version)) => check_version(version)?,
                _ if is_empty_wasi(name) => {}
                _ => return Err(InspectError::ForbiddenImport(crate::plain::plain_line(name, 200))),
            }
        }
        Ok(())
    }
}

/// The interface and version of `hsm:plugin/<interface>@<version>`.
fn hsm_interface(name: &str) -> Option<(&str, &str)> {
    name.strip_prefix("hsm:plugin/").map(|rest| rest.split_once('@').unwrap_or((rest, "")))
}

fn check_version(version: &str) -> Result<(), InspectError> {
    let mut numbers = version.split('.').map(str::parse::<u64>);
    let found = match (numbers.next(), numbers.next()) {
        (Some(Ok(major)), Some(Ok(minor))) => (major, minor),
        _ => return Err(InspectError::TooOld("none".to_owned())),
    };
    let shown = || crate::plain::plain_line(version, 40);
    match found.cmp(&WIT_VERSION) {
        std::cmp::Ordering::Equal => Ok(()),
        std::cmp::Ordering::Less => Err(InspectError::TooOld(shown())),
        std::cmp::Ordering::Greater => Err(InspectError::TooNew(shown())),
    }
}

fn is_empty_wasi(name: &str) -> bool {
    let Some((package, rest)) = name.strip_prefix("wasi:").and_then(|rest| rest.split_once('/')) else {
        return false;
    };
    let version = rest.split_once('@').map_or("", |(_, version)| version);
    WASI_PACKAGES.contains(&package) && version.starts_with("0.2.")
}

fn broken(error: &wasmparser::BinaryReaderError, bytes: &[u8]) -> InspectError {
    let text = error.message();
    // The reader has no kind of error for this, only words.
    if text.contains("unexpected end") || text.contains("unexpected-end") || text.contains("out of bounds") {
        InspectError::Truncated(bytes.len() as u64)
    } else {
        InspectError::Damaged(crate::plain::plain_line(text, 200))
    }
}

#[cfg(test)]
pub(crate) mod tests;
