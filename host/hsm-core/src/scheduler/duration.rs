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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_stand_apart_or_are_hours() {
        for (seconds, slurm, pbs) in [
            (59, "00:00:59", "00:00:59"),
            (86_399, "23:59:59", "23:59:59"),
            (93_600, "1-02:00:00", "26:00:00"),
        ] {
            assert_eq!((walltime(seconds).as_str(), hours(seconds).as_str()), (slurm, pbs));
        }
    }
}
