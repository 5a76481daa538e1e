//! The one door to everything: submit a sweep, monitor its jobs, collect its results.

mod ask;
mod drivers;
mod gather;
mod observe;
mod schedulers;
mod standing;
mod submit;
mod types;
mod watch;

pub use schedulers::Preview;
pub(crate) use schedulers::scheduler_of;
pub use standing::JobStanding;
pub use types::{
    CancelOptions, Cancelled, CompleteOptions, Completion, Extension, JobId, Points, SubmitOptions,
    SweepStatus, SweepSummary, TaskClass, TaskError, TaskStatus,
};
pub use watch::Watch;

use crate::batch::TallyLine;
use crate::error::{Error, Result};
use crate::machine::ssh::LinkOptions;
use crate::sweep_dir::SweepDir;
use drivers::Drivers;
use hsm_core::roles::Roles;
use hsm_core::settings::Settings;
use hsm_core::sweep_id::SweepId;
use std::collections::HashMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Instant;

/// Submits sweeps, monitors their jobs and collects their results.
///
/// One manager serves many threads at once; everything takes `&self`. Of sweeps it remembers nothing that is not in their folders, so a
/// manager made later, or by another process, knows the same.
///
/// # Submitting
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let project = tempfile::tempdir()?;
/// use hsm_core::command::{Launch, Program, Template};
/// use hsm_core::{point::Point, settings::Settings, sweep_id::SweepId, value::Value};
/// use hsm_engine::{ComputeSource, JobManager, LocalSource, SubmitOptions};
/// use std::num::NonZeroUsize;
///
/// let manager = JobManager::new(Settings::default(), project.path(), false)?;
/// let points: Vec<Point> =
///     [0.1, 0.2].map(|lr: f64| Point::new(vec![("lr", Value::Number(lr.into()))])).into();
/// let options = SubmitOptions::new(Launch {
///     program: Program::Command(Template::parse(vec!["echo".into(), "{lr}".into()])?),
///     python: Vec::new(),
///     hydra: false,
///     group: None,
///     project_root: project.path().into(),
/// });
/// let source = ComputeSource::Local(LocalSource::new(NonZeroUsize::new(2).ok_or("two")?));
/// let id = SweepId::new("first")?;
/// let jobs = manager.submit_sweep(points, &source, &id, &manager.sweep_dir(&id), options)?;
/// assert_eq!(jobs.len(), 2);
/// # manager.wait(&manager.sweep_dir(&id))?;
/// # Ok(())
/// # }
/// ```
///
/// # Monitoring
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let project = tempfile::tempdir()?;
/// # let (manager, source, jobs) = hsm_engine::example::submitted(project.path())?;
/// use hsm_core::state::TaskState;
/// use std::{thread::sleep, time::Duration};
///
/// let interval = Duration::from_millis(50);
/// let states = loop {
///     let states = manager.monitor_jobs(&jobs, &source, interval)?;
///     if states.values().all(|state| matches!(state, TaskState::Completed | TaskState::Failed)) {
///         break states;
///     }
///     sleep(interval);
/// };
/// assert!(states.values().all(|state| *state == TaskState::Completed));
/// # Ok(())
/// # }
/// ```
///
/// # Collecting
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let project = tempfile::tempdir()?;
/// # let (manager, source, jobs) = hsm_engine::example::submitted(project.path())?;
/// # let sweep_dir = jobs[0].sweep_dir().to_owned();
/// # manager.wait(&sweep_dir)?;
/// let results = manager.collect_results(&sweep_dir, Some(&source))?;
/// assert_eq!(results.rows().len(), jobs.len());
/// for row in results.rows() {
///     assert_eq!(row.metric("loss").and_then(|loss| loss.as_number()), Some(0.5));
/// }
/// assert!(sweep_dir.join("results/table.csv").is_file());
/// # Ok(())
/// # }
/// ```
pub struct JobManager {
    project_dir: PathBuf,
    sweeps_root: PathBuf,
    verbose: bool,
    roles: Option<Arc<dyn Roles>>,
    drivers: Drivers,
    /// The newest snapshot of each sweep that is being monitored, and when it was taken.
    snapshots: Mutex<HashMap<PathBuf, Snapshot>>,
    /// Commands that were run for a scheduler and are on no sweep's tally.
    asked: Mutex<Vec<TallyLine>>,
}

