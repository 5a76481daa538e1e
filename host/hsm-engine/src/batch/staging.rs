//! Staging: a submission's folder with its script and its tasks' arguments, before the scheduler hears of it.

use super::source::BatchSource;
use crate::error::{Error, ErrorKind, Result};
use crate::machine::Place;
use crate::plan_file::PlanFile;
use crate::sweep_dir::SweepDir;
use hsm_core::batch::{
    Body, CHUNKS_FOLDER, CLAIMS_FOLDER, ChunkTask, ENDS_FOLDER, SCHEDULER_LOG, SCRIPT_FILE, TASKS_PER_CHUNK,
    chunk, job_name, script,
};
use hsm_core::command::Launch;
use hsm_core::scheduler::{Resources, Scheduler, SchedulerTraits, Site, Submission};
use hsm_core::sweep_id::SweepId;
use hsm_core::task_set::TaskSet;
use std::fs;
use std::io::Write as _;
use std::path::Path;

/// A submission that is to be staged.
#[derive(Clone, Debug)]
pub(crate) struct Stage {
    pub(crate) token: String,
    pub(crate) tasks: TaskSet,
    /// How many elements of it may run at once.
    pub(crate) max_running: Option<u32>,
    /// Tasks that ran before, with the number of their newest attempt: what that left is moved aside.
    pub(crate) again: Vec<(u64, u32)>,
}

/// What an element needs for all of its tasks: time for those that follow one another, and the rest for those that run at once.
pub(crate) fn element_request(source: &BatchSource) -> Resources {
    let packing = source.packing();
    let rounds = u64::from(packing.tasks_per_element.div_ceil(packing.side_by_side));
    let at_once = packing.side_by_side;
    let task = &source.resources;
    let times = |count: Option<u32>| match (count, at_once) {
        (None, 2..) => Some(at_once),
        (count, _) => count.map(|count| count.saturating_mul(at_once)),
    };
    Resources {
        walltime_s: task.walltime_s.map(|seconds| seconds.saturating_mul(rounds)),
        cpus: times(task.cpus),
        memory_mib: task.memory_mib.map(|mib| mib.saturating_mul(u64::from(at_once))),
        gpus: task.gpus.map(|gpus| gpus.saturating_mul(at_once)),
        ..task.clone()
    }
}

/// Everything that a submission is made of beside its tasks. It is written here, and speaks of where it will be.
pub(crate) struct Staging<'a> {
    pub(crate) dir: &'a SweepDir,
    pub(crate) place: &'a Place,
    /// How tasks are started there.
    pub(crate) launch: &'a Launch,
    pub(crate) sweep_id: &'a SweepId,
    pub(crate) source: &'a BatchSource,
    pub(crate) scheduler: &'a dyn Scheduler,
    pub(crate) site: &'a Site,
    pub(crate) traits: &'a SchedulerTraits,
}

