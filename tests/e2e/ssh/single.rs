//! One machine and everything that is odd about it: the way there, its shells, its disk, its clock, who may come in and how often.

use super::laptop::Laptop;
use hsm_tests::lab::SshOptions;
use hsm_tests::{Running, World, wait_until};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::time::Duration;

/// What makes every `ssh` of a user share a master that somebody opened.
const MASTER: &str = "Host *\n    ControlPath ~/.ssh/%C\n";

/// Adds to the world's `~/.ssh/config`.
fn configure(world: &World, text: &str) {
    let path = world.path("home/.ssh/config");
    let text = text.replace('~', &world.path("home").to_string_lossy());
    fs::write(&path, World::read(&path) + &text).expect("the configuration");
}

/// Starts `ssh` as its user would type it.
fn ssh(world: &World, arguments: &[&str]) -> Running {
    let mut command = world.program("ssh");
    command.args(arguments);
    Running::start(&mut command, &world.path(""))
}

/// What `hsm` has started so far: a wrapper notes every call of `ssh`.
fn note_calls_of_ssh(world: &World) {
    let (program, log) = (world.path("bin/ssh"), world.path("calls"));
    let text = World::read(&program).replace("exec ", &format!("echo \"$*\" >>'{}'\nexec ", log.display()));
    world.write_program("bin/ssh", &text);
}

fn calls_of_ssh(world: &World) -> usize {
    fs::read_to_string(world.path("calls")).unwrap_or_default().lines().count()
}

fn of_one_host() -> SshOptions {
    SshOptions { hosts: 1, ..SshOptions::default() }
}

#[test]
fn by_way_of_another_host_through_shells_that_print() {
    let laptop = Laptop::with(SshOptions { talkative: vec!["host2"], ..SshOptions::default() });
    laptop.sweep(6, "echo \"$1 on $(uname -n)\"; echo \"$1\" >\"$HSM_TASK_DIR/left\"");
    let _ = laptop.run("jump2", &["-p", "2"]).succeeds();
    laptop.each_completed_once("host2", 6);
    for task in 1..=6 {
        assert_eq!(laptop.printed(task), format!("{task} on host2\n"));
        assert_eq!(World::read(laptop.world.task_dir("s", task).join("left")), format!("{task}\n"));
    }
    // host1 is passed through, and nothing is left on it.
    assert!(!laptop.hosts.home("host1").join(".hsm").exists());
}

#[test]
fn a_login_shell_may_be_a_csh_that_prints() {
    let laptop = Laptop::with(SshOptions { talkative: vec!["host1"], csh: vec!["host1"], ..of_one_host() });
    laptop.sweep(3, "echo \"printed by $1\"");
    let _ = laptop.run("host1", &[]).succeeds();
    laptop.each_completed_once("host1", 3);
    assert_eq!(laptop.printed(2), "printed by 2\n");
}

#[test]
fn as_many_at_once_as_were_asked_for() {
    let laptop = Laptop::with(of_one_host());
    laptop.sweep(12, "sleep 0.6");
    let _ = laptop.run("host1", &["-p", "4"]).succeeds();
    laptop.each_completed_once("host1", 12);
    assert_eq!(laptop.log("host1").most_at_once, 4);
}

#[test]
fn gpus_are_disjoint_slots() {
    let laptop = Laptop::with(of_one_host());
    // Whoever has the same GPU at the same time as another finds its folder there.
    let deed = "mkdir ~/\"in-use-$CUDA_VISIBLE_DEVICES\" || return 9; sleep 0.4; rmdir ~/\"in-use-$CUDA_VISIBLE_DEVICES\"
echo \"$CUDA_DEVICE_ORDER $CUDA_VISIBLE_DEVICES\"";
    laptop.sweep(6, deed);
    let _ = laptop.run("host1", &["--gpus", "0,3"]).succeeds();
    laptop.each_completed_once("host1", 6);
    let had: BTreeSet<String> = (1..=6).map(|task| laptop.printed(task)).collect();
    assert_eq!(had, BTreeSet::from(["PCI_BUS_ID 0\n".to_owned(), "PCI_BUS_ID 3\n".to_owned()]));
    assert_eq!(laptop.log("host1").most_at_once, 2);
}

