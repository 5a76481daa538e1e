//! Resources as people write them, and what is said about their slips.

use super::*;
use crate::settings::Settings;

/// The fields that are set, and nothing else; or the message and the hint.
fn read(text: &str, dialect: Dialect) -> String {
    match Request::parse(text, dialect) {
        Ok(request) => shown(&request),
        Err(failure) => format!("{} | {}", failure.message, failure.hint.unwrap_or_default()),
    }
}

fn shown(request: &Request) -> String {
    let mut json = serde_json::to_string(&request.resources).unwrap().replace('"', "");
    if !request.exclude_nodes.is_empty() {
        json.push_str(&format!(" without {}", request.exclude_nodes.join(" ")));
    }
    json
}

#[test]
fn options_of_slurm() {
    for (text, expected) in [
        ("", "{}"),
        ("--mem=16G", "{memory_mib:16384}"),
        ("--mem 16G -c 4", "{cpus:4,memory_mib:16384}"),
        ("-c4 --time=1-02:00:00", "{walltime_s:93600,cpus:4}"),
        ("-t 90", "{walltime_s:5400}"),
        ("--gres=gpu:a100:2", "{gpus:2,gpu_type:a100}"),
        ("--gres=gpu:2", "{gpus:2}"),
        ("--gres=gpu", "{gpus:1}"),
        ("--gres=gpu:a100", "{gpus:1,gpu_type:a100}"),
        ("--gpus 2", "{gpus:2}"),
        ("-G a100:2", "{gpus:2,gpu_type:a100}"),
        ("--gres=gpu:1,shard:2", "{directives:[--gres=gpu:1,shard:2]}"),
        ("--gres=shard:2", "{directives:[--gres=shard:2]}"),
        ("-p gpu -A lab --qos=long -N 2", "{nodes:2,partition:gpu,account:lab,qos:long}"),
        ("--exclude=n[1,3-4],n9 -x n7", "{} without n[1,3-4] n9 n7"),
        (
            "-C 'a100&ib' --exclusive --mail-type=END",
            "{directives:[--constraint=a100&ib,--exclusive,--mail-type=END]}",
        ),
        ("--mem=0", "{directives:[--mem=0]}"),
        ("--exclusive=user", "{directives:[--exclusive=user]}"),
    ] {
        assert_eq!(read(text, Dialect::Slurm), expected, "{text}");
    }
}

#[test]
fn lists_of_pbs() {
    for (text, expected) in [
        ("select=1:ncpus=4:mem=16gb:ngpus=1", "{cpus:4,memory_mib:16384,gpus:1,nodes:1}"),
        ("select=2:ncpus=4,walltime=26:00:00", "{walltime_s:93600,cpus:4,nodes:2}"),
        (
            "-l select=1:ncpus=4 -l walltime=60 -q gpuq -A lab",
            "{walltime_s:60,cpus:4,nodes:1,partition:gpuq,account:lab}",
        ),
        ("ncpus=4,mem=2gb", "{cpus:4,memory_mib:2048}"),
        (
            "select=1:ncpus=4:scratch_ssd=True,place=scatter",
            "{directives:[-l select=1:ncpus=4:scratch_ssd=True,-l place=scatter]}",
        ),
        ("select=1:ncpus=4+2:ncpus=1", "{directives:[-l select=1:ncpus=4+2:ncpus=1]}"),
        ("-l ncpus=1 -P project", "{cpus:1,directives:[-P project]}"),
    ] {
        assert_eq!(read(text, Dialect::Pbs), expected, "{text}");
    }
}

#[test]
fn either_language_for_either_scheduler() {
    assert_eq!(
        read("select=1:ncpus=4:mem=16gb:ngpus=1,walltime=01:00:00", Dialect::Slurm),
        "{walltime_s:3600,cpus:4,memory_mib:16384,gpus:1}"
    );
    assert_eq!(
        read("--mem=16G -c 4 --gpus=1 -p gpuq", Dialect::Pbs),
        "{cpus:4,memory_mib:16384,gpus:1,partition:gpuq}"
    );
    assert_eq!(read("--mem=16G -c 4", Dialect::Plain), "{cpus:4,memory_mib:16384}");
    for (text, dialect, expected) in [
        (
            "select=1:ncpus=4:host=n1",
            Dialect::Slurm,
            "column 18 of the resources: `host` is a resource of PBS, and this scheduler has no word for it | with Slurm, write all of the resources as `--nodelist=NAME` and the like",
        ),
        (
            "select=1+2:ncpus=1",
            Dialect::Slurm,
            "column 1 of the resources: chunks of several kinds are PBS's own | ask for one kind: `select=2:ncpus=4`",
        ),
        (
            "-c 4 -C a100",
            Dialect::Pbs,
            "column 6 of the resources: `--constraint` is an option of Slurm, and this scheduler has no word for it | write what you need as PBS does: `select=1:ncpus=4:mem=16gb:NAME=VALUE`",
        ),
    ] {
        assert_eq!(read(text, dialect), expected);
    }
}

