//! Drivers that are killed and answers that are lost, at every moment that matters to a submission.

use super::{SWEEP_LIMIT, Site};
use hsm_tests::lab::Options;
use hsm_tests::{Running, processes_of, wait_until};
use serde_json::Value;

const KILL_THE_DRIVER: &str = "if first; then kill -KILL \"$PPID\"; exit 1; fi";
const LOSE_THE_ANSWER: &str = "if first; then real \"$@\" >\"$TMPDIR/lost\"; kill -KILL $$; fi";

impl Site {
    /// The driver was killed: whoever followed it is told so.
    fn is_left_alone(&self, run: Running) {
        let _ = run.wait_within(SWEEP_LIMIT).ends_with(1).says(&["nobody drives s"]);
    }

    /// When the scheduler was last asked about the sweep's jobs, as `status` has it.
    fn observed(&self) -> Value {
        self.world.hsm(&["status", "s", "--json"]).succeeds().json()["observed"].take()
    }

    fn submissions(&self) -> usize {
        self.journal().matches("\"submitting\"").count()
    }
}

#[test]
fn a_driver_killed_between_submission_and_journal_loses_and_doubles_nothing() {
    let site = Site::of(2);
    site.sweep(["wait"; 6]);
    site.wrap("sbatch", "answer=$(real \"$@\")\nif first; then kill -KILL \"$PPID\"; fi\necho \"$answer\"");
    let run = site.run(&[]);
    site.is_left_alone(run);
    let job = site.job();
    site.open();
    let _ = site.complete().succeeds();
    site.each_completed_once(6);
    assert_eq!(site.submissions(), 1, "the job {job} is the one that counts\n{}", site.journal());
}

#[test]
fn a_driver_killed_while_it_looks_for_a_lost_answer_loses_and_doubles_nothing() {
    let site = Site::of(2);
    site.sweep(["wait"; 6]);
    site.wrap("sbatch", &format!("{LOSE_THE_ANSWER}\nreal \"$@\""));
    site.wrap("squeue", &format!("{KILL_THE_DRIVER}\nreal \"$@\""));
    let run = site.run(&[]);
    site.is_left_alone(run);
    site.open();
    let _ = site.complete().succeeds();
    site.each_completed_once(6);
    assert_eq!(site.submissions(), 1, "{}", site.journal());
}

#[test]
fn a_driver_killed_during_a_poll_loses_and_doubles_nothing() {
    let site = Site::of(2);
    site.sweep(["wait"; 6]);
    site.wrap("squeue", &format!("{KILL_THE_DRIVER}\nreal \"$@\""));
    let run = site.run(&[]);
    site.is_left_alone(run);
    site.wait_for_starts(4);
    let left = site.world.hsm(&["status", "s"]).succeeds();
    let _ = left
        .prints(&["nobody drives it; slurm was not asked about its jobs yet"])
        .says(&["`hsm monitor s` asks slurm"]);
    assert!(site.observed().is_null());
    let foreseen = site.world.hsm(&["complete", "s", "--dry-run"]).succeeds();
    let _ = foreseen.says(&["s: there is nothing to run", "2 tasks wait at the scheduler already (5-6)"]);
    site.open();
    let _ = site.complete().succeeds();
    site.each_completed_once(6);
}

#[test]
fn a_submission_whose_answer_was_lost_is_found_by_its_token() {
    let site = Site::of(2);
    site.sweep(["well"; 6]);
    site.wrap("sbatch", &format!("{LOSE_THE_ANSWER}\nreal \"$@\""));
    let _ = site.run(&[]).wait_within(SWEEP_LIMIT).succeeds();
    site.each_completed_once(6);
    assert_eq!(site.submissions(), 1, "{}", site.journal());
}

#[test]
fn a_submission_that_never_arrived_is_made_again() {
    let site = Site::of(2);
    site.sweep(["well"; 6]);
    site.wrap("sbatch", "if first; then kill -KILL $$; fi\nreal \"$@\"");
    let _ = site.run(&[]).wait_within(SWEEP_LIMIT).succeeds();
    site.each_completed_once(6);
    assert_eq!(site.submissions(), 2, "{}", site.journal());
}

#[test]
fn a_submission_that_arrives_after_it_was_given_up_runs_nothing() {
    let site = Site::of(2);
    site.sweep(["wait"; 4]);
    let late = "(until [ -e \"$GATES/late\" ]; do sleep 0.1; done; real \"$@\" && touch \"$GATES/arrived\")";
    site.wrap(
        "sbatch",
        &format!("if first; then {late} </dev/null >/dev/null 2>&1 & kill -KILL $$; fi\nreal \"$@\""),
    );
    let run = site.run(&[]);
    site.wait_for_starts(4);
    assert_eq!(site.submissions(), 2, "{}", site.journal());
    let jobs = || {
        let mut jobs = site.slurm.queue("%F");
        jobs.sort();
        jobs.dedup();
        jobs.len()
    };
    site.open_for("late");
    wait_until("the first submission has arrived", || site.world.path("gates/arrived").exists());
    wait_until("it has come to nothing", || jobs() == 1);
    site.open();
    let _ = run.wait_within(SWEEP_LIMIT).succeeds();
    site.each_completed_once(4);
}

/// With its job table full, `sbatch` goes on trying for two minutes, also after its parent has died.
#[test]
fn an_orphaned_sbatch_runs_nothing_that_has_run() {
    let lines = ["MaxJobCount=10", "MinJobAge=2"].map(str::to_owned).to_vec();
    let site = Site::with(Options { nodes: 2, cpus: 2, gpus: 0, lines, ..Options::default() });
    site.sweep(["well"; 4]);
    let output = site.world.path("filler").display().to_string();
    let filler =
        site.slurm.ask("sbatch", &["--parsable", "--hold", "--array=0-7", "-o", &output, "--wrap", "true"]);
    let run = site.run(&[]);
    let clients = || {
        let all = processes_of(&site.world.path(""));
        all.iter().filter(|process| process.arguments[0].ends_with("sbatch")).count()
    };
    wait_until("sbatch tries", || clients() == 1);
    site.kill_drivers();
    site.is_left_alone(run);
    assert_eq!(clients(), 1, "it goes on without its parent");
    let complete = site.world.start(&["complete", "s"]);
    wait_until("the first submission is given up", || site.journal().contains("\"withdrawn\""));
    site.slurm.scancel(filler.trim());
    let _ = complete.wait_within(SWEEP_LIMIT).succeeds();
    wait_until("the orphan has ended", || clients() == 0);
    wait_until("what it handed in has ended", || site.queue_is_empty());
    site.each_completed_once(4);
}
