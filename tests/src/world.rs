//! A world: an empty home, an empty project and a bare environment, gone with everything in it when the test ends.
#![expect(
    clippy::disallowed_methods,
    reason = "starting the built binary in a chosen environment is what this module is for"
)]

use crate::processes::processes_of;
use crate::run::{Run, Running};
use rustix::process::{Signal, kill_process};
use serde_json::Value;
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use tempfile::TempDir;

/// A test's own world.
pub struct World {
    folder: TempDir,
    environment: BTreeMap<String, String>,
}

impl World {
    /// A world with an empty project in it.
    ///
    /// # Panics
    /// When the temporary folder cannot be made, or there is no Python.
    #[must_use]
    pub fn new() -> Self {
        let folder = tempfile::Builder::new().prefix("hsm-world-").tempdir().expect("a temporary folder");
        let world = Self { folder, environment: BTreeMap::new() };
        for name in ["home", "bin", "tmp", "project/.hsm", "project/sweeps"] {
            fs::create_dir_all(world.path(name)).expect("a folder of the world");
        }
        // Version managers put a slow wrapper on the path; tasks get the interpreter itself.
        symlink(python(), world.path("bin/python3")).expect("a link to the interpreter");
        world.write(".hsm/config.yaml", "project:\n  name: world\n");
        world
    }

    /// The same world with one more variable in the environment of everything it starts.
    #[must_use]
    pub fn with_variable(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.environment.insert(name.to_owned(), value.as_ref().to_string_lossy().into_owned());
        self
    }

    /// A path in the world: `home`, `bin`, `tmp`, `project` or anything else.
    #[must_use]
    pub fn path(&self, relative: &str) -> PathBuf {
        self.folder.path().join(relative)
    }

    /// A path in the project.
    #[must_use]
    pub fn project(&self, relative: &str) -> PathBuf {
        self.folder.path().join("project").join(relative)
    }

    /// The folder of a sweep.
    #[must_use]
    pub fn sweep_dir(&self, sweep_id: &str) -> PathBuf {
        self.project("sweeps/outputs").join(sweep_id)
    }

    /// The folder of a task.
    #[must_use]
    pub fn task_dir(&self, sweep_id: &str, task: u64) -> PathBuf {
        self.sweep_dir(sweep_id).join(format!("tasks/task_{task}"))
    }

    /// Writes a file of the project, making its folder.
    ///
    /// # Panics
    /// When it cannot.
    pub fn write(&self, relative: &str, content: impl AsRef<[u8]>) {
        let path = self.project(relative);
        fs::create_dir_all(path.parent().expect("a folder")).expect("the file's folder");
        fs::write(&path, content).expect("a file of the project");
    }

    /// Writes a program into the project (`./name` in a command), or with `bin/` before its name on to the path.
    ///
    /// # Panics
    /// When it cannot.
    pub fn write_program(&self, name: &str, text: &str) {
        let path = if name.starts_with("bin/") { self.path(name) } else { self.project(name) };
        fs::create_dir_all(path.parent().expect("a folder")).expect("the program's folder");
        fs::write(&path, text).expect("a program");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("an executable program");
    }

    /// Writes `sweeps/sweep.yaml`.
    pub fn write_sweep(&self, text: &str) {
        self.write("sweeps/sweep.yaml", text);
    }

    /// Reads a file.
    ///
    /// # Panics
    /// When it is not there or not text.
    #[must_use]
    pub fn read(path: impl AsRef<Path>) -> String {
        let path = path.as_ref();
        fs::read_to_string(path).unwrap_or_else(|error| panic!("could not read {}: {error}", path.display()))
    }

    /// Reads a JSON file.
    ///
    /// # Panics
    /// When it is not there or not JSON.
    #[must_use]
    pub fn read_json(path: impl AsRef<Path>) -> Value {
        let text = Self::read(path.as_ref());
        serde_json::from_str(&text)
            .unwrap_or_else(|error| panic!("{}: {error}\n{text}", path.as_ref().display()))
    }

    /// Runs hsm in the project's root until it ends.
    pub fn hsm(&self, arguments: &[&str]) -> Run {
        self.start(arguments).wait()
    }

    /// Runs hsm in another folder until it ends.
    pub fn hsm_in(&self, folder: &Path, arguments: &[&str]) -> Run {
        let mut command = self.command(arguments);
        command.current_dir(folder);
        Running::start(&mut command, self.folder.path()).wait()
    }

    /// Starts hsm in the project's root and goes on.
    pub fn start(&self, arguments: &[&str]) -> Running {
        Running::start(&mut self.command(arguments), self.folder.path())
    }

