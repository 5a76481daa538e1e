//! Sets of task numbers, kept as ranges so that a million consecutive tasks cost as much as one.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

/// A set of task numbers. Its text form is `1-100,205`, its JSON form that text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TaskSet {
    /// First task → last task of disjoint ranges that do not touch.
    ranges: BTreeMap<u64, u64>,
    len: u64,
}

impl TaskSet {
    /// The tasks from `first` to `last`, both included; empty where `last` is smaller.
    #[must_use]
    pub fn range(first: u64, last: u64) -> Self {
        let mut set = Self::default();
        set.insert_range(first, last);
        set
    }

    /// How many tasks there are in it.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Whether no task is in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Whether `task` is in it.
    #[must_use]
    pub fn contains(&self, task: u64) -> bool {
        self.ranges.range(..=task).next_back().is_some_and(|(_, last)| *last >= task)
    }

    /// Adds one task; `false` when it was there already.
    pub fn insert(&mut self, task: u64) -> bool {
        if self.contains(task) {
            return false;
        }
        self.insert_range(task, task);
        true
    }

    /// Adds the tasks from `first` to `last`, both included.
    pub fn insert_range(&mut self, first: u64, last: u64) {
        if last < first {
            return;
        }
        let (mut low, mut high) = (first, last);
        // Every range that overlaps the new one or touches it becomes part of it.
        while let Some((&start, &end)) = self
            .ranges
            .range(..=high.saturating_add(1))
            .next_back()
            .filter(|(_, end)| end.saturating_add(1) >= low)
        {
            self.ranges.remove(&start);
            self.len -= end - start + 1;
            low = low.min(start);
            high = high.max(end);
        }
        self.ranges.insert(low, high);
        self.len += high - low + 1;
    }

    /// Takes one task out; `false` when it was not there.
    pub fn remove(&mut self, task: u64) -> bool {
        let Some((&first, &last)) = self.ranges.range(..=task).next_back().filter(|(_, last)| **last >= task)
        else {
            return false;
        };
        self.ranges.remove(&first);
        if first < task {
            self.ranges.insert(first, task - 1);
        }
        if task < last {
            self.ranges.insert(task + 1, last);
        }
        self.len -= 1;
        true
    }

    /// Takes out the tasks from `first` to `last`, both included, those of them that are there.
    pub fn remove_range(&mut self, first: u64, last: u64) {
        while let Some((&start, &end)) =
            self.ranges.range(..=last).next_back().filter(|(_, end)| first <= last && **end >= first)
        {
            self.ranges.remove(&start);
            let (cut_first, cut_last) = (start.max(first), end.min(last));
            self.len -= cut_last - cut_first + 1;
            if start < cut_first {
                self.ranges.insert(start, cut_first - 1);
            }
            if cut_last < end {
                self.ranges.insert(cut_last + 1, end);
            }
        }
    }

    /// Adds every task of `other`.
    pub fn insert_all(&mut self, other: &Self) {
        other.ranges().for_each(|(first, last)| self.insert_range(first, last));
    }

    /// Takes every task of `other` out.
    pub fn remove_all(&mut self, other: &Self) {
        other.ranges().for_each(|(first, last)| self.remove_range(first, last));
    }

    /// Takes the smallest task out.
    pub fn pop_first(&mut self) -> Option<u64> {
        let (first, last) = self.ranges.pop_first()?;
        if first < last {
            self.ranges.insert(first + 1, last);
        }
        self.len -= 1;
        Some(first)
    }

    /// The smallest task.
    #[must_use]
    pub fn first(&self) -> Option<u64> {
        self.ranges.first_key_value().map(|(first, _)| *first)
    }

    /// The largest task.
    #[must_use]
    pub fn last(&self) -> Option<u64> {
        self.ranges.last_key_value().map(|(_, last)| *last)
    }

    /// How many tasks of the set are smaller than `task`, where that is in it.
    #[must_use]
    pub fn position(&self, task: u64) -> Option<u64> {
        if !self.contains(task) {
            return None;
        }
        let before =
            self.ranges.range(..=task).map(|(first, last)| (*last).min(task) - first + 1).sum::<u64>();
        Some(before - 1)
    }

