//! A request as directives of PBS. Nothing overrides them but the command line, so `qsub` gets the script alone.

use super::{Config, FIRST_ELEMENT};
use crate::failure::{Blame, Failure};
use crate::scheduler::duration::hours;
use crate::scheduler::{Resources, Submission};

/// The largest number for `-p`, in either direction.
const PRIORITY_MAX: i32 = 1_023;

/// Options that decide where hsm finds a job again; a user's own would break that.
const OURS: &[&str] = &["-J", "-N", "-o", "-e", "-j", "-S", "-r", "-I", "-z", "-h"];

/// The header of the script.
pub(super) fn directives(config: &Config, request: &Submission) -> Result<Vec<String>, Failure> {
    let Submission { name, resources, elements, max_running, stdout, stderr, nice, exclude_nodes, .. } =
        request;
    if !exclude_nodes.is_empty() {
        return Err(unsupported("leave out machines", "choose a queue or a `select` that has none of them"));
    }
    if resources.qos.is_some() {
        return Err(unsupported("take a quality of service", "name a queue or an account instead"));
    }
    let mut options = vec![format!("-N {name}"), "-S /bin/bash".to_owned()];
    options.extend(logs(stdout, stderr)?);
    if *elements > 1 {
        let throttle = max_running.filter(|most| most < elements).map(|most| format!("%{most}"));
        let last = FIRST_ELEMENT + elements - 1;
        options.push(format!("-J {FIRST_ELEMENT}-{last}{}", throttle.unwrap_or_default()));
    } else {
        // PBS wants arrays to be rerunnable; a second copy of an element finds its claim taken.
        options.push("-r n".to_owned());
    }
    options.extend(needs(config, resources)?);
    // `nice` is how far to step back, and PBS counts the other way round.
    options
        .extend(nice.map(|nice| format!("-p {}", nice.saturating_neg().clamp(-PRIORITY_MAX, PRIORITY_MAX))));
    for directive in &resources.directives {
        plain(directive)?;
        let name = directive.get(..2).unwrap_or(directive);
        if OURS.contains(&name) {
            let message = format!("the option `{name}` of `qsub` is hsm's own");
            return Err(Failure::new(Blame::Config, "own-option", message).with_hint(
                "take it out of the resources; arrays, names and logs have options or settings of hsm",
            ));
        }
        options.push(directive.clone());
    }
    Ok(options.into_iter().map(|option| format!("#PBS {option}")).collect())
}

fn logs(stdout: &str, stderr: &str) -> Result<Vec<String>, Failure> {
    for path in [stdout, stderr] {
        plain(path)?;
        if path.contains([':', ',', '"', '\'', ' ']) {
            let message = format!(
                "PBS cannot write its log to `{path}`: blanks, quotes, `:` and `,` mean something else there"
            );
            return Err(Failure::new(Blame::Config, "log-path", message)
                .with_hint("move the project to a folder without them"));
        }
    }
    Ok(match stdout == stderr {
        true => vec![format!("-o {stdout}"), "-j oe".to_owned()],
        false => vec![format!("-o {stdout}"), format!("-e {stderr}")],
    })
}

fn needs(config: &Config, resources: &Resources) -> Result<Vec<String>, Failure> {
    let Resources { walltime_s, cpus, memory_mib, gpus, gpu_type, nodes, partition, account, .. } = resources;
    let gpus = gpus.filter(|gpus| *gpus > 0);
    let kind = match (gpu_type, &config.gpu_type_resource) {
        (None, _) => None,
        (Some(kind), Some(resource)) => Some(format!("{resource}={kind}")),
        (Some(kind), None) => {
            let message = format!("PBS has no common word for the model of a GPU, and `{kind}` is asked for");
            return Err(Failure::new(Blame::Config, "gpu-type", message)
                .with_hint("write the site's own in the resources: `select=1:ngpus=1:gpu_model=a100`"));
        }
    };
    let chunk: Vec<String> = [
        cpus.map(|cpus| format!("ncpus={cpus}")),
        memory_mib.map(|mib| format!("mem={mib}mb")),
        gpus.map(|gpus| format!("ngpus={gpus}")),
        kind,
    ]
    .into_iter()
    .flatten()
    .collect();
    let mut options = vec![];
    if nodes.is_some() || !chunk.is_empty() {
        let count = nodes.unwrap_or(1).to_string();
        let parts: Vec<String> = std::iter::once(count).chain(chunk).collect();
        options.push(format!("-l select={}", parts.join(":")));
    }
    options.extend(walltime_s.map(|seconds| format!("-l walltime={}", hours(seconds))));
    options.extend(partition.as_ref().map(|queue| format!("-q {queue}")));
    options.extend(account.as_ref().map(|account| format!("-A {account}")));
    Ok(options)
}

