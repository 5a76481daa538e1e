//! Commands, and what they said.

use crate::{Blame, Failure};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// How long a command may take unless its plugin says otherwise: batch systems under load answer within seconds, or not at all.
const TIMEOUT_MS: u32 = 30_000;

/// How much of what a command said is quoted in a failure.
const QUOTED_CHARS_MAX: usize = 300;

/// What a conversation goes on with.
#[derive(Clone, Debug, PartialEq)]
pub enum Step<T> {
    /// Run this, and ask again.
    Run(Command),
    /// Here is the answer.
    Done(T),
}

/// A command for the host to run, without a shell.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Command {
    /// A bare name, such as `qsub`; it has to be one that the plugin was granted.
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

    /// The same command with this on its standard input.
    #[must_use]
    pub fn stdin(mut self, text: impl Into<String>) -> Self {
        self.stdin = Some(text.into());
        self
    }

    /// The same command with another time-out.
    #[must_use]
    pub fn timeout_ms(mut self, milliseconds: u32) -> Self {
        self.timeout_ms = milliseconds;
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

impl Exchange {
    /// Whether the command ended by itself with exit code 0, and everything it said is here.
    #[must_use]
    pub fn succeeded(&self) -> bool {
        self.ending == Ending::Exited && self.exit_code == Some(0) && !self.truncated
    }

    /// Its standard output as text; bytes that are none become `�`.
    #[must_use]
    pub fn stdout_text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.stdout)
    }

    /// Its standard error as text; bytes that are none become `�`.
    #[must_use]
    pub fn stderr_text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.stderr)
    }

    /// Its standard output as text, if the command succeeded.
    ///
    /// # Errors
    /// Otherwise a failure that may pass, with the way it ended and the first line of its standard error.
    pub fn output(&self) -> Result<Cow<'_, str>, Failure> {
        if self.succeeded() { Ok(self.stdout_text()) } else { Err(self.failure()) }
    }

    /// Why the command did not succeed: a failure that may pass.
    #[must_use]
    pub fn failure(&self) -> Failure {
        let program = &self.command.program;
        let how = match (self.ending, self.exit_code) {
            (Ending::Exited, Some(0)) => "said more than hsm keeps".to_owned(),
            (Ending::Exited, Some(code)) => format!("ended with exit code {code}"),
            (Ending::Exited, None) => "ended".to_owned(),
            (Ending::Signalled, _) => "was ended by a signal".to_owned(),
            (Ending::TimedOut, _) => format!("did not answer within {} ms", self.command.timeout_ms),
            (Ending::NotStarted, _) => "could not be started".to_owned(),
        };
        let stderr = self.stderr_text();
        let said: String =
            stderr.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default().into();
        let said: String = said.chars().take(QUOTED_CHARS_MAX).collect();
        let colon = if said.is_empty() { "" } else { ": " };
        Failure::new(Blame::Transient, "command-failed", format!("`{program}` {how}{colon}{said}"))
    }
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

    fn ended(ending: Ending, exit_code: Option<i32>, stderr: &str) -> Exchange {
        let stderr = stderr.as_bytes().to_vec();
        let command = Command::new("qstat").arg("-xml");
        Exchange { command, ending, exit_code, stdout: b"ok\n".to_vec(), stderr, truncated: false }
    }

    #[test]
    fn output_is_taken_of_commands_that_succeeded_only() {
        assert_eq!(ended(Ending::Exited, Some(0), "a warning").output().unwrap(), "ok\n");
        let truncated = Exchange { truncated: true, ..ended(Ending::Exited, Some(0), "") };
        for (exchange, message) in [
            (
                ended(Ending::Exited, Some(2), "\n  no such queue\nhelp"),
                "`qstat` ended with exit code 2: no such queue",
            ),
            (ended(Ending::Signalled, None, ""), "`qstat` was ended by a signal"),
            (ended(Ending::TimedOut, None, ""), "`qstat` did not answer within 30000 ms"),
            (ended(Ending::NotStarted, None, "not found"), "`qstat` could not be started: not found"),
            (truncated, "`qstat` said more than hsm keeps"),
        ] {
            let failure = exchange.output().unwrap_err();
            assert_eq!((failure.message.as_str(), failure.blame), (message, Blame::Transient));
        }
    }

    #[test]
    fn recordings_are_short_and_lossless() {
        let short =
            r#"{"command": {"program": "qstat", "args": ["-xml"]}, "exit_code": 0, "stdout": "ok\n"}"#;
        let exchange: Exchange = serde_json::from_str(short).unwrap();
        assert_eq!(exchange, ended(Ending::Exited, Some(0), ""));
        let odd = Exchange { stdout: vec![0xff, 0], ..exchange };
        let again: Exchange = serde_json::from_str(&serde_json::to_string(&odd).unwrap()).unwrap();
        assert_eq!(again, odd);
        let misspelt = short.replace("stdout", "stdut");
        assert!(serde_json::from_str::<Exchange>(&misspelt).unwrap_err().to_string().contains("stdut"));
    }
}
