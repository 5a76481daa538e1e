//! A cluster behind ssh: the same scheduler, with another machine under it.

use super::Site;
use hsm_tests::World;
use hsm_tests::lab::SshOptions;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;

/// A cluster on the one host.
fn cluster() -> Site {
    let site = Site::with(&SshOptions { hosts: 1, slurm: vec!["host1"], ..SshOptions::default() });
    site.settings("  collect_interval: 5\n  remotes:\n    cluster: {host: host1, backend: slurm}\n");
    site
}

const ARRAY: [&str; 4] = ["--remote", "cluster", "--mode", "array"];

impl Site {
    /// The array elements that the cluster has, those that are over among them.
    fn elements(&self) -> Vec<String> {
        let seen = self.hosts.console("host1", "squeue -h -r -t all -o '%i'");
        seen.lines().map(str::to_owned).collect()
    }

    /// The jobs that these are of.
    fn jobs(&self) -> Vec<String> {
        let job = |element: &String| element.split('_').next().unwrap_or_default().to_owned();
        let mut jobs: Vec<String> = self.elements().iter().map(job).collect();
        jobs.sort();
        jobs.dedup();
        jobs
    }

    /// Puts a program before `sbatch` over there. In `lines`, `real` is that one, and `first` is true the first time.
    fn wrap_sbatch(&self, lines: &str) {
        let home = self.hosts.home("host1");
        let folder = home.join("bin");
        fs::create_dir(&folder).expect("a folder for programs");
        let real = self.hosts.console("host1", "command -v sbatch");
        let text = format!(
            "#!/bin/bash\nreal() {{ '{}' \"$@\"; }}\nfirst() {{ mkdir ~/sbatch-was-run 2>/dev/null; }}\n{lines}\n",
            real.trim()
        );
        fs::write(folder.join("sbatch"), &text).expect("a program of the host's");
        fs::set_permissions(folder.join("sbatch"), Permissions::from_mode(0o755))
            .expect("an executable program");
        fs::write(home.join(".bashrc"), "PATH=~/bin:$PATH\n").expect("what a shell reads");
    }
}

#[test]
fn an_array_runs_there_and_its_results_come_home() {
    let site = cluster();
    site.sweep(["well"; 20]);
    let run = site.run(&ARRAY);
    let _ = site.ends(run, 0);
    site.each_completed_once(20);
    site.the_table_is_complete(20);
    assert_eq!(site.jobs().len(), 1, "{:?}", site.elements());
}

#[test]
fn a_link_cut_between_submission_and_answer_makes_one_job_and_not_two() {
    let site = cluster();
    site.wrap_sbatch(
        "answer=$(real \"$@\") || exit\n\
         if first; then touch ~/submitted; until [ -e ~/go-on ]; do sleep 0.1; done; fi\n\
         echo \"$answer\"",
    );
    site.sweep(["wait"; 6]);
    let run = site.run(&ARRAY);
    let home = site.hosts.home("host1");
    site.waits("sbatch has submitted the array", || home.join("submitted").exists());
    site.hosts.cut("host1");
    fs::write(home.join("go-on"), "").expect("a file of the host's");
    site.waits("the answer is missed", || site.story().contains("what became of submission"));
    site.hosts.heal("host1");
    site.waits("the job is known", || site.story().contains("\"submitted\""));
    site.open("host1");
    let _ = site.ends(run, 0);
    site.each_completed_once(6);
    assert_eq!(site.jobs().len(), 1, "{:?}\n{}", site.elements(), site.story());
    assert_eq!(site.story().matches("\"submitting\"").count(), 1, "{}", site.story());
}

#[test]
fn what_fails_there_is_shown_and_completed_and_what_runs_is_cancelled() {
    let site = cluster();
    site.sweep(["fail", "well", "wait", "wait"]);
    let run = site.run(&ARRAY);
    site.wait_for_starts(4);
    site.waits("two are over", || site.count("failed") == 1 && site.count("completed") == 1);
    let _ = site.world.hsm(&["cancel", "s"]).succeeds();
    let _ = site.ends(run, 1);
    assert_eq!((site.count("cancelled"), site.visits().ended_once()), (2, 2), "{}", site.story());
    let queue = || site.hosts.console("host1", "squeue -h");
    site.waits("nothing of it is left", || {
        queue().trim().is_empty() && site.left_on("host1", "visit.sh") == 0
    });
    let _ = site.world.hsm(&["errors", "s"]).prints(&["exit code 3"]);
    site.world
        .write_program("visit.sh", &World::read(site.world.project("visit.sh")).replace("code=3", "code=0"));
    site.open("host1");
    let complete = site.world.start(&["complete", "s"]);
    let _ = site.ends(complete, 0);
    let visits = site.visits();
    // One had failed and two were stopped; those ran again.
    assert_eq!((site.count("completed"), visits.all.len()), (4, 7), "{visits:?}\n{}", site.story());
    site.the_table_is_complete(4);
}
