//! Options of `sbatch`.

use super::words::{Word, list};
use super::{Dialect, Request};
use crate::failure::Failure;
use crate::scheduler::duration::seconds_of_slurm;
use crate::suggest::did_you_mean;

/// Options that become fields: long name and short name.
const FIELDS: &[(&str, &str)] = &[
    ("mem", ""),
    ("cpus-per-task", "c"),
    ("gres", ""),
    ("gpus", "G"),
    ("gpus-per-node", ""),
    ("gpus-per-task", ""),
    ("partition", "p"),
    ("account", "A"),
    ("qos", "q"),
    ("time", "t"),
    ("nodes", "N"),
    ("exclude", "x"),
];

/// Options with a value that go into the script as they are.
const PASSED_ON: &[(&str, &str)] = &[
    ("constraint", "C"),
    ("nodelist", "w"),
    ("ntasks", "n"),
    ("licenses", "L"),
    ("dependency", "d"),
    ("begin", "b"),
    ("distribution", "m"),
    ("extra-node-info", "B"),
    ("core-spec", "S"),
    ("mem-per-cpu", ""),
    ("mem-per-gpu", ""),
    ("cpus-per-gpu", ""),
    ("ntasks-per-node", ""),
    ("ntasks-per-gpu", ""),
    ("ntasks-per-core", ""),
    ("ntasks-per-socket", ""),
    ("sockets-per-node", ""),
    ("cores-per-socket", ""),
    ("threads-per-core", ""),
    ("gpu-bind", ""),
    ("gpu-freq", ""),
    ("cpu-freq", ""),
    ("tres-per-task", ""),
    ("reservation", ""),
    ("cluster-constraint", ""),
    ("prefer", ""),
    ("mail-type", ""),
    ("mail-user", ""),
    ("deadline", ""),
    ("signal", ""),
    ("switches", ""),
    ("tmp", ""),
    ("hint", ""),
    ("mem-bind", ""),
    ("export", ""),
    ("nice", ""),
    ("priority", ""),
    ("wckey", ""),
    ("profile", ""),
    ("propagate", ""),
    ("time-min", ""),
    ("bb", ""),
    ("delay-boot", ""),
    ("kill-on-invalid-dep", ""),
    ("network", ""),
    ("thread-spec", ""),
];

/// Options that may stand alone.
const ALONE: &[(&str, &str)] = &[
    ("exclusive", ""),
    ("oversubscribe", "s"),
    ("overcommit", "O"),
    ("hold", "H"),
    ("contiguous", ""),
    ("spread-job", ""),
    ("use-min-nodes", ""),
    ("reboot", ""),
    ("get-user-env", ""),
    ("nice", ""),
];

pub(super) fn read(words: &[Word], dialect: Dialect, request: &mut Request) -> Result<(), Failure> {
    let mut words = words.iter().peekable();
    while let Some(word) = words.next() {
        let (name, inline) = split(word)?;
        let known = |table: &[(&'static str, &str)]| {
            table
                .iter()
                .find(|(long, short)| name == *long || (!short.is_empty() && name == *short))
                .map(|(long, _)| *long)
        };
        let long = known(FIELDS).or_else(|| known(PASSED_ON));
        let alone = known(ALONE);
        let (Some(long), value) = (match (long, inline, alone) {
            (Some(long), Some(value), _) | (None, Some(value), Some(long)) => (Some(long), Some(value)),
            (_, None, Some(long)) => (Some(long), None),
            (Some(long), None, None) => match words.next_if(|next| !next.text.starts_with('-')) {
                Some(next) => (Some(long), Some(next.clone())),
                None => return Err(word.wrong(format_args!("`{}` needs a value", word.text))),
            },
            (None, _, None) => (None, None),
        }) else {
            return Err(unknown(word, &name));
        };
        match value {
            Some(value) if FIELDS.iter().any(|(field, _)| *field == long) => {
                field(long, &value, dialect, request)?
            }
            value => pass_on(word, long, value.as_ref(), dialect, request)?,
        }
    }
    Ok(())
}

/// The name of an option, and the value that stands in the same word: `--mem=16G`, `-c4`.
fn split(word: &Word) -> Result<(String, Option<Word>), Failure> {
    if let Some(long) = word.text.strip_prefix("--") {
        return Ok(match long.split_once('=') {
            Some((name, value)) => (name.to_owned(), Some(word.part(name.chars().count() + 3, value))),
            None => (long.to_owned(), None),
        });
    }
    let Some(short) = word.text.strip_prefix('-').filter(|short| !short.is_empty()) else {
        return Err(word
            .wrong(format_args!("`{}` is no option", word.text))
            .with_hint("options begin with `-` or `--`: `--mem=16G -c 4`"));
    };
    let mut characters = short.chars();
    let name = characters.next().map(String::from).unwrap_or_default();
    // `-mem 16G` is a slip for `--mem`, and not `-m` with the value `em`.
    if is_long(short) {
        return Err(word
            .wrong(format_args!("`{}` is no option", word.text))
            .with_hint(format!("did you mean `--{short}`?")));
    }
    let value = characters.as_str();
    let value = value.strip_prefix('=').unwrap_or(value);
    Ok((name, (!value.is_empty()).then(|| word.part(2, value))))
}

fn is_long(name: &str) -> bool {
    let name = name.split('=').next().unwrap_or(name);
    name.len() > 1 && all_names().any(|long| long == name)
}

fn all_names() -> impl Iterator<Item = &'static str> {
    [FIELDS, PASSED_ON, ALONE].into_iter().flatten().map(|(long, _)| *long)
}

