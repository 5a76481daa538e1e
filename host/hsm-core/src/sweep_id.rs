//! The id of a sweep: a name that is safe as a folder, as an argument and in a job's name.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// The longest id, in bytes: names of jobs, folders and groups are made from it, and the shortest of their limits is 64.
pub const LENGTH_MAX: usize = 64;

/// A sweep's id: `[A-Za-z0-9][A-Za-z0-9._-]{0,63}`. It never begins with `-` or `.`, so no program takes it for an option or hides it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SweepId(String);

/// Why a text is not a [`SweepId`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SweepIdError {
    /// There is no text.
    #[error("a sweep id is not empty")]
    Empty,
    /// It is too long.
    #[error("the sweep id is {0} bytes long, and {LENGTH_MAX} is the most")]
    TooLong(usize),
    /// It holds a character it may not hold.
    #[error("`{}` is no sweep id because of its {character:?}: an id begins with a letter or digit and goes on with those, `.`, `_` and `-`", .id.escape_debug())]
    Character {
        /// The text.
        id: String,
        /// The first character that is not allowed where it stands.
        character: char,
    },
}

impl SweepId {
    /// The id that `text` spells.
    ///
    /// # Errors
    /// When `text` is empty, too long or holds a character that an id may not hold.
    pub fn new(text: impl Into<String>) -> Result<Self, SweepIdError> {
        let id = text.into();
        if id.is_empty() {
            return Err(SweepIdError::Empty);
        }
        if id.len() > LENGTH_MAX {
            return Err(SweepIdError::TooLong(id.len()));
        }
        let misplaced = id.char_indices().find(|(index, character)| {
            !(character.is_ascii_alphanumeric() || (*index > 0 && matches!(character, '.' | '_' | '-')))
        });
        match misplaced {
            Some((_, character)) => Err(SweepIdError::Character { id, character }),
            None => Ok(Self(id)),
        }
    }

    /// The text of the id.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SweepId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl AsRef<str> for SweepId {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl FromStr for SweepId {
    type Err = SweepIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::new(text)
    }
}

impl TryFrom<String> for SweepId {
    type Error = SweepIdError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::new(text)
    }
}

impl From<SweepId> for String {
    fn from(id: SweepId) -> Self {
        id.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_plain_names() {
        for good in ["a", "7", "sweep_20261122_153000", "A.b-c_d", &"x".repeat(LENGTH_MAX)] {
            assert_eq!(SweepId::new(good).map(String::from), Ok(good.to_owned()));
        }
        for bad in ["", "-rf", ".hidden", "..", "a/b", "a b", "é", "a\n", &"x".repeat(LENGTH_MAX + 1)] {
            assert!(SweepId::new(bad).is_err(), "{bad:?}");
        }
    }
}
