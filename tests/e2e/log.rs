//! The log that `programs/tick.sh` writes: which task ran when, how often, and beside which others.

use hsm_tests::World;
use std::collections::{BTreeMap, BTreeSet};

/// The program whose runs are counted.
pub const TICK: &str = include_str!("../programs/tick.sh");

/// What the log says.
#[derive(Debug, Default)]
pub struct RunLog {
    /// Task → how often it started.
    pub starts: BTreeMap<u64, usize>,
    /// Task → how often it ended by itself.
    pub ends: BTreeMap<u64, usize>,
    /// The most tasks that ran at once.
    pub most_at_once: usize,
    /// Tasks of which two copies ran at once.
    pub doubled: BTreeSet<u64>,
}

impl RunLog {
    /// Reads the log of a world.
    pub fn read(world: &World) -> Self {
        let text = std::fs::read_to_string(path(world)).unwrap_or_default();
        let mut log = Self::default();
        let mut running: Vec<(u64, u64)> = Vec::new();
        for line in text.lines() {
            let fields: Vec<&str> = line.split(' ').collect();
            let [what, task, process] = fields[..] else { panic!("a torn line in the run log: {line:?}") };
            let run = (task.parse().expect("a task"), process.parse().expect("a process id"));
            if what == "start" {
                if running.iter().any(|(task, _)| *task == run.0) {
                    log.doubled.insert(run.0);
                }
                running.push(run);
                *log.starts.entry(run.0).or_default() += 1;
            } else {
                running.retain(|other| *other != run);
                *log.ends.entry(run.0).or_default() += 1;
            }
            log.most_at_once = log.most_at_once.max(running.len());
        }
        log
    }
}

/// A world whose tasks are `./tick.sh SECONDS`, `count` of them.
pub fn world_of_ticks(count: u64, seconds: &str) -> World {
    let world = World::new();
    let log = path(&world);
    let world = world.with_variable("RUN_LOG", log);
    world.write_program("tick.sh", TICK);
    let values = (1..=count).map(|i| i.to_string()).collect::<Vec<_>>().join(", ");
    world.write_sweep(&format!(
        "command: [./tick.sh, '{seconds}', '{{x}}']\nsweep:\n  grid:\n    x: [{values}]\n"
    ));
    world
}

fn path(world: &World) -> std::path::PathBuf {
    world.path("runs.log")
}
