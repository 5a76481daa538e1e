//! Limits of a site, and machines on which nothing works.

use super::{SWEEP_LIMIT, Site};
use hsm_tests::lab::Options;
use hsm_tests::wait_until;
use std::time::Duration;

/// A limit of an association is in no configuration that hsm could read: it is found out.
#[test]
fn four_thousand_tasks_fit_through_a_limit_of_five_hundred_jobs() {
    let lines = vec!["AccountingStorageEnforce=associations,limits".to_owned()];
    let site = Site::with(Options {
        nodes: 2,
        cpus: 64,
        gpus: 0,
        memory_mib: 64_000,
        accounting: true,
        lines,
        ..Options::default()
    });
    let users = site.slurm.ask("sacctmgr", &["-n", "-P", "show", "user", "format=User"]);
    let user = users.lines().next().expect("a user with an account").to_owned();
    let _ = site.slurm.ask("sacctmgr", &["-i", "modify", "user", &user, "set", "MaxSubmitJobs=500"]);
    site.world.write_program(
        "deed.sh",
        "#!/bin/sh\necho \"start $HSM_TASK $$\nend $HSM_TASK $$\" >>\"$RUN_LOG\"\n",
    );
    let values: Vec<String> = (1..=4_000).map(|task| task.to_string()).collect();
    site.world.write_sweep(&format!(
        "command: [./deed.sh, '{{x}}']\nsweep:\n  grid:\n    x: [{}]\n",
        values.join(", ")
    ));
    let run = site.run(&["--tasks-per-job", "4"]).wait_within(Duration::from_secs(600)).succeeds();
    site.each_completed_once(4_000);
    assert!(
        site.journal().contains("submit-limit") || site.journal().contains("takes no more jobs"),
        "{run}"
    );
}

#[test]
fn a_machine_on_which_tasks_die_holds_everything_until_it_is_released() {
    let site = Site::with(Options { nodes: 1, cpus: 4, gpus: 0, ..Options::default() });
    site.sweep((1..=80).map(|task| if task <= 20 { "fail" } else { "well" }));
    let run = site.run(&["--max-in-flight", "4"]);
    wait_until("everything is held", || {
        site.journal().contains("20 tasks died within seconds of their start on n1")
    });
    wait_until("Slurm holds what waits", || {
        let waiting = site.slurm.ask("squeue", &["-h", "-r", "-t", "PENDING", "-o", "%r"]);
        !waiting.is_empty() && waiting.lines().all(|reason| reason.contains("Held"))
    });
    assert!(site.log().starts.len() < 80, "{:?}", site.log().starts);
    let _ = site.world.hsm(&["release", "s"]).succeeds();
    let _ = run.wait_within(SWEEP_LIMIT).ends_with(1);
    let states = site.states();
    assert_eq!(
        (&states[..20], &states[20..]),
        (&["failed"; 20].map(str::to_owned)[..], &["completed"; 60].map(str::to_owned)[..])
    );
    site.nothing_ran_twice();
}
