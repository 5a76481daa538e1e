//! `hsm remote clean`: shows what sweeps of this project left on machines, and removes what nothing depends on once somebody said so.

mod shown;
mod verdict;

use super::asking::{ask_all, exit_of, meant};
use super::machines::Machine;
use crate::args::{CleanRemotesArgs, GlobalArgs};
use crate::context::Context;
use crate::output::{Console, counted};
use crate::report::{Exit, Problem};
use hsm_core::roles::Failure;
use hsm_engine::{LeftKind, Leftovers, Link, forget_jobs, list_leftovers, remove_leftovers};
use shown::{Report, size};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, BufRead as _, IsTerminal as _};
use verdict::{Item, Kind, Known, Verdict, Wish, items, known, stray_jobs};

const DAY_S: u64 = 86_400;

/// Cleans the machines up.
///
/// # Errors
/// When one that is named is not known, or the settings or sweeps cannot be used.
pub fn run(args: &CleanRemotesArgs, global: &GlobalArgs, console: Console) -> Result<Exit, Problem> {
    let context = Context::find(global, console)?;
    let machines = without_twins(meant(&context.project, &args.names, console)?, console);
    let wish =
        Wish { older_than_s: args.older_than.map(|days| u64::from(days) * DAY_S), orphans: args.orphans };
    let project = &context.project.root;
    let listed = ask_all(&machines, |_, link| list_leftovers(link, project))?;
    let sweeps = known(&context.manager.sweeps()?);
    let mut reports: Vec<Report> = machines
        .iter()
        .zip(&listed)
        .map(|(machine, left)| {
            Report::new(machine, left.as_ref().map(|left| (left.root.clone(), items(left, &sweeps, wish))))
        })
        .collect();
    if !args.json {
        console.data(&shown::text(&reports))?;
    }
    let mut exit = exit_of(&listed);
    if is_agreed(args, &reports, console)? {
        // Somebody may have taken time to answer.
        let sweeps = known(&context.manager.sweeps()?);
        let removed = remove_all(&machines, &listed, &sweeps, wish)?;
        for (report, answer) in reports.iter_mut().zip(removed) {
            if let Some(answer) = answer {
                report.take(answer);
            }
        }
        if !args.json {
            shown::say_outcome(&reports, console);
        }
        if exit == Exit::Success && reports.iter().any(Report::has_failed) {
            exit = Exit::General;
        }
    }
    if args.json {
        console.json_list(&[("format", &1)], "remotes", reports.iter().map(Report::json))?;
    }
    Ok(exit)
}

/// The machines, each once: what two names of one machine have over there is the same.
fn without_twins(machines: Vec<Machine>, console: Console) -> Vec<Machine> {
    let mut places = Vec::new();
    let mut once = Vec::new();
    for machine in machines {
        let place = machine.destination().ok().map(|destination| (destination, machine.root.clone()));
        if place.is_some() && places.contains(&place) {
            console.say(&format!("`{}` is another name of a machine that is asked already", machine.name));
            continue;
        }
        places.push(place);
        once.push(machine);
    }
    once
}

/// Whether what may go shall go.
fn is_agreed(args: &CleanRemotesArgs, reports: &[Report], console: Console) -> Result<bool, Problem> {
    let going: Vec<&Item> = reports.iter().flat_map(Report::going).collect();
    if going.is_empty() {
        console.say("there is nothing to remove");
        return Ok(false);
    }
    if args.yes {
        return Ok(true);
    }
    let room = size(going.iter().filter_map(|item| item.kib).sum());
    let what = format!("{}, {room}", counted(going.len() as u128, "thing", "things"));
    if args.json || !io::stdin().is_terminal() {
        console.say(&format!("nothing was removed; `--yes` removes what goes: {what}"));
        return Ok(false);
    }
    Console::error_line(&format!("remove what goes ({what})? [y/N]"));
    let mut answer = String::new();
    let read = io::stdin().lock().read_line(&mut answer);
    read.map_err(|error| Problem::new(Exit::General, format!("could not read the answer: {error}")))?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}

