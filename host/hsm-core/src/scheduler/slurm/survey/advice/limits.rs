//! What partitions can never give.

use crate::scheduler::Resources;
use crate::scheduler::duration::walltime;
use crate::scheduler::slurm::survey::partitions::{Group, Partition};
use crate::scheduler::survey::{Advice, Weight};
use crate::suggest::did_you_mean;
use std::collections::BTreeSet;

/// The partitions of the request, or the default one.
pub(super) fn chosen<'a>(
    partitions: &'a [Partition],
    resources: &Resources,
) -> Result<Vec<&'a Partition>, Vec<Advice>> {
    let Some(names) = &resources.partition else {
        let default: Vec<&Partition> = partitions.iter().filter(|partition| partition.is_default).collect();
        let none = "this Slurm has no default partition, and none is asked for".to_owned();
        return if default.is_empty() { Err(vec![problem("partition", none)]) } else { Ok(default) };
    };
    let (mut found, mut problems) = (vec![], vec![]);
    for name in names.split(',') {
        match partitions.iter().find(|partition| partition.name == name) {
            Some(partition) => found.push(partition),
            None => {
                let known: Vec<&str> = partitions.iter().map(|partition| partition.name.as_str()).collect();
                let line = format!("there is no partition `{name}`; {}", rather(name, &known));
                problems.push(problem("partition", line));
            }
        }
    }
    if problems.is_empty() { Ok(found) } else { Err(problems) }
}

/// What none of the chosen partitions can give; one that can is enough.
pub(super) fn limits(chosen: &[&Partition], resources: &Resources) -> Vec<Advice> {
    let names: Vec<String> = chosen.iter().map(|partition| format!("`{}`", partition.name)).collect();
    let place = names.join(" and ");
    let groups: Vec<&Group> = chosen.iter().flat_map(|partition| &partition.groups).collect();
    let mut advice = vec![];
    if chosen.iter().all(|partition| !partition.is_up) {
        let line = format!("{place} starts no jobs at present");
        advice.push(Advice::new(Weight::Warning, "partition", "--resources", line));
    }
    advice.extend(time(chosen, resources, &place));
    advice.extend(amounts(&groups, resources, &place));
    advice.extend(gpu_type(&groups, resources, &place));
    advice
}

fn time(chosen: &[&Partition], resources: &Resources, place: &str) -> Option<Advice> {
    let limit = chosen.iter().map(|partition| partition.limit_s.unwrap_or(u64::MAX)).max()?;
    let wanted = resources.walltime_s.filter(|wanted| *wanted > limit)?;
    let line = format!(
        "a walltime of {} is asked for, and {place} ends jobs after {}: they would wait for ever",
        walltime(wanted),
        walltime(limit)
    );
    Some(Advice::new(Weight::Problem, "walltime", "--walltime", line))
}

/// What is more than the largest node has.
fn amounts(groups: &[&Group], resources: &Resources, place: &str) -> Vec<Advice> {
    let most = |number: fn(&Group) -> u64| groups.iter().map(|group| number(group)).max().unwrap_or(0);
    // GPUs of several nodes are counted together.
    let gpus = resources.gpus.filter(|_| resources.nodes.is_none_or(|nodes| nodes <= 1));
    [
        ("cpus", "CPUs", resources.cpus.map(u64::from), most(|group| group.cpus.into())),
        ("memory", "MiB of memory", resources.memory_mib, most(|group| group.memory_mib)),
        ("gpus", "GPUs", gpus.map(u64::from), most(|group| group.gpu_count().into())),
    ]
    .into_iter()
    .filter_map(|(code, what, wanted, most)| {
        let wanted = wanted.filter(|wanted| *wanted > most)?;
        let line = format!("{wanted} {what} are asked for, and no node of {place} has more than {most}");
        Some(problem(code, line))
    })
    .collect()
}

/// A model that no node has. Where there are no GPUs at all, their number has been said to be too large.
fn gpu_type(groups: &[&Group], resources: &Resources, place: &str) -> Option<Advice> {
    let kind = resources.gpu_type.as_deref()?;
    let kinds: BTreeSet<&str> =
        groups.iter().flat_map(|group| group.gpus.keys()).map(String::as_str).collect();
    if kinds.is_empty() || kinds.contains(kind) {
        return None;
    }
    let known: Vec<&str> = kinds.into_iter().collect();
    Some(problem("gpus", format!("{place} has no GPUs called `{kind}`; {}", rather(kind, &known))))
}

fn problem(code: &'static str, line: String) -> Advice {
    Advice::new(Weight::Problem, code, "--resources", line)
}

/// The name that was meant, or all there are.
fn rather(name: &str, known: &[&str]) -> String {
    did_you_mean(name, known.iter().copied()).unwrap_or_else(|| {
        let names: Vec<String> = known.iter().map(|name| format!("`{name}`")).collect();
        format!("there are {}", names.join(", "))
    })
}
