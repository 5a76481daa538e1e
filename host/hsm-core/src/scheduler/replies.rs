//! What commands said, as text and as failures: the part that is the same for every batch system.
//!
//! **Must not:** decide what a batch system's own words mean.

use super::{Ending, Exchange, Site};
use crate::failure::{Blame, Failure};
use jiff::civil::DateTime;
use jiff::tz::Offset;
use std::borrow::Cow;

/// What is quoted of a command's words: they should be a sentence.
const WORDS_CHARS_MAX: usize = 300;

/// Standard output as text.
pub(super) fn stdout(exchange: &Exchange) -> Cow<'_, str> {
    String::from_utf8_lossy(&exchange.stdout)
}

/// Standard error as text.
pub(super) fn stderr(exchange: &Exchange) -> Cow<'_, str> {
    String::from_utf8_lossy(&exchange.stderr)
}

/// Both, the errors first.
pub(super) fn everything(exchange: &Exchange) -> String {
    format!("{}\n{}", stderr(exchange), stdout(exchange))
}

/// Whether the command ended by itself with exit code 0.
pub(super) fn succeeded(exchange: &Exchange) -> bool {
    exchange.ending == Ending::Exited && exchange.exit_code == Some(0)
}

/// The last thing that a command said, its errors before its output, in one line; programs say the cause last.
pub(super) fn last_words(exchange: &Exchange) -> Option<String> {
    let text = everything(exchange);
    let (errors, output) = (stderr(exchange), stdout(exchange));
    let last = |text: &str| text.lines().map(str::trim).rfind(|line| !line.is_empty()).map(str::to_owned);
    let words = last(&errors).or_else(|| last(&output)).or_else(|| last(&text))?;
    Some(words.chars().map(|c| if c.is_control() { ' ' } else { c }).take(WORDS_CHARS_MAX).collect())
}

/// How a command ended that did not do what it was asked: reads after "because".
pub(super) fn how_it_ended(exchange: &Exchange) -> String {
    let program = &exchange.command.program;
    let words = last_words(exchange).map(|words| format!(": {words}")).unwrap_or_default();
    match exchange.ending {
        Ending::TimedOut => {
            let seconds = f64::from(exchange.command.timeout_ms) / 1_000.0;
            format!("`{program}` did not end within {seconds} s{words}")
        }
        Ending::Signalled => format!("`{program}` was killed by a signal{words}"),
        Ending::NotStarted => format!("`{program}` could not be started{words}"),
        Ending::Exited => match exchange.exit_code {
            Some(0) => format!("`{program}` ended well{words}"),
            Some(code) => format!("`{program}` ended with exit code {code}{words}"),
            None => format!("`{program}` ended in an unknown way{words}"),
        },
    }
}

/// The failure of a conversation in which a command did not do what it was asked. Nothing follows from it for any job.
pub(super) fn unanswered(exchange: &Exchange) -> Failure {
    let program = &exchange.command.program;
    match exchange.ending {
        Ending::NotStarted => {
            Failure::new(Blame::Config, "no-command", how_it_ended(exchange)).with_hint(format!(
                "is `{program}` on the `PATH` of this machine? Its clients may need a module to be loaded"
            ))
        }
        _ => Failure::new(Blame::Transient, "no-answer", how_it_ended(exchange)).with_hint(format!(
            "the batch system may be busy or down; `{program}` by hand shows when it answers"
        )),
    }
}

/// The failure of a look at jobs whose list the host cut off: what is not in it may be alive.
pub(super) fn cut_off(exchange: &Exchange) -> Failure {
    let message = format!("`{}` said more than the host reads of one command", exchange.command.program);
    Failure::new(Blame::Transient, "cut-off", message).with_hint("fewer jobs at a time make shorter lists")
}

/// Local time at the site, in milliseconds since 1970. Across a change of the clocks it is off by what they were changed.
pub(super) fn local_ms(site: &Site, time: DateTime) -> Option<u64> {
    let offset = Offset::from_seconds(site.utc_offset_minutes.checked_mul(60)?).ok()?;
    u64::try_from(offset.to_timestamp(time).ok()?.as_millisecond()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scheduler::testing::{exited, timed_out};

    #[test]
    fn failures_quote_the_last_words() {
        let refused = exited(1, "noise of the site\n", "warning: x\nsqueue: error: no\tway\n\n");
        assert_eq!(how_it_ended(&refused), "`test` ended with exit code 1: squeue: error: no way");
        assert_eq!(
            how_it_ended(&exited(2, "only output\n", "")),
            "`test` ended with exit code 2: only output"
        );
        let slow = unanswered(&timed_out("", ""));
        assert_eq!((slow.blame, slow.message.as_str()), (Blame::Transient, "`test` did not end within 30 s"));
        let missing = Exchange { ending: Ending::NotStarted, exit_code: None, ..exited(0, "", "") };
        assert_eq!(
            (unanswered(&missing).blame, unanswered(&missing).code.as_str()),
            (Blame::Config, "no-command")
        );
    }

    #[test]
    fn local_time_has_the_sites_offset() {
        let time: DateTime = "2026-11-22T14:07:20".parse().unwrap();
        let at = |utc_offset_minutes| local_ms(&Site { utc_offset_minutes, ..Site::default() }, time);
        assert_eq!(at(0), Some(1_795_356_440_000));
        assert_eq!(at(60), Some(1_795_352_840_000));
        assert_eq!(at(-90), Some(1_795_361_840_000));
        assert_eq!(at(i32::MAX), None);
    }
}
