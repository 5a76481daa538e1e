//! Small pieces of text: escaped, quoted, counted, and times for people and for programs.

use std::fmt::Write as _;

/// `text` with everything that could steer a terminal made visible, line ends included.
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        push_escaped(&mut escaped, character);
    }
    escaped
}

/// As [`escape`], keeping line ends and tabs.
pub fn escape_lines(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\n' | '\t' => escaped.push(character),
            other => push_escaped(&mut escaped, other),
        }
    }
    escaped
}

fn push_escaped(out: &mut String, character: char) {
    if steers(character) {
        out.extend(character.escape_default());
    } else {
        out.push(character);
    }
}

/// Whether a character does something to a terminal. The marks that reorder text count: they can make a line say something else
/// than it does.
fn steers(character: char) -> bool {
    let reorders =
        matches!(character, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    character.is_control() || reorders
}

/// Arguments as one line that a POSIX shell (or, where there are control characters, bash) reads back as the same arguments.
pub fn shell_line<S: AsRef<str>>(arguments: &[S]) -> String {
    let quoted: Vec<String> = arguments.iter().map(|argument| shell_word(argument.as_ref())).collect();
    quoted.join(" ")
}

fn shell_word(word: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-_./=:,@%+".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    if word.chars().any(steers) {
        let mut quoted = String::from("$'");
        for character in word.chars() {
            match character {
                '\n' => quoted.push_str("\\n"),
                '\t' => quoted.push_str("\\t"),
                '\\' => quoted.push_str("\\\\"),
                '\'' => quoted.push_str("\\'"),
                control if steers(control) => {
                    // Writing to a `String` cannot fail.
                    let _ = write!(quoted, "\\u{:04x}", u32::from(control));
                }
                other => quoted.push(other),
            }
        }
        quoted.push('\'');
        return quoted;
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// `1 task`, `2 tasks`; thousands are set apart with commas.
pub fn counted(count: u128, one: &str, many: &str) -> String {
    format!("{} {}", grouped(count), if count == 1 { one } else { many })
}

fn grouped(count: u128) -> String {
    let digits = count.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// How long ago something was, for people: `just now`, `5 minutes ago`.
pub fn age(then_ms: u64, now_ms: u64) -> String {
    let seconds = now_ms.saturating_sub(then_ms) / 1000;
    let (amount, unit) = match seconds {
        0..5 => return "just now".to_owned(),
        5..60 => (seconds, "second"),
        60..3600 => (seconds / 60, "minute"),
        3600..86_400 => (seconds / 3600, "hour"),
        _ => (seconds / 86_400, "day"),
    };
    format!("{amount} {unit}{} ago", if amount == 1 { "" } else { "s" })
}

/// A length of time, for people: `0.42 s`, `3m 07s`, `2h 05m`.
pub fn duration(milliseconds: u64) -> String {
    let seconds = milliseconds / 1000;
    match seconds {
        0..10 => format!("{}.{:02} s", seconds, milliseconds % 1000 / 10),
        10..60 => format!("{}.{} s", seconds, milliseconds % 1000 / 100),
        60..3600 => format!("{}m {:02}s", seconds / 60, seconds % 60),
        _ => format!("{}h {:02}m", seconds / 3600, seconds % 3600 / 60),
    }
}

/// A moment for programs: RFC 3339 in UTC, to the millisecond. Moments that no calendar has are `None`.
pub fn rfc3339(milliseconds: u64) -> Option<String> {
    let moment = jiff::Timestamp::from_millisecond(i64::try_from(milliseconds).ok()?).ok()?;
    Some(format!("{moment:.3}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_become_visible() {
        for (text, expected) in [
            ("plain é🙂", "plain é🙂"),
            ("\u{1b}[31mred", "\\u{1b}[31mred"),
            ("a\nb\tc\r", "a\\nb\\tc\\r"),
            ("\u{202e}txt.exe", "\\u{202e}txt.exe"),
            ("\u{9b}2J", "\\u{9b}2J"),
        ] {
            assert_eq!(escape(text), expected);
        }
        assert_eq!(escape_lines("a\n\tb\u{7}\r\n"), "a\n\tb\\u{7}\\r\n");
    }

    #[test]
    fn arguments_are_quoted_for_a_shell() {
        for (word, expected) in [
            ("lr=0.1", "lr=0.1"),
            ("", "''"),
            ("a b", "'a b'"),
            ("it's", r"'it'\''s'"),
            ("$HOME", "'$HOME'"),
            ("`x`;y", "'`x`;y'"),
            ("[64,32]", "'[64,32]'"),
            ("two\nlines", r"$'two\nlines'"),
            ("~/x", "'~/x'"),
            ("é", "é"),
        ] {
            assert_eq!(shell_line(&[word]), expected, "{word:?}");
        }
        assert_eq!(shell_line(&["python3", "a b"]), "python3 'a b'");
    }

    #[test]
    fn counts_have_commas_and_a_plural() {
        for (count, expected) in [
            (0, "0 tasks"),
            (1, "1 task"),
            (999, "999 tasks"),
            (1000, "1,000 tasks"),
            (1_234_567, "1,234,567 tasks"),
        ] {
            assert_eq!(counted(count, "task", "tasks"), expected);
        }
    }

    #[test]
    fn times_for_people_and_programs() {
        let now = 1_800_000_000_000;
        for (ago_ms, expected) in [
            (0, "just now"),
            (7_000, "7 seconds ago"),
            (60_000, "1 minute ago"),
            (7_300_000, "2 hours ago"),
            (200_000_000, "2 days ago"),
        ] {
            assert_eq!(age(now - ago_ms, now), expected);
        }
        assert_eq!(age(now + 5, now), "just now");
        for (ms, expected) in
            [(420, "0.42 s"), (12_340, "12.3 s"), (187_000, "3m 07s"), (7_500_000, "2h 05m")]
        {
            assert_eq!(duration(ms), expected);
        }
        assert_eq!(rfc3339(now).as_deref(), Some("2027-01-15T08:00:00.000Z"));
        assert_eq!(rfc3339(u64::MAX), None);
    }
}
