//! What is looked at before tasks are handed to a scheduler: what it allows, what the first submission would be, and what is to be expected
//! of it. Looking sends nothing. A scheduler that cannot be asked stops nobody; one that would never take the job does.

use super::{Asked, Chosen, batch};
use crate::context::Context;
use crate::output::Console;
use crate::report::{Exit, Problem};
use hsm_core::command::Launch;
use hsm_core::scheduler::survey::{Advice, Weight};
use hsm_core::sweep_id::SweepId;
use hsm_engine::{ComputeSource, ErrorKind, JobManager, Preview, SLOTS, SshDestination};
use std::io::{self, BufRead, IsTerminal};

/// What was found.
#[derive(Debug, Default)]
pub struct Preflight {
    /// What is to be expected, a line each.
    pub advice: Vec<Advice>,
    /// The first submission; nothing where the scheduler cannot be asked for now.
    pub preview: Option<Preview>,
    /// What could not be found out.
    pub unknown: Vec<String>,
}

impl Preflight {
    /// Looks. Machines that the tasks had better keep off become part of the source, and the source's note tells more afterwards.
    ///
    /// # Errors
    /// When the scheduler is not there, or could never grant the request.
    pub fn look(
        asked: &Asked<'_>,
        chosen: &mut Chosen,
        context: &Context,
        launch: &Launch,
        sweep_id: &SweepId,
        tasks: u64,
    ) -> Result<Self, Problem> {
        let mut found = Self::default();
        let manager = &context.manager;
        refuse_twins(&chosen.source)?;
        found.unknown.extend(unreachable(&chosen.source, manager, sweep_id)?);
        found.unknown.extend(left_behind(&chosen.source, manager));
        let ComputeSource::Batch(source) = &mut chosen.source else { return Ok(found) };
        if source.scheduler.name == SLOTS {
            return Ok(found);
        }
        let traits = match manager.describe(source) {
            Ok(traits) => traits,
            Err(error) if error.kind() == ErrorKind::Submission => {
                found.unknown.push(format!(
                    "{} does not answer, and tasks wait until it does: {error}",
                    source.scheduler.name
                ));
                return Ok(found);
            }
            Err(error) => return Err(Problem::of_scheduler(error)),
        };
        let look = |source: &_| {
            manager.preview(source, launch, sweep_id, tasks, &traits).map_err(Problem::of_scheduler)
        };
        let preview = look(source)?;
        if source.scheduler.is_built_in() {
            let request = &preview.request;
            match manager
                .survey(source, |surveyor, site, so_far| surveyor.advise(site, request, tasks, so_far))
            {
                Ok(advice) => found.advice = advice,
                Err(error) => found.unknown.push(format!("nothing is known about the cluster: {error}")),
            }
        }
        let mut keep_off = found.advice.iter().flat_map(|advice| &advice.exclude_nodes);
        if asked.batch.use_gpu_nodes {
            let allowed: Vec<&String> = keep_off.collect();
            source.exclude_nodes.retain(|node| !allowed.contains(&node));
            found.advice.retain(|advice| advice.exclude_nodes.is_empty());
        } else if keep_off.any(|node| !source.exclude_nodes.contains(node)) {
            for node in found.advice.iter().flat_map(|advice| &advice.exclude_nodes) {
                if !source.exclude_nodes.contains(node) {
                    source.exclude_nodes.push(node.clone());
                }
            }
        }
        let preview = look(source)?;
        chosen.note = batch::note(source, Some(&preview));
        found.preview = Some(preview);
        Ok(found)
    }

    /// Says what is to be expected.
    pub fn say(&self, console: Console) {
        self.unknown.iter().for_each(|line| console.warn(line));
        for advice in &self.advice {
            match advice.weight {
                Weight::Note => console.say(&format!("note: {}", with_option(advice))),
                Weight::Warning | Weight::Problem => console.warn(&with_option(advice)),
            }
        }
    }

    /// Says what is to be expected, and asks at a terminal whether to go on in spite of it. `yes` has answered already.
    ///
    /// # Errors
    /// When somebody says no, or nobody can be asked about what would never start.
    pub fn consent(mut self, yes: bool, console: Console) -> Result<(), Problem> {
        let terminal = io::stdin().is_terminal() && io::stderr().is_terminal();
        let problems: Vec<Advice> =
            self.advice.extract_if(.., |advice| advice.weight == Weight::Problem && !yes).collect();
        self.say(console);
        if let Some(first) = problems.first() {
            let lines: Vec<&str> = problems.iter().map(|advice| advice.line.as_str()).collect();
            let message = lines.join("\nerror: ");
            if !terminal {
                return Err(Problem::new(Exit::Configuration, message)
                    .with_hint(format!("change it with `{}`; `--yes` sends it all the same", first.option)));
            }
            lines.iter().for_each(|line| console.warn(line));
            ask("send it all the same?", first)?;
        }
        for advice in &self.advice {
            if let Some(question) = advice.question.as_deref().filter(|_| terminal && !yes) {
                ask(question, advice)?;
            }
        }
        Ok(())
    }
}

