//! A sweep's folder over there: what is delivered, what is told, what is taken and what comes home.

use super::super::SshMachine;
use super::world::World;
use crate::machine::Machine as _;
use hsm_core::batch::{ClaimFile, taken_by_driver};
use hsm_core::command::{Launch, Program};
use hsm_core::scheduler::Command;
use hsm_core::task_set::TaskSet;
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

const TOKEN: &str = "abcdefghij";
const OTHER: &str = "klmnopqrst";
const CLAIM: &str = "claim task=3 node=n1 job=7 nonce=1.2 at_ms=5\n";
const END: &str = "end code=0 signal=0 asked=none stage=program began_ms=5 ended_ms=9 mark=end\n";

/// A machine whose sweep has its place, and where that is.
fn placed(world: &World) -> (SshMachine, PathBuf) {
    let mut machine = world.machine();
    let there = machine.there().unwrap();
    let dir = there.dir.root().to_owned();
    for token in [TOKEN, OTHER] {
        for kind in ["claims", "ends"] {
            fs::create_dir_all(dir.join("jobs").join(token).join(kind)).unwrap();
        }
    }
    (machine, dir)
}

fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

#[test]
fn a_place_is_made_and_marked() {
    let world = World::new();
    let mut machine = world.machine();
    let there = machine.there().unwrap();
    let user =
        String::from_utf8(machine.exchange(&Command::new("id").arg("-un"), false).unwrap().stdout).unwrap();
    let root = world.path("home/far root").join(user.trim());
    assert_eq!((there.root.as_path(), there.user.as_str()), (root.as_path(), user.trim()));
    assert!(there.dir.root().starts_with(&there.project) && there.dir.root().ends_with("sweeps/scan"));
    assert_eq!(there.clock_ahead_ms, 0);
    for folder in [&there.root, &there.project, &there.dir.root().to_owned()] {
        let text = fs::read_to_string(folder.join(".hsm-made")).unwrap();
        assert!(text.contains("the project /work/my project on "), "{text}");
    }
    assert_eq!(world.machine().there().unwrap(), there, "the second driver finds the same");
}

#[test]
fn what_is_not_ours_is_left_alone() {
    let world = World::new();
    let there = world.machine().there().unwrap();
    let code = || {
        let failure = world.machine().there().unwrap_err();
        assert!(failure.hint.as_ref().unwrap().contains("remote_root"), "{failure:?}");
        failure.code
    };
    fs::remove_file(there.project.join(".hsm-made")).unwrap();
    assert_eq!(code(), "not-ours");
    fs::remove_dir_all(&there.root).unwrap();
    symlink(world.path("runtime"), &there.root).unwrap();
    assert_eq!(code(), "not-ours");
    fs::remove_file(&there.root).unwrap();
    write(&there.root, "a file");
    assert_eq!(code(), "not-ours");
}

#[test]
fn a_submission_is_delivered_whole() {
    let world = World::new();
    let (mut machine, dir) = placed(&world);
    let long = "$(exit 7) 'x'\n".repeat(9000);
    world.write(&format!("sweep/jobs/{TOKEN}/job.sh"), "#!/bin/bash\necho 'it'\n");
    world.write(&format!("sweep/jobs/{TOKEN}/chunks/0.sh"), &long);
    world.write(&format!("sweep/jobs/{TOKEN}/chunks/1.sh"), "");
    machine.deliver(TOKEN, &[]).unwrap();
    let at = |name: &str| fs::read_to_string(dir.join("jobs").join(TOKEN).join(name)).unwrap();
    assert_eq!((at("job.sh").as_str(), at("chunks/0.sh") == long), ("#!/bin/bash\necho 'it'\n", true));
    assert_eq!(at("chunks/1.sh"), "");
    assert_eq!(machine.exchange(&Command::new("echo").arg("on"), false).unwrap().stdout, b"on\n");
    assert_eq!(world.calls(), (1, 1));
}

#[test]
fn a_submission_that_cannot_be_written_is_not_read_as_commands() {
    let world = World::new();
    let (mut machine, dir) = placed(&world);
    let bad = format!("touch '{}'\n", world.path("executed").display());
    world.write(&format!("sweep/jobs/{TOKEN}/job.sh"), &bad);
    world.write(&format!("sweep/jobs/{TOKEN}/chunks/0.sh"), &bad.repeat(4000));
    fs::create_dir_all(dir.join("jobs").join(TOKEN).join("chunks/0.sh")).unwrap();
    let failure = machine.deliver(TOKEN, &[]).unwrap_err();
    assert!(failure.message.contains("could not take a submission's files"), "{failure}");
    assert_eq!(machine.exchange(&Command::new("echo").arg("on"), false).unwrap().stdout, b"on\n");
    assert!(!world.path("executed").exists() && !dir.join("jobs").join(TOKEN).join("job.sh").exists());
}

