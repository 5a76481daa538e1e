//! JobManager over real processes: what its users do, from one thread and from many.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use hsm_core::command::{Launch, Program, Template};
use hsm_core::point::Point;
use hsm_core::settings::Settings;
use hsm_core::state::TaskState;
use hsm_core::sweep_id::SweepId;
use hsm_core::task_set::TaskSet;
use hsm_core::value::Value;
use hsm_engine::{
    CancelOptions, CompleteOptions, ComputeSource, ErrorKind, Extension, JobId, JobManager, LocalSource,
    SubmitOptions, SweepStatus, TaskClass,
};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// A project in a folder of its own, whose tasks run `script` with the point's `i` as `$1`.
struct World {
    project: TempDir,
    manager: JobManager,
    script: String,
    source: LocalSource,
}

impl World {
    fn new(script: &str) -> Self {
        let project = tempfile::tempdir().unwrap();
        let manager = JobManager::new(Settings::default(), project.path(), false).unwrap();
        let source = LocalSource::new(NonZeroUsize::new(4).unwrap());
        Self { manager, project, script: script.to_owned(), source }
    }

    fn launch(&self) -> Launch {
        let argv = ["sh", "-c", &self.script.replace('{', "{{").replace('}', "}}"), "sh", "{i}"];
        Launch {
            program: Program::Command(Template::parse(argv.map(String::from).to_vec()).unwrap()),
            python: Vec::new(),
            hydra: false,
            group: None,
            project_root: self.project.path().into(),
        }
    }

    fn source(&self) -> ComputeSource {
        ComputeSource::Local(self.source.clone())
    }

    fn submit(&self, id: &str, tasks: i64) -> (PathBuf, Vec<JobId>) {
        let id = SweepId::new(id).unwrap();
        let dir = self.manager.sweep_dir(&id);
        let options = SubmitOptions::new(self.launch());
        let jobs = self.manager.submit_sweep(points(1..=tasks), &self.source(), &id, &dir, options).unwrap();
        (dir, jobs)
    }

    fn until(&self, dir: &Path, what: impl Fn(&SweepStatus) -> bool) -> SweepStatus {
        let deadline = Instant::now() + Duration::from_secs(60);
        let mut watch = self.manager.watch(dir).unwrap();
        loop {
            let status = watch.refresh().unwrap();
            if what(&status) {
                return status;
            }
            assert!(Instant::now() < deadline, "still {:?}", status.counts);
            std::thread::yield_now();
        }
    }

    fn states(&self, dir: &Path) -> Vec<TaskState> {
        self.until(dir, SweepStatus::all_final).tasks().map(|task| task.state).collect()
    }
}

fn points(numbers: impl Iterator<Item = i64>) -> Vec<Point> {
    numbers.map(|i| Point::new(vec![("i", Value::Number(i.into()))])).collect()
}

#[test]
fn states_are_what_became_of_the_tasks() {
    let world = World::new("case $1 in 2) exit 3;; 3) kill -9 $$;; esac");
    let (dir, jobs) = world.submit("s", 4);
    use TaskState::{Completed, Failed};
    assert_eq!(world.states(&dir), [Completed, Failed, Failed, Completed]);
    let seen = world.manager.monitor_jobs(&jobs, &world.source(), Duration::ZERO).unwrap();
    assert_eq!(seen.values().filter(|state| **state == Failed).count(), 2);
    let errors = world.manager.errors(&dir).unwrap();
    let reasons: Vec<_> = errors.iter().map(|error| error.status.reason.as_deref()).collect();
    assert_eq!(reasons, [Some("exit code 3"), Some("signal 9 (SIGKILL)")]);
}

#[test]
fn a_program_that_is_not_there_fails_its_task_and_says_why() {
    let mut world = World::new("");
    world.script.clear();
    let id = SweepId::new("s").unwrap();
    let mut options = SubmitOptions::new(world.launch());
    options.launch.program =
        Program::Command(Template::parse(vec!["no-such-program".into(), "{i}".into()]).unwrap());
    let dir = world.manager.sweep_dir(&id);
    world.manager.submit_sweep(points(1..=1), &world.source(), &id, &dir, options).unwrap();
    let status = world.until(&dir, SweepStatus::all_final);
    let reason = status.task(1).unwrap().reason.unwrap();
    assert!(reason.contains("could not start the program `no-such-program`: No such file"), "{reason}");
}

