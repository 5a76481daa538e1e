//! TOML that somebody wrote or edited, read into types, with the place of whatever is wrong in it.
//!
//! Files begin with `format = N`. An unknown key is an error: in a file about trust, a slip must not turn a rule off.

use hsm_core::diagnostic::{Diagnostic, Position, Severity};
use hsm_core::suggest;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::ops::Range;
use toml::Spanned;

/// A text of TOML with its name, to point into.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TomlFile<'a> {
    name: &'a str,
    text: &'a str,
}

impl<'a> TomlFile<'a> {
    /// The bytes of the file called `name`, as text.
    ///
    /// # Errors
    /// When they are not UTF-8.
    pub(crate) fn new(name: &'a str, bytes: &'a [u8]) -> Result<Self, Diagnostic> {
        match std::str::from_utf8(bytes) {
            Ok(text) => Ok(Self { name, text }),
            Err(error) => {
                let text = str::from_utf8(&bytes[..error.valid_up_to()]).unwrap_or_default();
                Err(Self { name, text }.error(text.len()..text.len(), "this is not UTF-8 text", None))
            }
        }
    }

    /// The file as a `T`, if it is of this format.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub(crate) fn parse<T: DeserializeOwned>(self, format: u64) -> Result<T, Diagnostic> {
        let found = toml::from_str::<Format>(self.text).map_err(|error| self.toml_error(&error))?.format;
        if *found.get_ref() != format {
            let message = format!("this is format {}, and this hsm reads format {format}", found.get_ref());
            let hint = if *found.get_ref() > format { "use a newer hsm" } else { "formats begin with 1" };
            return Err(self.error(found.span(), message, Some(hint.to_owned())));
        }
        self.parse_short()
    }

    /// The file as a `T`, for files that are too small to need a format.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub(crate) fn parse_short<T: DeserializeOwned>(self) -> Result<T, Diagnostic> {
        toml::from_str(self.text).map_err(|error| self.toml_error(&error))
    }

    /// An error about a part of the text.
    pub(crate) fn error(
        self,
        place: Range<usize>,
        message: impl Into<String>,
        hint: Option<String>,
    ) -> Diagnostic {
        let at = self.position(place.start);
        Diagnostic {
            severity: Severity::Error,
            file: self.name.to_owned(),
            at,
            message: message.into(),
            hint,
        }
    }

    fn position(self, offset: usize) -> Position {
        let before = self.text.get(..offset).unwrap_or(self.text);
        let line_start = before.rfind('\n').map_or(0, |end| end + 1);
        Position { line: before.matches('\n').count() + 1, column: before[line_start..].chars().count() + 1 }
    }

    fn toml_error(self, error: &toml::de::Error) -> Diagnostic {
        let (message, hint) = reworded(error.message());
        match error.span() {
            Some(place) => self.error(place, message, hint),
            None => Diagnostic { at: Position::WHOLE, ..self.error(0..0, message, hint) },
        }
    }
}

/// What every file says first.
#[derive(Deserialize)]
struct Format {
    format: Spanned<u64>,
}

/// The library's words in this project's, with a suggestion where a word is unknown.
fn reworded(message: &str) -> (String, Option<String>) {
    let message = message.trim().replace('\n', ", ").replace("expected u64", "expected a whole number");
    let quoted: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
    let Some((word, known)) = quoted.split_first() else { return (lower_first(&message), None) };
    let listed = || known.iter().map(|known| format!("`{known}`")).collect::<Vec<_>>().join(", ");
    let suggestion = || {
        let meant = suggest::did_you_mean(word, known.iter().copied());
        meant.or_else(|| match known {
            [] => None,
            [_] => Some(format!("there is only {}", listed())),
            _ => Some(format!("there are {}", listed())),
        })
    };
    match &message {
        text if text.starts_with("unknown field") => (format!("there is no key `{word}` here"), suggestion()),
        text if text.starts_with("unknown variant") => {
            (format!("`{word}` is none of {}", listed()), suggestion())
        }
        text if text.starts_with("missing field") => (format!("the key `{word}` is missing"), None),
        _ => (lower_first(&message), None),
    }
}

fn lower_first(text: &str) -> String {
    // Abbreviations such as TOML keep their capitals.
    let mut characters = text.chars();
    match (characters.next(), characters.next()) {
        (Some(first), Some(second)) if !second.is_uppercase() => {
            first.to_lowercase().chain(text[first.len_utf8()..].chars()).collect()
        }
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fmt::Write as _;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields, rename_all = "kebab-case")]
    #[expect(dead_code, reason = "only what is wrong is looked at")]
    struct Example {
        format: u64,
        name: String,
        #[serde(default)]
        user_keys: bool,
    }

    #[test]
    fn what_is_wrong_is_said_with_its_place() {
        let texts: [&[u8]; 8] = [
            b"format = 1",
            b"format = 2\nnew = true",
            b"name = 'x'",
            b"format = 1\nname = 3",
            b"format = 1\nname = 'x'\n  usr-keys = true",
            b"format = 1\nname = 'x'\nzebra = true",
            b"format = 1\nname = 'x'\nname = 'y'",
            b"format = 1\nname = '\xff'",
        ];
        let mut said = String::new();
        for text in texts {
            let error = TomlFile::new("f.toml", text).and_then(|file| file.parse::<Example>(1)).unwrap_err();
            writeln!(said, "{error} | {}", error.hint.as_deref().unwrap_or("-")).unwrap();
        }
        insta::assert_snapshot!(said, @"
        f.toml:1:1: the key `name` is missing | -
        f.toml:1:10: this is format 2, and this hsm reads format 1 | use a newer hsm
        f.toml:1:1: the key `format` is missing | -
        f.toml:2:8: invalid type: integer `3`, expected a string | -
        f.toml:3:3: there is no key `usr-keys` here | did you mean `user-keys`?
        f.toml:3:1: there is no key `zebra` here | there are `format`, `name`, `user-keys`
        f.toml:3:1: duplicate key | -
        f.toml:2:9: this is not UTF-8 text | -
        ");
    }
}
