//! What a scalar can turn out to be, and the shapes of digits that both generations of YAML look for.

use crate::value::Value;

/// What a scalar stands for.
#[derive(Clone, Debug, PartialEq)]
pub enum Reading {
    /// A value.
    Value(Value),
    /// A boolean in a word that YAML 1.2 takes for text.
    Word(bool),
    /// Nothing certain.
    Ambiguous {
        /// What YAML 1.1 reads.
        older: String,
        /// What YAML 1.2 reads.
        newer: String,
        /// How to write the number that is meant: one way, or one for each reading.
        as_number: String,
    },
}

/// `digits+ (. digits*)?` or `. digits+`, and an exponent.
pub(super) fn is_decimal(unsigned: &str) -> bool {
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (unsigned, None),
    };
    let mantissa_reads = match mantissa.split_once('.') {
        None => is_digits(mantissa),
        Some(("", fraction)) => is_digits(fraction),
        Some((whole, fraction)) => is_digits(whole) && (fraction.is_empty() || is_digits(fraction)),
    };
    mantissa_reads
        && exponent.is_none_or(|exponent| is_digits(exponent.strip_prefix(['+', '-']).unwrap_or(exponent)))
}

pub(super) fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}
