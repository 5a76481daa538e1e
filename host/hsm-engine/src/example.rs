//! What examples in the documentation begin with: a small sweep that has been submitted.

use crate::{ComputeSource, JobId, JobManager, LocalSource, SubmitOptions};
use hsm_core::command::{Launch, Program, Template};
use hsm_core::point::Point;
use hsm_core::settings::Settings;
use hsm_core::sweep_id::SweepId;
use hsm_core::value::Value;
use std::error::Error;
use std::num::NonZeroUsize;
use std::path::Path;

/// Four tasks that each write a `results.json` with a loss, running in the project in `project`.
///
/// # Errors
/// Whatever submitting fails with.
pub fn submitted(project: &Path) -> Result<(JobManager, ComputeSource, Vec<JobId>), Box<dyn Error>> {
    let manager = JobManager::new(Settings::default(), project, false)?;
    let write = "echo '{{\"loss\": 0.5}}' > \"$HSM_TASK_DIR/results.json\"; test $1";
    let options = SubmitOptions::new(Launch {
        program: Program::Command(Template::parse(
            ["sh", "-c", write, "sh", "{i}"].map(String::from).to_vec(),
        )?),
        python: Vec::new(),
        hydra: false,
        group: None,
        project_root: project.into(),
    });
    let points: Vec<Point> = (1..=4).map(|i: i64| Point::new(vec![("i", Value::Number(i.into()))])).collect();
    let source = ComputeSource::Local(LocalSource::new(NonZeroUsize::new(2).ok_or("two is not zero")?));
    let id = SweepId::new("example")?;
    let jobs = manager.submit_sweep(points, &source, &id, &manager.sweep_dir(&id), options)?;
    Ok((manager, source, jobs))
}
