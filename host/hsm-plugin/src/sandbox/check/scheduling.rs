//! Whether what a scheduler says keeps the contract. Its commands run as the user and its lines stand in a script, so this is the last
//! place where nonsense is only a message.

use super::Unusable;
use crate::bundle::check_program;
use hsm_core::scheduler::{Command, Job, Outcome, SchedulerTraits, Sighting, Verdict};
use std::collections::HashSet;
use std::ops::RangeInclusive;

/// Arguments of one command: a query names its jobs, of which a few hundred make sense.
const ARGUMENTS_MAX: usize = 1_000;

/// Arguments of one command together: the kernel takes 128 KiB in one, and a command line that long is a mistake.
const ARGUMENTS_BYTES_MAX: usize = 128 << 10;

/// What a command may be given on its standard input.
const STDIN_BYTES_MAX: usize = 1 << 20;

/// How long a command may take. A batch system under load answers after minutes; a mistake must not hold everything up for ever.
const TIMEOUT_MS: RangeInclusive<u32> = 1..=600_000;

/// How often to look: not so often that it is an attack, not so seldom that nobody is told.
const POLL_INTERVAL_MS: RangeInclusive<u32> = 1_000..=3_600_000;

/// The longest name of a variable, prefix of a directive, or id of a job. Real ones have a few dozen characters.
const WORD_BYTES_MAX: usize = 255;

/// Header lines of one script.
const DIRECTIVES_MAX: usize = 200;

/// The longest header line.
const DIRECTIVE_BYTES_MAX: usize = 1_024;

/// Why a job may have ended, or waits in vain, as far as the host can act upon it.
const CLASSES: [&str; 6] =
    ["time-limit", "out-of-memory", "node-failure", "preempted", "dependency", "impossible"];

type Checked = Result<(), Unusable>;

/// A command. Whether it was granted is not asked here.
pub(crate) fn command(command: &Command) -> Checked {
    let Command { program, args, stdin, timeout_ms } = command;
    if let Err(problem) = check_program(program) {
        return broken(format!("it wants to run `{program}`, which {problem}"));
    }
    if args.len() > ARGUMENTS_MAX || args.iter().map(String::len).sum::<usize>() > ARGUMENTS_BYTES_MAX {
        return broken(format!("it wants to run `{program}` with too many arguments, or too long ones"));
    }
    if args.iter().any(|argument| argument.contains('\0')) {
        return broken(format!("an argument of `{program}` has a NUL character"));
    }
    if stdin.as_ref().is_some_and(|text| text.len() > STDIN_BYTES_MAX) {
        return broken(format!("the standard input of `{program}` is larger than {STDIN_BYTES_MAX} bytes"));
    }
    within("the time-out of a command", *timeout_ms, &TIMEOUT_MS)
}

/// What the host plans by.
pub(crate) fn traits(traits: &SchedulerTraits) -> Checked {
    within("`elements-per-job`", traits.elements_per_job, &(1..=u32::MAX))?;
    within("`jobs-per-query`", traits.jobs_per_query, &(1..=u32::MAX))?;
    within("`poll-interval-ms`", traits.poll_interval_ms, &POLL_INTERVAL_MS)?;
    within("`job-name-max`", traits.job_name_max, &(1..=255))?;
    let variable = &traits.element_variable;
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if variable.is_empty()
        || variable.len() > WORD_BYTES_MAX
        || variable.starts_with(|c: char| c.is_ascii_digit())
        || !variable.chars().all(fits)
    {
        return broken(format!("`element-variable` is `{variable}`, which is no name of a variable"));
    }
    let prefix = &traits.directive_prefix;
    if !prefix.starts_with('#') || prefix.starts_with("#!") || !is_word(prefix) {
        return broken(format!("`directive-prefix` is `{prefix}`, which begins no comment of a script"));
    }
    Ok(())
}

/// Header lines: comments of the script, and nothing else.
pub(crate) fn directives(lines: &[String]) -> Checked {
    if lines.len() > DIRECTIVES_MAX {
        return broken(format!("it has {} directives, and {DIRECTIVES_MAX} are allowed", lines.len()));
    }
    for line in lines {
        if !line.starts_with('#') || line.starts_with("#!") {
            return broken(format!("its directive `{line}` is no comment of a script"));
        }
        if line.len() > DIRECTIVE_BYTES_MAX || line.chars().any(char::is_control) {
            return broken(format!("its directive `{line}` is too long, or has control characters in it"));
        }
    }
    Ok(())
}

/// What became of a submission, of that many elements where that is known.
pub(crate) fn outcome(outcome: &Outcome, elements: Option<u32>) -> Checked {
    let Outcome::Accepted(ticket) = outcome else { return Ok(()) };
    job_id(&ticket.job)?;
    within("the number of elements on its ticket", ticket.elements, &(1..=elements.unwrap_or(u32::MAX)))
}

/// What was seen of these jobs.
pub(crate) fn sightings(seen: &[Sighting], asked: &[Job]) -> Checked {
    let asked = ids(asked);
    for Sighting { job, class, .. } in seen {
        known(job, &asked, "saw")?;
        if let Some(class) = class.as_deref().filter(|class| !CLASSES.contains(class)) {
            return broken(format!(
                "it says of `{job}` that the reason is `{class}`, which is none of {}",
                CLASSES.join(", ")
            ));
        }
    }
    Ok(())
}

/// Whether these jobs will stop, or wait.
pub(crate) fn verdicts(verdicts: &[Verdict], asked: &[Job]) -> Checked {
    let asked = ids(asked);
    let mut judged = HashSet::new();
    for Verdict { job, .. } in verdicts {
        known(job, &asked, "judged")?;
        if !judged.insert(job) {
            return broken(format!("it judged the job `{job}` twice"));
        }
    }
    Ok(())
}

fn ids(jobs: &[Job]) -> HashSet<&str> {
    jobs.iter().map(|job| job.job.as_str()).collect()
}

fn known(job: &str, asked: &HashSet<&str>, deed: &str) -> Checked {
    if asked.contains(job) {
        Ok(())
    } else {
        broken(format!("it {deed} the job `{job}`, which nobody asked about"))
    }
}

/// An id comes back as an argument of a command.
fn job_id(job: &str) -> Checked {
    if is_word(job) && !job.starts_with('-') {
        return Ok(());
    }
    broken(format!("`{job}` is no id of a job"))
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && text.len() <= WORD_BYTES_MAX && text.chars().all(|c| c.is_ascii_graphic())
}

fn within(what: &str, number: u32, allowed: &RangeInclusive<u32>) -> Checked {
    if allowed.contains(&number) {
        return Ok(());
    }
    broken(format!("{what} is {number}, and has to be from {} to {}", allowed.start(), allowed.end()))
}

fn broken<T>(problem: String) -> Result<T, Unusable> {
    Err(Unusable::Broken(problem))
}

#[cfg(test)]
mod tests;
