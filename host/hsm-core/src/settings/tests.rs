//! Settings files and variables: what they mean, and what is said about those that cannot be used.

use super::*;
use crate::diagnostic::{Diagnostics, Parsed};

fn parsed(text: &str) -> Parsed<Settings> {
    Settings::parse(text, "config.yaml").unwrap()
}

fn findings(result: Result<Parsed<Settings>, Diagnostics>) -> String {
    let found = match result {
        Ok(parsed) => parsed.warnings,
        Err(errors) => errors.as_slice().to_vec(),
    };
    let line = |found: &crate::diagnostic::Diagnostic| match &found.hint {
        Some(hint) => format!("{found}\n  hint: {hint}"),
        None => found.to_string(),
    };
    found.iter().map(line).collect::<Vec<_>>().join("\n")
}

const EVERYTHING: &str = "
project: {name: demo, root: /home/me/demo}
paths: {conda_env: ml, train_script: train.py, config_dir: conf, output_dir: outputs}
wandb: {project: p, entity: e}
local:
  walltime: 12:00:00
  cpus_per_task: 4
  mem: 16G
  gpus: 1
  visible_gpus: [0, 2]
  pre_script: |
    source env.sh
    ulimit -c 0
  sweeps_root: /scratch/sweeps
  max_parallel_jobs: 3
slurm:
  walltime: 1-00:00:00
  cpus_per_task: 8
  mem_per_cpu: 4G
  gpus: 2
  gpu_type: a100
  partition: long
  qos: normal
  account: me
  modules: [cuda/12.4, gcc]
  pre_script: [a, b]
  extra_directives: {exclude: 'node[1-3]', mail_type: END, exclusive: }
  qos_whitelist: normal
  max_array_size: 1000
hpc: {system: pbs, default_walltime: '23:59:59', default_resources: 'select=1:ncpus=4:mem=16gb', queue: q, account: a}
pbs: {max_array_size: 500}
distributed:
  enabled: yes
  strategy: least_loaded
  local_max_jobs: 2
  collect_interval: 300
  health_check_interval: 60
  max_retries: 2
  remote_root: ~/hsm
  conda_env: ml
  python_path: /usr/bin/python3
  rsync_excludes: [/data, /outputs]
  gitignore: true
  keep_remote_on_success: false
  remotes:
    box: {backend: ssh, host: me@box, ssh_key: ~/.ssh/id, ssh_port: 2222, enabled: true, max_parallel_jobs: 2, gpus: '0,1'}
    cluster: {backend: slurm, host: login, spec: {mem: 16G}, workdir: /w, archive_dir: /a, archive_on: success, qos_whitelist: [x], gitignore: false}
    old: {backend: pbs}
    site: {backend: grid-engine}
";

#[test]
fn every_key_has_its_type() {
    let Parsed { value, warnings } = parsed(EVERYTHING);
    assert_eq!(warnings, []);
    assert_eq!(value.local.walltime.map(Walltime::as_seconds), Some(43_200));
    assert_eq!(value.local.visible_gpus, Some(vec![0, 2]));
    assert_eq!(value.local.pre_script, Some(ShellLines("source env.sh\nulimit -c 0\n".to_owned())));
    assert_eq!(value.slurm.mem_per_cpu.map(|memory| memory.as_mebibytes()), Some(4096));
    assert_eq!(value.slurm.modules, Some(vec!["cuda/12.4".to_owned(), "gcc".to_owned()]));
    let directives = ["--exclude=node[1-3]", "--mail-type=END", "--exclusive"].map(str::to_owned).to_vec();
    assert_eq!(value.slurm.extra_directives, Some(Directives(directives)));
    assert_eq!(value.slurm.qos_whitelist, Some(vec!["normal".to_owned()]));
    assert_eq!((value.pbs.max_array_size, value.pbs.queue.as_deref()), (Some(500), Some("q")));
    assert_eq!(value.distributed.enabled, Some(true));
    assert_eq!(value.distributed.strategy, Some(Strategy::LeastLoaded));
    let remotes = value.distributed.remotes.unwrap();
    assert_eq!(remotes[0].0.as_str(), "box");
    assert_eq!((&remotes[0].1.gpus, remotes[0].1.ssh_port), (&Some(vec![0, 1]), Some(2222)));
    assert_eq!(remotes[1].1.backend, Some(Backend::Slurm));
    assert_eq!((value.distributed.gitignore, remotes[1].1.gitignore), (Some(true), Some(false)));
    assert_eq!(remotes[2].1.backend, Some(Backend::Pbs));
    assert_eq!(remotes[3].1.backend, Some(Backend::Plugin("grid-engine".to_owned())));
}

