//! Hostile plugins: everything in `cases` is tried on a real sweep through the built `hsm`. Whatever a plugin does, hsm goes on, the sweep
//! is what it was, and there is one clear message.

mod cases;
mod made;

pub use made::nested_loops;

use cases::{By, Case, Ends, GROUPS, Group};
use hsm_tests::{Run, World, check_generated, table_row, wait_until};
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Nothing that a plugin does may fill a terminal or a log.
const OUTPUT_BYTES_MAX: usize = 512 * 1024;

/// Task 1 leaves everything behind that might lead a reader astray.
const WORK: &str = "#!/bin/sh
cd \"$HSM_TASK_DIR\" || exit 1
echo \"{\\\"score\\\": $1}\" >results.json
[ \"$1\" = 1 ] || exit 0
ln -s ../../plan.jsonl relative
ln -s /etc/passwd absolute
ln -s /etc folder
ln -s /proc/self/root/etc/passwd proc
ln -s ../../../other/plan.jsonl sweep
ln -s loop loop
mkfifo pipe
truncate -s 1T huge
touch -d @1000000000 old
";

/// A world with two finished sweeps, `s` and `other`, and compiled code that all worlds share.
fn world() -> World {
    let target = std::env::current_exe().expect("this program");
    let cache = target.ancestors().nth(3).expect("the target folder").join("hostile-cache");
    let world = World::new().with_variable("XDG_CACHE_HOME", cache);
    world.write_program("work.sh", WORK);
    world.write("train.py", "");
    world.write("outside.txt", "outside");
    world.write_sweep("command: [./work.sh, '{a}']\nsweep:\n  grid:\n    a: [1, 2]\n");
    for sweep_id in ["other", "s"] {
        let _ = world.hsm(&["run", "--sweep-id", sweep_id, "-p", "2"]).succeeds();
    }
    let (first, second) = (world.task_dir("s", 1), world.task_dir("s", 2));
    fs::hard_link(world.project("outside.txt"), first.join("hard")).expect("a hard link");
    make_device(&second.join("zero"));
    // A refusal shows something only where there would have been something to read.
    for link in ["relative", "absolute", "folder/passwd", "proc", "sweep", "hard"] {
        assert!(fs::read(first.join(link)).is_ok_and(|bytes| !bytes.is_empty()), "{link} leads nowhere");
    }
    bundle(&world);
    world
}

/// `wayward-aggregator` as a bundle that asks for a look at the tasks' folders.
fn bundle(world: &World) {
    let wasm = fs::read(World::plugin("wayward-aggregator")).expect("the plugin");
    world.write("reader/plugin.wasm", wasm);
    world.write("reader/README.md", "Misbehaves.\n");
    world.write("reader/LICENSE", "MIT OR Apache-2.0\n");
    world.write("reader/plugin.toml", READER);
}

const READER: &str = "format = 1
name = \"reader\"
version = \"0.1.0\"
role = \"aggregator\"
wit = \"0.1\"
summary = \"Misbehaves among the tasks' files.\"
license = \"MIT OR Apache-2.0\"
[capabilities]
read-results = true
[config.do]
type = \"text\"
required = true
summary = \"What to do.\"
[config.path]
type = \"text\"
required = true
summary = \"To which file.\"
[config.to]
type = \"text\"
required = false
summary = \"Where to.\"
[config.amount]
type = \"integer\"
required = false
summary = \"How often.\"
";

fn make_pipe(path: &Path) {
    make_node(path, rustix::fs::FileType::Fifo, 0);
}

/// As `/dev/zero`: a file that never ends.
fn make_device(path: &Path) {
    make_node(path, rustix::fs::FileType::CharacterDevice, rustix::fs::makedev(1, 5));
}

fn make_node(path: &Path, kind: rustix::fs::FileType, device: u64) {
    rustix::fs::mknodat(rustix::fs::CWD, path, kind, rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR, device)
        .expect("a node in the file system; devices need root");
}

/// What a sweep keeps for itself, and writes to when a plugin has taken part: that is on record then.
const RECORDS: [&str; 4] = ["journal", "requests", "lease.json", "driver.log"];

/// Every file below a folder but those in `results`: what it is, and what is in it.
fn files(folder: &Path) -> BTreeMap<PathBuf, String> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder").map(|entry| entry.expect("an entry")) {
            let path = entry.path();
            if entry.file_name() == "results" {
                continue;
            }
            let metadata = path.symlink_metadata().expect("what it is");
            let content = if metadata.is_file() && metadata.len() < 1 << 20 {
                String::from_utf8_lossy(&fs::read(&path).expect("what is in it")).into_owned()
            } else {
                format!("{:?}", fs::read_link(&path).ok())
            };
            let shown = (metadata.mode(), metadata.len(), metadata.mtime(), metadata.nlink(), content);
            if metadata.is_dir() {
                folders.push(path.clone());
            }
            found.insert(path, format!("{shown:?}"));
        }
    }
    found
}

