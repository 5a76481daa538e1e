//! Machines that are not there, not the user's, not who they were, or not meant: every one is refused with why and what to do.

use super::laptop::Laptop;
use hsm_tests::World;
use hsm_tests::lab::{SshHosts, SshOptions};
use std::fs;
use std::os::unix::fs::{chown, symlink};
use std::time::{Duration, Instant};

fn of_one_host() -> Laptop {
    let laptop = Laptop::with(SshOptions { hosts: 1, ..SshOptions::default() });
    laptop.sweep(2, "echo done");
    laptop
}

/// A run on this machine is refused with this code, and nothing of a sweep is made.
fn refused(laptop: &Laptop, host: &str, code: i32, parts: &[&str]) {
    let run = laptop.world.hsm(&["run", "--sweep-id", "s", "--remote", host]).ends_with(code);
    let _ = run.says(parts);
    assert!(!laptop.world.sweep_dir("s").exists(), "a sweep was made");
}

#[test]
fn a_name_that_nobody_knows_is_no_host() {
    let laptop = of_one_host();
    refused(&laptop, "hots1", 2, &["there is no machine `hots1`", "hint: did you mean `host1`?"]);
    refused(&laptop, "elsewhere.example.org", 2, &["hint: `hsm remote add elsewhere.example.org HOST`"]);
    let mark = laptop.world.path("mark");
    let option = format!("-oProxyCommand=touch {}", mark.display());
    let run = laptop.world.hsm(&["run", "--sweep-id", "s", &format!("--remote={option}")]).ends_with(2);
    let _ = run.says(&["there is no machine `-oProxyCommand="]);
    laptop
        .world
        .write(".hsm/config.yaml", format!("distributed:\n  remotes:\n    box: {{host: '{option}'}}\n"));
    refused(&laptop, "box", 2, &["config.yaml:3:17", "-oProxyCommand="]);
    assert!(!mark.exists() && laptop.hosts.logins("host1") == 0);
}

#[test]
fn a_key_that_is_refused_is_tried_once() {
    let laptop = of_one_host();
    fs::write(laptop.hosts.folder().join("host1/authorized_keys"), "").unwrap();
    refused(&laptop, "host1", 3, &["`host1` accepts none of the keys that are at hand", "ssh-add"]);
    let tries = laptop.hosts.log("host1").matches("Connection closed by authenticating user").count();
    assert_eq!(tries, 1, "{}", laptop.hosts.log("host1"));
}

#[test]
fn a_silent_agent_is_named() {
    let laptop = of_one_host();
    fs::write(laptop.hosts.folder().join("host1/authorized_keys"), "").unwrap();
    let socket = laptop.world.path("tmp/agent");
    let Laptop { world, hosts } = laptop;
    let laptop = Laptop { world: world.with_variable("SSH_AUTH_SOCK", &socket), hosts };
    refused(&laptop, "host1", 3, &["the ssh agent at", "does not answer", "unset `SSH_AUTH_SOCK`"]);
}

#[test]
fn a_host_whose_key_has_changed_is_somebody_else() {
    let laptop = of_one_host();
    laptop.hosts.rekey("host1");
    let parts = ["the host key of `host1` is not the one that is known", "ssh-keygen -R host1"];
    refused(&laptop, "host1", 3, &parts);
    assert_eq!(laptop.hosts.logins("host1"), 0);
}

#[test]
fn a_host_whose_key_is_not_known_needs_its_user() {
    let laptop = of_one_host();
    fs::write(laptop.hosts.folder().join("keys/known_hosts"), "").unwrap();
    refused(&laptop, "host1", 3, &["the host key of `host1` is not known yet", "say `ssh host1` once"]);
}

