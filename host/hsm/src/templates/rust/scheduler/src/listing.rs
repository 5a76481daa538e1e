//! The listing of `qstat`, a line for each running element and one for all that wait.
//!
//! ```text
//! job-ID  prior   name  user  state submit/start at     queue      slots ja-task-ID
//! ---------------------------------------------------------------------------------
//!      7 0.55500 sweep  ada   r     11/22/2026 10:00:00 all.q@n1       1 1
//!      7 0.55500 sweep  ada   qw    11/22/2026 10:00:00                1 2-3:1
//! ```

use hsm_sdk::{Job, JobState, Sighting};

/// What the listing says about these jobs.
pub fn sightings(listing: &str, jobs: &[Job]) -> Vec<Sighting> {
    listing.lines().flat_map(|line| of_line(line, jobs).unwrap_or_default()).collect()
}

fn of_line(line: &str, jobs: &[Job]) -> Option<Vec<Sighting>> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let job = jobs.iter().find(|job| words.first() == Some(&job.job.as_str()))?;
    let letters = words.get(4)?;
    let mut sighting = Sighting::new(&job.job, state(letters)?);
    if letters.contains('E') {
        sighting.reason = Some(format!("state {letters}: see `qstat -j {}`", job.job));
    }
    // The queue is empty while a job waits, so the elements are found from the end: only arrays have them, after the slots.
    let elements = words.get(if words.get(7)?.contains('@') { 9 } else { 8 });
    Some(match elements {
        None => vec![sighting],
        Some(list) => elements_of(list, job.elements).map(|index| sighting.clone().of_element(index)).collect(),
    })
}

/// The letters are those of the manual: `E` error, `h` held, `d` being deleted, `r` running, `t` being started, `s`, `S`, `T` suspended.
fn state(letters: &str) -> Option<JobState> {
    if letters.contains(['E', 'h']) {
        Some(JobState::Held)
    } else if letters.contains(['d', 'r', 't', 's', 'S', 'T']) {
        Some(JobState::Running)
    } else if letters.contains('w') {
        Some(JobState::Queued)
    } else {
        None
    }
}

/// `1`, `2-9:1`, `1,4-6:2`: elements up to the job's own number of them, whatever the text says.
fn elements_of(list: &str, elements: u32) -> impl Iterator<Item = u32> + '_ {
    list.split(',').flat_map(move |part| {
        let (range, step) = part.split_once(':').unwrap_or((part, "1"));
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        let (first, last) = (first.parse().unwrap_or(1), last.parse().unwrap_or(0));
        let step = step.parse().unwrap_or(1).max(1);
        (first..=elements.min(last)).step_by(step)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_are_listed_in_several_ways() {
        for (list, expected) in [
            ("1", vec![1]),
            ("2-4:1", vec![2, 3, 4]),
            ("1,4-8:2", vec![1, 4, 6, 8]),
            ("9-4000000000:1", vec![9, 10]),
            ("?", vec![]),
        ] {
            assert_eq!(elements_of(list, 10).collect::<Vec<_>>(), expected, "{list}");
        }
    }

    #[test]
    fn letters_are_states() {
        for (letters, expected) in [
            ("qw", Some(JobState::Queued)),
            ("hqw", Some(JobState::Held)),
            ("Eqw", Some(JobState::Held)),
            ("Rr", Some(JobState::Running)),
            ("dt", Some(JobState::Running)),
            ("?", None),
        ] {
            assert_eq!(state(letters), expected, "{letters}");
        }
    }
}
