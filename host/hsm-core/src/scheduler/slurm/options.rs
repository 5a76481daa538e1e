//! A request as options of `sbatch`, for the lines of the script and for the command line.

use super::FIRST_ELEMENT;
use crate::failure::{Blame, Failure};
use crate::scheduler::duration::walltime;
use crate::scheduler::{Resources, Submission};

const PREFIX: &str = "#SBATCH";

/// Options that decide where hsm finds a job again; a user's own would break that.
const OURS: &[&str] = &[
    "--array",
    "-a",
    "--job-name",
    "-J",
    "--comment",
    "--output",
    "-o",
    "--error",
    "-e",
    "--chdir",
    "-D",
    "--open-mode",
    "--parsable",
    "--wrap",
    "--requeue",
    "--no-requeue",
    "--wait",
    "-W",
    "--test-only",
    "--clusters",
    "-M",
];

/// The header of the script: the user's own lines first, since of two lines that contradict each other the later counts.
pub(super) fn directives(request: &Submission) -> Result<Vec<String>, Failure> {
    let own = own(request)?.into_iter().map(|option| format!("{PREFIX} {}", quoted(&option)));
    let users = request.resources.directives.iter().map(|directive| users_own(directive));
    let mut lines: Vec<String> = users.collect::<Result<_, _>>()?;
    lines.extend(own);
    Ok(lines)
}

/// Everything that hsm itself asks for, as `--name=value`.
pub(super) fn own(request: &Submission) -> Result<Vec<String>, Failure> {
    let Submission { token, name, elements, max_running, workdir, stdout, stderr, .. } = request;
    for path in [workdir, stdout, stderr] {
        plain(path)?;
    }
    let mut options = vec![
        format!("--job-name={name}"),
        // The count makes a job that is found again by its token as good as one whose ticket was read.
        format!("--comment={token}/{elements}"),
        "--no-requeue".to_owned(),
        format!("--chdir={workdir}"),
        format!("--output={}", file_pattern(stdout)),
        format!("--error={}", file_pattern(stderr)),
        "--open-mode=append".to_owned(),
    ];
    if *elements > 0 {
        let last = FIRST_ELEMENT + elements - 1;
        let throttle = max_running.filter(|most| most < elements).map(|most| format!("%{most}"));
        options.push(format!("--array={FIRST_ELEMENT}-{last}{}", throttle.unwrap_or_default()));
    }
    options.extend(needs(&request.resources));
    options.extend(request.nice.map(|nice| format!("--nice={nice}")));
    if !request.exclude_nodes.is_empty() {
        options.push(format!("--exclude={}", request.exclude_nodes.join(",")));
    }
    Ok(options)
}

