//! What of a project's leftovers on a machine may go: every rule of that, and nothing that asks or removes.

use hsm_engine::{Driver, LeftFolder, Leftovers, SweepSummary};
use std::collections::{BTreeMap, BTreeSet};

/// A snapshot that was brought or asked for so recently may be about to be used, in seconds.
const CODE_REST_S: u64 = 600;

/// How a sweep stands here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Nothing of it is on any other machine but copies of what is here.
    Over,
    /// Something of it is, or may be; in words.
    Tied(String),
    /// A driver lives, and may need anything at any time.
    Driven,
}

/// The sweeps of this project by their ids.
pub type Known = BTreeMap<String, Standing>;

/// What the sweeps of a project are known to have on other machines.
pub fn known(sweeps: &[SweepSummary]) -> Known {
    sweeps.iter().map(|sweep| (sweep.sweep_id.clone(), standing(sweep))).collect()
}

fn standing(sweep: &SweepSummary) -> Standing {
    match &sweep.status {
        Err(why) => Standing::Tied(format!("how it stands here cannot be read: {why}")),
        Ok(status) if status.driver != Driver::None => Standing::Driven,
        Ok(status) => match status.tied_to_machines().len() {
            0 => Standing::Over,
            1 => Standing::Tied("a task of it may still run, or its result is not home".to_owned()),
            tasks => {
                Standing::Tied(format!("{tasks} tasks of it may still run, or their results are not home"))
            }
        },
    }
}

/// What something over there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A sweep's folder.
    Sweep,
    /// A snapshot of the project's code.
    Code,
    /// What the agent remembers of jobs whose sweeps have no folder there any more.
    Records,
    /// The folder of another project.
    Project,
    /// Something that hsm did not make where its folders are.
    Unmarked,
}

/// What happens to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It may go.
    Goes,
    /// It stays, and why.
    Stays(String),
    /// It went.
    Gone,
}

/// One thing over there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// What it is.
    pub kind: Kind,
    /// What it is called there.
    pub name: String,
    /// How much room it takes, in KiB.
    pub kib: Option<u64>,
    /// How long ago anything in it was changed, in seconds.
    pub age_s: Option<u64>,
    /// What happens to it.
    pub verdict: Verdict,
}

/// What was asked for.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wish {
    /// Only what was left alone for so long, in seconds.
    pub older_than_s: Option<u64>,
    /// Also sweeps that nothing is known of here.
    pub orphans: bool,
}

/// Everything over there, each with what may happen to it.
pub fn items(left: &Leftovers, known: &Known, wish: Wish) -> Vec<Item> {
    let sweeps: Vec<Item> =
        left.sweeps.iter().map(|sweep| item(Kind::Sweep, sweep, sweep_verdict(sweep, known, wish))).collect();
    let stay: BTreeSet<&str> =
        sweeps.iter().filter(|item| item.verdict != Verdict::Goes).map(|item| item.name.as_str()).collect();
    let mut items: Vec<Item> = left
        .codes
        .iter()
        .map(|code| item(Kind::Code, code, code_verdict(code, left, &stay, known, wish)))
        .collect();
    items.extend(records(left, known, wish));
    let others = |folder| item(Kind::Project, folder, Verdict::Stays("it is another project's".to_owned()));
    items.extend(left.others.iter().map(others));
    items.extend(left.not_ours.iter().map(|path| Item {
        kind: Kind::Unmarked,
        name: path.clone(),
        kib: None,
        age_s: None,
        verdict: Verdict::Stays("hsm did not make it, or somebody changed it".to_owned()),
    }));
    [sweeps, items].concat()
}

/// The jobs to forget whose sweeps have no folder over there.
pub fn stray_jobs(left: &Leftovers, known: &Known) -> Vec<String> {
    let there = |sweep: &str| left.sweeps.iter().any(|folder| folder.name == sweep);
    let over = |sweep: &str| known.get(sweep).is_none_or(|standing| *standing == Standing::Over);
    let stray = left.records.iter().filter(|(sweep, _)| !there(sweep) && over(sweep));
    stray.flat_map(|(_, tokens)| tokens.iter().cloned()).collect()
}

fn item(kind: Kind, folder: &LeftFolder, verdict: Verdict) -> Item {
    Item { kind, name: folder.name.clone(), kib: folder.kib, age_s: folder.age_s, verdict }
}

fn sweep_verdict(sweep: &LeftFolder, known: &Known, wish: Wish) -> Verdict {
    match known.get(&sweep.name) {
        Some(Standing::Driven) => Verdict::Stays("it is being driven".to_owned()),
        Some(Standing::Tied(why)) => Verdict::Stays(why.clone()),
        None if !wish.orphans => {
            Verdict::Stays("nothing is known of it here; `--yes --orphans` removes it".to_owned())
        }
        Some(Standing::Over) | None => old_enough(sweep, wish),
    }
}

