//! The script, run by a real bash against real folders.

#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "a test of what a shell does starts one")]

use hsm_core::batch::{
    Asked, Body, ChunkTask, ClaimFile, EndRecord, NOT_MINE_EXIT, Packing, Stage, TASKS_PER_CHUNK, chunk,
    script, taken_by_driver,
};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};

/// A submission whose tasks run shell lines.
struct Job {
    folder: tempfile::TempDir,
    packing: Packing,
    tasks: u64,
    modules: Vec<String>,
    pre_script: Option<String>,
    gpus: bool,
}

impl Job {
    fn new(tasks: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for name in ["job", "job/claims", "job/ends", "job/chunks", "tasks", "work"] {
            fs::create_dir(folder.path().join(name)).unwrap();
        }
        let of = |(at, lines): (usize, &&str)| ChunkTask {
            task: at as u64 + 1,
            argv: vec!["bash".into(), "-c".into(), (*lines).to_owned()],
            params: format!("{{\"at\": {at}}}"),
        };
        let all: Vec<ChunkTask> = tasks.iter().enumerate().map(of).collect();
        for (number, tasks) in all.chunks(TASKS_PER_CHUNK as usize).enumerate() {
            let text = chunk(number as u64 * TASKS_PER_CHUNK, tasks);
            fs::write(folder.path().join(format!("job/chunks/{number}.sh")), text).unwrap();
        }
        let packing = Packing { tasks_per_element: 1, side_by_side: 1 };
        Self {
            folder,
            packing,
            tasks: tasks.len() as u64,
            modules: Vec::new(),
            pre_script: None,
            gpus: false,
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn command(&self, element: &str) -> Command {
        let at = |name: &str| self.path(name).to_str().unwrap().to_owned();
        let environment = [("FROM_SETTINGS".to_owned(), "it's".to_owned())];
        let text = script(
            &[],
            &Body {
                folder: &at("job"),
                tasks_folder: &at("tasks"),
                workdir: &at("work"),
                sweep_id: "s",
                tasks: self.tasks,
                packing: self.packing,
                element_variable: "ELEMENT",
                first_element: 1,
                environment: &environment,
                modules: &self.modules,
                pre_script: self.pre_script.as_deref(),
                gpus: self.gpus,
            },
        );
        fs::write(self.path("job/job.sh"), text).unwrap();
        let mut command = Command::new("bash");
        command.arg(self.path("job/job.sh")).env("ELEMENT", element).stdin(Stdio::null());
        command
    }

    fn run(&self, element: &str) -> ExitStatus {
        self.command(element).status().unwrap()
    }

    fn end(&self, task: u64) -> Option<EndRecord> {
        let text = fs::read_to_string(self.path(&format!("job/ends/{task}"))).ok()?;
        ClaimFile::parse(&text).unwrap().end
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_default()
    }
}

fn wait_for(path: &Path) {
    for _ in 0..400 {
        if path.exists() {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    panic!("{} did not appear", path.display());
}

#[test]
fn an_element_runs_its_task_and_says_how_it_ended() {
    let job = Job::new(&[
        "exit 0",
        "echo out; echo err >&2; printf '%s|' \"$HSM_TASK\" \"$FROM_SETTINGS\" \"$PWD\" >&2; exit 3",
    ]);
    assert_eq!(job.run("2").code(), Some(3));
    let end = job.end(2).unwrap();
    assert_eq!((end.code, end.signal, end.asked, end.stage), (3, 0, Asked::Nothing, Stage::Program));
    assert!(end.ended_ms >= end.began_ms && end.began_ms > 1_600_000_000_000);
    assert_eq!(job.read("tasks/task_2/stdout.log"), "out\n");
    assert_eq!(job.read("tasks/task_2/stderr.log"), format!("err\n2|it's|{}|", job.path("work").display()));
    assert_eq!(job.read("tasks/task_2/params.json"), "{\"at\": 1}\n");
    assert!(job.end(1).is_none() && !job.path("tasks/task_1").exists());
}

#[test]
fn a_second_copy_runs_nothing_and_never_says_that_all_went_well() {
    let job = Job::new(&["echo ran; exit 0"]);
    assert_eq!(job.run("1").code(), Some(0));
    assert_eq!(job.run("1").code(), Some(NOT_MINE_EXIT));
    assert_eq!(job.read("tasks/task_1/stdout.log"), "ran\n");
    assert!(!job.path("job/claims/1").exists());
    let taken = Job::new(&["echo ran"]);
    fs::write(taken.path("job/claims/1"), taken_by_driver(1, 5)).unwrap();
    assert_eq!(taken.run("1").code(), Some(NOT_MINE_EXIT));
    assert!(!taken.path("tasks/task_1").exists());
}

#[test]
fn signals_are_told_apart_from_exit_codes() {
    let job = Job::new(&["kill -9 $$"]);
    assert_eq!(job.run("1").code(), Some(137));
    let end = job.end(1).unwrap();
    assert_eq!((end.code, end.signal, end.asked), (137, 9, Asked::Nothing));
}

#[test]
fn what_comes_before_the_program_fails_by_itself() {
    let mut job = Job::new(&["echo ran"]);
    job.pre_script = Some("echo preparing\nfalse".to_owned());
    assert_eq!(job.run("1").code(), Some(1));
    assert_eq!(job.end(1).map(|end| (end.code, end.stage)), Some((1, Stage::Setup)));
    assert_eq!(job.read("tasks/task_1/stdout.log"), "preparing\n");
    let mut job = Job::new(&["echo ran"]);
    job.modules = vec!["no such module".to_owned()];
    assert_eq!(job.run("1").code(), Some(1));
    assert_eq!(job.end(1).map(|end| end.stage), Some(Stage::Setup));
    let missing = Job::new(&["x"]);
    fs::remove_dir(missing.path("work")).unwrap();
    missing.run("1");
    assert_eq!(missing.end(1).map(|end| end.stage), Some(Stage::Setup));
}

#[test]
fn a_packed_element_runs_its_tasks_in_order_and_stops_when_asked() {
    let quick = "echo $HSM_TASK >> ../order; exit 0";
    let mut job = Job::new(&[
        quick,
        quick,
        "trap 'exit 9' TERM; touch ../third; while :; do sleep 0.05; done",
        quick,
        quick,
    ]);
    job.packing.tasks_per_element = 4;
    let mut child = job.command("1").spawn().unwrap();
    wait_for(&job.path("third"));
    let killed = Command::new("kill").arg("-TERM").arg(child.id().to_string()).status().unwrap();
    assert!(killed.success());
    assert_eq!(child.wait().unwrap().code(), Some(9));
    assert_eq!(job.read("order"), "1\n2\n");
    assert_eq!(job.end(3).map(|end| (end.code, end.asked)), Some((9, Asked::ToEnd)));
    assert!(job.end(4).is_none() && !job.path("job/claims/4").exists());
    // The second element has the one task that is left over.
    assert_eq!(job.run("2").code(), Some(0));
    assert_eq!(job.end(5).map(|end| end.code), Some(0));
}

#[test]
fn a_scheduler_that_signals_program_and_script_asked_for_the_end_whichever_came_first() {
    for program_first in [true, false, true, false, true, false] {
        let job = Job::new(&["echo $$ >../pid; touch ../ready; exec sleep 100"]);
        let mut child = job.command("1").spawn().unwrap();
        wait_for(&job.path("ready"));
        let (program, script) = (job.read("pid").trim().to_owned(), child.id().to_string());
        let order = if program_first { [program, script] } else { [script, program] };
        assert!(Command::new("kill").arg("-TERM").args(&order).status().is_ok());
        assert_eq!(child.wait().unwrap().code(), Some(143));
        let end = job.end(1).unwrap();
        assert_eq!((end.code, end.signal, end.asked), (143, 15, Asked::ToEnd), "{program_first}");
    }
}

#[test]
fn usr1_reaches_the_program_and_asks_for_nothing() {
    let job = Job::new(&["trap 'echo saved; exit 0' USR1; touch ../ready; while :; do sleep 0.05; done"]);
    let mut child = job.command("1").spawn().unwrap();
    wait_for(&job.path("ready"));
    Command::new("kill").arg("-USR1").arg(child.id().to_string()).status().unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert_eq!(job.read("tasks/task_1/stdout.log"), "saved\n");
    assert_eq!(job.end(1).map(|end| end.asked), Some(Asked::Nothing));
}

#[test]
fn a_program_that_is_stopped_for_a_while_is_not_over() {
    let job = Job::new(&["echo $$ >../pid; touch ../ready; until [ -e ../go ]; do sleep 0.05; done; exit 4"]);
    let mut child = job.command("1").spawn().unwrap();
    wait_for(&job.path("ready"));
    let signal = |name: &str| {
        let group = format!("-{}", job.read("pid").trim());
        assert!(Command::new("kill").args([name, "--", &group]).status().unwrap().success());
    };
    signal("-STOP");
    // The script hears of it at once.
    for _ in 0..50 {
        assert!(job.end(1).is_none());
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    signal("-CONT");
    fs::write(job.path("go"), "").unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(4));
    assert_eq!(job.end(1).map(|end| (end.code, end.signal)), Some((4, 0)));
}

#[test]
fn tasks_side_by_side_share_the_gpus() {
    let show = "echo $CUDA_VISIBLE_DEVICES $CUDA_DEVICE_ORDER; sleep 0.3";
    let mut job = Job::new(&[show, show, show, show]);
    job.packing = Packing { tasks_per_element: 4, side_by_side: 2 };
    job.gpus = true;
    assert!(job.command("1").env("CUDA_VISIBLE_DEVICES", "4,5,6,7").status().unwrap().success());
    let mut seen: Vec<String> =
        (1..=4).map(|task| job.read(&format!("tasks/task_{task}/stdout.log"))).collect();
    seen.sort();
    seen.dedup();
    assert_eq!(seen, ["4,5 PCI_BUS_ID\n", "6,7 PCI_BUS_ID\n"]);
    assert_eq!((1..=4).filter(|task| job.end(*task).is_some()).count(), 4);
    let cpu = Job::new(&["echo \"[${CUDA_VISIBLE_DEVICES-unset}]\""]);
    cpu.command("1").env("CUDA_VISIBLE_DEVICES", "4").status().unwrap();
    assert_eq!(cpu.read("tasks/task_1/stdout.log"), "[]\n");
}

#[test]
fn side_by_side_a_term_reaches_every_program() {
    let mark = "trap 'exit 5' TERM; touch ../ready$HSM_TASK; while :; do sleep 0.05; done";
    let mut job = Job::new(&[mark, mark, "exit 0"]);
    job.packing = Packing { tasks_per_element: 3, side_by_side: 2 };
    let mut child = job.command("1").spawn().unwrap();
    wait_for(&job.path("ready1"));
    wait_for(&job.path("ready2"));
    Command::new("kill").arg("-TERM").arg(child.id().to_string()).status().unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(5));
    assert_eq!(job.end(1).map(|end| (end.code, end.asked)), Some((5, Asked::ToEnd)));
    assert_eq!(job.end(2).map(|end| (end.code, end.asked)), Some((5, Asked::ToEnd)));
    assert!(job.end(3).is_none());
}

#[test]
fn a_job_without_elements_is_its_first() {
    for element in ["", "undefined", "1"] {
        let job = Job::new(&["exit 0"]);
        assert_eq!(job.run(element).code(), Some(0), "{element:?}");
        assert!(job.end(1).is_some());
    }
}
