//! What a plugin says while it works: its log lines and whatever it writes to standard output and standard error.
//!
//! All of it goes to `tracing`, with control characters escaped and a limit on lines a call. The last lines of standard error
//! are kept, because a panic explains itself there.

use crate::plain::plain_line;
use bytes::Bytes;
use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use tracing::Level;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamError};

/// Longer lines are cut.
const LINE_BYTES_MAX: usize = 4_096;

/// A panic's message and where it happened are two lines; a traceback's end is a few more.
const TAIL_LINES: usize = 8;

/// How much a stream takes at once: as much as WASI's own.
const WRITE_BYTES_MAX: usize = 64 * 1024;

/// The lines of one plugin instance.
#[derive(Debug)]
pub(crate) struct Lines {
    plugin: String,
    per_call_max: u64,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    written: u64,
    tail: VecDeque<String>,
}

impl Lines {
    pub(crate) fn new(plugin: &str, per_call_max: u64) -> Arc<Self> {
        Arc::new(Self { plugin: plugin.to_owned(), per_call_max, state: Mutex::default() })
    }

    /// A call begins, with the whole allowance.
    pub(crate) fn begin_call(&self) {
        self.state().written = 0;
    }

    /// Logs one line, while the call's allowance lasts.
    pub(crate) fn line(&self, level: Level, text: &str) {
        let plugin = self.plugin.as_str();
        let written = self.count();
        if written > self.per_call_max {
            if written == self.per_call_max + 1 {
                tracing::warn!(
                    plugin,
                    "more than {} lines in one call, the rest is dropped",
                    self.per_call_max
                );
            }
            return;
        }
        let line = plain_line(text, LINE_BYTES_MAX);
        match level {
            Level::ERROR => tracing::error!(plugin, "{line}"),
            Level::WARN => tracing::warn!(plugin, "{line}"),
            Level::INFO => tracing::info!(plugin, "{line}"),
            Level::DEBUG => tracing::debug!(plugin, "{line}"),
            _ => tracing::trace!(plugin, "{line}"),
        }
    }

    /// Counts one more line of this call.
    fn count(&self) -> u64 {
        let mut state = self.state();
        state.written += 1;
        state.written
    }

    /// The last lines of standard error, or nothing.
    pub(crate) fn tail(&self) -> Vec<String> {
        self.state().tail.iter().cloned().collect()
    }

    fn stderr_line(&self, text: &str) {
        let line = plain_line(text, LINE_BYTES_MAX);
        if !line.is_empty() {
            let mut state = self.state();
            if state.tail.len() == TAIL_LINES {
                state.tail.pop_front();
            }
            state.tail.push_back(line);
        }
        // Many programs write their progress there, so a line is no warning.
        self.line(Level::INFO, text);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Which of the two standard streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stream {
    Stdout,
    Stderr,
}

/// A standard stream that ends in the log. Copies of it are the same stream.
#[derive(Clone, Debug)]
pub(crate) struct LineStream {
    lines: Arc<Lines>,
    stream: Stream,
    begun: Arc<Mutex<Vec<u8>>>,
}

impl LineStream {
    pub(crate) fn new(lines: Arc<Lines>, stream: Stream) -> Self {
        Self { lines, stream, begun: Arc::default() }
    }

    fn take(&self, bytes: &[u8]) {
        let mut begun = self.begun.lock().unwrap_or_else(PoisonError::into_inner);
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            let room = LINE_BYTES_MAX.saturating_sub(begun.len());
            begun.extend_from_slice(&piece[..piece.len().min(room)]);
            if piece.ends_with(b"\n") {
                let line = std::mem::take(&mut *begun);
                self.emit(&String::from_utf8_lossy(&line));
            }
        }
    }

    fn emit(&self, line: &str) {
        match self.stream {
            Stream::Stdout => self.lines.line(Level::INFO, line),
            Stream::Stderr => self.lines.stderr_line(line),
        }
    }
}

impl IsTerminal for LineStream {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for LineStream {
    fn async_stream(&self) -> Box<dyn tokio::io::AsyncWrite + Send + Sync> {
        Box::new(self.clone())
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }
}

impl OutputStream for LineStream {
    fn write(&mut self, bytes: Bytes) -> Result<(), StreamError> {
        self.take(&bytes);
        Ok(())
    }

    fn flush(&mut self) -> Result<(), StreamError> {
        Ok(())
    }

    fn check_write(&mut self) -> Result<usize, StreamError> {
        Ok(WRITE_BYTES_MAX)
    }
}

#[wasmtime_wasi::async_trait]
impl Pollable for LineStream {
    async fn ready(&mut self) {}
}

impl tokio::io::AsyncWrite for LineStream {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<Result<usize, std::io::Error>> {
        self.take(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), std::io::Error>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), std::io::Error>> {
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_standard_error_is_kept_in_lines() {
        let lines = Lines::new("p", 1_000);
        let stream = LineStream::new(lines.clone(), Stream::Stderr);
        stream.take(b"a \x1b[2J");
        stream.clone().take(b"b\n\nc\nnot ended");
        assert_eq!(lines.tail(), ["a \\u{1b}[2Jb", "c"]);
        for number in 0..20 {
            stream.take(format!("{number}\n").as_bytes());
        }
        assert_eq!(lines.tail(), ["12", "13", "14", "15", "16", "17", "18", "19"]);
        LineStream::new(lines.clone(), Stream::Stdout).take(b"out\n");
        assert_eq!(lines.tail().last().map(String::as_str), Some("19"));
    }

    /// Counts what reaches the log.
    #[derive(Clone, Default)]
    struct Counting(Arc<std::sync::atomic::AtomicUsize>);

    impl tracing::Subscriber for Counting {
        fn enabled(&self, _: &tracing::Metadata<'_>) -> bool {
            true
        }

        fn new_span(&self, _: &tracing::span::Attributes<'_>) -> tracing::span::Id {
            tracing::span::Id::from_u64(1)
        }

        fn record(&self, _: &tracing::span::Id, _: &tracing::span::Record<'_>) {}

        fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}

        fn event(&self, _: &tracing::Event<'_>) {
            self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        }

        fn enter(&self, _: &tracing::span::Id) {}

        fn exit(&self, _: &tracing::span::Id) {}
    }

    #[test]
    fn a_call_logs_so_many_lines_and_a_last_word() {
        let counting = Counting::default();
        let lines = Lines::new("p", 10);
        tracing::subscriber::with_default(counting.clone(), || {
            for _ in 0..100 {
                lines.line(Level::INFO, "text");
            }
            lines.begin_call();
            lines.line(Level::ERROR, "text");
        });
        assert_eq!(counting.0.load(std::sync::atomic::Ordering::Relaxed), 12);
    }

    #[test]
    fn an_endless_line_takes_no_memory() {
        let stream = LineStream::new(Lines::new("p", 1), Stream::Stdout);
        for _ in 0..100 {
            stream.take(&[b'x'; 1_000]);
        }
        assert!(stream.begun.lock().unwrap().len() <= LINE_BYTES_MAX);
    }
}
