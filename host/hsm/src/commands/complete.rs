//! `hsm complete`: runs what is not done in a sweep, and adds what another sweep file has beyond it. What has completed stays as it is.

use super::follow::{self, OnInterrupt};
use super::run::sweep_name;
use super::task_output::TaskOutput;
use crate::args::{CompleteArgs, GlobalArgs, Only};
use crate::context::Context;
use crate::launch::Start;
use crate::output::{Console, counted};
use crate::report::{Exit, Problem};
use crate::source::Local;
use crate::space::PointSource;
use crate::sweep_file::Definition;
use hsm_core::command::Launch;
use hsm_core::task_set::TaskSet;
use hsm_engine::{CompleteOptions, Completion, ComputeSource, Extension, LocalSource, TaskClass};
use std::path::Path;

/// Completes the sweep.
///
/// # Errors
/// When there is no such sweep, the file to extend it with cannot be used, or it cannot be started or followed.
pub fn run(args: &CompleteArgs, global: &GlobalArgs, console: Console) -> Result<Exit, Problem> {
    let context = Context::find(global, console)?;
    let sweep_dir = context.sweep_dir(&args.sweep)?;
    let before = context.manager.recorded_launch(&sweep_dir)?;
    let (launch_before, local_before) = before.unzip();
    let extending = match &args.with {
        Some(file) => Some(Extending::load(file, &context, global, launch_before.as_ref())?),
        None => None,
    };
    let (launch, variables, extend) = Extending::parts(extending, local_before.as_ref());
    let local = Local::settle(&args.limits, &context.project.settings, local_before.as_ref(), variables)?;
    let options = CompleteOptions {
        only: (!args.only.is_empty()).then(|| args.only.iter().map(|only| class(*only)).collect()),
        launch,
        extend,
        dry_run: args.dry_run,
        take_over: args.take_over,
    };
    let source = ComputeSource::Local(local.source);
    let output =
        if args.show_output { Some(TaskOutput::since(&context.manager.status(&sweep_dir)?)) } else { None };
    let completion = context.manager.complete(&sweep_dir, &source, options)?;
    let id = sweep_name(&sweep_dir);
    say(&completion, console);
    if completion.queued.is_empty() {
        console.say(&format!("{id}: there is nothing to run"));
        return Ok(Exit::Success);
    }
    let tasks = counted(u128::from(completion.queued.len()), "task", "tasks");
    if args.dry_run {
        console.data(&format!("{id}: {tasks} would run: {}\n", ranges(&completion.queued)))?;
        return Ok(Exit::Success);
    }
    console.say(&format!("{id}: {tasks} ({}), {}", ranges(&completion.queued), local.note));
    if args.detach {
        console.say(&format!("it runs in the background; `hsm monitor {id}` follows it"));
        return Ok(Exit::Success);
    }
    let followed = follow::until_the_end(&context, &sweep_dir, OnInterrupt::Stop, output)?;
    followed.summarize(&context, Some(&completion.queued))
}

/// The file that a sweep is extended with.
struct Extending {
    start: Start,
    extension: Extension,
}

impl Extending {
    fn load(
        file: &Path,
        context: &Context,
        global: &GlobalArgs,
        before: Option<&Launch>,
    ) -> Result<Self, Problem> {
        let root = &context.project.root;
        let definition = Definition::load(Some(file), root, context.console)?;
        let group = before.and_then(|launch| launch.group.as_deref());
        let start = Start::settle(&definition.sweep, &context.project, group)?;
        let points = PointSource::open(&definition.sweep, global, root, None)?;
        let extension =
            Extension { points: points.points()?, definition: definition.text, plugins: points.plugins() };
        Ok(Self { start, extension })
    }

    /// What goes into the options: without a file, everything stays as it was.
    fn parts(
        extending: Option<Self>,
        before: Option<&LocalSource>,
    ) -> (Option<Launch>, Vec<(String, String)>, Option<Extension>) {
        match extending {
            Some(Self { start, extension }) => (Some(start.launch), start.variables, Some(extension)),
            None => (None, before.map(|before| before.environment.clone()).unwrap_or_default(), None),
        }
    }
}

fn class(only: Only) -> TaskClass {
    match only {
        Only::Failed => TaskClass::Failed,
        Only::Timeout => TaskClass::Timeout,
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

/// `1-3,7`
pub fn ranges(tasks: &TaskSet) -> String {
    let text =
        |(first, last): (u64, u64)| if first == last { first.to_string() } else { format!("{first}-{last}") };
    let ranges: Vec<String> = tasks.ranges().map(text).collect();
    ranges.join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tasks_are_shown_as_ranges() {
        let tasks: TaskSet = [1, 2, 3, 7, 9, 10].into_iter().collect();
        assert_eq!(ranges(&tasks), "1-3,7,9-10");
    }
}
