//! A project's plugins and a user's grants while they are changed: by several at once, by somebody who is killed, on a disk that is full or
//! may not be written. What was there before is there still, or what was asked for is there, and nothing in between.

use crate::refusals::SCHEDULER;
use hsm_tests::{Run, SmallDisk, World};
use std::fs::{self, File};
use std::thread;
use std::time::Duration;

/// `<name>.tar`, a plugin of that name.
fn pack(world: &World, name: &str, role: &str, more: &str) {
    world.write_plugin(name, role, "0.1.0", more);
    let manifest = World::read(world.project(name).join("plugin.toml"));
    world.write(&format!("{name}/plugin.toml"), manifest.replace("\"sample\"", &format!("\"{name}\"")));
    let _ = world.hsm(&["plugin", "pack", name, "-o", &format!("{name}.tar")]).succeeds();
}

/// The names of the plugins that may be used.
fn usable(world: &World) -> Vec<String> {
    let listed = world.hsm(&["plugin", "list", "--json"]).succeeds().json();
    let plugins = listed["plugins"].as_array().expect("plugins").iter();
    let usable = plugins.filter(|plugin| plugin["usable"] == true);
    usable.map(|plugin| plugin["name"].as_str().expect("a name").to_owned()).collect()
}

/// What is in the folder of the project's plugins.
fn installed(world: &World) -> Vec<String> {
    let entries = fs::read_dir(world.project(".hsm/plugins")).expect("the folder of plugins");
    let name = |entry: std::io::Result<fs::DirEntry>| {
        entry.expect("an entry").file_name().to_string_lossy().into_owned()
    };
    let mut names: Vec<String> = entries.map(name).collect();
    names.sort();
    names
}

#[test]
fn all_that_are_added_at_once_are_there() {
    let world = World::new();
    let names: Vec<String> = (0..8).map(|number| format!("plugin-{number}")).collect();
    names.iter().for_each(|name| pack(&world, name, "scheduler", SCHEDULER));
    let adding = names.iter().map(|name| world.start(&["plugin", "add", &format!("{name}.tar"), "--yes"]));
    // Each is started before the first is waited for.
    for running in adding.collect::<Vec<_>>() {
        let _ = running.wait().succeeds();
    }
    // A scheduler may be used only where its commands were granted.
    assert_eq!(usable(&world), names);
    let removing = names[1..].iter().map(|name| world.start(&["plugin", "remove", name]));
    for running in removing.collect::<Vec<_>>() {
        let _ = running.wait().succeeds();
    }
    assert_eq!(usable(&world), names[..1]);
    assert_eq!(installed(&world), [".lock", "plugin-0"]);
}

#[test]
fn somebody_who_never_ends_is_not_waited_for_for_ever() {
    let world = World::new();
    pack(&world, "sample", "aggregator", "");
    let _ = world.hsm(&["plugin", "add", "sample.tar"]).succeeds();
    let held = File::open(world.project(".hsm/plugins/.lock")).expect("what is locked");
    held.lock().expect("its lock");
    let refused = world.hsm(&["plugin", "remove", "sample"]).ends_with(6);
    let _ = refused.says(&["another `hsm plugin` has held", "hint: wait until it has ended"]);
    // Whoever only reads needs no turn.
    assert_eq!(usable(&world), ["sample"]);
    held.unlock().expect("its end");
    let _ = world.hsm(&["plugin", "remove", "sample"]).succeeds();
}

#[test]
fn who_is_killed_while_adding_leaves_nothing_half_done() {
    let world = World::new();
    let leaderboard = World::plugin("leaderboard");
    let _ = world.hsm(&["plugin", "add", &leaderboard]).succeeds();
    for moment_ms in [0, 1, 2, 3, 4, 6, 8, 12, 16, 24] {
        let adding = world.start(&["plugin", "add", &leaderboard]);
        thread::sleep(Duration::from_millis(moment_ms));
        adding.signal(rustix::process::Signal::KILL);
        let _: Run = adding.wait();
    }
    // As it is left when the moment was the worst one.
    world.write(".hsm/plugins/.new-killed/old/plugin.wasm", "half of it");
    let _ = world.hsm(&["plugin", "add", &leaderboard]).succeeds();
    assert_eq!(installed(&world), [".lock", "leaderboard"]);
    assert_eq!(usable(&world), ["leaderboard"]);
}

/// A project on a disk of this size, with a plugin in it.
fn project_on(world: &World, size: &str) -> SmallDisk {
    let config = World::read(world.project(".hsm/config.yaml"));
    let disk = SmallDisk::mount(world.project(".hsm"), size);
    world.write(".hsm/config.yaml", config);
    world.pack_plugin("sample", "aggregator", "0.1.0", "");
    let _ = world.hsm(&["plugin", "add", "sample.tar"]).succeeds();
    disk
}

