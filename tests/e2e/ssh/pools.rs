//! One sweep on several machines, to which different things happen.

use super::Site;
use std::thread::sleep;
use std::time::Duration;

const THREE_HOSTS: &str = "  collect_interval: 5
  local_max_jobs: 2
  remotes:
    host1: {max_parallel_jobs: 4}
    host2: {max_parallel_jobs: 4}
    host3: {max_parallel_jobs: 4}
";
/// How many tasks one of them is given at most: twice its slots.
const HELD_BY_ONE: usize = 8;
/// For how long one of them stands still, and for how much longer the cable of another is out.
const STALL: Duration = Duration::from_secs(12);
const CUT_LONGER: Duration = Duration::from_secs(8);

#[test]
fn one_is_cut_off_one_stalls_one_dies_and_nothing_is_lost_or_doubled() {
    let site = Site::of(3);
    site.settings(THREE_HOSTS);
    site.sweep(["nap"; 300]);
    let run = site.run(&["--mode", "distributed"]);
    site.waits("all machines have begun tasks", || {
        let visits = site.visits();
        ["host1", "host2", "host3"].iter().all(|host| visits.on(host).len() >= 6) && visits.all.len() >= 30
    });
    let died_ns = all_of_it_happens(&site);
    site.waits("all others have done what they could", || site.count("completed") >= 300 - HELD_BY_ONE);
    let begun = site.visits().all.iter().filter(|visit| visit.end_ns.is_none()).count();
    assert!((1..=4).contains(&begun), "{:?}", site.visits());
    site.waits("what the dead host had begun is unknown", || site.count("unknown") >= begun);
    // What had come to its end over there and was not home yet is lost, too, and nothing else is.
    let is_here = |task: &u64| site.world.task_dir("s", *task).join("results.json").exists();
    let again = site.visits().on("host3").into_iter().filter(|task| !is_here(task)).count();
    assert!(again >= begun, "{again}");
    let _ = site.world.hsm(&["abandon", "s", "--host", "host3"]).succeeds();
    let _ = site.ends(run, 0);
    let visits = site.visits().without("host3", died_ns);
    site.all_is_here(300, &visits);
    assert_eq!(visits.all.len(), 300 + again, "{visits:?}");
    site.the_table_is_complete(300);
}

/// What happens, at once where it can: nobody but the tasks goes on meanwhile. When the third host died.
fn all_of_it_happens(site: &Site) -> u64 {
    site.hosts.cut("host1");
    site.hosts.stall("host2");
    site.hosts.kill("host3");
    let died_ns = site.hosts.console("host1", "date +%s%N");
    sleep(STALL);
    site.hosts.resume("host2");
    sleep(CUT_LONGER);
    site.hosts.heal("host1");
    died_ns.trim().parse().expect("a time in nanoseconds")
}
