//! How leftovers are shown, as a table or as JSON, and what is said of those that went.

use super::Outcome;
use super::verdict::{Item, Kind, Verdict};
use crate::commands::remote::machines::Machine;
use crate::output::{Align, Console, TextTable, counted};
use hsm_core::roles::Failure;
use serde::Serialize;

/// What one machine has, or why that is not known.
#[derive(Debug)]
pub struct Report {
    name: String,
    root: Option<String>,
    failure: Option<Failure>,
    items: Vec<Item>,
    /// What was to go and did not, with why.
    unremoved: Vec<(String, String)>,
}

impl Report {
    pub(super) fn new(machine: &Machine, found: Result<(String, Vec<Item>), &Failure>) -> Self {
        let (found, failure) = match found {
            Ok(found) => (Some(found), None),
            Err(failure) => (None, Some(failure.clone())),
        };
        let (root, items) = found.map_or((None, Vec::new()), |(root, items)| (Some(root), items));
        Self { name: machine.name.clone(), root, failure, items, unremoved: Vec::new() }
    }

    /// What may go.
    pub(super) fn going(&self) -> impl Iterator<Item = &Item> {
        self.items.iter().filter(|item| item.verdict == Verdict::Goes)
    }

    /// Takes in what became of it.
    pub(super) fn take(&mut self, answer: Result<Outcome, Failure>) {
        match answer {
            Err(failure) => self.failure = Some(failure),
            Ok(outcome) => {
                for item in &mut self.items {
                    let why = match outcome.get(&(item.kind, item.name.clone())) {
                        Some(Ok(())) => {
                            item.verdict = Verdict::Gone;
                            continue;
                        }
                        Some(Err(why)) => why.clone(),
                        // It was not asked for after all: somebody began to need it.
                        None if item.verdict == Verdict::Goes => "it was needed in the meantime".to_owned(),
                        None => continue,
                    };
                    self.unremoved.push((item.name.clone(), why.clone()));
                    item.verdict = Verdict::Stays(why);
                }
            }
        }
    }

    /// Whether something is not as it was to be.
    pub(super) fn has_failed(&self) -> bool {
        self.failure.is_some() || !self.unremoved.is_empty()
    }

    pub(super) fn json(&self) -> ReportJson<'_> {
        ReportJson {
            name: &self.name,
            root: self.root.as_deref(),
            problem: self.failure.as_ref().map(|failure| failure.message.as_str()),
            hint: self.failure.as_ref().and_then(|failure| failure.hint.as_deref()),
            items: self.items.iter().map(ItemJson::new).collect(),
        }
    }
}

/// A machine in JSON.
#[derive(Debug, Serialize)]
pub struct ReportJson<'a> {
    name: &'a str,
    root: Option<&'a str>,
    problem: Option<&'a str>,
    hint: Option<&'a str>,
    items: Vec<ItemJson<'a>>,
}

#[derive(Debug, Serialize)]
struct ItemJson<'a> {
    kind: Kind,
    name: &'a str,
    kib: Option<u64>,
    unchanged_s: Option<u64>,
    /// `goes`, `stays` or `gone`.
    verdict: &'static str,
    why: Option<&'a str>,
}

impl<'a> ItemJson<'a> {
    fn new(item: &'a Item) -> Self {
        let (verdict, why) = match &item.verdict {
            Verdict::Goes => ("goes", None),
            Verdict::Gone => ("gone", None),
            Verdict::Stays(why) => ("stays", Some(why.as_str())),
        };
        let (kib, unchanged_s) = (item.kib, item.age_s);
        Self { kind: item.kind, name: &item.name, kib, unchanged_s, verdict, why }
    }
}

/// The machines and what they have, a line each.
pub fn text(reports: &[Report]) -> String {
    let columns = [
        ("machine", Align::Left),
        ("what", Align::Left),
        ("name", Align::Left),
        ("room", Align::Right),
        ("unchanged for", Align::Right),
        ("", Align::Left),
    ];
    let mut table = TextTable::new(&columns);
    for report in reports {
        if let Some(failure) = &report.failure {
            table.row(&[report.name.as_str(), "", "", "", "", &failure.message]);
        } else if report.items.is_empty() {
            table.row(&[report.name.as_str(), "nothing", "", "", "", ""]);
        }
        for item in &report.items {
            table.row(&[
                report.name.clone(),
                word(item.kind).to_owned(),
                item.name.clone(),
                item.kib.map_or_else(String::new, size),
                item.age_s.map_or_else(String::new, span),
                match &item.verdict {
                    Verdict::Goes => "goes".to_owned(),
                    Verdict::Gone => "is gone".to_owned(),
                    Verdict::Stays(why) => format!("stays: {why}"),
                },
            ]);
        }
    }
    table.render()
}

/// Says what became of what was to go.
pub fn say_outcome(reports: &[Report], console: Console) {
    for report in reports {
        if let Some(failure) = &report.failure {
            console.warn(&format!("{}: {}", report.name, failure.message));
            continue;
        }
        for (name, why) in &report.unremoved {
            console.warn(&format!("{}: `{name}` is still there: {why}", report.name));
        }
        let gone: Vec<&Item> = report.items.iter().filter(|item| item.verdict == Verdict::Gone).collect();
        if gone.is_empty() {
            continue;
        }
        let room = size(gone.iter().filter_map(|item| item.kib).sum());
        console.say(&format!(
            "{}: removed {}, {room}",
            report.name,
            counted(gone.len() as u128, "thing", "things")
        ));
    }
}

fn word(kind: Kind) -> &'static str {
    match kind {
        Kind::Sweep => "sweep",
        Kind::Code => "code",
        Kind::Records => "records",
        Kind::Project => "project",
        Kind::Unmarked => "not hsm's",
    }
}

/// A number of KiB, for people.
pub fn size(kib: u64) -> String {
    match kib {
        0..1024 => format!("{kib} KiB"),
        1024..1_048_576 => format!("{} MiB", kib >> 10),
        _ => format!("{} GiB", kib >> 20),
    }
}

/// A number of seconds, for people.
fn span(seconds: u64) -> String {
    let (amount, unit) = match seconds {
        0..60 => (seconds, "second"),
        60..3600 => (seconds / 60, "minute"),
        3600..86_400 => (seconds / 3600, "hour"),
        _ => (seconds / 86_400, "day"),
    };
    format!("{amount} {unit}{}", if amount == 1 { "" } else { "s" })
}
