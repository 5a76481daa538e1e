//! Durations, as batch systems read them.

/// Seconds as `[D-]HH:MM:SS`, which Slurm reads.
pub(super) fn walltime(seconds: u64) -> String {
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    let clock = format!("{:02}:{:02}:{:02}", rest / 3_600, rest / 60 % 60, rest % 60);
    if days > 0 { format!("{days}-{clock}") } else { clock }
}

/// Seconds as `HH:MM:SS`, which PBS reads; hours are as many as there are.
pub(super) fn hours(seconds: u64) -> String {
    format!("{:02}:{:02}:{:02}", seconds / 3_600, seconds / 60 % 60, seconds % 60)
}

/// A time as Slurm's options and limits have it: minutes, `MM:SS`, `HH:MM:SS`, `D-HH`, `D-HH:MM` or `D-HH:MM:SS`, in seconds.
pub(super) fn seconds_of_slurm(text: &str) -> Option<u64> {
    let (days, clock) = match text.split_once('-') {
        Some((days, clock)) => (Some(number(days)?), clock),
        None => (None, text),
    };
    let parts: Vec<u64> = clock.split(':').map(number).collect::<Option<_>>()?;
    let seconds = match (days, parts.as_slice()) {
        (None, [minutes]) => minutes.checked_mul(60)?,
        (None, [minutes, seconds]) => minutes.checked_mul(60)?.checked_add(*seconds)?,
        (Some(_), [hours]) => hours.checked_mul(3_600)?,
        (Some(_), [hours, minutes]) => hours.checked_mul(60)?.checked_add(*minutes)?.checked_mul(60)?,
        (_, [hours, minutes, seconds]) => {
            hours.checked_mul(60)?.checked_add(*minutes)?.checked_mul(60)?.checked_add(*seconds)?
        }
        _ => return None,
    };
    days.unwrap_or(0).checked_mul(86_400)?.checked_add(seconds)
}

fn number(digits: &str) -> Option<u64> {
    let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| digits.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batch_systems_write_times_in_many_ways() {
        for (text, expected) in [
            ("90", Some(5_400)),
            ("1:30", Some(90)),
            ("01:00:00", Some(3_600)),
            ("1-00", Some(86_400)),
            ("2-12:30", Some(217_800)),
            ("7-00:00:01", Some(604_801)),
            ("infinite", None),
            ("1:2:3:4", None),
            ("-5", None),
            ("", None),
        ] {
            assert_eq!(seconds_of_slurm(text), expected, "{text}");
        }
        for seconds in [59, 3_600, 86_399, 86_400, 1_000_000] {
            assert_eq!(seconds_of_slurm(&walltime(seconds)), Some(seconds));
        }
        assert_eq!((hours(93_600).as_str(), hours(5).as_str()), ("26:00:00", "00:00:05"));
    }
}
