//! From a point to the exact arguments of its program, and to what the program finds in its environment.
//!
//! Nothing here quotes for a shell, because no shell ever sees these arguments: each is handed over as it is.

mod detect;
mod template;

pub use detect::uses_hydra;
pub use template::{Piece, Template, TemplateError, TemplateProblem};

use crate::point::Point;
use crate::render::{HydraError, hydra, plain};
use crate::sweep_id::SweepId;
use crate::value::Value;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// The longest argument, in bytes: Linux takes 128 KiB with the zero byte that ends it.
pub const ARGUMENT_LENGTH_MAX: usize = 128 * 1024 - 1;

/// The file, in a task's folder, that holds its parameters as JSON.
pub const PARAMS_FILE: &str = "params.json";

/// Hydra's own run folder, in a task's folder, so that tasks starting in one second never share one.
const HYDRA_RUN_FOLDER: &str = ".hydra_run";

/// What a sweep runs for each point.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Program {
    /// A Python script that takes `name=value` arguments.
    Script {
        /// Its path; a relative one starts at the project's root.
        script: String,
    },
    /// Any program, by an argv template.
    Command(Template),
}

/// What a run needs beside the point: recorded with every driver, and no part of a task's identity.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Launch {
    /// What runs.
    pub program: Program,
    /// The Python interpreter and its own arguments; used by scripts alone.
    pub python: Vec<String>,
    /// Whether a script is Hydra's: values take Hydra's quotes, and `hydra.run.dir` is set.
    pub hydra: bool,
    /// The group in `wandb.group`; the sweep's id where there is none.
    pub group: Option<String>,
    /// Where relative scripts start.
    pub project_root: PathBuf,
}

/// Why a point cannot be turned into a command.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CommandError {
    /// The template and the point disagree.
    #[error("the command cannot be filled in for task {task}: {source}")]
    Template {
        /// The task.
        task: u64,
        /// What is wrong.
        source: TemplateProblem,
    },
    /// Hydra cannot be given a value.
    #[error("the value of `{name}` of task {task} cannot be handed to Hydra: {source}")]
    Hydra {
        /// The task.
        task: u64,
        /// The parameter.
        name: String,
        /// What is wrong.
        source: HydraError,
    },
    /// An argument is longer than the system takes.
    #[error(
        "argument {argument} of task {task} is {bytes} bytes long, and {ARGUMENT_LENGTH_MAX} is the most a program can be given"
    )]
    ArgumentTooLong {
        /// The task.
        task: u64,
        /// The argument, from 0, which is the program.
        argument: usize,
        /// Its length.
        bytes: usize,
    },
    /// An argument holds a zero byte, which would end it.
    #[error("argument {argument} of task {task} holds a zero byte, which no program can be given")]
    ZeroByte {
        /// The task.
        task: u64,
        /// The argument, from 0, which is the program.
        argument: usize,
    },
    /// A path is not UTF-8.
    #[error("the path {} is not UTF-8", .0.display())]
    Path(PathBuf),
}

impl Launch {
    /// The arguments of one task, the program first.
    ///
    /// # Errors
    /// When the template and the point disagree, or an argument cannot be handed to a program.
    pub fn argv(
        &self,
        sweep_id: &SweepId,
        task: u64,
        task_dir: &Path,
        point: &Point,
    ) -> Result<Vec<String>, CommandError> {
        let argv = match &self.program {
            Program::Script { script } => self.script_argv(script, sweep_id, task, task_dir, point)?,
            Program::Command(template) => template_argv(template, sweep_id, task, task_dir, point)?,
        };
        for (argument, text) in argv.iter().enumerate() {
            if text.len() > ARGUMENT_LENGTH_MAX {
                return Err(CommandError::ArgumentTooLong { task, argument, bytes: text.len() });
            }
            if text.contains('\0') {
                return Err(CommandError::ZeroByte { task, argument });
            }
        }
        Ok(argv)
    }