#[test]
fn news_come_with_any_answer_and_only_once() {
    let world = World::new();
    let (mut machine, dir) = placed(&world);
    let here = |kind: &str, task: u32| {
        fs::read_to_string(world.path(&format!("sweep/jobs/{TOKEN}/{kind}/{task}"))).ok()
    };
    let there = |kind: &str, task: u32| dir.join("jobs").join(TOKEN).join(kind).join(task.to_string());
    machine.look(&[TOKEN.to_owned(), OTHER.to_owned()]).unwrap();
    assert_eq!(here("claims", 3), None);
    fs::write(there("claims", 3), CLAIM).unwrap();
    fs::write(there("claims", 4), "claim tas").unwrap();
    machine.exchange(&Command::new("true"), false).unwrap();
    machine.look(&[TOKEN.to_owned(), OTHER.to_owned()]).unwrap();
    assert_eq!(here("claims", 3).as_deref(), Some(CLAIM));
    assert_eq!(here("claims", 4), None, "it is being written");
    fs::write(there("ends", 3), format!("{CLAIM}end code=0 si")).unwrap();
    machine.look(&[TOKEN.to_owned(), OTHER.to_owned()]).unwrap();
    let cut = ClaimFile::parse(&here("ends", 3).unwrap()).unwrap();
    assert_eq!(cut.end, None);
    fs::write(there("ends", 3), format!("{CLAIM}{END}")).unwrap();
    machine.look(&[TOKEN.to_owned(), OTHER.to_owned()]).unwrap();
    assert_eq!(here("ends", 3), Some(format!("{CLAIM}{END}")));
    assert_eq!(here("claims", 3), None, "its end has its place");
    fs::remove_file(world.path(&format!("sweep/jobs/{TOKEN}/ends/3"))).unwrap();
    machine.look(&[TOKEN.to_owned(), OTHER.to_owned()]).unwrap();
    assert_eq!(here("ends", 3), None, "it was told once");
    machine.link().hang_up();
    machine.look(&[TOKEN.to_owned(), OTHER.to_owned()]).unwrap();
    assert!(here("ends", 3).is_some(), "a new session tells all");
}

#[test]
fn claims_are_taken_where_attempts_look_for_them() {
    let world = World::new();
    let (mut machine, dir) = placed(&world);
    let at = |name: &str| dir.join("jobs").join(TOKEN).join(name);
    fs::write(at("claims/3"), CLAIM).unwrap();
    fs::write(at("claims/4"), "").unwrap();
    fs::write(at("claims/5"), taken_by_driver(5, 1)).unwrap();
    fs::write(at("ends/6"), CLAIM).unwrap();
    let mut wanted = TaskSet::range(2, 7);
    wanted.insert(12);
    let taken = machine.take_claims(TOKEN, &wanted, 99).unwrap();
    assert_eq!(taken.iter().collect::<Vec<_>>(), [2, 5, 7, 12]);
    assert_eq!(fs::read_to_string(at("claims/2")).unwrap(), taken_by_driver(2, 99));
    assert_eq!(fs::read_to_string(at("claims/3")).unwrap(), CLAIM);
    assert!(!at("claims/6").exists());
    fs::remove_dir_all(at("claims")).unwrap();
    assert_eq!(machine.take_claims(TOKEN, &TaskSet::range(1, 1), 9).unwrap().len(), 1, "the folder is made");
}

#[test]
fn what_attempts_left_is_moved_aside() {
    let world = World::new();
    let (mut machine, dir) = placed(&world);
    let task = dir.join("tasks/task_3");
    for name in ["stdout.log", "stderr.log", "results.json", "a.csv", "model.bin", "params.json"] {
        write(&task.join(name), name);
    }
    fs::create_dir(task.join("folder.csv")).unwrap();
    machine.set_aside(&[(3, 1), (9, 1)]).unwrap();
    write(&task.join("stdout.log"), "again");
    machine.set_aside(&[(3, 1)]).unwrap();
    let names = |folder: &Path| {
        let mut names: Vec<String> =
            fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names.join(" ")
    };
    assert_eq!(names(&task), "attempt_1 folder.csv model.bin params.json");
    assert_eq!(names(&task.join("attempt_1")), "a.csv results.json stderr.log stdout.log stdout.log.2");
}