struct Snapshot {
    watch: Watch,
    taken: Option<(Instant, SweepStatus)>,
}

impl JobManager {
    /// A manager for the project in `project_dir`. Drivers are threads of this process, until
    /// [`with_background_driver`](Self::with_background_driver) says otherwise; with `verbose`, they tell what they do.
    ///
    /// # Errors
    /// [`ErrorKind::Path`](crate::ErrorKind) when the project's folder does not exist.
    pub fn new(settings: Settings, project_dir: impl Into<PathBuf>, verbose: bool) -> Result<Self> {
        let project_dir: PathBuf = project_dir.into();
        let project_dir =
            project_dir.canonicalize().map_err(|error| Error::io("open the project", &project_dir, error))?;
        let sweeps_root = match &settings.local.sweeps_root {
            Some(root) => project_dir.join(root),
            None => project_dir.join("sweeps/outputs"),
        };
        Ok(Self {
            project_dir,
            sweeps_root,
            verbose,
            roles: None,
            drivers: Drivers::default(),
            snapshots: Mutex::default(),
            asked: Mutex::default(),
        })
    }

    /// The same manager, reaching other machines in this way.
    #[must_use]
    pub fn with_links(mut self, links: LinkOptions) -> Self {
        self.drivers.links = links;
        self
    }

    /// The same manager, with plugins.
    #[must_use]
    pub fn with_roles(mut self, roles: Arc<dyn Roles>) -> Self {
        self.drivers.roles = Some(Arc::clone(&roles));
        self.roles = Some(roles);
        self
    }

    /// The same manager, whose drivers are processes of their own that outlive this one: `program` is run with the arguments
    /// `drive [--take-over] DIR`, calls [`drive`](crate::drive) and prints [`READY`](crate::READY) when that says so.
    #[must_use]
    pub fn with_background_driver(mut self, program: PathBuf) -> Self {
        self.drivers.run_in_background(program);
        self
    }

    /// The plugins, where there are any.
    #[must_use]
    pub fn roles(&self) -> Option<&Arc<dyn Roles>> {
        self.roles.as_ref()
    }

    /// The project's folder.
    #[must_use]
    pub fn project_dir(&self) -> &Path {
        &self.project_dir
    }

    /// The folder that sweeps are created in.
    #[must_use]
    pub fn sweeps_root(&self) -> &Path {
        &self.sweeps_root
    }

    /// The folder of the sweep with this id.
    #[must_use]
    pub fn sweep_dir(&self, id: &SweepId) -> PathBuf {
        self.sweeps_root.join(id.as_str())
    }

    /// The sweep in `sweep_dir`, which has to exist.
    fn open(&self, sweep_dir: &Path) -> Result<SweepDir> {
        let dir = SweepDir::new(sweep_dir);
        if dir.exists() {
            return Ok(dir);
        }
        let made_by_another = dir.root().is_dir();
        if dir.is_unfinished() {
            let message = format!(
                "the submission of `{}` was cut short, and nothing of it has run",
                sweep_dir.display()
            );
            return Err(Error::not_found(message).with_hint("remove the folder and run the sweep again"));
        }
        let message = if made_by_another {
            format!("`{}` is no sweep of hsm: it has no plan", sweep_dir.display())
        } else {
            format!("there is no sweep in `{}`", sweep_dir.display())
        };
        Err(Error::not_found(message).with_hint("`hsm list` shows the sweeps of this project"))
    }
}

impl fmt::Debug for JobManager {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JobManager")
            .field("project_dir", &self.project_dir)
            .field("sweeps_root", &self.sweeps_root)
            .field("verbose", &self.verbose)
            .finish_non_exhaustive()
    }
}