    /// The tasks that have `first` or more smaller ones in the set, `count` at most.
    #[must_use]
    pub fn slice(&self, first: u64, count: u64) -> Self {
        let (mut skip, mut left, mut slice) = (first, count, Self::default());
        for (start, end) in self.ranges() {
            let length = end - start + 1;
            if skip >= length {
                skip -= length;
                continue;
            }
            if left == 0 {
                break;
            }
            let take = (length - skip).min(left);
            slice.insert_range(start + skip, start + skip + take - 1);
            left -= take;
            skip = 0;
        }
        slice
    }

    /// The ranges, ascending, as (first, last).
    pub fn ranges(&self) -> impl Iterator<Item = (u64, u64)> + '_ {
        self.ranges.iter().map(|(first, last)| (*first, *last))
    }

    /// The tasks, ascending.
    pub fn iter(&self) -> impl Iterator<Item = u64> + '_ {
        self.ranges().flat_map(|(first, last)| first..=last)
    }
}

impl FromIterator<u64> for TaskSet {
    fn from_iter<I: IntoIterator<Item = u64>>(tasks: I) -> Self {
        let mut set = Self::default();
        // Consecutive runs are inserted as one range: the usual input is sorted.
        let mut run: Option<(u64, u64)> = None;
        for task in tasks {
            run = match run {
                Some((first, last)) if last.checked_add(1) == Some(task) => Some((first, task)),
                Some((first, last)) => {
                    set.insert_range(first, last);
                    Some((task, task))
                }
                None => Some((task, task)),
            };
        }
        if let Some((first, last)) = run {
            set.insert_range(first, last);
        }
        set
    }
}

impl fmt::Display for TaskSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, (first, last)) in self.ranges().enumerate() {
            let comma = if i > 0 { "," } else { "" };
            if first == last {
                write!(f, "{comma}{first}")?;
            } else {
                write!(f, "{comma}{first}-{last}")?;
            }
        }
        Ok(())
    }
}

/// Text that is no set of tasks.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no list of tasks; write it like `1-100,205`")]
pub struct TaskSetError(String);

impl FromStr for TaskSet {
    type Err = TaskSetError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || TaskSetError(text.to_owned());
        let mut set = Self::default();
        for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            let first: u64 = first.trim().parse().map_err(|_| wrong())?;
            let last: u64 = last.trim().parse().map_err(|_| wrong())?;
            if first == 0 || last < first {
                return Err(wrong());
            }
            set.insert_range(first, last);
        }
        Ok(set)
    }
}

impl Serialize for TaskSet {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for TaskSet {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    #[test]
    fn text_form_is_ranges() {
        let set: TaskSet = [3, 1, 2, 9, 7, 8, 20].into_iter().collect();
        assert_eq!(set.to_string(), "1-3,7-9,20");
        assert_eq!("20, 7-9,1-3".parse::<TaskSet>(), Ok(set));
        for wrong in ["0", "5-2", "a", "1-", "-3"] {
            assert!(wrong.parse::<TaskSet>().is_err(), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn behaves_like_a_set_of_numbers(steps in prop::collection::vec((0u8..4, 1u64..40, 0u64..9), 0..60)) {
            let (mut set, mut plain) = (TaskSet::default(), BTreeSet::new());
            for (what, task, more) in steps {
                match what {
                    0 => assert_eq!(set.insert(task), plain.insert(task)),
                    1 => assert_eq!(set.remove(task), plain.remove(&task)),
                    2 => { set.insert_range(task, task + more); plain.extend(task..=task + more); }
                    _ => assert_eq!(set.pop_first(), plain.pop_first()),
                }
                prop_assert_eq!(set.len(), plain.len() as u64);
                prop_assert!(set.iter().eq(plain.iter().copied()));
                prop_assert_eq!(set.contains(task), plain.contains(&task));
            }
        }
    }
}
