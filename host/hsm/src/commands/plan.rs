//! `hsm plan`, and `hsm run --dry-run`: what a sweep would run. It creates nothing and starts nothing but a generator in its sandbox.

use super::plan_text::{self, Overview};
use super::submission::{self, SubmissionJson};
use crate::args::{GlobalArgs, PlanArgs, SourceArgs};
use crate::context::Context;
use crate::launch::Start;
use crate::output::{Console, counted, escape, shell_line};
use crate::report::{Exit, Problem};
use crate::source::{Asked, Chosen, Preflight};
use crate::space::PointSource;
use crate::sweep_file::Definition;
use hsm_core::plan::PlannedTask;
use hsm_core::sweep_id::SweepId;
use serde::Serialize;
use serde_json::value::RawValue;
use std::path::PathBuf;

/// How many tasks are shown to people, beside the last.
const SHOWN_TASKS: u64 = 3;
/// How many tasks are shown to programs, unless they ask for more.
const LISTED_TASKS: u64 = 10;

/// What a sweep would run.
#[derive(Debug)]
pub struct Planned {
    /// Its definition.
    pub definition: Definition,
    /// How its points become commands.
    pub start: Start,
    /// Its points.
    pub points: PointSource,
}

impl Planned {
    /// Reads and settles everything, as `hsm run` does.
    ///
    /// # Errors
    /// When the sweep file, its script or its generator cannot be used.
    pub fn load(
        source: &SourceArgs,
        asked: &Asked<'_>,
        context: &Context,
        global: &GlobalArgs,
    ) -> Result<Self, Problem> {
        let root = &context.project.root;
        let definition = Definition::load(source.file().map(PathBuf::as_path), root, context.console)?;
        let (group, elsewhere) = (source.group.as_deref(), asked.stays_elsewhere(None));
        let start = Start::settle(&definition.sweep, &context.project, group, elsewhere)?;
        let points = PointSource::open(&definition.sweep, global, root, source.max_runs)?;
        Ok(Self { definition, start, points })
    }

    /// What is to be expected of handing the sweep to a scheduler.
    ///
    /// # Errors
    /// When the points cannot be made, or the scheduler could never grant the request.
    pub fn look_ahead(
        &self,
        asked: &Asked<'_>,
        chosen: &mut Chosen,
        context: &Context,
        named: Option<&SweepId>,
    ) -> Result<Preflight, Problem> {
        let tasks = u64::try_from(self.points.count()?).unwrap_or(u64::MAX);
        let fresh = || context.fresh_ids().next();
        let Some(sweep_id) = named.cloned().or_else(fresh) else { return Ok(Preflight::default()) };
        Preflight::look(asked, chosen, context, &self.start.launch, &sweep_id, tasks)
    }
}

/// Shows the plan.
///
/// # Errors
/// When there is none, or standard output cannot be written to.
pub fn run(args: &PlanArgs, global: &GlobalArgs, console: Console) -> Result<Exit, Problem> {
    let context = Context::find_or_here(global, console)?;
    let asked = Asked { mode: args.mode, limits: &args.limits, batch: &args.batch };
    let planned = Planned::load(&args.source, &asked, &context, global)?;
    if args.count_only {
        console.data(&format!("{}\n", planned.points.count()?))?;
        return Ok(Exit::Success);
    }
    let commands = Commands::new(&planned, &context, args.source.sweep_id.as_deref())?;
    let selection = Selection::of(args, planned.points.count()?)?;
    let sent = would_be_sent(args, &context, global, &planned)?;
    if args.json {
        return json(&planned, &commands, &selection, sent.as_ref(), console);
    }
    text(&planned, &commands, &selection, console)?;
    if let Some((chosen, flight)) = &sent {
        flight.say(console);
        console.data(&submission::text(chosen, flight))?;
    }
    Ok(Exit::Success)
}

/// What a scheduler would be sent, where one is meant.
fn would_be_sent(
    args: &PlanArgs,
    context: &Context,
    global: &GlobalArgs,
    planned: &Planned,
) -> Result<Option<(Chosen, Preflight)>, Problem> {
    let asked = Asked { mode: args.mode, limits: &args.limits, batch: &args.batch };
    if !asked.means_a_scheduler() && !asked.is_elsewhere() {
        return Ok(None);
    }
    let mut chosen = asked.settle(context, global, None, planned.start.variables.clone())?;
    let named = args.source.sweep_id.as_deref().map(SweepId::new).transpose()?;
    let flight = planned.look_ahead(&asked, &mut chosen, context, named.as_ref())?;
    Ok(Some((chosen, flight)))
}

/// Shows the plan as `hsm plan` without options does, and what a scheduler would be `sent`.
///
/// # Errors
/// As [`run`].
pub fn dry_run(
    planned: &Planned,
    context: &Context,
    source: &SourceArgs,
    sent: Option<(Chosen, Preflight)>,
) -> Result<Exit, Problem> {
    let commands = Commands::new(planned, context, source.sweep_id.as_deref())?;
    let selection =
        Selection { count: planned.points.count()?, tasks: Tasks::First(SHOWN_TASKS), last: true };
    text(planned, &commands, &selection, context.console)?;
    if let Some((chosen, flight)) = &sent {
        flight.say(context.console);
        context.console.data(&submission::text(chosen, flight))?;
    }
    Ok(Exit::Success)
}

/// Which tasks are shown.
struct Selection {
    count: u128,
    tasks: Tasks,
    last: bool,
}

enum Tasks {
    First(u64),
    One(u64),
}