/// Lets a plugin try it, and gives what hsm said.
fn attempt(world: &World, case: &Case) -> Run {
    let limits = case.limits.iter().flat_map(|limit| ["--plugin-limit", limit]);
    let mut arguments: Vec<&str> = limits.collect();
    if case.is_watched {
        arguments.push("-v");
    }
    let aggregator = World::plugin("wayward-aggregator");
    let generator = World::plugin("wayward-generator");
    let mut collect = |plugin, settings: &[&'static str]| {
        arguments.extend(["--plugin", plugin, "collect", "s"]);
        settings.iter().for_each(|setting| arguments.extend(["--config", setting]));
    };
    let place = world.project("plugin.wasm");
    match case.by {
        By::Aggregator(settings) => collect(&aggregator, settings),
        By::Reader(settings) => collect("./reader", settings),
        By::Made(make) => {
            fs::write(&place, make()).expect("the plugin");
            collect("plugin.wasm", &["metric=score"]);
        }
        By::Placed(put) => {
            put(&place);
            collect("plugin.wasm", &["metric=score"]);
        }
        By::Generator(config) => {
            world
                .write_sweep(&format!("script: train.py\ngenerator:\n  plugin: w\n  config: {{{config}}}\n"));
            arguments.extend(["--plugin", &generator, "run", "--sweep-id", "new"]);
        }
    }
    let run = world.hsm(&arguments);
    let _ = fs::remove_file(&place).or_else(|_| fs::remove_dir(&place));
    run
}

/// What is wrong with how an attempt ended; nothing where it is as it should be.
fn judge(case: &Case, run: &Run) -> Vec<String> {
    let mut problems = Vec::new();
    let mut expect = |holds: bool, problem: String| {
        if !holds {
            problems.push(problem)
        }
    };
    let code = if case.ends == Ends::Harmless { 0 } else { 6 };
    expect(run.code() == Some(code), format!("does not end with {code}"));
    let errors = run.stderr.lines().filter(|line| line.starts_with("error: ")).count();
    expect(errors == usize::from(code != 0), format!("{errors} errors"));
    let shown = format!("{}{}", run.stdout, run.stderr);
    expect(!shown.lines().any(|line| line.starts_with("thread '")), "hsm itself panicked".to_owned());
    let obeyed = |character: char| {
        (character.is_control() && character != '\n') || matches!(character, '\u{202a}'..='\u{202e}')
    };
    expect(!shown.contains(obeyed), "a terminal would obey it".to_owned());
    expect(shown.len() < OUTPUT_BYTES_MAX, format!("shows {} bytes", shown.len()));
    if let Ends::Stopped(limit) = case.ends {
        expect(run.stderr.contains(&format!("`{limit}`")), format!("does not name `{limit}`"));
    }
    for word in case.words {
        expect(shown.contains(word), format!("lacks `{word}`"));
    }
    problems
}

/// The sweeps of a world as they were before a plugin tried something.
struct Before {
    sweep: BTreeMap<PathBuf, String>,
    other: BTreeMap<PathBuf, String>,
    status: String,
}

impl Before {
    fn of(world: &World) -> Self {
        let _ = world.hsm(&["collect", "s"]).succeeds();
        Self {
            sweep: files(&world.sweep_dir("s")),
            other: files(&world.sweep_dir("other")),
            status: world.hsm(&["status", "s", "--json"]).succeeds().stdout,
        }
    }

    /// Everything of the sweep but its records.
    fn tasks(&self) -> Vec<(&PathBuf, &String)> {
        let is_record = |path: &Path| path.iter().any(|part| RECORDS.iter().any(|name| part == *name));
        self.sweep.iter().filter(|(path, _)| !is_record(path)).collect()
    }