impl Staging<'_> {
    /// Writes everything, and answers with the request for the scheduler.
    pub(crate) fn write(&self, stage: &Stage) -> Result<Submission> {
        let folder = self.dir.job(&stage.token);
        for name in ["", CLAIMS_FOLDER, ENDS_FOLDER, CHUNKS_FOLDER] {
            let path = folder.join(name);
            fs::create_dir_all(&path).map_err(|error| Error::io("create the folder", &path, error))?;
        }
        let request = self.request(stage)?;
        write_synced(&folder.join(SCRIPT_FILE), &self.script(stage, &request)?)?;
        self.write_chunks(stage, &folder.join(CHUNKS_FOLDER))?;
        Ok(request)
    }

    fn write_chunks(&self, stage: &Stage, folder: &Path) -> Result<()> {
        let mut plan = PlanFile::open(&self.dir.plan())?;
        let mut tasks = Vec::new();
        for (at, task) in stage.tasks.iter().enumerate() {
            tasks.push(self.chunk_task(&mut plan, task)?);
            let position = at as u64 + 1;
            if position.is_multiple_of(TASKS_PER_CHUNK) || position == stage.tasks.len() {
                let number = (position - 1) / TASKS_PER_CHUNK;
                let path = folder.join(format!("{number}.sh"));
                fs::write(&path, chunk(number * TASKS_PER_CHUNK, &tasks))
                    .map_err(|error| Error::io("write", &path, error))?;
                tasks.clear();
            }
        }
        Ok(())
    }

    fn chunk_task(&self, plan: &mut PlanFile, task: u64) -> Result<ChunkTask> {
        let planned = plan.task(task)?;
        let folder = self.place.dir.task(task);
        let argv = self
            .launch
            .argv(self.sweep_id, task, &folder, &planned.point)
            .map_err(|error| Error::new(ErrorKind::Configuration, error.to_string()))?;
        Ok(ChunkTask { task, argv, params: planned.point.to_params_json() })
    }

    fn request(&self, stage: &Stage) -> Result<Submission> {
        let folder = self.place.dir.job(&stage.token);
        let log = utf8(&folder.join(SCHEDULER_LOG))?;
        let elements = stage.tasks.len().div_ceil(u64::from(self.source.packing().tasks_per_element));
        Ok(Submission {
            token: stage.token.clone(),
            name: job_name(self.sweep_id, &stage.token, self.traits.job_name_max),
            resources: element_request(self.source),
            elements: u32::try_from(elements).unwrap_or(u32::MAX),
            max_running: stage.max_running,
            nice: self.source.nice,
            exclude_nodes: self.source.exclude_nodes.clone(),
            workdir: utf8(&self.launch.project_root)?,
            stdout: log.clone(),
            stderr: log,
            script: utf8(&folder.join(SCRIPT_FILE))?,
        })
    }

    fn script(&self, stage: &Stage, request: &Submission) -> Result<String> {
        let directives = self.scheduler.directives(self.site, request).map_err(Error::of_scheduler)?;
        let body = Body {
            folder: &utf8(&self.place.dir.job(&stage.token))?,
            tasks_folder: &utf8(&self.place.dir.tasks())?,
            workdir: &request.workdir,
            sweep_id: self.sweep_id.as_str(),
            tasks: stage.tasks.len(),
            packing: self.source.packing(),
            element_variable: &self.traits.element_variable,
            first_element: self.traits.first_element,
            environment: &self.source.environment,
            modules: &self.source.modules,
            pre_script: self.source.pre_script.as_deref(),
            gpus: uses_gpus(&self.source.resources),
        };
        Ok(script(&directives, &body))
    }

    /// The request and the script of a submission that is not made.
    pub(crate) fn preview(&self, tasks: u64) -> Result<(Submission, String)> {
        let stage = Stage {
            token: PREVIEW_TOKEN.to_owned(),
            tasks: TaskSet::range(1, tasks),
            max_running: self.source.max_in_flight,
            again: Vec::new(),
        };
        let request = self.request(&stage)?;
        let script = self.script(&stage, &request)?;
        Ok((request, script))
    }
}

/// Stands for the token of a submission that is not made.
const PREVIEW_TOKEN: &str = "xxxxxxxxxx";

/// Whether tasks may use GPUs: where a header line of the user's own asks for some, hsm does not hide them.
fn uses_gpus(resources: &Resources) -> bool {
    let by_hand = |line: &String| line.contains("gpu") || line.contains("gres");
    resources.gpus.is_some_and(|gpus| gpus > 0) || resources.directives.iter().any(by_hand)
}

fn write_synced(path: &Path, text: &str) -> Result<()> {
    let write = || {
        let mut file = fs::File::create(path)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()
    };
    write().map_err(|error| Error::io("write", path, error))
}

fn utf8(path: &Path) -> Result<String> {
    path.to_str().map(str::to_owned).ok_or_else(|| {
        Error::new(
            ErrorKind::Path,
            format!("the path `{}` is not UTF-8, and a script has to name it", path.display()),
        )
    })
}
