//! A scheduler as a compute source: what each task needs, and how tasks are handed in.

use super::Asked;
use crate::args::{BatchArgs, KeyValue, Mode};
use crate::environment;
use crate::report::{Exit, Problem};
use hsm_core::roles::Failure;
use hsm_core::scheduler::detect::BuiltIn;
use hsm_core::scheduler::resources::{Dialect, Request};
use hsm_core::settings::Settings;
use hsm_engine::{ArrayMode, BatchSource, Preview, Recording, SchedulerRef};
use hsm_plugin::trust::{Policy, Site};
use std::path::Path;
use std::time::Duration;

/// The source that was asked for: options over what the sweep had `before`, or else over the settings.
pub(super) fn settle(
    asked: &Asked<'_>,
    scheduler: SchedulerRef,
    settings: &Settings,
    before: Option<&BatchSource>,
    variables: Vec<(String, String)>,
) -> Result<BatchSource, Problem> {
    let built_in = BuiltIn::named(&scheduler.name).filter(|_| scheduler.is_built_in());
    let dialect = built_in.map_or(Dialect::Plain, BuiltIn::dialect);
    let mut source = match before.filter(|before| before.scheduler.name == scheduler.name) {
        Some(before) => BatchSource { scheduler, ..before.clone() },
        None => of_settings(scheduler, built_in, settings)?,
    };
    match asked.mode {
        Mode::Array => source.mode = ArrayMode::Array,
        Mode::Individual => source.mode = ArrayMode::Individual,
        // As before, or an array.
        Mode::Auto | Mode::Local | Mode::Remote | Mode::Distributed => {}
    }
    if built_in == Some(BuiltIn::Slurm) {
        // How the environment is made ready is put right in the settings, for what runs again too.
        source.modules = settings.slurm.modules.clone().unwrap_or_default();
        source.pre_script = settings.slurm.pre_script.as_ref().map(|lines| lines.0.clone());
    }
    source.environment = variables;
    take_request(asked, dialect, settings, &mut source)?;
    take_options(asked.batch, &mut source)?;
    let policy = Policy::read(&Site::default()).map_err(Failure::from)?;
    source.site_poll_floor_ms = policy.poll_interval_s.map(|seconds| u64::from(seconds) * 1_000);
    Ok(source)
}

/// What the settings say of the scheduler.
fn of_settings(
    scheduler: SchedulerRef,
    built_in: Option<BuiltIn>,
    settings: &Settings,
) -> Result<BatchSource, Problem> {
    let mut source = BatchSource::new(scheduler);
    let request = match built_in {
        Some(BuiltIn::Slurm) => {
            source.elements_max = settings.slurm.max_array_size;
            Request::of_slurm(&settings.slurm)
        }
        Some(BuiltIn::Pbs) => {
            source.elements_max = settings.pbs.max_array_size;
            Request::of_pbs(&settings.pbs)
        }
        None => Ok(Request::default()),
    };
    let request = request.map_err(configuration)?;
    source.resources = request.resources;
    source.exclude_nodes = request.exclude_nodes;
    Ok(source)
}

/// Takes up what each task needs, as far as it was typed.
fn take_request(
    asked: &Asked<'_>,
    dialect: Dialect,
    settings: &Settings,
    source: &mut BatchSource,
) -> Result<(), Problem> {
    let text = asked.batch.resources.as_deref().unwrap_or_default();
    let typed = Request::parse(text, dialect).map_err(configuration)?;
    let below = Request {
        resources: std::mem::take(&mut source.resources),
        exclude_nodes: std::mem::take(&mut source.exclude_nodes),
    };
    let mut request = typed.over(below);
    if dialect == Dialect::Slurm {
        request.check_qos(settings.slurm.qos_whitelist.as_deref()).map_err(configuration)?;
    }
    if let Some(text) = &asked.limits.walltime {
        request.resources.walltime_s = Some(super::local::walltime(text)?);
    }
    for node in request.exclude_nodes.into_iter().chain(asked.batch.exclude.iter().cloned()) {
        if !source.exclude_nodes.contains(&node) {
            source.exclude_nodes.push(node);
        }
    }
    source.resources = request.resources;
    Ok(())
}

