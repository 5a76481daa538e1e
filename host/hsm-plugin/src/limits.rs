//! What a plugin may use. Every limit has a default with a reason; a plugin may ask for another value in its manifest, its user may set one with a
//! flag, and a site may have a ceiling that nothing goes above. Whoever hits a limit is told all four.

use hsm_core::suggest;
use std::fmt::Write as _;

/// The greatest value of any limit: what is meant to be no limit at all still has to be a number of bytes or milliseconds.
const VALUE_MAX: u64 = 1 << 32;

/// How much more than the default a plugin may ask for by itself. Beyond that its user has to say so: whoever made the plugin does not pay for
/// the memory.
const REQUEST_FACTOR_MAX: u64 = 16;

/// Threads of the compiler. Each one takes memory, and a login node has more cores than its users have memory.
pub(crate) const COMPILE_THREADS: usize = 4;

/// One thing that is limited.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Limit {
    /// Memory of one instance, in MiB.
    MemoryMib,
    /// Time of one call, in seconds.
    CallTimeS,
    /// Time of all calls of one instance together, in seconds.
    TotalTimeS,
    /// Size of a component, in MiB.
    ComponentMib,
    /// Data across one call, in MiB.
    CallDataMib,
    /// Cells of one table.
    TableCells,
    /// Points of one search.
    Points,
    /// Number of artifacts.
    Artifacts,
    /// Size of all artifacts, in MiB.
    ArtifactsMib,
    /// Lines a call may log.
    LogLines,
    /// Time of a compilation, in seconds.
    CompileTimeS,
    /// Address space of a compilation, in MiB.
    CompileMemoryMib,
}

impl Limit {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::MemoryMib,
        Self::CallTimeS,
        Self::TotalTimeS,
        Self::ComponentMib,
        Self::CallDataMib,
        Self::TableCells,
        Self::Points,
        Self::Artifacts,
        Self::ArtifactsMib,
        Self::LogLines,
        Self::CompileTimeS,
        Self::CompileMemoryMib,
    ];

    /// Its name, as in `--plugin-limit`, a manifest or a policy. It says the unit.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::MemoryMib => "memory_mib",
            Self::CallTimeS => "call_time_s",
            Self::TotalTimeS => "total_time_s",
            Self::ComponentMib => "component_mib",
            Self::CallDataMib => "call_data_mib",
            Self::TableCells => "table_cells",
            Self::Points => "points",
            Self::Artifacts => "artifacts",
            Self::ArtifactsMib => "artifacts_mib",
            Self::LogLines => "log_lines",
            Self::CompileTimeS => "compile_time_s",
            Self::CompileMemoryMib => "compile_memory_mib",
        }
    }

    /// Its value where nobody says anything.
    #[must_use]
    pub fn default_value(self) -> u64 {
        match self {
            // A Python component starts with about 40 MiB, a big table has a few million cells.
            Self::MemoryMib => 256,
            // A call makes or reads one batch, which takes milliseconds; nobody wants to wait longer for a mistake.
            Self::CallTimeS => 10,
            // A generator that answers each call in time could still go on for ever; a million results take a slow aggregator a minute.
            Self::TotalTimeS => 600,
            // A whole Python interpreter is 18 MiB.
            Self::ComponentMib => 64,
            // Below the memory, so that it is what runs out first.
            Self::CallDataMib => 128,
            // As many numbers as fit into the data of a call, less what else is in it.
            Self::TableCells => 10_000_000,
            // As many as fit into a plan of a gibibyte.
            Self::Points => 10_000_000,
            // Folders of thousands are what makes shared file systems slow.
            Self::Artifacts => 64,
            Self::ArtifactsMib => 64,
            Self::LogLines => 1_000,
            // A Python interpreter takes 15 seconds on two cores.
            Self::CompileTimeS => 60,
            // A Python interpreter needs three quarters of it.
            Self::CompileMemoryMib => 1_024,
        }
    }

    /// The limit of that name.
    ///
    /// # Errors
    /// [`LimitError::Unknown`], with what there is.
    pub fn named(name: &str) -> Result<Self, LimitError> {
        Self::ALL.into_iter().find(|limit| limit.name() == name).ok_or_else(|| {
            let known = Self::ALL.map(Self::name);
            let meant = suggest::closest(name, known).map(|known| format!(" (did you mean `{known}`?)"));
            LimitError::Unknown {
                name: name.to_owned(),
                meant: meant.unwrap_or_default(),
                known: known.join(", "),
            }
        })
    }

    /// The most that a plugin's manifest may ask for.
    #[must_use]
    pub fn request_max(self) -> u64 {
        self.default_value().saturating_mul(REQUEST_FACTOR_MAX)
    }
}