#[test]
fn a_task_is_stopped_when_its_time_is_over() {
    let laptop = Laptop::with(of_one_host());
    laptop.sweep(2, "if [ \"$1\" = 1 ]; then sleep 1234 & echo $! >~/child; wait; fi");
    let _ = laptop.run("host1", &["--walltime", "00:00:02"]).ends_with(1);
    let status = laptop.status();
    assert_eq!(status["tasks"][0]["state"], "failed", "{status}");
    assert!(status["tasks"][0]["reason"].as_str().unwrap().contains("time"), "{status}");
    assert_eq!(status["tasks"][1]["state"], "completed", "{status}");
    // What it started is gone, too.
    assert_eq!(laptop.hosts.console("host1", "kill -0 $(cat child) 2>/dev/null || echo gone"), "gone\n");
    let again = laptop.world.hsm(&["complete", "s", "--only", "timeout", "--dry-run"]).succeeds();
    assert!(again.stdout.contains('1'), "{again}");
}

/// Values that a shell would make something else of.
const ODD: [&str; 6] = ["two words", "it's \"quoted\"", "$HOME", "a;b && c | d", "`id` $(id) \\", " *? \t~ "];

#[test]
fn odd_paths_and_values_reach_the_program_byte_for_byte() {
    let laptop = Laptop::with(of_one_host());
    let world = &laptop.world;
    let project = world.path("an odd 'project' \"of\" $HOME; (mine)");
    fs::create_dir_all(project.join(".hsm")).unwrap();
    fs::create_dir_all(project.join("sweeps")).unwrap();
    fs::write(project.join(".hsm/config.yaml"), "project: {name: odd}\n").unwrap();
    fs::write(project.join("print all.sh"), "printf '%s\\0' \"$@\"\n").unwrap();
    let values: Vec<String> = ODD.iter().map(|value| serde_json::to_string(value).unwrap()).collect();
    let sweep = format!(
        "command: [bash, 'print all.sh', '{{x}}', '-{{x}}-']\nsweep:\n  grid:\n    x: [{}]\n",
        values.join(", ")
    );
    fs::write(project.join("sweeps/sweep.yaml"), sweep).unwrap();
    let _ = world.hsm_in(&project, &["run", "--sweep-id", "s", "--remote", "host1", "-p", "3"]).succeeds();
    for (at, value) in ODD.iter().enumerate() {
        let printed =
            fs::read(project.join(format!("sweeps/outputs/s/tasks/task_{}/stdout.log", at + 1))).unwrap();
        assert_eq!(String::from_utf8(printed).unwrap(), format!("{value}\0-{value}-\0"));
    }
}

#[test]
fn times_are_right_where_the_clock_is_two_hours_off() {
    for offset in ["+2h", "-2h"] {
        let laptop = Laptop::with(SshOptions { clocks: vec![("host1", offset)], ..of_one_host() });
        laptop.sweep(2, "sleep 1");
        let before = seconds_of(&laptop.world, "now");
        let _ = laptop.run("host1", &["-p", "2"]).succeeds();
        let after = seconds_of(&laptop.world, "now");
        let status = laptop.status();
        for task in status["tasks"].as_array().unwrap() {
            let at = |what: &str| seconds_of(&laptop.world, task[what].as_str().expect("a time"));
            let (began, ended) = (at("started"), at("ended"));
            let right = before.saturating_sub(2)..=after + 2;
            assert!(right.contains(&began) && right.contains(&ended), "{offset}: {before} {after} {task}");
            assert!((1..10).contains(&(ended - began)), "{offset}: {task}");
        }
    }
}

/// A time in seconds since 1970, by this machine's clock.
fn seconds_of(world: &World, time: &str) -> u64 {
    let mut command = world.program("date");
    command.args(["-u", "-d", time, "+%s"]);
    let said = Running::start(&mut command, &world.path("")).wait().succeeds().stdout;
    said.trim().parse().expect("seconds")
}

#[test]
fn a_master_that_its_user_opened_is_used_and_left_open() {
    let laptop = Laptop::with(of_one_host());
    configure(&laptop.world, MASTER);
    let _ = ssh(&laptop.world, &["-fNM", "host1"]).wait().succeeds();
    laptop.sweep(4, "echo done");
    let _ = laptop.run("host1", &["-p", "2"]).succeeds();
    laptop.each_completed_once("host1", 4);
    assert_eq!(laptop.hosts.logins("host1"), 1);
    let _ = ssh(&laptop.world, &["-O", "check", "host1"]).wait().succeeds();
}

