//! The scripts on folders of this machine, and what is made of what they print.

use super::*;
use crate::process;
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::time::Duration;

const DIGEST: &str = "5bc8b8076572be8b90400cdb0b30e7d4";

struct Far(tempfile::TempDir);

impl Far {
    fn new() -> Self {
        let far = Self(tempfile::tempdir().unwrap());
        for folder in ["", "p", "p/sweeps/a", "p/sweeps/b", &format!("p/code/{DIGEST}"), "q", "agent"] {
            far.make(folder);
        }
        let script =
            format!("#!/bin/bash\nhsm_workdir='{}'\n", far.path(&format!("p/code/{DIGEST}")).display());
        far.write("p/sweeps/a/jobs/t1/job.sh", &script);
        far.write("p/sweeps/b/jobs/t2/job.sh", "cd somewhere\n");
        for (token, sweep) in [("t1", "p/sweeps/a"), ("t9", "p/sweeps/gone"), ("t8", "q/sweeps/a")] {
            let script = far.path(sweep).join(format!("jobs/{token}/job.sh"));
            let spec = format!("4 2 0 10 0 1 \n{}\n/log\nend\n", script.display());
            far.write(&format!("agent/state/on-box/jobs/{token}/spec"), &spec);
        }
        far
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join("far").join(name)
    }

    /// A folder of hsm's.
    fn make(&self, name: &str) {
        let marker = Path::new(name).join(".hsm-made");
        self.write(marker.to_str().unwrap(), "This folder was made by hsm.\n");
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn run(&self, script: &str, words: &[&str]) -> String {
        let root = self.0.path().join("far").display().to_string();
        let all = [&["-c", script, "hsm", &root, "p"], words].concat();
        let said = process::ask("bash", &all, Duration::from_secs(20)).unwrap();
        assert_eq!(String::from_utf8_lossy(&said.stderr), "");
        String::from_utf8(said.stdout).unwrap()
    }

    fn list(&self) -> Leftovers {
        parse(&self.run(include_str!("list.sh"), &[]), "/r".to_owned(), "p".to_owned()).unwrap()
    }

    fn remove(&self, kind: &str, name: &str) -> Result<(), String> {
        let (mut kept, gone) = parse_removal(&self.run(include_str!("remove.sh"), &[kind, name])).unwrap();
        if gone.contains(name) { Ok(()) } else { Err(kept.remove(name).unwrap()) }
    }
}

fn names(folders: &[LeftFolder]) -> Vec<&str> {
    folders.iter().map(|folder| folder.name.as_str()).collect()
}

#[test]
fn everything_of_the_project_is_listed_and_of_others_the_size() {
    let far = Far::new();
    let left = far.list();
    assert_eq!((names(&left.sweeps), names(&left.codes)), (vec!["a", "b"], vec![DIGEST]));
    assert_eq!(names(&left.others), ["q"]);
    let sweep = &left.sweeps[0];
    assert!(sweep.kib > Some(0) && sweep.age_s.is_some_and(|age| age < 60), "{sweep:?}");
    assert_eq!(left.uses, [("a".to_owned(), Some(DIGEST.to_owned())), ("b".to_owned(), None)]);
    let records: Vec<_> = left.records.iter().map(|(sweep, tokens)| (sweep.as_str(), tokens.len())).collect();
    assert_eq!(records, [("a", 1), ("gone", 1)]);
    assert!(left.not_ours.is_empty());
}

#[test]
fn what_hsm_did_not_make_is_told_apart_and_never_removed() {
    let far = Far::new();
    far.write("p/sweeps/mine/data", "x");
    far.write("elsewhere/.hsm-made", "x");
    far.write("elsewhere/data", "x");
    symlink(far.path("elsewhere"), far.path("p/sweeps/link")).unwrap();
    far.write("p/sweeps/marked/data", "x");
    symlink(far.path("elsewhere/.hsm-made"), far.path("p/sweeps/marked/.hsm-made")).unwrap();
    let left = far.list();
    assert_eq!(names(&left.sweeps), ["a", "b"]);
    let odd: BTreeSet<_> = left.not_ours.iter().filter_map(|path| Path::new(path).file_name()).collect();
    assert_eq!(odd, ["link", "marked", "mine"].map(std::ffi::OsStr::new).into());
    for name in ["mine", "link", "marked", "../q", ".", ""] {
        assert!(far.remove("sweeps", name).is_err(), "{name:?}");
    }
    for kept in ["p/sweeps/mine/data", "elsewhere/data", "p/sweeps/marked/data", "q/.hsm-made"] {
        assert!(far.path(kept).exists(), "{kept}");
    }
}

#[test]
fn a_way_through_a_link_leads_nowhere() {
    for link in ["p/sweeps", "p", ""] {
        let far = Far::new();
        assert_eq!(names(&far.list().sweeps), ["a", "b"]);
        let real = far.0.path().join("real");
        let place = if link.is_empty() { far.0.path().join("far") } else { far.path(link) };
        fs::rename(&place, &real).unwrap();
        symlink(&real, &place).unwrap();
        assert!(names(&far.list().sweeps).is_empty(), "{link:?}");
        assert!(far.remove("sweeps", "a").unwrap_err().ends_with("was not made by hsm"), "{link:?}");
        assert!(far.path("p/sweeps/a/jobs/t1/job.sh").exists(), "{link:?}");
    }
}

#[test]
fn what_is_read_only_goes_and_what_a_link_in_it_names_stays() {
    let far = Far::new();
    far.write("outside/data", "x");
    far.write("p/sweeps/a/tasks/task_1/out", "x");
    symlink(far.path("outside"), far.path("p/sweeps/a/tasks/task_1/link")).unwrap();
    let folder = far.path("p/sweeps/a/tasks/task_1");
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o500)).unwrap();
    assert_eq!(far.remove("sweeps", "a"), Ok(()));
    assert!(!far.path("p/sweeps/a").exists() && far.path("outside/data").exists());
    assert_eq!(far.remove("sweeps", "a"), Ok(()), "what is gone is gone");
    assert_eq!(far.remove("code", DIGEST), Ok(()));
    assert_eq!((names(&far.list().sweeps), far.list().codes), (vec!["b"], vec![]));
}

#[test]
fn an_answer_that_is_not_whole_or_not_ours_is_none() {
    let of = |said: &str| parse(said, String::new(), String::new());
    assert_eq!(of("sweep a 4 -\nend\n").unwrap().sweeps[0].age_s, None);
    for bad in ["", "sweep a 4 5\n", "sweep a 4\nend\n", "sweep a x 5\nend\n", "hello\nend\n", "odd 1\nend\n"]
    {
        assert_eq!(of(bad), None, "{bad:?}");
    }
    assert_eq!(parse_removal("gone a\n"), None);
    assert_eq!(parse_removal("kept a\nend\n"), None);
}
