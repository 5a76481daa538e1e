//! What Slurm says about itself: `squeue`, `sinfo`, `scontrol show reservation`.

mod advice;
mod partitions;

use super::rows::{self, Elements};
use super::{Config, Slurm, states};
use crate::failure::Failure;
use crate::scheduler::duration::seconds_of_slurm;
use crate::scheduler::replies::{self, local_ms, stdout};
use crate::scheduler::survey::{Advice, GpuPool, QueueRow, Reservation, Surveyor, gpus, hostlist};
use crate::scheduler::{Command, Exchange, JobState, Site, Step, Submission, ranges};
use std::collections::BTreeMap;

/// The columns in which the queue is listed.
const QUEUE_FORMAT: &str = "JobArrayID:85|,State:13|,UserName:32|,Account:32|,Partition:40|,NumCPUs:8|,NumNodes:6|,tres-per-job:64|,\
                            tres-per-node:64|,tres-alloc:160|,NodeList:64|,reason:48|,TimeLimit:14|,Name:80|";

/// The columns in which nodes are listed, one line for a node in a partition.
const NODES_FORMAT: &str = "NodeList:64|,StateLong:14|,Gres:80|,GresUsed:120|,Partition:40|";

impl Surveyor for Slurm {
    fn queue(&self, site: &Site, mine: bool, so_far: &[Exchange]) -> Result<Step<Vec<QueueRow>>, Failure> {
        let Some(reply) = so_far.first() else {
            let command = Config::of(site)?.command("squeue").args(["--noheader", "--all"]);
            let command = match (mine, site.user.as_str()) {
                (false, _) => command,
                (true, "") => command.arg("--me"),
                (true, user) => command.arg(format!("--user={user}")),
            };
            return Ok(Step::Run(command.arg(format!("--Format={QUEUE_FORMAT}"))));
        };
        Ok(Step::Done(queue(&stdout(answered(reply)?))))
    }

    fn gpus(&self, site: &Site, so_far: &[Exchange]) -> Result<Step<Vec<GpuPool>>, Failure> {
        let config = Config::of(site)?;
        let Some(nodes) = so_far.first() else {
            let command = config.command("sinfo").args(["--noheader", "--all", "--Node"]);
            return Ok(Step::Run(command.arg(format!("--Format={NODES_FORMAT}"))));
        };
        answered(nodes)?;
        let Some(waiting) = so_far.get(1) else { return Ok(Step::Run(waiting(&config))) };
        let mut pools = pools(&stdout(nodes));
        for row in queue(&stdout(answered(waiting)?)) {
            for pool in
                pools.iter_mut().filter(|pool| row.partition.split(',').any(|name| name == pool.partition))
            {
                pool.waited_for = pool.waited_for.saturating_add(row.gpus.saturating_mul(row.tasks));
            }
        }
        Ok(Step::Done(pools))
    }

    fn reservations(&self, site: &Site, so_far: &[Exchange]) -> Result<Step<Vec<Reservation>>, Failure> {
        let Some(reply) = so_far.first() else { return Ok(Step::Run(show_reservations(&Config::of(site)?))) };
        Ok(Step::Done(reservations(site, &stdout(answered(reply)?))))
    }

    fn advise(
        &self,
        site: &Site,
        request: &Submission,
        tasks: u64,
        so_far: &[Exchange],
    ) -> Result<Step<Vec<Advice>>, Failure> {
        Ok(advice::advise(&Config::of(site)?, site, request, tasks, so_far))
    }
}

fn answered(reply: &Exchange) -> Result<&Exchange, Failure> {
    if replies::succeeded(reply) { Ok(reply) } else { Err(replies::unanswered(reply)) }
}

fn waiting(config: &Config) -> Command {
    config
        .command("squeue")
        .args(["--noheader", "--all", "--states=PENDING"])
        .arg(format!("--Format={QUEUE_FORMAT}"))
}

fn show_reservations(config: &Config) -> Command {
    config.command("scontrol").args(["--oneliner", "show", "reservation"])
}

fn queue(text: &str) -> Vec<QueueRow> {
    text.lines().filter_map(queue_row).collect()
}

