//! Values in the grammar of Hydra's overrides, as of Hydra 1.3.
//!
//! Text is quoted only where the grammar would refuse it or read it as something else. `${…}` stays as it is: an interpolation is
//! Hydra's to resolve, in quotes and out of them.

use crate::value::Value;

/// The punctuation that the grammar takes in text without quotes, beside letters, digits, `_`, `:` and inner blanks.
const UNQUOTED_PUNCTUATION: &str = "/-+.$%*@?|:";

/// The characters that a backslash may stand before in a map's key.
const ESCAPABLE_IN_KEYS: &str = "\\()[]{}:=, \t";

/// Why a value has no spelling in Hydra's grammar.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HydraError {
    /// The keys of Hydra's maps cannot be quoted.
    #[error("hydra has no way to write the map key {key:?}, which holds {character:?}")]
    Key {
        /// The key.
        key: String,
        /// The first character without a spelling.
        character: char,
    },
}

/// A value as the right side of an override `name=value`.
///
/// # Errors
/// When a map has a key that the grammar cannot spell.
pub fn hydra(value: &Value) -> Result<String, HydraError> {
    check_keys(value)?;
    Ok(match value {
        // `name=` is the empty text; inside a list or a map it takes quotes.
        Value::Text(text) if text.is_empty() => String::new(),
        _ => nested(value),
    })
}

/// A value as it stands inside a list or a map. Keys without a spelling come out escaped as well as they can be.
pub(super) fn nested(value: &Value) -> String {
    let mut out = String::new();
    push(value, &mut out);
    out
}

fn push(value: &Value, out: &mut String) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(truth) => out.push_str(if *truth { "true" } else { "false" }),
        Value::Number(number) => out.push_str(number.spelling()),
        Value::Text(text) if needs_quotes(text) => push_quoted(text, out),
        Value::Text(text) => out.push_str(text),
        Value::List(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                push(item, out);
            }
            out.push(']');
        }
        Value::Map(entries) => {
            out.push('{');
            for (index, (key, item)) in entries.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                push_key(key, out);
                out.push(':');
                push(item, out);
            }
            out.push('}');
        }
    }
}

fn needs_quotes(text: &str) -> bool {
    let blank = |character: char| matches!(character, ' ' | '\t');
    text.is_empty()
        || text.starts_with(blank)
        || text.ends_with(blank)
        || !is_plain_outside_interpolations(text)
        || reads_as_another_type(text)
}

/// Whether all characters outside `${…}` may stand without quotes.
fn is_plain_outside_interpolations(text: &str) -> bool {
    let mut rest = text;
    while let Some(start) = rest.find("${") {
        let Some(length) = rest[start..].find('}') else { return false };
        // A second opening before the first closing nests, which only the quoted form is sure to carry.
        if rest[start + 2..start + length].contains("${") || !rest[..start].chars().all(is_plain) {
            return false;
        }
        rest = &rest[start + length + 1..];
    }
    rest.chars().all(is_plain)
}

fn is_plain(character: char) -> bool {
    character.is_ascii_alphanumeric()
        || matches!(character, '_' | ' ' | '\t')
        || UNQUOTED_PUNCTUATION.contains(character)
}

/// Whether Hydra would read the text as null, a boolean or a number.
fn reads_as_another_type(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    let unsigned = lower.strip_prefix(['+', '-']).unwrap_or(&lower);
    matches!(lower.as_str(), "null" | "true" | "false")
        || matches!(unsigned, "inf" | "nan")
        || is_number(unsigned)
}

/// Whether Hydra's lexer takes the whole of a text without a sign for one integer or float; digits may be grouped by `_`.
fn is_number(text: &str) -> bool {
    let (mantissa, exponent) = match text.split_once('e') {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (text, None),
    };
    let exponent_reads =
        exponent.is_none_or(|digits| is_digits(digits.strip_prefix(['+', '-']).unwrap_or(digits)));
    let mantissa_reads = match mantissa.split_once('.') {
        None => is_integer(mantissa),
        Some(("", fraction)) => is_digits(fraction),
        Some((whole, fraction)) => is_integer(whole) && (fraction.is_empty() || is_digits(fraction)),
    };
    exponent_reads && mantissa_reads
}

fn is_integer(text: &str) -> bool {
    text == "0" || (!text.starts_with('0') && is_digits(text))
}

fn is_digits(text: &str) -> bool {
    text.split('_').all(|group| !group.is_empty() && group.bytes().all(|byte| byte.is_ascii_digit()))
}

/// In single quotes a quote takes a backslash, and so do the backslashes right before a quote or the end; all others stand for themselves.
fn push_quoted(text: &str, out: &mut String) {
    out.push('\'');
    let mut backslashes = 0;
    for character in text.chars() {
        if character == '\'' {
            out.extend(std::iter::repeat_n('\\', backslashes + 1));
        }
        backslashes = if character == '\\' { backslashes + 1 } else { 0 };
        out.push(character);
    }
    out.extend(std::iter::repeat_n('\\', backslashes));
    out.push('\'');
}

