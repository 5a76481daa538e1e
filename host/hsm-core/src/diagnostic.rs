//! What is wrong or odd in a file that somebody wrote, with the place where it stands.
//!
//! Every reader of a file collects its findings in a [`Findings`] and goes on as long as it can, so that one look shows all of them.
//! Nothing here prints: a caller decides what happens to a warning.

use std::fmt;

/// A place in a text. Both numbers count from 1; a column counts characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// The line, from 1.
    pub line: usize,
    /// The character in its line, from 1.
    pub column: usize,
}

impl Position {
    /// No place: what is said is about the whole.
    pub const WHOLE: Self = Self { line: 0, column: 0 };
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)
    }
}

/// Whether a file can be used in spite of a [`Diagnostic`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// The file cannot be used.
    Error,
    /// The file can be used, and its author should know this.
    Warning,
}

/// One finding about one place in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Whether the file can be used all the same.
    pub severity: Severity,
    /// The file, as the caller called it.
    pub file: String,
    /// The place in the file.
    pub at: Position,
    /// What is wrong, in lower case and without a full stop.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, at, message, .. } = self;
        match *at {
            Position::WHOLE => write!(f, "{file}: {message}"),
            Position { line, column } => write!(f, "{file}:{line}:{column}: {message}"),
        }
    }
}

impl std::error::Error for Diagnostic {}

/// Why a file cannot be used: at least one error, and the warnings that were found on the way, in the order of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostics(Vec<Diagnostic>);

impl Diagnostics {
    /// All findings, in the order of the file.
    #[must_use]
    pub fn as_slice(&self) -> &[Diagnostic] {
        &self.0
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let errors = self.0.iter().filter(|found| found.severity == Severity::Error);
        for (index, error) in errors.enumerate() {
            write!(f, "{}{error}", if index == 0 { "" } else { "\n" })?;
        }
        Ok(())
    }
}

impl std::error::Error for Diagnostics {}

/// What a file says, and what its author should know about it.
#[derive(Clone, Debug, PartialEq)]
pub struct Parsed<T> {
    /// What the file says.
    pub value: T,
    /// Warnings, in the order of the file.
    pub warnings: Vec<Diagnostic>,
}

/// The findings about one file, as they come up.
#[derive(Clone, Debug)]
pub struct Findings {
    file: String,
    found: Vec<Diagnostic>,
}

impl Findings {
    /// No findings yet about `file`.
    #[must_use]
    pub fn new(file: &str) -> Self {
        Self { file: file.to_owned(), found: Vec::new() }
    }

    /// Adds an error, with what to do about it.
    pub fn error(&mut self, at: Position, message: impl Into<String>, hint: Option<String>) {
        self.add(Severity::Error, at, message.into(), hint);
    }

    /// Adds a warning, with what to do about it.
    pub fn warning(&mut self, at: Position, message: impl Into<String>, hint: Option<String>) {
        self.add(Severity::Warning, at, message.into(), hint);
    }

    /// Takes over what was found elsewhere.
    pub fn absorb(&mut self, other: Self) {
        self.found.extend(other.found);
    }

    /// Whether the file cannot be used.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.found.iter().any(|found| found.severity == Severity::Error)
    }

    /// The value with its warnings where there is no error, and everything that was found otherwise.
    ///
    /// # Errors
    /// The findings, when one of them is an error or there is no value.
    pub fn conclude<T>(mut self, value: Option<T>) -> Result<Parsed<T>, Diagnostics> {
        self.found.sort_by_key(|found| found.at);
        match value {
            Some(value) if !self.has_errors() => Ok(Parsed { value, warnings: self.found }),
            _ => Err(Diagnostics(self.found)),
        }
    }

    fn add(&mut self, severity: Severity, at: Position, message: String, hint: Option<String>) {
        self.found.push(Diagnostic { severity, file: self.file.clone(), at, message, hint });
    }
}
