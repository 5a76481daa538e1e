//! The lab's ssh hosts: that each is a machine of its own, that what is done to one happens to it as it would to a real one, and that nothing
//! stays of them.

use hsm_tests::lab::{SshHosts, SshOptions};
use hsm_tests::{Run, Running, World, processes_of, wait_until};
use std::collections::BTreeSet;
use std::fs;

/// Starts `ssh` as somebody in this world would type it.
fn start(world: &World, arguments: &[&str]) -> Running {
    let mut command = world.program("ssh");
    command.args(arguments);
    Running::start(&mut command, &world.path(""))
}

fn ssh(world: &World, arguments: &[&str]) -> Run {
    start(world, arguments).wait()
}

/// What a command prints on a host, without the line's end.
fn ask(world: &World, host: &str, command: &str) -> String {
    ssh(world, &[host, command]).succeeds().stdout.trim_end().to_owned()
}

/// Whether a host does not even take a connection, or takes it and says nothing.
fn says_nothing(world: &World, host: &str) {
    let run = ssh(world, &["-o", "ConnectTimeout=1", host, "true"]).ends_with(255);
    assert!(run.stderr.contains("timed out"), "{run}");
}

const BOOT_ID: &str = "cat /proc/sys/kernel/random/boot_id";

#[test]
fn each_host_is_a_machine_of_its_own() {
    let hosts = SshHosts::shared();
    let world = World::new().with_ssh(hosts);
    let mut boots = BTreeSet::new();
    for host in ["host1", "host2", "host3"] {
        let there = ask(&world, host, "uname -n; pwd; echo ~");
        let home = hosts.home(host);
        let home = home.display();
        assert_eq!(there, format!("{host}\n{home}\n{home}"));
        boots.insert(ask(&world, host, BOOT_ID));
        // Its processes are all that it sees, and its first is its sshd.
        assert_eq!(ask(&world, host, "cat /proc/1/comm"), "sshd");
        let (seen, living) = (ask(&world, host, "ls -d /proc/[0-9]* | wc -l"), hosts.processes(host).len());
        assert!(seen.parse::<usize>().unwrap() < 20 && (1..20).contains(&living), "{seen} and {living}");
        // Neither a test's own files nor another host's are there.
        for hidden in [world.project(""), hosts.folder().join("keys")] {
            let _ = ssh(&world, &[host, &format!("ls {}", hidden.display())]).ends_with(2);
        }
    }
    assert_eq!(boots.len(), 3);
    fs::write(hosts.home("host1").join("given"), "text").unwrap();
    assert_eq!(ask(&world, "host1", "cat given"), "text");
}

#[test]
fn a_host_is_reached_by_way_of_another_and_rsync_goes_there() {
    let hosts = SshHosts::shared();
    let world = World::new().with_ssh(hosts);
    let address = |host: &str| World::read(hosts.folder().join(host).join("address")).trim().to_owned();
    let way = ask(&world, "jump2", "echo $SSH_CONNECTION; uname -n");
    assert!(way.starts_with(&format!("{} ", address("host1"))) && way.ends_with("\nhost2"), "{way}");
    world.write("some file", "content");
    let mut rsync = world.program("rsync");
    rsync.args(["-a", "-e", "ssh", "some file", "jump2:over there/"]);
    let _ = Running::start(&mut rsync, &world.path("")).wait().succeeds();
    assert_eq!(World::read(hosts.home("host2").join("over there/some file")), "content");
}

#[test]
fn what_was_said_on_a_cut_link_arrives_when_it_is_healed() {
    for loopback in [false, true] {
        let hosts = SshHosts::up(&SshOptions { hosts: 1, loopback, ..SshOptions::default() });
        let world = World::new().with_ssh(&hosts);
        let line = "touch begun; until [ -e go ]; do sleep 0.02; done; echo arrived; touch said";
        let mut session = start(&world, &["host1", line]);
        let home = hosts.home("host1");
        wait_until("the command runs", || home.join("begun").exists());
        hosts.cut("host1");
        fs::write(home.join("go"), "").unwrap();
        wait_until("the command has gone on over there", || home.join("said").exists());
        says_nothing(&world, "host1");
        assert!(!session.has_ended(), "the link is cut, so nobody can know how the command ended");
        hosts.heal("host1");
        assert_eq!(session.wait().succeeds().stdout, "arrived\n");
    }
}

