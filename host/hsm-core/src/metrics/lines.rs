//! Files that grow by lines: JSON lines. Only their end is read, however long they are.

use super::{Position, Problem, Reading, Unusable, parse_json};

/// The end of a file.
#[derive(Clone, Copy, Debug)]
pub struct Tail<'a> {
    /// The bytes up to the end of the file.
    pub bytes: &'a [u8],
    /// Where in the file they begin; 0 when this is all of it.
    pub offset: u64,
}

/// One line of a [`Tail`].
#[derive(Clone, Copy, Debug)]
pub(super) struct Line<'a> {
    /// What is in it, without its end.
    pub text: &'a [u8],
    /// Where in the file it begins.
    pub offset: u64,
    /// Whether it has an end: a line without one may be half of what will be there.
    pub ended: bool,
}

impl<'a> Tail<'a> {
    /// The lines that are in it from their beginning, without the blank ones, the last one first.
    pub(super) fn lines_backwards(self) -> impl Iterator<Item = Line<'a>> {
        let mut end = self.bytes.len();
        std::iter::from_fn(move || {
            loop {
                if end == 0 {
                    return None;
                }
                let ended = self.bytes[end - 1] == b'\n';
                let body = &self.bytes[..end - usize::from(ended)];
                let start = match body.iter().rposition(|byte| *byte == b'\n') {
                    Some(newline) => newline + 1,
                    None if self.offset == 0 => 0,
                    None => return None,
                };
                end = start;
                let text = &body[start..];
                if !text.trim_ascii().is_empty() {
                    return Some(Line { text, offset: self.offset + start as u64, ended });
                }
            }
        })
    }

    /// Whether the last two lines are in it, so that reading more of the file would change nothing.
    #[must_use]
    pub fn is_enough(self) -> bool {
        self.offset == 0 || self.lines_backwards().nth(1).is_some()
    }
}

/// The metrics in the last line of a file with one JSON object a line. A last line that somebody was still writing, or never came to
/// end, is passed over for the one before it, and a note says so.
///
/// # Errors
/// [`Unusable`] as for [`parse_json`], with the byte at which the line begins.
pub fn parse_json_lines(file: &str, tail: Tail<'_>) -> Result<Reading, Unusable> {
    let mut lines = tail.lines_backwards();
    let Some(last) = lines.next() else {
        let problem = if tail.offset == 0 { Problem::Empty } else { Problem::LongLine(tail.bytes.len()) };
        return Err(Unusable::new(file, Position::Whole, problem));
    };
    let error = match parse_line(file, last) {
        Ok(reading) => return Ok(reading),
        Err(error) if last.ended => return Err(error),
        Err(error) => error,
    };
    let Some(Ok(mut reading)) = lines.next().map(|line| parse_line(file, line)) else { return Err(error) };
    reading.note = Some(format!("{error}; the values are of the line before"));
    Ok(reading)
}

fn parse_line(file: &str, line: Line<'_>) -> Result<Reading, Unusable> {
    parse_json(file, line.text).map_err(|error| {
        let position = match error.position {
            Position::Whole => line.offset,
            Position::Line(_, column) => line.offset + column as u64 - 1,
            Position::Byte(byte) => line.offset + byte,
        };
        let problem = match error.problem {
            Problem::Truncated(bytes) => Problem::Truncated(line.offset + bytes),
            problem => problem,
        };
        Unusable { position: Position::Byte(position), problem, ..error }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, offset: u64, expected: &str) {
        let said = match parse_json_lines("log.jsonl", Tail { bytes: text.as_bytes(), offset }) {
            Ok(reading) => {
                let values: Vec<_> =
                    reading.metrics.iter().map(|(name, value)| format!("{name}={value}")).collect();
                format!(
                    "{}{}",
                    values.join(" "),
                    reading.note.map(|note| format!(" ({note})")).unwrap_or_default()
                )
            }
            Err(error) => error.to_string(),
        };
        assert_eq!(said, expected, "{text:?}");
    }

    #[test]
    fn the_last_line_counts() {
        check("{\"a\": 1}\n{\"a\": 2, \"b\": {\"c\": NaN}}\n", 0, "a=2 b.c=nan");
        check("{\"a\": 1}\n{\"a\": 2}", 0, "a=2");
        check("{\"a\": 1}\r\n\r\n\n", 0, "a=1");
        check("half}\n{\"a\": 2}\n", 900, "a=2");
    }

    #[test]
    fn a_torn_last_line_gives_the_one_before_and_says_so() {
        check(
            "{\"a\": 1}\n{\"a\": 2",
            0,
            "a=1 (log.jsonl: at byte 9: the file is truncated: it ends after 16 bytes, in the middle of a value; \
             the values are of the line before)",
        );
        check(
            "{\"a\": ",
            0,
            "log.jsonl: at byte 0: the file is truncated: it ends after 6 bytes, in the middle of a value",
        );
    }

    #[test]
    fn a_whole_line_that_is_wrong_is_an_error() {
        check(
            "{\"a\": 1}\n[3]\n",
            0,
            "log.jsonl: at byte 9: holds a list where an object (name: value) is expected",
        );
        check("{\"a\": 1}\n{\"a\" 1}\n", 0, "log.jsonl: at byte 14: not JSON: expected `:`");
        check("", 0, "log.jsonl: the file is empty");
        check("xxxxx", 7, "log.jsonl: no whole line in the last 5 bytes");
    }

    #[test]
    fn a_tail_is_enough_with_two_whole_lines() {
        for (text, offset, enough) in
            [("x\na\nb\n", 5, true), ("x\nb\n", 5, false), ("b\n", 0, true), ("x\n\n\nb", 1, false)]
        {
            assert_eq!(Tail { bytes: text.as_bytes(), offset }.is_enough(), enough, "{text:?}");
        }
    }
}
