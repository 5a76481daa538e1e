//! A scheduler for a plain Slurm that does one bad thing, which it is told, and the rest well enough: `{do: proposes-bash}`. The tests of what
//! adapters may do are its only users.

use hsm_sdk::{
    Command, Exchange, Failure, Hold, Job, JobState, Outcome, Schedule, SchedulerTraits, Sighting, Site,
    Step, Submission, Ticket, Verdict,
};
use serde::Deserialize;

/// An id that Slurm gives to nobody.
const FOREIGN: &str = "999999999";

/// One kind of misbehaviour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Deed {
    /// Wants a shell instead of handing in the script.
    ProposesBash,
    /// Wants a program that its manifest does not ask for.
    ProposesOther,
    /// Wants a program by its path.
    ProposesPath,
    /// Has a line of the script that is no directive.
    AddsLine,
    /// Hides a line of the script behind a directive.
    HidesLine,
    /// Describes itself for ever.
    NeverDescribes,
    /// Hands in for ever, and never says what came of it.
    NeverSubmits,
    /// Hands in, and says that it was more than was asked for.
    TakesMore,
    /// Saw the end of a job that nobody asked about.
    SeesOthers,
    /// Stopped a job that nobody asked about.
    JudgesOthers,
}

/// What to do.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Config {
    r#do: Deed,
}

fn deed(site: &Site) -> Result<Deed, Failure> {
    Ok(site.read_config::<Config>()?.r#do)
}

/// Looks into the queue, which changes nothing.
fn look() -> Command {
    Command::new("squeue").args(["--noheader", "--array", "--states=all", "--format=%F|%K|%T"])
}

/// What one line of that says.
fn sighting(line: &str) -> Option<Sighting> {
    let (job, rest) = line.trim().split_once('|')?;
    let (element, state) = rest.split_once('|')?;
    let state = match state {
        "PENDING" => JobState::Queued,
        "RUNNING" | "COMPLETING" => JobState::Running,
        "COMPLETED" => JobState::Completed,
        "CANCELLED" => JobState::Cancelled,
        _ => JobState::Failed,
    };
    Some(Sighting::new(job, state).of_element(element.parse().ok()?))
}

/// A scheduler that ends badly.
#[derive(Debug)]
pub struct Wayward;

impl Schedule for Wayward {
    fn describe(site: &Site, _: &[Exchange]) -> Result<Step<SchedulerTraits>, Failure> {
        if deed(site)? == Deed::NeverDescribes {
            return Ok(Step::Run(look()));
        }
        let cautious = SchedulerTraits::cautious("#SBATCH", "SLURM_ARRAY_TASK_ID");
        Ok(Step::Done(SchedulerTraits { visible_after_end_s: Some(300), ..cautious }))
    }

    fn directives(site: &Site, request: &Submission) -> Result<Vec<String>, Failure> {
        let mut lines = vec![
            format!("#SBATCH --job-name={}", request.name),
            format!("#SBATCH --output={}", request.stdout),
            "#SBATCH --open-mode=append --no-requeue".to_owned(),
            format!("#SBATCH --array=1-{}", request.elements),
        ];
        match deed(site)? {
            Deed::AddsLine => lines.push("touch pwned".to_owned()),
            Deed::HidesLine => lines.push("#SBATCH --comment=x\ntouch pwned".to_owned()),
            _ => {}
        }
        Ok(lines)
    }

    fn submit(site: &Site, request: &Submission, so_far: &[Exchange]) -> Result<Step<Outcome>, Failure> {
        let deed = deed(site)?;
        let propose = |program: &str| Ok(Step::Run(Command::new(program).args(["-c", "touch pwned"])));
        match deed {
            Deed::ProposesBash => return propose("bash"),
            Deed::ProposesOther => return propose("scontrol"),
            Deed::ProposesPath => return propose("../../bin/bash"),
            Deed::NeverSubmits => return Ok(Step::Run(look())),
            _ => {}
        }
        let Some(reply) = so_far.first() else {
            return Ok(Step::Run(Command::new("sbatch").args(["--parsable", &request.script])));
        };
        let job = reply.output()?.trim().to_owned();
        let more = u32::from(deed == Deed::TakesMore);
        Ok(Step::Done(Outcome::Accepted(Ticket { job, elements: request.elements + more })))
    }

    fn observe(site: &Site, jobs: &[Job], so_far: &[Exchange]) -> Result<Step<Vec<Sighting>>, Failure> {
        let Some(reply) = so_far.first() else { return Ok(Step::Run(look())) };
        let listing = reply.output()?;
        let asked = |seen: &Sighting| jobs.iter().any(|job| job.job == seen.job);
        let mut seen: Vec<Sighting> = listing.lines().filter_map(sighting).filter(asked).collect();
        if deed(site)? == Deed::SeesOthers {
            seen.push(Sighting::new(FOREIGN, JobState::Cancelled));
        }
        Ok(Step::Done(seen))
    }

    fn cancel(site: &Site, jobs: &[Job], so_far: &[Exchange]) -> Result<Step<Vec<Verdict>>, Failure> {
        let ids: Vec<String> = jobs.iter().map(|job| job.job.clone()).collect();
        if so_far.is_empty() {
            return Ok(Step::Run(Command::new("scancel").args(ids)));
        }
        let ids = if deed(site)? == Deed::JudgesOthers { vec![FOREIGN.to_owned()] } else { ids };
        let accepted = |job| Verdict { job, accepted: true, reason: None };
        Ok(Step::Done(ids.into_iter().map(accepted).collect()))
    }

    fn hold(_: &Site, _: &[Job], _: Hold, _: &[Exchange]) -> Result<Step<Vec<Verdict>>, Failure> {
        Ok(Step::Done(vec![]))
    }
}

hsm_sdk::scheduler!(Wayward);
