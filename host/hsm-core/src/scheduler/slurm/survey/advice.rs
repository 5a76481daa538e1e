//! What is to be expected of a submission.

mod accounts;

use super::partitions::{self, Group, Partition};
use super::{nodes, reservations, show_reservations, waiting};
use crate::scheduler::duration::walltime;
use crate::scheduler::replies::{self, stdout};
use crate::scheduler::slurm::Config;
use crate::scheduler::survey::{Advice, Reservation, Weight};
use crate::scheduler::{Command, Exchange, Resources, Site, Step, Submission};
use crate::suggest::did_you_mean;
use accounts::{others, quality};
use jiff::tz::{Offset, TimeZone};
use std::collections::BTreeSet;

/// From how many tasks on it is asked what others will think of it.
const LARGE_TASKS: u64 = 100;

/// Kept between the end of a job and the begin of a reservation: Slurm counts in minutes, and sending takes a moment.
const MARGIN_S: u64 = 120;

/// What can be asked.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Question {
    Partitions,
    Reservations,
    Shares,
    Waiting,
    Associations,
    Qualities,
}

/// The questions that this submission raises: those about others before large ones, those about qualities of service where one is named.
fn questions(request: &Submission, tasks: u64) -> Vec<Question> {
    let mut questions = vec![Question::Partitions, Question::Reservations];
    if tasks >= LARGE_TASKS {
        questions.extend([Question::Shares, Question::Waiting]);
    }
    if request.resources.qos.is_some() {
        questions.extend([Question::Associations, Question::Qualities]);
    }
    questions
}

fn command(question: Question, config: &Config, site: &Site) -> Command {
    let accounts = |program, action: &[&str]| {
        config.command(program).args(["--noheader", "--parsable2"]).args(action.iter().copied())
    };
    match question {
        Question::Partitions => {
            let command = config.command("sinfo").args(["--noheader", "--all", "--exact"]);
            command.arg(format!("--format={}", partitions::FORMAT))
        }
        Question::Reservations => show_reservations(config),
        Question::Shares => {
            let whose = ["--users", site.user.as_str(), "--format", "Account,User,NormShares,EffectvUsage"];
            accounts("sshare", &whose)
        }
        Question::Waiting => waiting(config),
        Question::Associations => {
            let whose = format!("user={}", site.user);
            accounts("sacctmgr", &["show", "assoc", &whose, "format=Account,Partition,QOS"])
        }
        Question::Qualities => accounts("sacctmgr", &["show", "qos", "format=Name,MaxWall"]),
    }
}

pub(super) fn advise(
    config: &Config,
    site: &Site,
    request: &Submission,
    tasks: u64,
    so_far: &[Exchange],
) -> Step<Vec<Advice>> {
    let questions = questions(request, tasks);
    if let Some(next) = questions.get(so_far.len()) {
        return Step::Run(command(*next, config, site));
    }
    let reply = |question| so_far.get(questions.iter().position(|asked| *asked == question)?);
    let text = |question| reply(question).filter(|reply| replies::succeeded(reply)).map(stdout);
    let mut advice = vec![];
    let partitions = text(Question::Partitions).map(|text| partitions::read(&text)).unwrap_or_default();
    match chosen(&partitions, &request.resources) {
        _ if partitions.is_empty() => advice.push(unanswered(reply(Question::Partitions), "partitions")),
        Err(problems) => advice.extend(problems),
        Ok(chosen) => {
            advice.extend(limits(&chosen, &request.resources));
            match text(Question::Reservations) {
                Some(text) => {
                    advice.extend(reserved(site, &chosen, &reservations(site, &text), &request.resources));
                }
                None => advice.push(unanswered(reply(Question::Reservations), "reservations")),
            }
            advice.extend(chosen.iter().filter_map(|partition| keep_off_gpus(partition, request)));
            let (shares, queued) = (text(Question::Shares), text(Question::Waiting));
            advice.extend(others(site, request, tasks, &chosen, shares.as_deref(), queued.as_deref()));
        }
    }
    // Without accounting there are no qualities of service, and `sbatch` passes over a name.
    let (allowed, qualities) = (text(Question::Associations), text(Question::Qualities));
    advice.extend(quality(&request.resources, allowed.as_deref(), qualities.as_deref()));
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

#[cfg(test)]
mod tests;
