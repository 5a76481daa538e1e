//! How far a sweep is: a bar where a terminal can draw one, else a plain line now and then.

use super::Console;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::time::{Duration, Instant};

/// Between two plain lines, so that a log of days stays readable.
const PLAIN_INTERVAL: Duration = Duration::from_secs(30);

/// Shows how far a sweep is, until dropped.
#[derive(Debug)]
pub struct Progress {
    console: Console,
    bar: Option<ProgressBar>,
    last_line: Option<(Instant, String)>,
}

impl Progress {
    /// Shows nothing yet.
    pub fn new(console: Console) -> Self {
        let bar = console.can_draw().then(|| {
            let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr_with_hz(10));
            bar.set_style(style());
            bar.enable_steady_tick(Duration::from_millis(200));
            bar
        });
        Self { console, bar, last_line: None }
    }

    /// `done` of `total` tasks have ended; `message` says what the others do.
    pub fn show(&mut self, done: u64, total: u64, message: &str) {
        if let Some(bar) = &self.bar {
            bar.set_length(total);
            bar.set_position(done);
            bar.set_message(message.to_owned());
        } else if self.console.shows_progress() {
            self.plain(format!("{done} of {total} done, {message}"));
        }
    }

    /// Says something without tearing the bar.
    pub fn say(&self, text: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| self.console.say(text)),
            None => self.console.say(text),
        }
    }

    /// Writes data to standard output without tearing the bar.
    ///
    /// # Errors
    /// As [`Console::data`].
    pub fn data(&self, text: &str) -> Result<(), super::ClosedPipe> {
        match &self.bar {
            Some(bar) => bar.suspend(|| self.console.data(text)),
            None => self.console.data(text),
        }
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }

    fn plain(&mut self, line: String) {
        let now = Instant::now();
        let due =
            self.last_line.as_ref().is_none_or(|(when, last)| now - *when >= PLAIN_INTERVAL && *last != line);
        if due {
            self.console.say(&line);
            self.last_line = Some((now, line));
        }
    }
}

fn style() -> ProgressStyle {
    // A template with a mistake would fail the test below, never the user.
    ProgressStyle::with_template(TEMPLATE)
        .unwrap_or_else(|_| ProgressStyle::default_bar())
        .progress_chars("━╸─")
}

const TEMPLATE: &str = "{bar:30} {pos}/{len}  {msg}  {elapsed} elapsed, {eta} left";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_template_is_well_formed() {
        assert!(ProgressStyle::with_template(TEMPLATE).is_ok());
    }

    #[test]
    fn plain_lines_come_now_and_then() {
        let mut progress = Progress::new(Console::new(true, true));
        progress.plain("1/2".to_owned());
        progress.plain("2/2".to_owned());
        assert_eq!(progress.last_line.map(|(_, line)| line).as_deref(), Some("1/2"));
    }
}