#[test]
fn a_host_that_does_not_answer_keeps_nobody_waiting() {
    for (deed, why) in [
        (SshHosts::cut as fn(&SshHosts, &str), "`host1` does not answer"),
        (SshHosts::stall, "`host1` takes the connection and says nothing"),
        (SshHosts::kill, "`host1` does not answer"),
    ] {
        let laptop = of_one_host();
        deed(&laptop.hosts, "host1");
        let began = Instant::now();
        refused(&laptop, "host1", 3, &[why, "hint: "]);
        assert!(began.elapsed() < Duration::from_secs(26), "{:?}", began.elapsed());
    }
}

#[test]
fn folders_over_there_that_are_links_or_others_are_left_alone() {
    let laptop = of_one_host();
    let home = laptop.hosts.home("host1");
    fs::create_dir_all(home.join("mine")).unwrap();
    fs::write(home.join("mine/file"), "text").unwrap();
    symlink(home.join("mine"), home.join("link")).unwrap();
    fs::create_dir(home.join("given")).unwrap();
    chown(home.join("given"), Some(65_534), None).unwrap();
    fs::write(home.join("file"), "text").unwrap();
    for (name, root, why) in [
        ("link", "~/link", "is a symbolic link"),
        ("given", "~/given", "belongs to somebody else"),
        ("file", "~/file", "is no folder"),
        ("home", "~", "cannot be a folder of hsm"),
        ("top", "/", "cannot be a folder of hsm"),
        ("other", "~other/x", "is not absolute"),
        ("named", "$NAME/x", "has a variable other than"),
    ] {
        let _ = laptop.world.hsm(&["remote", "add", name, "host1", "--root", root]).succeeds();
        refused(&laptop, name, 3, &[why, "hint: "]);
    }
    let left: Vec<_> =
        fs::read_dir(home.join("mine")).unwrap().flatten().map(|entry| entry.file_name()).collect();
    assert_eq!(left, ["file"]);
    assert_eq!(fs::read_dir(home.join("given")).unwrap().count(), 0);
}

#[test]
fn a_folder_in_the_place_of_ours_is_not_taken_for_it() {
    let laptop = of_one_host();
    let _ = laptop.run("host1", &[]).succeeds();
    let sweep = laptop.far_sweeps("host1").remove(0);
    let project = sweep.parent().unwrap().parent().unwrap();
    // Somebody else's sweep of that name, without hsm's mark.
    let other = project.join("sweeps/t");
    fs::create_dir_all(&other).unwrap();
    fs::write(other.join("file"), "text").unwrap();
    let run = laptop.world.hsm(&["run", "--sweep-id", "t", "--remote", "host1"]).ends_with(3);
    let _ = run.says(&["sweeps/t was not made by hsm", "hint: choose another `remote_root`"]);
    assert_eq!(World::read(other.join("file")), "text");
    assert!(!laptop.world.sweep_dir("t").exists());
}

#[test]
fn two_names_of_one_machine_are_not_two_machines() {
    let laptop = of_one_host();
    for name in ["one", "two"] {
        let _ = laptop.world.hsm(&["remote", "add", name, "host1"]).succeeds();
    }
    let run = laptop.world.hsm(&["run", "--sweep-id", "s", "--mode", "distributed"]).ends_with(2);
    let _ = run.says(&["`two` is the same machine as `one`", "enabled: false"]);
    assert!(!laptop.world.sweep_dir("s").exists());
    let _ = laptop.world.hsm(&["remote", "remove", "two"]).succeeds();
    let _ = laptop.world.hsm(&["run", "--sweep-id", "s", "--mode", "distributed"]).succeeds();
}

#[test]
fn settings_that_cannot_be_read_stop_a_run_and_stay_as_they_are() {
    let laptop = of_one_host();
    let broken = "distributed:\n  remotes:\n    box: {host: host1\n";
    laptop.world.write(".hsm/config.yaml", broken);
    refused(&laptop, "box", 2, &["config.yaml:", "not YAML"]);
    let _ = laptop.world.hsm(&["remote", "add", "host1"]).ends_with(2);
    assert_eq!(World::read(laptop.world.project(".hsm/config.yaml")), broken);
}
