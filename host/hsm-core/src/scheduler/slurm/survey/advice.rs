//! What is to be expected of a submission.

use super::partitions::{self, Group, Partition};
use super::{nodes, queue, reservations, show_reservations, waiting};
use crate::scheduler::duration::walltime;
use crate::scheduler::replies::{self, stdout};
use crate::scheduler::slurm::Config;
use crate::scheduler::survey::{Advice, Reservation, Weight};
use crate::scheduler::{Exchange, Resources, Site, Step, Submission};
use crate::suggest::did_you_mean;
use jiff::tz::{Offset, TimeZone};
use std::collections::BTreeSet;

/// From how many tasks on it is asked what others will think of it.
const LARGE_TASKS: u64 = 100;

/// From how many times its share on an account's use is worth a word.
const OVERUSE: f64 = 1.5;

/// Kept between the end of a job and the begin of a reservation: Slurm counts in minutes, and sending takes a moment.
const MARGIN_S: u64 = 120;

/// Asks for partitions, reservations, and before large submissions for shares and for who waits.
pub(super) fn advise(
    config: &Config,
    site: &Site,
    request: &Submission,
    tasks: u64,
    so_far: &[Exchange],
) -> Step<Vec<Advice>> {
    let mut commands = vec![
        config
            .command("sinfo")
            .args(["--noheader", "--all", "--exact"])
            .arg(format!("--format={}", partitions::FORMAT)),
        show_reservations(config),
    ];
    if tasks >= LARGE_TASKS {
        let mine =
            config.command("sshare").args(["--noheader", "--parsable2", "--users", site.user.as_str()]);
        commands.push(mine.args(["--format", "Account,User,NormShares,EffectvUsage"]));
        commands.push(waiting(config));
    }
    if let Some(next) = commands.get(so_far.len()) {
        return Step::Run(next.clone());
    }
    let text = |index: usize| so_far.get(index).filter(|reply| replies::succeeded(reply)).map(stdout);
    let mut advice = vec![];
    match text(0).map(|text| partitions::read(&text)).filter(|partitions| !partitions.is_empty()) {
        None => advice.push(unanswered(so_far.first(), "partitions")),
        Some(partitions) => match chosen(&partitions, &request.resources) {
            Err(problems) => advice.extend(problems),
            Ok(chosen) => {
                advice.extend(limits(&chosen, &request.resources));
                match text(1) {
                    Some(text) => {
                        advice.extend(reserved(site, &chosen, &reservations(site, &text), &request.resources))
                    }
                    None => advice.push(unanswered(so_far.get(1), "reservations")),
                }
                advice.extend(chosen.iter().filter_map(|partition| keep_off_gpus(partition, request)));
                if tasks >= LARGE_TASKS {
                    advice.extend(others(
                        site,
                        request,
                        tasks,
                        &chosen,
                        text(2).as_deref(),
                        text(3).as_deref(),
                    ));
                }
            }
        },
    }
    Step::Done(advice)
}

fn unanswered(reply: Option<&Exchange>, what: &str) -> Advice {
    let why = reply.map(replies::how_it_ended).unwrap_or_default();
    Advice::new(Weight::Warning, "no-answer", "", format!("nothing is known about {what}: {why}"))
}

/// The partitions of the request, or the default one.
fn chosen<'a>(partitions: &'a [Partition], resources: &Resources) -> Result<Vec<&'a Partition>, Vec<Advice>> {
    let problem = |line| Advice::new(Weight::Problem, "partition", "--resources", line);
    let Some(names) = &resources.partition else {
        let default: Vec<&Partition> = partitions.iter().filter(|partition| partition.is_default).collect();
        let none = "this Slurm has no default partition, and none is asked for".to_owned();
        return if default.is_empty() { Err(vec![problem(none)]) } else { Ok(default) };
    };
    let (mut found, mut problems) = (vec![], vec![]);
    for name in names.split(',') {
        match partitions.iter().find(|partition| partition.name == name) {
            Some(partition) => found.push(partition),
            None => {
                let known = partitions.iter().map(|partition| partition.name.as_str());
                let all = || {
                    format!(
                        "there are {}",
                        known.clone().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
                    )
                };
                let hint = did_you_mean(name, known.clone()).unwrap_or_else(all);
                problems.push(problem(format!("there is no partition `{name}`; {hint}")));
            }
        }
    }
    if problems.is_empty() { Ok(found) } else { Err(problems) }
}

