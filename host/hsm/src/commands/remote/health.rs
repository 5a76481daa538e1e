//! `hsm remote health`: one line a machine.

use super::asking::{ask_all, exit_of, meant};
use super::machines::Machine;
use super::test::room;
use crate::args::AskRemotesArgs;
use crate::output::{Align, Console, TextTable};
use crate::project::Project;
use crate::report::{Exit, Problem};
use hsm_core::roles::Failure;
use hsm_engine::{Look, look};
use serde::Serialize;

/// Asks the machines how they are.
///
/// # Errors
/// When one that is named is not known, or the settings cannot be used.
pub fn run(args: &AskRemotesArgs, console: Console) -> Result<Exit, Problem> {
    let machines = meant(&Project::find(console)?, &args.names, console)?;
    let answers = ask_all(&machines, |machine, link| look(link, &machine.wanted()))?;
    let lines: Vec<Health> =
        machines.iter().zip(&answers).map(|(machine, answer)| Health::new(machine, answer)).collect();
    if args.json {
        console.json_list(&[("format", &1)], "remotes", lines.into_iter())?;
    } else {
        console.data(&text(&lines))?;
    }
    Ok(exit_of(&answers))
}

#[derive(Debug, Serialize)]
struct Health {
    name: String,
    reachable: bool,
    problem: Option<String>,
    hint: Option<String>,
    disk_free_kib: Option<u64>,
    load: Option<f64>,
    processors: Option<u32>,
    max_parallel_jobs: Option<u32>,
    running: Option<u64>,
}

impl Health {
    fn new(machine: &Machine, answer: &Result<Look, Failure>) -> Self {
        let (look, failure) = (answer.as_ref().ok(), answer.as_ref().err());
        Self {
            name: machine.name.clone(),
            reachable: failure.is_none(),
            problem: failure.map(|failure| failure.message.clone()),
            hint: failure.and_then(|failure| failure.hint.clone()),
            disk_free_kib: look.and_then(|look| look.disk_free_kib),
            load: look.and_then(|look| look.load),
            processors: look.and_then(|look| look.processors),
            max_parallel_jobs: machine.remote.max_parallel_jobs,
            running: look.and_then(|look| look.tasks),
        }
    }
}

fn text(lines: &[Health]) -> String {
    let columns = [
        ("machine", Align::Left),
        ("state", Align::Left),
        ("free disk", Align::Right),
        ("load", Align::Right),
        ("processors", Align::Right),
        ("slots", Align::Right),
        ("running", Align::Right),
    ];
    let mut table = TextTable::new(&columns);
    for line in lines {
        let number = |number: Option<String>| number.unwrap_or_default();
        table.row(&[
            line.name.clone(),
            line.problem.clone().unwrap_or_else(|| "reachable".to_owned()),
            number(line.disk_free_kib.map(room)),
            number(line.load.map(|load| load.to_string())),
            number(line.processors.map(|count| count.to_string())),
            number(line.max_parallel_jobs.map(|most| most.to_string())),
            number(line.running.map(|count| count.to_string())),
        ]);
    }
    table.render()
}
