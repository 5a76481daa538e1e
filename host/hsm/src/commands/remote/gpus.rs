//! `hsm remote gpus`: the GPUs of machines, how busy they are, and who has processes on them.

use super::asking::{ask_all, exit_of, meant};
use crate::args::AskRemotesArgs;
use crate::output::{Align, Console, TextTable};
use crate::project::Project;
use crate::report::{Exit, Problem};
use hsm_engine::{RemoteGpu, remote_gpus};
use serde::Serialize;

/// Asks the machines for their GPUs.
///
/// # Errors
/// When one that is named is not known, or the settings cannot be used.
pub fn run(args: &AskRemotesArgs, console: Console) -> Result<Exit, Problem> {
    let machines = meant(&Project::find(console)?, &args.names, console)?;
    let answers = ask_all(&machines, |_, link| remote_gpus(link))?;
    let exit = exit_of(&answers);
    let answers: Vec<Answer> = machines
        .into_iter()
        .zip(answers)
        .map(|(machine, answer)| {
            let (gpus, problem) = match answer {
                Ok(gpus) => (gpus, None),
                Err(failure) => (None, Some(failure.message)),
            };
            Answer {
                name: machine.name,
                nvidia_smi: problem.is_none().then_some(gpus.is_some()),
                gpus,
                problem,
            }
        })
        .collect();
    if args.json {
        console.json_list(&[("format", &1)], "remotes", answers.into_iter())?;
    } else {
        console.data(&text(&answers))?;
    }
    Ok(exit)
}

#[derive(Debug, Serialize)]
struct Answer {
    name: String,
    /// Whether there is such a program; nothing where the machine could not be asked.
    nvidia_smi: Option<bool>,
    gpus: Option<Vec<RemoteGpu>>,
    problem: Option<String>,
}

fn text(answers: &[Answer]) -> String {
    let columns = [
        ("machine", Align::Left),
        ("GPU", Align::Right),
        ("name", Align::Left),
        ("memory", Align::Right),
        ("used", Align::Right),
        ("busy", Align::Right),
        ("whose", Align::Left),
    ];
    let mut table = TextTable::new(&columns);
    for answer in answers {
        let remark = match (&answer.gpus, &answer.problem) {
            (_, Some(problem)) => problem,
            (None, None) => "there is no `nvidia-smi`",
            (Some(gpus), None) if gpus.is_empty() => "it has none",
            (Some(_), None) => "",
        };
        if !remark.is_empty() {
            table.row(&[&answer.name, "", remark, "", "", "", ""]);
        }
        for gpu in answer.gpus.iter().flatten() {
            let memory = |mib: Option<u64>| mib.map_or_else(String::new, |mib| format!("{mib} MiB"));
            table.row(&[
                answer.name.clone(),
                gpu.index.to_string(),
                gpu.name.clone(),
                memory(gpu.memory_mib),
                memory(gpu.memory_used_mib),
                gpu.use_percent.map_or_else(String::new, |percent| format!("{percent} %")),
                gpu.users.join(", "),
            ]);
        }
    }
    table.render()
}
