//! The code that tasks run over there: what it was when the sweep began.

use super::Site;
use hsm_tests::World;
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;

#[test]
fn edits_reach_no_task_that_waits_and_unchanged_files_are_shared() {
    let site = Site::of(1);
    site.sweep(["wait"; 4]);
    site.world.write("lib/same.bin", [7_u8; 4096]);
    let run = site.run(&["--remote", "host1", "-p", "1"]);
    site.wait_for_starts(1);
    site.world.write_program("visit.sh", "#!/bin/sh\nexit 9\n");
    site.open("host1");
    let _ = site.ends(run, 0);
    site.each_completed_once(4);
    assert!(World::read(site.world.project("visit.sh")).contains("exit 9"), "the project has the edit");
    let second = site.world.start(&["run", "--sweep-id", "t", "--remote", "host1", "-p", "4"]);
    let _ = second.wait_within(super::SWEEP_LIMIT).ends_with(1).says(&["t: 4 failed"]);
    let snapshots = site.snapshots();
    let inodes = |name: &str| -> BTreeMap<u64, usize> {
        let mut inodes = BTreeMap::new();
        for snapshot in &snapshots {
            *inodes
                .entry(fs::metadata(snapshot.join(name)).expect("a file of a snapshot").ino())
                .or_default() += 1;
        }
        inodes
    };
    assert_eq!(snapshots.len(), 2, "{snapshots:?}");
    assert_eq!((inodes("lib/same.bin").len(), inodes("visit.sh").len()), (1, 2));
}

impl Site {
    /// The snapshots of the code on the first host.
    fn snapshots(&self) -> Vec<PathBuf> {
        let root = self.hosts.home("host1").join(".hsm/remote");
        let projects = fs::read_dir(root).expect("hsm's folder over there").flatten();
        let codes = projects.filter_map(|project| fs::read_dir(project.path().join("code")).ok());
        codes.flat_map(|code| code.flatten().map(|entry| entry.path())).filter(|path| path.is_dir()).collect()
    }
}
