//! The header lines of a script.

use crate::config::Config;
use hsm_sdk::{Failure, Resources, Submission};

/// The priority that users may take away from their own jobs, and no more.
const PRIORITY_MIN: i32 = -1_023;

/// The lines, each beginning with `#$`.
pub fn lines(config: &Config, request: &Submission) -> Result<Vec<String>, Failure> {
    let mut options = vec![
        format!("-N {}", quoted(&request.name)?),
        format!("-t 1-{}", request.elements),
        "-S /bin/bash".to_owned(),
        // hsm alone decides whether a task runs again.
        "-r n".to_owned(),
        format!("-wd {}", quoted(&request.workdir)?),
        format!("-o {}", quoted_output(&request.stdout)?),
    ];
    options.push(if request.stderr == request.stdout {
        "-j y".to_owned()
    } else {
        format!("-e {}", quoted_output(&request.stderr)?)
    });
    options.extend(request.max_running.map(|running| format!("-tc {running}")));
    options.extend(request.nice.map(|nice| format!("-p {}", nice.saturating_neg().clamp(PRIORITY_MIN, 0))));
    options.extend(machines(&request.exclude_nodes)?);
    options.extend(resources(config, &request.resources)?);
    Ok(options.into_iter().map(|option| format!("#$ {option}")).collect())
}

fn resources(config: &Config, resources: &Resources) -> Result<Vec<String>, Failure> {
    let Resources { walltime_s, memory_mib, partition, account, directives, .. } = resources;
    impossible(resources)?;
    let mut options = Vec::new();
    let cpus = resources.cpus.unwrap_or(1).max(1);
    if cpus > 1 {
        options.push(format!("-pe {} {cpus}", config.parallel_environment));
    }
    options.extend(walltime_s.map(|seconds| format!("-l h_rt={seconds}")));
    // What is asked for is multiplied by the number of slots.
    options.extend(memory_mib.map(|mib| format!("-l {}={}M", config.memory, mib.div_ceil(u64::from(cpus)))));
    for (what, value, complex, key) in [
        ("GPUs", resources.gpus.filter(|gpus| *gpus > 0).map(|gpus| gpus.to_string()), &config.gpus, "gpus"),
        ("a model of GPU", resources.gpu_type.clone(), &config.gpu_type, "gpu_type"),
    ] {
        let Some(value) = value else { continue };
        let complex = complex.as_ref().ok_or_else(|| {
            Failure::config(format!(
                "{what} cannot be asked for: it is not said which complex stands for that"
            ))
            .with_hint(format!("set `{key}` to the one that `qconf -sc` lists"))
        })?;
        options.push(format!("-l {complex}={}", word(&value, what)?));
    }
    for (option, value) in [("-q", partition), ("-P", account)] {
        if let Some(value) = value {
            options.push(format!("{option} {}", quoted(value)?));
        }
    }
    options.extend(directives.iter().cloned());
    Ok(options)
}

/// What Grid Engine has no words for.
fn impossible(resources: &Resources) -> Result<(), Failure> {
    if let Some(nodes) = resources.nodes.filter(|nodes| *nodes > 1) {
        return Err(Failure::config(format!("a task on {nodes} machines cannot be asked for"))
            .with_hint("write the parallel environment that spreads as a directive: `-pe NAME SLOTS`"));
    }
    match &resources.qos {
        Some(qos) => {
            Err(Failure::config(format!("there is no quality of service `{qos}`: Grid Engine has none"))
                .with_hint("leave it out; queues and projects are what Grid Engine has"))
        }
        None => Ok(()),
    }
}

fn machines(excluded: &[String]) -> Result<Option<String>, Failure> {
    let names = excluded.iter().map(|name| word(name, "a machine")).collect::<Result<Vec<_>, _>>()?;
    Ok((!names.is_empty()).then(|| format!("-l hostname=!({})", names.join("|"))))
}

/// A word that has no meaning beyond itself among requests for resources.
fn word<'a>(text: &'a str, what: &str) -> Result<&'a str, Failure> {
    if !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c)) {
        return Ok(text);
    }
    Err(Failure::config(format!("`{text}` is no name of {what}")))
}

/// A value as one word of a header line.
fn quoted(text: &str) -> Result<String, Failure> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-/+@%:,".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return Ok(text.to_owned());
    }
    match (text.contains(char::is_control), text.contains('"'), text.contains('\'')) {
        (false, false, _) => Ok(format!("\"{text}\"")),
        (false, true, false) => Ok(format!("'{text}'")),
        _ => Err(Failure::config(format!("{text:?} cannot be written in a script for Grid Engine"))
            .with_hint("use a path without quotes and control characters")),
    }
}

/// Where output goes. Grid Engine would take what stands before a colon for the name of a machine.
fn quoted_output(path: &str) -> Result<String, Failure> {
    if path.contains(':') {
        return Err(Failure::config(format!(
            "output cannot be written to `{path}`: Grid Engine reads `:` as the end of a host's name"
        ))
        .with_hint("use a folder without a colon in its path"));
    }
    quoted(path)
}
