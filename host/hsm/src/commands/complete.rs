//! `hsm complete`: runs what is not done in a sweep, and adds what another sweep file has beyond it. What has completed stays as it is.

use super::follow;
use super::run::sweep_name;
use super::task_output::TaskOutput;
use crate::args::{CompleteArgs, GlobalArgs, Only};
use crate::context::Context;
use crate::launch::Start;
use crate::output::{Console, counted};
use crate::report::{Exit, Problem};
use crate::source::Asked;
use crate::space::PointSource;
use crate::sweep_file::Definition;
use hsm_core::command::Launch;
use hsm_core::sweep::SweepFile;
use hsm_core::task_set::TaskSet;
use hsm_engine::{CompleteOptions, Completion, Extension, SweepDir, TaskClass};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// Completes the sweep.
///
/// # Errors
/// When there is no such sweep, the file to extend it with cannot be used, or it cannot be started or followed.
pub fn run(args: &CompleteArgs, global: &GlobalArgs, console: Console) -> Result<Exit, Problem> {
    let context = Context::find(global, console)?;
    let sweep_dir = context.sweep_dir(&args.sweep)?;
    let before = context.manager.recorded_launch(&sweep_dir)?;
    let (launch_before, source_before) = before.unzip();
    let launch_before = launch_before.as_ref();
    let group = launch_before.and_then(|launch| launch.group.as_deref());
    let asked = Asked { mode: args.mode, limits: &args.limits, batch: &args.batch };
    let elsewhere = asked.stays_elsewhere(source_before.as_ref());
    let (start, extend) = match &args.with {
        Some(file) => extending(file, &context, global, group, elsewhere)
            .map(|(start, more)| (Some(start), Some(more)))?,
        None => (as_defined(&sweep_dir, &context, launch_before, elsewhere)?, None),
    };
    let (launch, variables) = match start {
        Some(start) => (Some(start.launch), start.variables),
        None => {
            (None, source_before.as_ref().map(|before| before.environment().to_vec()).unwrap_or_default())
        }
    };
    let chosen = asked.settle(&context, global, source_before.as_ref(), variables)?;
    let options = CompleteOptions {
        only: (!args.only.is_empty()).then(|| args.only.iter().map(|only| class(*only)).collect()),
        launch,
        extend,
        dry_run: args.dry_run,
        take_over: args.take_over,
    };
    let output =
        if args.show_output { Some(TaskOutput::since(&context.manager.status(&sweep_dir)?)) } else { None };
    let completion = context.manager.complete(&sweep_dir, &chosen.source, options)?;
    let id = sweep_name(&sweep_dir);
    say(&completion, console);
    tell_of_doubt(&completion, &context, &sweep_dir)?;
    if !announce(&completion, &id, args.dry_run, &chosen.note, console)? {
        return Ok(Exit::Success);
    }
    if args.detach {
        console.say(&format!("it runs in the background; `hsm monitor {id}` follows it"));
        return Ok(Exit::Success);
    }
    let followed = follow::until_the_end(&context, &sweep_dir, follow::on_interrupt(&chosen.source), output)?;
    let in_question = union([&completion.queued, &completion.running, &completion.waiting]);
    followed.summarize(&context, Some(&in_question))
}

fn union<const N: usize>(sets: [&TaskSet; N]) -> TaskSet {
    let mut all = TaskSet::default();
    sets.into_iter().for_each(|set| all.insert_all(set));
    all
}

/// Says what runs, or would, and what is under way without that. Whether there is anything to follow.
fn announce(
    completion: &Completion,
    id: &str,
    dry_run: bool,
    note: &str,
    console: Console,
) -> Result<bool, Problem> {
    let Completion { queued, running, waiting, .. } = completion;
    let under_way = union([running, waiting]);
    let tasks = counted(u128::from(queued.len()), "task", "tasks");
    match (queued.is_empty(), dry_run) {
        (false, true) => console.data(&format!("{id}: {tasks} would run: {queued}\n"))?,
        (false, false) => console.say(&format!("{id}: {tasks} ({queued}), {note}")),
        (true, false) if !under_way.is_empty() => {
            console.say(&format!("{id}: nothing more to run; waiting for tasks {under_way}"));
        }
        (true, _) => console.say(&format!("{id}: there is nothing to run")),
    }
    if !waiting.is_empty() {
        let tasks = counted(u128::from(waiting.len()), "task waits", "tasks wait");
        console.say(&format!("{tasks} at the scheduler already ({waiting}), and stay there"));
    }
    let anything = !queued.is_empty() || !under_way.is_empty();
    Ok(anything && !dry_run)
}

