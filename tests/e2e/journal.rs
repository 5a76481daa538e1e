//! The journal, damaged in every way a disk or an editor knows: a clear word, and nothing lost that was recorded.

use hsm_tests::{SmallDisk, World, wait_until};
use std::fs;
use std::path::PathBuf;

/// A sweep of three tasks of which the last failed.
fn world_that_ran() -> World {
    let world = World::new();
    world.write_program("task.sh", "#!/bin/sh\necho run >>\"$HSM_TASK_DIR/runs\"\nexit \"$1\"\n");
    world.write_sweep("command: [./task.sh, '{code}', '{n}']\nsweep:\n  paired:\n    - all:\n        code: [0, 0, 3]\n        n: [1, 2, 3]\n");
    let _ = world.hsm(&["run", "--sweep-id", "s"]).ends_with(1);
    world
}

fn segment(world: &World) -> PathBuf {
    world.sweep_dir("s").join("journal/000001.jsonl")
}

fn runs(world: &World, task: u64) -> usize {
    World::read(world.task_dir("s", task).join("runs")).lines().count()
}

#[test]
fn a_torn_last_line_is_cut_off() {
    let world = world_that_ran();
    let whole = World::read(segment(&world));
    fs::write(segment(&world), format!("{whole}{{\"t\":\"ended\",\"g\":1,\"task\":1,\"att"))
        .expect("the segment");
    assert_eq!(world.states("s"), ["completed", "completed", "failed"]);
    fs::write(world.project("task.sh"), "#!/bin/sh\necho run >>\"$HSM_TASK_DIR/runs\"\n")
        .expect("the program");
    let _ = world.hsm(&["complete", "s"]).succeeds();
    assert_eq!(world.states("s"), ["completed"; 3]);
    assert_eq!([1, 2, 3].map(|task| runs(&world, task)), [1, 1, 2]);
}

#[test]
fn a_flipped_byte_costs_one_record_and_is_told() {
    let world = world_that_ran();
    let text = World::read(segment(&world));
    // The end of the first task: the one line with that task's end in it.
    let is_the_end = |line: &str| line.contains("\"t\":\"ended\"") && line.contains("\"task\":1,");
    let index = text.lines().position(is_the_end).unwrap_or_else(|| panic!("no end of task 1 in\n{text}"));
    let line = index + 1;
    let at = text.lines().take(index).map(|line| line.len() + 1).sum::<usize>() + 9;
    let mut bytes = text.into_bytes();
    bytes[at] ^= 0x10;
    fs::write(segment(&world), bytes).expect("the segment");
    let status = world.hsm(&["status", "s"]);
    let told = format!("{}{}", status.stdout, status.stderr);
    assert!(told.contains("000001.jsonl") && told.contains(&format!("line {line}")), "{status}");
    let states = world.states("s");
    assert_ne!(states[0], "completed", "the record was damaged, so nobody knows");
    assert_eq!(states[1..], ["completed", "failed"]);
}

#[test]
fn a_newer_format_is_refused_unchanged() {
    let world = world_that_ran();
    let text = World::read(segment(&world));
    let (header, rest) = text.split_once('\n').expect("a header");
    let body = header[..header.len() - 18].replacen("\"format\":1", "\"format\":2", 1);
    let newer = format!("{body},\"crc\":\"{:08x}\"}}\n{rest}", crc32fast::hash(body.as_bytes()));
    fs::write(segment(&world), &newer).expect("the segment");
    for command in [&["status", "s"][..], &["collect", "s"], &["complete", "s"], &["cancel", "s"]] {
        let run = world.hsm(command);
        assert_ne!(run.code(), Some(0), "{run}");
        let _ = run.says(&["format 2", "000001.jsonl", "hint:"]);
    }
    assert_eq!(World::read(segment(&world)), newer);
    assert_eq!(runs(&world, 3), 1);
}

#[test]
fn reading_changes_nothing() {
    let world = world_that_ran();
    let before = snapshot(&world);
    for command in [&["status", "s"][..], &["list"], &["errors", "s"], &["monitor", "s"]] {
        let _ = world.hsm(command);
        assert_eq!(snapshot(&world), before, "{command:?}");
    }
}

/// Every file of the sweep's journal and plan, with its content.
fn snapshot(world: &World) -> Vec<(PathBuf, Vec<u8>)> {
    let mut files = vec![world.sweep_dir("s").join("plan.jsonl")];
    let journal = fs::read_dir(world.sweep_dir("s").join("journal")).expect("the journal");
    files.extend(journal.map(|entry| entry.expect("a segment").path()));
    files.sort();
    files.into_iter().map(|path| (path.clone(), fs::read(path).expect("a file"))).collect()
}

/// Writes more than the disk holds for every task but the first, unless there is a file that says not to.
const GREEDY: &str = "#!/bin/sh
echo run >>\"$HOME/runs-$HSM_TASK\"
[ \"$1\" = 1 ] || [ -e small ] || head -c 4000000 /dev/zero >\"$HSM_TASK_DIR/big\"
";

#[test]
fn a_disk_that_fills_loses_nothing() {
    let world = World::new();
    let disk = SmallDisk::mount(world.project("sweeps/outputs"), "2m");
    world.write_program("greedy.sh", GREEDY);
    world.write_sweep("command: [./greedy.sh, '{n}']\nsweep:\n  grid:\n    n: [1, 2, 3]\n");
    let run = world.start(&["run", "--sweep-id", "s"]);
    wait_until("the full disk is told", || {
        world.hsm(&["status", "s"]).stderr.contains("No space left on device")
    });
    assert_eq!(world.states("s")[0], "completed");
    // Space comes back: the driver goes on, what is missing runs, and what completed does not.
    world.write("small", "");
    for task in 1..=3 {
        let _ = fs::remove_file(world.task_dir("s", task).join("big"));
    }
    let run = run.wait();
    assert!(!run.stderr.contains("panicked") && run.code().is_some(), "{run}");
    let _ = world.hsm(&["complete", "s"]).succeeds();
    assert_eq!(world.states("s"), ["completed"; 3]);
    assert_eq!(World::read(world.path("home/runs-1")).lines().count(), 1);
    drop(disk);
}

#[test]
fn a_full_disk_at_the_start_is_said() {
    let world = World::new();
    let disk = SmallDisk::mount(world.project("sweeps/outputs"), "16k");
    fs::write(world.project("sweeps/outputs/filler"), vec![0; 1024 * 1024]).expect_err("a full disk");
    world.write_sweep("command: ['true', '{n}']\nsweep:\n  grid:\n    n: [1]\n");
    let run = world.hsm(&["run", "--sweep-id", "s"]);
    assert_ne!(run.code(), Some(0), "{run}");
    let _ = run.says(&["space"]);
    drop(disk);
}