impl Selection {
    fn of(args: &PlanArgs, count: u128) -> Result<Self, Problem> {
        let tasks = match (args.task, args.all, args.first) {
            (Some(task), _, _) if u128::from(task) > count => {
                let there = counted(count, "task", "tasks");
                return Err(Problem::new(
                    Exit::Configuration,
                    format!("there is no task {task}: the sweep has {there}"),
                ));
            }
            (Some(task), _, _) => Tasks::One(task),
            (None, true, _) => Tasks::First(u64::MAX),
            (None, false, Some(first)) => Tasks::First(first),
            (None, false, None) => Tasks::First(if args.json { LISTED_TASKS } else { SHOWN_TASKS }),
        };
        Ok(Self { count, last: matches!(tasks, Tasks::First(_)), tasks })
    }

    fn of_points(
        &self,
        points: &PointSource,
    ) -> Result<Box<dyn Iterator<Item = Result<PlannedTask, Problem>>>, Problem> {
        Ok(match self.tasks {
            Tasks::First(count) => Box::new(points.first(count)?),
            Tasks::One(task) => Box::new(points.task(task)?.map(Ok).into_iter()),
        })
    }
}

/// The commands of tasks, as they would run under one sweep id.
struct Commands<'a> {
    start: &'a Start,
    sweep_id: SweepId,
    id_is_given: bool,
    sweep_dir: PathBuf,
}

impl<'a> Commands<'a> {
    fn new(planned: &'a Planned, context: &Context, sweep_id: Option<&str>) -> Result<Self, Problem> {
        let given = sweep_id.map(SweepId::new).transpose()?;
        let id_is_given = given.is_some();
        let sweep_id = match given.or_else(|| context.fresh_ids().next()) {
            Some(id) => id,
            None => return Err(Problem::new(Exit::General, "all sweep ids of this second are taken")),
        };
        let sweep_dir = context.manager.sweep_dir(&sweep_id);
        Ok(Self { start: &planned.start, sweep_id, id_is_given, sweep_dir })
    }

    fn argv(&self, planned: &PlannedTask) -> Result<Vec<String>, Problem> {
        let task_dir = hsm_engine::SweepDir::new(&self.sweep_dir).task(planned.task);
        Ok(self.start.launch.argv(&self.sweep_id, planned.task, &task_dir, &planned.point)?)
    }
}

#[derive(Serialize)]
struct TaskJson {
    task: u64,
    id: String,
    params: Box<RawValue>,
    argv: Vec<String>,
}

fn json(
    planned: &Planned,
    commands: &Commands<'_>,
    selection: &Selection,
    sent: Option<&(Chosen, Preflight)>,
    console: Console,
) -> Result<Exit, Problem> {
    // The first task that fails ends the list; what fails first is what the user has to hear of.
    let mut failed = None;
    let tasks = selection.of_points(&planned.points)?.map_while(|planned| {
        let made = planned.and_then(|planned| {
            let params = RawValue::from_string(planned.point.to_params_json()).map_err(|error| {
                Problem::new(Exit::General, format!("task {} is no JSON: {error}", planned.task))
            })?;
            Ok(TaskJson {
                task: planned.task,
                id: planned.id.to_string(),
                params,
                argv: commands.argv(&planned)?,
            })
        });
        made.map_err(|problem| failed = Some(problem)).ok()
    });
    let submission = sent.and_then(|(chosen, flight)| SubmissionJson::of(chosen, flight));
    let mut head: Vec<(&str, &dyn crate::output::Field)> = vec![("format", &1), ("count", &selection.count)];
    if submission.is_some() {
        head.push(("submission", &submission));
    }
    console.json_list(&head, "tasks", tasks)?;
    failed.map_or(Ok(Exit::Success), Err)
}

fn text(
    planned: &Planned,
    commands: &Commands<'_>,
    selection: &Selection,
    console: Console,
) -> Result<Exit, Problem> {
    planned.start.notes.iter().for_each(|note| console.say(&format!("note: {note}")));
    if let Tasks::First(_) = selection.tasks {
        console.data(&plan_text::overview(&Overview::of(planned, selection.count)))?;
    }
    let mut shown = 0;
    let mut names_the_id = false;
    for task in selection.of_points(&planned.points)? {
        let task = task?;
        shown = task.task;
        let text = command_text(&task, commands)?;
        names_the_id |= text.contains(commands.sweep_id.as_str());
        console.data(&text)?;
    }
    if selection.last {
        last_task(planned, commands, selection.count, shown, console)?;
    }
    if names_the_id && !commands.id_is_given {
        console.say("note: the sweep's id is made when it runs; `--sweep-id ID` settles it now");
    }
    Ok(Exit::Success)
}

fn last_task(
    planned: &Planned,
    commands: &Commands<'_>,
    count: u128,
    shown: u64,
    console: Console,
) -> Result<(), Problem> {
    let Ok(last) = u64::try_from(count) else { return Ok(()) };
    if last <= shown {
        return Ok(());
    }
    if let Some(task) = planned.points.task(last)? {
        if last > shown + 1 {
            console.data("\n…\n")?;
        }
        console.data(&command_text(&task, commands)?)?;
    }
    Ok(())
}

fn command_text(planned: &PlannedTask, commands: &Commands<'_>) -> Result<String, Problem> {
    Ok(format!("\ntask {}\n  {}\n", planned.task, escape(&shell_line(&commands.argv(planned)?))))
}

impl<'a> Overview<'a> {
    fn of(planned: &'a Planned, count: u128) -> Self {
        Self {
            file: planned.definition.path.display().to_string(),
            description: planned.definition.description(),
            generator: planned.points.generator_name(),
            factors: planned.points.factors(),
            count,
        }
    }
}
