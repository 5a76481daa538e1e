//! `hsm remote`: machines come into a project's settings and go, and nothing else in that file changes.

use hsm_tests::lab::{SshHosts, SshOptions};
use hsm_tests::{World, wait_until};
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

const SETTINGS: &str = "\
# Ours.
project: {name: demo}   # kept
distributed:
    strategy: 'least_loaded'

    remotes:
        # The old one.
        old:    # under the stairs
            host: old.example.org
            gpus:
            - 1
# Tasks here.
local:
    max_parallel_jobs: 2
";

/// An `ssh` that knows two aliases of one machine, and takes any other name as it is. It can do nothing but tell.
const SSH: &str = "\
#!/bin/sh
[ \"$1\" = -G ] || exit 255
port=22
[ \"$2\" = -p ] && port=$3
for name; do :; done
case $name in
  box|desk) echo 'user me'; echo 'hostname box.example.org'; echo \"port $port\"; echo 'proxyjump gate' ;;
  broken) echo 'bad configuration option: Hots' >&2; exit 255 ;;
  *) echo 'user me'; echo \"hostname $name\"; echo \"port $port\" ;;
esac
";

fn world(settings: &str) -> World {
    let world = World::new();
    world.write(".hsm/config.yaml", settings);
    world.write_program("bin/ssh", SSH);
    world
}

fn settings(world: &World) -> String {
    World::read(world.project(".hsm/config.yaml"))
}

#[test]
fn a_machine_comes_and_goes_and_every_comment_stays() {
    let world = world(SETTINGS);
    let more = ["--backend", "slurm", "-p", "4", "--gpus", "0,1", "--root", "~/h s", "--port", "2222"];
    let added = world.hsm(&[&["remote", "add", "new", "me@box"], &more[..]].concat()).succeeds();
    let _ = added.says(&["added `new`", "ssh would connect to me@me@box:2222"]);
    let (before, after) = SETTINGS.split_once("# Tasks here.").unwrap();
    let block = "        new:
            backend: slurm
            host: me@box
            ssh_port: 2222
            remote_root: \"~/h s\"
            max_parallel_jobs: 4
            gpus: [0, 1]
";
    let expected = format!("{before}{block}# Tasks here.{after}");
    assert_eq!(settings(&world), expected);
    let _ = world.hsm(&["remote", "remove", "new"]).succeeds().says(&["what is over there stays"]);
    assert_eq!(settings(&world), SETTINGS);
    let _ = world.hsm(&["remote", "remove", "old"]).succeeds();
    let gone = "        old:    # under the stairs\n            host: old.example.org\n            gpus:\n            - 1\n";
    assert_eq!(settings(&world), SETTINGS.replace(gone, "").replace("remotes:", "remotes: {}"));
}

#[test]
fn a_cluster_comes_with_all_that_users_have_for_one() {
    let world = world(SETTINGS);
    let more = "--backend slurm --workdir /w --archive-dir /a --archive-on always --qos-whitelist a,b \
                --keep-remote-on-success false --spec mem=16G --spec cpus_per_task=4";
    let words: Vec<&str> = more.split_whitespace().collect();
    let _ = world.hsm(&[&["remote", "add", "box"], &words[..]].concat()).succeeds();
    let block = "        box:
            backend: slurm
            host: box
            workdir: /w
            archive_dir: /a
            archive_on: always
            qos_whitelist: [a, b]
            keep_remote_on_success: false
            spec:
                mem: 16G
                cpus_per_task: 4
";
    assert!(settings(&world).contains(block), "{}", settings(&world));
    let list = world.hsm(&["remote", "list", "--json"]).succeeds().json();
    assert_eq!(
        list["remotes"][1]["remote_root"], "/w",
        "where a scheduler starts tasks, everything is there"
    );
}

