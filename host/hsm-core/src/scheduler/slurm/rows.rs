//! Lines of `squeue` and `sacct`, each about one job, one element, or many elements that wait.

use super::states;
use crate::scheduler::ranges::{self, Span};
use crate::scheduler::replies::local_ms;
use crate::scheduler::{JobState, Sighting, Site};

/// The columns of `squeue`, each as wide as it can be. `-o` would need no widths, but has no exit code.
pub(super) const QUEUE_FORMAT: &str =
    "JobArrayID:85|,State:13|,exit_code:8|,SubmitTime:19|,NodeList:64|,reason:48|,Name:80|";

/// The columns of `sacct`.
pub(super) const ACCOUNTING_FORMAT: &str = "JobID,State,ExitCode,Submit,NodeList,JobName";

/// What a line is about.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Elements {
    /// A job that is no array.
    None,
    /// These.
    Listed(Vec<Span>),
    /// Some, which the line does not tell: Slurm cuts long lists.
    Cut,
}

/// One line.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Row<'a> {
    /// The job; of an array, the array.
    pub job: &'a str,
    pub elements: Elements,
    state: &'a str,
    exit: &'a str,
    submitted: &'a str,
    node: &'a str,
    pub reason: &'a str,
    pub name: &'a str,
}

/// The lines of `squeue`. What has another shape (`CLUSTER: alpha`, greetings) is no line of a job.
pub(super) fn of_queue(text: &str) -> impl Iterator<Item = Row<'_>> {
    text.lines().filter_map(|line| {
        let [id, state, exit, submitted, node, reason, name] = columns(line)?;
        row(id, [state, exit, submitted, node, reason, name])
    })
}

/// The lines of `sacct`.
pub(super) fn of_accounting(text: &str) -> impl Iterator<Item = Row<'_>> {
    text.lines().filter_map(|line| {
        let [id, state, exit, submitted, node, name] = columns(line)?;
        row(id, [state, exit, submitted, node, "", name])
    })
}

/// The first `N` columns of a line; whoever puts the separator into a job's name has a cut name.
fn columns<const N: usize>(line: &str) -> Option<[&str; N]> {
    let mut columns = line.split('|').map(str::trim);
    let mut found = [""; N];
    for column in &mut found {
        *column = columns.next()?;
    }
    Some(found)
}

fn row<'a>(id: &'a str, [state, exit, submitted, node, reason, name]: [&'a str; 6]) -> Option<Row<'a>> {
    let (job, elements) = job_and_elements(id)?;
    Some(Row { job, elements, state, exit, submitted, node, reason, name })
}

/// The parts of `12`, `12_3` and `12_[4-9%2]`; `None` where it is no id of a job.
pub(super) fn job_and_elements(id: &str) -> Option<(&str, Elements)> {
    let (job, elements) = match id.split_once('_') {
        None => (id, Elements::None),
        Some((job, list)) => (job, elements(list)),
    };
    let is_id = !job.is_empty() && job.bytes().all(|byte| byte.is_ascii_digit());
    is_id.then_some((job, elements))
}

fn elements(list: &str) -> Elements {
    let inside = match list.strip_prefix('[') {
        Some(open) => open.strip_suffix(']'),
        None => Some(list),
    };
    inside.and_then(ranges::parse).map_or(Elements::Cut, Elements::Listed)
}

impl Row<'_> {
    /// Whether only a list of all elements one by one tells more: the list was cut, or some are held and some are not.
    pub(super) fn is_vague(&self) -> bool {
        let mixed = states::is_held(self.reason) && self.reason.contains(',');
        self.elements == Elements::Cut || (mixed && matches!(self.elements, Elements::Listed(_)))
    }

    /// What the line says, without the element. Of a state that nobody knows, only this follows: the job is there.
    pub(super) fn sighting(&self, site: &Site) -> Sighting {
        let (state, class) = states::meaning(self.state, self.reason).unwrap_or((JobState::Running, None));
        let ended = matches!(state, JobState::Completed | JobState::Failed | JobState::Cancelled);
        let (exit_code, signal) = match states::exit(self.exit).filter(|_| ended) {
            // What was stopped before it could say anything has a zero as well; 125 marks what ran out of memory, and is no signal.
            Some((0, 0 | 125)) if state != JobState::Completed => (None, None),
            Some((code, 0 | 125)) => (Some(code), None),
            Some((_, signal)) => (None, Some(signal)),
            None => (None, None),
        };
        let started = state == JobState::Running || ended;
        let node = Some(self.node)
            .filter(|node| started && !matches!(*node, "" | "(null)" | "n/a" | "None assigned"));
        Sighting {
            job: self.job.to_owned(),
            index: None,
            state,
            exit_code,
            signal,
            class: class.map(str::to_owned),
            reason: Some(self.words()),
            name: Some(self.name.to_owned()),
            submitted_ms: self.submitted.parse().ok().and_then(|time| local_ms(site, time)),
            node: node.map(str::to_owned),
        }
    }

    fn words(&self) -> String {
        match self.reason {
            "" | "None" => self.state.to_owned(),
            reason => format!("{} ({reason})", self.state),
        }
    }
}