    /// The same launch with the project's code in another folder. A script that is named by its whole path below `project` moves with it.
    #[must_use]
    pub fn moved_to(&self, project_root: PathBuf, project: &Path) -> Self {
        let mut launch = Self { project_root, ..self.clone() };
        if let Program::Script { script } = &mut launch.program
            && let Ok(inside) = Path::new(&*script).strip_prefix(project)
            && let Some(inside) = inside.to_str()
        {
            *script = inside.to_owned();
        }
        launch
    }

    /// The script with its whole path, where a script runs.
    #[must_use]
    pub fn script_path(&self) -> Option<PathBuf> {
        match &self.program {
            Program::Script { script } => Some(self.project_root.join(script)),
            Program::Command(_) => None,
        }
    }

    fn script_argv(
        &self,
        script: &str,
        sweep_id: &SweepId,
        task: u64,
        task_dir: &Path,
        point: &Point,
    ) -> Result<Vec<String>, CommandError> {
        let mut argv = self.python.clone();
        argv.push(utf8(&self.project_root.join(script))?);
        for (name, value) in point.iter() {
            argv.push(self.assignment(task, name, value)?);
        }
        let group = self.group.clone().unwrap_or_else(|| sweep_id.to_string());
        argv.push(self.assignment(task, "wandb.group", &Value::Text(group))?);
        argv.push(self.assignment(task, "output.dir", &Value::Text(utf8(task_dir)?))?);
        if self.hydra {
            let run_dir = Value::Text(utf8(&task_dir.join(HYDRA_RUN_FOLDER))?);
            argv.push(self.assignment(task, "hydra.run.dir", &run_dir)?);
        }
        Ok(argv)
    }

    fn assignment(&self, task: u64, name: &str, value: &Value) -> Result<String, CommandError> {
        if !self.hydra {
            return Ok(format!("{name}={}", plain(value)));
        }
        let value =
            hydra(value).map_err(|source| CommandError::Hydra { task, name: name.to_owned(), source })?;
        Ok(format!("{name}={value}"))
    }
}

/// What every task finds in its environment: its sweep, number, folder and parameters.
///
/// # Errors
/// When the folder's path is not UTF-8.
pub fn task_environment(
    sweep_id: &SweepId,
    task: u64,
    task_dir: &Path,
) -> Result<Vec<(&'static str, String)>, CommandError> {
    Ok(vec![
        ("HSM_SWEEP_ID", sweep_id.to_string()),
        ("HSM_TASK", task.to_string()),
        ("HSM_TASK_DIR", utf8(task_dir)?),
        ("HSM_PARAMS", utf8(&task_dir.join(PARAMS_FILE))?),
    ])
}

fn template_argv(
    template: &Template,
    sweep_id: &SweepId,
    task: u64,
    task_dir: &Path,
    point: &Point,
) -> Result<Vec<String>, CommandError> {
    let disagree = |source| CommandError::Template { task, source };
    template.check(point.iter().map(|(name, _)| name)).map_err(|error| disagree(error.problem))?;
    let mut argv = Vec::with_capacity(template.arguments().len());
    for pieces in template.arguments() {
        let mut argument = String::new();
        for piece in pieces {
            match piece {
                Piece::Text(text) => argument.push_str(text),
                Piece::Parameter(name) => {
                    let unknown = || disagree(TemplateProblem::UnknownParameter(name.clone()));
                    argument.push_str(&plain(point.get(name).ok_or_else(unknown)?));
                }
                Piece::Task => argument.push_str(&task.to_string()),
                Piece::TaskDir => argument.push_str(&utf8(task_dir)?),
                Piece::SweepId => argument.push_str(sweep_id.as_str()),
                Piece::Params => argument.push_str(&utf8(&task_dir.join(PARAMS_FILE))?),
            }
        }
        argv.push(argument);
    }
    Ok(argv)
}

fn utf8(path: &Path) -> Result<String, CommandError> {
    path.to_str().map(str::to_owned).ok_or_else(|| CommandError::Path(path.to_owned()))
}

#[cfg(test)]
mod tests;