#[test]
fn where_all_sessions_of_a_master_are_taken_hsm_logs_in_once_itself() {
    let laptop = Laptop::with(of_one_host());
    configure(&laptop.world, MASTER);
    let _ = ssh(&laptop.world, &["-fNM", "host1"]).wait().succeeds();
    let taken: Vec<Running> = (0..10)
        .map(|at| ssh(&laptop.world, &["host1", &format!("touch taken-{at}; exec sleep 1234")]))
        .collect();
    let home = laptop.hosts.home("host1");
    wait_until("all sessions are taken", || (0..10).all(|at| home.join(format!("taken-{at}")).exists()));
    assert_eq!(laptop.hosts.logins("host1"), 1);
    laptop.sweep(4, "sleep 0.5; echo done");
    let _ = laptop.run("host1", &[]).succeeds();
    laptop.each_completed_once("host1", 4);
    assert_eq!(laptop.hosts.logins("host1"), 2);
    drop(taken);
}

#[test]
fn polls_open_no_session_and_start_no_process() {
    let lines = vec![("host1", "LogLevel VERBOSE")];
    let laptop = Laptop::with(SshOptions { lines, ..of_one_host() });
    note_calls_of_ssh(&laptop.world);
    laptop.sweep(1, "gate open");
    let viewer = laptop.start("host1", &[]);
    laptop.wait_for_starts("host1", 1);
    wait_until("the driver knows", || laptop.world.states("s") == ["running"]);
    let sessions = || laptop.hosts.log("host1").matches("Starting session").count();
    let polls = || {
        let status = laptop.world.hsm(&["status", "s", "--rpc", "--json"]).succeeds().json();
        let lines = status["commands"].as_array().unwrap().clone();
        lines.iter().map(|line| line["count"].as_u64().unwrap_or_default()).sum::<u64>()
    };
    let before = (sessions(), calls_of_ssh(&laptop.world), laptop.hosts.logins("host1"));
    assert!(before.0 >= 1 && before.1 >= 1, "{before:?}");
    let first = polls();
    wait_until("several polls have been made", || polls() >= first + 4);
    assert_eq!((sessions(), calls_of_ssh(&laptop.world), laptop.hosts.logins("host1")), before);
    laptop.open("host1", "open");
    let _ = viewer.wait().succeeds();
    assert_eq!(laptop.hosts.logins("host1"), 1);
}

#[test]
fn a_disk_that_fills_while_tasks_run_loses_nothing() {
    let laptop = Laptop::with(SshOptions { small: vec!["host1"], ..of_one_host() });
    let add = ["remote", "add", "small", "host1", "--root", "~/small/hsm"];
    let _ = laptop.world.hsm(&add).succeeds();
    laptop.sweep(4, "gate open; head -c 50000 /dev/zero >\"$HSM_TASK_DIR/zeros\" || return 7; echo done");
    let viewer = laptop.start("small", &["-p", "2"]);
    laptop.wait_for_starts("host1", 2);
    laptop.hosts.fill("host1");
    laptop.open("host1", "open");
    // What was written onto a full disk is not there, and its task says so by failing. None is lost, and none counts as completed.
    wait_until("the tasks have found the disk full", || laptop.log("host1").ends.len() >= 2);
    let _ = laptop.hosts.console("host1", "rm small/filler");
    let _ = viewer.wait_within(super::laptop::SWEEP_LIMIT);
    let _ = laptop.world.start(&["complete", "s"]).wait_within(super::laptop::SWEEP_LIMIT).succeeds();
    assert_eq!(laptop.world.states("s"), ["completed"; 4]);
    for task in 1..=4 {
        assert_eq!(fs::metadata(laptop.world.task_dir("s", task).join("zeros")).unwrap().len(), 50_000);
    }
}

