//! Commands, and what they said.

use serde::{Deserialize, Serialize};

/// How long a command may take unless its scheduler says otherwise: batch systems under load answer within seconds, or not at all.
const TIMEOUT_MS: u32 = 30_000;

/// What a conversation goes on with.
#[derive(Clone, Debug, PartialEq)]
pub enum Step<T> {
    /// Run this, and ask again.
    Run(Command),
    /// Here is the answer.
    Done(T),
}

/// A command to run without a shell.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Command {
    /// A bare name, such as `qsub`; the host resolves it.
    pub program: String,
    /// The arguments, each passed on as it is.
    #[serde(default)]
    pub args: Vec<String>,
    /// What to write to standard input, which is closed otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stdin: Option<String>,
    /// How long the command may take, in milliseconds.
    #[serde(default = "timeout_ms")]
    pub timeout_ms: u32,
}

impl Command {
    /// A command without arguments, which may take half a minute.
    pub fn new(program: impl Into<String>) -> Self {
        Self { program: program.into(), args: Vec::new(), stdin: None, timeout_ms: TIMEOUT_MS }
    }

    /// The same command with one more argument.
    #[must_use]
    pub fn arg(mut self, arg: impl Into<String>) -> Self {
        self.args.push(arg.into());
        self
    }

    /// The same command with more arguments.
    #[must_use]
    pub fn args<A: Into<String>>(mut self, args: impl IntoIterator<Item = A>) -> Self {
        self.args.extend(args.into_iter().map(Into::into));
        self
    }
}

/// How a command ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ending {
    /// By itself.
    #[default]
    Exited,
    /// By a signal.
    Signalled,
    /// By the host, after its time-out. Whether it took effect is not known.
    TimedOut,
    /// It never began.
    NotStarted,
}

/// A command that was run, and what it said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exchange {
    /// The command.
    pub command: Command,
    /// How it ended.
    #[serde(default)]
    pub ending: Ending,
    /// Its exit code, when it exited.
    #[serde(default)]
    pub exit_code: Option<i32>,
    /// Its standard output.
    #[serde(default, with = "text_or_bytes")]
    pub stdout: Vec<u8>,
    /// Its standard error.
    #[serde(default, with = "text_or_bytes")]
    pub stderr: Vec<u8>,
    /// Whether the host's limit cut either of them.
    #[serde(default)]
    pub truncated: bool,
}

fn timeout_ms() -> u32 {
    TIMEOUT_MS
}

/// Output as a text where it is one, which reads well in a recording, and as a list of bytes where it is not.
mod text_or_bytes {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Output {
        Text(String),
        Bytes(Vec<u8>),
    }

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        match std::str::from_utf8(bytes) {
            Ok(text) => text.serialize(serializer),
            Err(_) => bytes.serialize(serializer),
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        Ok(match Output::deserialize(deserializer)? {
            Output::Text(text) => text.into_bytes(),
            Output::Bytes(bytes) => bytes,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recordings_are_short_and_lossless() {
        let short = r#"{"command": {"program": "squeue", "args": ["-h"]}, "exit_code": 0, "stdout": "ok\n"}"#;
        let exchange: Exchange = serde_json::from_str(short).unwrap();
        assert_eq!(exchange.command, Command::new("squeue").arg("-h"));
        assert_eq!((exchange.ending, exchange.stdout.as_slice()), (Ending::Exited, b"ok\n".as_slice()));
        let odd = Exchange { stdout: vec![0xff, 0], ending: Ending::TimedOut, exit_code: None, ..exchange };
        let again: Exchange = serde_json::from_str(&serde_json::to_string(&odd).unwrap()).unwrap();
        assert_eq!(again, odd);
    }
}