fn code_verdict(
    code: &LeftFolder,
    left: &Leftovers,
    stay: &BTreeSet<&str>,
    known: &Known,
    wish: Wish,
) -> Verdict {
    for (sweep, digest) in left.uses.iter().filter(|(sweep, _)| stay.contains(sweep.as_str())) {
        match digest {
            Some(digest) if *digest != code.name => {}
            Some(_) => return Verdict::Stays(format!("`{sweep}` ran in it")),
            None => return Verdict::Stays(format!("what `{sweep}` ran in cannot be told")),
        }
    }
    if let Some((sweep, _)) = known.iter().find(|(_, standing)| **standing == Standing::Driven) {
        return Verdict::Stays(format!("`{sweep}` is being driven, and may need it"));
    }
    if code.age_s.is_none_or(|age_s| age_s < CODE_REST_S) {
        return Verdict::Stays("it was needed only just now".to_owned());
    }
    old_enough(code, wish)
}

fn old_enough(folder: &LeftFolder, wish: Wish) -> Verdict {
    match (wish.older_than_s, folder.age_s) {
        (None, _) => Verdict::Goes,
        (Some(least), Some(age)) if age >= least => Verdict::Goes,
        (Some(_), Some(_)) => Verdict::Stays("it is not that old".to_owned()),
        (Some(_), None) => Verdict::Stays("how old it is could not be read".to_owned()),
    }
}

fn records(left: &Leftovers, known: &Known, wish: Wish) -> Option<Item> {
    let jobs = stray_jobs(left, known).len();
    let verdict = match wish.older_than_s {
        None => Verdict::Goes,
        Some(_) => Verdict::Stays("how old it is could not be read".to_owned()),
    };
    let name = format!("of {jobs} job{}", if jobs == 1 { "" } else { "s" });
    (jobs > 0).then_some(Item { kind: Kind::Records, name, kib: None, age_s: None, verdict })
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY_S: u64 = 86_400;

    fn folder(name: &str, age_s: u64) -> LeftFolder {
        LeftFolder { name: name.to_owned(), kib: Some(4), age_s: Some(age_s) }
    }

    fn left() -> Leftovers {
        Leftovers {
            sweeps: ["over", "tied", "driven", "stray"].map(|name| folder(name, DAY_S)).to_vec(),
            codes: ["c1", "c2", "new"]
                .map(|name| folder(name, if name == "new" { 5 } else { DAY_S }))
                .to_vec(),
            others: vec![folder("q", 1)],
            uses: [("over", "c1"), ("tied", "c2")]
                .map(|(sweep, code)| (sweep.to_owned(), Some(code.to_owned())))
                .to_vec(),
            records: [("over", "t1"), ("absent", "t2"), ("driven", "t3")]
                .map(|(sweep, token)| (sweep.to_owned(), vec![token.to_owned()]))
                .into(),
            not_ours: vec!["/r/p/sweeps/x".to_owned()],
            ..Leftovers::default()
        }
    }

    fn known(driven: bool) -> Known {
        let mut known = Known::from([
            ("over".to_owned(), Standing::Over),
            ("tied".to_owned(), Standing::Tied("why".to_owned())),
        ]);
        known.insert("driven".to_owned(), if driven { Standing::Driven } else { Standing::Over });
        known
    }

    fn goes(left: &Leftovers, known: &Known, wish: Wish) -> Vec<String> {
        let going = items(left, known, wish).into_iter().filter(|item| item.verdict == Verdict::Goes);
        going.map(|item| item.name).collect()
    }

    #[test]
    fn only_what_nothing_depends_on_goes() {
        let plain = Wish::default();
        assert_eq!(goes(&left(), &known(true), plain), ["over", "of 1 job"]);
        assert_eq!(goes(&left(), &known(false), plain), ["over", "driven", "c1", "of 1 job"]);
        let orphans = Wish { orphans: true, ..plain };
        assert_eq!(goes(&left(), &known(false), orphans), ["over", "driven", "stray", "c1", "of 1 job"]);
    }

    #[test]
    fn a_snapshot_stays_while_anybody_might_run_in_it() {
        let mut unread = left();
        unread.uses.push(("stray".to_owned(), None));
        assert!(!goes(&unread, &known(false), Wish::default()).contains(&"c1".to_owned()));
        let mut shared = left();
        shared.uses.push(("tied".to_owned(), Some("c1".to_owned())));
        assert!(!goes(&shared, &known(false), Wish::default()).contains(&"c1".to_owned()));
    }

    #[test]
    fn what_is_not_old_enough_stays() {
        let wish = |days: u64| Wish { older_than_s: Some(days * DAY_S), orphans: true };
        assert_eq!(goes(&left(), &known(false), wish(1)), ["over", "driven", "stray", "c1"]);
        assert!(goes(&left(), &known(false), wish(2)).is_empty());
        let mut unread = left();
        unread.sweeps[0].age_s = None;
        assert!(!goes(&unread, &known(false), wish(1)).contains(&"over".to_owned()));
    }

    #[test]
    fn jobs_are_forgotten_where_their_sweep_is_gone_and_over() {
        assert_eq!(stray_jobs(&left(), &known(false)), ["t2"]);
        let mut tied = left();
        tied.sweeps.clear();
        assert_eq!(stray_jobs(&tied, &known(true)), ["t2", "t1"]);
    }
}