#[test]
fn a_disk_that_is_full_keeps_what_was_there() {
    let world = World::new();
    let _disk = project_on(&world, "256k");
    world.write_plugin("newer", "aggregator", "0.2.0", "");
    world.write("newer/README.md", "x".repeat(1 << 20));
    let _ = world.hsm(&["plugin", "pack", "newer", "-o", "newer.tar"]).succeeds();
    let refused = world.hsm(&["plugin", "add", "newer.tar"]).ends_with(6);
    let _ = refused.says(&[
        "error: could not write `",
        "/.hsm/plugins/sample`: no space left on device\n",
        "hint: make room on its disk",
    ]);
    assert_eq!(installed(&world), [".lock", "sample"]);
    let _ = world.hsm(&["plugin", "verify"]).succeeds().prints(&["sample 0.1.0"]);

    let refused = world.hsm(&["plugin", "pack", "newer", "-o", ".hsm/newer.tar"]).ends_with(1);
    let _ = refused
        .says(&["could not write `.hsm/newer.tar`: no space left on device", "hint: make room on its disk"]);
    let left = fs::read_dir(world.project(".hsm")).expect("the disk").count();
    assert_eq!(left, 3, "settings, lock and plugins are there, and nothing else");
}

#[test]
fn a_disk_that_may_not_be_written_is_said() {
    let world = World::new();
    let disk = project_on(&world, "1m");
    disk.make_read_only();
    for arguments in [["plugin", "add", "sample.tar"], ["plugin", "remove", "sample"]] {
        let refused = world.hsm(&arguments).ends_with(4);
        let _ = refused.says(&["error: could not write `", ": read-only file system", "hint: look at"]);
    }
    assert_eq!(usable(&world), ["sample"]);
}

#[test]
fn a_cloned_project_says_which_files_are_missing() {
    let world = World::new();
    world.pack_plugin("sample", "aggregator", "0.1.0", "");
    let _ = world.hsm(&["plugin", "add", "sample.tar"]).succeeds();
    fs::remove_dir_all(world.project(".hsm/plugins"))
        .expect("the plugins, which nobody put under version control");
    let listed = world.hsm(&["plugin", "list"]).succeeds().prints(&["refused: not-installed"]);
    let _ = listed.says(&["hint: `hsm plugin verify sample` says why"]);
    for arguments in [&["plugin", "verify", "sample"][..], &["--plugin", "sample", "plugin", "verify"]] {
        let refused = world.hsm(arguments).ends_with(5);
        let _ = refused.says(&[
            "the project's lock pins `sample` 0.1.0, and its files are not in `",
            "hint: get its bundle, and add it: `hsm plugin add FILE`",
        ]);
    }
    let _ = world.hsm(&["plugin", "add", "sample.tar"]).succeeds();
    assert_eq!(usable(&world), ["sample"]);
}

#[test]
fn what_was_granted_can_be_taken_back() {
    let world = World::new();
    world.pack_plugin("sample", "scheduler", "0.1.0", SCHEDULER);
    let nothing = world.hsm(&["plugin", "revoke", "sample"]).ends_with(5);
    let _ = nothing.says(&["you have let no plugin `sample` have anything run", "hint: only what"]);
    let _ = world.hsm(&["plugin", "add", "sample.tar", "--yes"]).succeeds();
    world.pack_plugin("newer", "scheduler", "0.2.0", SCHEDULER);
    let _ = world.hsm(&["plugin", "add", "newer.tar", "--yes"]).succeeds();
    let _ = world.hsm(&["plugin", "revoke", "sampel"]).ends_with(5).says(&["did you mean `sample`?"]);
    // What a project has is one thing, and what the user allows another.
    let removed = world.hsm(&["plugin", "remove", "sample"]).succeeds();
    let _ = removed.says(&["`hsm plugin revoke sample` takes it back"]);
    let _ = world.hsm(&["plugin", "verify", "./newer.tar"]).succeeds();
    let revoked = world.hsm_in(&world.path("home"), &["plugin", "revoke", "sample"]).succeeds();
    let _ = revoked.says(&[
        "`sample` 0.1.0 may not have qstat, qsub run any more",
        "`sample` 0.2.0 may not have qstat, qsub run any more",
    ]);
    for tar in ["./sample.tar", "./newer.tar"] {
        let _ = world.hsm(&["plugin", "verify", tar]).ends_with(6).says(&["which you have not granted"]);
    }
}