    /// The state of every task, from `hsm status --json`.
    ///
    /// # Panics
    /// When hsm fails or prints something else.
    #[must_use]
    pub fn states(&self, sweep_id: &str) -> Vec<String> {
        let status = self.hsm(&["status", sweep_id, "--json"]).succeeds().json();
        let tasks = status["tasks"].as_array().expect("a list of tasks");
        tasks.iter().map(|task| task["state"].as_str().expect("a state").to_owned()).collect()
    }

    /// Whether no driver of a sweep lives any more.
    #[must_use]
    pub fn is_over(&self, sweep_id: &str) -> bool {
        self.drivers(sweep_id).is_empty()
    }

    /// The process ids of a sweep's drivers. A task that is about to start still has its driver's arguments, but leads no session.
    #[must_use]
    pub fn drivers(&self, sweep_id: &str) -> Vec<i32> {
        let folder = self.sweep_dir(sweep_id).to_string_lossy().into_owned();
        processes_of(self.folder.path())
            .into_iter()
            .filter(|process| {
                process.leads_session
                    && process.arguments.iter().any(|argument| argument == "drive")
                    && process.arguments.contains(&folder)
            })
            .map(|process| process.id)
            .collect()
    }

    /// `hsm` with arguments, and nothing in its environment that the world did not put there.
    #[must_use]
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(binary());
        command.args(arguments);
        self.place(&mut command);
        command
    }

    /// Any program, in this world's environment and the project's root.
    #[must_use]
    pub fn program(&self, name: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(name);
        self.place(&mut command);
        command
    }

    fn place(&self, command: &mut Command) {
        command
            .env_clear()
            .env("HOME", self.path("home"))
            .env("TMPDIR", self.path("tmp"))
            .env("PATH", format!("{}:/usr/local/bin:/usr/bin:/bin", self.path("bin").display()))
            .env("LANG", "C.UTF-8")
            .env("NO_COLOR", "1")
            .envs(&self.environment)
            .current_dir(self.project(""));
    }
}

impl Default for World {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for World {
    /// Drivers and tasks outlive the command that started them, so a failed test would leave them behind.
    fn drop(&mut self) {
        for _ in 0..3 {
            for process in processes_of(self.folder.path()) {
                if let Some(id) = rustix::process::Pid::from_raw(process.id) {
                    let _ = kill_process(id, Signal::KILL);
                }
            }
        }
    }
}

/// The built binary: `HSM_BIN`, or the debug build of this checkout.
fn binary() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| {
        let path = built("HSM_BIN", "debug/hsm");
        assert!(path.is_file(), "there is no {}: run `tests/run`, which builds it", path.display());
        path
    })
}

impl World {
    /// A built component: a plugin of this project, such as `leaderboard`, or one of the tests' own.
    ///
    /// # Panics
    /// When it was not built.
    #[must_use]
    pub fn plugin(name: &str) -> String {
        let path = built("HSM_PLUGINS", "plugins").join(format!("{name}.wasm"));
        assert!(path.is_file(), "there is no {}: run `tests/run`, which builds it", path.display());
        path.to_string_lossy().into_owned()
    }

    /// The program of the stock `minisign`, as `tests/setup` found or unpacked it.
    ///
    /// # Panics
    /// When there is none.
    #[must_use]
    pub fn minisign() -> String {
        std::env::var("HSM_MINISIGN").ok().filter(|path| Path::new(path).is_file()).unwrap_or_else(|| {
            panic!(
                "this test needs `minisign`, and HSM_MINISIGN names none: run `tests/setup`, which gets it"
            )
        })
    }

    /// A file or folder of this checkout.
    #[must_use]
    pub fn checkout(relative: &str) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(relative)
    }
}

/// Where something lies that was built or fetched for the tests.
pub(crate) fn built(variable: &str, below_target: &str) -> PathBuf {
    match std::env::var_os(variable) {
        Some(path) => PathBuf::from(path),
        None => match std::env::var_os("CARGO_TARGET_DIR") {
            Some(target) => PathBuf::from(target).join(below_target),
            None => World::checkout("target").join(below_target),
        },
    }
}

fn python() -> &'static Path {
    static PYTHON: OnceLock<PathBuf> = OnceLock::new();
    PYTHON.get_or_init(|| {
        let output = Command::new("python3")
            .args(["-c", "import sys; print(sys.executable)"])
            .output()
            .expect("the tests need `python3` on the path");
        PathBuf::from(String::from_utf8_lossy(&output.stdout).trim())
    })
}
