//! What the tasks noted of themselves (`programs/visit.sh`): which one ran where, from when until when.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

/// One run of a task's program.
#[derive(Clone, Debug)]
pub(super) struct Visit {
    pub(super) task: u64,
    pub(super) host: String,
    pub(super) start_ns: u64,
    /// When it came to its end; nothing where it did not, or not yet.
    pub(super) end_ns: Option<u64>,
    process: u64,
}

/// All runs of all tasks.
#[derive(Debug, Default)]
pub(super) struct Visits {
    pub(super) all: Vec<Visit>,
    /// Machines without power, and since when.
    dead: BTreeMap<String, u64>,
}

impl Visits {
    /// Reads the notes in these homes.
    pub(super) fn read(homes: impl Iterator<Item = PathBuf>) -> Self {
        let mut visits = Self::default();
        for home in homes {
            let text = std::fs::read_to_string(home.join("runs.log")).unwrap_or_default();
            // A power cut may leave a line without its end.
            text.split_inclusive('\n')
                .filter(|line| line.ends_with('\n'))
                .for_each(|line| visits.note(line.trim_end()));
        }
        visits
    }

    fn note(&mut self, line: &str) {
        let fields: Vec<&str> = line.split(' ').collect();
        let [what, task, process, at_ns, host] = fields[..] else { panic!("a torn line: {line:?}") };
        let number = |text: &str| text.parse::<u64>().unwrap_or_else(|error| panic!("{line:?}: {error}"));
        let (task, process, at_ns) = (number(task), number(process), number(at_ns));
        if what == "start" {
            let host = host.to_owned();
            self.all.push(Visit { task, host, start_ns: at_ns, end_ns: None, process });
        } else {
            let its = |visit: &&mut Visit| {
                visit.task == task && visit.process == process && visit.host == host && visit.end_ns.is_none()
            };
            self.all.iter_mut().rfind(its).expect("the start of a run that ended").end_ns = Some(at_ns);
        }
    }

    /// The same, where a machine lost its power at that time: nothing lives there any more.
    pub(super) fn without(mut self, host: &str, since_ns: u64) -> Self {
        self.dead.insert(host.to_owned(), since_ns);
        self
    }

    /// No two copies of a task lived at once.
    pub(super) fn never_two_at_once(&self) {
        let mut by_task: BTreeMap<u64, Vec<&Visit>> = BTreeMap::new();
        for visit in &self.all {
            by_task.entry(visit.task).or_default().push(visit);
        }
        for visits in by_task.values_mut() {
            visits.sort_by_key(|visit| visit.start_ns);
            for pair in visits.windows(2) {
                assert!(self.over_at_ns(pair[0]) <= pair[1].start_ns, "two at once: {visits:?}");
            }
        }
    }

    fn over_at_ns(&self, visit: &Visit) -> u64 {
        let power_cut_ns = self.dead.get(&visit.host).copied();
        visit.end_ns.or(power_cut_ns).unwrap_or(u64::MAX)
    }

    /// How many tasks came to their end; none did twice. What ended on a machine that is dead now may be lost with it, and counts only where it
    /// did not end elsewhere.
    pub(super) fn ended_once(&self) -> usize {
        let mut ended = BTreeMap::new();
        for visit in self.all.iter().filter(|visit| visit.end_ns.is_some()) {
            let living = usize::from(!self.dead.contains_key(&visit.host));
            *ended.entry(visit.task).or_insert(0) += living;
        }
        assert!(ended.values().all(|times| *times <= 1), "some came to their end twice: {self:?}");
        ended.len()
    }

    /// The machine on which a task came to its end.
    pub(super) fn host_of_end(&self, task: u64) -> &str {
        let ended = self.all.iter().filter(|visit| visit.task == task && visit.end_ns.is_some());
        let last = ended.max_by_key(|visit| (!self.dead.contains_key(&visit.host), visit.end_ns));
        &last.unwrap_or_else(|| panic!("task {task} did not come to its end: {self:?}")).host
    }

    /// The tasks that began on a machine.
    pub(super) fn on(&self, host: &str) -> BTreeSet<u64> {
        self.all.iter().filter(|visit| visit.host == host).map(|visit| visit.task).collect()
    }
}
