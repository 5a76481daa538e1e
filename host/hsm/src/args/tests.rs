//! What the command line accepts, and what its help says.

use super::*;
use clap::CommandFactory;

fn parse(line: &str) -> Result<Cli, clap::Error> {
    Cli::try_parse_from(std::iter::once("hsm").chain(line.split_whitespace()))
}

#[test]
fn the_definition_is_sound() {
    Cli::command().debug_assert();
}

#[test]
fn what_users_type_is_accepted() {
    for line in [
        "init --example",
        "plan",
        "plan sweeps/a.yaml --json --all",
        "plan -c sweeps/a.yaml --task 3",
        "plan --count-only",
        "run sweeps/a.yaml -p 4 --mode local --detach",
        "sweep -c a.yaml -d --max-runs 3",
        "run --gpus 0,1,3 --walltime 1-00:00:00 --group g --sweep-id s1 --show-output --no-progress",
        "status --json",
        "watch",
        "recent --json",
        "collect s1 --format csv -o table.csv",
        "--plugin a.wasm collect --config metric=accuracy --config k=3",
        "collect --plugin a.wasm",
        "complete s1 --only failed,timeout,missing --with sweeps/b.yaml",
        "complete s1 --only memory,preempted,unknown --exclude n1,n2 --walltime 02:00:00 --resources --mem=8G",
        "run --mode array --scheduler slurm --resources '--mem=16G' --max-in-flight 50 --tasks-per-job 20 -y",
        "run --mode individual --link data --link weights --priority -5 --record said --poll-interval 0.5",
        "plan --mode array --walltime 01:00:00 --use-gpu-nodes --json",
        "status s1 --rpc --json",
        "queue",
        "queue mine --all",
        "queue gpus --scheduler slurm --json",
        "queue reservations",
        "release s1",
        "remote add box",
        "remote add gpu me@host --backend slurm --port 2222 --key k --root ~/h -p 4 --gpus 0,1 --conda-env ml --python p",
        "remote add a b --workdir /w --exclude data --exclude -x --gitignore --disabled",
        "remote add c --archive-dir /a --archive-on always --qos-whitelist a,b --keep-remote-on-success false --spec mem=16G --spec nodes=2",
        "remote list --json",
        "remote test",
        "remote health box --json",
        "remote gpus box cluster",
        "remote clean --json",
        "remote clean box cluster --yes --orphans --older-than 30",
        "remote remove box --yes",
        "abandon s1 --tasks 1-3,7 --host n1 --take-over",
        "replay said --json",
        "cancel s1",
        "errors",
        "plugin new generator ladder",
        "plugin new aggregator my-agg --lang python plugins/my-agg",
        "plugin check a.wasm --json",
        "plugin pack my-agg -o my-agg.tar",
        "plugin keygen --no-password -o lab.key",
        "plugin sign my-agg.tar --key lab.key",
        "plugin verify",
        "plugin add my-agg.tar --grant qsub,qstat",
        "plugin add my-agg.tar --yes",
        "plugin list --json",
        "plugin remove my-agg",
        "plugin test",
        "plugin test ladder --bless",
        "completions bash",
        "trust",
        "-v status",
        "status -q",
    ] {
        assert!(parse(line).is_ok(), "{line}: {}", parse(line).unwrap_err());
    }
}

#[test]
fn what_makes_no_sense_is_refused() {
    for line in [
        "",
        "run -p 0",
        "run a.yaml -c b.yaml",
        "run --mode cloud",
        "run --detach --show-output",
        "plan --count-only --json",
        "status -q -v",
        "collect --config novalue",
        "collect --config =3",
        "complete s1 --only sometimes",
        "run --link data --no-snapshot",
        "run --max-in-flight 0",
        "queue everything",
        "replay",
        "remote add c --archive-on always",
        "remote add c --keep-remote-on-success perhaps",
        "remote clean --orphans",
        "remote clean --older-than week",
        "plugin",
        "plugin add",
        "plugin sign a.tar --password secret",
        "plugin new painter x",
        "plugin new generator",
        "plugin new generator x --lang fortran",
        "frobnicate",
    ] {
        assert!(parse(line).is_err(), "{line}");
    }
}

#[test]
fn a_plugin_may_stand_before_or_after_the_command() {
    for line in ["--plugin a.wasm collect", "collect --plugin a.wasm"] {
        assert_eq!(parse(line).unwrap().global.plugin.as_deref(), Some("a.wasm"));
    }
}

#[test]
fn configuration_becomes_one_object() {
    let object = |pairs: &[&str]| {
        let pairs: Vec<KeyValue> = pairs.iter().map(|pair| pair.parse().unwrap()).collect();
        KeyValue::object(&pairs).map(|object| object.to_string())
    };
    assert_eq!(object(&[]).unwrap(), "{}");
    assert_eq!(
        object(&["metric=accuracy", "k=3", "deep.inner=[1,2]", "deep.other=true", "text=\"3\"", "empty="])
            .unwrap(),
        r#"{"metric":"accuracy","k":3,"deep":{"inner":[1,2],"other":true},"text":"3","empty":""}"#
    );
    assert_eq!(object(&["k=1", "k=2"]).unwrap(), r#"{"k":2}"#);
    assert_eq!(object(&["a=1", "a.b=2"]).unwrap_err(), "a");
    assert_eq!(object(&["a.b=2", "a=1"]).unwrap_err(), "a");
}

#[test]
fn help_fits_on_a_screen() {
    insta::assert_snapshot!(Cli::command().term_width(100).render_help(), @r"
    Parameter sweeps: from a sweep file to tasks, from tasks to a table

    Usage: hsm [OPTIONS] <COMMAND>

    Commands:
      init         Prepare this folder for sweeps, or write a small example that runs
      plan         Show what a sweep would run, and run nothing
      run          Run a sweep, and follow it [alias: sweep]
      status       Show how a sweep stands
      monitor      Follow a sweep until it ends [alias: watch]
      list         List the sweeps of this project, newest first [alias: recent]
      collect      Put the results of a sweep into one table
      complete     Run what is missing or failed in a sweep, or add new tasks to it
      cancel       Stop a sweep, from any terminal
      errors       Show why tasks failed
      queue        Show what the cluster says of its queue, with the sweeps that jobs belong to
      release      Let jobs go that were held because tasks died at once
      abandon      Vouch that tasks do not run any more of which nobody saw the end
      replay       Ask a scheduler again what `run --record` has kept
      remote       Name the machines that are reached by ssh, and see how they are
      plugin       Make plugins, and see what is in them
      completions  Print the completions of a shell
      trust        Allow settings that belong to somebody else to run commands as you
      help         Print this message or the help of the given subcommand(s)

    Options:
      -h, --help     Print help
      -V, --version  Print version

    Global options:
          --plugin <REF>                Use a plugin, by its name or its path (`run`, `plan`: a
                                        generator or a scheduler; `collect`: an aggregator)
          --plugin-limit <LIMIT=VALUE>  Give a plugin more than usual: `call_time_s=60`,
                                        `memory_mib=1024`; may be given again
      -v, --verbose...                  Say more on standard error (twice: everything)
      -q, --quiet                       Say only what went wrong
          --no-progress                 Draw no progress bar

    Exit codes: 0 success, 1 a task failed or was cancelled, 2 configuration or usage, 3 connection,
    4 permission, 5 not found, 6 plugin, 130 interrupted.

    New here? `hsm init --example` writes a small sweep that runs as it is.
    ");
}