fn unknown(word: &Word, name: &str) -> Failure {
    let written = if word.text.starts_with("--") { format!("--{name}") } else { format!("-{name}") };
    let failure = word.wrong(format_args!("`{written}` is no option that resources can have"));
    // With their dashes, short names are alike enough to be recognised.
    let names: Vec<String> = all_names().map(|name| format!("--{name}")).collect();
    let hint = did_you_mean(&format!("--{name}"), names.iter().map(String::as_str));
    failure.with_hint(
        hint.unwrap_or_else(|| {
            "`man sbatch` lists the options; arrays, names and logs are hsm's own".to_owned()
        }),
    )
}

fn field(name: &str, value: &Word, dialect: Dialect, request: &mut Request) -> Result<(), Failure> {
    let Request { resources, exclude_nodes } = request;
    let text = || -> Result<String, Failure> {
        if value.text.is_empty() {
            Err(value.wrong(format_args!("`--{name}` needs a value")))
        } else {
            Ok(value.text.clone())
        }
    };
    match name {
        // All of a node's memory, which no number says.
        "mem" if value.text == "0" && dialect == Dialect::Slurm => {
            resources.directives.push("--mem=0".to_owned())
        }
        "mem" => resources.memory_mib = Some(value.memory_mib()?),
        "cpus-per-task" => resources.cpus = Some(value.number("CPUs")?),
        "nodes" => resources.nodes = Some(value.number("nodes")?),
        "partition" => resources.partition = Some(text()?),
        "account" => resources.account = Some(text()?),
        "qos" => resources.qos = Some(text()?),
        "exclude" => exclude_nodes.extend(list(&text()?)),
        "time" => {
            let seconds = seconds_of_slurm(&value.text).filter(|seconds| *seconds > 0);
            let problem = || {
                value
                    .wrong(format_args!("`{}` is no time", value.text))
                    .with_hint("write `HH:MM:SS`, `D-HH:MM:SS` or minutes")
            };
            resources.walltime_s = Some(seconds.ok_or_else(problem)?);
        }
        _ => gpus(name, value, dialect, request)?,
    }
    Ok(())
}

/// `gpu:a100:2`, `gpu:2` and `gpu` of `--gres`; `a100:2` and `2` of the others.
fn gpus(name: &str, value: &Word, dialect: Dialect, request: &mut Request) -> Result<(), Failure> {
    let own = match name {
        "gres" => value
            .text
            .strip_prefix("gpu")
            .map(|rest| rest.strip_prefix(':').unwrap_or(if rest.is_empty() { "1" } else { "," })),
        _ => Some(value.text.as_str()),
    };
    let parts: Option<Vec<&str>> = own.filter(|own| !own.contains(',')).map(|own| own.split(':').collect());
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let (kind, count) = match parts.as_deref() {
        Some([count]) if is_number(count) => (None, *count),
        Some([kind]) if name == "gres" && !kind.is_empty() => (Some(*kind), "1"),
        Some([kind, count]) if !kind.is_empty() && is_number(count) => (Some(*kind), *count),
        Some([_, count, ..]) if own.is_some() && !is_number(count) => {
            return Err(value
                .wrong(format_args!("`{count}` is no number of GPUs"))
                .with_hint("write `gpu:2` or `gpu:a100:2`"));
        }
        // Other resources than GPUs, or GPUs of several kinds.
        _ if dialect == Dialect::Slurm && !value.text.is_empty() => {
            request.resources.directives.push(format!("--{name}={}", value.text));
            return Ok(());
        }
        _ => {
            return Err(value
                .wrong(format_args!("`{}` asks for no GPUs that this scheduler has words for", value.text)));
        }
    };
    request.resources.gpus = Some(value.part(0, count).number("GPUs")?);
    request.resources.gpu_type = kind.map(str::to_owned);
    Ok(())
}

fn pass_on(
    word: &Word,
    long: &str,
    value: Option<&Word>,
    dialect: Dialect,
    request: &mut Request,
) -> Result<(), Failure> {
    if dialect != Dialect::Slurm {
        let failure = word
            .wrong(format_args!("`--{long}` is an option of Slurm, and this scheduler has no word for it"));
        return Err(failure.with_hint(match dialect {
            Dialect::Pbs => "write what you need as PBS does: `select=1:ncpus=4:mem=16gb:NAME=VALUE`",
            _ => "leave it out, or say it in the plugin's configuration",
        }));
    }
    if let ("mem-per-cpu" | "mem-per-gpu" | "tmp", Some(value)) = (long, value) {
        value.memory_mib()?;
    }
    let directive = match value {
        Some(value) => format!("--{long}={}", value.text),
        None => format!("--{long}"),
    };
    request.resources.directives.push(directive);
    Ok(())
}
