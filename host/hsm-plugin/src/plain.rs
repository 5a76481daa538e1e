//! Text of plugins, made fit to show: it may come from anybody, and a terminal obeys what it is sent.

use std::fmt::Write;
use std::io;

/// The text with every control character escaped, cut after `bytes_max` bytes of it.
pub(crate) fn plain(text: &str, bytes_max: usize) -> String {
    let end = text.floor_char_boundary(bytes_max);
    let mut shown = String::with_capacity(end);
    for character in text[..end].chars() {
        match character {
            '\n' | '\t' => shown.push(character),
            _ if is_obeyed(character) => push_escaped(&mut shown, character),
            _ => shown.push(character),
        }
    }
    if end < text.len() {
        shown.push('…');
    }
    shown
}

/// As [`plain`], on one line.
pub(crate) fn plain_line(text: &str, bytes_max: usize) -> String {
    plain(text.trim(), bytes_max).replace(['\n', '\t'], " ")
}

/// Whether a terminal does something at this character, instead of showing it.
pub(crate) fn is_obeyed(character: char) -> bool {
    // The others turn the direction of the text around them, so that it reads as something else.
    character.is_control() || matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// The operating system's words, without its number.
pub(crate) fn io_words(error: &io::Error) -> String {
    let text = error.to_string();
    match text.split_once(" (os error") {
        Some((words, _)) => words.to_lowercase(),
        None => text,
    }
}

fn push_escaped(shown: &mut String, character: char) {
    // Writing to a `String` cannot fail.
    let _ = write!(shown, "{}", character.escape_unicode());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_reaches_the_terminal_unescaped() {
        let cases = [
            ("plain é🙂", 100, "plain é🙂"),
            ("\u{1b}[2Jgone", 100, "\\u{1b}[2Jgone"),
            ("a\r\nb\tc\u{7f}\u{9b}", 100, "a\\u{d}\nb\tc\\u{7f}\\u{9b}"),
            ("exe\u{202e}gpj", 100, "exe\\u{202e}gpj"),
            ("éé", 3, "é…"),
            ("", 3, ""),
        ];
        for (text, bytes_max, expected) in cases {
            assert_eq!(plain(text, bytes_max), expected);
        }
        assert_eq!(plain_line(" a\nb\t", 100), "a b");
    }
}
