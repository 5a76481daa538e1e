//! Following a sweep: each look costs what has happened since the last one.

use super::SweepStatus;
use crate::batch::Claims;
use crate::driver::{sweep_id_of, task_lives};
use crate::error::{Error, Result};
use crate::journal::JournalReader;
use crate::lease::{self, Driver};
use crate::mailbox::{self, Request};
use crate::plan_file;
use crate::source::RunSettings;
use crate::sweep_dir::SweepDir;
use hsm_core::campaign::{Ledger, Progress};
use hsm_core::journal::Record;
use hsm_core::state::TaskState;
use hsm_core::sweep_id::SweepId;
use hsm_core::task_set::TaskSet;
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

/// Tasks of which the observer knows better than the journal, and why.
pub(super) type Seen = BTreeMap<u64, (TaskState, &'static str)>;

/// A view of one sweep that can be refreshed. It changes nothing, and needs no more than the right to read.
#[derive(Debug)]
pub struct Watch {
    dir: SweepDir,
    sweep_id: SweepId,
    reader: JournalReader,
    ledger: Arc<Ledger>,
    /// The length of the plan when its tasks were counted.
    plan_bytes: u64,
    /// The requests that the journal says were taken up.
    accepted: HashSet<String>,
    /// Where tasks run, as the newest launch has it.
    source: String,
}

impl Watch {
    pub(super) fn new(dir: SweepDir) -> Result<Self> {
        let sweep_id = sweep_id_of(&dir)?;
        let reader = JournalReader::new(dir.journal());
        Ok(Self {
            dir,
            sweep_id,
            reader,
            ledger: Arc::default(),
            plan_bytes: 0,
            accepted: HashSet::new(),
            source: "local".to_owned(),
        })
    }

    /// What is known of the sweep now.
    ///
    /// # Errors
    /// [`ErrorKind::Monitoring`](crate::ErrorKind) or [`ErrorKind::Path`](crate::ErrorKind) when its files cannot be read.
    pub fn refresh(&mut self) -> Result<SweepStatus> {
        // The driver first: what it writes until it gives the lease back is then seen below.
        let driver = lease::driver(&self.dir.lease())?;
        // The mailbox before the journal: a request that is taken up between the two is then seen twice, and not never.
        let waiting = self.waiting_requests()?;
        let ledger = Arc::make_mut(&mut self.ledger);
        let plan = self.dir.plan();
        let bytes = plan_file::length(&plan)?;
        if bytes != self.plan_bytes {
            ledger.grow(plan_file::count(&plan)?);
            self.plan_bytes = bytes;
        }
        let (accepted, source) = (&mut self.accepted, &mut self.source);
        self.reader.read(|record| {
            ledger.apply(&record);
            match record {
                Record::Accepted { request } => drop(accepted.insert(request)),
                Record::Launch { launch } => {
                    if let Ok(settings) = serde_json::from_str::<RunSettings>(launch.get()) {
                        settings.source.name().clone_into(source);
                    }
                }
                _ => {}
            }
        })?;
        let mut seen = match driver {
            Driver::None => self.look_at_running(),
            // It reads the records of what it looks after, and may have only just begun.
            _ if self.ledger.counts().of(TaskState::Unknown) > 0 => {
                self.look_at_records(|state| state == TaskState::Unknown)
            }
            _ => Seen::new(),
        };
        self.overlay_silence(&mut seen);
        let unsent_before = seen.len();
        self.add_waiting(&waiting, &mut seen);
        let unsent = if driver == Driver::None { (seen.len() - unsent_before) as u64 } else { 0 };
        let mut counts = self.ledger.counts();
        for (task, (state, _)) in &seen {
            if let Some(entry) = self.ledger.get(*task) {
                counts.change(entry.state, *state);
            }
        }
        let mut warnings = self.reader.damage().to_vec();
        warnings.extend(self.lost());
        let trouble = match &driver {
            Driver::Here(holder) | Driver::Elsewhere(holder) => holder.trouble.clone(),
            Driver::None => None,
        };
        warnings.extend(trouble.iter().map(|trouble| format!("the driver cannot go on for now: {trouble}")));
        Ok(SweepStatus {
            sweep_id: self.sweep_id.clone(),
            sweep_dir: self.dir.root().to_owned(),
            source: self.source.clone(),
            counts,
            unsent: self.ledger.unsent().len() + unsent,
            driver,
            warnings,
            trouble,
            ledger: Arc::clone(&self.ledger),
            seen,
        })
    }

    /// What the sweep's files must once have held and do not hold any more.
    pub(super) fn lost(&self) -> Option<String> {
        let (plan, started) = (self.ledger.tasks(), self.ledger.largest_started());
        if started > plan {
            let file = self.dir.plan();
            return Some(format!(
                "`{}` has {plan} tasks, and the journal knows of task {started}: the plan was cut short",
                file.display()
            ));
        }
        let ran_before = || std::fs::read_dir(self.dir.tasks()).is_ok_and(|mut tasks| tasks.next().is_some());
        (self.reader.is_at_start() && ran_before()).then(|| {
            format!(
                "`{}` is empty, and there are folders of tasks: what became of them is not known",
                self.dir.journal().display()
            )
        })
    }

    /// The tasks that requests in the mailbox ask to run, by request.
    fn waiting_requests(&self) -> Result<Vec<(String, TaskSet)>> {
        let requests = self.dir.requests();
        let (letters, _) = mailbox::read(&requests).map_err(|error| Error::io("read", &requests, error))?;
        let tasks = letters.into_iter().filter_map(|letter| match letter.request {
            Request::Queue { tasks, .. } => Some((letter.name, tasks)),
            Request::Cancel { .. } | Request::Abandon { .. } | Request::Release => None,
        });
        Ok(tasks.collect())
    }

    /// A task that somebody has just asked to run again is queued, though no driver has put that on record yet.
    fn add_waiting(&self, waiting: &[(String, TaskSet)], seen: &mut Seen) {
        for (_, tasks) in waiting.iter().filter(|(request, _)| !self.accepted.contains(request)) {
            for task in tasks.iter() {
                let startable = |state: TaskState| {
                    state.is_final() && state != TaskState::Completed && !seen.contains_key(&task)
                };
                if self.ledger.get(task).is_some_and(|entry| startable(entry.state)) {
                    seen.insert(
                        task,
                        (TaskState::Queued, "it was asked for, and no driver has taken it up yet"),
                    );
                }
            }
        }
    }

    /// Nobody knows how tasks are that ran on a machine which does not answer.
    fn overlay_silence(&self, seen: &mut Seen) {
        for (source, ..) in self.ledger.silent() {
            for job in self.ledger.jobs().iter().filter(|job| job.source == source && job.refusal().is_none())
            {
                for task in job.tasks.iter() {
                    let runs = self.ledger.get(task).is_some_and(|entry| entry.state == TaskState::Running);
                    if runs && self.ledger.job_of(task).is_some_and(|newest| newest.token == job.token) {
                        seen.entry(task).or_insert((TaskState::Unknown, "its machine does not answer"));
                    }
                }
            }
        }
    }

    /// Where no driver lives, tasks that the journal has as running are looked at themselves.
    fn look_at_running(&self) -> Seen {
        let at_a_scheduler = |task: u64| self.ledger.job_of(task).is_some();
        let here = self
            .ledger
            .iter()
            .filter(|(task, entry)| {
                entry.state == TaskState::Running && (entry.process.is_some() || !at_a_scheduler(*task))
            })
            .map(|(task, entry)| {
                let seen = if task_lives(&self.dir.task(task), entry.process) {
                    (TaskState::Running, "it runs without a driver, as its own was killed")
                } else {
                    (TaskState::Unknown, "its driver died before it ended, so nobody saw how it did")
                };
                (task, seen)
            });
        let undecided = |state| matches!(state, TaskState::Running | TaskState::Queued | TaskState::Unknown);
        here.chain(self.look_at_records(undecided)).collect()
    }

    /// The records of tasks that a scheduler started say how they ended, where nobody has read them: of tasks in states that are `wanted`.
    fn look_at_records(&self, wanted: impl Fn(TaskState) -> bool) -> Seen {
        let mut seen = Seen::new();
        for job in self.ledger.jobs().iter().filter(|job| !matches!(job.progress, Progress::Refused(_))) {
            let is_open = |task: u64| {
                self.ledger.get(task).is_some_and(|entry| {
                    wanted(entry.state)
                        && self.ledger.job_of(task).is_some_and(|newest| newest.token == job.token)
                })
            };
            if !job.tasks.iter().any(is_open) {
                continue;
            }
            let mut claims = Claims::new(&self.dir.job(&job.token));
            // A claim says nothing of a task whose machine failed, or whose job vanished, but that it once began.
            let may_run = |task: u64| {
                is_open(task) && self.ledger.get(task).is_some_and(|entry| entry.state != TaskState::Unknown)
            };
            for file in claims.claimed(may_run).unwrap_or_default() {
                seen.insert(file.claim.task, (TaskState::Running, "it runs, by its own record"));
            }
            for file in claims.ended(is_open).unwrap_or_default() {
                if let Some(end) = file.end {
                    let state = if end.code == 0 { TaskState::Completed } else { TaskState::Failed };
                    seen.insert(file.claim.task, (state, "by its own record; no driver has taken it up yet"));
                }
            }
        }
        seen
    }
}