#[test]
fn what_cannot_be_written_there_at_the_start_is_handed_in_later() {
    let laptop = Laptop::with(SshOptions { small: vec!["host1"], ..of_one_host() });
    let _ = laptop.world.hsm(&["remote", "add", "small", "host1", "--root", "~/small/hsm"]).succeeds();
    laptop.sweep(2, "echo done");
    laptop.hosts.fill("host1");
    let viewer = laptop.start("small", &[]);
    wait_until("it is said that the disk is full", || {
        viewer.stderr_so_far().contains("disk")
            || laptop.world.sweep_dir("s").exists() && laptop.told().contains("disk")
    });
    let _ = laptop.hosts.console("host1", "rm small/filler");
    let _ = viewer.wait_within(super::laptop::SWEEP_LIMIT).succeeds();
    laptop.each_completed_once("host1", 2);
}

#[test]
fn where_only_a_password_opens_nobody_waits_for_one() {
    let lines = vec![("host1", "PasswordAuthentication yes"), ("host1", "PubkeyAuthentication no")];
    let laptop = Laptop::with(SshOptions { lines, ..of_one_host() });
    laptop.sweep(1, "echo done");
    let run = laptop.run("host1", &[]).ends_with(3);
    let _ = run.says(&["`host1` asks for a password, which nobody is there to type", "ssh-copy-id host1"]);
    assert!(!laptop.world.sweep_dir("s").exists(), "a sweep that cannot begin is not made");
}

/// How often a host turned somebody away.
fn refusals(laptop: &Laptop) -> usize {
    laptop.hosts.log("host1").matches("Connection closed by authenticating user").count()
}

#[test]
fn a_key_that_is_refused_later_needs_its_user_and_is_not_tried_again_and_again() {
    let laptop = Laptop::with(of_one_host());
    configure(&laptop.world, MASTER);
    laptop.sweep(2, "gate open; echo done");
    let viewer = laptop.start("host1", &["-p", "2"]);
    laptop.wait_for_starts("host1", 2);
    wait_until("the driver knows of both", || laptop.world.states("s") == ["running"; 2]);
    let keys = laptop.hosts.folder().join("host1/authorized_keys");
    let key = World::read(&keys);
    fs::write(&keys, "").unwrap();
    // Every connection ends; what runs there goes on.
    let _ = laptop.hosts.console("host1", "kill $(pgrep -f 's[s]hd: [^/]')");
    wait_until("it is said who must act", || laptop.told().contains("accepts none of the keys"));
    let first = refusals(&laptop);
    laptop.open("host1", "open");
    wait_until("the tasks are over", || laptop.log("host1").ends.len() == 2);
    let waited = std::time::Instant::now();
    wait_until("some polls would have been due", || waited.elapsed() > Duration::from_secs(15));
    assert!(refusals(&laptop) <= first + 1, "{}", laptop.hosts.log("host1"));
    let states = laptop.world.states("s");
    assert!(states.iter().all(|state| state == "running" || state == "unknown"), "{states:?}");
    // Its user opens a master, and that is noticed.
    fs::write(&keys, key).unwrap();
    let _ = ssh(&laptop.world, &["-fNM", "host1"]).wait().succeeds();
    let _ = viewer.wait_within(super::laptop::SWEEP_LIMIT).succeeds();
    laptop.each_completed_once("host1", 2);
}

/// Whether a task's output is home.
fn is_home(laptop: &Laptop, task: u64) -> bool {
    Path::new(&laptop.world.task_dir("s", task).join("left")).exists()
}

#[test]
fn what_is_over_there_stays_unless_its_removal_was_asked_for() {
    for (settings, code, stays) in [
        ("", 0, true),
        ("distributed: {keep_remote_on_success: false}\n", 0, false),
        ("distributed: {keep_remote_on_success: false}\n", 1, true),
    ] {
        let laptop = Laptop::with(of_one_host());
        laptop.world.write(".hsm/config.yaml", settings);
        laptop.sweep(3, &format!("echo text >\"$HSM_TASK_DIR/left\"; [ \"$1\" != 2 ] || return {code}"));
        let _ = laptop.run("host1", &["-p", "3"]).ends_with(code);
        assert!((1..=3).all(|task| is_home(&laptop, task)), "{settings}");
        wait_until("the driver has ended", || laptop.world.is_over("s"));
        assert_eq!(laptop.far_sweeps("host1").len(), usize::from(stays), "{settings}{code}");
    }
}