/// What no chosen partition can give; one that can is enough.
fn limits(chosen: &[&Partition], resources: &Resources) -> Vec<Advice> {
    let names: Vec<String> = chosen.iter().map(|partition| format!("`{}`", partition.name)).collect();
    let place = names.join(" and ");
    let problem = |code, option, line| Advice::new(Weight::Problem, code, option, line);
    let mut advice = vec![];
    if chosen.iter().all(|partition| !partition.is_up) {
        advice.push(Advice::new(
            Weight::Warning,
            "partition",
            "--resources",
            format!("{place} starts no jobs at present"),
        ));
    }
    let limit =
        chosen.iter().map(|partition| partition.limit_s.unwrap_or(u64::MAX)).max().unwrap_or(u64::MAX);
    if let Some(wanted) = resources.walltime_s.filter(|wanted| *wanted > limit) {
        let line = format!(
            "a walltime of {} is asked for, and {place} ends jobs after {}: they would wait for ever",
            walltime(wanted),
            walltime(limit)
        );
        advice.push(problem("walltime", "--walltime", line));
    }
    let groups = || chosen.iter().flat_map(|partition| &partition.groups);
    let most = |number: fn(&Group) -> u64| groups().map(number).max().unwrap_or(0);
    let (cpus, memory, gpus) = (
        most(|group| group.cpus.into()),
        most(|group| group.memory_mib),
        most(|group| group.gpu_count().into()),
    );
    if let Some(wanted) = resources.cpus.filter(|wanted| u64::from(*wanted) > cpus) {
        advice.push(problem(
            "cpus",
            "--resources",
            format!("{wanted} CPUs are asked for, and no node of {place} has more than {cpus}"),
        ));
    }
    if let Some(wanted) = resources.memory_mib.filter(|wanted| *wanted > memory) {
        advice.push(problem(
            "memory",
            "--resources",
            format!("{wanted} MiB of memory are asked for, and no node of {place} has more than {memory}"),
        ));
    }
    let single_node = resources.nodes.is_none_or(|nodes| nodes <= 1);
    if let Some(wanted) = resources.gpus.filter(|wanted| single_node && u64::from(*wanted) > gpus) {
        advice.push(problem(
            "gpus",
            "--resources",
            format!("{wanted} GPUs are asked for, and no node of {place} has more than {gpus}"),
        ));
    } else if let Some(kind) = &resources.gpu_type {
        let kinds: BTreeSet<&str> =
            groups().flat_map(|group| group.gpus.keys()).map(String::as_str).collect();
        if !kinds.contains(kind.as_str()) && !kinds.is_empty() {
            let there = kinds.iter().map(|kind| format!("`{kind}`")).collect::<Vec<_>>().join(", ");
            let hint =
                did_you_mean(kind, kinds.iter().copied()).unwrap_or_else(|| format!("there are {there}"));
            advice.push(problem(
                "gpus",
                "--resources",
                format!("{place} has no GPUs called `{kind}`; {hint}"),
            ));
        }
    }
    advice
}

/// Reservations that a job with this walltime would run into.
fn reserved(
    site: &Site,
    chosen: &[&Partition],
    reservations: &[Reservation],
    resources: &Resources,
) -> Vec<Advice> {
    let Some(wanted_s) = resources.walltime_s else { return vec![] };
    let ours: BTreeSet<String> = chosen
        .iter()
        .flat_map(|partition| &partition.groups)
        .filter(|group| group.usable)
        .flat_map(|group| nodes(&group.nodes))
        .collect();
    let asked_for =
        resources.directives.iter().find_map(|directive| directive.strip_prefix("--reservation="));
    let mut advice = vec![];
    for reservation in reservations.iter().filter(|reservation| Some(reservation.name.as_str()) != asked_for)
    {
        let taken = nodes(&reservation.nodes).into_iter().filter(|node| ours.contains(node)).count();
        let free_s = reservation.start_ms.saturating_sub(site.now_ms) / 1_000;
        if taken == 0 || free_s > wanted_s {
            continue;
        }
        let (name, end) = (&reservation.name, clock(site, reservation.end_ms));
        if taken < ours.len() {
            let line = format!(
                "the reservation `{name}` keeps {taken} of {} nodes from jobs of this walltime until {end}",
                ours.len()
            );
            advice.push(Advice::new(Weight::Note, "reservation", "--walltime", line));
            continue;
        }
        // Down to whole minutes, which is what Slurm counts in.
        let fitting_s = free_s.saturating_sub(MARGIN_S) / 60 * 60;
        let shorter = match fitting_s {
            0 => String::new(),
            _ => format!("; a walltime up to {} would start now", walltime(fitting_s)),
        };
        let line =
            format!("these tasks won't start before {end}, when the reservation `{name}` ends{shorter}");
        let question = Some(format!("send them with a walltime of {} all the same?", walltime(wanted_s)));
        advice.push(Advice { question, ..Advice::new(Weight::Warning, "reservation", "--walltime", line) });
    }
    advice
}

