//! Slurm at a site whose `sbatch` is a program of the site's own: it checks projects, prints what is left of them, hands the job on, and says
//! `Job <123> submitted to queue <main>` where Slurm would have said something else.
//!
//! Everything else is Slurm's, and all that hsm needs to be told. What an ended task did is in hsm's own records, so that `squeue`, which
//! shows ended jobs for a few minutes, is enough; there is nothing here about accounts, limits and details.
//!
//! **Must not:** take an answer that it does not recognise for a refusal.

mod jobs;

use hsm_sdk::{
    Command, Ending, Exchange, Failure, Hold, Job, Outcome, Schedule, SchedulerTraits, Sighting, Site, Step,
    Submission, Ticket, Verdict,
};
use serde::Deserialize;

/// Array indices end one below `MaxArraySize`, which is 1001 unless a site says otherwise.
const ELEMENTS_PER_JOB: u32 = 1_000;

/// The words of the site's own `sbatch`.
#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Config {
    submitted: String,
    refused: String,
}

impl Default for Config {
    fn default() -> Self {
        Self { submitted: "Job <{}> submitted".to_owned(), refused: "Job refused".to_owned() }
    }
}

impl Config {
    /// What stands before and behind an id.
    fn around(&self) -> Result<(&str, &str), Failure> {
        self.submitted.split_once("{}").filter(|(before, _)| !before.is_empty()).ok_or_else(|| {
            Failure::config("`submitted` has to have `{}` where the job's id stands, and something before it")
        })
    }
}

/// Slurm behind a program of the site's.
#[derive(Debug)]
pub struct SlurmWrapped;

impl Schedule for SlurmWrapped {
    fn describe(site: &Site, _: &[Exchange]) -> Result<Step<SchedulerTraits>, Failure> {
        site.read_config::<Config>()?.around()?;
        let cautious = SchedulerTraits::cautious("#SBATCH", "SLURM_ARRAY_TASK_ID");
        // Ended jobs are shown for `MinJobAge`, which is five minutes unless a site says otherwise.
        let visible_after_end_s = Some(300);
        Ok(Step::Done(SchedulerTraits {
            elements_per_job: ELEMENTS_PER_JOB,
            job_name_max: 64,
            visible_after_end_s,
            ..cautious
        }))
    }

    fn directives(_: &Site, request: &Submission) -> Result<Vec<String>, Failure> {
        let resources = &request.resources;
        let throttle = request.max_running.map(|running| format!("%{running}")).unwrap_or_default();
        let mut options = vec![
            format!("--job-name={}", request.name),
            format!("--array=1-{}{throttle}", request.elements),
            format!("--chdir={}", quoted(&request.workdir)?),
            format!("--output={}", quoted(&request.stdout)?),
            format!("--error={}", quoted(&request.stderr)?),
            "--open-mode=append".to_owned(),
            "--no-requeue".to_owned(),
        ];
        // Whole minutes are all that Slurm knows.
        options.extend(resources.walltime_s.map(|seconds| format!("--time={}", seconds.div_ceil(60))));
        options.extend(resources.cpus.map(|cpus| format!("--cpus-per-task={cpus}")));
        options.extend(resources.memory_mib.map(|mib| format!("--mem={mib}")));
        let model = resources.gpu_type.as_ref().map(|model| format!("{model}:")).unwrap_or_default();
        options.extend(resources.gpus.map(|gpus| format!("--gres=gpu:{model}{gpus}")));
        options.extend(resources.nodes.map(|nodes| format!("--nodes={nodes}")));
        for (option, value) in
            [("partition", &resources.partition), ("account", &resources.account), ("qos", &resources.qos)]
        {
            options.extend(value.as_ref().map(|value| format!("--{option}={value}")));
        }
        options.extend(request.nice.map(|nice| format!("--nice={nice}")));
        if !request.exclude_nodes.is_empty() {
            options.push(format!("--exclude={}", request.exclude_nodes.join(",")));
        }
        options.extend(resources.directives.iter().cloned());
        Ok(options.into_iter().map(|option| format!("#SBATCH {option}")).collect())
    }

