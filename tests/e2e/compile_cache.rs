//! The folder of compiled code. What lies there is executed, so a folder that others could have written to is refused; one that is merely
//! spoilt, or cannot be written, costs time and nothing else.

use hsm_tests::{Run, World, check_generated, table_row};
use serde_json::Value;
use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::path::{Path, PathBuf};

/// Somebody who is neither the user nor root.
const NOBODY: u32 = 65_534;

/// A state of the folder, and what becomes of a plugin then.
struct Case {
    state: &'static str,
    /// Brings the state about, in a world where the plugin has run before; the second is the folder.
    brought_about: fn(&World, &Path),
    ends: Ends,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ends {
    /// The compiled code is used as it is.
    Used,
    /// The plugin is compiled anew, and runs.
    Compiled,
    /// The plugin runs, and a warning says that nothing is kept.
    NotKept,
    /// Nothing runs: these words are said.
    Refused(&'static str),
}

const CASES: &[Case] = &[
    Case { state: "as hsm left it", brought_about: |_, _| (), ends: Ends::Used },
    Case {
        state: "in a folder behind a link to a place of the user's own",
        brought_about: |world, _| {
            fs::rename(world.path("home/.cache"), world.path("elsewhere")).expect("another place");
            symlink(world.path("elsewhere"), world.path("home/.cache")).expect("a link");
        },
        ends: Ends::Used,
    },
    Case {
        state: "others may read it",
        brought_about: |_, folder| mode(folder, 0o755),
        ends: Ends::Refused("is open to others (mode 755)"),
    },
    Case {
        state: "its group may write to it",
        brought_about: |_, folder| mode(folder, 0o770),
        ends: Ends::Refused("is open to others (mode 770)"),
    },
    Case {
        state: "somebody else owns it",
        brought_about: |_, folder| chown(folder, Some(NOBODY), None).expect("root may give folders away"),
        ends: Ends::Refused("belongs to user 65534, not to you"),
    },
    Case {
        state: "it is a link",
        brought_about: |world, folder| {
            fs::rename(folder, world.path("elsewhere")).expect("another place");
            symlink(world.path("elsewhere"), folder).expect("a link");
        },
        ends: Ends::Refused("is not a folder"),
    },
    Case {
        state: "a folder above it is open to all",
        brought_about: |world, _| mode(&world.path("home/.cache"), 0o777),
        ends: Ends::Refused("others may change what"),
    },
    Case {
        state: "somebody else owns a folder above it",
        brought_about: |world, _| {
            chown(world.path("home/.cache"), Some(NOBODY), None).expect("root may give folders away");
        },
        ends: Ends::Refused("others may change what"),
    },
    Case {
        state: "a folder above it is a link to a place that is open to all",
        brought_about: |world, _| {
            fs::create_dir(world.path("open")).expect("a folder");
            mode(&world.path("open"), 0o777);
            fs::rename(world.path("home/.cache"), world.path("open/cache")).expect("another place");
            symlink(world.path("open/cache"), world.path("home/.cache")).expect("a link");
        },
        ends: Ends::Refused("others may change what"),
    },
    Case {
        state: "it would be in a project",
        brought_about: |world, _| {
            fs::create_dir_all(world.path("home/sweeps")).expect("a folder");
            fs::write(world.path("home/sweeps/hsm_config.yaml"), "").expect("settings");
        },
        ends: Ends::Refused("would be in the project"),
    },
    Case {
        state: "it is gone",
        brought_about: |_, folder| fs::remove_dir_all(folder).expect("gone"),
        ends: Ends::Compiled,
    },
    Case {
        state: "the code is gone",
        brought_about: |_, folder| fs::remove_file(code(folder)).expect("gone"),
        ends: Ends::Compiled,
    },
    Case {
        state: "the code is cut short",
        brought_about: |_, folder| {
            let whole = fs::read(code(folder)).expect("the code");
            fs::write(code(folder), &whole[..whole.len() / 2]).expect("half the code");
        },
        ends: Ends::Compiled,
    },
    Case {
        state: "the code is garbage of the same length",
        brought_about: |_, folder| {
            let length = fs::read(code(folder)).expect("the code").len();
            fs::write(code(folder), vec![7; length]).expect("garbage");
        },
        ends: Ends::Compiled,
    },
    Case {
        state: "the note about the code is garbage",
        brought_about: |_, folder| fs::write(note(folder), "garbage").expect("garbage"),
        ends: Ends::Compiled,
    },
    Case {
        state: "a killed compiler left half an entry",
        brought_about: |_, folder| {
            let code = code(folder);
            fs::rename(&code, code.with_extension("wip-atomic-write-mod")).expect("half an entry");
        },
        ends: Ends::Compiled,
    },
    Case {
        state: "it cannot be made",
        brought_about: |world, _| {
            fs::remove_dir_all(world.path("home/.cache")).expect("gone");
            fs::write(world.path("home/.cache"), "").expect("a file in its place");
        },
        ends: Ends::NotKept,
    },
];

fn mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).expect("permissions");
}

