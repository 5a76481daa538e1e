//! A text as lines: how far they are indented, where what belongs to a key ends, and how they end.

use crate::yaml::{Layout, Placed, Shape};
use std::ops::Range;

/// How far inner maps are indented where a file does not show it.
const STEP: usize = 2;

/// A part of a text and what stands there instead.
#[derive(Debug)]
pub(super) struct Replaced {
    pub(super) bytes: Range<usize>,
    pub(super) with: String,
}

/// The text with its parts replaced, which do not overlap and come in order.
pub(super) fn replaced(text: &str, parts: &[Replaced]) -> String {
    let mut changed = String::with_capacity(text.len() + 256);
    let mut done = 0;
    for part in parts {
        changed.push_str(&text[done..part.bytes.start]);
        changed.push_str(&part.with);
        done = part.bytes.end;
    }
    changed.push_str(&text[done..]);
    changed
}

/// A text, line by line.
#[derive(Debug)]
pub(super) struct Lines<'a> {
    text: &'a str,
    /// Where each line begins, and where the last ends.
    starts: Vec<usize>,
}

impl<'a> Lines<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        let mut starts = vec![0];
        for line in text.split_inclusive('\n') {
            starts.push(starts.last().copied().unwrap_or(0) + line.len());
        }
        Self { text, starts }
    }

    pub(super) fn text(&self) -> &'a str {
        self.text
    }

    /// The number of the line that a byte is in, from 0.
    pub(super) fn line_of(&self, byte: usize) -> usize {
        self.starts.partition_point(|start| *start <= byte).saturating_sub(1)
    }

    pub(super) fn start_of_line(&self, byte: usize) -> usize {
        self.starts[self.line_of(byte)]
    }

    /// How many characters stand before a byte in its line. A mark at the very beginning of a file is none.
    pub(super) fn column(&self, byte: usize) -> usize {
        self.text[self.start_of_line(byte)..byte].chars().filter(|char| *char != '\u{feff}').count()
    }

    /// What stands in the line after a byte.
    pub(super) fn rest_of_line(&self, byte: usize) -> &'a str {
        let rest = &self.text[byte..];
        rest.find('\n').map_or(rest, |end| &rest[..end])
    }

    /// Where the words of a line end that go on at `byte`, which is before its comment.
    pub(super) fn end_of_words(&self, byte: usize) -> usize {
        let rest = self.rest_of_line(byte);
        let words = rest.find(" #").map_or(rest, |comment| &rest[..comment]);
        byte + words.trim_end().len()
    }

    fn line(&self, number: usize) -> Option<&'a str> {
        Some(&self.text[*self.starts.get(number)?..*self.starts.get(number + 1)?])
    }

    /// The byte after the last line of an entry in a block: everything that is indented further than its key, and comments that are so too.
    /// Blank lines after it, and comments that stand further out, belong to what follows.
    pub(super) fn end_of_entry(&self, key: &Range<usize>) -> usize {
        let column = self.column(key.start);
        let first = self.line_of(key.start);
        let mut last = first;
        let mut goes_on = true;
        for number in first + 1.. {
            let Some(line) = self.line(number) else { break };
            let words = line.trim_start_matches(' ');
            let inside = line.len() - words.len() > column;
            let is_comment = words.starts_with('#');
            match words.trim_end() {
                "" => {}
                // A comment further out may stand in the middle of an entry all the same, which shows in what follows.
                _ if is_comment => goes_on &= inside,
                _ if inside => goes_on = true,
                _ => break,
            }
            if goes_on && !words.trim_end().is_empty() {
                last = number;
            }
        }
        self.starts[last + 1]
    }

    /// The column that the entries of the outermost map stand in.
    pub(super) fn column_of(&self, root: &Layout) -> usize {
        match &root.shape {
            Shape::Block(entries) => entries.first().map_or(0, |entry| self.column(entry.key.start)),
            _ => 0,
        }
    }

    /// How far this file indents inner maps: those of the machines first, then any.
    pub(super) fn step(&self, root: &Layout) -> usize {
        let step = |outer: &Placed| match &outer.value.shape {
            Shape::Block(entries) => {
                let inner = self.column(entries.first()?.key.start);
                inner.checked_sub(self.column(outer.key.start)).filter(|step| *step > 0)
            }
            _ => None,
        };
        let Shape::Block(entries) = &root.shape else { return STEP };
        let named = root.entry(super::PATH[0]).and_then(step);
        named.or_else(|| entries.iter().find_map(step)).unwrap_or(STEP)
    }

    /// The text with further lines before `at`, which is the beginning of a line or the end, and without what is in `gone` before that.
    pub(super) fn inserted(&self, at: usize, lines: &[String], gone: Range<usize>) -> String {
        let end = self.line_end();
        let mut with = String::new();
        if at > 0 && !self.text[..at].ends_with('\n') {
            with.push_str(end);
        }
        for line in lines {
            with.push_str(line);
            with.push_str(end);
        }
        let insertion = Replaced { bytes: at..at, with };
        if gone.is_empty() {
            return replaced(self.text, &[insertion]);
        }
        replaced(self.text, &[Replaced { bytes: gone, with: String::new() }, insertion])
    }

    /// The text with further lines at its end, after a blank one.
    pub(super) fn appended(&self, lines: &[String]) -> String {
        let blank = self.text.trim_end_matches(['\r', '\n']).len();
        let ends = self.text[blank..].matches('\n').count();
        let nothing_before = self.text.trim_matches('\u{feff}').is_empty();
        let mut all = Vec::with_capacity(lines.len() + 1);
        if ends < 2 && !nothing_before {
            all.push(String::new());
        }
        all.extend_from_slice(lines);
        self.inserted(self.text.len(), &all, self.text.len()..self.text.len())
    }

    fn line_end(&self) -> &'static str {
        let first = self.text.find('\n').and_then(|end| end.checked_sub(1));
        let carriage = first.is_some_and(|before| self.text.as_bytes().get(before) == Some(&b'\r'));
        if carriage { "\r\n" } else { "\n" }
    }
}
