//! `hsm run`: creates a sweep, starts its driver in the background, and follows it.

use super::follow;
use super::plan::{self, Planned};
use super::task_output::TaskOutput;
use crate::args::{GlobalArgs, RunArgs};
use crate::context::Context;
use crate::output::{Console, counted};
use crate::report::{Exit, Problem};
use crate::source::{Asked, Chosen};
use hsm_core::sweep_id::SweepId;
use hsm_engine::{JobId, SubmitOptions};
use std::path::Path;

/// Runs the sweep.
///
/// # Errors
/// When it cannot be created or started; once it runs, only when it cannot be followed.
pub fn run(args: &RunArgs, global: &GlobalArgs, console: Console) -> Result<Exit, Problem> {
    let named = args.source.sweep_id.as_deref().map(SweepId::new).transpose()?;
    let context = Context::find_or_here(global, console)?;
    let asked = Asked { mode: args.mode, limits: &args.limits, batch: &args.batch };
    let planned = Planned::load(&args.source, &asked, &context, global)?;
    if args.count_only {
        console.data(&format!("{}\n", planned.points.count()?))?;
        return Ok(Exit::Success);
    }
    let mut chosen = asked.settle(&context, global, None, planned.start.variables.clone())?;
    let hands_over = chosen.source.batches().next().is_some();
    let flight = if hands_over {
        Some(planned.look_ahead(&asked, &mut chosen, &context, named.as_ref())?)
    } else {
        None
    };
    if args.dry_run {
        return plan::dry_run(&planned, &context, &args.source, flight.map(|flight| (chosen, flight)));
    }
    planned.start.notes.iter().for_each(|note| console.say(&format!("note: {note}")));
    if let Some(flight) = flight {
        flight.consent(args.batch.yes, console)?;
    }
    let jobs = submit(&planned, &context, &chosen, named, args.source.max_runs)?;
    let Some(sweep_dir) = jobs.first().map(JobId::sweep_dir) else { return Ok(Exit::Success) };
    let id = sweep_name(sweep_dir);
    console.say(&format!("{id}: {}, {}", counted(jobs.len() as u128, "task", "tasks"), chosen.note));
    if args.detach {
        console.data(&format!("{id}\n"))?;
        console.say(&format!("it runs in the background; `hsm monitor {id}` follows it"));
        return Ok(Exit::Success);
    }
    let output = args.show_output.then(|| TaskOutput::new(sweep_dir));
    let followed = follow::until_the_end(&context, sweep_dir, follow::on_interrupt(&chosen.source), output)?;
    followed.summarize(&context, None)
}

/// Creates the sweep under the id that was asked for, or under the first that is free.
fn submit(
    planned: &Planned,
    context: &Context,
    chosen: &Chosen,
    named: Option<SweepId>,
    max_runs: Option<u64>,
) -> Result<Vec<JobId>, Problem> {
    let asked = context.manager.take_asked();
    let submit = |id: &SweepId| -> Result<Result<Vec<JobId>, hsm_engine::Error>, Problem> {
        let options = SubmitOptions {
            launch: planned.start.launch.clone(),
            definition: planned.definition.text.clone(),
            max_runs,
            plugins: planned.points.plugins(),
            asked: asked.clone(),
        };
        let sweep_dir = context.manager.sweep_dir(id);
        Ok(context.manager.submit_sweep(planned.points.points()?, &chosen.source, id, &sweep_dir, options))
    };
    if let Some(id) = named {
        return Ok(submit(&id)??);
    }
    for id in context.fresh_ids() {
        match submit(&id)? {
            Err(error) if error.is_already_there() => {}
            submitted => return Ok(submitted?),
        }
    }
    Err(Problem::new(Exit::General, "all sweep ids of this second are taken")
        .with_hint("name one: `--sweep-id ID`"))
}

/// A sweep is called like its folder.
pub fn sweep_name(sweep_dir: &Path) -> String {
    sweep_dir.file_name().unwrap_or_default().to_string_lossy().into_owned()
}
