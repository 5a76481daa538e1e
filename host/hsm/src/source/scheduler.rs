//! Where tasks run: on this machine, or which scheduler has them. Asked of the command line, then of the sweep, then of the machine.

use super::Asked;
use crate::args::{GlobalArgs, Mode};
use crate::context::Context;
use crate::plugins;
use crate::report::{Exit, Problem};
use clap::ValueEnum;
use hsm_core::roles::{Blame, Failure};
use hsm_core::scheduler::detect::{BuiltIn, no_scheduler};
use hsm_engine::{ComputeSource, JobManager, SchedulerRef};
use std::path::Path;

/// Where tasks run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// On this machine.
    Here,
    /// At a scheduler that this machine speaks to.
    At(SchedulerRef),
    /// On another machine.
    There,
    /// On all machines.
    Everywhere,
}

/// Where tasks run. `before` is where they ran last.
///
/// # Errors
/// When nobody says which of several schedulers is meant, there is none, or options contradict each other.
pub(super) fn place(
    asked: &Asked<'_>,
    context: &Context,
    global: &GlobalArgs,
    before: Option<&ComputeSource>,
) -> Result<Place, Problem> {
    if let Some(place) = of_machines(asked, before)? {
        check_options(asked, &place)?;
        return Ok(place);
    }
    let place = match named(asked, context, global)? {
        Some(_) if asked.mode == Mode::Local => {
            return Err(Problem::new(
                Exit::Configuration,
                "a scheduler is named, and `--mode local` runs tasks on this machine",
            )
            .with_hint("leave out one of the two"));
        }
        Some(scheduler) => Place::At(scheduler),
        None => match (asked.mode, before) {
            (Mode::Local, _) | (Mode::Auto, Some(ComputeSource::Local(_))) => Place::Here,
            (_, Some(ComputeSource::Batch(batch))) if !batch.is_elsewhere() => {
                Place::At(batch.scheduler.clone())
            }
            // These are about slots of this machine, and nothing else.
            (Mode::Auto, None) if slot_option(asked).is_some() => Place::Here,
            (mode, _) => found(&context.manager, mode == Mode::Auto && asked.batch.typed().is_none())?,
        },
    };
    check_options(asked, &place)?;
    Ok(place)
}

/// Where tasks run where other machines are meant: by their name, by the mode, or because they ran there before.
fn of_machines(asked: &Asked<'_>, before: Option<&ComputeSource>) -> Result<Option<Place>, Problem> {
    let ran_there = before.is_some_and(|before| before.batches().any(hsm_engine::BatchSource::is_elsewhere));
    let place = match (asked.mode, asked.batch.remote.is_some()) {
        (mode @ (Mode::Local | Mode::Distributed), true) => {
            let what =
                if mode == Mode::Local { "tasks run on this machine" } else { "all machines take part" };
            let message = format!("`--remote` names a machine, and with `--mode {}` {what}", word(mode));
            return Err(Problem::new(Exit::Configuration, message).with_hint("leave out one of the two"));
        }
        (Mode::Distributed, false) => Place::Everywhere,
        (Mode::Remote, _) | (_, true) => Place::There,
        (Mode::Local, false) => return Ok(None),
        (Mode::Auto, false) if matches!(before, Some(ComputeSource::Pool(_))) => Place::Everywhere,
        (_, false) if ran_there => Place::There,
        (_, false) => return Ok(None),
    };
    Ok(Some(place))
}

fn word(mode: Mode) -> String {
    mode.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
}

/// The scheduler that the command line names.
pub(super) fn named(
    asked: &Asked<'_>,
    context: &Context,
    global: &GlobalArgs,
) -> Result<Option<SchedulerRef>, Problem> {
    let root = &context.project.root;
    let named = match asked.batch.scheduler.as_deref() {
        Some(name) => {
            if BuiltIn::named(name).is_some() {
                return Ok(Some(SchedulerRef::built_in(name)));
            }
            // The name of the plugin that `--plugin` brings along says the same twice.
            match plugins::typed_scheduler(global, root)? {
                Some(typed) => Some(typed),
                None => Some(name),
            }
        }
        None => plugins::typed_scheduler(global, root)?,
    };
    let Some(reference) = named else { return Ok(None) };
    plugin(reference, context, global).map(Some)
}

/// The scheduler that is a plugin, by its name or path.
pub(super) fn plugin(
    reference: &str,
    context: &Context,
    global: &GlobalArgs,
) -> Result<SchedulerRef, Problem> {
    let root = &context.project.root;
    let loaded = plugins::roles(global, ".".into(), root)?
        .scheduler(reference, None)
        .map_err(|failure| unknown_scheduler(reference, failure))?;
    // The driver looks for it from another folder.
    let is_file = Path::new(reference).exists() && !is_added(reference, root);
    let reference = if is_file {
        let path =
            std::path::absolute(reference).map_err(|e| Problem::file("find", Path::new(reference), &e))?;
        path.display().to_string()
    } else {
        reference.to_owned()
    };
    Ok(SchedulerRef { name: loaded.name, reference, digest: loaded.digest })
}

/// Whether a reference is the name of a plugin of this project, which goes before a file of that name.
fn is_added(reference: &str, root: &Path) -> bool {
    let lock = hsm_plugin::trust::Lock::read(root).ok();
    lock.zip(reference.parse().ok()).is_some_and(|(lock, name)| lock.entry(&name).is_some())
}