#[test]
fn completing_runs_what_is_not_done_in_the_same_folders_and_nothing_else() {
    let world = World::new(
        "echo run >> \"$HSM_TASK_DIR/runs.txt\"; echo '{\"n\": 1}' > \"$HSM_TASK_DIR/results.json\"; \
         test $1 != 2 || test -e allowed",
    );
    let (dir, _) = world.submit("s", 3);
    assert_eq!(world.states(&dir), [TaskState::Completed, TaskState::Failed, TaskState::Completed]);
    std::fs::write(world.project.path().join("allowed"), "").unwrap();

    let only_missing = CompleteOptions { only: Some(vec![TaskClass::Missing]), ..CompleteOptions::default() };
    let nothing = world.manager.complete(&dir, &world.source(), only_missing).unwrap();
    assert!(nothing.queued.is_empty());
    let again = world.manager.complete(&dir, &world.source(), CompleteOptions::default()).unwrap();
    assert_eq!(again.queued.to_string(), "2");
    assert_eq!(world.states(&dir), [TaskState::Completed; 3]);

    let runs = |task: u64| std::fs::read_to_string(dir.join(format!("tasks/task_{task}/runs.txt"))).unwrap();
    assert_eq!([runs(1), runs(2), runs(3)], ["run\n", "run\nrun\n", "run\n"], "checkpoints stay");
    assert!(dir.join("tasks/task_2/attempt_1/results.json").is_file(), "old metrics are moved aside");
    assert_eq!(world.until(&dir, |_| true).task(2).unwrap().attempts, 2);
}

#[test]
fn extending_appends_new_points_and_keeps_removed_ones() {
    let world = World::new("true");
    let (dir, _) = world.submit("s", 3);
    world.states(&dir);
    world.manager.wait(&dir).unwrap();
    let extend = |dry_run| CompleteOptions {
        extend: Some(Extension {
            points: points(2..=5).into(),
            definition: "grid: {i: [2, 3, 4, 5]}".into(),
            plugins: Vec::new(),
        }),
        dry_run,
        ..CompleteOptions::default()
    };
    for dry_run in [true, false] {
        let done = world.manager.complete(&dir, &world.source(), extend(dry_run)).unwrap();
        assert_eq!((done.appended, done.kept, done.queued.to_string().as_str()), (2, 1, "4-5"));
    }
    assert_eq!(world.states(&dir), [TaskState::Completed; 5]);
    let rows = world.manager.collect_results(&dir, None).unwrap();
    let values: Vec<String> =
        rows.rows().iter().map(|row| format!("{:?}", row.params.get("i").unwrap())).collect();
    assert_eq!(values.len(), 5);
    assert!(dir.join("sweep.2.yaml").is_file());
}

#[test]
fn a_cancel_leaves_no_process_behind_whatever_they_do() {
    let world = World::new(
        "setsid sh -c 'echo $$ > \"$HSM_TASK_DIR/stray\"; sleep 1000' & \
         trap '' TERM; echo $$ > \"$HSM_TASK_DIR/pid\"; while :; do sleep 0.05; done",
    );
    let world = World { source: LocalSource { grace_s: 1, ..world.source.clone() }, ..world };
    let (dir, _) = world.submit("s", 6);
    let files: Vec<PathBuf> = (1..=4)
        .flat_map(|task| ["pid", "stray"].map(|name| dir.join(format!("tasks/task_{task}/{name}"))))
        .collect();
    let read = |file: &PathBuf| std::fs::read_to_string(file).unwrap_or_default().trim().to_owned();
    world.until(&dir, |_| files.iter().all(|file| !read(file).is_empty()));
    let cancelled = world.manager.cancel(&dir, &CancelOptions::default()).unwrap();
    assert_eq!((cancelled.queued, cancelled.running), (2, 4));
    assert_eq!(world.states(&dir), [TaskState::Cancelled; 6]);
    for file in &files {
        let pid = read(file);
        let state = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        assert!(state.is_empty() || state.contains(") Z"), "{} still runs: {state}", file.display());
    }
    let error = world.manager.cancel(&dir, &CancelOptions::default()).unwrap_err();
    assert!(error.to_string().contains("nothing to cancel"), "{error}");
}

