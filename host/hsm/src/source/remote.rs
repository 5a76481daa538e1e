//! Machines that are reached by ssh: which one is meant, what starts tasks there, and how many at once.

use super::{Asked, batch};
use crate::args::GlobalArgs;
use crate::context::{Context, links};
use crate::environment;
use crate::report::{Exit, Problem};
use hsm_core::scheduler::detect::BuiltIn;
use hsm_core::settings::{self, Backend, Distributed, Settings};
use hsm_core::suggest::closest;
use hsm_engine::{
    Archive, BatchSource, ComputeSource, GpuRequest, PoolSource, PythonThere, Remote, SLOTS, SchedulerRef,
    Target, is_ssh_alias, ssh_aliases,
};
use serde_json::json;

/// How many times its slots a machine of several is given tasks for: it goes on while nobody can reach it, and yet holds few.
const HELD_PER_SLOT: u32 = 2;
/// How many tasks a cluster of several holds where nobody says how many run there at once.
const HELD_BY_CLUSTER: u32 = 10;

/// A machine that is meant: as the settings have it, or an alias of the user's ssh configuration.
#[derive(Clone, Debug)]
struct Meant<'a> {
    name: &'a str,
    settings: settings::Remote,
}

/// The one machine that was named, or that there is.
///
/// # Errors
/// When nobody knows the name, or it could be one of several.
pub(super) fn settle(
    asked: &Asked<'_>,
    context: &Context,
    global: &GlobalArgs,
    before: Option<&BatchSource>,
) -> Result<BatchSource, Problem> {
    let settings = &context.project.settings;
    let name = match &asked.batch.remote {
        Some(name) => name.as_str(),
        None => match before.and_then(|before| before.remote.as_ref()) {
            Some(remote) => remote.target.name.as_str(),
            None => only_one(&settings.distributed)?,
        },
    };
    let meant = meant(name, &settings.distributed)?;
    let before = before.filter(|before| before.name() == name);
    source(&meant, asked, context, global, before)
}

/// All machines that are used, and this one.
///
/// # Errors
/// When there are none, or one of them cannot be used as the settings have it.
pub(super) fn settle_all(
    asked: &Asked<'_>,
    context: &Context,
    global: &GlobalArgs,
    before: Option<&ComputeSource>,
    variables: Vec<(String, String)>,
) -> Result<PoolSource, Problem> {
    let settings = &context.project.settings;
    let distributed = &settings.distributed;
    let used = used(distributed)?;
    let mut batches = Vec::new();
    for (name, remote) in used {
        let meant = Meant { name: name.as_str(), settings: remote.clone() };
        let before = before.and_then(|before| before.batches().find(|source| source.name() == name.as_str()));
        let mut source = source(&meant, asked, context, global, before)?;
        source.in_pool = true;
        source.hold_at_most = Some(match source.at_once() {
            Some(slots) => slots.saturating_mul(HELD_PER_SLOT),
            None => HELD_BY_CLUSTER,
        });
        batches.push(source);
    }
    let mut local = None;
    if distributed.local_max_jobs != Some(0) {
        let mut limits = asked.limits.clone();
        // `-p` is about each of the others; here, the settings may know better.
        limits.parallel_jobs = distributed.local_max_jobs.or(limits.parallel_jobs);
        let before = before.and_then(ComputeSource::local);
        local = Some(super::local::Local::settle(&limits, settings, before, variables)?.source);
    }
    Ok(PoolSource { strategy: distributed.strategy.unwrap_or_default(), local, batches })
}

/// Who shares the tasks, in one line.
pub(super) fn pool_note(pool: &PoolSource) -> String {
    let here = pool.local.iter().map(|local| format!("this machine ({} at once)", local.parallel));
    let others = pool.batches.iter().map(|source| match source.at_once() {
        Some(slots) => format!("{} ({slots} at once)", source.name()),
        None => format!("{} ({})", source.name(), source.scheduler.name),
    });
    let all: Vec<String> = here.chain(others).collect();
    format!("on {}", all.join(", "))
}

fn used(distributed: &Distributed) -> Result<Vec<&(settings::HostName, settings::Remote)>, Problem> {
    let nobody = |why: &str| {
        Problem::new(
            Exit::Configuration,
            format!("`--mode distributed` has no machine to share tasks with: {why}"),
        )
        .with_hint("`hsm remote add NAME HOST` registers one; `hsm remote list` shows those there are")
    };
    if distributed.enabled == Some(false) {
        return Err(nobody("`distributed.enabled` is `false`"));
    }
    let all = distributed.remotes.as_deref().unwrap_or_default();
    let used: Vec<_> = all.iter().filter(|(_, remote)| remote.enabled != Some(false)).collect();
    match (used.is_empty(), all.is_empty()) {
        (false, _) => Ok(used),
        (true, true) => Err(nobody("no machine is registered")),
        (true, false) => Err(nobody("every registered machine has `enabled: false`")),
    }
}