#[test]
fn known_keys_survive_unknown_ones() {
    let parsed =
        parsed("local: {wall_time: 1, gpus: 2, x: 3}\nlocla: {gpus: 1}\npaths: {python_interpreter: py}\n");
    assert_eq!(parsed.value.local.gpus, Some(2));
    assert_eq!(parsed.value.paths.python_interpreter.as_deref(), Some("py"));
    insta::assert_snapshot!(findings(Ok(parsed)), @r#"
config.yaml:1:9: `local` has no key `wall_time`; it is passed over
  hint: did you mean `walltime`?
config.yaml:1:32: `local` has no key `x`; it is passed over
config.yaml:2:1: settings have no block `locla`; it is passed over
  hint: did you mean `local`?
config.yaml:3:9: `python_interpreter` is deprecated
  hint: name the environment in `paths.conda_env`
"#);
}

#[test]
fn values_that_cannot_be_meant_are_errors() {
    let shown = |text: &str| findings(Settings::parse(text, "config.yaml"));
    insta::assert_snapshot!(shown("local: {walltime: 43200, gpus: many, mem: lots, visible_gpus: [a], max_parallel_jobs: -1}"), @r#"
config.yaml:1:19: `walltime`: `43200` is not a walltime, which is written `HH:MM:SS` or `D-HH:MM:SS`
config.yaml:1:32: `gpus` is a number from 0 to 4294967295, and `many` stands here
config.yaml:1:43: `mem`: `lots` is not an amount of memory such as `16G` or `512M`
config.yaml:1:63: `visible_gpus` is a list of indices, and `a` is none
  hint: write `[0, 1]`
config.yaml:1:87: `max_parallel_jobs` is a number from 0 to 4294967295, and `-1` stands here
"#);
    insta::assert_snapshot!(shown("local: [1]\nslurm: 3\nwandb:\n"), @r#"
config.yaml:1:8: `local` is a map, and a list stands here
config.yaml:2:8: `slurm` is a map, and a single value stands here
"#);
    insta::assert_snapshot!(shown("distributed: {strategy: fast, enabled: perhaps, remotes: {-x: {}, y: {host: -oProxyCommand=z, backend: 'a b'}}}"), @r#"
config.yaml:1:25: `strategy`: `fast` is none of `round_robin`, `least_loaded` and `capability_based`
config.yaml:1:40: `enabled` is true or false, and `perhaps` stands here
config.yaml:1:59: `-x` cannot be the name of a host or an alias
config.yaml:1:77: `host`: `-oProxyCommand=z` cannot be the name of a host or an alias
config.yaml:1:104: `backend`: `a b` is none of `ssh`, `slurm`, `pbs`, and no name of a plugin
"#);
    insta::assert_snapshot!(shown("local: {gpus: 1\n"), @"config.yaml:2:1: not YAML: while parsing a flow mapping, did not find expected ',' or '}'");
    insta::assert_snapshot!(shown("paths: {output_dir: [a]}"), @"config.yaml:1:21: `output_dir` is a single value, and a list stands here");
}

#[test]
fn an_empty_file_says_nothing() {
    assert_eq!(parsed("").value, Settings::default());
    assert_eq!(parsed("# nothing yet\nlocal:\n").value, Settings::default());
}

#[test]
fn upper_layers_win_key_by_key() {
    let upper = parsed("local: {gpus: 1}\nslurm: {account: a}").value;
    let lower = parsed("local: {gpus: 2, walltime: 01:00:00}\nslurm: {account: b, qos: q}").value;
    let user = lower.for_user();
    let both = upper.over(user);
    assert_eq!(both.local.gpus, Some(1));
    assert_eq!(both.local.walltime.map(Walltime::as_seconds), Some(3600));
    assert_eq!((both.slurm.account.as_deref(), both.slurm.qos), (Some("a"), None));
}

#[test]
fn variables_set_keys_of_blocks() {
    let read = |pairs: &[(&str, &str)]| Settings::from_environment(pairs.iter().copied());
    let settings = read(&[
        ("HSM_LOCAL_MAX_PARALLEL_JOBS", "4"),
        ("HSM_LOCAL_VISIBLE_GPUS", "0,1"),
        ("HSM_SLURM_MODULES", "cuda, gcc"),
        ("HSM_PATHS_TRAIN_SCRIPT", "a: b.py"),
        ("HSM_TASK", "3"),
        ("HSM_TASK_DIR", "/x"),
        ("HSM_SWEEP_ID", "s"),
        ("HSM_PARAMS", "/x"),
        ("HSM_ATTEMPT", "1"),
        ("PATH", "/bin"),
    ])
    .unwrap();
    assert_eq!(settings.warnings, []);
    assert_eq!(settings.value.local.max_parallel_jobs, Some(4));
    assert_eq!(settings.value.local.visible_gpus, Some(vec![0, 1]));
    assert_eq!(settings.value.slurm.modules, Some(vec!["cuda".to_owned(), "gcc".to_owned()]));
    assert_eq!(settings.value.paths.train_script.as_deref(), Some("a: b.py"));
    insta::assert_snapshot!(findings(read(&[("HSM_LOCAL_WALLTIME", "5"), ("HSM_LOCAL_WALTIME", "1:00:00"), ("HSM_DISTRIBUTED_REMOTES", "x")])), @r#"
HSM_LOCAL_WALLTIME: `walltime`: `5` is not a walltime, which is written `HH:MM:SS` or `D-HH:MM:SS`
HSM_LOCAL_WALTIME: `local` has no such key; this sets nothing
  hint: did you mean `HSM_LOCAL_WALLTIME`?
HSM_DISTRIBUTED_REMOTES: machines are named in a settings file alone; this sets nothing
"#);
}
