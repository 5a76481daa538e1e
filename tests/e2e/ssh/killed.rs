//! Drivers that are killed, laptops that sleep, and tasks that do not want to end.

use super::Site;
use rustix::process::Signal;
use std::thread::sleep;
use std::time::Duration;

/// Longer than a link lives that nobody answers on, and than a source may be silent.
const NAP: Duration = Duration::from_secs(40);

#[test]
fn tasks_go_on_without_their_driver_and_the_next_one_sees_all() {
    let site = Site::of(1);
    site.sweep(["wait"; 12]);
    let run = site.run(&["--remote", "host1", "-p", "4"]);
    site.wait_for_starts(4);
    site.kill_drivers();
    let _ = site.ends(run, 1).says(&["nobody drives s"]);
    site.open("host1");
    site.waits("all have come to their end", || site.visits().ended_once() == 12);
    assert_ne!(site.count("completed"), 12, "nobody has looked yet");
    let monitor = site.world.start(&["monitor", "s"]);
    let _ = site.ends(monitor, 0);
    site.each_completed_once(12);
}

#[test]
fn tasks_that_still_run_are_waited_for_by_the_next_driver() {
    let site = Site::of(1);
    site.sweep(["wait"; 8]);
    let run = site.run(&["--remote", "host1", "-p", "4"]);
    site.wait_for_starts(4);
    site.kill_drivers();
    let _ = site.ends(run, 1);
    let monitor = site.world.start(&["monitor", "s"]);
    site.waits("somebody drives it again", || !site.world.is_over("s"));
    site.waits("what runs is known to run", || site.count("running") == 4);
    site.open("host1");
    let _ = site.ends(monitor, 0);
    site.each_completed_once(8);
}

#[test]
fn a_cancellation_reaches_every_process_of_a_task() {
    let site = Site::of(1);
    site.sweep(["deaf", "deaf", "wait", "wait"]);
    let run = site.run(&["--remote", "host1", "-p", "3"]);
    site.wait_for_starts(3);
    site.waits("both have started something of their own", || site.left_on("host1", "86399") == 2);
    let _ = site.world.hsm(&["cancel", "s"]).succeeds();
    let _ = site.ends(run, 1);
    assert_eq!(site.count("cancelled"), 4, "{}", site.story());
    site.waits("nothing of them is left", || {
        site.left_on("host1", "86399") + site.left_on("host1", "visit.sh") == 0
    });
    let visits = site.visits();
    assert_eq!((visits.all.len(), visits.ended_once()), (3, 0), "{visits:?}");
}

#[test]
fn a_laptop_may_sleep() {
    let site = Site::of(1);
    site.sweep(["nap"; 60]);
    let run = site.run(&["--remote", "host1", "-p", "2"]);
    site.wait_for_starts(3);
    site.signal_laptop(Signal::STOP);
    sleep(NAP);
    let meanwhile = site.visits().ended_once();
    site.signal_laptop(Signal::CONT);
    assert!(meanwhile >= 20, "{meanwhile} came to their end while nobody looked");
    let _ = site.ends(run, 0);
    site.each_completed_once(60);
}
