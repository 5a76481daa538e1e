//! Finding a submission again by its token, which is in the job's comment and at the end of its name.

use super::Config;
use super::observe::accounting_is_off;
use super::rows::{self, ACCOUNTING_FORMAT, Elements, Row};
use crate::failure::Failure;
use crate::scheduler::replies::{self, stdout};
use crate::scheduler::{Exchange, Outcome, Site, Step, Ticket, ranges};

/// The columns in which `squeue` is asked: array, element, token and count, name.
const FORMAT: &str = "%F|%K|%k|%j";

/// How far back accounting is searched. A submission whose answer was lost is looked for when its sweep is next touched.
const SINCE: &str = "now-30days";

pub(super) fn recover(
    config: &Config,
    site: &Site,
    token: &str,
    so_far: &[Exchange],
) -> Result<Step<Outcome>, Failure> {
    let mut replies = so_far.iter();
    let Some(queue) = replies.next() else {
        let command = config.command("squeue").args(["--noheader", "--all", "--states=all"]);
        let command = if site.user.is_empty() {
            command.arg("--me")
        } else {
            command.arg(format!("--user={}", site.user))
        };
        return Ok(Step::Run(command.arg(format!("--format={FORMAT}"))));
    };
    if let Some(outcome) = ticket(in_queue(&stdout(queue), token)) {
        return Ok(Step::Done(outcome));
    }
    let Some(accounting) = replies.next() else {
        let command = config.command("sacct").args(["--noheader", "--allocations", "--parsable2"]);
        let command =
            if site.user.is_empty() { command } else { command.arg(format!("--user={}", site.user)) };
        let command =
            command.arg(format!("--starttime={SINCE}")).arg(format!("--format={ACCOUNTING_FORMAT}"));
        return Ok(Step::Run(command));
    };
    let found = rows::of_accounting(&stdout(accounting))
        .filter(|row| is_named(row.name, token))
        .map(|row| found(&row))
        .collect();
    Ok(Step::Done(ticket(found).unwrap_or_else(|| Outcome::Unknown(nowhere(token, queue, accounting)))))
}

/// A job with the token, and how many elements it has as far as can be told.
type Found = (String, u32);

/// Whether a job's name ends with the token.
fn is_named(name: &str, token: &str) -> bool {
    name.strip_suffix(token).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

fn in_queue(text: &str, token: &str) -> Vec<Found> {
    text.lines()
        .filter_map(|line| {
            let [job, list, comment, name] =
                line.splitn(4, '|').map(str::trim).collect::<Vec<_>>().try_into().ok()?;
            let (said, count) = comment.split_once('/').unwrap_or((comment, ""));
            let is_id = !job.is_empty() && job.bytes().all(|byte| byte.is_ascii_digit());
            if !is_id || (said != token && !is_named(name, token)) {
                return None;
            }
            let counted = (said == token).then(|| count.parse().ok()).flatten();
            Some((
                job.to_owned(),
                counted.unwrap_or_else(|| ranges::parse(list).map_or(1, |spans| elements(&spans))),
            ))
        })
        .collect()
}

fn found(row: &Row) -> Found {
    let count = match &row.elements {
        Elements::Listed(spans) => elements(spans),
        Elements::None | Elements::Cut => 1,
    };
    (row.job.to_owned(), count)
}

/// Slurm takes an array whole and counts it from 0, so its last known element tells how many there are at least.
fn elements(spans: &[ranges::Span]) -> u32 {
    ranges::count_and_last(spans).1.saturating_add(1 - super::FIRST_ELEMENT)
}

fn ticket(mut found: Vec<Found>) -> Option<Outcome> {
    found.sort();
    let (job, elements) = found.last()?.clone();
    let others: Vec<&str> =
        found.iter().map(|(other, _)| other.as_str()).filter(|other| *other != job).collect();
    Some(match others.as_slice() {
        [] => Outcome::Accepted(Ticket { job, elements }),
        [other, ..] => Outcome::Unknown(format!("both job {other} and job {job} carry the token")),
    })
}

/// Why nothing is known. That no list shows the job does not mean that there will be none: an `sbatch` may still be trying.
fn nowhere(token: &str, queue: &Exchange, accounting: &Exchange) -> String {
    if !replies::succeeded(queue) {
        return replies::how_it_ended(queue);
    }
    match replies::succeeded(accounting) {
        true => format!("neither the queue nor the accounting has a job named after `{token}`"),
        false if accounting_is_off(accounting) => {
            format!("the queue has no job named after `{token}`, and this Slurm keeps no accounts")
        }
        false => replies::how_it_ended(accounting),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scheduler::testing::{exited, lead, site, timed_out};

    fn became(replies: &[Exchange]) -> String {
        let (commands, answer) =
            lead(replies, |so_far| recover(&Config::default(), &site(), "abcdefghij", so_far));
        assert_eq!(commands[0], "squeue --noheader --all --states=all --user=alice --format=%F|%K|%k|%j");
        match answer.unwrap() {
            Outcome::Accepted(ticket) => format!("{} of {}", ticket.job, ticket.elements),
            Outcome::Refused(failure) => failure.message,
            Outcome::Unknown(why) => format!("unknown: {why}"),
        }
    }

    #[test]
    fn the_queue_is_enough_where_it_has_the_job() {
        for (text, expected) in [
            ("7|0-19%5|abcdefghij/20|x.abcdefghij\n", "7 of 20"),
            (
                "6|N/A|(null)|other\n7|5-19%5|abcdefghij/20|x.abcdefghij\n7|4|abcdefghij/20|x.abcdefghij\n",
                "7 of 20",
            ),
            ("7|5-19%5|(null)|x.abcdefghij\n7|4|(null)|x.abcdefghij\n", "7 of 20"),
            ("7|N/A|(null)|abcdefghij\n", "7 of 1"),
            ("7|N/A|abcdefghij/1|renamed by the site\n", "7 of 1"),
            ("7|N/A|abcdefghij/1|a\n8|N/A|abcdefghij/1|a\n", "unknown: both job 7 and job 8 carry the token"),
        ] {
            assert_eq!(became(&[exited(0, text, "")]), expected, "{text}");
        }
    }

    #[test]
    fn accounting_is_asked_next_and_nothing_found_stays_unknown() {
        let none = exited(0, "7|N/A|(null)|xabcdefghij\n8|N/A|abcdefghi/1|x\n", "");
        let accounts = "3_1|RUNNING|0:0|2026-11-22T22:13:05|n3|s.abcdefghij\n3_[2-9%1]|PENDING|0:0|2026-11-22T22:13:05|None assigned|s.abcdefghij\n4|FAILED|1:0|2026-11-22T22:13:05|n3|other\n";
        assert_eq!(became(&[none.clone(), exited(0, accounts, "")]), "3 of 10");
        let off = exited(1, "", "Slurm accounting storage is disabled\n");
        for (queue, accounting, expected) in [
            (
                none.clone(),
                exited(0, "", ""),
                "unknown: neither the queue nor the accounting has a job named after `abcdefghij`",
            ),
            (
                none.clone(),
                off.clone(),
                "unknown: the queue has no job named after `abcdefghij`, and this Slurm keeps no accounts",
            ),
            (none, timed_out("", ""), "unknown: `sacct` did not end within 30 s"),
            (
                exited(1, "", "slurm_load_jobs error: Unable to contact slurm controller\n"),
                off,
                "unknown: `squeue` ended with exit code 1: slurm_load_jobs error: Unable to contact slurm controller",
            ),
        ] {
            assert_eq!(became(&[queue, accounting]), expected);
        }
    }
}