/// How tasks start by the file that the sweep is extended with, and what it adds.
fn extending(
    file: &Path,
    context: &Context,
    global: &GlobalArgs,
    group: Option<&str>,
    elsewhere: bool,
) -> Result<(Start, Extension), Problem> {
    let root = &context.project.root;
    let definition = Definition::load(Some(file), root, context.console)?;
    let start = Start::settle(&definition.sweep, &context.project, group, elsewhere)?;
    let points = PointSource::open(&definition.sweep, global, root, None)?;
    let extension =
        Extension { points: points.points()?, definition: definition.text, plugins: points.plugins() };
    Ok((start, extension))
}

/// How tasks start by the sweep's own definition and the settings as they are now, so that an interpreter that was put right is used;
/// nothing where the sweep was made without a file.
fn as_defined(
    sweep_dir: &Path,
    context: &Context,
    before: Option<&Launch>,
    elsewhere: bool,
) -> Result<Option<Start>, Problem> {
    let path = SweepDir::new(sweep_dir).newest_definition();
    let text = fs::read_to_string(&path).map_err(|error| Problem::file("read", &path, &error))?;
    if text.trim().is_empty() {
        return Ok(None);
    }
    let mut sweep = SweepFile::parse(&text, &path.display().to_string())?.value;
    // What was found for a file that names nothing is settled: further scripts in the folder do not make it a question again.
    sweep.program = sweep.program.or_else(|| before.map(|launch| launch.program.clone()));
    let group = before.and_then(|launch| launch.group.as_deref());
    Start::settle(&sweep, &context.project, group, elsewhere).map(Some)
}

fn class(only: Only) -> TaskClass {
    match only {
        Only::Failed => TaskClass::Failed,
        Only::Timeout => TaskClass::Timeout,
        Only::Memory => TaskClass::Memory,
        Only::Preempted => TaskClass::Preempted,
        Only::Missing => TaskClass::Missing,
        Only::Cancelled => TaskClass::Cancelled,
        Only::Unknown => TaskClass::Unknown,
    }
}

fn say(completion: &Completion, console: Console) {
    for change in &completion.changes {
        console.say(&format!("note: {change}; what has completed stays as it is"));
    }
    if completion.appended > 0 {
        let new = counted(u128::from(completion.appended), "new task", "new tasks");
        console.say(&format!("{new} at the end of the plan"));
    }
    if completion.kept > 0 {
        let kept = counted(u128::from(completion.kept), "task is", "tasks are");
        console.say(&format!("{kept} not in the file; kept"));
    }
}

/// Tasks whose machine failed may run there still: only people can know.
fn tell_of_doubt(completion: &Completion, context: &Context, sweep_dir: &Path) -> Result<(), Problem> {
    if completion.may_live.is_empty() {
        return Ok(());
    }
    let status = context.manager.status(sweep_dir)?;
    let nodes: BTreeSet<String> =
        completion.may_live.iter().filter_map(|task| status.task(task)?.node).collect();
    let nodes = nodes.into_iter().collect::<Vec<_>>().join(", ");
    let tasks = counted(u128::from(completion.may_live.len()), "task", "tasks");
    let console = context.console;
    console.warn(&format!(
        "{tasks} ({}) may run still, on {nodes}: the scheduler has given their jobs up, and nobody saw them end",
        completion.may_live
    ));
    console.hint(&format!(
        "once you know that they do not: `hsm abandon {} --tasks {}`",
        status.sweep_id, completion.may_live
    ));
    Ok(())
}
