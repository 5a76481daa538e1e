//! The layout of a sweep on disk, and how a sweep's folder comes into being: completely, or not at all.

use crate::error::{Error, Result};
use crate::plan_file;
use hsm_core::plan::PlannedTask;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// The folder of one sweep, and the names of everything in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SweepDir {
    root: PathBuf,
}

impl SweepDir {
    /// The sweep in the folder `root`, which need not exist yet.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// The folder itself.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The definition as it was given.
    #[must_use]
    pub fn definition(&self) -> PathBuf {
        self.root.join("sweep.yaml")
    }

    /// The definition that the sweep was last extended with; the first one where it never was.
    #[must_use]
    pub fn newest_definition(&self) -> PathBuf {
        (2u32..)
            .map(|number| self.extension(number))
            .take_while(|path| path.is_file())
            .last()
            .unwrap_or_else(|| self.definition())
    }

    /// The definition of the extension `number`, from 2.
    pub(crate) fn extension(&self, number: u32) -> PathBuf {
        self.root.join(format!("sweep.{number}.yaml"))
    }

    /// One line a task: number, identity and point.
    #[must_use]
    pub fn plan(&self) -> PathBuf {
        self.root.join("plan.jsonl")
    }

    /// The segments of the journal.
    #[must_use]
    pub fn journal(&self) -> PathBuf {
        self.root.join("journal")
    }

    /// Who may write the journal.
    #[must_use]
    pub fn lease(&self) -> PathBuf {
        self.root.join("lease.json")
    }

    /// What other commands ask of the driver.
    #[must_use]
    pub fn requests(&self) -> PathBuf {
        self.root.join("requests")
    }

    /// What background drivers had to say.
    #[must_use]
    pub fn driver_log(&self) -> PathBuf {
        self.root.join("driver.log")
    }

    /// The folders of the tasks.
    #[must_use]
    pub fn tasks(&self) -> PathBuf {
        self.root.join("tasks")
    }

    /// The folder of one task.
    #[must_use]
    pub fn task(&self, task: u64) -> PathBuf {
        self.root.join("tasks").join(format!("task_{task}"))
    }

    /// The folders of submissions to schedulers.
    #[must_use]
    pub fn jobs(&self) -> PathBuf {
        self.root.join("jobs")
    }

    /// The folder of the submission with this token.
    #[must_use]
    pub fn job(&self, token: &str) -> PathBuf {
        self.jobs().join(token)
    }

    /// The snapshots of the project's code, from 1.
    #[must_use]
    pub fn code(&self, number: u32) -> PathBuf {
        self.root.join(if number == 1 { "code".to_owned() } else { format!("code-{number}") })
    }

    /// Where the next snapshot of the project's code goes.
    pub(crate) fn free_code(&self) -> Option<PathBuf> {
        (1..).map(|number| self.code(number)).find(|path| !path.exists())
    }

    /// Tables and artifacts.
    #[must_use]
    pub fn results(&self) -> PathBuf {
        self.root.join("results")
    }

    /// Whether there is a sweep of ours in the folder.
    #[must_use]
    pub fn exists(&self) -> bool {
        self.plan().is_file()
    }

    /// Whether the folder is of a submission that has not got as far as a plan.
    #[must_use]
    pub fn is_unfinished(&self) -> bool {
        !self.exists() && self.requests().is_dir() && self.journal().is_dir()
    }

    /// Creates the folder with its definition and the plan that `write_plan` writes.
    ///
    /// The plan is the last thing to get its name, so a folder with a plan is whole; what a killed process leaves behind has none, and is
    /// no sweep. On an error nothing is left.
    ///
    /// # Errors
    /// [`Submission`](crate::ErrorKind) when the folder exists already, [`Path`](crate::ErrorKind) when it cannot be written, and whatever `write_plan`
    /// fails with.
    pub fn create<T>(
        &self,
        definition: &str,
        write_plan: impl FnOnce(&mut dyn io::Write) -> Result<T>,
    ) -> Result<T> {
        if let Some(parent) = self.root.parent() {
            fs::create_dir_all(parent).map_err(|e| Error::io("create the folder", parent, e))?;
        }
        fs::create_dir(&self.root).map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists if self.is_unfinished() => Error::already_there(format!(
                "the sweep folder `{}` exists already: a submission was cut short there, or is under way",
                self.root.display()
            ))
            .with_hint("if no other `hsm run` is making it, nothing of it has run: remove the folder"),
            io::ErrorKind::AlreadyExists => {
                Error::already_there(format!("the sweep folder `{}` exists already", self.root.display()))
                    .with_hint(
                        "choose another `--sweep-id`, or run what is missing of that one with `hsm complete`",
                    )
            }
            _ => Error::io("create the folder", &self.root, error),
        })?;
        let filled = self.fill(definition, write_plan);
        if filled.is_err() {
            // Ours alone: `create_dir` above made it a moment ago.
            let _ = fs::remove_dir_all(&self.root);
        }
        filled
    }

    fn fill<T>(
        &self,
        definition: &str,
        write_plan: impl FnOnce(&mut dyn io::Write) -> Result<T>,
    ) -> Result<T> {
        for folder in [self.journal(), self.requests(), self.tasks()] {
            fs::create_dir(&folder).map_err(|e| Error::io("create the folder", &folder, e))?;
        }
        fs::write(self.definition(), definition).map_err(|e| Error::io("write", &self.definition(), e))?;
        let unfinished = self.root.join(".plan.jsonl");
        let wrong = |error| Error::io("write", &unfinished, error);
        let mut out = io::BufWriter::with_capacity(1 << 16, File::create_new(&unfinished).map_err(wrong)?);
        let answer = write_plan(&mut out)?;
        let file = out.into_inner().map_err(|error| wrong(error.into_error()))?;
        file.sync_all().map_err(wrong)?;
        fs::rename(&unfinished, self.plan()).map_err(|e| Error::io("write", &self.plan(), e))?;
        sync_folder(&self.root)?;
        Ok(answer)
    }

    /// Appends tasks to the plan, on the disk before this returns. On an error the plan is as it was. The caller holds the lease.
    ///
    /// A last line without an end is what a killed writer left; no task was ever started from it, and it is cut off first.
    pub(crate) fn append_to_plan(&self, tasks: &[PlannedTask]) -> Result<()> {
        let path = self.plan();
        let wrong = |error| Error::io("extend the plan", &path, error);
        let mut file = File::options().append(true).open(&path).map_err(wrong)?;
        let before = plan_file::whole_lines_length(&path)?;
        file.set_len(before).map_err(wrong)?;
        let mut lines = String::new();
        for task in tasks {
            lines.push_str(&task.to_line());
            lines.push('\n');
        }
        let written = file.write_all(lines.as_bytes()).and_then(|()| file.sync_all());
        written.map_err(|error| {
            let _ = file.set_len(before);
            wrong(error)
        })
    }
}

/// Makes the names in a folder survive the death of the machine.
pub(crate) fn sync_folder(folder: &Path) -> Result<()> {
    File::open(folder)
        .and_then(|file| file.sync_all())
        .map_err(|error| Error::io("sync the folder", folder, error))
}