#[test]
fn one_task_can_be_cancelled_while_the_others_go_on() {
    let world = World::new("test $1 = 1 && sleep 1000; true");
    let (dir, _) = world.submit("s", 8);
    world.until(&dir, |status| status.counts.of(TaskState::Completed) == 7);
    let one = CancelOptions { tasks: Some(TaskSet::range(1, 1)), now: true };
    world.manager.cancel(&dir, &one).unwrap();
    assert_eq!(world.states(&dir)[0], TaskState::Cancelled);
}

#[test]
fn walltime_is_enforced_and_told_apart_from_failure() {
    let world = World::new("sleep 1000");
    let source = LocalSource { walltime_s: Some(1), grace_s: 1, ..world.source.clone() };
    let world = World { source, ..world };
    let (dir, _) = world.submit("s", 1);
    let status = world.until(&dir, SweepStatus::all_final);
    assert_eq!(status.class(1), Some(TaskClass::Timeout));
    assert_eq!(
        status.task(1).unwrap().reason.as_deref(),
        Some("timeout: ran longer than its walltime of 1 s")
    );
}

#[test]
fn no_more_run_at_once_than_there_are_slots() {
    let world = World::new(
        "mkdir -p live; : > live/$1; ls live | wc -l >> most; sleep 0.05; rm live/$1; test $(ls live | wc -l) -lt 9",
    );
    let world = World { source: LocalSource::new(NonZeroUsize::new(3).unwrap()), ..world };
    let (dir, _) = world.submit("s", 20);
    assert_eq!(world.states(&dir), [TaskState::Completed; 20]);
    let seen = std::fs::read_to_string(world.project.path().join("most")).unwrap();
    let most = seen.lines().map(|line| line.trim().parse::<u32>().unwrap()).max();
    assert!(most <= Some(3), "{most:?} at once");
}

#[test]
fn a_sweep_that_exists_is_not_touched() {
    let world = World::new("true");
    let (dir, _) = world.submit("s", 2);
    let id = SweepId::new("s").unwrap();
    let options = SubmitOptions::new(world.launch());
    let error = world.manager.submit_sweep(points(1..=9), &world.source(), &id, &dir, options).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Submission);
    assert!(error.is_already_there() && error.hint().is_some());
    assert_eq!(world.states(&dir).len(), 2);
}

#[test]
fn a_failing_generator_leaves_no_sweep() {
    let world = World::new("true");
    let id = SweepId::new("s").unwrap();
    let dir = world.manager.sweep_dir(&id);
    let failure = hsm_core::roles::Failure::new(hsm_core::roles::Blame::Config, "bad-config", "no axes");
    let failing = hsm_engine::Points::new(points(1..=1).into_iter().map(Ok).chain([Err(failure)]));
    let options = SubmitOptions::new(world.launch());
    let error = world.manager.submit_sweep(failing, &world.source(), &id, &dir, options).unwrap_err();
    assert_eq!((error.kind(), error.to_string().as_str()), (ErrorKind::Plugin, "no axes"));
    assert!(!dir.exists());
}

