//! Words of a text with the columns they stand at, and what is inside of words.

use super::bad;
use crate::failure::Failure;
use crate::settings::Memory;

/// A word without its quotes, and the column of its first character, from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Word {
    pub text: String,
    pub column: usize,
}

impl Word {
    /// A part of this word that begins after that many of its characters.
    pub(super) fn part(&self, skipped: usize, text: &str) -> Self {
        Self { text: text.to_owned(), column: self.column + skipped }
    }

    /// What is wrong with it.
    pub(super) fn wrong(&self, problem: impl std::fmt::Display) -> Failure {
        bad(format!("column {} of the resources: {problem}", self.column))
    }

    /// It as a positive number.
    pub(super) fn number(&self, what: &str) -> Result<u32, Failure> {
        let digits = !self.text.is_empty() && self.text.bytes().all(|byte| byte.is_ascii_digit());
        let number = digits.then(|| self.text.parse().ok()).flatten();
        number.ok_or_else(|| self.wrong(format_args!("`{}` is no number of {what}", self.text)))
    }

    /// It as memory in MiB.
    pub(super) fn memory_mib(&self) -> Result<u64, Failure> {
        let memory = self.text.parse::<Memory>().map_err(|problem| self.wrong(problem))?;
        if memory.as_mebibytes() == 0 {
            return Err(self.wrong(format_args!("`{}` is no memory at all", self.text)));
        }
        Ok(memory.as_mebibytes())
    }
}

/// The words of a text, as a shell would part them; `'` and `"` keep blanks together.
pub(super) fn split(text: &str) -> Result<Vec<Word>, Failure> {
    let mut words: Vec<Word> = vec![];
    let (mut open, mut quote): (bool, Option<(char, usize)>) = (false, None);
    for (index, c) in text.chars().enumerate() {
        if c.is_control() && c != '\t' {
            return Err(bad(format!("column {} of the resources: a control character", index + 1)));
        }
        match quote {
            Some((mark, _)) if c == mark => quote = None,
            None if c.is_whitespace() => open = false,
            _ => {
                if !open {
                    words.push(Word { text: String::new(), column: index + 1 });
                    open = true;
                }
                if quote.is_none() && matches!(c, '\'' | '"') {
                    quote = Some((c, index + 1));
                } else if let Some(word) = words.last_mut() {
                    word.text.push(c);
                }
            }
        }
    }
    match quote {
        Some((mark, column)) => {
            Err(bad(format!("column {column} of the resources: the quote {mark} is never closed")))
        }
        None => Ok(words),
    }
}

/// The items of a list with commas, of which those inside of brackets belong to an item: `n[1,3-4],n9`.
pub(super) fn list(text: &str) -> Vec<String> {
    let mut depth = 0_u32;
    let items = text.split(|c| {
        match c {
            '[' => depth += 1,
            ']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        c == ',' && depth == 0
    });
    items.map(str::trim).filter(|item| !item.is_empty()).map(str::to_owned).collect()
}