fn note(folder: &Path) -> PathBuf {
    let mut notes =
        fs::read_dir(folder.join("notes")).expect("the notes").map(|note| note.expect("a note").path());
    let note = notes.next().expect("a note");
    assert_eq!(notes.next(), None, "one plugin is one note");
    note
}

/// The compiled code of the one plugin.
fn code(folder: &Path) -> PathBuf {
    folder.join(World::read_json(note(folder))["entry"].as_str().expect("the entry"))
}

/// A world with a sweep and an empty cache.
fn world() -> World {
    let world = World::new();
    world.write_program("work.sh", "#!/bin/sh\necho '{\"score\": 1}' >\"$HSM_TASK_DIR/results.json\"\n");
    world.write_sweep("command: [./work.sh, '{a}']\nsweep:\n  grid:\n    a: [1, 2]\n");
    let _ = world.hsm(&["run", "--sweep-id", "s"]).succeeds();
    world
}

fn rank(world: &World) -> Run {
    world.hsm(&["--plugin", &World::plugin("leaderboard"), "collect", "s"])
}

fn inode_and_time(path: &Path) -> (u64, i64) {
    use std::os::unix::fs::MetadataExt;
    let metadata = path.metadata().expect("the code");
    (metadata.ino(), metadata.mtime_nsec())
}

#[test]
fn it_is_refused_or_missed_but_never_trusted_blindly() {
    let first = world();
    let _ = rank(&first).succeeds();
    for Case { state, brought_about, ends } in CASES {
        let world = World::new();
        copy(&first.path("project"), &world.path("project"));
        copy(&first.path("home"), &world.path("home"));
        let folder = world.path("home/.cache/hsm/plugins");
        let before = inode_and_time(&code(&folder));
        brought_about(&world, &folder);
        let run = rank(&world);
        match ends {
            Ends::Refused(words) => {
                assert!([Some(2), Some(6)].contains(&run.code()), "{state}\n{run}");
                assert!(run.stderr.contains(words) && run.stderr.contains("hint: "), "{state}\n{run}");
            }
            Ends::NotKept => {
                assert!(run.stderr.contains("compiled again each time"), "{state}\n{run}");
                let _ = run.succeeds().prints(&["score"]);
            }
            Ends::Used | Ends::Compiled => {
                let _ = run.succeeds().prints(&["score"]);
                let after = inode_and_time(&code(&folder));
                assert_eq!(after == before, *ends == Ends::Used, "{state}");
                assert!(!code(&folder).with_extension("wip-atomic-write-mod").exists(), "{state}");
            }
        }
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    fs::set_permissions(to, from.metadata().expect("a folder").permissions()).expect("permissions");
    for entry in fs::read_dir(from).expect("a folder").map(|entry| entry.expect("an entry")) {
        let target = to.join(entry.file_name());
        if entry.file_type().expect("its kind").is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).expect("a copy");
        }
    }
}

/// Nothing but the folder's owner and mode stands between its content and being executed. This shows what the documentation says.
#[test]
fn who_can_write_there_decides_what_runs() {
    let world = world();
    let folder = world.path("home/.cache/hsm/plugins");
    let _ = rank(&world).succeeds();
    let (victim, victims_note) = (code(&folder), note(&folder));
    fs::rename(&folder, world.path("aside")).expect("another place");
    let _ = world
        .hsm(&["--plugin", &World::plugin("wayward-aggregator"), "collect", "s", "--config", "do=text"])
        .succeeds();
    let other = fs::read(code(&folder)).expect("the other's code");
    fs::remove_dir_all(&folder).expect("gone");
    fs::rename(world.path("aside"), &folder).expect("back");

    fs::write(&victim, &other).expect("the other's code in its place");
    // An accident is noticed by the length alone, and costs a compilation.
    let _ = rank(&world).succeeds().prints(&["score"]);
    fs::write(&victim, &other).expect("the other's code in its place");
    let mut note: Value = World::read_json(&victims_note);
    note["bytes"] = other.len().into();
    fs::write(&victims_note, note.to_string()).expect("the note");
    // On purpose, by somebody who may write there, it is the other's code that runs: it asks what to do.
    let _ = rank(&world).ends_with(6).says(&["missing field `do`"]);
}

/// The list in the sandbox's README is this one.
#[test]
fn the_table_of_the_compile_cache_is_true() {
    let mut table = table_row(&["the folder of compiled code", "what becomes of a plugin"]) + "|---|---|\n";
    for Case { state, ends, .. } in CASES {
        let becomes = match ends {
            Ends::Used => "the code is used".to_owned(),
            Ends::Compiled => "it is compiled anew".to_owned(),
            Ends::NotKept => "it is compiled in a temporary folder, with a warning".to_owned(),
            Ends::Refused(words) => format!("refused: “{words}”"),
        };
        table += &table_row(&[state, &becomes]);
    }
    check_generated(
        "host/hsm-plugin/README.md",
        "compile cache",
        "the_table_of_the_compile_cache_is_true",
        &table,
    );
}