pub(super) fn take_options(options: &BatchArgs, source: &mut BatchSource) -> Result<(), Problem> {
    source.max_in_flight = options.max_in_flight.or(source.max_in_flight);
    source.tasks_per_job = options.tasks_per_job.unwrap_or(source.tasks_per_job);
    source.side_by_side = options.side_by_side.unwrap_or(source.side_by_side);
    source.nice = options.priority.or(source.nice);
    source.hold_after = options.hold_after.unwrap_or(source.hold_after);
    if source.side_by_side > source.tasks_per_job {
        let message = format!(
            "{} tasks cannot run side by side in jobs of {}",
            source.side_by_side, source.tasks_per_job
        );
        return Err(Problem::new(Exit::Configuration, message)
            .with_hint(format!("`--tasks-per-job {}` or more", source.side_by_side)));
    }
    if options.no_snapshot || !options.link.is_empty() {
        source.code.snapshot = !options.no_snapshot;
        source.code.links.clone_from(&options.link);
    }
    if let Some(seconds) = options.poll_interval {
        source.poll_floor_ms = Some(milliseconds(seconds)?);
    }
    if !options.scheduler_config.is_empty() {
        source.config = KeyValue::object(&options.scheduler_config).map_err(|name| {
            let message = format!("`--scheduler-config` gives `{name}` both a value and values below it");
            Problem::new(Exit::Configuration, message)
        })?;
    }
    source.record = options.record.as_deref().map(recording).transpose()?;
    Ok(())
}

/// The driver runs in another folder, and knows no home.
fn recording(folder: &Path) -> Result<Recording, Problem> {
    let folder = std::path::absolute(folder).map_err(|error| Problem::file("find", folder, &error))?;
    Ok(Recording { folder, home: environment::home().map(|home| home.display().to_string()) })
}

fn milliseconds(seconds: f64) -> Result<u64, Problem> {
    let duration = Duration::try_from_secs_f64(seconds).map_err(|_| {
        Problem::new(
            Exit::Configuration,
            format!("`--poll-interval` takes seconds, and {seconds} is no time"),
        )
        .with_hint("`--poll-interval 30` looks twice a minute at most")
    })?;
    Ok(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX))
}

fn configuration(failure: Failure) -> Problem {
    let example = || {
        "write `--mem=16G -c 4 --gpus=1`, or `select=1:ncpus=4:mem=16gb:ngpus=1,walltime=01:00:00`".to_owned()
    };
    let hint = failure.hint.or_else(|| (failure.code == "bad-resources").then(example));
    Problem { exit: Exit::Configuration, message: Some(failure.message), hint }
}

/// Where, in some words.
fn place_note(source: &BatchSource) -> String {
    let scheduler = &source.scheduler.name;
    let Some(remote) = &source.remote else { return format!("at {scheduler}") };
    match source.at_once() {
        Some(slots) if scheduler == hsm_engine::SLOTS => {
            format!("on {}, {slots} at once", remote.target.name)
        }
        _ => format!("at {scheduler} on {}", remote.target.name),
    }
}

