//! What the cluster's accounts say about a submission: qualities of service, shares, and who waits.

use crate::scheduler::duration::{seconds_of_slurm, walltime};
use crate::scheduler::slurm::survey::partitions::Partition;
use crate::scheduler::slurm::survey::queue;
use crate::scheduler::survey::{Advice, Weight};
use crate::scheduler::{Resources, Site, Submission};
use crate::suggest::did_you_mean;
use std::collections::BTreeSet;

/// From how many times its share on an account's use is worth a word.
const OVERUSE: f64 = 1.5;

/// Whether the user may have that quality of service, and for that long.
pub(super) fn quality(
    resources: &Resources,
    allowed: Option<&str>,
    qualities: Option<&str>,
) -> Option<Advice> {
    let qos = resources.qos.as_deref()?;
    let problem = |line| Some(Advice::new(Weight::Problem, "qos", "--resources", line));
    let columns = |line: &str| line.split('|').map(|column| column.trim().to_owned()).collect::<Vec<_>>();
    let mine = |columns: &Vec<String>| {
        resources.account.as_ref().is_none_or(|account| columns.first() == Some(account))
    };
    let names: BTreeSet<String> = allowed?
        .lines()
        .map(columns)
        .filter(mine)
        .flat_map(|columns| {
            columns.get(2).cloned().unwrap_or_default().split(',').map(str::to_owned).collect::<Vec<_>>()
        })
        .filter(|name| !name.is_empty())
        .collect();
    if !names.is_empty() && !names.contains(qos) {
        let known = names.iter().map(String::as_str);
        let there = names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        let hint = did_you_mean(qos, known).unwrap_or_else(|| format!("there are {there}"));
        return problem(format!("you may not use the quality of service `{qos}`; {hint}"));
    }
    let row =
        qualities?.lines().map(columns).find(|columns| columns.first().is_some_and(|name| name == qos))?;
    let limit = row.get(1).and_then(|limit| seconds_of_slurm(limit))?;
    let wanted = resources.walltime_s.filter(|wanted| *wanted > limit)?;
    problem(format!(
        "a walltime of {} is asked for, and `{qos}` allows {}",
        walltime(wanted),
        walltime(limit)
    ))
}

/// What a large submission means for others: the account's use against its share, and who waits.
pub(super) fn others(
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

/// How many times its share an account has used, where that is worth a word: of the one that is asked for, or of the user's most used.
fn overuse(text: &str, account: Option<&str>) -> Option<(String, f64)> {
    let row = |line: &str| {
        let columns: Vec<&str> = line.split('|').map(str::trim).collect();
        // Lines of users say how an account is shared among them.
        let [name, "", share, usage, ..] = columns[..] else { return None };
        let (share, usage): (f64, f64) = (share.parse().ok()?, usage.parse().ok()?);
        (share > 0.0 && account.is_none_or(|account| account == name))
            .then(|| (name.to_owned(), usage / share))
    };
    text.lines()
        .filter_map(row)
        .filter(|(_, times)| *times >= OVERUSE)
        .max_by(|left, right| left.1.total_cmp(&right.1))
}