/// The machine that is meant where only one is registered.
fn only_one(distributed: &Distributed) -> Result<&str, Problem> {
    let names: Vec<&str> = distributed.remotes.iter().flatten().map(|(name, _)| name.as_str()).collect();
    match names.as_slice() {
        [only] => Ok(only),
        [] => Err(Problem::new(Exit::Configuration, "`--mode remote` does not say which machine").with_hint(
            "`--remote NAME`: an alias of `~/.ssh/config`, or one that `hsm remote add` registered",
        )),
        several => Err(Problem::new(
            Exit::Configuration,
            format!("`--mode remote` could mean {}", several.join(", ")),
        )
        .with_hint(format!("`--remote {}`, or `--mode distributed` for all of them", several[0]))),
    }
}

/// A registered machine, or an alias of the user's ssh configuration. Any other name would be taken for a host that nobody meant.
fn meant<'a>(name: &'a str, distributed: &Distributed) -> Result<Meant<'a>, Problem> {
    let registered = distributed.remotes.as_deref().unwrap_or_default();
    if let Some((_, remote)) = registered.iter().find(|(known, _)| known.as_str() == name) {
        return Ok(Meant { name, settings: remote.clone() });
    }
    let aliases = environment::home().map(|home| ssh_aliases(&home)).unwrap_or_default();
    if aliases.iter().any(|alias| alias == name) || is_ssh_alias(name, &links(false)?) {
        return Ok(Meant { name, settings: settings::Remote::default() });
    }
    let known = registered.iter().map(|(known, _)| known.as_str()).chain(aliases.iter().map(String::as_str));
    let message =
        format!("there is no machine `{name}`: it is neither registered nor an alias of `~/.ssh/config`");
    Err(Problem::new(Exit::Configuration, message).with_hint(match closest(name, known) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("`hsm remote add {name} HOST` registers it; `hsm remote list` shows those there are"),
    }))
}

/// The compute source that a machine is.
fn source(
    meant: &Meant<'_>,
    asked: &Asked<'_>,
    context: &Context,
    global: &GlobalArgs,
    before: Option<&BatchSource>,
) -> Result<BatchSource, Problem> {
    let project = &context.project;
    let distributed = &project.settings.distributed;
    let scheduler = backend(meant, asked, context, global, before)?;
    let slots = scheduler.is_built_in() && scheduler.name == SLOTS;
    let mut source = if slots {
        at_slots(meant, asked, scheduler, before)?
    } else {
        let settings = with_spec(&project.settings, &meant.settings);
        let mut source = batch::settle(asked, scheduler, &settings, before, Vec::new())?;
        source.max_in_flight =
            source.max_in_flight.or(asked.limits.parallel_jobs).or(meant.settings.max_parallel_jobs);
        source
    };
    source.remote = Some(remote(meant, distributed, &project.settings, &project.root, slots)?);
    let keep = meant.settings.keep_remote_on_success.or(distributed.keep_remote_on_success);
    source.discard = keep == Some(false);
    source.collect_every_s = distributed.collect_interval;
    Ok(source)
}

/// What starts tasks there: what was typed over what the settings say over hsm's own slots.
fn backend(
    meant: &Meant<'_>,
    asked: &Asked<'_>,
    context: &Context,
    global: &GlobalArgs,
    before: Option<&BatchSource>,
) -> Result<SchedulerRef, Problem> {
    if let Some(named) = super::scheduler::named(asked, context, global)? {
        return Ok(named);
    }
    Ok(match &meant.settings.backend {
        Some(Backend::Ssh) => SchedulerRef::built_in(SLOTS),
        Some(Backend::Slurm) => SchedulerRef::built_in(BuiltIn::Slurm.name()),
        Some(Backend::Pbs) => SchedulerRef::built_in(BuiltIn::Pbs.name()),
        Some(Backend::Plugin(name)) => super::scheduler::plugin(name, context, global)?,
        None => match before {
            Some(before) => before.scheduler.clone(),
            None if asked.means_a_scheduler() => {
                let message = format!("nobody said which scheduler `{}` has", meant.name);
                return Err(Problem::new(Exit::Configuration, message)
                    .with_hint("`--scheduler slurm`, or `backend: slurm` for it in the settings"));
            }
            None => SchedulerRef::built_in(SLOTS),
        },
    })
}