/// Who, where, how many and how long, in one line.
pub(super) fn note(source: &BatchSource, preview: Option<&Preview>) -> String {
    let mut parts = vec![place_note(source)];
    let (resources, mut say) = (&source.resources, |text: String| parts.push(text));
    if let Some(preview) = preview {
        say(format!("as {}", preview.user));
    }
    let partition = if source.scheduler.name == "pbs" { "queue" } else { "partition" };
    for (what, name) in [
        (partition, &resources.partition),
        ("account", &resources.account),
        ("quality of service", &resources.qos),
    ] {
        name.iter().for_each(|name| say(format!("{what} {name}")));
    }
    if let Some(preview) = preview {
        let many = if source.mode == ArrayMode::Individual { "jobs" } else { "job arrays" };
        say(match preview.submissions {
            1 => "in 1 job".to_owned(),
            count => format!("in {count} {many}"),
        });
    }
    if source.tasks_per_job > 1 {
        say(format!("{} tasks an element", source.tasks_per_job));
    }
    if let Some(most) = source.max_in_flight {
        say(format!("{most} at once"));
    }
    match resources.walltime_s {
        Some(seconds) => {
            say(format!("at most {:02}:{:02}:{:02} each", seconds / 3600, seconds / 60 % 60, seconds % 60))
        }
        None => say("no walltime asked for".to_owned()),
    }
    parts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::LimitArgs;

    fn settled(
        batch: &BatchArgs,
        walltime: Option<&str>,
        before: Option<&BatchSource>,
    ) -> Result<BatchSource, Problem> {
        let text = "slurm:\n  partition: main\n  walltime: '01:00:00'\n  gpus: 1\n  gpu_type: a100\n  qos_whitelist: [normal]\n\
                    pbs:\n  queue: long\n  default_resources: select=1:ncpus=4\n";
        let settings = Settings::parse(text, "config.yaml").unwrap().value;
        let limits = LimitArgs { walltime: walltime.map(str::to_owned), ..LimitArgs::default() };
        let asked = Asked { mode: Mode::Auto, limits: &limits, batch };
        let name = batch.scheduler.as_deref().unwrap_or("slurm");
        settle(&asked, SchedulerRef::built_in(name), &settings, before, Vec::new())
    }

    fn typed(resources: &str) -> BatchArgs {
        BatchArgs { resources: Some(resources.to_owned()), ..BatchArgs::default() }
    }

    #[test]
    fn options_go_over_what_was_and_that_over_settings() {
        let first = settled(&BatchArgs::default(), None, None).unwrap();
        assert_eq!(note(&first, None), "at slurm, partition main, at most 01:00:00 each");
        let other =
            BatchArgs { max_in_flight: Some(5), exclude: vec!["n1".into()], ..typed("-p gpu --mem=2G") };
        let second = settled(&other, Some("00:10:00"), Some(&first)).unwrap();
        assert_eq!(note(&second, None), "at slurm, partition gpu, 5 at once, at most 00:10:00 each");
        assert_eq!((second.resources.memory_mib, second.resources.gpus), (Some(2048), Some(1)));
        let third = settled(
            &BatchArgs { exclude: vec!["n1".into(), "n2".into()], ..BatchArgs::default() },
            None,
            Some(&second),
        )
        .unwrap();
        assert_eq!(third.resources, second.resources);
        assert_eq!(third.exclude_nodes, ["n1", "n2"]);
        let pbs = BatchArgs { scheduler: Some("pbs".into()), ..BatchArgs::default() };
        let other_place = settled(&pbs, None, Some(&second)).unwrap();
        assert_eq!(note(&other_place, None), "at pbs, queue long, no walltime asked for");
        assert_eq!(other_place.resources.cpus, Some(4));
    }

    #[test]
    fn slips_are_told_before_anything_is_sent() {
        let refused = |batch: BatchArgs| {
            let problem = settled(&batch, None, None).expect_err("a slip");
            assert_eq!(problem.exit, Exit::Configuration);
            format!("{} | {}", problem.message.unwrap_or_default(), problem.hint.unwrap_or_default())
        };
        let pbs = |text: &str| BatchArgs { scheduler: Some("pbs".into()), ..typed(text) };
        let said = [
            refused(typed("--meme=16G")),
            refused(typed("--mem=16Q")),
            refused(typed("--qos=nromal")),
            refused(pbs("select=1:ncpsu=4")),
            refused(pbs("select=1:ncpus=4:mem=16Q")),
            refused(BatchArgs { side_by_side: Some(4), ..BatchArgs::default() }),
            refused(BatchArgs { poll_interval: Some(-1.0), ..BatchArgs::default() }),
        ];
        insta::assert_snapshot!(said.join("\n"), @r"
        column 1 of the resources: `--meme` is no option that resources can have | did you mean `--mem`?
        column 7 of the resources: `16Q` is not an amount of memory such as `16G` or `512M` | write `--mem=16G -c 4 --gpus=1`, or `select=1:ncpus=4:mem=16gb:ngpus=1,walltime=01:00:00`
        the quality of service `nromal` is not in `slurm.qos_whitelist`, which has `normal` | did you mean `normal`?
        column 10 of the resources: PBS has no resource `ncpsu` | did you mean `ncpus`?
        column 22 of the resources: `16Q` is not an amount of memory such as `16G` or `512M` | write `--mem=16G -c 4 --gpus=1`, or `select=1:ncpus=4:mem=16gb:ngpus=1,walltime=01:00:00`
        4 tasks cannot run side by side in jobs of 1 | `--tasks-per-job 4` or more
        `--poll-interval` takes seconds, and -1 is no time | `--poll-interval 30` looks twice a minute at most
        ");
    }
}