#[test]
fn a_stalled_host_takes_connections_and_goes_on_later() {
    let hosts = SshHosts::up(&SshOptions { hosts: 2, ..SshOptions::default() });
    let world = World::new().with_ssh(&hosts);
    let line =
        "setsid sh -c 'touch begun; until [ -e go ]; do sleep 0.02; done; touch said' >/dev/null 2>&1 &";
    let _ = ssh(&world, &["host1", line]).succeeds();
    let home = hosts.home("host1");
    wait_until("the detached command runs", || home.join("begun").exists());
    hosts.stall("host1");
    fs::write(home.join("go"), "").unwrap();
    says_nothing(&world, "host1");
    assert_eq!(ask(&world, "host2", "uname -n"), "host2", "the other host is not concerned");
    assert!(!home.join("said").exists(), "what was detached is stopped, too");
    hosts.resume("host1");
    wait_until("the detached command has gone on", || home.join("said").exists());
    assert_eq!(ask(&world, "host1", "uname -n"), "host1");
}

#[test]
fn a_killed_host_tells_nobody_and_comes_back_as_another_boot() {
    let hosts = SshHosts::up(&SshOptions { hosts: 1, ..SshOptions::default() });
    let world = World::new().with_ssh(&hosts);
    let boot = ask(&world, "host1", BOOT_ID);
    let line = "setsid sleep 1234 >/dev/null 2>&1 & touch begun; exec sleep 1234";
    let mut session =
        start(&world, &["-o", "ServerAliveInterval=1", "-o", "ServerAliveCountMax=5", "host1", line]);
    let home = hosts.home("host1");
    wait_until("the command runs", || home.join("begun").exists());
    let living = hosts.processes("host1");
    assert!(living.len() >= 3, "{living:?}");
    hosts.kill("host1");
    assert_eq!(hosts.processes("host1"), [0; 0]);
    assert!(!session.has_ended(), "a power cut says no farewell");
    says_nothing(&world, "host1");
    hosts.restart("host1");
    let _ = session.wait().ends_with(255);
    assert_ne!(ask(&world, "host1", BOOT_ID), boot);
    assert!(home.join("begun").exists() && !ask(&world, "host1", "cat /proc/[0-9]*/comm").contains("sleep"));
}

#[test]
fn shells_that_print_do_so_before_any_command() {
    let talkative = vec!["host1", "host2"];
    let hosts =
        SshHosts::up(&SshOptions { hosts: 3, talkative, csh: vec!["host2"], ..SshOptions::default() });
    let world = World::new().with_ssh(&hosts);
    for host in ["host1", "host2"] {
        let run = ssh(&world, &[host, "echo answer"]).succeeds().says(&["mind the queue"]);
        assert_eq!(run.stdout, format!("welcome to {host}\nanswer\n"));
    }
    assert!(ask(&world, "host2", "echo $tcsh").contains("6."), "host2 has a csh");
    let silent = ssh(&world, &["host3", "echo answer"]).succeeds();
    assert_eq!((silent.stdout.as_str(), silent.stderr.as_str()), ("answer\n", ""));
}

#[test]
fn a_disk_can_be_full_and_a_clock_be_off() {
    let options = SshOptions {
        hosts: 2,
        small: vec!["host1"],
        clocks: vec![("host2", "+2h")],
        ..SshOptions::default()
    };
    let hosts = SshHosts::up(&options);
    let world = World::new().with_ssh(&hosts);
    let write = "echo text >small/file";
    let _ = ssh(&world, &["host1", write]).succeeds();
    hosts.fill("host1");
    let run = ssh(&world, &["host1", "echo more >>small/another"]).ends_with(1);
    assert!(run.stderr.contains("No space left on device"), "{run}");
    hosts.empty("host1");
    let _ = ssh(&world, &["host1", write]).succeeds();
    let seconds = |host: &str| ask(&world, host, "date +%s").parse::<i64>().unwrap();
    let (here, there) = (seconds("host1"), seconds("host2"));
    assert!((7_200..7_290).contains(&(there - here)), "{here} and {there}");
    // Its files have its time, and whoever gives one a time finds that again.
    let stamps = ask(&world, "host2", "touch new; touch -d @1000000000 old; stat -c %Y new old");
    let stamps: Vec<i64> = stamps.lines().map(|line| line.parse().unwrap()).collect();
    assert!(stamps[0] >= there && stamps[1] == 1_000_000_000, "{stamps:?}");
}