#[test]
fn the_list_says_where_ssh_would_go() {
    let world = world(SETTINGS);
    let _ = world.hsm(&["remote", "add", "box", "--port", "22", "--disabled"]).succeeds();
    let twin = world.hsm(&["remote", "add", "twin", "desk"]).succeeds();
    let _ = twin.says(&["warning: `twin` is the same machine as `box`"]);
    let _ = world
        .hsm(&["remote", "add", "bad", "broken"])
        .succeeds()
        .says(&["what ssh makes of `broken`", "Hots"]);
    let run = world.hsm(&["remote", "list"]).succeeds();
    let _ = run.prints(&["me@box.example.org by way of gate", "me@old.example.org"]);
    let list = world.hsm(&["remote", "list", "--json"]).succeeds().json();
    let names: Vec<_> = list["remotes"].as_array().unwrap().iter().map(|remote| &remote["name"]).collect();
    assert_eq!(names, ["old", "box", "twin", "bad"]);
    let old = &list["remotes"][0];
    let mut keys: Vec<_> = old.as_object().unwrap().keys().map(String::as_str).collect();
    keys.sort_unstable();
    let documented = [
        "backend",
        "conda_env",
        "enabled",
        "gpus",
        "host",
        "max_parallel_jobs",
        "name",
        "problem",
        "python_path",
        "remote_root",
        "ssh",
    ];
    assert_eq!(keys, documented);
    assert_eq!((&old["gpus"][0], &old["remote_root"]), (&1.into(), &"~/.hsm/remote".into()));
    assert_eq!(list["remotes"][1]["ssh"]["proxy_jump"], "gate");
    assert_eq!(list["remotes"][1]["enabled"], false);
    assert!(list["remotes"][3]["problem"].as_str().unwrap().contains("Hots"));
}

#[test]
fn where_there_are_no_settings_those_of_init_are_written() {
    let world = World::new();
    world.write_program("bin/ssh", SSH);
    let folder = world.path("fresh");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("train.py"), "").unwrap();
    let _ = world.hsm_in(&folder, &["remote", "add", "box"]).succeeds();
    let text = World::read(folder.join(".hsm/config.yaml"));
    for part in [
        "train_script: \"train.py\"",
        "# max_parallel_jobs: 2",
        "\n  remotes:\n    box:\n      backend: ssh\n      host: box\n",
    ] {
        assert!(text.contains(part), "{text}");
    }
    let list = world.hsm_in(&folder, &["remote", "list", "--json"]).succeeds().json();
    assert_eq!(list["remotes"][0]["name"], "box");
}

#[test]
fn older_settings_are_changed_where_they_are() {
    let world = World::new();
    world.write_program("bin/ssh", SSH);
    fs::remove_dir_all(world.project(".hsm")).unwrap();
    world.write("shared/old.yaml", "local: {}\r\n");
    let (real, link) = (world.project("shared/old.yaml"), world.project("sweeps/hsm_config.yaml"));
    fs::set_permissions(&real, fs::Permissions::from_mode(0o660)).unwrap();
    symlink(&real, &link).unwrap();
    let _ = world.hsm(&["remote", "add", "box"]).succeeds();
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(fs::metadata(&real).unwrap().permissions().mode() & 0o7777, 0o660);
    assert!(World::read(&real).ends_with("      host: box\r\n"));
    assert!(!world.project(".hsm").exists());
}

/// What is refused, with its code and a part of why.
const REFUSED: &[(&[&str], i32, &str)] = &[
    (&["remote", "add", "old"], 2, "hint: `hsm remote remove old` first"),
    (&["remote", "remove", "olds"], 5, "hint: did you mean `old`?"),
    (&["remote", "add", "--", "-x"], 2, "`-x` cannot be the name of a host"),
    (&["remote", "add", "x", "--", "-oProxyCommand=date"], 2, "cannot be the name of a host"),
    (&["remote", "add", "x", "me@-oProxyCommand=date"], 2, "cannot be the name of a host"),
    (&["remote", "add", "local"], 2, "`local` is what this machine is called"),
    (&["remote", "add", "x", "--backend", "slrum"], 2, "hint: did you mean `slurm`?"),
    (&["remote", "add", "x", "--backend", "my-site"], 2, "neither built in nor a plugin"),
    (&["remote", "add", "x", "--port", "0"], 2, "--port"),
    (&["remote", "add", "x", "--spec", "mem=1G", "--spec", "mem=2G"], 2, "`mem` is given twice"),
    (&["remote", "add", "x", "--spec", "mem=[1]"], 2, "`mem` is no plain value"),
    (&["remote"], 2, "remote"),
];

#[test]
fn what_cannot_be_meant_is_refused_and_changes_nothing() {
    let world = world(SETTINGS);
    for (arguments, code, why) in REFUSED {
        let run = world.hsm(arguments).ends_with(*code);
        assert!(run.stderr.contains(why), "{run}");
        assert_eq!(settings(&world), SETTINGS);
    }
}

