//! What is to be expected of a submission.

mod accounts;
mod limits;

use super::partitions::{self, Group, Partition};
use super::{nodes, reservations, show_reservations, waiting};
use crate::scheduler::duration::walltime;
use crate::scheduler::replies::{self, stdout};
use crate::scheduler::slurm::Config;
use crate::scheduler::survey::{Advice, Reservation, Weight};
use crate::scheduler::{Command, Exchange, Resources, Site, Step, Submission};
use accounts::{others, quality};
use jiff::tz::{Offset, TimeZone};
use limits::{chosen, limits};
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
