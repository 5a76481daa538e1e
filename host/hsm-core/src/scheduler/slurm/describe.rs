//! What `scontrol show config` says about the limits of this Slurm.

use super::{Config, FIRST_ELEMENT};
use crate::failure::{Blame, Failure};
use crate::scheduler::replies::{self, stdout};
use crate::scheduler::{Exchange, SchedulerTraits, Step};

/// Configuration is in the controller's memory: it comes at once or the controller is ill. A client without a configuration file would
/// try for a minute.
const TIMEOUT_MS: u32 = 15_000;

/// `MaxArraySize` where Slurm does not say: its own default.
const ARRAY_SIZE_DEFAULT: u32 = 1_001;

/// Ids in one query. They are one argument of eleven bytes each, and the answer has one line a job or more.
const JOBS_PER_QUERY: u32 = 500;

/// Jobs of sweeps take minutes to days; a controller serves a whole site.
const POLL_INTERVAL_MS: u32 = 10_000;

/// The longest name of a job: what the column of a query has room for.
const JOB_NAME_MAX: u32 = 80;

pub(super) fn describe(config: &Config, so_far: &[Exchange]) -> Result<Step<SchedulerTraits>, Failure> {
    let Some(reply) = so_far.first() else {
        let mut command = config.command("scontrol").args(["show", "config"]);
        command.timeout_ms = TIMEOUT_MS;
        return Ok(Step::Run(command));
    };
    if !replies::succeeded(reply) {
        return Err(unreachable(reply));
    }
    traits(config, &stdout(reply)).map(Step::Done)
}

fn traits(config: &Config, text: &str) -> Result<SchedulerTraits, Failure> {
    let number = |key| value(text, key).and_then(first_number);
    if value(text, "SLURM_VERSION").is_none() && number("MaxArraySize").is_none() {
        let message = "`scontrol show config` printed no configuration of Slurm";
        return Err(Failure::new(Blame::Transient, "no-config", message)
            .with_hint("see what `scontrol show config` prints on this machine"));
    }
    // An index is always below `MaxArraySize`. From 0 on one more element than this would fit, but sites set 1001 and mean a thousand.
    let of_slurm = number("MaxArraySize").unwrap_or(ARRAY_SIZE_DEFAULT).saturating_sub(1);
    let of_scheduler = value(text, "SchedulerParameters").and_then(|parameters| {
        parameters
            .split(',')
            .find_map(|parameter| parameter.trim().strip_prefix("max_array_tasks=")?.parse().ok())
    });
    let limits = [Some(of_slurm), of_scheduler, config.max_array_size];
    Ok(SchedulerTraits {
        elements_per_job: limits.into_iter().flatten().min().unwrap_or(of_slurm).max(1),
        jobs_per_query: JOBS_PER_QUERY,
        poll_interval_ms: config.poll_interval_ms.unwrap_or(POLL_INTERVAL_MS),
        element_variable: "SLURM_ARRAY_TASK_ID".to_owned(),
        first_element: FIRST_ELEMENT,
        directive_prefix: "#SBATCH".to_owned(),
        // `MaxArraySize=0` switches arrays off.
        single_element_arrays: of_slurm > 0,
        job_name_max: JOB_NAME_MAX,
        visible_after_end_s: number("MinJobAge"),
        elements_in_queue: number("MaxJobCount"),
    })
}

/// The value of a line `Key   = value`.
fn value<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    text.lines().find_map(|line| {
        let (name, value) = line.split_once('=')?;
        (name.trim() == key).then(|| value.trim())
    })
}

/// The number of a value such as `300 sec`.
fn first_number(value: &str) -> Option<u32> {
    value.split_whitespace().next()?.parse().ok()
}

fn unreachable(reply: &Exchange) -> Failure {
    if finds_no_configuration(reply) || knows_no_cluster(reply) {
        no_configuration()
    } else {
        replies::unanswered(reply)
    }
}

/// Whether one of Slurm's commands looked in vain for the file that it was told of; it goes on looking for a minute.
pub(in super::super) fn finds_no_configuration(reply: &Exchange) -> bool {
    replies::stderr(reply).contains("cannot stat file")
}

