//! What YAML 1.1 saw in a plain scalar, where YAML 1.2 sees something else: leading zeros, base 60, grouped digits, binary.
//!
//! The rules of 1.1 are here only to be told apart; no value is ever made by them.

use crate::yaml::reading::{Reading, is_decimal, is_digits};

/// Plain scalars that YAML 1.1 and 1.2 do not read alike, or that do not mean what they show.
pub(super) fn ambiguity(text: &str) -> Option<Reading> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let sign = if text.starts_with('-') { "-" } else { "" };
    let text_reading = || format!("the text `{text}`");
    let (older, newer, as_number) = if is_digits(unsigned) && unsigned.len() > 1 && unsigned.starts_with('0')
    {
        let decimal = format!("{sign}{}", decimal_text(unsigned));
        match i64::from_str_radix(unsigned, 8) {
            Ok(octal) if octal.to_string() == decimal.trim_start_matches('-') => {
                (decimal.clone(), decimal.clone(), decimal)
            }
            Ok(octal) => (format!("{sign}{octal}"), decimal.clone(), format!("{sign}{octal} or {decimal}")),
            Err(_) => (text_reading(), decimal.clone(), decimal),
        }
    } else if let Some(digits) = unsigned.strip_prefix("0o").filter(|digits| is_octal(digits)) {
        let octal = i64::from_str_radix(digits, 8).ok()?;
        let newer = if text == unsigned { octal.to_string() } else { text_reading() };
        (text_reading(), newer, format!("{sign}{octal}"))
    } else if let Some(value) = radix_with_groups(text, unsigned) {
        let number = format!("{sign}{value}");
        (number.clone(), text_reading(), number)
    } else if let Some(number) = sexagesimal(unsigned).or_else(|| grouped(unsigned)) {
        let number = format!("{sign}{number}");
        (number.clone(), text_reading(), number)
    } else {
        return None;
    };
    Some(Reading::Ambiguous { older, newer, as_number })
}

fn decimal_text(digits: &str) -> &str {
    match digits.trim_start_matches('0') {
        "" => "0",
        rest => rest,
    }
}

fn is_octal(digits: &str) -> bool {
    !digits.is_empty() && digits.bytes().all(|byte| matches!(byte, b'0'..=b'7'))
}

/// `0b…`, and `0x…` with a sign or with `_` between digits: integers to YAML 1.1 alone.
fn radix_with_groups(text: &str, unsigned: &str) -> Option<i64> {
    let (digits, radix) = match (unsigned.strip_prefix("0b"), unsigned.strip_prefix("0x")) {
        (Some(digits), _) => (digits, 2),
        (_, Some(digits)) if text != unsigned || digits.contains('_') => (digits, 16),
        _ => return None,
    };
    let signless = digits.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    i64::from_str_radix(&digits.replace('_', ""), radix).ok().filter(|_| signless)
}

/// `1:30` and `1:30.5`, which YAML 1.1 reads in base 60.
fn sexagesimal(unsigned: &str) -> Option<String> {
    let (whole, fraction) = match unsigned.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (unsigned, None),
    };
    let mut parts = whole.split(':');
    let first = parts.next().filter(|first| is_grouped(first))?;
    // Without a fraction the first part may not begin with 0: YAML 1.1 takes `0:30` for text.
    if fraction.is_none() && first.starts_with('0') {
        return None;
    }
    let mut sum: i128 = first.replace('_', "").parse().ok()?;
    let mut places = 0;
    for part in parts {
        let digit: i128 =
            part.parse().ok().filter(|digit| is_digits(part) && part.len() <= 2 && *digit < 60)?;
        sum = sum.checked_mul(60)?.checked_add(digit)?;
        places += 1;
    }
    if places == 0 {
        return None;
    }
    match fraction {
        None => Some(sum.to_string()),
        Some(fraction) if fraction.is_empty() || is_grouped(fraction) => {
            Some(format!("{sum}.{}", if fraction.is_empty() { "0" } else { fraction }))
        }
        Some(_) => None,
    }
}

/// `1_000` and `1_000.5`, whose groups only YAML 1.1 knows.
fn grouped(unsigned: &str) -> Option<String> {
    let mantissa = unsigned.split(['e', 'E']).next()?;
    let floats = mantissa.contains('.');
    let shaped =
        mantissa.strip_prefix('.').unwrap_or(mantissa).starts_with(|first: char| first.is_ascii_digit());
    // Without a point YAML 1.1 knows no exponent.
    if !unsigned.contains('_') || !shaped || (!floats && mantissa.len() != unsigned.len()) {
        return None;
    }
    let joined = unsigned.replace('_', "");
    if joined.starts_with('0') && !floats {
        return i64::from_str_radix(&joined, 8).ok().map(|octal| octal.to_string());
    }
    is_decimal(&joined).then_some(joined)
}

fn is_grouped(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_digit())
        && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'_')
}
