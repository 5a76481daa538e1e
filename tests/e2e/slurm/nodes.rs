//! Nodes and controllers that die, and jobs that are forgotten.

use super::{SWEEP_LIMIT, Site};
use hsm_tests::lab::Options;
use hsm_tests::wait_until;

impl Site {
    /// The node that the one running element runs on.
    fn node(&self) -> String {
        let mut nodes = Vec::new();
        wait_until("something runs", || {
            nodes = self
                .slurm
                .ask("squeue", &["-h", "-t", "RUNNING", "-o", "%N"])
                .lines()
                .map(str::to_owned)
                .collect();
            !nodes.is_empty()
        });
        assert_eq!(nodes.len(), 1, "{nodes:?}");
        nodes.remove(0)
    }

    /// Lets Slurm start the job again, as a site may have set it up; hsm asks for the opposite.
    fn may_be_requeued(&self) -> String {
        let job = self.job();
        self.slurm.update(&[&format!("JobId={job}"), "Requeue=1"]);
        job
    }
}

#[test]
fn a_controller_that_is_away_changes_nothing() {
    let site = Site::of(1);
    site.sweep(["wait"; 5]);
    let run = site.run(&[]);
    site.wait_for_starts(2);
    wait_until("both run", || site.states().iter().filter(|state| *state == "running").count() == 2);
    site.slurm.stop_controller();
    site.open();
    // What has ended is known by its own record.
    wait_until("both have completed", || {
        site.states().iter().filter(|state| *state == "completed").count() == 2
    });
    assert_eq!(site.states()[2..], ["queued"; 3]);
    site.slurm.start_controller();
    let _ = run.wait_within(SWEEP_LIMIT).succeeds();
    site.each_completed_once(5);
}

#[test]
fn a_driver_that_begins_while_the_controller_is_away_waits_for_it() {
    let site = Site::of(1);
    site.sweep(["wait"; 5]);
    let run = site.run(&[]);
    site.wait_for_starts(2);
    site.slurm.stop_controller();
    site.kill_drivers();
    let _ = run.wait_within(SWEEP_LIMIT).ends_with(1);
    let _ = site.world.hsm(&["queue"]).ends_with(3).says(&["`squeue` by hand shows when it answers"]);
    let complete = site.world.start(&["complete", "s"]);
    wait_until("another driver drives", || !site.world.is_over("s"));
    site.open();
    wait_until("what had begun has completed", || {
        site.states().iter().filter(|state| *state == "completed").count() == 2
    });
    site.slurm.start_controller();
    let _ = complete.wait_within(SWEEP_LIMIT).succeeds();
    site.each_completed_once(5);
}

#[test]
fn a_cancellation_reaches_a_controller_that_comes_back() {
    let site = Site::of(1);
    site.sweep(["wait"; 4]);
    let run = site.run(&[]);
    site.wait_for_starts(2);
    site.slurm.stop_controller();
    let cancel = site.world.start(&["cancel", "s"]);
    wait_until("what waits is cancelled", || site.states()[2..] == ["cancelled", "cancelled"]);
    site.slurm.start_controller();
    let _ = run.wait_within(SWEEP_LIMIT).ends_with(1);
    let _ = cancel.wait_within(SWEEP_LIMIT);
    assert_eq!(site.states(), ["cancelled"; 4], "{}", site.journal());
    wait_until("nothing of it is left in the queue", || site.queue_is_empty());
    assert!(site.log().ends.is_empty());
}

#[test]
fn jobs_that_the_controller_has_forgotten_are_known_by_their_records() {
    let lines = vec!["MinJobAge=2".to_owned()];
    let site = Site::with(Options { nodes: 2, cpus: 2, gpus: 0, lines, ..Options::default() });
    site.sweep(["wait", "fail", "die"]);
    site.wrap("squeue", "if first; then kill -KILL \"$PPID\"; exit 1; fi\nreal \"$@\"");
    let run = site.run(&[]);
    site.wait_for_starts(3);
    let _ = run.wait_within(SWEEP_LIMIT).ends_with(1);
    site.open();
    let known = || site.slurm.ask("squeue", &["-h", "--states=all", "-o", "%i"]);
    wait_until("the controller has forgotten the job", || known().trim().is_empty());
    // What failed is not asked for, so that the records are all that this takes up.
    let _ = site.world.hsm(&["complete", "s", "--only", "missing"]);
    let _ = site.world.start(&["monitor", "s"]).wait_within(SWEEP_LIMIT);
    let told = site.told();
    assert_eq!(
        told.iter().map(|told| told.state.as_str()).collect::<Vec<_>>(),
        ["completed", "failed", "failed"]
    );
    assert_eq!((told[1].reason.as_str(), told[2].reason.as_str()), ("exit code 3", "signal 9 (SIGKILL)"));
    site.nothing_ran_twice();
}

#[test]
fn a_node_that_failed_with_its_task_leaves_it_unknown_until_somebody_vouches() {
    let site = Site::of(1);
    site.sweep(["wait"]);
    let run = site.run(&[]);
    site.wait_for_starts(1);
    let node = site.node();
    site.slurm.crash_node(&node);
    site.slurm.declare_down(&node);
    let _ = run.wait_within(SWEEP_LIMIT).ends_with(1);
    is_unknown_until_somebody_vouches(&site);
}

#[test]
fn a_job_that_slurm_starts_again_finds_that_its_task_was_begun() {
    let site = Site::of(1);
    site.sweep(["wait"]);
    let run = site.run(&[]);
    site.wait_for_starts(1);
    let (node, _) = (site.node(), site.may_be_requeued());
    site.slurm.crash_node(&node);
    site.slurm.declare_down(&node);
    let _ = run.wait_within(SWEEP_LIMIT).ends_with(1);
    assert!(site.told()[0].reason.contains("started its job again"), "{:?}", site.told());
    is_unknown_until_somebody_vouches(&site);
}

/// The one task of `site` is lost: it is not run again before somebody says that nothing of it is left.
fn is_unknown_until_somebody_vouches(site: &Site) {
    let told = site.told();
    assert_eq!(told[0].state, "unknown", "{told:?}\n{}", site.journal());
    assert!(told[0].reason.starts_with("node failure"), "{told:?}");
    let _ = site.complete();
    assert_eq!((site.log().starts[&1], site.states()), (1, vec!["unknown".to_owned()]));
    site.open();
    let _ = site.world.hsm(&["abandon", "s"]).succeeds();
    wait_until("nobody drives it", || site.world.is_over("s"));
    let _ = site.complete().succeeds();
    assert_eq!((site.log().starts[&1], site.log().ends[&1]), (2, 1));
    assert_eq!(site.states(), ["completed"]);
}

/// The node's daemon is gone and its job lives on: Slurm starts the job again elsewhere while the first copy still writes.
#[test]
fn a_task_whose_node_daemon_died_runs_on_alone_and_completes() {
    let site = Site::of(1);
    site.sweep(["wait"]);
    let run = site.run(&[]);
    site.wait_for_starts(1);
    let (node, _) = (site.node(), site.may_be_requeued());
    site.slurm.kill_node(&node);
    site.slurm.declare_down(&node);
    let _ = run.wait_within(SWEEP_LIMIT).ends_with(1);
    assert_eq!(site.states(), ["unknown"], "{}", site.journal());
    site.open();
    wait_until("its record tells how it ended", || site.states() == ["completed"]);
    let _ = site.complete();
    site.each_completed_once(1);
    assert!(site.journal().contains("\"node-failed\""), "{}", site.journal());
}
