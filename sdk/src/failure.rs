//! Making failures, and writing them down.

use crate::{Blame, Failure};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

impl Failure {
    /// The configuration cannot be used.
    pub fn config(message: impl Into<String>) -> Self {
        Self::new(Blame::Config, "bad-config", message)
    }

    /// The data cannot be used.
    pub fn input(message: impl Into<String>) -> Self {
        Self::new(Blame::Input, "bad-input", message)
    }

    /// Any failure, without a hint. `code` is a stable word for programs, such as `bad-config`.
    pub fn new(blame: Blame, code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { blame, code: code.into(), message: message.into(), hint: None }
    }

    /// The same failure, saying what to do about it.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

/// A failure as it stands in a fixture.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    blame: WrittenBlame,
    code: String,
    message: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum WrittenBlame {
    Config,
    Input,
    Transient,
    Internal,
}

impl Serialize for Failure {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let blame = match self.blame {
            Blame::Config => WrittenBlame::Config,
            Blame::Input => WrittenBlame::Input,
            Blame::Transient => WrittenBlame::Transient,
            Blame::Internal => WrittenBlame::Internal,
        };
        let Self { code, message, hint, .. } = self.clone();
        Written { blame, code, message, hint }.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Failure {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Written { blame, code, message, hint } = Written::deserialize(deserializer)?;
        let blame = match blame {
            WrittenBlame::Config => Blame::Config,
            WrittenBlame::Input => Blame::Input,
            WrittenBlame::Transient => Blame::Transient,
            WrittenBlame::Internal => Blame::Internal,
        };
        Ok(Self { blame, code, message, hint })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_come_back_as_they_were_written() {
        let failure = Failure::config("`k` is 0").with_hint("write `k=5`");
        let text = serde_json::to_string(&failure).unwrap();
        assert_eq!(
            text,
            r#"{"blame":"config","code":"bad-config","message":"`k` is 0","hint":"write `k=5`"}"#
        );
        assert_eq!(serde_json::from_str::<Failure>(&text).unwrap(), failure);
    }
}
