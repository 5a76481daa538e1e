//! This machine and the processes on it: names, process start times, and which processes belong to a task. Reads `/proc`; signals and
//! starts nothing.

use rustix::process::Pid;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// The machine's own name for itself.
pub(crate) fn name() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

/// When the kernel started the process, in ticks since boot; nothing when there is no such process (or only its zombie).
pub(crate) fn process_start(pid: u32) -> Option<u64> {
    stat(pid).filter(|stat| !stat.dead).map(|stat| stat.start)
}

/// Whether that very process lives.
pub(crate) fn is_alive(pid: u32, start: u64) -> bool {
    process_start(pid) == Some(start)
}

struct Stat {
    parent: u32,
    group: u32,
    start: u64,
    dead: bool,
}

fn stat(pid: u32) -> Option<Stat> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The command's name may contain anything, also parentheses and spaces; what follows its last parenthesis does not.
    let fields: Vec<&str> = text.rsplit_once(')')?.1.split_ascii_whitespace().collect();
    Some(Stat {
        dead: matches!(*fields.first()?, "Z" | "X" | "x"),
        parent: fields.get(1)?.parse().ok()?,
        group: fields.get(2)?.parse().ok()?,
        start: fields.get(19)?.parse().ok()?,
    })
}

/// Every living process of the task in `task_dir` whose first process is (or was) `leader`: its process group, whoever writes to its logs
/// or carries its environment, and the descendants of all these. A program that wipes its environment, leaves its group and closes its
/// logs is found only while its parent lives.
pub(crate) fn task_processes(task_dir: &Path, leader: Option<u32>) -> Vec<Pid> {
    let mut marker = b"HSM_TASK_DIR=".to_vec();
    marker.extend_from_slice(task_dir.as_os_str().as_bytes());
    let logs: Vec<(u64, u64)> = ["stdout.log", "stderr.log"]
        .iter()
        .filter_map(|name| fs::metadata(task_dir.join(name)).ok())
        .map(|meta| (meta.dev(), meta.ino()))
        .collect();
    let stats = all_processes();
    let me = std::process::id();
    let mut found: BTreeSet<u32> = stats
        .iter()
        .filter(|(pid, stat)| {
            leader.is_some_and(|leader| stat.group == leader || **pid == leader)
                || has_environment(**pid, &marker)
                || holds_open(**pid, &logs)
        })
        .map(|(pid, _)| *pid)
        .collect();
    add_descendants(&mut found, &stats);
    found.remove(&me);
    found.into_iter().filter_map(|pid| Pid::from_raw(i32::try_from(pid).ok()?)).collect()
}

fn all_processes() -> BTreeMap<u32, Stat> {
    let Ok(entries) = fs::read_dir("/proc") else { return BTreeMap::new() };
    entries
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<u32>().ok())
        .filter_map(|pid| Some((pid, stat(pid)?)))
        .filter(|(_, stat)| !stat.dead)
        .collect()
}

fn add_descendants(found: &mut BTreeSet<u32>, stats: &BTreeMap<u32, Stat>) {
    loop {
        let children: Vec<u32> = stats
            .iter()
            .filter(|(pid, stat)| found.contains(&stat.parent) && !found.contains(pid))
            .map(|(pid, _)| *pid)
            .collect();
        if children.is_empty() {
            return;
        }
        found.extend(children);
    }
}

fn has_environment(pid: u32, marker: &[u8]) -> bool {
    fs::read(format!("/proc/{pid}/environ"))
        .is_ok_and(|environment| environment.split(|byte| *byte == 0).any(|variable| variable == marker))
}

fn holds_open(pid: u32, files: &[(u64, u64)]) -> bool {
    // Whoever reads a log (`tail -f`) also has it open; only standard output and error make a process part of the task.
    [1, 2].iter().any(|fd| {
        fs::metadata(format!("/proc/{pid}/fd/{fd}"))
            .is_ok_and(|meta| files.contains(&(meta.dev(), meta.ino())))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_known_by_pid_and_start() {
        let me = std::process::id();
        let start = process_start(me).expect("this process runs");
        assert!(is_alive(me, start));
        assert!(!is_alive(me, start + 1));
        assert_eq!(process_start(u32::MAX), None);
    }
}