    /// What a plugin that took part left behind that it must not. Once that is on record, this is the state before the next attempt.
    fn changes_on_record(&mut self, world: &World, case: &Case) -> Vec<String> {
        let requests = world.sweep_dir("s").join("requests");
        wait_until("the plugin is on record", || {
            world.is_over("s") && fs::read_dir(&requests).is_ok_and(|mut letters| letters.next().is_none())
        });
        let now = Self::of(world);
        let is_same =
            now.tasks() == self.tasks() && world.states("s").iter().all(|state| state == "completed");
        *self = now;
        let mut problems = self.changes(world, case);
        if !is_same {
            problems.push("changed the sweep, and not only its records".to_owned());
        }
        problems
    }

    /// What an attempt left behind that it must not.
    fn changes(&self, world: &World, case: &Case) -> Vec<String> {
        let mut problems = Vec::new();
        let mut expect = |holds: bool, problem: &str| {
            if !holds {
                problems.push(problem.to_owned())
            }
        };
        expect(files(&world.sweep_dir("s")) == self.sweep, "changed the sweep");
        expect(files(&world.sweep_dir("other")) == self.other, "changed another sweep");
        expect(world.hsm(&["status", "s", "--json"]).stdout == self.status, "changed the sweep's status");
        expect(world.hsm(&["collect", "s"]).code() == Some(0), "hsm does not go on");
        for place in ["pwned", "x", "sweeps/outputs/x", "sweeps/outputs/s/x", "sweeps/outputs/s/results/x"] {
            expect(!world.project(place).exists(), place);
        }
        let new = world.sweep_dir("new");
        let begun = matches!(case.by, By::Generator(_)) && case.ends == Ends::Harmless;
        expect(new.exists() == begun, if begun { "began no sweep" } else { "left a sweep behind" });
        if new.exists() {
            expect(world.states("new").iter().all(|state| state == "completed"), "the new sweep failed");
            fs::remove_dir_all(&new).expect("the new sweep");
        }
        problems
    }
}

/// Tries all cases of a group in one world, and tells of every one that does not end as it should.
fn check(group: &Group) {
    let world = world();
    let mut before = Before::of(&world);
    let mut failed = String::new();
    for case in group.cases {
        let run = attempt(&world, case);
        let took_part = case.ends == Ends::Harmless && !matches!(case.by, By::Generator(_));
        let mut problems = judge(case, &run);
        problems.extend(if took_part {
            before.changes_on_record(&world, case)
        } else {
            before.changes(&world, case)
        });
        if !problems.is_empty() {
            failed += &format!("\n== {}: {}\n{run}", case.does, problems.join("; "));
        }
    }
    assert!(failed.is_empty(), "{failed}");
}

#[test]
fn time() {
    check(&cases::TIME);
}

#[test]
fn memory() {
    check(&cases::MEMORY);
}

#[test]
fn giving_up() {
    check(&cases::END);
}

#[test]
fn answers() {
    check(&cases::ANSWERS);
}

#[test]
fn values() {
    check(&cases::VALUES);
}

#[test]
fn artifacts() {
    check(&cases::ARTIFACTS);
}

#[test]
fn text() {
    check(&cases::TEXT);
}

#[test]
fn the_machine() {
    check(&cases::WORLD);
}

#[test]
fn reading_tasks() {
    check(&cases::TASKS_READ);
}

#[test]
fn changing_tasks() {
    check(&cases::TASKS_WRITTEN);
}

#[test]
fn compiling() {
    check(&cases::COMPILING);
}

#[test]
fn files_that_are_no_plugins() {
    check(&cases::FILES);
}

/// The list in the sandbox's README is this one.
#[test]
fn the_table_of_hostile_plugins_is_true() {
    let mut table = table_row(&["it is after", "it", "how it ends", "what is said"]);
    table += "|---|---|---|---|\n";
    let mut seen = std::collections::BTreeSet::new();
    for group in GROUPS {
        for case in group.cases {
            assert!(seen.insert(case.does), "two cases are called `{}`", case.does);
            let words: Vec<&str> =
                case.words.iter().map(|word| word.trim()).filter(|word| *word != "hint:").collect();
            let words: Vec<String> =
                words.iter().map(|word| format!("“{}”", word.replace('`', ""))).collect();
            table += &table_row(&[group.name, case.does, &case.ends.shown(), &words.join(" ")]);
        }
    }
    assert!(seen.len() >= 40, "{} cases", seen.len());
    check_generated(
        "host/hsm-plugin/README.md",
        "hostile plugins",
        "the_table_of_hostile_plugins_is_true",
        &table,
    );
}