    fn submit(site: &Site, request: &Submission, so_far: &[Exchange]) -> Result<Step<Outcome>, Failure> {
        let config: Config = site.read_config()?;
        let Some(exchange) = so_far.first() else {
            return Ok(Step::Run(Command::new("sbatch").arg(&request.script).timeout_ms(60_000)));
        };
        let said = format!("{}{}", exchange.stdout_text(), exchange.stderr_text());
        let elements = request.elements;
        Ok(Step::Done(match (exchange.ending, id_in(&said, config.around()?)) {
            // Also where it failed afterwards: what it said that it did is done.
            (_, Some(job)) => Outcome::Accepted(Ticket { job, elements }),
            (Ending::NotStarted, None) => Outcome::Refused(exchange.failure()),
            (Ending::Exited, None) if said.contains(&config.refused) => Outcome::Refused(refusal(exchange)),
            _ => Outcome::Unknown(format!(
                "`sbatch` said neither that it took the job nor that it refused it: {}",
                exchange.failure().message
            )),
        }))
    }

    fn recover(site: &Site, token: &str, so_far: &[Exchange]) -> Result<Step<Outcome>, Failure> {
        let Some(exchange) = so_far.first() else { return Ok(Step::Run(jobs::listing(site))) };
        Ok(Step::Done(jobs::find(&exchange.output()?, token).map_or_else(
            || Outcome::Unknown(format!("`squeue` has no job whose name ends with `{token}`")),
            Outcome::Accepted,
        )))
    }

    fn observe(site: &Site, jobs: &[Job], so_far: &[Exchange]) -> Result<Step<Vec<Sighting>>, Failure> {
        let Some(exchange) = so_far.first() else { return Ok(Step::Run(jobs::listing(site))) };
        Ok(Step::Done(jobs::sightings(&exchange.output()?, jobs)))
    }

    fn cancel(_: &Site, jobs: &[Job], so_far: &[Exchange]) -> Result<Step<Vec<Verdict>>, Failure> {
        jobs::done_to(Command::new("scancel").arg("--verbose"), jobs, so_far)
    }

    fn hold(_: &Site, jobs: &[Job], hold: Hold, so_far: &[Exchange]) -> Result<Step<Vec<Verdict>>, Failure> {
        let deed = if hold == Hold::Hold { "hold" } else { "release" };
        jobs::done_to(Command::new("scontrol").arg(deed), jobs, so_far)
    }
}

/// The number between the words that the site's program puts around an id.
fn id_in(said: &str, (before, behind): (&str, &str)) -> Option<String> {
    let ids = said.split(before).skip(1).filter_map(|rest| {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let (id, rest) = rest.split_at(digits);
        (!id.is_empty() && rest.starts_with(behind)).then(|| id.to_owned())
    });
    ids.last()
}

/// Everything on standard error, where Slurm's own reasons stand before the site's words; banners go elsewhere.
fn refusal(exchange: &Exchange) -> Failure {
    let stderr = exchange.stderr_text();
    let said: Vec<&str> = stderr.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    Failure::new(hsm_sdk::Blame::Config, "refused", said.join("; ")).with_hint(
        "ask for something else, or hand the script in yourself to see all that the site's `sbatch` prints",
    )
}

/// A path as one word of a directive.
fn quoted(path: &str) -> Result<String, Failure> {
    if path.contains(['"', '\\']) || path.contains(char::is_control) {
        return Err(Failure::config(format!("{path:?} cannot be written in a script for Slurm")));
    }
    Ok(if path.contains(char::is_whitespace) { format!("\"{path}\"") } else { path.to_owned() })
}

hsm_sdk::scheduler!(SlurmWrapped);

#[cfg(test)]
mod tests {
    use super::*;
    use hsm_sdk::testing;

    #[test]
    fn fixtures_are_answered_as_expected() {
        testing::replay_scheduler::<SlurmWrapped>(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures"));
    }

    #[test]
    fn an_id_stands_between_the_sites_words() {
        let around = ("Job <", "> submitted");
        for (said, expected) in [
            ("Job <17> submitted to queue <main>", Some("17")),
            ("Job <16> is still running\nJob <17> submitted to queue <main>\n", Some("17")),
            ("Job <x> submitted", None),
            ("Submitted batch job 17", None),
        ] {
            assert_eq!(id_in(said, around).as_deref(), expected, "{said}");
        }
    }
}
