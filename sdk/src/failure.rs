//! Making failures.

use crate::{Blame, Failure};

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
