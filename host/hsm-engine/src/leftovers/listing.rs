//! The lines that the scripts over there print.

use std::collections::{BTreeMap, BTreeSet};

/// A folder of hsm's over there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftFolder {
    /// Its name: a sweep's id, the digest of a snapshot, or what another project's folder is called.
    pub name: String,
    /// How much room it takes, in KiB, as far as that could be read. What several snapshots share is counted with one of them.
    pub kib: Option<u64>,
    /// How long ago anything in it was changed last, in seconds, by the clock over there.
    pub age_s: Option<u64>,
}

/// What a project has left on a machine.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Leftovers {
    /// The folder of everything of hsm's there.
    pub root: String,
    /// The name of the project's folder in it.
    pub project: String,
    /// The folders of its sweeps.
    pub sweeps: Vec<LeftFolder>,
    /// Its snapshots of code, those that are on their way there included.
    pub codes: Vec<LeftFolder>,
    /// The folders of other projects.
    pub others: Vec<LeftFolder>,
    /// The snapshots that jobs of a sweep run in, by the sweep; nothing for one that could not be read.
    pub uses: Vec<(String, Option<String>)>,
    /// The jobs that hsm's agent remembers, by the sweep that they are of.
    pub records: BTreeMap<String, Vec<String>>,
    /// Where hsm's folders are expected and something else is. Nothing of it is touched.
    pub not_ours: Vec<String>,
}

/// What `list.sh` prints; nothing where it did not say everything, or something else.
pub(super) fn parse(said: &str, root: String, project: String) -> Option<Leftovers> {
    let mut left = Leftovers { root, project, ..Leftovers::default() };
    let lines = said.strip_suffix("end\n")?;
    for line in lines.lines() {
        let (word, rest) = line.split_once(' ')?;
        if word == "not-ours" {
            left.not_ours.push(rest.to_owned());
            continue;
        }
        let fields: Vec<&str> = rest.split(' ').collect();
        match (word, fields.as_slice()) {
            ("sweep", fields) => left.sweeps.push(folder(fields)?),
            ("code", fields) => left.codes.push(folder(fields)?),
            ("other", fields) => left.others.push(folder(fields)?),
            ("uses", [sweep, digest]) => {
                left.uses.push(((*sweep).to_owned(), (*digest != "?").then(|| (*digest).to_owned())));
            }
            ("record", [sweep, token]) => {
                left.records.entry((*sweep).to_owned()).or_default().push((*token).to_owned());
            }
            _ => return None,
        }
    }
    Some(left)
}

fn folder(fields: &[&str]) -> Option<LeftFolder> {
    let [name, kib, age] = fields else { return None };
    let number = |text: &str| if text == "-" { Some(None) } else { text.parse().ok().map(Some) };
    Some(LeftFolder { name: (*name).to_owned(), kib: number(kib)?, age_s: number(age)? })
}

/// What `remove.sh` prints: what is still there and why, and what is gone.
pub(super) fn parse_removal(said: &str) -> Option<(BTreeMap<String, String>, BTreeSet<String>)> {
    let (mut kept, mut gone) = (BTreeMap::new(), BTreeSet::new());
    for line in said.strip_suffix("end\n")?.lines() {
        match line.split_once(' ')? {
            ("gone", name) => {
                gone.insert(name.to_owned());
            }
            ("kept", rest) => {
                let (name, why) = rest.split_once(' ')?;
                kept.insert(name.to_owned(), why.to_owned());
            }
            _ => return None,
        }
    }
    Some((kept, gone))
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
