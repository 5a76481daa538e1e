//! Durations, as batch systems read them.

/// Seconds as `[D-]HH:MM:SS`, which Slurm reads.
pub(super) fn walltime(seconds: u64) -> String {
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    let clock = format!("{:02}:{:02}:{:02}", rest / 3_600, rest / 60 % 60, rest % 60);
    if days > 0 { format!("{days}-{clock}") } else { clock }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_stand_apart() {
        for (seconds, expected) in [(59, "00:00:59"), (86_399, "23:59:59"), (93_600, "1-02:00:00")] {
            assert_eq!(walltime(seconds), expected);
        }
    }
}