/// Why a limit could not be set.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LimitError {
    /// It is not of the form `name=value`.
    #[error("`{0}` is not a limit: write `name=value`, such as `call_time_s=60`")]
    Form(String),
    /// There is no such limit.
    #[error("there is no limit `{name}`{meant}: there are {known}")]
    Unknown {
        /// What was asked for.
        name: String,
        /// What may have been meant.
        meant: String,
        /// What there is.
        known: String,
    },
    /// The value is no whole number, or out of range.
    #[error("`{value}` is no value for `{name}`: it takes a whole number from 1 to {VALUE_MAX}")]
    Value {
        /// The limit.
        name: &'static str,
        /// What was given.
        value: String,
    },
    /// A manifest asks for more than any may.
    #[error(
        "the plugin asks for `{name} = {value}`, and {max} is the most that a plugin may ask for by itself"
    )]
    Request {
        /// The limit.
        name: &'static str,
        /// What was asked for.
        value: u64,
        /// The most that may be.
        max: u64,
    },
    /// The user's flag is above the site's ceiling.
    #[error("`--plugin-limit {name}={flag}` is more than this site allows, which is {ceiling}")]
    AboveCeiling {
        /// The limit.
        name: &'static str,
        /// The flag's value.
        flag: u64,
        /// The site's.
        ceiling: u64,
    },
}

/// Who said what about one limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Said {
    request: Option<u64>,
    flag: Option<u64>,
    ceiling: Option<u64>,
}

/// The limits of a plugin, with where they come from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Limits([Said; Limit::ALL.len()]);

impl Limits {
    /// What holds: the flag, else the plugin's request, else the default; and never more than the site's ceiling.
    #[must_use]
    pub fn value(&self, limit: Limit) -> u64 {
        let Said { request, flag, ceiling } = self.said(limit);
        let wanted = flag.or(request).unwrap_or_else(|| limit.default_value());
        ceiling.map_or(wanted, |ceiling| wanted.min(ceiling))
    }

    /// Takes a flag, given as `name=value`.
    ///
    /// # Errors
    /// A [`LimitError`] that says what is wrong with `setting`.
    pub fn set_flag(&mut self, setting: &str) -> Result<(), LimitError> {
        let (name, text) = setting.split_once('=').ok_or_else(|| LimitError::Form(setting.to_owned()))?;
        let (limit, text) = (Limit::named(name.trim())?, text.trim());
        let value = text.parse().ok().filter(is_value);
        let value = value.ok_or_else(|| LimitError::Value { name: limit.name(), value: text.to_owned() })?;
        self.said_mut(limit).flag = Some(value);
        Ok(())
    }

    /// Takes what a plugin's manifest asks for.
    ///
    /// # Errors
    /// [`LimitError::Value`] or [`LimitError::Request`] for what no plugin may ask for.
    pub fn set_request(&mut self, limit: Limit, value: u64) -> Result<(), LimitError> {
        let (name, max) = (limit.name(), limit.request_max());
        if !is_value(&value) {
            return Err(LimitError::Value { name, value: value.to_string() });
        }
        if value > max {
            return Err(LimitError::Request { name, value, max });
        }
        self.said_mut(limit).request = Some(value);
        Ok(())
    }

    /// Takes a site's ceiling. Flags come first, so that one that is too high is refused and not just without effect.
    ///
    /// # Errors
    /// [`LimitError::AboveCeiling`] when the user's flag is higher, [`LimitError::Value`] when it is no ceiling.
    pub fn set_ceiling(&mut self, limit: Limit, ceiling: u64) -> Result<(), LimitError> {
        let name = limit.name();
        if !is_value(&ceiling) {
            return Err(LimitError::Value { name, value: ceiling.to_string() });
        }
        if let Some(flag) = self.said(limit).flag.filter(|flag| *flag > ceiling) {
            return Err(LimitError::AboveCeiling { name, flag, ceiling });
        }
        self.said_mut(limit).ceiling = Some(ceiling);
        Ok(())
    }

    /// Where the value of a limit comes from: ``(`memory_mib`: default 256, plugin 512, flag none, site none)``.
    #[must_use]
    pub fn origin(&self, limit: Limit) -> String {
        let Said { request, flag, ceiling } = self.said(limit);
        let mut text = format!("(`{}`: default {}", limit.name(), limit.default_value());
        for (who, value) in [("plugin", request), ("flag", flag), ("site", ceiling)] {
            let value = value.map_or_else(|| "none".to_owned(), |value| value.to_string());
            // Writing to a string does not fail.
            let _ = write!(text, ", {who} {value}");
        }
        text + ")"
    }

