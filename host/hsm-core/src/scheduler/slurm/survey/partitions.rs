//! Partitions as `sinfo` describes them.

use crate::scheduler::duration::seconds_of_slurm;
use crate::scheduler::survey::gpus;
use std::collections::BTreeMap;

/// The columns: partition, whether it is up, limit, nodes, state, CPUs, memory in MiB, GPUs, names.
pub(super) const FORMAT: &str = "%P|%a|%l|%D|%T|%c|%m|%G|%N";

/// Nodes of a partition that are alike.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Group {
    /// Whether jobs can start there, now or when others have ended.
    pub usable: bool,
    /// Cores of each.
    pub cpus: u32,
    /// Memory of each.
    pub memory_mib: u64,
    /// GPUs of each, by kind.
    pub gpus: BTreeMap<String, u32>,
    /// Their names, as Slurm shortens them.
    pub nodes: String,
}

impl Group {
    pub(super) fn gpu_count(&self) -> u32 {
        self.gpus.values().sum()
    }
}

/// A partition.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Partition {
    pub name: String,
    /// Whether jobs go there that name none.
    pub is_default: bool,
    pub is_up: bool,
    /// How long a job may run there; nothing where that is for ever.
    pub limit_s: Option<u64>,
    pub groups: Vec<Group>,
}

/// Whether nodes in that state take no jobs. A mark behind it says that a node does not answer, or is being switched on or off.
pub(super) fn is_out(state: &str) -> bool {
    let word = state.trim_end_matches(|c: char| !c.is_ascii_alphabetic());
    ["down", "drain", "drng", "fail", "unknown", "no_respond", "inval", "future"]
        .iter()
        .any(|out| word.starts_with(out))
}

/// The partitions, in the order in which they are listed.
pub(super) fn read(text: &str) -> Vec<Partition> {
    let mut partitions: Vec<Partition> = vec![];
    for line in text.lines() {
        let columns: Vec<&str> = line.split('|').map(str::trim).collect();
        let [name, up, limit, _, state, cpus, memory, gres, nodes] = columns[..] else { continue };
        // Where a line stands for nodes that differ, the number is that of the smallest, with a `+`.
        let number = |text: &str| text.trim_end_matches('+').parse::<u64>().unwrap_or(0);
        let group = Group {
            usable: !is_out(state),
            cpus: u32::try_from(number(cpus)).unwrap_or(u32::MAX),
            memory_mib: number(memory),
            gpus: gpus::kinds(gres).into_iter().filter(|(_, count)| *count > 0).collect(),
            nodes: nodes.to_owned(),
        };
        let plain = name.trim_end_matches('*');
        match partitions.iter_mut().find(|partition| partition.name == plain) {
            Some(partition) => partition.groups.push(group),
            None => partitions.push(Partition {
                name: plain.to_owned(),
                is_default: name.ends_with('*'),
                is_up: up == "up",
                limit_s: seconds_of_slurm(limit),
                groups: vec![group],
            }),
        }
    }
    partitions
}