fn queue_row(line: &str) -> Option<QueueRow> {
    let columns: Vec<&str> = line.split('|').map(str::trim).collect();
    let [
        id,
        state,
        user,
        account,
        partition,
        cpus,
        node_count,
        per_job,
        per_node,
        allocated,
        nodes,
        reason,
        limit,
        name,
        ..,
    ] = columns[..]
    else {
        return None;
    };
    let (state, _) = states::meaning(state, reason)?;
    let (job, elements) = rows::job_and_elements(id)?;
    let node_count: u32 = node_count.parse().unwrap_or(1);
    // What is allocated is known to accounting alone, and only where the site counts GPUs.
    let gpus = [
        gpus::count(allocated),
        gpus::count(per_job),
        gpus::count(per_node).saturating_mul(node_count.max(1)),
    ];
    let tasks = match &elements {
        Elements::None | Elements::Cut => 1,
        Elements::Listed(spans) => ranges::count_and_last(spans).0,
    };
    let part = id.split_once('_').map(|(_, part)| part.trim_matches(['[', ']']).to_owned());
    Some(QueueRow {
        job: job.to_owned(),
        elements: part,
        tasks,
        state,
        name: name.to_owned(),
        user: user.to_owned(),
        account: plain(account),
        partition: partition.to_owned(),
        cpus: cpus.parse().unwrap_or(0),
        gpus: gpus.into_iter().find(|count| *count > 0).unwrap_or(0),
        nodes: plain(nodes),
        reason: if matches!(state, JobState::Queued | JobState::Held) {
            plain(reason)
        } else {
            String::new()
        },
        walltime_s: seconds_of_slurm(limit),
    })
}

/// Slurm's several ways to print nothing, as nothing.
fn plain(text: &str) -> String {
    if matches!(text, "(null)" | "None" | "N/A" | "n/a") { String::new() } else { text.to_owned() }
}

fn pools(text: &str) -> Vec<GpuPool> {
    let mut pools: BTreeMap<(String, String), GpuPool> = BTreeMap::new();
    for line in text.lines() {
        let columns: Vec<&str> = line.split('|').map(str::trim).collect();
        let [_, state, has, used, partition, ..] = columns[..] else { continue };
        let partition = partition.trim_end_matches('*');
        let taken = gpus::kinds(used);
        for (kind, total) in gpus::kinds(has).into_iter().filter(|(_, total)| *total > 0) {
            let new = || GpuPool {
                partition: partition.to_owned(),
                kind: kind.clone(),
                total: 0,
                used: 0,
                unavailable: 0,
                waited_for: 0,
                nodes: 0,
            };
            let pool = pools.entry((partition.to_owned(), kind.clone())).or_insert_with(new);
            let taken = taken.get(&kind).copied().unwrap_or(0).min(total);
            pool.total += total;
            pool.used += taken;
            pool.nodes += 1;
            if partitions::is_out(state) {
                pool.unavailable += total - taken;
            }
        }
    }
    pools.into_values().collect()
}

/// The reservations in lines of `Name=value` words; those that are over are left out.
fn reservations(site: &Site, text: &str) -> Vec<Reservation> {
    let reservation = |line: &str| {
        let value =
            |key: &str| line.split_whitespace().find_map(|word| word.strip_prefix(key)?.strip_prefix('='));
        let time = |key| local_ms(site, value(key)?.parse().ok()?);
        let found = Reservation {
            name: value("ReservationName")?.to_owned(),
            start_ms: time("StartTime")?,
            end_ms: time("EndTime")?,
            nodes: plain(value("Nodes").unwrap_or_default()),
            flags: plain(value("Flags").unwrap_or_default()),
            users: plain(value("Users").unwrap_or_default()),
            accounts: plain(value("Accounts").unwrap_or_default()),
        };
        (found.end_ms > site.now_ms).then_some(found)
    };
    text.lines().filter_map(reservation).collect()
}

/// The nodes of a list, where it can be read.
fn nodes(list: &str) -> Vec<String> {
    hostlist::expand(list).unwrap_or_default()
}

#[cfg(test)]
mod tests;