fn push_key(key: &str, out: &mut String) {
    for character in key.chars() {
        if ESCAPABLE_IN_KEYS.contains(character) {
            out.push('\\');
        }
        out.push(character);
    }
}

fn check_keys(value: &Value) -> Result<(), HydraError> {
    match value {
        Value::List(items) => items.iter().try_for_each(check_keys),
        Value::Map(entries) => entries.iter().try_for_each(|(key, item)| match unspellable(key) {
            Some(character) => Err(HydraError::Key { key: key.clone(), character }),
            None => check_keys(item),
        }),
        _ => Ok(()),
    }
}

/// The first character that keeps a map's key from being written: keys cannot be quoted, and `_` is lost between digits.
fn unspellable(key: &str) -> Option<char> {
    let misplaced = |character: &char| !is_plain(*character) && !ESCAPABLE_IN_KEYS.contains(*character);
    key.chars().find(misplaced).or_else(|| (key.contains('_') && is_number(key)).then_some('_'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn text(text: &str) -> Value {
        Value::Text(text.to_owned())
    }

    #[test]
    fn text_is_quoted_only_where_hydra_needs_it() {
        for (given, expected) in [
            ("adam", "adam"),
            ("", ""),
            ("a b", "a b"),
            (" a", "' a'"),
            ("a\t", "'a\t'"),
            ("it's", r"'it\'s'"),
            (r"a\b", r"'a\b'"),
            (r"a\", r"'a\\'"),
            (r"\'", r"'\\\''"),
            ("$HOME", "$HOME"),
            ("${model.name}", "${model.name}"),
            ("${a${b}}", "'${a${b}}'"),
            ("${a", "'${a'"),
            ("`x`", "'`x`'"),
            ("a;b", "'a;b'"),
            ("a,b", "'a,b'"),
            ("a=b", "'a=b'"),
            ("f(x)", "'f(x)'"),
            ("[1]", "'[1]'"),
            ("a:b", "a:b"),
            ("x@y.z", "x@y.z"),
            ("a\nb", "'a\nb'"),
            ("é🙂", "'é🙂'"),
            ("2026-01-01", "2026-01-01"),
            ("007", "007"),
            ("yes", "yes"),
            ("true", "'true'"),
            ("NULL", "'NULL'"),
            ("1", "'1'"),
            ("-1_000", "'-1_000'"),
            ("1e-3", "'1e-3'"),
            ("1e05", "'1e05'"),
            (".5", "'.5'"),
            ("1.", "'1.'"),
            ("-inf", "'-inf'"),
            ("1.2.3", "1.2.3"),
            ("0x1F", "0x1F"),
        ] {
            assert_eq!(hydra(&text(given)).as_deref(), Ok(expected), "{given:?}");
        }
    }

    #[test]
    fn lists_and_maps_have_no_blanks() {
        let list = Value::List(vec![
            Value::Number(64.into()),
            Value::List(vec![text("x"), text("")]),
            Value::Map(vec![("a b".to_owned(), Value::Null), ("c".to_owned(), text("d,e"))]),
        ]);
        assert_eq!(hydra(&list).as_deref(), Ok(r"[64,[x,''],{a\ b:null,c:'d,e'}]"));
    }

    #[test]
    fn a_key_that_hydra_cannot_spell_is_refused() {
        for (key, character) in [("it's", '\''), ("1_000", '_'), ("é", 'é')] {
            let map = Value::Map(vec![(key.to_owned(), Value::Null)]);
            assert_eq!(hydra(&map), Err(HydraError::Key { key: key.to_owned(), character }));
        }
    }

    /// What Hydra makes of a quoted text: a backslash counts only before a quote, and before a backslash that leads up to one.
    fn unquoted(quoted: &str) -> Option<String> {
        let inner = quoted.strip_prefix('\'')?.strip_suffix('\'')?;
        let mut text = String::new();
        let mut backslashes = 0;
        for character in inner.chars().chain(['\'']) {
            match character {
                '\\' => backslashes += 1,
                '\'' => {
                    text.extend(std::iter::repeat_n('\\', backslashes / 2));
                    text.push('\'');
                    backslashes = 0;
                }
                _ => {
                    text.extend(std::iter::repeat_n('\\', backslashes));
                    text.push(character);
                    backslashes = 0;
                }
            }
        }
        text.pop();
        Some(text)
    }

    proptest! {
        #[test]
        fn quotes_keep_every_text(given in "[ab'\\\\ ,é\n]{0,8}") {
            let spelled = hydra(&text(&given)).unwrap();
            let kept = unquoted(&spelled).unwrap_or_else(|| spelled.clone());
            prop_assert_eq!(kept, given, "{}", spelled);
        }
    }
}
