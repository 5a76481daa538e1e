//! What tasks left on other machines, and has not come home yet.

use crate::journal::Record;
use crate::task_set::TaskSet;
use std::collections::BTreeMap;

/// The tasks whose results are elsewhere, by the compute source that has them.
#[derive(Clone, Debug, Default)]
pub struct Away {
    /// Submissions with tasks that may still leave something: token, source, and those tasks.
    open: Vec<(String, String, TaskSet)>,
    ended: BTreeMap<String, TaskSet>,
}

impl Away {
    /// Whether everything that ended is home.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ended.is_empty()
    }

    /// The tasks that ended and whose results are still with `source`.
    #[must_use]
    pub fn with(&self, source: &str) -> Option<&TaskSet> {
        self.ended.get(source)
    }

    /// Whether `task` ended, and its results are not here.
    #[must_use]
    pub fn contains(&self, task: u64) -> bool {
        self.ended.values().any(|tasks| tasks.contains(task))
    }

    /// Every source that still has results, with the tasks that they are of.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &TaskSet)> {
        self.ended.iter().map(|(source, tasks)| (source.as_str(), tasks))
    }

    pub(super) fn apply(&mut self, record: &Record) {
        match record {
            Record::Submitting { token, source, away, tasks, .. } => {
                // What an earlier attempt left is not this task's result any more.
                self.drop_ended(tasks);
                if *away {
                    self.open.push((token.clone(), source.clone(), tasks.clone()));
                }
            }
            Record::Starting { task, .. } if !self.ended.is_empty() => {
                self.drop_ended(&TaskSet::range(*task, *task));
            }
            Record::Refused { token, .. } => self.open.retain(|(open, ..)| open != token),
            Record::Withdrawn { tasks, .. } => self.close(tasks),
            Record::Ended { task, ending, .. } if !ending.may_live() => self.end(*task),
            Record::Abandoned { tasks, .. } => {
                self.close(tasks);
                self.drop_ended(tasks);
            }
            Record::Home { tasks, .. } => self.drop_ended(tasks),
            _ => {}
        }
    }

    fn end(&mut self, task: u64) {
        let Some(at) = self.open.iter().position(|(.., tasks)| tasks.contains(task)) else { return };
        let (_, source, tasks) = &mut self.open[at];
        tasks.remove(task);
        self.ended.entry(source.clone()).or_default().insert(task);
        if self.open[at].2.is_empty() {
            self.open.remove(at);
        }
    }

    fn close(&mut self, tasks: &TaskSet) {
        for (.., open) in &mut self.open {
            open.remove_all(tasks);
        }
        self.open.retain(|(.., open)| !open.is_empty());
    }

    fn drop_ended(&mut self, tasks: &TaskSet) {
        for ended in self.ended.values_mut() {
            ended.remove_all(tasks);
        }
        self.ended.retain(|_, ended| !ended.is_empty());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::Ending;

    fn submitting(token: &str, source: &str, last: u64) -> Record {
        Record::Submitting {
            token: token.into(),
            source: source.into(),
            away: source != "here",
            tasks: TaskSet::range(1, last),
            tasks_per_element: 1,
            at_ms: 1,
        }
    }

    fn ended(task: u64, ending: Ending) -> Record {
        Record::Ended { task, attempt: 1, at_ms: 2, ending }
    }

    fn after(records: &[Record]) -> Vec<(String, String)> {
        let mut away = Away::default();
        records.iter().for_each(|record| away.apply(record));
        away.iter().map(|(source, tasks)| (source.to_owned(), tasks.to_string())).collect()
    }

    fn with(source: &str, tasks: &str) -> Vec<(String, String)> {
        vec![(source.to_owned(), tasks.to_owned())]
    }

    #[test]
    fn what_ended_elsewhere_is_away_until_it_is_home() {
        let mut records =
            vec![submitting("a", "box", 3), ended(1, Ending::Exited(0)), ended(2, Ending::Exited(1))];
        assert_eq!(after(&records), with("box", "1-2"));
        records.push(Record::Home { tasks: TaskSet::range(1, 1), at_ms: 3 });
        assert_eq!(after(&records), with("box", "2"));
        records.push(Record::Home { tasks: TaskSet::range(2, 2), at_ms: 3 });
        assert!(after(&records).is_empty(), "the third has not ended");
        assert!(after(&[submitting("a", "here", 1), ended(1, Ending::Exited(0))]).is_empty());
    }

    #[test]
    fn what_may_live_is_away_once_it_has_ended_after_all() {
        let mut records = vec![submitting("a", "box", 1), ended(1, Ending::Vanished("link down".into()))];
        assert!(after(&records).is_empty());
        records.push(ended(1, Ending::Exited(0)));
        assert_eq!(after(&records), with("box", "1"));
        records.push(Record::Abandoned { tasks: TaskSet::range(1, 1), at_ms: 3 });
        assert!(after(&records).is_empty(), "nobody waits for a machine that is gone");
    }

    #[test]
    fn a_new_attempt_takes_the_place_of_what_the_one_before_left() {
        let first = [submitting("a", "box", 2), ended(1, Ending::Exited(1)), ended(2, Ending::Exited(0))];
        let elsewhere = [&first[..], &[submitting("b", "lab", 1)]].concat();
        assert_eq!(after(&elsewhere), with("box", "2"));
        let here = [&first[..], &[Record::Starting { task: 1, attempt: 2, at_ms: 4 }]].concat();
        assert_eq!(after(&here), with("box", "2"));
        let withdrawn = Record::Withdrawn {
            token: "b".into(),
            tasks: TaskSet::range(1, 1),
            fate: crate::journal::Fate::Again,
            why: "slow".into(),
            at_ms: 5,
        };
        let twice =
            [&elsewhere[..], &[withdrawn, submitting("c", "far", 1), ended(1, Ending::Exited(0))]].concat();
        assert_eq!(after(&twice), [with("box", "2"), with("far", "1")].concat());
    }
}
