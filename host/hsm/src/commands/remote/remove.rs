//! `hsm remote remove`: takes a machine out of the project's settings file. Nothing is deleted over there.

use crate::args::{GlobalArgs, RemoveRemoteArgs};
use crate::context::Context;
use crate::output::{Console, counted};
use crate::project;
use crate::report::{Exit, Problem};
use crate::settings_file::SettingsFile;
use hsm_core::settings::without_remote;
use hsm_core::state::TaskState;
use hsm_engine::SweepStatus;

/// Removes the machine.
///
/// # Errors
/// When there is none of that name, sweeps have tasks there, or the settings cannot be changed.
pub fn run(args: &RemoveRemoteArgs, global: &GlobalArgs, console: Console) -> Result<Exit, Problem> {
    let file = SettingsFile::open(&project::settings_path()?)?;
    let changed = without_remote(file.text(), &file.shown(), &args.name)?;
    if !args.yes {
        refuse_where_tasks_are(args, &Context::find(global, console)?)?;
    }
    file.replace(&changed)?;
    console.say(&format!("removed `{}` from `{}`; what is over there stays", args.name, file.shown()));
    Ok(Exit::Success)
}

fn refuse_where_tasks_are(args: &RemoveRemoteArgs, context: &Context) -> Result<(), Problem> {
    for sweep in context.manager.sweeps()? {
        let Ok(status) = &sweep.status else { continue };
        let away = tasks_at(status, args.name.as_str());
        if away > 0 {
            let message = format!(
                "{} of the sweep `{}` may run on `{}` still",
                counted(away, "task", "tasks"),
                sweep.sweep_id,
                args.name
            );
            let hint = format!(
                "stop them first: `hsm cancel {}`; with `--yes` they are left as they are, out of reach",
                sweep.sweep_id
            );
            return Err(Problem::new(Exit::Configuration, message).with_hint(hint));
        }
    }
    Ok(())
}

/// How many tasks of a sweep are at a machine, or may be.
fn tasks_at(status: &SweepStatus, machine: &str) -> u128 {
    let jobs = status.jobs().iter().filter(|job| job.away && job.source == machine && !job.abandoned);
    let tasks: std::collections::BTreeSet<u64> = jobs.flat_map(|job| job.tasks.iter()).collect();
    let open = |task: &u64| {
        status.task(*task).is_some_and(|task| {
            matches!(task.state, TaskState::Queued | TaskState::Running | TaskState::Unknown)
        })
    };
    tasks.iter().filter(|task| open(task)).count() as u128
}