#[test]
fn results_come_home_and_are_verified() {
    let world = World::new();
    world.write("noise", "Welcome!\n\u{7}\n");
    let (mut machine, dir) = placed(&world);
    for task in [1, 2, 3] {
        write(&dir.join(format!("tasks/task_{task}/results.json")), "{\"loss\": 1}");
        write(&dir.join(format!("tasks/task_{task}/deep er/'x'\n.txt")), "x");
    }
    symlink("results.json", dir.join("tasks/task_1/latest")).unwrap();
    symlink("/etc", dir.join("tasks/task_1/etc")).unwrap();
    symlink("../../..", dir.join("tasks/task_1/up")).unwrap();
    let home = machine.fetch(&TaskSet::range(1, 4)).unwrap();
    assert_eq!(home.iter().collect::<Vec<_>>(), [1, 2, 3, 4], "task 4 left nothing");
    let here = |name: &str| world.path("sweep/tasks").join(name);
    assert_eq!(fs::read_to_string(here("task_3/deep er/'x'\n.txt")).unwrap(), "x");
    assert_eq!(fs::read_to_string(here("task_1/latest")).unwrap(), "{\"loss\": 1}");
    assert!(!here("task_1/etc").is_symlink() && !here("task_1/up").is_symlink() && !here("task_4").exists());
    assert!(!here("task_2/.hsm-partial").exists());
}

#[test]
fn what_differs_is_not_home() {
    let world = World::new();
    let (mut machine, dir) = placed(&world);
    for task in [1, 2] {
        write(&dir.join(format!("tasks/task_{task}/out")), "one");
    }
    machine.fetch(&TaskSet::range(1, 2)).unwrap();
    // Of the same size and the same time, so that rsync finds nothing to bring.
    let path = world.path("sweep/tasks/task_2/out");
    let time = fs::metadata(&path).unwrap().modified().unwrap();
    fs::write(&path, "two").unwrap();
    fs::File::options().write(true).open(&path).unwrap().set_modified(time).unwrap();
    let home = machine.fetch(&TaskSet::range(1, 2)).unwrap();
    assert_eq!(home.iter().collect::<Vec<_>>(), [1]);
}

#[test]
fn code_is_brought_once_and_shares_what_is_the_same() {
    use std::os::unix::fs::MetadataExt as _;
    let world = World::new();
    let (mut machine, _) = placed(&world);
    let launch = |name: &str| Launch {
        program: Program::Script { script: "train.py".into() },
        python: Vec::new(),
        hydra: false,
        group: None,
        project_root: world.path(name),
    };
    for (folder, text) in [("sweep/code", "1"), ("sweep/code-2", "22")] {
        world.write(&format!("{folder}/train.py"), text);
        world.write(&format!("{folder}/big"), "the same");
        let file = fs::File::options().write(true).open(world.path(&format!("{folder}/big"))).unwrap();
        file.set_modified(std::time::UNIX_EPOCH).unwrap();
        symlink("/data", world.path(folder).join("data")).unwrap();
    }
    let first = machine.bring_code(&launch("sweep/code")).unwrap().project_root;
    let sessions = world.calls().1;
    assert_eq!(machine.bring_code(&launch("sweep/code")).unwrap().project_root, first);
    assert_eq!(world.calls().1, sessions, "what is there is not brought");
    let second = machine.bring_code(&launch("sweep/code-2")).unwrap().project_root;
    let read = |folder: &Path| fs::read_to_string(folder.join("train.py")).unwrap();
    assert_eq!((read(&first).as_str(), read(&second).as_str()), ("1", "22"));
    let inode = |folder: &Path| fs::metadata(folder.join("big")).unwrap().ino();
    assert_eq!(inode(&first), inode(&second));
    assert!(first.join(".hsm-made").exists() && !first.join("data").is_symlink());
    assert_eq!(machine.bring_code(&launch("elsewhere")).unwrap_err().code, "no-snapshot");
}

#[test]
fn only_what_hsm_made_is_removed() {
    let world = World::new();
    let (mut machine, dir) = placed(&world);
    write(&dir.join("tasks/task_1/kept"), "x");
    fs::set_permissions(dir.join("tasks/task_1"), fs::Permissions::from_mode(0o555)).unwrap();
    fs::rename(dir.join(".hsm-made"), dir.join("marker")).unwrap();
    assert_eq!(machine.discard().unwrap_err().code, "not-ours");
    assert!(dir.join("tasks/task_1/kept").exists());
    fs::rename(dir.join("marker"), dir.join(".hsm-made")).unwrap();
    machine.discard().unwrap();
    assert!(!dir.exists() && dir.parent().unwrap().exists());
    machine.there().unwrap();
    assert!(dir.exists(), "the next submission makes it again");
}
