//! What a scalar stands for, in YAML 1.2's core schema, with the spelling it had.
//!
//! The tool that users come from has been read by two generations of YAML. Where those two see different things, the scalar is refused
//! rather than guessed at; the one exception is `yes`, `no`, `on` and `off`, which both tools took for booleans.

use crate::value::{Number, Quantity, Value};
use crate::yaml::ambiguity::ambiguity;
use crate::yaml::node::Scalar;
use crate::yaml::reading::{Reading, is_decimal, is_digits};

/// What a scalar stands for. Quoted scalars are always text.
#[must_use]
pub fn read(scalar: &Scalar) -> Reading {
    let text = scalar.text.as_str();
    if !scalar.plain {
        return Reading::Value(Value::Text(text.to_owned()));
    }
    Reading::Value(match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" => Value::Bool(true),
        "false" | "False" | "FALSE" => Value::Bool(false),
        "yes" | "Yes" | "YES" | "on" | "On" | "ON" => return Reading::Word(true),
        "no" | "No" | "NO" | "off" | "Off" | "OFF" => return Reading::Word(false),
        _ => match (ambiguity(text), special_float(text).or_else(|| finite(text))) {
            (Some(ambiguous), _) => return ambiguous,
            (None, Some(number)) => Value::Number(number),
            (None, None) => Value::Text(text.to_owned()),
        },
    })
}

/// The number that a text spells: YAML 1.2's integers and floats, and `nan`, `inf`, `-inf` as hsm itself spells those.
#[must_use]
pub fn number(text: &str) -> Option<Number> {
    let float = match text {
        "nan" => f64::NAN,
        "inf" => f64::INFINITY,
        "-inf" => f64::NEG_INFINITY,
        _ => return finite(text),
    };
    Some(Number::spelled(text, Quantity::Float(float)))
}

/// The number that a text spells in YAML 1.2's digits.
fn finite(text: &str) -> Option<Number> {
    finite_quantity(text).map(|quantity| Number::spelled(text, quantity))
}

fn finite_quantity(text: &str) -> Option<Quantity> {
    if let Some(digits) = text.strip_prefix("0x") {
        let valid = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        return valid.then(|| match i64::from_str_radix(digits, 16) {
            Ok(integer) => Quantity::Integer(integer),
            Err(_) => Quantity::Float(hexadecimal_float(digits)),
        });
    }
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    if is_digits(unsigned)
        && let Ok(integer) = text.parse()
    {
        return Some(Quantity::Integer(integer));
    }
    if !is_decimal(unsigned) {
        return None;
    }
    text.parse().ok().map(Quantity::Float)
}

fn hexadecimal_float(digits: &str) -> f64 {
    digits.chars().fold(0.0, |sum, digit| sum * 16.0 + f64::from(digit.to_digit(16).unwrap_or(0)))
}

/// `.nan` and `.inf` in YAML's spelling, as `nan`, `inf` and `-inf`, which is what programs read.
fn special_float(text: &str) -> Option<Number> {
    let spelling = match text {
        ".nan" | ".NaN" | ".NAN" => "nan",
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => "inf",
        "-.inf" | "-.Inf" | "-.INF" => "-inf",
        _ => return None,
    };
    number(spelling)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::plain;

    fn read_plain(text: &str) -> String {
        match read(&Scalar { text: text.to_owned(), plain: true }) {
            Reading::Value(value) => {
                let kind = match &value {
                    Value::Number(number) => match number.quantity() {
                        Quantity::Integer(_) => "integer",
                        Quantity::Float(_) => "float",
                    },
                    Value::Text(_) => "text",
                    Value::Bool(_) => "boolean",
                    _ => "null",
                };
                format!("{kind} {}", plain(&value))
            }
            Reading::Word(truth) => format!("word {truth}"),
            Reading::Ambiguous { older, newer, .. } => format!("{older} or {newer}"),
        }
    }

    #[test]
    fn plain_scalars_read_as_promised() {
        for (text, expected) in [
            ("1e-3", "float 1e-3"),
            ("0.10", "float 0.10"),
            ("1.0e-3", "float 1.0e-3"),
            ("+5", "integer +5"),
            (".5", "float .5"),
            ("1.", "float 1."),
            ("0x1F", "integer 0x1F"),
            ("-0", "integer -0"),
            ("12345678901234567890", "float 12345678901234567890"),
            ("0xFFFFFFFFFFFFFFFF", "float 0xFFFFFFFFFFFFFFFF"),
            ("true", "boolean true"),
            ("False", "boolean false"),
            ("null", "null null"),
            ("~", "null null"),
            ("", "null null"),
            ("yes", "word true"),
            ("no", "word false"),
            ("on", "word true"),
            ("OFF", "word false"),
            ("010", "8 or 10"),
            ("-010", "-8 or -10"),
            ("007", "7 or 7"),
            ("09", "the text `09` or 9"),
            ("0o17", "the text `0o17` or 15"),
            ("0b101", "5 or the text `0b101`"),
            ("-0x1F", "-31 or the text `-0x1F`"),
            ("1:30", "90 or the text `1:30`"),
            ("12:00:00", "43200 or the text `12:00:00`"),
            ("1:30.5", "90.5 or the text `1:30.5`"),
            ("1_000", "1000 or the text `1_000`"),
            ("1_000.5", "1000.5 or the text `1_000.5`"),
            ("0_75", "61 or the text `0_75`"),
            ("07_8", "text 07_8"),
            ("._6", "text ._6"),
            ("0b+11", "text 0b+11"),
            (".nan", "float nan"),
            (".inf", "float inf"),
            ("-.inf", "float -inf"),
            ("2026-01-01", "text 2026-01-01"),
            ("0:30", "text 0:30"),
            ("1:75", "text 1:75"),
            ("a:b", "text a:b"),
            ("nan", "text nan"),
            ("inf", "text inf"),
            ("1e", "text 1e"),
            (".", "text ."),
            ("-", "text -"),
            ("1_000e3", "text 1_000e3"),
            ("_1", "text _1"),
            ("v1_0", "text v1_0"),
            ("y", "text y"),
            ("é🙂", "text é🙂"),
            ("0x", "text 0x"),
            ("1.2.3", "text 1.2.3"),
        ] {
            assert_eq!(read_plain(text), expected, "{text}");
        }
    }

    #[test]
    fn quoted_scalars_are_text() {
        for text in ["007", "yes", "1e-3", "", "null", "1:30"] {
            let quoted = Scalar { text: text.to_owned(), plain: false };
            assert_eq!(read(&quoted), Reading::Value(Value::Text(text.to_owned())));
        }
    }
}
