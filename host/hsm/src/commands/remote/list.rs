//! `hsm remote list`: the machines of a project, and what ssh makes of their names. No machine is connected to.

use super::machines::Machine;
use crate::args::ListRemotesArgs;
use crate::output::{Align, Console, TextTable};
use crate::project::Project;
use crate::report::{Exit, Problem};
use hsm_engine::SshDestination;
use serde::Serialize;

/// Lists the machines.
///
/// # Errors
/// When there is no project here, or its settings cannot be used.
pub fn run(args: &ListRemotesArgs, console: Console) -> Result<Exit, Problem> {
    let project = Project::find(console)?;
    let machines: Vec<MachineJson> = Machine::of(&project).iter().map(MachineJson::new).collect();
    if args.json {
        console.json_list(&[("format", &1)], "remotes", machines.into_iter())?;
        return Ok(Exit::Success);
    }
    if machines.is_empty() {
        console.say("this project has no machines but this one; `hsm remote add NAME HOST` adds one");
        return Ok(Exit::Success);
    }
    console.data(&text(&machines))?;
    for machine in &machines {
        if let Some(problem) = &machine.problem {
            console.warn(&format!("`{}`: {problem}", machine.name));
        }
    }
    Ok(Exit::Success)
}

#[derive(Serialize)]
struct MachineJson {
    name: String,
    backend: String,
    host: String,
    ssh: Option<SshDestination>,
    problem: Option<String>,
    enabled: bool,
    max_parallel_jobs: Option<u32>,
    gpus: Option<Vec<u32>>,
    conda_env: Option<String>,
    python_path: Option<String>,
    remote_root: String,
}

impl MachineJson {
    fn new(machine: &Machine) -> Self {
        let (ssh, problem) = match machine.destination() {
            Ok(destination) => (Some(destination), None),
            Err(error) => (None, Some(error.to_string())),
        };
        Self {
            name: machine.name.clone(),
            backend: machine.backend().to_string(),
            host: machine.host.clone(),
            ssh,
            problem,
            enabled: machine.is_enabled(),
            max_parallel_jobs: machine.remote.max_parallel_jobs,
            gpus: machine.remote.gpus.clone(),
            conda_env: machine.remote.conda_env.clone(),
            python_path: machine.remote.python_path.clone(),
            remote_root: machine.root.clone(),
        }
    }
}

fn text(machines: &[MachineJson]) -> String {
    let columns = [
        ("machine", Align::Left),
        ("backend", Align::Left),
        ("ssh connects to", Align::Left),
        ("slots", Align::Right),
        ("GPUs", Align::Left),
        ("enabled", Align::Left),
        ("root", Align::Left),
    ];
    let mut table = TextTable::new(&columns);
    for machine in machines {
        let destination = machine.ssh.as_ref().map_or_else(|| machine.host.clone(), ToString::to_string);
        let gpus = machine.gpus.iter().flatten().map(u32::to_string).collect::<Vec<_>>().join(",");
        table.row(&[
            machine.name.clone(),
            machine.backend.clone(),
            destination,
            machine.max_parallel_jobs.map_or_else(String::new, |most| most.to_string()),
            gpus,
            if machine.enabled { "yes" } else { "no" }.to_owned(),
            machine.remote_root.clone(),
        ]);
    }
    table.render()
}