    /// What its user can do about a limit that was hit.
    #[must_use]
    pub fn raise_hint(&self, limit: Limit) -> String {
        let (name, value) = (limit.name(), self.value(limit));
        let more = value.saturating_mul(4);
        match self.said(limit).ceiling {
            Some(ceiling) if ceiling <= value => format!(
                "this site allows no more: ask its administrators to raise `{name}` in their policy, if the plugin needs it"
            ),
            ceiling => {
                let more = ceiling.map_or(more, |ceiling| ceiling.min(more));
                format!("if the plugin needs more, raise it: `--plugin-limit {name}={more}`")
            }
        }
    }

    fn said(&self, limit: Limit) -> Said {
        self.0[limit as usize]
    }

    fn said_mut(&mut self, limit: Limit) -> &mut Said {
        &mut self.0[limit as usize]
    }

    /// A limit in MiB as bytes.
    pub(crate) fn bytes(&self, limit: Limit) -> u64 {
        mib(self.value(limit))
    }

    /// A limit in MiB as bytes in memory.
    pub(crate) fn memory_bytes(&self, limit: Limit) -> usize {
        usize::try_from(self.bytes(limit)).unwrap_or(usize::MAX)
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "`filter` hands it so")]
fn is_value(value: &u64) -> bool {
    (1..=VALUE_MAX).contains(value)
}

/// MiB as bytes.
pub(crate) fn mib(mib: u64) -> u64 {
    mib.saturating_mul(1 << 20)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(flag: &str) -> Limits {
        let mut limits = Limits::default();
        limits.set_flag(flag).unwrap();
        limits
    }

    #[test]
    fn flags_are_set_by_name() {
        for limit in Limit::ALL {
            assert_eq!(limits(&format!(" {} = 3 ", limit.name())).value(limit), 3);
            assert_eq!(Limits::default().value(limit), limit.default_value());
        }
        let refused = |setting: &str| Limits::default().set_flag(setting).unwrap_err().to_string();
        insta::assert_snapshot!(refused("call_time_s"), @"`call_time_s` is not a limit: write `name=value`, such as `call_time_s=60`");
        insta::assert_snapshot!(refused("call_time=1"), @"there is no limit `call_time` (did you mean `call_time_s`?): there are memory_mib, call_time_s, total_time_s, component_mib, call_data_mib, table_cells, points, artifacts, artifacts_mib, log_lines, compile_time_s, compile_memory_mib");
        insta::assert_snapshot!(refused("memory_mib=0"), @"`0` is no value for `memory_mib`: it takes a whole number from 1 to 4294967296");
        insta::assert_snapshot!(refused("memory_mib=1G"), @"`1G` is no value for `memory_mib`: it takes a whole number from 1 to 4294967296");
    }

    #[test]
    fn the_flag_comes_before_the_request_and_the_ceiling_above_all() {
        let mut limits = Limits::default();
        limits.set_request(Limit::MemoryMib, 512).unwrap();
        assert_eq!(limits.value(Limit::MemoryMib), 512);
        limits.set_flag("memory_mib=768").unwrap();
        assert_eq!(limits.value(Limit::MemoryMib), 768);
        limits.set_ceiling(Limit::MemoryMib, 1024).unwrap();
        assert_eq!(limits.value(Limit::MemoryMib), 768);
        assert_eq!(
            limits.origin(Limit::MemoryMib),
            "(`memory_mib`: default 256, plugin 512, flag 768, site 1024)"
        );
        assert_eq!(
            limits.raise_hint(Limit::MemoryMib),
            "if the plugin needs more, raise it: `--plugin-limit memory_mib=1024`"
        );
    }

    #[test]
    fn a_ceiling_lowers_requests_and_defaults_and_refuses_flags() {
        let mut limits = Limits::default();
        limits.set_request(Limit::CallTimeS, 60).unwrap();
        limits.set_ceiling(Limit::CallTimeS, 5).unwrap();
        assert_eq!(limits.value(Limit::CallTimeS), 5);
        assert_eq!(
            limits.origin(Limit::CallTimeS),
            "(`call_time_s`: default 10, plugin 60, flag none, site 5)"
        );
        assert!(limits.raise_hint(Limit::CallTimeS).starts_with("this site allows no more"));
        let refused = self::limits("call_time_s=60").set_ceiling(Limit::CallTimeS, 30).unwrap_err();
        insta::assert_snapshot!(refused, @"`--plugin-limit call_time_s=60` is more than this site allows, which is 30");
    }

    #[test]
    fn a_plugin_cannot_ask_for_the_moon() {
        let mut limits = Limits::default();
        limits.set_request(Limit::MemoryMib, 4096).unwrap();
        let refused = limits.set_request(Limit::MemoryMib, 4097).unwrap_err();
        insta::assert_snapshot!(refused, @"the plugin asks for `memory_mib = 4097`, and 4096 is the most that a plugin may ask for by itself");
        limits.set_request(Limit::Artifacts, 0).unwrap_err();
    }
}
