//! A Grid Engine cell: its master, its one host, and what can happen to them.

use super::{Lab, ask, new_folder, script, text, unpacked};
use crate::world::World;
use std::path::{Path, PathBuf};

/// A Grid Engine cell in a folder. It ends when this does.
#[derive(Debug)]
pub struct GridEngine {
    folder: PathBuf,
    programs: PathBuf,
    environment: Vec<(&'static str, String)>,
}

impl Lab for GridEngine {
    fn programs(&self) -> PathBuf {
        self.programs.clone()
    }

    fn variables(&self) -> Vec<(&'static str, String)> {
        self.environment.clone()
    }
}

impl GridEngine {
    /// Brings up a cell that runs that many tasks at once, which takes a second, and root.
    ///
    /// # Panics
    /// When it does not come up.
    #[must_use]
    pub fn up(slots: u32) -> Self {
        let folder = new_folder("grid-engine");
        let mut cell =
            Self { folder, programs: unpacked("grid-engine").join("bin"), environment: Vec::new() };
        let (slots, owner) = (slots.to_string(), std::process::id().to_string());
        // Where this panics, dropping the cell takes down what came up of it.
        if let Err(error) =
            script("grid-engine", &["up", text(&cell.folder), "--slots", &slots, "--owner", &owner])
        {
            panic!("{error}");
        }
        let written = World::read(cell.folder.join("environment"));
        cell.environment = ["SGE_ROOT", "SGE_CELL", "SGE_QMASTER_PORT", "SGE_EXECD_PORT"]
            .into_iter()
            .map(|name| {
                let value = written.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
                (name, value.unwrap_or_else(|| panic!("no {name} in {written}")).to_owned())
            })
            .collect();
        cell
    }

    /// The cell's folder, with `logs` in it.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Runs a program such as `qstat` or `qdel`, and gives what it printed.
    ///
    /// # Panics
    /// When it fails.
    #[must_use]
    pub fn ask(&self, program: &str, arguments: &[&str]) -> String {
        ask(self, program, arguments)
    }

    /// Asks the master to end; it saves what it knows.
    pub fn stop_master(&self) {
        self.deed("master", "stop");
    }

    /// Kills the master.
    pub fn kill_master(&self) {
        self.deed("master", "kill");
    }

    /// Starts the master again, and waits until it answers.
    pub fn start_master(&self) {
        self.deed("master", "start");
    }

    /// Makes the master take connections and answer nothing.
    pub fn freeze_master(&self) {
        self.deed("master", "freeze");
    }

    /// Makes a frozen master go on.
    pub fn thaw_master(&self) {
        self.deed("master", "thaw");
    }

    /// Kills the host's daemon. Its jobs run on.
    pub fn kill_host(&self) {
        self.deed("host", "kill");
    }

    /// Starts the host's daemon again.
    pub fn start_host(&self) {
        self.deed("host", "start");
    }

    fn deed(&self, whom: &str, deed: &str) {
        script("grid-engine", &[whom, text(&self.folder), deed]).unwrap_or_else(|error| panic!("{error}"));
    }
}

impl Drop for GridEngine {
    fn drop(&mut self) {
        // What cannot be taken down now is when this process ends.
        let _ = script("grid-engine", &["down", text(&self.folder)]);
    }
}