fn needs(resources: &Resources) -> Vec<String> {
    let Resources { walltime_s, cpus, memory_mib, gpus, gpu_type, nodes, partition, account, qos, .. } =
        resources;
    let kind = gpu_type.as_ref().map(|kind| format!("{kind}:")).unwrap_or_default();
    let gpus = gpus.filter(|gpus| *gpus > 0).map(|gpus| match nodes {
        // `--gres` counts for each node, and `--gpus` for the job; the former is known to older releases as well.
        Some(2..) => format!("--gpus={kind}{gpus}"),
        _ => format!("--gres=gpu:{kind}{gpus}"),
    });
    [
        walltime_s.map(|seconds| format!("--time={}", walltime(seconds))),
        cpus.map(|cpus| format!("--cpus-per-task={cpus}")),
        memory_mib.map(|mib| format!("--mem={mib}M")),
        gpus,
        nodes.map(|nodes| format!("--nodes={nodes}")),
        partition.as_ref().map(|partition| format!("--partition={partition}")),
        account.as_ref().map(|account| format!("--account={account}")),
        qos.as_ref().map(|qos| format!("--qos={qos}")),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// A line of the user's. A signal goes to the body of the job, which passes it on: without `B:` it would reach steps, of which there are
/// none.
fn users_own(directive: &str) -> Result<String, Failure> {
    plain(directive)?;
    let name = directive.split(['=', ' ']).next().unwrap_or_default();
    if OURS.contains(&name) {
        let message = format!("the option `{name}` of `sbatch` is hsm's own");
        return Err(Failure::new(Blame::Config, "own-option", message).with_hint(
            "take it out of the resources; arrays, names, logs and clusters have options or settings of hsm",
        ));
    }
    Ok(match directive.strip_prefix("--signal=") {
        Some(signal) if !signal.contains(':') => format!("{PREFIX} --signal=B:{signal}"),
        _ => format!("{PREFIX} {directive}"),
    })
}

fn plain(text: &str) -> Result<(), Failure> {
    if !text.contains(char::is_control) {
        return Ok(());
    }
    let message =
        format!("`{}` has control characters, which no line of a script can hold", text.escape_debug());
    Err(Failure::new(Blame::Config, "control-character", message))
}

/// A path in which Slurm replaces nothing: `%` begins its patterns. (A backslash switches patterns off, `%%` included.)
fn file_pattern(path: &str) -> String {
    if path.contains('\\') { path.to_owned() } else { path.replace('%', "%%") }
}

/// One option as a script's line has to spell it: in those lines, blanks separate and `#` begins a comment.
fn quoted(option: &str) -> String {
    let bare = |c: char| c.is_ascii_alphanumeric() || "-_=./,:%+@[]".contains(c);
    match option.split_once('=') {
        Some((name, value)) if !value.chars().all(bare) => {
            format!("{name}=\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\""))
        }
        _ => option.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request() -> Submission {
        Submission {
            token: "k3abcdefgh".into(),
            name: "lr.k3abcdefgh".into(),
            elements: 20,
            max_running: Some(5),
            workdir: "/p".into(),
            stdout: "/p/jobs/k3abcdefgh/scheduler.log".into(),
            stderr: "/p/jobs/k3abcdefgh/scheduler.log".into(),
            script: "/p/jobs/k3abcdefgh/job.sh".into(),
            ..Submission::default()
        }
    }

    #[test]
    fn a_whole_request() {
        let resources = Resources {
            walltime_s: Some(93_600),
            cpus: Some(4),
            memory_mib: Some(16_384),
            gpus: Some(2),
            gpu_type: Some("a100".into()),
            partition: Some("gpu".into()),
            account: Some("lab".into()),
            qos: Some("long".into()),
            directives: vec!["--signal=USR1@60".into(), "-C icelake".into()],
            ..Resources::default()
        };
        let request = Submission {
            resources,
            nice: Some(100),
            exclude_nodes: vec!["n[3-4]".into(), "n9".into()],
            ..request()
        };
        insta::assert_snapshot!(directives(&request).unwrap().join("\n"), @r"
        #SBATCH --signal=B:USR1@60
        #SBATCH -C icelake
        #SBATCH --job-name=lr.k3abcdefgh
        #SBATCH --comment=k3abcdefgh/20
        #SBATCH --no-requeue
        #SBATCH --chdir=/p
        #SBATCH --output=/p/jobs/k3abcdefgh/scheduler.log
        #SBATCH --error=/p/jobs/k3abcdefgh/scheduler.log
        #SBATCH --open-mode=append
        #SBATCH --array=0-19%5
        #SBATCH --time=1-02:00:00
        #SBATCH --cpus-per-task=4
        #SBATCH --mem=16384M
        #SBATCH --gres=gpu:a100:2
        #SBATCH --partition=gpu
        #SBATCH --account=lab
        #SBATCH --qos=long
        #SBATCH --nice=100
        #SBATCH --exclude=n[3-4],n9
        ");
    }

    #[test]
    fn paths_reach_slurm_as_they_are() {
        let odd =
            Submission { workdir: "/a b%j'q\"x#y".into(), stdout: "/a b%j'q\"x#y/o.log".into(), ..request() };
        let lines = directives(&odd).unwrap();
        assert!(lines.contains(&"#SBATCH --chdir=\"/a b%j'q\\\"x#y\"".to_owned()), "{lines:?}");
        assert!(lines.contains(&"#SBATCH --output=\"/a b%%j'q\\\"x#y/o.log\"".to_owned()), "{lines:?}");
        assert!(own(&odd).unwrap().contains(&"--output=/a b%%j'q\"x#y/o.log".to_owned()));
        assert_eq!(
            directives(&Submission { workdir: "/a\nb".into(), ..request() }).unwrap_err().code,
            "control-character"
        );
    }

    #[test]
    fn some_options_are_nobody_elses() {
        for (directive, code) in [
            ("--array=1-9", "own-option"),
            ("-J x", "own-option"),
            ("--requeue", "own-option"),
            ("--mem=1G\n#SBATCH -p x", "control-character"),
        ] {
            let resources = Resources { directives: vec![directive.into()], ..Resources::default() };
            assert_eq!(
                directives(&Submission { resources, ..request() }).unwrap_err().code,
                code,
                "{directive}"
            );
        }
    }

    #[test]
    fn a_throttle_of_all_is_none_and_gpus_of_several_nodes_are_the_jobs() {
        let arrays = |elements, max_running| {
            let options = own(&Submission { elements, max_running, ..request() }).unwrap();
            options.into_iter().find(|option| option.starts_with("--array"))
        };
        assert_eq!(arrays(20, Some(20)).as_deref(), Some("--array=0-19"));
        assert_eq!(arrays(1, None).as_deref(), Some("--array=0-0"));
        let gpus = |nodes| needs(&Resources { gpus: Some(4), nodes, ..Resources::default() })[0].clone();
        assert_eq!(
            (gpus(Some(2)), gpus(Some(1)), gpus(None)),
            ("--gpus=4".into(), "--gres=gpu:4".into(), "--gres=gpu:4".into())
        );
        assert!(needs(&Resources { gpus: Some(0), ..Resources::default() }).is_empty());
    }
}