/// What became of what went, by kind and name, for every machine that has said what it has.
type Outcome = BTreeMap<(Kind, String), Result<(), String>>;

fn remove_all(
    machines: &[Machine],
    listed: &[Result<Leftovers, Failure>],
    known: &Known,
    wish: Wish,
) -> Result<Vec<Option<Result<Outcome, Failure>>>, Problem> {
    let reached: Vec<(usize, &Leftovers)> =
        listed.iter().enumerate().filter_map(|(at, left)| Some((at, left.as_ref().ok()?))).collect();
    let asked: Vec<Machine> = reached.iter().map(|(at, _)| machines[*at].clone()).collect();
    let left_of = |machine: &Machine| {
        reached.iter().find(|(at, _)| machines[*at].name == machine.name).map(|(_, left)| *left)
    };
    let answers = ask_all(&asked, |machine, link| match left_of(machine) {
        Some(left) => remove(link, left, known, wish),
        None => Ok(Outcome::new()),
    })?;
    let mut all: Vec<Option<Result<Outcome, Failure>>> = machines.iter().map(|_| None).collect();
    for ((at, _), answer) in reached.into_iter().zip(answers) {
        all[at] = Some(answer);
    }
    Ok(all)
}

/// Removes from one machine what may go. The agent is asked first: it knows of jobs that nobody here knows any more.
fn remove(link: &mut Link, left: &Leftovers, known: &Known, wish: Wish) -> Result<Outcome, Failure> {
    let items = items(left, known, wish);
    let going = |kind: Kind| -> Vec<String> {
        let some = items.iter().filter(|item| item.kind == kind && item.verdict == Verdict::Goes);
        some.map(|item| item.name.clone()).collect()
    };
    let (mut sweeps, mut outcome) = (Vec::new(), Outcome::new());
    for sweep in going(Kind::Sweep) {
        let tokens = left.records.get(&sweep).map_or(&[][..], Vec::as_slice);
        match forget_jobs(link, left, tokens) {
            Ok(kept) if kept.is_empty() => sweeps.push(sweep),
            Ok(_) => {
                let why = "hsm's agent there says that something of it still runs or waits";
                outcome.insert((Kind::Sweep, sweep), Err(why.to_owned()));
            }
            // It lives on another machine that shares the folder.
            Err(failure) if failure.code == "elsewhere" => {
                outcome.insert((Kind::Sweep, sweep), Err(failure.message));
            }
            Err(failure) => return Err(failure),
        }
    }
    note(&mut outcome, Kind::Sweep, &sweeps, &remove_leftovers(link, left, LeftKind::Sweep, &sweeps)?);
    let stayed: BTreeSet<&String> =
        outcome.iter().filter(|(_, result)| result.is_err()).map(|((_, name), _)| name).collect();
    let needed = |code: &String| {
        let uses = left.uses.iter().filter(|(sweep, _)| stayed.contains(sweep));
        uses.into_iter().any(|(_, digest)| digest.as_ref().is_none_or(|digest| digest == code))
    };
    let (stay, codes): (Vec<String>, Vec<String>) = going(Kind::Code).into_iter().partition(needed);
    for code in stay {
        outcome.insert((Kind::Code, code), Err("a sweep that stayed ran in it".to_owned()));
    }
    note(&mut outcome, Kind::Code, &codes, &remove_leftovers(link, left, LeftKind::Code, &codes)?);
    for records in going(Kind::Records) {
        let kept = forget_jobs(link, left, &stray_jobs(left, known))?.len();
        let result = if kept == 0 { Ok(()) } else { Err(format!("{kept} of them are not over")) };
        outcome.insert((Kind::Records, records), result);
    }
    Ok(outcome)
}

fn note(outcome: &mut Outcome, kind: Kind, names: &[String], kept: &BTreeMap<String, String>) {
    for name in names {
        let result = kept.get(name).map_or(Ok(()), |why| Err(why.clone()));
        outcome.insert((kind, name.clone()), result);
    }
}
