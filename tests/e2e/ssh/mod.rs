//! Sweeps on machines that are reached by ssh, and everything that happens to them and to the way there. In every test: no task is reported
//! other than it ended, no two copies of one ever live at once, and what tasks left is here in the end.

mod bad;
mod clusters;
mod code;
mod killed;
mod laptop;
mod pools;
mod single;
mod visits;

use hsm_tests::lab::{SshHosts, SshOptions};
use hsm_tests::{Run, Running, World, processes_of, wait_until};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::{Duration, Instant};
use visits::Visits;

/// Longer than any sweep of these tests takes on a busy machine.
const SWEEP_LIMIT: Duration = Duration::from_secs(300);

/// Longer than anything takes that a test waits for while a sweep goes on.
const PATIENCE: Duration = Duration::from_secs(85);

/// Hosts of a test's own, and a laptop that knows them. The tasks of its sweeps do what they are told to (`programs/visit.sh`), and every run of
/// one is noted in the home of the machine that it was on.
struct Site {
    // The world's processes end before the hosts do.
    world: World,
    hosts: SshHosts,
    names: Vec<String>,
}

impl Site {
    /// So many hosts like any others, known to ssh and to nobody else.
    fn of(hosts: u32) -> Self {
        Self::with(&SshOptions { hosts, ..SshOptions::default() })
    }

    fn with(options: &SshOptions) -> Self {
        let hosts = SshHosts::up(options);
        let world = World::new().with_ssh(&hosts);
        world.write_program("visit.sh", include_str!("../../programs/visit.sh"));
        let names = (1..=options.hosts).map(|number| format!("host{number}")).collect();
        Self { world, hosts, names }
    }

    /// Settings with a block `distributed`, whose lines these are.
    fn settings(&self, lines: &str) {
        self.world.write(".hsm/config.yaml", format!("project:\n  name: world\ndistributed:\n{lines}"));
    }

    /// A sweep with one task for each of these deeds.
    fn sweep<'a>(&self, deeds: impl IntoIterator<Item = &'a str>) {
        let mut values = String::new();
        for (at, deed) in deeds.into_iter().enumerate() {
            write!(values, "'{}:{deed}', ", at + 1).expect("room in memory");
        }
        self.world.write_sweep(&format!(
            "command: [./visit.sh, '{{x}}']\nsweep:\n  grid:\n    x: [{}]\n",
            values.trim_end_matches(", ")
        ));
    }

    /// Starts the sweep `s`, with these options.
    fn run(&self, options: &[&str]) -> Running {
        self.world.start(&[&["run", "--sweep-id", "s", "--poll-interval", "1"], options].concat())
    }

    /// Waits for the end of a command, which ends with this exit code.
    fn ends(&self, run: Running, code: i32) -> Run {
        let run = run.wait_within(SWEEP_LIMIT);
        assert_eq!(run.code(), Some(code), "{run}\n{}", self.story());
        run
    }

    /// Lets every task of a host that waits go on, now and later.
    fn open(&self, host: &str) {
        std::fs::write(self.hosts.home(host).join("open"), "").expect("an open gate");
    }

    /// Every task, as `hsm status` tells of it.
    fn told(&self) -> Vec<Value> {
        let mut status = self.world.hsm(&["status", "s", "--json"]).succeeds().json();
        match status["tasks"].take() {
            Value::Array(tasks) => tasks,
            other => panic!("no list of tasks: {other}"),
        }
    }

    /// How many tasks are in a state.
    fn count(&self, state: &str) -> usize {
        self.told().iter().filter(|task| task["state"] == state).count()
    }

    /// What the tasks noted on all machines, this one among them.
    fn visits(&self) -> Visits {
        let homes = self.names.iter().map(|name| self.hosts.home(name)).chain([self.world.path("home")]);
        Visits::read(homes)
    }

    fn wait_for_starts(&self, starts: usize) {
        self.waits("tasks have begun", || self.visits().all.len() >= starts);
    }

    /// Waits until this holds, and tells the story where it does not come to that.
    fn waits(&self, what: &str, mut condition: impl FnMut() -> bool) {
        let start = Instant::now();
        wait_until(what, || {
            let holds = condition();
            assert!(
                holds || start.elapsed() < PATIENCE,
                "waited in vain until {what}: {:?}\n{}",
                self.told(),
                self.story()
            );
            holds
        });
    }

    /// How many processes of a host have this in an argument.
    fn left_on(&self, host: &str, part: &str) -> usize {
        let arguments = |id: &i32| std::fs::read(format!("/proc/{id}/cmdline")).unwrap_or_default();
        let processes = self.hosts.processes(host);
        processes.iter().filter(|id| String::from_utf8_lossy(&arguments(id)).contains(part)).count()
    }

    /// What the journal and the driver's log say: for what no command shows, and for messages.
    fn story(&self) -> String {
        let folder = self.world.sweep_dir("s");
        let read = |path: PathBuf| std::fs::read_to_string(path);
        let segments =
            (1..).map_while(|segment| read(folder.join(format!("journal/{segment:06}.jsonl"))).ok());
        let mut text: String = segments.collect();
        text.push_str(&read(folder.join("driver.log")).unwrap_or_default());
        text
    }

    /// Kills the driver.
    fn kill_drivers(&self) {
        for driver in self.world.drivers("s") {
            kill_process(Pid::from_raw(driver).expect("a process"), Signal::KILL).expect("a living driver");
        }
    }

    /// Sends a signal to everything that lives on the laptop: hsm, its driver and every ssh.
    fn signal_laptop(&self, signal: Signal) {
        for process in processes_of(&self.world.path("")) {
            // One that has ended meanwhile is none of our business.
            let _ = kill_process(Pid::from_raw(process.id).expect("a process"), signal);
        }
    }

    /// Each of the sweep's tasks completed in one run of its program, and what it wrote and printed is here.
    fn each_completed_once(&self, tasks: usize) {
        let visits = self.visits();
        self.all_is_here(tasks, &visits);
        assert_eq!(visits.all.len(), tasks, "{visits:?}\n{}", self.story());
    }

    /// Each of the sweep's tasks completed, in one run of its program that came to its end, no two copies lived at once, and what it wrote and
    /// printed is here.
    fn all_is_here(&self, tasks: usize, visits: &Visits) {
        let told = self.told();
        let open: Vec<_> = told.iter().filter(|task| task["state"] != "completed").collect();
        assert!(told.len() == tasks && open.is_empty(), "{open:?}\n{}", self.story());
        visits.never_two_at_once();
        assert_eq!(visits.ended_once(), tasks, "{visits:?}\n{}", self.story());
        for task in 1..=tasks as u64 {
            let folder = self.world.task_dir("s", task);
            assert_eq!(World::read_json(folder.join("results.json"))["score"], task);
            let printed = World::read(folder.join("stdout.log"));
            let host = visits.host_of_end(task);
            assert_eq!(printed, format!("task {task} on {host}\n"), "{}", self.story());
        }
    }

    /// The table has a row for each task, with what it wrote.
    fn the_table_is_complete(&self, tasks: usize) {
        let table = self.world.hsm(&["collect", "s", "--format", "json"]).succeeds().json();
        let rows = table["rows"].as_array().expect("rows");
        let right = |(at, row): (usize, &Value)| row["task"] == at + 1 && row["metrics"]["score"] == at + 1;
        assert!(rows.len() == tasks && rows.iter().enumerate().all(right), "{table}");
    }
}
