//! GPU slots: disjoint, from the allowlist, and never the same GPU for two tasks, whichever sweep they are of.

use hsm_tests::World;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Four GPUs, as `nvidia-smi` lists them with the memory in use; somebody else works on the first where `BUSY_MIB` says so.
const NVIDIA_SMI: &str = "#!/bin/sh
case \"$*\" in
    *--query-gpu=index,memory.used*--format=csv,noheader,nounits*) ;;
    *) echo \"nvidia-smi: not the question of the day: $*\" >&2; exit 2 ;;
esac
echo \"0, ${BUSY_MIB:-3}\"
for i in 1 2 3; do echo \"$i, 3\"; done
";

/// Appends `start GPUS` and `end GPUS` to a log.
const TASK: &str = "#!/bin/sh
echo \"start $CUDA_VISIBLE_DEVICES $CUDA_DEVICE_ORDER\" >>\"$RUN_LOG\"
sleep 0.2
echo \"end $CUDA_VISIBLE_DEVICES $CUDA_DEVICE_ORDER\" >>\"$RUN_LOG\"
";

fn world_of_gpus(gpus_per_task: u32) -> World {
    let world = World::new();
    let log = world.path("runs.log");
    let world = world.with_variable("RUN_LOG", log);
    world.write_program("bin/nvidia-smi", NVIDIA_SMI);
    world.write_program("task.sh", TASK);
    world.write(".hsm/config.yaml", format!("local:\n  gpus: {gpus_per_task}\n"));
    world.write_sweep("command: [./task.sh, '{x}']\nsweep:\n  grid:\n    x: [1, 2, 3, 4, 5, 6]\n");
    world
}

/// GPUs are locked for all of a machine, so two of these tests at once would be in each other's way.
fn alone() -> MutexGuard<'static, ()> {
    static GPUS: Mutex<()> = Mutex::new(());
    GPUS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Every set of GPUs that a task had, how often; panics when a GPU had two tasks at once.
fn used(world: &World) -> BTreeMap<String, usize> {
    let mut busy: Vec<String> = Vec::new();
    let mut used = BTreeMap::new();
    for line in World::read(world.path("runs.log")).lines() {
        let fields: Vec<&str> = line.split(' ').collect();
        let [what, gpus, order] = fields[..] else { panic!("{line:?}") };
        assert_eq!(order, "PCI_BUS_ID");
        for gpu in gpus.split(',').map(str::to_owned) {
            if what == "start" {
                assert!(!busy.contains(&gpu), "two tasks at once on GPU {gpu}");
                busy.push(gpu);
            } else {
                busy.retain(|other| *other != gpu);
            }
        }
        if what == "start" {
            *used.entry(gpus.to_owned()).or_default() += 1;
        }
    }
    used
}

fn sets(world: &World) -> Vec<String> {
    used(world).into_keys().collect()
}

#[test]
fn each_task_has_its_own() {
    let _alone = alone();
    let world = world_of_gpus(1);
    let _ = world.hsm(&["run", "--gpus", "all", "-p", "4"]).succeeds();
    assert_eq!(sets(&world), ["0", "1", "2", "3"]);
}

#[test]
fn two_a_task_make_disjoint_slots() {
    let _alone = alone();
    let world = world_of_gpus(2);
    let _ = world.hsm(&["run", "--gpus", "all"]).succeeds();
    assert_eq!(sets(&world), ["0,1", "2,3"]);
}

#[test]
fn the_allowlist_counts() {
    let _alone = alone();
    for (list, expected) in [("1,3", &["1", "3"][..]), ("2,", &["2"])] {
        let world = world_of_gpus(1);
        let _ = world.hsm(&["run", "--gpus", list]).succeeds();
        assert_eq!(sets(&world), expected, "--gpus {list}");
    }
}

#[test]
fn a_number_of_gpus_means_idle_ones() {
    let _alone = alone();
    let world = world_of_gpus(1).with_variable("BUSY_MIB", "20000");
    let _ = world.hsm(&["run", "--gpus", "2"]).succeeds();
    assert_eq!(sets(&world), ["1", "2"]);
}

#[test]
fn too_few_gpus_are_refused() {
    let _alone = alone();
    let world = world_of_gpus(1).with_variable("BUSY_MIB", "20000");
    let _ = world.hsm(&["run", "--gpus", "4"]).ends_with(2).says(&["4", "hint:"]);
}

#[test]
fn inherited_visibility_is_respected() {
    let _alone = alone();
    let world = world_of_gpus(1).with_variable("CUDA_VISIBLE_DEVICES", "2,3");
    let _ = world.hsm(&["run", "--gpus", "all"]).succeeds();
    assert_eq!(sets(&world), ["2", "3"]);
}

#[test]
fn two_sweeps_never_share_one() {
    let _alone = alone();
    let world = world_of_gpus(1);
    let runs = [
        world.start(&["run", "--sweep-id", "a", "--gpus", "0,1"]),
        world.start(&["run", "--sweep-id", "b", "--gpus", "1,2"]),
    ];
    for run in runs {
        let _ = run.wait().succeeds();
    }
    assert_eq!(used(&world).values().sum::<usize>(), 12);
}

#[test]
fn without_gpus_the_tasks_see_none() {
    let _alone = alone();
    let world = world_of_gpus(1);
    let _ = world.hsm(&["run", "--gpus", "cpu", "--max-runs", "1"]).succeeds();
    let line = World::read(world.path("runs.log"));
    assert!(line.starts_with("start  ") || line.starts_with("start -1 "), "{line}");
}
