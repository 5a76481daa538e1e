//! Sweeps on a real Slurm, and everything that happens to them there. In every test: no task is reported other than it ended, none runs to its
//! end twice, and none is lost.

mod killed;
mod limits;
mod nodes;
mod states;

use crate::log::RunLog;
use hsm_tests::lab::{Lab, Options, Slurm};
use hsm_tests::{Run, Running, World, wait_until};
use rustix::process::{Pid, Signal, kill_process};
use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::Duration;

/// Longer than any sweep of these tests takes on a busy machine.
const SWEEP_LIMIT: Duration = Duration::from_secs(240);

/// A cluster of a test's own, and a world on its login node. The tasks of its sweep do what they are told to (`programs/deed.sh`), and
/// every run of one is counted.
struct Site {
    // The world's processes end before the cluster does.
    world: World,
    slurm: Slurm,
}

/// A task that is over or not, and why, as `hsm status` says it.
#[derive(Debug)]
struct Told {
    state: String,
    reason: String,
    attempts: u64,
}

impl Site {
    /// A small cluster: two nodes, and as many tasks at once as `cpus` on each.
    fn of(cpus: u32) -> Self {
        Self::with(Options { nodes: 2, cpus, gpus: 0, ..Options::default() })
    }

    fn with(options: Options) -> Self {
        let slurm = Slurm::up(&options);
        let world = World::new().at(&slurm);
        let (log, gates) = (world.path("runs.log"), world.path("gates"));
        std::fs::create_dir(&gates).expect("a folder for the gates");
        let world = world.with_variable("RUN_LOG", log).with_variable("GATES", gates);
        world.write_program("deed.sh", include_str!("../../programs/deed.sh"));
        Self { world, slurm }
    }

    /// A sweep with one task for each of these deeds.
    fn sweep<'a>(&self, deeds: impl IntoIterator<Item = &'a str>) {
        let mut values = String::new();
        for (at, deed) in deeds.into_iter().enumerate() {
            write!(values, "'{}:{deed}', ", at + 1).expect("room in memory");
        }
        self.world.write_sweep(&format!(
            "command: [./deed.sh, '{{x}}']\nsweep:\n  grid:\n    x: [{}]\n",
            values.trim_end_matches(", ")
        ));
    }

    /// Starts the sweep as an array, with further options.
    fn run(&self, options: &[&str]) -> Running {
        let fixed =
            ["run", "--sweep-id", "s", "--mode", "array", "--scheduler", "slurm", "--poll-interval", "1"];
        self.world.start(&[&fixed[..], options].concat())
    }

    /// Goes on with what is left of the sweep, until it is over.
    fn complete(&self) -> Run {
        self.world.start(&["complete", "s"]).wait_within(SWEEP_LIMIT)
    }

    /// Lets every task that waits go on, now and later.
    fn open(&self) {
        self.open_for("open");
    }

    /// Lets one task go on.
    fn open_for(&self, task: &str) {
        std::fs::write(self.world.path("gates").join(task), "").expect("an open gate");
    }

    /// Every task, as `hsm status` tells of it.
    fn told(&self) -> Vec<Told> {
        let status = self.world.hsm(&["status", "s", "--json"]).succeeds().json();
        let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
        let told = |task: &serde_json::Value| Told {
            state: text(&task["state"]),
            reason: text(&task["reason"]),
            attempts: task["attempts"].as_u64().expect("a number of attempts"),
        };
        status["tasks"].as_array().expect("a list of tasks").iter().map(told).collect()
    }

    fn states(&self) -> Vec<String> {
        self.told().into_iter().map(|told| told.state).collect()
    }

    /// What the journal says so far: for what no command shows yet, and for messages.
    fn journal(&self) -> String {
        let mut text = String::new();
        for segment in 1.. {
            let path = self.world.sweep_dir("s").join(format!("journal/{segment:06}.jsonl"));
            match std::fs::read_to_string(path) {
                Ok(lines) => text.push_str(&lines),
                Err(_) => break,
            }
        }
        text
    }

    fn log(&self) -> RunLog {
        RunLog::read(&self.world)
    }

    fn wait_for_starts(&self, starts: usize) {
        wait_until("tasks have begun", || self.log().starts.len() >= starts);
    }

    /// The id of the sweep's one job.
    fn job(&self) -> String {
        let mut ids = Vec::new();
        wait_until("the job is in the queue", || {
            ids = self.slurm.queue("%F");
            !ids.is_empty()
        });
        ids.dedup();
        assert_eq!(ids.len(), 1, "{ids:?}");
        ids.remove(0)
    }

    fn queue_is_empty(&self) -> bool {
        self.slurm.queue("%i").is_empty()
    }

    /// Kills the driver.
    fn kill_drivers(&self) {
        for driver in self.world.drivers("s") {
            kill_process(Pid::from_raw(driver).expect("a process"), Signal::KILL).expect("a living driver");
        }
    }

    /// Puts a program in front of one of Slurm's own. In `lines`, `real` runs that one with all arguments, `first` is true the first time
    /// it is asked, and `$PPID` is whoever runs the command.
    fn wrap(&self, program: &str, lines: &str) {
        let real = self.slurm.programs().join(program);
        let mark = self.world.path("tmp").join(format!("{program}-was-run"));
        self.world.write_program(
            &format!("bin/{program}"),
            &format!(
                "#!/bin/bash\nreal() {{ '{}' \"$@\"; }}\nfirst() {{ mkdir '{}' 2>/dev/null; }}\n{lines}\n",
                real.display(),
                mark.display()
            ),
        );
    }

    /// What the tasks' scripts and Slurm printed, for messages.
    fn scheduler_logs(&self) -> String {
        let jobs = self.world.sweep_dir("s").join("jobs");
        let folders: Vec<PathBuf> =
            std::fs::read_dir(jobs).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
        folders
            .iter()
            .filter_map(|folder| std::fs::read_to_string(folder.join("scheduler.log")).ok())
            .collect()
    }

    /// No task ran to its end twice. (In the log, a copy that was stopped looks like one that runs on beside the next.)
    fn none_ended_twice(&self) {
        let twice: Vec<_> = self.log().ends.into_iter().filter(|(_, times)| *times > 1).collect();
        assert!(
            twice.is_empty(),
            "twice to the end: {twice:?}\n{}\n{}",
            self.journal(),
            self.scheduler_logs()
        );
    }

    /// No task ran to its end twice, and no two copies of one ran at once.
    fn nothing_ran_twice(&self) {
        self.none_ended_twice();
        let doubled = self.log().doubled;
        assert!(doubled.is_empty(), "at once: {doubled:?}\n{}\n{}", self.journal(), self.scheduler_logs());
    }

    /// Each of the sweep's tasks completed, in one run of its program.
    fn each_completed_once(&self, tasks: usize) {
        self.nothing_ran_twice();
        let told = self.told();
        let complete = told.iter().filter(|told| told.state == "completed").count();
        assert_eq!((told.len(), complete), (tasks, tasks), "{told:?}\n{}", self.journal());
        let log = self.log();
        assert_eq!((log.starts.len(), log.ends.len()), (tasks, tasks), "{log:?}");
        assert!(log.starts.values().all(|times| *times == 1), "{log:?}");
    }
}