#[test]
fn a_file_with_an_error_is_left_alone_and_the_error_says_where() {
    for (broken, place) in [
        ("local: {gpus: 1\n", "config.yaml:2:1: not YAML"),
        ("a: 1\nlocal: {gpus: many}\n", "config.yaml:2:15"),
    ] {
        let world = world(broken);
        let run = world.hsm(&["remote", "add", "box"]).ends_with(2);
        assert!(run.stderr.contains(place), "{run}");
        assert_eq!(settings(&world), broken);
    }
}

#[test]
fn machines_are_tested_side_by_side_and_one_that_is_gone_is_said() {
    let hosts = SshHosts::up(&SshOptions {
        clocks: vec![("host2", "+2h")],
        talkative: vec!["host2"],
        csh: vec!["host3"],
        ..SshOptions::default()
    });
    let world = World::new().with_ssh(&hosts);
    for (name, host, more) in [
        ("one", "host1", &[][..]),
        ("two", "host2", &["--python", "no-python", "--conda-env", "no-env"]),
        ("three", "host3", &["--root", "$HOME/link"]),
        ("again", "host1", &["--disabled"]),
    ] {
        let _ = world.hsm(&[&["remote", "add", name, host], more].concat()).succeeds();
    }
    symlink("/", hosts.home("host3").join("link")).unwrap();
    let list = world.hsm(&["remote", "test", "--json"]).ends_with(1).json();
    let point = |machine: usize, what: &str| {
        let points = list["remotes"][machine]["points"].as_array().unwrap();
        let found =
            points.iter().find(|point| point["what"] == what).unwrap_or_else(|| panic!("{what}: {list}"));
        (found["verdict"].as_str().unwrap().to_owned(), found["found"].as_str().unwrap().to_owned())
    };
    let home = hosts.home("host1");
    assert_eq!(
        point(0, "root"),
        ("good".to_owned(), format!("{}/.hsm/remote, which is not there yet", home.display()))
    );
    for what in ["latency", "shell", "bash", "rsync", "disk", "clock", "processors"] {
        assert_eq!(point(0, what).0, "good", "{what}: {list}");
    }
    assert_eq!(point(0, "machine").1, "the same as again");
    assert!(point(1, "clock").1.ends_with(" s ahead of this machine's"), "{list}");
    assert_eq!((point(1, "python").0.as_str(), point(1, "conda").0.as_str()), ("bad", "bad"));
    assert!(
        point(2, "shell").1.ends_with("csh") && point(2, "root").1.ends_with("is a symbolic link"),
        "{list}"
    );
    hosts.kill("host2");
    let run = world.hsm(&["remote", "test", "one", "two"]).ends_with(3);
    let _ = run.prints(&["rsync", "connection"]);
    let health = world.hsm(&["remote", "health", "--json"]).ends_with(3).json();
    let reachable: Vec<_> = health["remotes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| line["reachable"].as_bool().unwrap())
        .collect();
    assert_eq!(reachable, [true, false, true, true]);
    assert!(health["remotes"][0]["disk_free_kib"].as_u64().unwrap() > 0);
    assert_eq!(health["remotes"][0]["running"], 0);
    assert!(health["remotes"][1]["hint"].as_str().is_some_and(|hint| !hint.is_empty()), "{health}");
    let _ = world.hsm(&["remote", "health", "one"]).succeeds().prints(&["reachable"]);
    let _ = world.hsm(&["remote", "test", "twp"]).ends_with(5);
}

#[test]
fn gpus_are_those_of_over_there_and_none_is_an_answer_too() {
    let hosts = SshHosts::up(&SshOptions { hosts: 2, ..SshOptions::default() });
    let world = World::new().with_ssh(&hosts);
    for name in ["host1", "host2"] {
        let _ = world.hsm(&["remote", "add", name]).succeeds();
    }
    let smi = "#!/bin/sh\ncase $1 in\n  --query-gpu*) echo 'GPU-a, 0, NVIDIA A100, 40960, 512, 97'; echo 'GPU-b, 1, T4, 15360, [N/A], 0' ;;\n  *) echo 'GPU-a, 1' ;;\nesac\n";
    let program = hosts.home("host2").join("bin/nvidia-smi");
    fs::create_dir_all(program.parent().unwrap()).unwrap();
    fs::write(&program, smi).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    fs::write(hosts.home("host2").join(".bashrc"), "PATH=$HOME/bin:$PATH\n").unwrap();
    let list = world.hsm(&["remote", "gpus", "--json"]).succeeds().json();
    assert_eq!(list["remotes"][0]["nvidia_smi"], false);
    let gpus = &list["remotes"][1]["gpus"];
    assert_eq!((&gpus[0]["name"], &gpus[0]["use_percent"]), (&"NVIDIA A100".into(), &97.into()), "{list}");
    assert_eq!(gpus[0]["users"].as_array().map(Vec::len), Some(1));
    assert!(gpus[1]["memory_used_mib"].is_null());
    let _ = world.hsm(&["remote", "gpus"]).succeeds().prints(&["there is no `nvidia-smi`", "97 %"]);
}

/// Everything that hsm has on a host, by its paths below the root.
fn left_on(hosts: &SshHosts, host: &str, below: &str) -> Vec<String> {
    let root = hosts.home(host).join(".hsm/remote");
    let projects = fs::read_dir(root).into_iter().flatten().filter_map(Result::ok).map(|entry| entry.path());
    let of = projects.filter(|path| path.is_dir()).flat_map(|path| {
        let entries = fs::read_dir(path.join(below)).into_iter().flatten().filter_map(Result::ok);
        entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect::<Vec<_>>()
    });
    let mut names: Vec<String> = of.collect();
    names.sort();
    names
}

/// What `clean` says of things of this kind on its only machine: name, and `goes`, `stays` or `gone`.
fn said_of(list: &serde_json::Value, kind: &str) -> Vec<(String, String)> {
    let items = list["remotes"][0]["items"].as_array().unwrap_or_else(|| panic!("{list}"));
    let word = |item: &serde_json::Value, key: &str| item[key].as_str().unwrap_or_default().to_owned();
    let its = items.iter().filter(|item| item["kind"] == kind);
    its.map(|item| (word(item, "name"), word(item, "verdict"))).collect()
}

#[test]
fn what_is_over_is_cleaned_away_and_what_runs_never() {
    let hosts = SshHosts::up(&SshOptions { hosts: 1, ..SshOptions::default() });
    let world = World::new().with_ssh(&hosts);
    let _ = world.hsm(&["remote", "add", "host1", "--keep-remote-on-success", "true"]).succeeds();
    world.write("quick.yaml", "command: [/bin/sh, -c, 'echo {x}']\nsweep: {grid: {x: [1, 2]}}\n");
    let line = "touch began; until [ -e ../../../../go ]; do sleep 0.05; done";
    world.write(
        "slow.yaml",
        format!("command: [/bin/sh, -c, 'cd {{task_dir}}; {line}; : {{x}}']\nsweep: {{grid: {{x: [1]}}}}\n"),
    );
    let to = ["--remote", "host1", "--poll-interval", "1"];
    for id in ["done", "lost"] {
        let _ = world.hsm(&[&["run", "quick.yaml", "--sweep-id", id], &to[..]].concat()).succeeds();
    }
    let _ =
        world.hsm(&[&["run", "slow.yaml", "--sweep-id", "runs", "--detach"], &to[..]].concat()).succeeds();
    wait_until("a task runs", || {
        left_on(&hosts, "host1", "sweeps/runs/tasks/task_1").contains(&"began".to_owned())
    });
    fs::remove_dir_all(world.sweep_dir("lost")).unwrap();
    let pair = |name: &str, verdict: &str| (name.to_owned(), verdict.to_owned());

    // Nothing goes by being looked at.
    let list = world.hsm(&["remote", "clean", "--json"]).succeeds().json();
    let three = [pair("done", "goes"), pair("lost", "stays"), pair("runs", "stays")];
    assert_eq!(said_of(&list, "sweep"), three, "{list}");
    assert!(said_of(&list, "code").iter().all(|(_, verdict)| verdict == "stays"), "{list}");
    let _ = world.hsm(&["remote", "clean"]).succeeds().says(&["nothing was removed", "`--yes`"]);
    let old = world.hsm(&["remote", "clean", "--yes", "--older-than", "1"]).succeeds();
    let _ = old.says(&["there is nothing to remove"]);
    assert_eq!(left_on(&hosts, "host1", "sweeps"), ["done", "lost", "runs"]);
    assert_eq!(left_on(&hosts, "host1", "state/on-host1/jobs").len(), 3);

    // What is over goes, with what the agent remembers of it.
    let _ = world.hsm(&["remote", "clean", "--yes"]).succeeds().says(&["host1: removed 1 thing"]);
    assert_eq!(left_on(&hosts, "host1", "sweeps"), ["lost", "runs"]);
    assert_eq!(left_on(&hosts, "host1", "state/on-host1/jobs").len(), 2);
    assert!(world.task_dir("done", 1).join("stdout.log").exists(), "what is here stays");

    // A sweep that runs stays even where everything of it here is gone: the agent over there knows.
    for driver in world.drivers("runs") {
        let driver = rustix::process::Pid::from_raw(driver).unwrap();
        rustix::process::kill_process(driver, rustix::process::Signal::KILL).unwrap();
    }
    wait_until("its driver is gone", || world.drivers("runs").is_empty());
    let aside = world.path("aside");
    fs::rename(world.sweep_dir("runs"), &aside).unwrap();
    let list = world.hsm(&["remote", "clean", "--yes", "--orphans", "--json"]).ends_with(1).json();
    assert_eq!(said_of(&list, "sweep"), [pair("lost", "gone"), pair("runs", "stays")], "{list}");
    assert_eq!(left_on(&hosts, "host1", "sweeps"), ["runs"]);
    fs::rename(&aside, world.sweep_dir("runs")).unwrap();
    let root = hosts.home("host1").join(".hsm/remote");
    let project = fs::read_dir(&root)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.join("sweeps").exists());
    fs::write(project.unwrap().join("go"), "").unwrap();
    let _ = world.hsm(&["monitor", "runs"]).succeeds();

    // A machine that is in no settings goes by the name that ssh knows.
    let _ = world.hsm(&["remote", "remove", "host1"]).succeeds();
    let last = world.hsm(&["remote", "clean", "host1", "--yes"]).succeeds();
    let _ = last.says(&["host1: removed 1 thing"]);
    assert!(left_on(&hosts, "host1", "sweeps").is_empty());
    // This one is a part of a word that ssh has for every name.
    for unknown in ["nobody", "nohost"] {
        let _ = world.hsm(&["remote", "clean", unknown]).ends_with(5);
    }
}

