//! Resource lists of PBS: `select=1:ncpus=4:mem=16gb:ngpus=1,walltime=01:00:00`, with or without `-l`.

use super::words::Word;
use super::{Dialect, Request};
use crate::failure::Failure;
use crate::suggest::did_you_mean;

/// Resources of a whole job.
const OF_JOBS: &[&str] = &[
    "select", "walltime", "place", "ncpus", "mem", "ngpus", "cput", "vmem", "pmem", "pvmem", "software",
    "nodes",
];

/// Resources of a chunk.
const OF_CHUNKS: &[&str] =
    &["ncpus", "mem", "ngpus", "mpiprocs", "ompthreads", "host", "vnode", "arch", "vmem"];

/// Reads `-l LIST`, `-q QUEUE`, `-A ACCOUNT` and whatever else `qsub` takes.
pub(super) fn read_flags(words: &[Word], dialect: Dialect, request: &mut Request) -> Result<(), Failure> {
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let mut value =
            || words.next().ok_or_else(|| word.wrong(format_args!("`{}` needs a value", word.text)));
        match word.text.as_str() {
            "-l" => read(value()?, dialect, request)?,
            "-q" => request.resources.partition = Some(value()?.text.clone()),
            "-A" => request.resources.account = Some(value()?.text.clone()),
            "-P" | "-W" | "-p" | "-m" | "-M" | "-u" | "-v" if dialect == Dialect::Pbs => {
                let directive = format!("{} {}", word.text, value()?.text);
                request.resources.directives.push(directive);
            }
            other => {
                let problem = format!("`{other}` is no option of `qsub` that can be used here");
                return Err(word
                    .wrong(problem)
                    .with_hint("beside `-l`, `-q` and `-A`, nothing is the same for all schedulers"));
            }
        }
    }
    Ok(())
}

/// Reads one list.
pub(super) fn read(list: &Word, dialect: Dialect, request: &mut Request) -> Result<(), Failure> {
    let mut skipped = 0;
    for item in list.text.split(',') {
        let word = list.part(skipped, item);
        skipped += item.chars().count() + 1;
        let Some((name, value)) = item.split_once('=') else {
            return Err(word
                .wrong(format_args!("`{item}` is no `NAME=VALUE`"))
                .with_hint("write `select=1:ncpus=4:mem=16gb` or `--mem=16G -c 4`"));
        };
        let value = word.part(name.chars().count() + 1, value);
        match name {
            "select" => select(&word, &value, dialect, request)?,
            "walltime" => request.resources.walltime_s = Some(clock_s(&value)?),
            "ncpus" => request.resources.cpus = Some(value.number("CPUs")?),
            "mem" => request.resources.memory_mib = Some(value.memory_mib()?),
            "ngpus" => request.resources.gpus = Some(value.number("GPUs")?),
            "nodes" => {
                let problem = "`nodes` is how Torque asks for machines";
                return Err(word.wrong(problem).with_hint("`nodes=1:ppn=4` is `select=1:ncpus=4`"));
            }
            _ => pass_on(&word, name, OF_JOBS, item, dialect, request)?,
        }
    }
    Ok(())
}

/// `2:ncpus=4:mem=16gb`. Chunks of several kinds, and chunks with more than the common resources, go to PBS as they are.
fn select(word: &Word, value: &Word, dialect: Dialect, request: &mut Request) -> Result<(), Failure> {
    let mut common = Request::default();
    let mut only_common = !value.text.contains('+');
    let mut skipped = 0;
    for part in value.text.split([':', '+']) {
        let at = value.part(skipped, part);
        skipped += part.chars().count() + 1;
        let Some((name, text)) = part.split_once('=') else {
            common.resources.nodes = Some(at.number("chunks")?);
            continue;
        };
        let amount = at.part(name.chars().count() + 1, text);
        match name {
            "ncpus" => common.resources.cpus = Some(amount.number("CPUs")?),
            "mem" => common.resources.memory_mib = Some(amount.memory_mib()?),
            "ngpus" => common.resources.gpus = Some(amount.number("GPUs")?),
            _ => {
                check_name(&at, name, OF_CHUNKS)?;
                if dialect != Dialect::Pbs {
                    return Err(foreign(&at, name));
                }
                only_common = false;
            }
        }
    }
    if !only_common {
        if dialect != Dialect::Pbs {
            return Err(word
                .wrong("chunks of several kinds are PBS's own")
                .with_hint("ask for one kind: `select=2:ncpus=4`"));
        }
        request.resources.directives.push(format!("-l select={}", value.text));
        return Ok(());
    }
    let chunk = common.resources;
    // One chunk is one task on one machine, which nobody needs to say.
    request.resources.nodes = chunk.nodes.filter(|nodes| *nodes > 1 || dialect == Dialect::Pbs);
    request.resources.cpus = chunk.cpus.or(request.resources.cpus);
    request.resources.memory_mib = chunk.memory_mib.or(request.resources.memory_mib);
    request.resources.gpus = chunk.gpus.or(request.resources.gpus);
    Ok(())
}

fn pass_on(
    word: &Word,
    name: &str,
    known: &[&str],
    item: &str,
    dialect: Dialect,
    request: &mut Request,
) -> Result<(), Failure> {
    check_name(word, name, known)?;
    if dialect != Dialect::Pbs {
        return Err(foreign(word, name));
    }
    request.resources.directives.push(format!("-l {item}"));
    Ok(())
}

/// Sites have resources of their own, so a name that resembles none is taken for one.
fn check_name(word: &Word, name: &str, known: &[&str]) -> Result<(), Failure> {
    if known.contains(&name) {
        return Ok(());
    }
    match did_you_mean(name, known.iter().copied()) {
        Some(hint) => Err(word.wrong(format_args!("PBS has no resource `{name}`")).with_hint(hint)),
        None if name.is_empty() => Err(word.wrong("a resource without a name")),
        None => Ok(()),
    }
}

fn foreign(word: &Word, name: &str) -> Failure {
    let hint = match name {
        "place" => "`--exclusive` or `--spread-job`",
        "host" | "vnode" => "`--nodelist=NAME`",
        "arch" => "`--constraint=NAME`",
        "mpiprocs" => "`--ntasks-per-node=N`",
        _ => "the scheduler's own options: `--constraint=NAME`, `--gres=NAME:N`",
    };
    word.wrong(format_args!("`{name}` is a resource of PBS, and this scheduler has no word for it"))
        .with_hint(format!("with Slurm, write all of the resources as {hint} and the like"))
}

/// `HH:MM:SS`, `MM:SS` or seconds.
fn clock_s(value: &Word) -> Result<u64, Failure> {
    let parts: Option<Vec<u64>> =
        value.text.split(':').map(|part| part.parse().ok().filter(|_| !part.starts_with('+'))).collect();
    let seconds = parts
        .filter(|parts| parts.len() <= 3)
        .and_then(|parts| parts.iter().try_fold(0_u64, |sum, part| sum.checked_mul(60)?.checked_add(*part)));
    seconds.filter(|seconds| *seconds > 0).ok_or_else(|| {
        value.wrong(format_args!("`{}` is no walltime", value.text)).with_hint("write `HH:MM:SS`, or seconds")
    })
}
