//! A Slurm cluster: its controller, its nodes, and what can happen to them.

use super::{Lab, ask, new_folder, script, text, unpacked};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// What a cluster is like.
#[derive(Clone, Debug)]
pub struct Options {
    /// How many nodes it has, called `n1`, `n2` …; the second half of them has the GPUs and is the partition `gpu`.
    pub nodes: u32,
    /// How many cores each node claims to have.
    pub cpus: u32,
    /// How much memory each node claims to have.
    pub memory_mib: u32,
    /// How many GPUs each node of the second half claims to have.
    pub gpus: u32,
    /// Lines of `slurm.conf`, such as `MaxJobCount=50`, in the place of the lab's own.
    pub lines: Vec<String>,
    /// Whether it keeps accounts, so that `sacct` has answers and limits can be set. That takes ten seconds.
    pub accounting: bool,
    /// Whether the kernel kills what takes more memory than it asked for. That takes root and cgroups of version 1, and is for one cluster
    /// at a time.
    pub memory_limits: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            nodes: 4,
            cpus: 4,
            memory_mib: 4_000,
            gpus: 2,
            lines: Vec::new(),
            accounting: false,
            memory_limits: false,
        }
    }
}

/// A Slurm cluster in a folder. It ends when this does.
#[derive(Debug)]
pub struct Slurm {
    folder: PathBuf,
    programs: PathBuf,
}

impl Lab for Slurm {
    fn programs(&self) -> PathBuf {
        self.programs.clone()
    }

    fn variables(&self) -> Vec<(&'static str, String)> {
        vec![("SLURM_CONF", text(&self.folder.join("slurm.conf")).to_owned())]
    }
}

impl Slurm {
    /// Brings up a cluster, which takes half a second.
    ///
    /// # Panics
    /// When it does not come up.
    #[must_use]
    pub fn up(options: &Options) -> Self {
        let slurm = Self { folder: new_folder("slurm"), programs: unpacked("slurm").join("bin") };
        let numbers = [
            ("--nodes", options.nodes),
            ("--cpus", options.cpus),
            ("--memory", options.memory_mib),
            ("--gpus", options.gpus),
            ("--owner", std::process::id()),
        ];
        let mut arguments = vec!["up".to_owned(), text(&slurm.folder).to_owned()];
        for (name, number) in numbers {
            arguments.extend([name.to_owned(), number.to_string()]);
        }
        for line in &options.lines {
            arguments.extend(["--line".to_owned(), line.clone()]);
        }
        if options.accounting {
            arguments.push("--accounting".to_owned());
        }
        if options.memory_limits {
            arguments.push("--memory-limits".to_owned());
        }
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        // Where this panics, dropping the cluster takes down what came up of it.
        if let Err(error) = script("slurm", &arguments) {
            panic!("{error}");
        }
        slurm
    }

    /// A cluster like any other, for tests that do nothing to it but run their own jobs. It ends with the process that runs the tests.
    #[must_use]
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Slurm> = OnceLock::new();
        SHARED.get_or_init(|| Self::up(&Options::default()))
    }

    /// The cluster's folder, with `logs` in it.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Runs a program such as `scontrol` or `sacctmgr`, and gives what it printed.
    ///
    /// # Panics
    /// When it fails.
    #[must_use]
    pub fn ask(&self, program: &str, arguments: &[&str]) -> String {
        ask(self, program, arguments)
    }

    /// The rows that `squeue` prints in this format, one for each element of an array, of jobs that have not ended.
    #[must_use]
    pub fn queue(&self, format: &str) -> Vec<String> {
        self.ask("squeue", &["-h", "-r", "-o", format]).lines().map(str::to_owned).collect()
    }

    /// Changes something: `scontrol update` with these words.
    pub fn update(&self, words: &[&str]) {
        let _ = self.ask("scontrol", &[&["update"], words].concat());
    }

    /// Cancels a job, or elements of one such as `12_[3-5]`.
    pub fn scancel(&self, job: &str) {
        let _ = self.ask("scancel", &[job]);
    }

    /// Ends a running job's time now, which Slurm notices within half a minute. Its own limits are whole minutes.
    pub fn run_out_of_time(&self, job: &str) {
        self.update(&[&format!("JobId={job}"), "EndTime=now"]);
    }

    /// Lets a node finish what it runs, and start nothing more.
    pub fn drain(&self, node: &str) {
        self.update(&[&format!("NodeName={node}"), "State=DRAIN", "Reason=test"]);
    }

    /// Says that a node is down, as an administrator would: what it ran is requeued or failed at once. A node whose daemon lives comes back by
    /// itself.
    pub fn declare_down(&self, node: &str) {
        self.update(&[&format!("NodeName={node}"), "State=DOWN", "Reason=test"]);
    }

    /// Puts a node into service again.
    pub fn resume(&self, node: &str) {
        self.update(&[&format!("NodeName={node}"), "State=RESUME"]);
    }

    /// Asks the controller to end; it saves what it knows.
    pub fn stop_controller(&self) {
        self.controller("stop");
    }

    /// Kills the controller: what it had not saved is lost.
    pub fn kill_controller(&self) {
        self.controller("kill");
    }

    /// Starts the controller again, and waits until it answers.
    pub fn start_controller(&self) {
        self.controller("start");
    }

    /// Makes the controller take connections and answer nothing.
    pub fn freeze_controller(&self) {
        self.controller("freeze");
    }

    /// Makes a frozen controller go on.
    pub fn thaw_controller(&self) {
        self.controller("thaw");
    }

    /// Kills a node's daemon. The jobs there run on, unknown to Slurm.
    pub fn kill_node(&self, node: &str) {
        self.node(node, "kill");
    }

    /// Kills a node's daemon and everything that it ran, as a loss of power would.
    pub fn crash_node(&self, node: &str) {
        self.node(node, "crash");
    }

    /// Starts a node's daemon again.
    pub fn start_node(&self, node: &str) {
        self.node(node, "start");
    }

    fn controller(&self, deed: &str) {
        script("slurm", &["controller", text(&self.folder), deed]).unwrap_or_else(|error| panic!("{error}"));
    }

    fn node(&self, node: &str, deed: &str) {
        script("slurm", &["node", text(&self.folder), node, deed]).unwrap_or_else(|error| panic!("{error}"));
    }
}

impl Drop for Slurm {
    fn drop(&mut self) {
        // What cannot be taken down now is when this process ends.
        let _ = script("slurm", &["down", text(&self.folder)]);
    }
}