/// Two names of one machine would each be given as much as it can do. A cluster and the slots of its login node are two sources all the same.
fn refuse_twins(source: &ComputeSource) -> Result<(), Problem> {
    let mut seen: Vec<(&str, &str, SshDestination)> = Vec::new();
    for batch in source.batches().filter(|batch| batch.in_pool) {
        let Some(target) = batch.remote.as_ref().map(|remote| &remote.target) else { continue };
        // What ssh cannot make anything of is told where it is connected to.
        let Ok(destination) = SshDestination::find(&target.host, target.port) else { continue };
        let scheduler = batch.scheduler.name.as_str();
        if let Some((twin, ..)) =
            seen.iter().find(|(_, its, other)| *its == scheduler && *other == destination)
        {
            let name = batch.name();
            let message =
                format!("`{name}` is the same machine as `{twin}`: ssh would connect to {destination}");
            return Err(Problem::new(Exit::Configuration, message).with_hint(format!(
                "`enabled: false` for one of them in the settings, or `hsm remote remove {name}`"
            )));
        }
        seen.push((batch.name(), scheduler, destination));
    }
    Ok(())
}

/// Which machines cannot be reached now. Where no other could take the tasks, that ends it.
fn unreachable(
    source: &ComputeSource,
    manager: &JobManager,
    sweep_id: &SweepId,
) -> Result<Vec<String>, Problem> {
    let mut lines = Vec::new();
    for batch in source.batches().filter(|batch| batch.is_elsewhere()) {
        let Err(error) = manager.reach(batch, sweep_id) else { continue };
        if !batch.in_pool || error.kind() == ErrorKind::Configuration {
            let problem = Problem::from(error);
            return Err(Problem { exit: Exit::Connection, ..problem });
        }
        let hint = error.hint().map(|hint| format!(" ({hint})")).unwrap_or_default();
        lines.push(format!("{} gets no tasks until it can be reached: {error}{hint}", batch.name()));
    }
    Ok(lines)
}

/// Folders that tasks may look for in vain.
fn left_behind(source: &ComputeSource, manager: &JobManager) -> Option<String> {
    let mut elsewhere = source.batches().filter(|batch| batch.is_elsewhere());
    let folders = manager.stays_here(elsewhere.next()?);
    let named: Vec<String> = folders.iter().map(|folder| format!("`{folder}`")).collect();
    (!named.is_empty()).then(|| {
        format!(
            "{} is no code and does not go along: tasks on other machines do not see it",
            named.join(", ")
        )
    })
}

fn with_option(advice: &Advice) -> String {
    match advice.option {
        "" => advice.line.clone(),
        option => format!("{} (`{option}` changes that)", advice.line),
    }
}

/// Asks at the terminal.
fn ask(question: &str, advice: &Advice) -> Result<(), Problem> {
    Console::error_line(&format!("{question} [y/N]"));
    let mut answer = String::new();
    let read = io::stdin().lock().read_line(&mut answer);
    read.map_err(|error| Problem::new(Exit::General, format!("could not read the answer: {error}")))?;
    if matches!(answer.trim(), "y" | "Y" | "yes") {
        return Ok(());
    }
    Err(Problem::new(Exit::General, "nothing was sent")
        .with_hint(format!("`{}` changes it; `--yes` sends it without a question", advice.option)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn advice(weight: Weight, line: &str, question: Option<&str>) -> Advice {
        Advice {
            weight,
            code: "test",
            line: line.to_owned(),
            question: question.map(str::to_owned),
            option: "--walltime",
            exclude_nodes: Vec::new(),
        }
    }

    /// Tests have no terminal.
    #[test]
    fn without_a_terminal_only_what_would_never_start_stops() {
        let quiet = Console::new(true, false);
        let flight = |advice: Vec<Advice>| Preflight { advice, ..Preflight::default() };
        let warning = || advice(Weight::Warning, "they wait until monday", Some("send them?"));
        assert!(flight(vec![warning()]).consent(false, quiet).is_ok());
        let never = || {
            vec![
                advice(Weight::Problem, "too long", None),
                warning(),
                advice(Weight::Problem, "too large", None),
            ]
        };
        let problem = flight(never()).consent(false, quiet).unwrap_err();
        assert_eq!(problem.exit, Exit::Configuration);
        assert_eq!(problem.message.as_deref(), Some("too long\nerror: too large"));
        assert!(problem.hint.is_some_and(|hint| hint.contains("--walltime") && hint.contains("--yes")));
        assert!(flight(never()).consent(true, quiet).is_ok());
    }
}
