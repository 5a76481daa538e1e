//! Tokens: what finds a submission again, in its folder's name, its script's path and its job's name.

use crate::sweep_id::SweepId;

/// How many characters a token has: 26 × 36⁹ of them, so that no two submissions of one user ever share one.
const LENGTH: usize = 10;
const LETTERS: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";

/// The token that `random` bytes make: ten lower-case letters and digits, a letter first, so that it fits wherever a name does.
#[must_use]
pub fn token(random: [u8; LENGTH]) -> String {
    let letter = |(at, byte): (usize, &u8)| {
        let choices = if at == 0 { 26 } else { LETTERS.len() };
        char::from(LETTERS[usize::from(*byte) % choices])
    };
    random.iter().enumerate().map(letter).collect()
}

/// Whether `text` could be a token.
#[must_use]
pub fn is_token(text: &str) -> bool {
    text.len() == LENGTH
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
        && text.starts_with(|first: char| first.is_ascii_lowercase())
}

/// The name of a job: as much of the sweep's id as fits into `longest` bytes, and the token at its end. Schedulers want a letter first.
#[must_use]
pub fn job_name(sweep_id: &SweepId, token: &str, longest: u32) -> String {
    let room = usize::try_from(longest).unwrap_or(usize::MAX).saturating_sub(token.len() + 1);
    let id = sweep_id.as_str();
    let id = &id[..id.len().min(room)];
    if id.starts_with(|first: char| first.is_ascii_alphabetic()) {
        format!("{id}.{token}")
    } else {
        token.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_names() {
        for byte in 0..=255 {
            assert!(is_token(&token([byte; LENGTH])), "{byte}");
        }
        for other in ["", "abc", "0bcdefghij", "abcdefghiJ", "abcdefghi.", "abcdefghijk"] {
            assert!(!is_token(other), "{other}");
        }
    }

    #[test]
    fn names_end_with_the_token_and_fit() {
        let name = |id: &str, longest| job_name(&SweepId::new(id).unwrap(), "abcdefghij", longest);
        assert_eq!(name("lr-scan", 64), "lr-scan.abcdefghij");
        assert_eq!(name("lr-scan", 15), "lr-s.abcdefghij");
        assert_eq!(name("lr-scan", 11), "abcdefghij");
        assert_eq!(name("2026-01-01", 64), "abcdefghij");
    }
}
