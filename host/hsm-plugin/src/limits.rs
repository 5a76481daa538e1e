//! What a plugin may use, and how its user raises that. Every limit has a name, a default with a reason, and a way to be set.

/// Memory of one plugin instance: a Python component starts with about 40 MiB, a big table has a few million cells.
pub const MEMORY_MIB: u64 = 256;
/// Time of one call. A call makes or reads one batch, which takes milliseconds; nobody wants to wait longer for a mistake.
pub const CALL_TIME_S: u64 = 10;
/// Size of a component: a whole Python interpreter is 18 MiB.
pub const COMPONENT_MIB: u64 = 64;
/// Data that one call may hand to the host, below the memory, so that it is what runs out first.
pub const CALL_DATA_MIB: u64 = 128;
/// Files that an aggregator may make: folders of thousands are what makes shared file systems slow.
pub const ARTIFACTS: u64 = 64;
/// Size of all files of an aggregator together.
pub const ARTIFACTS_MIB: u64 = 64;
/// Lines that one call may log.
pub const LOG_LINES: u64 = 1_000;
/// Time to compile a component: a Python interpreter takes 15 seconds on two cores.
pub const COMPILE_TIME_S: u64 = 60;
/// Address space of the compiler: a Python interpreter needs three quarters of it.
pub const COMPILE_MEMORY_MIB: u64 = 1_024;
/// Threads of the compiler. Each one takes memory, and a login node has more cores than its users have memory.
pub const COMPILE_THREADS: usize = 4;

/// The greatest value of any limit: what is meant to be no limit at all still has to be a number of bytes or milliseconds.
const VALUE_MAX: u64 = 1 << 32;

/// The limits of a sandbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Memory of one instance, in MiB.
    pub memory_mib: u64,
    /// Time of one call, in seconds.
    pub call_time_s: u64,
    /// Size of a component, in MiB.
    pub component_mib: u64,
    /// Data across one call, in MiB.
    pub call_data_mib: u64,
    /// Number of artifacts.
    pub artifacts: u64,
    /// Size of all artifacts, in MiB.
    pub artifacts_mib: u64,
    /// Lines a call may log.
    pub log_lines: u64,
    /// Time of a compilation, in seconds.
    pub compile_time_s: u64,
    /// Address space of a compilation, in MiB.
    pub compile_memory_mib: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory_mib: MEMORY_MIB,
            call_time_s: CALL_TIME_S,
            component_mib: COMPONENT_MIB,
            call_data_mib: CALL_DATA_MIB,
            artifacts: ARTIFACTS,
            artifacts_mib: ARTIFACTS_MIB,
            log_lines: LOG_LINES,
            compile_time_s: COMPILE_TIME_S,
            compile_memory_mib: COMPILE_MEMORY_MIB,
        }
    }
}

/// Why a limit could not be set.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LimitError {
    /// It is not of the form `name=value`.
    #[error("`{0}` is not a limit: write `name=value`, such as `call_time_s=60`")]
    Form(String),
    /// There is no such limit.
    #[error("there is no limit `{name}`: there are {known}")]
    Unknown {
        /// What was asked for.
        name: String,
        /// What there is.
        known: String,
    },
    /// The value is no whole number, or out of range.
    #[error("`{value}` is no value for `{name}`: it takes a whole number from 1 to {VALUE_MAX}")]
    Value {
        /// The limit.
        name: String,
        /// What was given.
        value: String,
    },
}

impl Limits {
    /// Sets one limit, given as `name=value`, the name being that of the field.
    ///
    /// # Errors
    /// A [`LimitError`] that says what is wrong with `setting`.
    pub fn set(&mut self, setting: &str) -> Result<(), LimitError> {
        let (name, value) = setting.split_once('=').ok_or_else(|| LimitError::Form(setting.to_owned()))?;
        let (name, value) = (name.trim(), value.trim());
        let mut fields = self.fields();
        let known: Vec<&str> = fields.iter().map(|(name, _)| *name).collect();
        let Some((_, field)) = fields.iter_mut().find(|(field, _)| *field == name) else {
            return Err(LimitError::Unknown { name: name.to_owned(), known: known.join(", ") });
        };
        match value.parse() {
            Ok(value) if (1..=VALUE_MAX).contains(&value) => {
                **field = value;
                Ok(())
            }
            _ => Err(LimitError::Value { name: name.to_owned(), value: value.to_owned() }),
        }
    }

    fn fields(&mut self) -> [(&'static str, &mut u64); 9] {
        [
            ("memory_mib", &mut self.memory_mib),
            ("call_time_s", &mut self.call_time_s),
            ("component_mib", &mut self.component_mib),
            ("call_data_mib", &mut self.call_data_mib),
            ("artifacts", &mut self.artifacts),
            ("artifacts_mib", &mut self.artifacts_mib),
            ("log_lines", &mut self.log_lines),
            ("compile_time_s", &mut self.compile_time_s),
            ("compile_memory_mib", &mut self.compile_memory_mib),
        ]
    }
}

/// What a user types to raise a limit.
pub(crate) fn raise_hint(name: &str, value: u64) -> String {
    format!("if the plugin needs more, raise it: `--plugin-limit {name}={}`", value.saturating_mul(4))
}

/// MiB as bytes.
pub(crate) fn bytes(mib: u64) -> u64 {
    mib.saturating_mul(1 << 20)
}

/// MiB as bytes in memory.
pub(crate) fn memory_bytes(mib: u64) -> usize {
    usize::try_from(bytes(mib)).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_set_by_name() {
        let mut limits = Limits::default();
        limits.set("call_time_s = 60").unwrap();
        assert_eq!(limits, Limits { call_time_s: 60, ..Limits::default() });
        let cases = [
            ("call_time_s", "`call_time_s` is not a limit: write `name=value`, such as `call_time_s=60`"),
            (
                "time=1",
                "there is no limit `time`: there are memory_mib, call_time_s, component_mib, call_data_mib, artifacts, artifacts_mib, log_lines, compile_time_s, compile_memory_mib",
            ),
            (
                "memory_mib=0",
                "`0` is no value for `memory_mib`: it takes a whole number from 1 to 4294967296",
            ),
            (
                "memory_mib=1G",
                "`1G` is no value for `memory_mib`: it takes a whole number from 1 to 4294967296",
            ),
        ];
        for (setting, expected) in cases {
            assert_eq!(limits.set(setting).unwrap_err().to_string(), expected);
        }
    }

    #[test]
    fn every_limit_can_be_set() {
        let mut limits = Limits::default();
        let names: Vec<&str> = limits.fields().iter().map(|(name, _)| *name).collect();
        for name in names {
            limits.set(&format!("{name}=3")).unwrap();
        }
        assert!(limits.fields().iter().all(|(_, value)| **value == 3));
    }
}
