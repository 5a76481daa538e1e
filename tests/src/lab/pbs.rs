//! A batch system that speaks like OpenPBS, as far as recordings of a real one go.

use super::{Lab, new_folder, script, text};
use std::path::{Path, PathBuf};

/// The fake, in a folder. It ends when this does.
#[derive(Debug)]
pub struct FakePbs {
    folder: PathBuf,
}

impl Lab for FakePbs {
    fn programs(&self) -> PathBuf {
        self.folder.join("bin")
    }

    fn variables(&self) -> Vec<(&'static str, String)> {
        Vec::new()
    }
}

impl FakePbs {
    /// Brings one up with that many cores, with a history of ended jobs.
    ///
    /// # Panics
    /// When it does not come up.
    #[must_use]
    pub fn up(cpus: u32) -> Self {
        Self::up_with(&["--cpus", &cpus.to_string()])
    }

    /// Brings one up with options of `tests/lab/pbs`.
    ///
    /// # Panics
    /// When it does not come up.
    #[must_use]
    pub fn up_with(options: &[&str]) -> Self {
        let pbs = Self { folder: new_folder("pbs") };
        let owner = std::process::id().to_string();
        let fixed = ["up", text(&pbs.folder), "--owner", &owner];
        // Where this panics, dropping it takes down what came up of it.
        if let Err(error) = script("pbs", &[&fixed, options].concat()) {
            panic!("{error}");
        }
        pbs
    }

    /// Its folder, with `logs` in it.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Stops the server. Its jobs run on.
    pub fn stop_server(&self) {
        self.server("stop");
    }

    /// Starts the server again.
    pub fn start_server(&self) {
        self.server("start");
    }

    fn server(&self, deed: &str) {
        script("pbs", &["server", text(&self.folder), deed]).unwrap_or_else(|error| panic!("{error}"));
    }
}

impl Drop for FakePbs {
    fn drop(&mut self) {
        // What cannot be taken down now is when this process ends.
        let _ = script("pbs", &["down", text(&self.folder)]);
    }
}