fn unknown_scheduler(name: &str, failure: Failure) -> Problem {
    let problem = Problem::from(failure);
    if problem.exit != Exit::NotFound || name.contains('/') {
        return problem;
    }
    let known = hsm_core::suggest::closest(name, ["slurm", "pbs"]);
    let message = format!(
        "there is no scheduler `{name}`: it is neither `slurm` nor `pbs` nor a plugin of this project"
    );
    Problem::new(Exit::Configuration, message).with_hint(match known {
        Some(near) => format!("did you mean `{near}`?"),
        None => "`hsm plugin list` shows the plugins; a path works as well".to_owned(),
    })
}

/// The batch system that this machine has. `may_be_here` says that none is as good.
fn found(manager: &JobManager, may_be_here: bool) -> Result<Place, Problem> {
    let choice = manager.detect().map_err(Problem::of_scheduler)?.choice();
    match choice.map_err(wanting)? {
        Some(built_in) => Ok(Place::At(SchedulerRef::built_in(built_in.name()))),
        None if may_be_here => Ok(Place::Here),
        None => Err(wanting(no_scheduler())),
    }
}

/// The batch system that `hsm queue` asks.
///
/// # Errors
/// When there is none that hsm speaks to by itself, or several.
pub fn to_ask(named: Option<&str>, manager: &JobManager) -> Result<SchedulerRef, Problem> {
    match named {
        Some(name) if BuiltIn::named(name).is_some() => Ok(SchedulerRef::built_in(name)),
        Some(name) => Err(Problem::new(
            Exit::Configuration,
            format!("`{name}` cannot be asked about its queue: only `slurm` and `pbs` can"),
        )
        .with_hint("use the batch system's own commands")),
        None => match found(manager, false)? {
            Place::At(scheduler) => Ok(scheduler),
            Place::Here | Place::There | Place::Everywhere => Err(wanting(no_scheduler())),
        },
    }
}

fn wanting(failure: Failure) -> Problem {
    let exit = if failure.blame == Blame::Config { Exit::Configuration } else { Exit::Connection };
    Problem { exit, message: Some(failure.message), hint: failure.hint }
}

/// Options that mean nothing where the tasks run are no slip to pass over: whoever typed them expects something.
fn check_options(asked: &Asked<'_>, place: &Place) -> Result<(), Problem> {
    let (option, what, hint) = match place {
        Place::Here => (
            asked.batch.typed(),
            "is about a scheduler, and tasks run on this machine",
            "`--mode array` runs them at a scheduler",
        ),
        // What fits a machine is for the machine to say.
        Place::There | Place::Everywhere => return Ok(()),
        Place::At(_) => (
            slot_option(asked),
            "is about this machine, and a scheduler starts the tasks",
            "`--max-in-flight N` says how many run at once, `--resources \"--gpus=N\"` what each gets; `--mode local` runs them here",
        ),
    };
    match option {
        Some(option) => Err(Problem::new(Exit::Configuration, format!("`{option}` {what}")).with_hint(hint)),
        None => Ok(()),
    }
}

fn slot_option(asked: &Asked<'_>) -> Option<&'static str> {
    let options = [(asked.limits.parallel_jobs.is_some(), "-p"), (asked.limits.gpus.is_some(), "--gpus")];
    options.into_iter().find_map(|(typed, option)| typed.then_some(option))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::{BatchArgs, LimitArgs};

    #[test]
    fn options_that_mean_nothing_are_refused() {
        let (limits, batch) = (LimitArgs::default(), BatchArgs::default());
        let slots = LimitArgs { parallel_jobs: Some(2), ..LimitArgs::default() };
        let throttled = BatchArgs { max_in_flight: Some(2), ..BatchArgs::default() };
        let there = Place::At(SchedulerRef::built_in("slurm"));
        let refused = |limits: &LimitArgs, batch: &BatchArgs, place: &Place| {
            let asked = Asked { mode: Mode::Auto, limits, batch };
            check_options(&asked, place).err().and_then(|problem| problem.message).unwrap_or_default()
        };
        assert_eq!(refused(&limits, &batch, &there), "");
        assert_eq!(refused(&slots, &batch, &Place::Here), "");
        assert_eq!(refused(&limits, &throttled, &there), "");
        assert!(refused(&slots, &batch, &there).starts_with("`-p` is about this machine"));
        assert!(
            refused(&limits, &throttled, &Place::Here).starts_with("`--max-in-flight` is about a scheduler")
        );
        assert_eq!(BatchArgs { yes: true, ..BatchArgs::default() }.typed(), None, "`--yes` answers anywhere");
    }

    #[test]
    fn an_unknown_scheduler_says_which_there_are() {
        let unknown = |name: &str| {
            let problem = unknown_scheduler(name, Failure::new(Blame::Config, "not-found", "no file"));
            (problem.exit, problem.hint.unwrap_or_default())
        };
        assert_eq!(unknown("slrum"), (Exit::Configuration, "did you mean `slurm`?".to_owned()));
        assert!(unknown("condor").1.contains("hsm plugin list"));
        assert_eq!(unknown("./x.wasm").0, Exit::NotFound);
    }
}