fn plain(text: &str) -> Result<(), Failure> {
    if !text.contains(char::is_control) {
        return Ok(());
    }
    let message =
        format!("`{}` has control characters, which no line of a script can hold", text.escape_debug());
    Err(Failure::new(Blame::Config, "control-character", message))
}

fn unsupported(what: &str, hint: &str) -> Failure {
    Failure::new(Blame::Config, "not-supported", format!("PBS cannot be asked to {what}")).with_hint(hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request() -> Submission {
        let log = "/p/jobs/k3abcdefgh/scheduler.log";
        Submission {
            name: "lr.k3abcdefgh".into(),
            elements: 20,
            stdout: log.into(),
            stderr: log.into(),
            ..Submission::default()
        }
    }

    fn lines(request: &Submission) -> Vec<String> {
        directives(&Config::default(), request).unwrap()
    }

    #[test]
    fn a_whole_request() {
        let resources = Resources {
            walltime_s: Some(93_600),
            cpus: Some(4),
            memory_mib: Some(16_384),
            gpus: Some(2),
            partition: Some("gpuq".into()),
            account: Some("lab".into()),
            directives: vec!["-l place=scatter".into()],
            ..Resources::default()
        };
        let request = Submission { resources, max_running: Some(5), nice: Some(100), ..request() };
        insta::assert_snapshot!(lines(&request).join("\n"), @r"
        #PBS -N lr.k3abcdefgh
        #PBS -S /bin/bash
        #PBS -o /p/jobs/k3abcdefgh/scheduler.log
        #PBS -j oe
        #PBS -J 0-19%5
        #PBS -l select=1:ncpus=4:mem=16384mb:ngpus=2
        #PBS -l walltime=26:00:00
        #PBS -q gpuq
        #PBS -A lab
        #PBS -p -100
        #PBS -l place=scatter
        ");
    }

    #[test]
    fn one_element_is_no_array_and_nothing_asked_is_nothing_written() {
        let single = Submission { elements: 1, stderr: "/p/e".into(), ..request() };
        assert_eq!(
            lines(&single)[2..],
            ["#PBS -o /p/jobs/k3abcdefgh/scheduler.log", "#PBS -e /p/e", "#PBS -r n"]
        );
        let nodes =
            Submission { resources: Resources { nodes: Some(2), ..Resources::default() }, ..request() };
        assert!(lines(&nodes).contains(&"#PBS -l select=2".to_owned()));
        let last = Submission { nice: Some(i32::MIN), ..request() };
        assert!(lines(&last).contains(&"#PBS -p 1023".to_owned()));
    }

    #[test]
    fn what_pbs_has_no_word_for_is_said() {
        let with = |resources| Submission { resources, ..request() };
        let cases = [
            (Submission { exclude_nodes: vec!["n1".into()], ..request() }, "not-supported"),
            (with(Resources { qos: Some("long".into()), ..Resources::default() }), "not-supported"),
            (
                with(Resources { gpus: Some(1), gpu_type: Some("a100".into()), ..Resources::default() }),
                "gpu-type",
            ),
            (with(Resources { directives: vec!["-J 1-9".into()], ..Resources::default() }), "own-option"),
            (
                with(Resources { directives: vec!["-l x=1\n#PBS -q y".into()], ..Resources::default() }),
                "control-character",
            ),
            (Submission { stdout: "/a b/log".into(), ..request() }, "log-path"),
        ];
        for (request, code) in cases {
            assert_eq!(directives(&Config::default(), &request).unwrap_err().code, code);
        }
        let config = Config { gpu_type_resource: Some("gpu_model".into()), ..Config::default() };
        let a100 = with(Resources { gpus: Some(1), gpu_type: Some("a100".into()), ..Resources::default() });
        assert!(
            directives(&config, &a100)
                .unwrap()
                .contains(&"#PBS -l select=1:ngpus=1:gpu_model=a100".to_owned())
        );
    }
}
