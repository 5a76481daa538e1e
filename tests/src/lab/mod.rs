//! Batch systems and ssh hosts of a test's own: brought up in a temporary folder by the scripts of `tests/lab`, and gone with everything in it
//! when the test ends, or when the process that runs the tests does, however it ends.
//!
//! Nothing here knows how hsm speaks with any of them. A test does to one what an administrator, a user or an accident would.

mod grid_engine;
mod pbs;
mod slurm;
mod ssh;

pub use grid_engine::GridEngine;
pub use pbs::FakePbs;
pub use slurm::{Options, Slurm};
pub use ssh::{SshHosts, SshOptions};

use crate::world::{World, built};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

/// A batch system that a world can be at.
pub trait Lab {
    /// The folder of the programs that people type.
    fn programs(&self) -> PathBuf;

    /// What the programs need in their environment.
    fn variables(&self) -> Vec<(&'static str, String)>;
}

impl World {
    /// The same world at a machine where this batch system can be used, as on a login node.
    #[must_use]
    pub fn at(self, lab: &impl Lab) -> Self {
        let path = format!(
            "{}:{}:/usr/local/bin:/usr/bin:/bin",
            self.path("bin").display(),
            lab.programs().display()
        );
        lab.variables()
            .into_iter()
            .fold(self.with_variable("PATH", path), |world, (name, value)| world.with_variable(name, value))
    }
}

/// Where the unpacked programs of all labs are.
#[must_use]
pub fn programs() -> PathBuf {
    built("HSM_LAB_PROGRAMS", "lab")
}

/// Where the unpacked programs of a lab are.
fn unpacked(name: &str) -> PathBuf {
    let folder = programs().join(name);
    assert!(
        folder.join("bin").is_dir(),
        "there is no {}: run `tests/setup`, which gets it",
        folder.display()
    );
    folder
}

/// A folder that nobody has yet. Its path is short, because sockets lie in it.
fn new_folder(name: &str) -> PathBuf {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    std::env::temp_dir().join(format!("hsm-{name}-{}-{count}", std::process::id()))
}

/// Runs a script of `tests/lab`, and gives what it printed, or says what it said where it failed.
#[expect(clippy::disallowed_methods, reason = "labs are made of processes")]
fn script(name: &str, arguments: &[&str]) -> Result<String, String> {
    let output = std::process::Command::new(World::checkout("tests/lab").join(name))
        .args(arguments)
        .env("HSM_LAB_PROGRAMS", programs())
        .stdin(std::process::Stdio::null())
        .output()
        .map_err(|error| format!("could not start tests/lab/{name}: {error}"))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    Err(format!("tests/lab/{name} {}: {}", arguments.join(" "), String::from_utf8_lossy(&output.stderr)))
}

/// Runs a program of a batch system as its administrator, and gives what it printed.
#[expect(clippy::disallowed_methods, reason = "labs are made of processes")]
fn ask(lab: &impl Lab, program: &str, arguments: &[&str]) -> String {
    let output = std::process::Command::new(lab.programs().join(program))
        .args(arguments)
        .envs(lab.variables())
        .env("LC_ALL", "C")
        .stdin(std::process::Stdio::null())
        .output()
        .unwrap_or_else(|error| panic!("could not start {program}: {error}"));
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(
        output.status.success(),
        "{program} {}: {}\n{stdout}{stderr}",
        arguments.join(" "),
        output.status
    );
    stdout.into_owned()
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a path of plain letters")
}