#[test]
fn what_hsm_did_not_make_is_never_cleaned_away() {
    let hosts = SshHosts::up(&SshOptions { hosts: 1, ..SshOptions::default() });
    let world = World::new().with_ssh(&hosts);
    let _ = world.hsm(&["remote", "add", "host1", "--keep-remote-on-success", "true"]).succeeds();
    world.write("quick.yaml", "command: [/bin/sh, -c, 'echo {x}']\nsweep: {grid: {x: [1, 2]}}\n");
    let _ = world.hsm(&["run", "quick.yaml", "--sweep-id", "s", "--remote", "host1"]).succeeds();
    let root = hosts.home("host1").join(".hsm/remote");
    let project = fs::read_dir(&root)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.join("sweeps").exists())
        .unwrap();
    let precious = hosts.home("host1").join("precious");
    fs::create_dir_all(&precious).unwrap();
    fs::write(precious.join("data"), "mine").unwrap();
    symlink(&precious, project.join("sweeps/link")).unwrap();
    fs::create_dir(project.join("sweeps/mine")).unwrap();
    fs::write(project.join("sweeps/mine/data"), "mine").unwrap();
    // Somebody moved the sweep to another disk, and left a link.
    fs::rename(project.join("sweeps/s"), precious.join("s")).unwrap();
    symlink(precious.join("s"), project.join("sweeps/s")).unwrap();
    let list = world.hsm(&["remote", "clean", "--yes", "--orphans", "--json"]).succeeds().json();
    assert_eq!(said_of(&list, "sweep"), [], "{list}");
    assert_eq!(said_of(&list, "unmarked").len(), 3, "{list}");
    for kept in
        [precious.join("data"), project.join("sweeps/mine/data"), precious.join("s/tasks/task_1/stdout.log")]
    {
        assert!(kept.exists(), "{}", kept.display());
    }
    hosts.kill("host1");
    let gone = world.hsm(&["remote", "clean", "--json"]).ends_with(3).json();
    assert!(gone["remotes"][0]["hint"].as_str().is_some_and(|hint| !hint.is_empty()), "{gone}");
}
