//! Array jobs of Grid Engine, as a conversation: which command to run next, and what the ones before it said.
//!
//! Replace this with the batch system you have. What stays: nothing is run here, nothing is kept between two calls, and a job that was
//! not seen is left out and never called gone.

mod deeds;
mod listing;

use hsm_sdk::{
    Command, Ending, Exchange, Failure, Hold, Job, Outcome, Resources, Schedule, SchedulerTraits, Sighting, Site, Step,
    Submission, Ticket, Verdict,
};
use serde::Deserialize;

/// What users write as the scheduler's configuration.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Config {
    /// What jobs with several cores run in.
    parallel_environment: Option<String>,
}

/// Grid Engine.
#[derive(Debug)]
pub struct GridEngine;

impl Schedule for GridEngine {
    /// Asks for the one limit that sites change.
    fn describe(site: &Site, so_far: &[Exchange]) -> Result<Step<SchedulerTraits>, Failure> {
        let _: Config = site.read_config()?;
        let Some(exchange) = so_far.first() else {
            return Ok(Step::Run(Command::new("qconf").arg("-sconf")));
        };
        let settings = exchange.output()?;
        let value = |name: &str| settings.lines().find_map(|line| line.strip_prefix(name)?.trim().parse().ok());
        let cautious = SchedulerTraits::cautious("#$", "SGE_TASK_ID");
        let elements_per_job = value("max_aj_tasks").unwrap_or(cautious.elements_per_job);
        Ok(Step::Done(SchedulerTraits { elements_per_job, ..cautious }))
    }

    fn directives(site: &Site, request: &Submission) -> Result<Vec<String>, Failure> {
        let config: Config = site.read_config()?;
        let mut options = vec![
            format!("-N {}", request.name),
            format!("-t 1-{}", request.elements),
            format!("-wd {}", request.workdir),
            format!("-o {}", request.stdout),
            format!("-e {}", request.stderr),
            // hsm alone decides whether a task runs again.
            "-r n".to_owned(),
        ];
        options.extend(request.max_running.map(|running| format!("-tc {running}")));
        options.extend(resources(&request.resources, &config)?);
        Ok(options.into_iter().map(|option| format!("#$ {option}")).collect())
    }

    fn submit(_: &Site, request: &Submission, so_far: &[Exchange]) -> Result<Step<Outcome>, Failure> {
        let Some(exchange) = so_far.first() else {
            return Ok(Step::Run(Command::new("qsub").arg("-terse").arg(&request.script).timeout_ms(60_000)));
        };
        let said = exchange.stdout_text();
        // `7.1-3:1`, and `7` for a job that is no array.
        let job = said.trim().split('.').next().filter(|job| job.parse::<u64>().is_ok());
        Ok(Step::Done(match (exchange.ending, job) {
            (Ending::Exited, Some(job)) if exchange.succeeded() => {
                Outcome::Accepted(Ticket { job: job.to_owned(), elements: request.elements })
            }
            (Ending::Exited | Ending::NotStarted, _) if !exchange.succeeded() => {
                Outcome::Refused(exchange.failure())
            }
            // It may have been handed in all the same.
            _ => Outcome::Unknown(exchange.failure().message),
        }))
    }

    fn observe(site: &Site, jobs: &[Job], so_far: &[Exchange]) -> Result<Step<Vec<Sighting>>, Failure> {
        let Some(exchange) = so_far.first() else {
            return Ok(Step::Run(Command::new("qstat").arg("-u").arg(&site.user)));
        };
        Ok(Step::Done(listing::sightings(&exchange.output()?, jobs)))
    }

    fn cancel(_: &Site, jobs: &[Job], so_far: &[Exchange]) -> Result<Step<Vec<Verdict>>, Failure> {
        deeds::step("qdel", jobs, so_far)
    }

    fn hold(_: &Site, jobs: &[Job], hold: Hold, so_far: &[Exchange]) -> Result<Step<Vec<Verdict>>, Failure> {
        let program = if hold == Hold::Hold { "qhold" } else { "qrls" };
        deeds::step(program, jobs, so_far)
    }
}

fn resources(resources: &Resources, config: &Config) -> Result<Vec<String>, Failure> {
    let mut options = Vec::new();
    options.extend(resources.walltime_s.map(|seconds| format!("-l h_rt={seconds}")));
    options.extend(resources.memory_mib.map(|mib| format!("-l h_vmem={mib}M")));
    options.extend(resources.partition.as_ref().map(|queue| format!("-q {queue}")));
    options.extend(resources.account.as_ref().map(|project| format!("-P {project}")));
    if let Some(cpus) = resources.cpus.filter(|cpus| *cpus > 1) {
        let environment = config.parallel_environment.as_ref().ok_or_else(|| {
            Failure::config("jobs with several cores need a parallel environment")
                .with_hint("set `parallel_environment` to one that `qconf -spl` lists")
        })?;
        options.push(format!("-pe {environment} {cpus}"));
    }
    options.extend(resources.directives.iter().cloned());
    Ok(options)
}

hsm_sdk::scheduler!(GridEngine);

#[cfg(test)]
mod tests {
    use super::*;
    use hsm_sdk::testing;

    #[test]
    fn fixtures_are_answered_as_expected() {
        testing::replay_scheduler::<GridEngine>(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures"));
    }

    #[test]
    fn an_answer_that_never_came_is_no_refusal() {
        let mut exchange = Exchange {
            command: Command::new("qsub"),
            ending: Ending::TimedOut,
            exit_code: None,
            stdout: Vec::new(),
            stderr: Vec::new(),
            truncated: false,
        };
        let outcome = |exchange: &Exchange| {
            GridEngine::submit(&Site::default(), &Submission::default(), std::slice::from_ref(exchange)).unwrap()
        };
        assert!(matches!(outcome(&exchange), Step::Done(Outcome::Unknown(_))));
        exchange.ending = Ending::NotStarted;
        assert!(matches!(outcome(&exchange), Step::Done(Outcome::Refused(_))));
    }
}