#[test]
fn a_password_may_be_asked_for_and_a_key_may_change() {
    let lines = vec![("host1", "PasswordAuthentication yes"), ("host1", "PubkeyAuthentication no")];
    let hosts = SshHosts::up(&SshOptions { hosts: 2, lines, ..SshOptions::default() });
    let world = World::new().with_ssh(&hosts);
    let run = ssh(&world, &["-o", "BatchMode=yes", "host1", "true"]).ends_with(255);
    assert!(run.stderr.contains("Permission denied (password)"), "{run}");
    world.write_program("bin/ask", "#!/bin/sh\necho lab\n");
    let mut command = world.program("ssh");
    command.args(["host1", "uname -n"]).env("SSH_ASKPASS", world.path("bin/ask"));
    command.env("SSH_ASKPASS_REQUIRE", "force");
    assert_eq!(Running::start(&mut command, &world.path("")).wait().succeeds().stdout, "host1\n");

    assert_eq!(ask(&world, "host2", "uname -n"), "host2");
    assert_eq!((hosts.logins("host1"), hosts.logins("host2")), (1, 1));
    hosts.rekey("host2");
    let run = ssh(&world, &["host2", "true"]).ends_with(255);
    assert!(run.stderr.contains("REMOTE HOST IDENTIFICATION HAS CHANGED"), "{run}");
}

#[test]
fn a_cluster_is_behind_one_host_and_dies_with_it() {
    let hosts = SshHosts::up(&SshOptions { hosts: 2, slurm: vec!["host2"], ..SshOptions::default() });
    let world = World::new().with_ssh(&hosts);
    let submit =
        "sbatch --parsable --wait -p gpu --gpus=1 -o output --wrap 'uname -n; echo $CUDA_VISIBLE_DEVICES'";
    assert_eq!(ask(&world, "host2", submit), "1");
    assert_eq!(World::read(hosts.home("host2").join("output")), "host2\n0\n");
    hosts.cut("host2");
    let states = hosts.console("host2", "squeue -h --states=all -o %T");
    assert_eq!(states, "COMPLETED\n", "who sits before it needs no link");
    assert_eq!(ask(&world, "host1", "echo $SLURM_CONF"), "", "the other host has none");
    let living = hosts.processes("host2").len();
    assert!(living > 5, "the cluster's processes are the host's: {living}");
    hosts.kill("host2");
    assert_eq!(hosts.processes("host2"), [0; 0]);
}

#[test]
fn two_labs_do_not_meet_and_nothing_is_left_of_them() {
    let options = SshOptions { hosts: 1, ..SshOptions::default() };
    let (one, other) = (SshHosts::up(&options), SshHosts::up(&options));
    let world = World::new().with_ssh(&one);
    let address = World::read(other.folder().join("host1/address"));
    let connect = format!("bash -c 'exec 3<>/dev/tcp/{}/22'", address.trim());
    let _ = ssh(&world, &["host1", &connect]).ends_with(1);
    let _ = ssh(&world, &["host1", "setsid sleep 1234 >/dev/null 2>&1 &"]).succeeds();
    let mine = World::read(one.folder().join("host1/address"));
    let network = mine.trim().rsplit_once('.').unwrap().0.to_owned();
    let routes = || fs::read_to_string("/proc/net/fib_trie").unwrap();
    assert!(routes().contains(&network));
    let (folder, living) = (one.folder().to_owned(), one.processes("host1"));
    assert!(living.len() >= 2, "{living:?}");
    drop(one);
    assert!(
        !folder.exists() && processes_of(&folder).is_empty(),
        "something is left of {}",
        folder.display()
    );
    wait_until("its network is gone", || !routes().contains(&network));
    assert!(!other.processes("host1").is_empty(), "the other lab lives");
}