/// Whether nobody told it of any cluster: there is no file in the usual place, and no controller in the domain's own records. One that knows
/// where to fetch its configuration, and had no answer from there, may have one later.
fn knows_no_cluster(reply: &Exchange) -> bool {
    let said = replies::stderr(reply);
    ["Could not establish a configuration source", "DNS SRV lookup failed"]
        .iter()
        .all(|words| said.contains(words))
}

/// That there is Slurm, and nobody told it about its cluster.
pub(in super::super) fn no_configuration() -> Failure {
    let message = "Slurm's commands find no configuration";
    Failure::new(Blame::Config, "no-slurm-conf", message)
        .with_hint(
            "set `SLURM_CONF` to the cluster's `slurm.conf`, or load the module that does; `--mode local` runs tasks here",
        )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scheduler::testing::{exited, lead, timed_out};

    const RECORDED: &str = "Configuration data as of 2026-11-22T22:03:25\nClusterName             = lab\n\
        MaxArraySize            = 10001\nMaxJobCount             = 20000\nMinJobAge               = 60 sec\n\
        SchedulerParameters     = sched_interval=2,bf_interval=2,batch_sched_delay=0,sched_min_interval=10000\n\
        SLURM_VERSION           = 22.05.8\n\nSlurmctld(primary) at vm is UP\n";

    fn described(config: &Config, text: &str) -> SchedulerTraits {
        let (commands, answer) = lead(&[exited(0, text, "")], |so_far| describe(config, so_far));
        assert_eq!(commands, ["scontrol show config"]);
        answer.unwrap()
    }

    #[test]
    fn limits_are_the_clusters_own() {
        let traits = described(&Config::default(), RECORDED);
        assert_eq!((traits.elements_per_job, traits.elements_in_queue), (10_000, Some(20_000)));
        assert_eq!((traits.visible_after_end_s, traits.first_element), (Some(60), 0));
    }

    #[test]
    fn the_smallest_limit_counts() {
        let elements = |config: &Config, from: &str, to: &str| {
            let traits = described(config, &RECORDED.replace(from, to));
            (traits.elements_per_job, traits.single_element_arrays)
        };
        let config = Config::default();
        assert_eq!(elements(&config, "bf_interval=2", "max_array_tasks=500"), (500, true));
        assert_eq!(elements(&config, "10001", "0"), (1, false));
        let smaller = Config { max_array_size: Some(100), ..Config::default() };
        assert_eq!(elements(&smaller, "", ""), (100, true));
        let larger = Config { max_array_size: Some(1_000_000), ..Config::default() };
        assert_eq!(elements(&larger, "", ""), (10_000, true));
    }

    #[test]
    fn what_is_missing_is_said() {
        let failed = |reply| lead(&[reply], |so_far| describe(&Config::default(), so_far)).1.unwrap_err();
        let words = "scontrol: error: s_p_parse_file: cannot stat file /nope: No such file or directory, retrying in 1sec up to 60sec\n";
        assert_eq!(
            (failed(timed_out("", words)).code.as_str(), failed(timed_out("", words)).blame),
            ("no-slurm-conf", Blame::Config)
        );
        let nowhere = "scontrol: error: resolve_ctls_from_dns_srv: res_nsearch error: Unknown host\n\
            scontrol: error: fetch_config: DNS SRV lookup failed\n\
            scontrol: error: _establish_config_source: failed to fetch config\n\
            scontrol: fatal: Could not establish a configuration source\n";
        assert_eq!(failed(exited(1, "", nowhere)).code, "no-slurm-conf");
        let silent = "scontrol: error: _fetch_child: failed to fetch remote configs: Unable to contact slurm controller (connect failure)\n\
            scontrol: error: _establish_config_source: failed to fetch config\n\
            scontrol: fatal: Could not establish a configuration source\n";
        assert_eq!(failed(exited(1, "", silent)).blame, Blame::Transient, "it may answer later");
        let down = exited(
            1,
            "",
            "slurm_load_ctl_conf error: Unable to contact slurm controller (connect failure)\n",
        );
        assert_eq!(failed(down).code, "no-answer");
        assert_eq!(failed(exited(0, "welcome to the cluster\n", "")).code, "no-config");
    }
}
