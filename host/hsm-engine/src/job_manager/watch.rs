//! Following a sweep: each look costs what has happened since the last one.

use super::SweepStatus;
use crate::driver::{sweep_id_of, task_lives};
use crate::error::Result;
use crate::journal::JournalReader;
use crate::lease::{self, Driver};
use crate::plan_file;
use crate::sweep_dir::SweepDir;
use hsm_core::campaign::Ledger;
use hsm_core::state::TaskState;
use hsm_core::sweep_id::SweepId;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A view of one sweep that can be refreshed. It changes nothing, and needs no more than the right to read.
#[derive(Debug)]
pub struct Watch {
    dir: SweepDir,
    sweep_id: SweepId,
    reader: JournalReader,
    ledger: Arc<Ledger>,
    /// The length of the plan when its tasks were counted.
    plan_bytes: u64,
}

impl Watch {
    pub(super) fn new(dir: SweepDir) -> Result<Self> {
        let sweep_id = sweep_id_of(&dir)?;
        let reader = JournalReader::new(dir.journal());
        Ok(Self { dir, sweep_id, reader, ledger: Arc::default(), plan_bytes: 0 })
    }

    /// What is known of the sweep now.
    ///
    /// # Errors
    /// [`ErrorKind::Monitoring`](crate::ErrorKind) or [`ErrorKind::Path`](crate::ErrorKind) when its files cannot be read.
    pub fn refresh(&mut self) -> Result<SweepStatus> {
        // The driver first: what it writes until it gives the lease back is then seen below.
        let driver = lease::driver(&self.dir.lease())?;
        let ledger = Arc::make_mut(&mut self.ledger);
        let plan = self.dir.plan();
        let bytes = plan_file::length(&plan)?;
        if bytes != self.plan_bytes {
            ledger.grow(plan_file::count(&plan)?);
            self.plan_bytes = bytes;
        }
        self.reader.read(|record| ledger.apply(&record))?;
        let seen = if driver == Driver::None { self.look_at_running() } else { BTreeMap::new() };
        let mut counts = self.ledger.counts();
        for (task, (state, _)) in &seen {
            if let Some(entry) = self.ledger.get(*task) {
                counts.change(entry.state, *state);
            }
        }
        let mut warnings = self.reader.damage().to_vec();
        if let Driver::Here(holder) | Driver::Elsewhere(holder) = &driver {
            warnings.extend(
                holder.trouble.iter().map(|trouble| format!("the driver cannot go on for now: {trouble}")),
            );
        }
        Ok(SweepStatus {
            sweep_id: self.sweep_id.clone(),
            sweep_dir: self.dir.root().to_owned(),
            source: "local".to_owned(),
            counts,
            unsent: self.ledger.unsent().len(),
            driver,
            warnings,
            ledger: Arc::clone(&self.ledger),
            seen,
        })
    }

    /// Where no driver lives, tasks that the journal has as running are looked at themselves.
    fn look_at_running(&self) -> BTreeMap<u64, (TaskState, &'static str)> {
        self.ledger
            .iter()
            .filter(|(_, entry)| entry.state == TaskState::Running)
            .map(|(task, entry)| {
                let seen = if task_lives(&self.dir.task(task), entry.process) {
                    (TaskState::Running, "it runs without a driver, as its own was killed")
                } else {
                    (TaskState::Unknown, "its driver died before it ended, so nobody saw how it did")
                };
                (task, seen)
            })
            .collect()
    }
}
