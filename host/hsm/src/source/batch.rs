//! A scheduler as a compute source.

use super::{Asked, Chosen};
use crate::args::GlobalArgs;
use crate::context::Context;
use crate::report::{Exit, Problem};
use hsm_core::scheduler::Resources;
use hsm_core::settings::{Settings, Walltime};
use hsm_engine::{ArrayMode, BatchSource, ComputeSource, SchedulerRef};

/// What the host speaks itself.
const BUILT_IN: [&str; 2] = ["slurm", "pbs"];

/// The scheduler that was asked for, with its settings.
///
/// # Errors
/// When there is none, or a limit is none.
pub(super) fn settle(
    asked: &Asked<'_>,
    mode: ArrayMode,
    context: &Context,
    global: &GlobalArgs,
    before: Option<&BatchSource>,
    variables: Vec<(String, String)>,
) -> Result<Chosen, Problem> {
    let settings = &context.project.settings;
    let scheduler = scheduler(asked, context, global, before)?;
    let mut source = before.filter(|before| before.scheduler == scheduler).cloned().unwrap_or_else(|| {
        let mut source = BatchSource::new(scheduler.clone());
        take_settings(&mut source, settings);
        source
    });
    source.mode = mode;
    source.environment = variables;
    if let Some(text) = &asked.limits.walltime {
        source.resources.walltime_s = Some(super::local::walltime(text)?);
    }
    let options = asked.batch;
    source.max_in_flight = options.max_in_flight.or(source.max_in_flight);
    source.tasks_per_job = options.tasks_per_job.unwrap_or(source.tasks_per_job);
    source.side_by_side = options.side_by_side.unwrap_or(source.side_by_side);
    source.nice = options.priority.or(source.nice);
    source.hold_after = options.hold_after.unwrap_or(source.hold_after);
    source.record.clone_from(&options.record);
    source.exclude_nodes.extend(options.exclude.iter().cloned());
    if let Some(seconds) = options.poll_interval {
        source.poll_floor_ms = Some(milliseconds(seconds)?);
    }
    let note = note(&source);
    Ok(Chosen { source: ComputeSource::Batch(Box::new(source)), note })
}

fn scheduler(
    asked: &Asked<'_>,
    context: &Context,
    global: &GlobalArgs,
    before: Option<&BatchSource>,
) -> Result<SchedulerRef, Problem> {
    let named = asked.batch.scheduler.as_deref().or(global.plugin.as_deref());
    let Some(name) = named else {
        return before.map(|before| before.scheduler.clone()).ok_or_else(|| {
            Problem::new(Exit::Configuration, "which scheduler to use is not said")
                .with_hint("`--scheduler slurm`")
        });
    };
    if BUILT_IN.contains(&name) {
        return Ok(SchedulerRef::built_in(name));
    }
    let roles = crate::plugins::roles(global, context.project.root.clone(), &context.project.root)?;
    let loaded = roles.scheduler(name, None)?;
    Ok(SchedulerRef { name: loaded.name, reference: name.to_owned(), digest: loaded.digest })
}

/// What the settings say of the scheduler.
fn take_settings(source: &mut BatchSource, settings: &Settings) {
    let slurm = &settings.slurm;
    source.resources = Resources {
        walltime_s: slurm.walltime.map(Walltime::as_seconds),
        cpus: slurm.cpus_per_task,
        gpus: slurm.gpus,
        partition: slurm.partition.clone(),
        qos: slurm.qos.clone(),
        account: slurm.account.clone(),
        ..Resources::default()
    };
    source.elements_max = slurm.max_array_size;
    source.modules = slurm.modules.clone().unwrap_or_default();
    source.pre_script = slurm.pre_script.as_ref().map(|lines| lines.0.clone());
}

fn milliseconds(seconds: f64) -> Result<u64, Problem> {
    let duration = std::time::Duration::try_from_secs_f64(seconds)
        .map_err(|error| Problem::new(Exit::Configuration, format!("`--poll-interval`: {error}")))?;
    Ok(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX))
}

/// Who, how many and how long, in one line.
fn note(source: &BatchSource) -> String {
    let mut note = source.scheduler.name.clone();
    if let Some(partition) = &source.resources.partition {
        note.push_str(&format!(", partition {partition}"));
    }
    if source.tasks_per_job > 1 {
        note.push_str(&format!(", {} tasks a job", source.tasks_per_job));
    }
    if let Some(most) = source.max_in_flight {
        note.push_str(&format!(", {most} at once"));
    }
    if let Some(seconds) = source.resources.walltime_s {
        note.push_str(&format!(
            ", at most {:02}:{:02}:{:02} each",
            seconds / 3600,
            seconds / 60 % 60,
            seconds % 60
        ));
    }
    note
}
