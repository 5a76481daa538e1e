//! A laptop that knows the lab's hosts, and what can be seen of them from beside: for tests about one machine.

use crate::log::RunLog;
use hsm_tests::lab::{SshHosts, SshOptions};
use hsm_tests::{Run, Running, World, wait_until};
use std::path::PathBuf;
use std::time::Duration;

/// Longer than any sweep of these tests takes on a busy machine.
pub const SWEEP_LIMIT: Duration = Duration::from_secs(180);

/// What the tasks of these tests do over there, where nothing of the test's world is: `log` writes a line to `~/runs.log`, as
/// `programs/tick.sh` does, and `gate` waits for a file in the home.
const TASK: &str = "\
#!/bin/bash
log() { echo \"$1 $HSM_TASK $$\" >>~/runs.log; }
gate() { until [ -e ~/\"$1\" ]; do sleep 0.05; done; }
log start
. ./deed.sh
code=$?
log end
exit $code
";

/// A laptop and hosts, for sweeps on one of them.
pub struct Laptop {
    // The world's processes end before the hosts do.
    pub world: World,
    pub hosts: SshHosts,
}

impl Laptop {
    pub fn with(options: SshOptions) -> Self {
        let hosts = SshHosts::up(&options);
        let world = World::new().with_ssh(&hosts);
        world.write_program("task.sh", TASK);
        Self { world, hosts }
    }

    /// A sweep of so many tasks that do these lines of bash, in which `$1` is the task's number.
    pub fn sweep(&self, tasks: u64, deed: &str) {
        self.world.write("deed.sh", format!("{deed}\n"));
        let values = (1..=tasks).map(|task| task.to_string()).collect::<Vec<_>>().join(", ");
        self.world
            .write_sweep(&format!("command: [./task.sh, '{{x}}']\nsweep:\n  grid:\n    x: [{values}]\n"));
    }

    /// Starts the sweep on a machine, with further options.
    pub fn start(&self, host: &str, options: &[&str]) -> Running {
        let fixed = ["run", "--sweep-id", "s", "--remote", host, "--poll-interval", "1"];
        self.world.start(&[&fixed[..], options].concat())
    }

    /// Runs the sweep on a machine until it is over.
    pub fn run(&self, host: &str, options: &[&str]) -> Run {
        self.start(host, options).wait_within(SWEEP_LIMIT)
    }

    /// Lets tasks go on.
    pub fn open(&self, host: &str, gate: &str) {
        std::fs::write(self.hosts.home(host).join(gate), "").expect("an open gate");
    }

    /// The runs of tasks over there, from whose log they are copied.
    pub fn log(&self, host: &str) -> RunLog {
        let text = std::fs::read_to_string(self.hosts.home(host).join("runs.log")).unwrap_or_default();
        std::fs::write(self.world.path("runs.log"), text).expect("a copy of the log");
        RunLog::read(&self.world)
    }

    pub fn wait_for_starts(&self, host: &str, starts: usize) {
        wait_until("tasks have begun over there", || self.log(host).starts.len() >= starts);
    }

    /// What a task printed, as it is here.
    pub fn printed(&self, task: u64) -> String {
        World::read(self.world.task_dir("s", task).join("stdout.log"))
    }

    /// What `hsm status` says of the sweep.
    pub fn status(&self) -> serde_json::Value {
        self.world.hsm(&["status", "s", "--json"]).succeeds().json()
    }

    /// What keeps the sweep from going on, as `hsm status` tells people.
    pub fn told(&self) -> String {
        self.world.hsm(&["status", "s"]).succeeds().stdout
    }

    /// The folders of this project's sweep over there; of its place while it is there.
    pub fn far_sweeps(&self, host: &str) -> Vec<PathBuf> {
        let root = self.hosts.home(host).join(".hsm/remote");
        let entries = |folder: PathBuf| std::fs::read_dir(folder).into_iter().flatten().flatten();
        entries(root)
            .flat_map(|project| entries(project.path().join("sweeps")))
            .map(|sweep| sweep.path())
            .collect()
    }

    /// Each of the tasks completed in one run, and its output is home.
    pub fn each_completed_once(&self, host: &str, tasks: usize) {
        let states = self.world.states("s");
        assert!(states.len() == tasks && states.iter().all(|state| state == "completed"), "{states:?}");
        let log = self.log(host);
        assert_eq!((log.starts.len(), log.ends.len()), (tasks, tasks), "{log:?}");
        assert!(log.starts.values().chain(log.ends.values()).all(|times| *times == 1), "{log:?}");
    }
}
