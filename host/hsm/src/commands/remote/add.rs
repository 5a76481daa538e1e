//! `hsm remote add`: writes a machine into the project's settings file, which keeps everything else that is in it.

use super::machines::Machine;
use crate::args::{AddRemoteArgs, KeyValue};
use crate::commands::init;
use crate::environment;
use crate::output::Console;
use crate::project::{self, Project};
use crate::report::{Exit, Problem};
use crate::settings_file::SettingsFile;
use hsm_core::roles::Failure;
use hsm_core::settings::{Backend, HostName, Written, with_remote};
use hsm_core::suggest;
use hsm_engine::SshDestination;
use hsm_plugin::trust::Lock;
use serde_json::Value;
use std::path::{Path, PathBuf};

/// What this machine is called as a source of a sweep.
const HERE: &str = "local";

/// Adds the machine.
///
/// # Errors
/// When the settings have one of that name, cannot be used or cannot be changed.
pub fn run(args: &AddRemoteArgs, console: Console) -> Result<Exit, Problem> {
    if args.name.as_str() == HERE {
        let message = format!("`{HERE}` is what this machine is called, and cannot be the name of another");
        return Err(Problem::new(Exit::Configuration, message).with_hint("choose another name"));
    }
    let file = settings_file()?;
    let (before, root) = match &file {
        Some(_) => {
            let project = Project::find(console)?;
            (Machine::of(&project), project.root)
        }
        None => (Vec::new(), environment::current_folder()?),
    };
    check_backend(&args.backend, &root)?;
    let keys = keys(args)?;
    let path = match file {
        Some(file) => {
            file.replace(&with_remote(file.text(), &file.shown(), &args.name, &keys)?)?;
            file.shown()
        }
        None => {
            let path = root.join(".hsm/config.yaml");
            let text = init::settings(&root)?;
            let shown = path.display().to_string();
            SettingsFile::create(&path, &with_remote(&text, &shown, &args.name, &keys)?)?;
            shown
        }
    };
    console.say(&format!("added `{}` to `{path}`", args.name));
    say_destination(args, &before, console);
    Ok(Exit::Success)
}

/// The settings file that counts, where there is one.
fn settings_file() -> Result<Option<SettingsFile>, Problem> {
    match project::settings_path() {
        Ok(path) => SettingsFile::open(&path).map(Some),
        Err(problem) if problem.exit == Exit::NotFound => Ok(None),
        Err(problem) => Err(problem),
    }
}

/// A name that is no built-in backend is that of a plugin, which has to be there.
fn check_backend(backend: &Backend, root: &Path) -> Result<(), Problem> {
    let Backend::Plugin(name) = backend else { return Ok(()) };
    let lock = Lock::read(root).map_err(|error| Problem::from(Failure::from(error)))?;
    let plugins: Vec<&str> = lock.entries().map(|entry| entry.name.as_str()).collect();
    if plugins.contains(&name.as_str()) {
        return Ok(());
    }
    let known = ["ssh", "slurm", "pbs"].into_iter().chain(plugins);
    let hint = suggest::did_you_mean(name, known)
        .unwrap_or_else(|| "use `ssh`, `slurm` or `pbs`, or add the plugin with `hsm plugin add`".to_owned());
    Err(Problem::new(
        Exit::Configuration,
        format!("`--backend {name}` is neither built in nor a plugin of this project"),
    )
    .with_hint(hint))
}

/// What was asked for, as the settings file calls it.
fn keys(args: &AddRemoteArgs) -> Result<Vec<(&'static str, Written)>, Problem> {
    let text = |text: &str| Written::Text(text.to_owned());
    let number = |number: u32| Written::Word(number.to_string());
    let given = |key, value: &Option<String>| value.as_deref().map(|value| (key, text(value)));
    let list = |key, items: Vec<Written>| (!items.is_empty()).then_some((key, Written::List(items)));
    let key_file = args.key.as_deref().map(absolute).transpose()?;
    let keys = [
        Some(("backend", text(args.backend.as_str()))),
        Some(("host", text(args.host.as_ref().unwrap_or(&args.name).as_str()))),
        args.port.map(|port| ("ssh_port", number(port.into()))),
        given("ssh_key", &key_file),
        given("remote_root", &args.root),
        args.max_parallel_jobs.map(|most| ("max_parallel_jobs", number(most))),
        list("gpus", args.gpus.iter().copied().map(number).collect()),
        given("conda_env", &args.conda_env),
        given("python_path", &args.python),
        given("workdir", &args.workdir),
        given("archive_dir", &args.archive_dir),
        given("archive_on", &args.archive_on),
        list("qos_whitelist", args.qos_whitelist.iter().map(|name| text(name)).collect()),
        args.keep_remote_on_success.map(|keep| ("keep_remote_on_success", Written::Word(keep.to_string()))),
        spec(&args.spec)?.map(|spec| ("spec", spec)),
        list("rsync_excludes", args.exclude.iter().map(|pattern| text(pattern)).collect()),
        args.gitignore.then(|| ("gitignore", Written::Word("true".to_owned()))),
        args.disabled.then(|| ("enabled", Written::Word("false".to_owned()))),
    ];
    Ok(keys.into_iter().flatten().collect())
}

/// What each task asks for, as a map of plain values.
fn spec(asked: &[KeyValue]) -> Result<Option<Written>, Problem> {
    let mut entries: Vec<(String, Written)> = Vec::new();
    for KeyValue { key, value } in asked {
        let written = match value {
            Value::String(text) => Written::Text(text.clone()),
            Value::Number(_) | Value::Bool(_) => Written::Word(value.to_string()),
            _ => return Err(bad_spec(key, "is no plain value")),
        };
        if key.contains('.') {
            return Err(bad_spec(key, "is no key: there are no maps within `spec`"));
        }
        if entries.iter().any(|(other, _)| other == key) {
            return Err(bad_spec(key, "is given twice"));
        }
        entries.push((key.clone(), written));
    }
    Ok((!entries.is_empty()).then_some(Written::Map(entries)))
}

fn bad_spec(key: &str, why: &str) -> Problem {
    Problem::new(Exit::Configuration, format!("`--spec`: `{key}` {why}"))
        .with_hint("write for example `--spec mem=16G --spec cpus_per_task=4`")
}

/// A file that was typed, wherever hsm is started later on.
fn absolute(file: &str) -> Result<String, Problem> {
    let path = PathBuf::from(file);
    if file.starts_with('~') || path.is_absolute() {
        return Ok(file.to_owned());
    }
    Ok(environment::current_folder()?.join(path).display().to_string())
}

/// Says what ssh makes of the name, and which of the other machines is the same.
fn say_destination(args: &AddRemoteArgs, before: &[Machine], console: Console) {
    let host: &HostName = args.host.as_ref().unwrap_or(&args.name);
    match SshDestination::find(host.as_str(), args.port) {
        Ok(destination) => {
            console.say(&format!("ssh would connect to {destination}"));
            for other in
                before.iter().filter(|other| other.destination().is_ok_and(|other| other == destination))
            {
                console.warn(&format!(
                    "`{}` is the same machine as `{}`: used together, each takes tasks as if it were alone there",
                    args.name, other.name
                ));
            }
        }
        Err(error) => console.warn(&format!("what ssh makes of `{host}` is not known: {error}")),
    }
}
