//! The two streams. Data goes to standard output, which may be closed at any time (`hsm list | head -1`); remarks go to standard
//! error, and are never worth failing for.

use super::text::escape_lines;
use serde::Serialize;
use std::io::{self, IsTerminal, Write};

/// Standard output could not be written to.
#[derive(Debug)]
pub enum ClosedPipe {
    /// Whoever read it has stopped reading. That is their right, and no failure.
    NoReader,
    /// Anything else, a full disk for example.
    Other(io::Error),
}

impl From<io::Error> for ClosedPipe {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe { Self::NoReader } else { Self::Other(error) }
    }
}

/// How much is said, and where.
#[derive(Clone, Copy, Debug)]
pub struct Console {
    quiet: bool,
    progress: bool,
}

impl Console {
    /// A console that says only what went wrong when `quiet`, and draws progress bars when `progress`.
    pub fn new(quiet: bool, progress: bool) -> Self {
        Self { quiet, progress: progress && !quiet }
    }

    /// Whether anything about progress should be shown.
    pub fn shows_progress(self) -> bool {
        self.progress
    }

    /// Whether a progress bar can be drawn.
    pub fn can_draw(self) -> bool {
        self.progress && io::stderr().is_terminal()
    }

    /// Writes data as it is.
    ///
    /// # Errors
    /// A [`ClosedPipe`] when it could not be written.
    pub fn data(self, text: &str) -> Result<(), ClosedPipe> {
        let mut out = io::stdout().lock();
        out.write_all(text.as_bytes())?;
        Ok(out.flush()?)
    }

    /// Writes data as it is made, through a buffer, so that a million rows never stand in memory at once.
    ///
    /// # Errors
    /// As [`Console::data`].
    pub fn stream(self, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), ClosedPipe> {
        let mut out = io::BufWriter::new(io::stdout().lock());
        write(&mut out)?;
        Ok(out.flush()?)
    }

    /// Writes a JSON object: the fields of `head`, then the list `name` with one item a line.
    ///
    /// # Errors
    /// As [`Console::data`].
    pub fn json_list<T: Serialize>(
        self,
        head: &[(&str, &dyn Field)],
        name: &str,
        items: impl Iterator<Item = T>,
    ) -> Result<(), ClosedPipe> {
        self.stream(|out| {
            out.write_all(b"{")?;
            for (key, value) in head {
                write!(out, "\"{key}\":{},", value.json()?)?;
            }
            write!(out, "\"{name}\":[")?;
            for (index, item) in items.enumerate() {
                out.write_all(if index == 0 { b"\n" } else { b",\n" })?;
                serde_json::to_writer(&mut *out, &item)?;
            }
            out.write_all(b"\n]}\n")
        })
    }

    /// Says something that is no data, unless told to be quiet.
    pub fn say(self, text: &str) {
        if !self.quiet {
            Self::error_line(text);
        }
    }

    /// Says what will not stop the command but should be known.
    pub fn warn(self, text: &str) {
        Self::error_line(&format!("warning: {text}"));
    }

    /// Says what to do next or what helps.
    pub fn hint(self, text: &str) {
        self.say(&format!("hint: {text}"));
    }

    /// Writes a line to standard error, escaped, at once, so that no other process's words get in between. A closed standard error is
    /// nobody's problem.
    pub fn error_line(text: &str) {
        let _ = io::stderr().lock().write_all(format!("{}\n", escape_lines(text)).as_bytes());
    }
}

/// What can stand in the head of a JSON object.
pub trait Field {
    /// The value as JSON text.
    ///
    /// # Errors
    /// When it has none.
    fn json(&self) -> serde_json::Result<String>;
}

impl<T: Serialize> Field for T {
    fn json(&self) -> serde_json::Result<String> {
        serde_json::to_string(self)
    }
}
