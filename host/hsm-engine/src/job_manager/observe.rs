//! Observing: states of jobs, the status of a sweep, a listing of all. Nothing here changes anything.

use super::{JobId, JobManager, Snapshot, SweepStatus, SweepSummary, Watch};
use crate::error::{Error, ErrorKind, Result};
use crate::source::ComputeSource;
use crate::sweep_dir::SweepDir;
use hsm_core::state::TaskState;
use hsm_core::sweep_id::SweepId;
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::PoisonError;
use std::time::{Duration, Instant, UNIX_EPOCH};

impl JobManager {
    /// The state of each job, from a snapshot no older than `interval`. Asking more often than that costs nothing.
    ///
    /// # Errors
    /// [`ErrorKind::Monitoring`] when a sweep's files cannot be read, or a job is in no plan.
    pub fn monitor_jobs(
        &self,
        jobs: &[JobId],
        _source: &ComputeSource,
        interval: Duration,
    ) -> Result<BTreeMap<JobId, TaskState>> {
        let mut states = BTreeMap::new();
        let mut current: Option<(&Path, SweepStatus)> = None;
        for job in jobs {
            let status = match current.take().filter(|(dir, _)| *dir == job.sweep_dir()) {
                Some((_, status)) => status,
                None => self.snapshot(job.sweep_dir(), interval)?,
            };
            let state = status.task(job.task()).ok_or_else(|| {
                Error::new(ErrorKind::Monitoring, format!("the plan of the sweep has no task `{job}`"))
            })?;
            states.insert(job.clone(), state.state);
            current = Some((job.sweep_dir(), status));
        }
        Ok(states)
    }

    /// What is known of the sweep in `sweep_dir`.
    ///
    /// # Errors
    /// As [`monitor_jobs`](Self::monitor_jobs).
    pub fn status(&self, sweep_dir: &Path) -> Result<SweepStatus> {
        self.watch(sweep_dir)?.refresh()
    }

    /// A view of the sweep in `sweep_dir` for following it.
    ///
    /// # Errors
    /// [`ErrorKind::Path`] when there is none.
    pub fn watch(&self, sweep_dir: &Path) -> Result<Watch> {
        Watch::new(self.open(sweep_dir)?)
    }

    /// The folder of the sweep called `id`, or of the newest one.
    ///
    /// # Errors
    /// [`ErrorKind::Path`] when there is none.
    pub fn find(&self, id: Option<&str>) -> Result<PathBuf> {
        let Some(id) = id else {
            let newest = self.folders()?.into_iter().rfind(|(_, path)| SweepDir::new(path).exists());
            return newest.map(|(_, path)| path).ok_or_else(|| {
                Error::not_found(format!("there is no sweep in `{}` yet", self.sweeps_root.display()))
                    .with_hint("`hsm run` starts one")
            });
        };
        let named =
            SweepId::new(id).map_err(|error| Error::new(ErrorKind::Configuration, error.to_string()))?;
        let path = self.sweep_dir(&named);
        if path.is_dir() {
            return self.open(&path).map(|dir| dir.root().to_owned());
        }
        let names: Vec<String> = self
            .folders()?
            .into_iter()
            .filter_map(|(_, path)| Some(path.file_name()?.to_str()?.to_owned()))
            .collect();
        let hint = match hsm_core::suggest::closest(id, names.iter().map(String::as_str)) {
            Some(near) => format!("did you mean `{near}`? `hsm list` shows all"),
            None => "`hsm list` shows the sweeps of this project".to_owned(),
        };
        Err(Error::not_found(format!("there is no sweep `{id}` in `{}`", self.sweeps_root.display()))
            .with_hint(hint))
    }

    /// Every sweep of the project, oldest first. Folders that another tool made are listed as such.
    ///
    /// # Errors
    /// [`ErrorKind::Path`] when the folder of the sweeps cannot be read.
    pub fn sweeps(&self) -> Result<Vec<SweepSummary>> {
        let summary = |(created_ms, path): (u64, PathBuf)| SweepSummary {
            sweep_id: path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            created_ms,
            status: self.status(&path).map_err(|error| error.to_string()),
            sweep_dir: path,
        };
        Ok(self.folders()?.into_iter().map(summary).collect())
    }

    /// Waits until the driver of the sweep that is a thread of this process has ended, if there is one.
    ///
    /// # Errors
    /// What the driver failed with.
    pub fn wait(&self, sweep_dir: &Path) -> Result<()> {
        self.drivers.join(&self.open(sweep_dir)?)
    }

    fn snapshot(&self, sweep_dir: &Path, interval: Duration) -> Result<SweepStatus> {
        let mut snapshots = self.snapshots.lock().unwrap_or_else(PoisonError::into_inner);
        if !snapshots.contains_key(sweep_dir) {
            let fresh = Snapshot { watch: self.watch(sweep_dir)?, taken: None };
            snapshots.insert(sweep_dir.to_owned(), fresh);
        }
        let Some(snapshot) = snapshots.get_mut(sweep_dir) else { return self.status(sweep_dir) };
        match &snapshot.taken {
            Some((when, status)) if when.elapsed() < interval => Ok(status.clone()),
            _ => {
                let status = snapshot.watch.refresh()?;
                snapshot.taken = Some((Instant::now(), status.clone()));
                Ok(status)
            }
        }
    }

    /// The folders in the sweeps' folder with when they were created, oldest first.
    pub(super) fn folders(&self) -> Result<Vec<(u64, PathBuf)>> {
        let entries = match fs::read_dir(&self.sweeps_root) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.map_err(|error| Error::io("list the folder", &self.sweeps_root, error))?,
        };
        let mut folders: Vec<(u64, PathBuf)> = entries
            .filter_map(|entry| {
                let path = entry.ok()?.path();
                let hidden = path.file_name()?.to_string_lossy().starts_with('.');
                (path.is_dir() && !hidden).then(|| (created_ms(&path), path))
            })
            .collect();
        folders.sort();
        Ok(folders)
    }
}

/// When a sweep was created. Its definition is written once, so the file's time says it; for what another tool made, the folder's has to do.
fn created_ms(sweep_dir: &Path) -> u64 {
    let modified = |path: &Path| fs::metadata(path).and_then(|meta| meta.modified()).ok();
    modified(&SweepDir::new(sweep_dir).definition())
        .or_else(|| modified(sweep_dir))
        .and_then(|time| time.duration_since(UNIX_EPOCH).ok())
        .and_then(|since| u64::try_from(since.as_millis()).ok())
        .unwrap_or(0)
}