#[test]
fn many_threads_submit_monitor_and_collect_at_once() {
    let world = World::new("echo '{\"n\": '$1'}' > \"$HSM_TASK_DIR/results.json\"");
    std::thread::scope(|scope| {
        for name in ["a", "b", "c", "d"] {
            let world = &world;
            scope.spawn(move || {
                let (dir, jobs) = world.submit(name, 25);
                let observers: Vec<_> = (0..3)
                    .map(|_| {
                        let (dir, jobs) = (dir.clone(), jobs.clone());
                        scope.spawn(move || {
                            loop {
                                let states = world
                                    .manager
                                    .monitor_jobs(&jobs, &world.source(), Duration::from_millis(5))
                                    .unwrap();
                                let rows = world.manager.collect_results(&dir, None).unwrap();
                                assert_eq!(rows.rows().len(), 25);
                                let table = std::fs::read_to_string(dir.join("results/table.csv")).unwrap();
                                assert_eq!(table.lines().count(), 26, "a reader sees whole tables");
                                if states.values().all(|state| *state == TaskState::Completed) {
                                    return;
                                }
                            }
                        })
                    })
                    .collect();
                for observer in observers {
                    observer.join().unwrap();
                }
                let rows = world.manager.collect_results(&dir, None).unwrap();
                for row in rows.rows() {
                    let expected = f64::from(u32::try_from(row.task).unwrap());
                    assert_eq!(row.metric("n").and_then(|n| n.as_number()), Some(expected));
                }
            });
        }
    });
}

#[test]
fn a_manager_can_be_shared_between_threads() {
    fn shared<T: Send + Sync>() {}
    shared::<JobManager>();
}

#[test]
fn a_plan_that_was_torn_while_it_grew_is_cut_before_it_grows_again() {
    let world = World::new("true");
    let (dir, _) = world.submit("s", 2);
    world.states(&dir);
    world.manager.wait(&dir).unwrap();
    let plan = dir.join("plan.jsonl");
    let whole = std::fs::read_to_string(&plan).unwrap();
    std::fs::write(&plan, format!("{whole}{{\"task\":3,\"id\":\"5d81")).unwrap();
    let extend = CompleteOptions {
        extend: Some(Extension {
            points: points(1..=3).into(),
            definition: String::new(),
            plugins: Vec::new(),
        }),
        ..CompleteOptions::default()
    };
    let done = world.manager.complete(&dir, &world.source(), extend).unwrap();
    assert_eq!(done.queued.to_string(), "3");
    assert_eq!(world.states(&dir), [TaskState::Completed; 3]);
    assert_eq!(std::fs::read_to_string(&plan).unwrap().lines().count(), 3);
}

#[test]
fn a_plan_or_journal_that_was_cut_short_is_told_and_nothing_runs_on_a_guess() {
    for (file, says) in [("plan.jsonl", "the plan was cut short"), ("journal/000001.jsonl", "is not known")] {
        let world = World::new("true");
        let (dir, _) = world.submit("s", 4);
        world.states(&dir);
        world.manager.wait(&dir).unwrap();
        let text = std::fs::read_to_string(dir.join(file)).unwrap();
        let kept = if file == "plan.jsonl" { &text[..text.len() - 10] } else { "" };
        std::fs::write(dir.join(file), kept).unwrap();
        let warnings = world.manager.status(&dir).unwrap().warnings;
        assert!(warnings.iter().any(|warning| warning.contains(says)), "{warnings:?}");
        let error =
            world.manager.complete(&dir, &world.source(), with_launch(&world)).unwrap_err().to_string();
        assert!(error.contains(says), "{error}");
    }
}

fn with_launch(world: &World) -> CompleteOptions {
    CompleteOptions { launch: Some(world.launch()), ..CompleteOptions::default() }
}

#[test]
fn a_pipe_in_the_mailbox_keeps_nobody_waiting() {
    let world = World::new("true");
    let (dir, _) = world.submit("s", 1);
    let pipe = dir.join("requests/x.json");
    rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, rustix::fs::Mode::RUSR).unwrap();
    assert_eq!(world.states(&dir), [TaskState::Completed]);
}

#[test]
fn a_preparation_that_fails_fails_the_task_before_its_program() {
    let world = World::new("touch \"$HSM_TASK_DIR/ran\"");
    let pre_script = Some("source /no/such/file".to_owned());
    let world = World { source: LocalSource { pre_script, ..world.source.clone() }, ..world };
    let (dir, _) = world.submit("s", 1);
    assert_eq!(world.states(&dir), [TaskState::Failed]);
    assert!(!dir.join("tasks/task_1/ran").exists());
}