/// Local time at the site, to the minute.
fn clock(site: &Site, ms: u64) -> String {
    let offset = site
        .utc_offset_minutes
        .checked_mul(60)
        .and_then(|seconds| Offset::from_seconds(seconds).ok())
        .unwrap_or(Offset::UTC);
    let moment =
        i64::try_from(ms).ok().and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok()).unwrap_or_default();
    moment.to_zoned(TimeZone::fixed(offset)).strftime("%Y-%m-%d %H:%M").to_string()
}

/// Tasks without GPUs keep off nodes that have some, as long as other nodes of the partition can take them.
fn keep_off_gpus(partition: &Partition, request: &Submission) -> Option<Advice> {
    let resources = &request.resources;
    let wants_gpus = resources.gpus.is_some_and(|gpus| gpus > 0)
        || resources.directives.iter().any(|directive| directive.contains("gpu"));
    let (with, without): (Vec<&Group>, Vec<&Group>) =
        partition.groups.iter().partition(|group| group.gpu_count() > 0);
    let fits = |group: &&&Group| {
        group.usable
            && resources.cpus.is_none_or(|cpus| cpus <= group.cpus)
            && resources.memory_mib.is_none_or(|memory| memory <= group.memory_mib)
    };
    if wants_gpus || with.is_empty() || !without.iter().any(|group| fits(&group)) {
        return None;
    }
    let exclude_nodes: Vec<String> = with.iter().map(|group| group.nodes.clone()).collect();
    let line = format!(
        "`{}` mixes nodes with and without GPUs: tasks without GPUs keep off {}",
        partition.name,
        exclude_nodes.join(",")
    );
    Some(Advice { exclude_nodes, ..Advice::new(Weight::Note, "gpu-nodes", "--use-gpu-nodes", line) })
}

/// What a large submission means for others: the account's use against its share, and who waits.
fn others(
    site: &Site,
    request: &Submission,
    tasks: u64,
    chosen: &[&Partition],
    shares: Option<&str>,
    queued: Option<&str>,
) -> Vec<Advice> {
    let used = shares.and_then(|text| overuse(text, request.resources.account.as_deref()));
    let is_chosen = |partition: &str| {
        partition.split(',').any(|name| chosen.iter().any(|partition| partition.name == name))
    };
    let waiting: Vec<_> = queue(queued.unwrap_or_default())
        .into_iter()
        .filter(|row| row.user != site.user && is_chosen(&row.partition))
        .collect();
    let people: BTreeSet<&str> = waiting.iter().map(|row| row.user.as_str()).collect();
    let waiting_tasks: u64 = waiting.iter().map(|row| u64::from(row.tasks)).sum();
    let mut parts = vec![];
    if let Some((account, times)) = &used {
        parts.push(format!("the account `{account}` has used {times:.1} times its share"));
    }
    if !people.is_empty() {
        let others = if people.len() == 1 {
            "one other waits".to_owned()
        } else {
            format!("{} others wait", people.len())
        };
        let tasks = if waiting_tasks == 1 { "one task".to_owned() } else { format!("{waiting_tasks} tasks") };
        parts.push(format!("{others} there with {tasks}"));
    }
    if parts.is_empty() {
        return vec![];
    }
    let throttled = request.max_running.is_some();
    let weight = if throttled { Weight::Note } else { Weight::Warning };
    let question =
        (!throttled).then(|| format!("send {tasks} tasks without a limit on how many run at once?"));
    vec![Advice { question, ..Advice::new(weight, "share", "--max-in-flight", parts.join(", and ")) }]
}

/// How many times its share an account has used, where that is worth a word: of the one that is asked for, or the user's most used.
fn overuse(text: &str, account: Option<&str>) -> Option<(String, f64)> {
    let row = |line: &str| {
        let columns: Vec<&str> = line.split('|').map(str::trim).collect();
        let [name, _, share, usage, ..] = columns[..] else { return None };
        let (share, usage): (f64, f64) = (share.parse().ok()?, usage.parse().ok()?);
        (share > 0.0 && account.is_none_or(|account| account == name))
            .then(|| (name.to_owned(), usage / share))
    };
    text.lines()
        .filter_map(row)
        .filter(|(_, times)| *times >= OVERUSE)
        .max_by(|left, right| left.1.total_cmp(&right.1))
}

#[cfg(test)]
mod tests;
