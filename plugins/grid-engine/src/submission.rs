//! Handing in a script, and finding out later what became of one.

use crate::config::Config;
use crate::{accounts, queue, ranges};
use hsm_sdk::{Blame, Command, Ending, Exchange, Failure, Outcome, Site, Step, Submission, Ticket};

/// A master under load answers late, and an answer that is waited for is worth more than one that is not.
const TIMEOUT_MS: u32 = 60_000;

/// What it says where the master was not reached, or was and did not answer: whether the job was taken is not known then.
const NOT_TOLD: [&str; 4] = ["commlib", "qmaster", "timeout", "timed out"];

/// What it says where the job was looked at and not taken.
const REFUSALS: [&str; 2] = ["Unable to run job", "Unable to read script file"];

/// Hands in the script; its header lines say the rest.
pub fn submit(request: &Submission, so_far: &[Exchange]) -> Step<Outcome> {
    let Some(exchange) = so_far.first() else {
        let command = Command::new("qsub").arg("-terse").arg(&request.script);
        return Step::Run(command.timeout_ms(TIMEOUT_MS));
    };
    let job = job_of(&exchange.stdout_text());
    let stderr = exchange.stderr_text();
    Step::Done(match (exchange.ending, job) {
        (Ending::NotStarted, _) => Outcome::Refused(exchange.failure()),
        (Ending::Exited, Some(job)) if exchange.succeeded() => {
            Outcome::Accepted(Ticket { job, elements: request.elements })
        }
        (Ending::Exited, None) if is_refusal(&stderr) => Outcome::Refused(refusal(&stderr)),
        _ => Outcome::Unknown(exchange.failure().message),
    })
}

/// The id in `7.1-3:1`, or `7`, which has a line of its own among whatever a site prints besides.
fn job_of(printed: &str) -> Option<String> {
    let id = |line: &str| {
        let (job, elements) = line.trim().split_once('.').unwrap_or((line.trim(), "1"));
        ranges::elements(elements, 0)?;
        job.parse::<u64>().is_ok().then(|| job.to_owned())
    };
    printed.lines().rev().find_map(id)
}

fn is_refusal(stderr: &str) -> bool {
    REFUSALS.iter().any(|words| stderr.contains(words))
        && !NOT_TOLD.iter().any(|words| stderr.contains(words))
}

/// Limits on how many jobs there may be pass; anything else is for the person who asked.
fn refusal(stderr: &str) -> Failure {
    let said: Vec<&str> =
        stderr.lines().map(str::trim).filter(|line| !line.is_empty() && *line != "Exiting.").collect();
    let said = said.join("; ");
    if said.contains("jobs are allowed per") {
        return Failure::new(Blame::Transient, "submit-limit", said)
            .with_hint("wait until some of the jobs there have ended, or submit fewer and larger arrays");
    }
    Failure::new(Blame::Config, "refused", said)
        .with_hint("`qsub -w v SCRIPT` asks Grid Engine what would suit it")
}

/// Looks for the token at the end of names; in the queue, then in the accounts.
pub fn recover(
    site: &Site,
    config: &Config,
    token: &str,
    so_far: &[Exchange],
) -> Result<Step<Outcome>, Failure> {
    let Some(listing) = so_far.first() else {
        return Ok(Step::Run(queue::command(site)));
    };
    let entries = queue::entries(&listing.output()?)?;
    let found = entries.iter().find(|entry| entry.name.as_ref().is_some_and(|name| name.ends_with(token)));
    match (found, so_far.get(1)) {
        // The listing has what is left of an array; the job itself says how large it was.
        (Some(entry), None) => Ok(Step::Run(Command::new("qstat").args(["-j", &entry.job]))),
        (Some(entry), Some(exchange)) => Ok(Step::Done(size_of(&exchange.stdout_text()).map_or_else(
            || Outcome::Unknown(format!("job {} has the name, and left the queue meanwhile", entry.job)),
            |elements| Outcome::Accepted(Ticket { job: entry.job.clone(), elements }),
        ))),
        (None, None) if config.accounts => Ok(Step::Run(accounts::command(&format!("*{token}")))),
        (None, exchange) => Ok(Step::Done(exchange.and_then(from_accounts).unwrap_or_else(|| {
            Outcome::Unknown(format!(
                "no job whose name ends with `{token}` is in the queue or in the accounts"
            ))
        }))),
    }
}

/// The last element in `job-array tasks:            1-9:1`.
fn size_of(details: &str) -> Option<u32> {
    let written = details.lines().find_map(|line| line.strip_prefix("job-array tasks:"))?;
    ranges::elements(written.trim(), u32::MAX)?.last().copied()
}

/// An element that was deleted before it ran has no account, so that the largest one there is may not be the last there was.
fn from_accounts(exchange: &Exchange) -> Option<Outcome> {
    let printed = exchange.output().ok()?;
    let accounts = accounts::accounts(&printed);
    let job = accounts.first()?.job.clone();
    let elements =
        accounts.iter().filter(|account| account.job == job).map(|account| account.element).max()?;
    Some(Outcome::Accepted(Ticket { job, elements }))
}
