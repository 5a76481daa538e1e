//! What a role says when it cannot do what it was asked: the one kind of error that crosses the wall around a plugin.

use serde::{Deserialize, Serialize};

/// Why a role could not do what it was asked, and who must act.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
#[serde(deny_unknown_fields)]
pub struct Failure {
    /// Who must act.
    pub blame: Blame,
    /// A stable word for programs: `bad-config`, `out-of-time`.
    pub code: String,
    /// What went wrong, for people.
    pub message: String,
    /// What to do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

/// Who must act on a [`Failure`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Blame {
    /// Whoever wrote the configuration.
    Config,
    /// Whoever provided the data.
    Input,
    /// Nobody: trying again may help.
    Transient,
    /// The author of the plugin (or of the host).
    Internal,
}

impl Failure {
    /// A failure without a hint.
    pub fn new(blame: Blame, code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { blame, code: code.into(), message: message.into(), hint: None }
    }

    /// The same failure with a hint.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}