#[test]
fn slips_are_named_with_their_column() {
    for (text, expected) in [
        (
            "--mem=16Q",
            "column 7 of the resources: `16Q` is not an amount of memory such as `16G` or `512M` | ",
        ),
        (
            "-c 4 --men=16G",
            "column 6 of the resources: `--men` is no option that resources can have | did you mean `--mem`?",
        ),
        (
            "--partitoin=gpu",
            "column 1 of the resources: `--partitoin` is no option that resources can have | did you mean `--partition`?",
        ),
        ("-mem 16G", "column 1 of the resources: `-mem` is no option | did you mean `--mem`?"),
        (
            "--array=1-10",
            "column 1 of the resources: `--array` is no option that resources can have | `man sbatch` lists the options; arrays, names and logs are hsm's own",
        ),
        ("-c four", "column 4 of the resources: `four` is no number of CPUs | "),
        ("-c -4", "column 1 of the resources: `-c` needs a value | "),
        ("--mem", "column 1 of the resources: `--mem` needs a value | "),
        ("--partition=", "column 13 of the resources: `--partition` needs a value | "),
        (
            "--time=1h",
            "column 8 of the resources: `1h` is no time | write `HH:MM:SS`, `D-HH:MM:SS` or minutes",
        ),
        (
            "--gres=gpu:a100:two",
            "column 8 of the resources: `two` is no number of GPUs | write `gpu:2` or `gpu:a100:2`",
        ),
        ("-C 'a100", "column 4 of the resources: the quote ' is never closed | "),
        (
            "-c 4 gpu",
            "column 6 of the resources: `gpu` is no option | options begin with `-` or `--`: `--mem=16G -c 4`",
        ),
        (
            "--mem-per-cpu=1Q",
            "column 15 of the resources: `1Q` is not an amount of memory such as `16G` or `512M` | ",
        ),
        ("select=1:ncpu=4", "column 10 of the resources: PBS has no resource `ncpu` | did you mean `ncpus`?"),
        (
            "select=1:ncpus=4:mem=16q",
            "column 22 of the resources: `16q` is not an amount of memory such as `16G` or `512M` | ",
        ),
        (
            "selct=1:ncpus=4",
            "column 1 of the resources: PBS has no resource `selct` | did you mean `select`?",
        ),
        (
            "select=1,waltime=60",
            "column 10 of the resources: PBS has no resource `waltime` | did you mean `walltime`?",
        ),
        (
            "nodes=1:ppn=4",
            "column 1 of the resources: `nodes` is how Torque asks for machines | `nodes=1:ppn=4` is `select=1:ncpus=4`",
        ),
        ("walltime=1h", "column 10 of the resources: `1h` is no walltime | write `HH:MM:SS`, or seconds"),
        (
            "16G",
            "column 1 of the resources: `16G` is no `NAME=VALUE` | write `select=1:ncpus=4:mem=16gb` or `--mem=16G -c 4`",
        ),
        ("select=x", "column 8 of the resources: `x` is no number of chunks | "),
    ] {
        assert_eq!(read(text, Dialect::Slurm), expected, "{text}");
    }
}

#[test]
fn settings_are_below_what_is_typed() {
    let text = "slurm:\n  walltime: 01:00:00\n  cpus_per_task: 2\n  mem: 4G\n  gpus: 1\n  gpu_type: a100\n  partition: gpu\n  qos: long\n  qos_whitelist: [short, long]\n  extra_directives: {exclude: 'n1,n[2,3]', mail_type: END}\n";
    let slurm = Settings::parse(text, "settings").unwrap().value.slurm;
    let below = Request::of_slurm(&slurm).unwrap();
    assert_eq!(
        shown(&below),
        "{walltime_s:3600,cpus:2,memory_mib:4096,gpus:1,gpu_type:a100,partition:gpu,qos:long,directives:[--mail-type=END]} without n1 n[2,3]"
    );
    let typed = Request::parse("--mem=8G --gpus=0 --mail-type=FAIL -x n9", Dialect::Slurm).unwrap();
    let both = typed.over(below);
    assert_eq!(
        shown(&both),
        "{walltime_s:3600,cpus:2,memory_mib:8192,gpus:0,partition:gpu,qos:long,directives:[--mail-type=FAIL]} without n1 n[2,3] n9"
    );
    let allowed = slurm.qos_whitelist.as_deref();
    assert_eq!(both.check_qos(allowed), Ok(()));
    let other = Request::parse("-q logn", Dialect::Slurm).unwrap();
    let failure = other.check_qos(allowed).unwrap_err();
    assert_eq!(
        failure.message,
        "the quality of service `logn` is not in `slurm.qos_whitelist`, which has `short`, `long`"
    );
    assert_eq!(failure.hint.as_deref(), Some("did you mean `long`?"));
    assert_eq!(other.check_qos(None), Ok(()));
}

#[test]
fn blocks_that_contradict_themselves() {
    let slurm = Settings::parse("slurm: {mem: 4G, mem_per_cpu: 1G}\n", "settings").unwrap().value.slurm;
    assert_eq!(Request::of_slurm(&slurm).unwrap_err().code, "bad-resources");
    let slurm = Settings::parse("slurm: {mem_per_cpu: 1G}\n", "settings").unwrap().value.slurm;
    assert_eq!(shown(&Request::of_slurm(&slurm).unwrap()), "{directives:[--mem-per-cpu=1024M]}");
    let pbs = Settings::parse("pbs: {default_walltime: '02:00:00', default_resources: 'select=1:ncpus=4,walltime=60', queue: q, account: a}\n", "settings").unwrap().value.pbs;
    assert_eq!(
        shown(&Request::of_pbs(&pbs).unwrap()),
        "{walltime_s:7200,cpus:4,nodes:1,partition:q,account:a}"
    );
    let pbs = Settings::parse("pbs: {default_resources: 'selct=1'}\n", "settings").unwrap().value.pbs;
    assert!(Request::of_pbs(&pbs).unwrap_err().message.starts_with("`pbs.default_resources`: column 1 "));
}