/// hsm's own slots there.
fn at_slots(
    meant: &Meant<'_>,
    asked: &Asked<'_>,
    scheduler: SchedulerRef,
    before: Option<&BatchSource>,
) -> Result<BatchSource, Problem> {
    if asked.means_a_scheduler() {
        let message =
            format!("`{}` has no scheduler: hsm's own slots run one task after another there", meant.name);
        return Err(Problem::new(Exit::Configuration, message).with_hint(
            "`backend: slurm` in its settings says that it has one; `--mode remote` uses the slots",
        ));
    }
    let mut source = before.cloned().unwrap_or_else(|| BatchSource::new(scheduler));
    let earlier = |key: &str| source.config.get(key).cloned();
    let gpus = match gpus(meant, asked)? {
        Some(gpus) => json!(gpus),
        None => earlier("gpus").unwrap_or_else(|| json!([])),
    };
    let count = gpus.as_array().map_or(0, Vec::len);
    let slots = asked
        .limits
        .parallel_jobs
        .or(meant.settings.max_parallel_jobs)
        .map(|slots| json!(slots))
        .or_else(|| earlier("slots"))
        .unwrap_or_else(|| json!(count.max(1)));
    source.config = json!({ "slots": slots, "gpus": gpus, "gpus_per_task": u32::from(count > 0) });
    source.resources.gpus = (count > 0).then_some(1);
    if let Some(text) = &asked.limits.walltime {
        source.resources.walltime_s = Some(super::local::walltime(text)?);
    }
    batch::take_options(asked.batch, &mut source)?;
    Ok(source)
}

/// The GPUs that tasks may use there, by index, where anybody says.
fn gpus(meant: &Meant<'_>, asked: &Asked<'_>) -> Result<Option<Vec<u32>>, Problem> {
    let Some(text) = &asked.limits.gpus else { return Ok(meant.settings.gpus.clone()) };
    let request =
        text.parse().map_err(|error| Problem::new(Exit::Configuration, format!("`--gpus`: {error}")))?;
    match request {
        GpuRequest::These(gpus) => Ok(Some(gpus)),
        GpuRequest::Cpu => Ok(Some(Vec::new())),
        GpuRequest::Unsaid => Ok(meant.settings.gpus.clone()),
        GpuRequest::All | GpuRequest::Count(_) => {
            let message = format!("`--gpus {text}` does not say which GPUs of `{}`", meant.name);
            Err(Problem::new(Exit::Configuration, message).with_hint(format!(
                "`hsm remote gpus {}` shows them; name them as in `--gpus 0,1`",
                meant.name
            )))
        }
    }
}

/// Everything else about the machine.
fn remote(
    meant: &Meant<'_>,
    distributed: &Distributed,
    settings: &Settings,
    project: &std::path::Path,
    slots: bool,
) -> Result<Remote, Problem> {
    let its = &meant.settings;
    let host = its.host.as_ref().map_or(meant.name, settings::HostName::as_str);
    let mut target = Target::new(meant.name, host);
    target.port = its.ssh_port;
    target.key = its.ssh_key.clone();
    let root = its.remote_root.as_ref().or(distributed.remote_root.as_ref());
    if let Some(root) = its.workdir.as_ref().filter(|_| !slots).or(root) {
        target.root.clone_from(root);
    }
    target.check()?;
    let python = match (&its.python_path, &its.conda_env) {
        (Some(python), _) => PythonThere::Interpreter(python.clone()),
        (None, Some(env)) => PythonThere::Conda(env.clone()),
        (None, None) => match (&distributed.python_path, &distributed.conda_env) {
            (Some(python), _) => PythonThere::Interpreter(python.clone()),
            (None, Some(env)) => PythonThere::Conda(env.clone()),
            // A path would be one of this machine.
            (None, None) => match settings.paths.conda_env.as_ref().filter(|env| !env.contains('/')) {
                Some(env) => PythonThere::Conda(env.clone()),
                None => PythonThere::Found,
            },
        },
    };
    let archive =
        its.archive_dir.as_ref().map(|folder| archive(folder, its.archive_on.as_deref(), meant.name));
    Ok(Remote {
        target,
        project: project.to_owned(),
        python,
        excludes: its
            .rsync_excludes
            .clone()
            .or_else(|| distributed.rsync_excludes.clone())
            .unwrap_or_default(),
        gitignore: its.gitignore.or(distributed.gitignore) == Some(true),
        archive: archive.transpose()?,
    })
}

fn archive(folder: &str, on: Option<&str>, name: &str) -> Result<Archive, Problem> {
    let always = match on {
        None | Some("success" | "completed") => false,
        Some("always" | "completion" | "end") => true,
        Some(other) => {
            let message = format!("`archive_on` of `{name}` is `{other}`");
            return Err(Problem::new(Exit::Configuration, message).with_hint(
                "`success` archives sweeps of which every task completed, `always` all that have ended",
            ));
        }
    };
    Ok(Archive { folder: folder.to_owned(), always })
}

/// The settings with what each task gets on that machine.
fn with_spec(settings: &Settings, its: &settings::Remote) -> Settings {
    let mut settings = settings.clone();
    if let Some(spec) = &its.spec {
        settings.slurm = spec.clone().over_slurm(settings.slurm);
    }
    if its.qos_whitelist.is_some() {
        settings.slurm.qos_whitelist.clone_from(&its.qos_whitelist);
    }
    settings
}
