//! Walltimes, as `[D-]HH:MM:SS`.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

const SECONDS_PER_DAY: u64 = 24 * 60 * 60;

/// The longest walltime, in days. Far beyond what any site allows; it catches a time that was written in the wrong unit.
const DAYS_MAX: u64 = 366;

/// How long one attempt may run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Walltime {
    seconds: u64,
}

/// Why a text is no [`Walltime`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WalltimeError {
    /// It has another form.
    #[error("`{}` is not a walltime, which is written `HH:MM:SS` or `D-HH:MM:SS`", .0.escape_debug())]
    Form(String),
    /// A part of it is larger than it can be.
    #[error("`{text}` has {value} {unit}, and {max} is the most beside a larger unit")]
    Part {
        /// The text.
        text: String,
        /// The part's number.
        value: u64,
        /// The part's unit.
        unit: &'static str,
        /// The largest number.
        max: u64,
    },
    /// It is no time at all, or more than a year.
    #[error("`{0}` is not between one second and {DAYS_MAX} days")]
    Range(String),
}

impl Walltime {
    /// The whole of it, in seconds.
    #[must_use]
    pub fn as_seconds(self) -> u64 {
        self.seconds
    }
}

impl FromStr for Walltime {
    type Err = WalltimeError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let form = || WalltimeError::Form(text.to_owned());
        let part = |digits: &str| {
            let plain = (1..=6).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
            if plain { digits.parse::<u64>().map_err(|_| form()) } else { Err(form()) }
        };
        let (days, clock) = match text.split_once('-') {
            Some((days, clock)) => (Some(part(days)?), clock),
            None => (None, text),
        };
        let parts: Vec<&str> = clock.split(':').collect();
        let &[hours, minutes, seconds] = parts.as_slice() else { return Err(form()) };
        let (hours, minutes, seconds) = (part(hours)?, part(minutes)?, part(seconds)?);
        let hours_max = if days.is_some() { 23 } else { u64::MAX };
        for (value, unit, max) in
            [(hours, "hours", hours_max), (minutes, "minutes", 59), (seconds, "seconds", 59)]
        {
            if value > max {
                return Err(WalltimeError::Part { text: text.to_owned(), value, unit, max });
            }
        }
        let seconds = days.unwrap_or(0) * SECONDS_PER_DAY + hours * 3600 + minutes * 60 + seconds;
        if seconds == 0 || seconds > DAYS_MAX * SECONDS_PER_DAY {
            return Err(WalltimeError::Range(text.to_owned()));
        }
        Ok(Self { seconds })
    }
}

impl fmt::Display for Walltime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (days, rest) = (self.seconds / SECONDS_PER_DAY, self.seconds % SECONDS_PER_DAY);
        if days > 0 {
            write!(f, "{days}-")?;
        }
        write!(f, "{:02}:{:02}:{:02}", rest / 3600, rest / 60 % 60, rest % 60)
    }
}

impl TryFrom<String> for Walltime {
    type Error = WalltimeError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Walltime> for String {
    fn from(walltime: Walltime) -> Self {
        walltime.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> String {
        match text.parse::<Walltime>() {
            Ok(walltime) => format!("{} s, {walltime}", walltime.as_seconds()),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn walltimes_have_hours_minutes_and_seconds() {
        for (text, expected) in [
            ("12:00:00", "43200 s, 12:00:00"),
            ("1-00:00:00", "86400 s, 1-00:00:00"),
            ("0:00:05", "5 s, 00:00:05"),
            ("100:00:00", "360000 s, 4-04:00:00"),
            ("7-12:30:01", "649801 s, 7-12:30:01"),
        ] {
            assert_eq!(read(text), expected, "{text}");
        }
        for bad in [
            "",
            "43200",
            "30:00",
            "1:2",
            "a:b:c",
            "1-2-3:00:00",
            "-1:00:00",
            "1:00:00:00",
            " 1:00:00",
            "1:+0:00",
        ] {
            assert!(matches!(bad.parse::<Walltime>(), Err(WalltimeError::Form(_))), "{bad}");
        }
        insta::assert_snapshot!(read("1-24:00:00"), @"`1-24:00:00` has 24 hours, and 23 is the most beside a larger unit");
        insta::assert_snapshot!(read("1:60:00"), @"`1:60:00` has 60 minutes, and 59 is the most beside a larger unit");
        insta::assert_snapshot!(read("00:00:00"), @"`00:00:00` is not between one second and 366 days");
        insta::assert_snapshot!(read("999999:00:00"), @"`999999:00:00` is not between one second and 366 days");
        insta::assert_snapshot!(read("30:00"), @"`30:00` is not a walltime, which is written `HH:MM:SS` or `D-HH:MM:SS`");
    }
}
