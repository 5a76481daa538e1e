//! Whatever is killed, whenever: no task runs twice at once, none that completed runs again, and in the end all have completed.

use crate::log::{RunLog, world_of_ticks};
use hsm_tests::{World, processes_of, wait_until};
use rustix::process::{Pid, Signal, kill_process};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

const TASKS: u64 = 24;
const PARALLEL: usize = 3;
const KILLS: usize = 8;

/// A small generator of random moments (SplitMix64), so that a failure can be run again with its seed.
struct Moments(u64);

impl Moments {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % bound
    }
}

#[expect(clippy::disallowed_methods, reason = "a fresh seed each time, and the way to give an old one")]
fn seed() -> u64 {
    match std::env::var("HSM_TEST_SEED") {
        Ok(seed) => seed.parse().expect("HSM_TEST_SEED is a number"),
        Err(_) => {
            SystemTime::now().duration_since(UNIX_EPOCH).map_or(1, |time| u64::from(time.subsec_nanos()))
        }
    }
}

fn kill(id: i32) {
    if let Some(id) = Pid::from_raw(id) {
        // It may have ended by itself a moment ago.
        let _ = kill_process(id, Signal::KILL);
    }
}

/// Lets a moment pass while looking whether the sweep is over.
fn pass(world: &World, moment: Duration) {
    let start = Instant::now();
    wait_until("a moment has passed", || start.elapsed() >= moment || world.is_over("s"));
}

#[test]
fn nothing_is_lost_or_doubled_when_viewer_and_driver_are_killed() {
    let seed = seed();
    println!("HSM_TEST_SEED={seed}");
    let mut moments = Moments(seed);
    let world = world_of_ticks(TASKS, "0.25");
    let parallel = PARALLEL.to_string();
    let mut viewer = Some(world.start(&["run", "--sweep-id", "s", "-p", &parallel]));
    wait_until("the sweep exists", || world.sweep_dir("s").join("plan.jsonl").exists());
    for _ in 0..KILLS {
        pass(&world, Duration::from_millis(20 + moments.below(500)));
        let is_viewer = moments.below(3) == 0;
        if let Some(viewer) = viewer.take_if(|_| is_viewer) {
            kill(viewer.id());
            let _ = viewer.wait();
        } else {
            world.drivers("s").into_iter().for_each(kill);
        }
        if world.drivers("s").is_empty() {
            drop(viewer.take().map(hsm_tests::Running::wait));
            viewer = Some(world.start(&["complete", "s", "-p", &parallel]));
        }
    }
    drop(viewer.take().map(hsm_tests::Running::wait));
    finish(&world, &parallel);
    check(&world, seed);
}

/// The driver may still be at work without a viewer; then whatever is not completed is run again until all is.
fn finish(world: &World, parallel: &str) {
    wait_until("the last driver has ended", || world.is_over("s"));
    for _ in 0..KILLS {
        let run = world.hsm(&["complete", "s", "-p", parallel]);
        if run.code() == Some(0) {
            break;
        }
    }
    wait_until("nothing runs any more", || processes_of(&world.path("")).is_empty());
}

fn check(world: &World, seed: u64) {
    let log = RunLog::read(world);
    let states = world.states("s");
    let last = world.hsm(&["complete", "s", "--dry-run"]);
    assert!(states.iter().all(|state| state == "completed"), "seed {seed}: {states:?}\n{last}");
    assert_eq!(states.len(), usize::try_from(TASKS).expect("a small number"));
    assert!(
        log.doubled.is_empty(),
        "seed {seed}: two copies at once of {:?}\n{}",
        log.doubled,
        evidence(world)
    );
    assert!(log.most_at_once <= PARALLEL, "seed {seed}: {} at once", log.most_at_once);
    for task in 1..=TASKS {
        assert!(
            log.ends.get(&task).is_some_and(|times| *times >= 1),
            "seed {seed}: task {task} never ended by itself"
        );
    }
    // Only a task that was running when a driver died may have run again.
    let again: usize = log.starts.values().map(|times| times - 1).sum();
    assert!(again <= KILLS * PARALLEL, "seed {seed}: {again} runs too many\n{log:?}");
    let before = log.starts.clone();
    let _ = world.hsm(&["complete", "s"]).succeeds();
    assert_eq!(
        RunLog::read(world).starts,
        before,
        "seed {seed}: `complete` ran something that had completed"
    );
}

/// What the tasks and the drivers wrote down, for whoever has to find out why.
fn evidence(world: &World) -> String {
    let mut text = World::read(world.path("runs.log"));
    for segment in 1.. {
        let path = world.sweep_dir("s").join(format!("journal/{segment:06}.jsonl"));
        if !path.exists() {
            break;
        }
        text.push_str(&format!("\n--- segment {segment}\n{}", World::read(path)));
    }
    text
}

#[test]
fn tasks_of_a_killed_driver_are_waited_for() {
    let world = world_of_ticks(2, "3");
    let viewer = world.start(&["run", "--sweep-id", "s", "-p", "2"]);
    wait_until("both tasks run", || RunLog::read(&world).starts.len() == 2);
    world.drivers("s").into_iter().for_each(kill);
    let _ = viewer.wait();
    let _ = world.hsm(&["complete", "s", "-p", "2"]);
    let _ = world.hsm(&["complete", "s", "-p", "2"]).succeeds();
    let log = RunLog::read(&world);
    assert!(log.doubled.is_empty(), "{log:?}");
    assert_eq!(log.ends.len(), 2, "the tasks of the killed driver were not let to end");
    assert_eq!(world.states("s"), ["completed"; 2]);
}

#[test]
fn a_killed_viewer_takes_nothing_with_it() {
    let world = world_of_ticks(4, "0.2");
    let viewer = world.start(&["run", "--sweep-id", "s"]);
    wait_until("a task runs", || !RunLog::read(&world).starts.is_empty());
    kill(viewer.id());
    assert_eq!(viewer.wait().signal(), Some(9));
    let _ = world.hsm(&["monitor", "s"]).succeeds();
    let log = RunLog::read(&world);
    assert_eq!(log.starts.values().copied().collect::<Vec<_>>(), [1; 4]);
}

#[test]
fn a_second_driver_is_told_who_holds_the_lease() {
    let world = world_of_ticks(1, "2");
    let viewer = world.start(&["run", "--sweep-id", "s"]);
    wait_until("the driver drives", || !RunLog::read(&world).starts.is_empty());
    let driver = world.drivers("s")[0];
    let folder = world.sweep_dir("s").to_string_lossy().into_owned();
    let second = world.hsm(&["drive", &folder]);
    assert_ne!(second.code(), Some(0), "{second}");
    let _ = second.says(&[&driver.to_string()]);
    let _ = viewer.wait().succeeds();
    assert_eq!(RunLog::read(&world).starts[&1], 1);
}
