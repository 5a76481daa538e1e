//! The labs themselves: that they are what the tests of schedulers take them for, that they do not meet, and that nothing stays of them.

use hsm_tests::lab::{GridEngine, Options, Slurm};
use hsm_tests::{World, processes_of, wait_until};

/// Submits a script of one line, and gives the job's id.
fn sbatch(slurm: &Slurm, world: &World, options: &[&str], line: &str) -> String {
    let output = world.path("output");
    let fixed = ["--parsable", "--output", output.to_str().expect("a plain path"), "--wrap", line];
    let folder = format!("--chdir={}", world.path("").display());
    slurm.ask("sbatch", &[&fixed[..], &[folder.as_str()], options].concat()).trim().to_owned()
}

fn states(slurm: &Slurm) -> Vec<String> {
    slurm.ask("squeue", &["-h", "-r", "--states=all", "-o", "%T"]).lines().map(str::to_owned).collect()
}

#[test]
fn slurm_runs_arrays_on_its_own_nodes_and_gpus() {
    let (slurm, world) = (Slurm::up(&Options::default()), World::new());
    let folder = slurm.folder().to_owned();
    let line = "echo $SLURM_ARRAY_TASK_ID $SLURMD_NODENAME $CUDA_VISIBLE_DEVICES";
    let _ =
        sbatch(&slurm, &world, &["--array=0-3", "--partition=gpu", "--gpus=1", "--open-mode=append"], line);
    wait_until("all four ended well", || states(&slurm) == ["COMPLETED"; 4]);
    let printed = World::read(world.path("output"));
    for line in printed.lines() {
        let words: Vec<&str> = line.split(' ').collect();
        assert!(matches!(words[..], [_, "n3" | "n4", "0" | "1"]), "{printed}");
    }
    assert_eq!(printed.lines().count(), 4);
    drop(slurm);
    assert!(
        !folder.exists() && processes_of(&folder).is_empty(),
        "something is left of {}",
        folder.display()
    );
}

#[test]
fn two_slurms_do_not_meet_and_their_limits_are_their_own() {
    let lines = vec!["MaxArraySize=5".to_owned()];
    let (one, other) = (Slurm::up(&Options { lines, ..Options::default() }), Slurm::shared());
    let limit = |slurm: &Slurm| {
        let config = slurm.ask("scontrol", &["show", "config"]);
        let line = config.lines().find(|line| line.starts_with("MaxArraySize")).unwrap().to_owned();
        line.rsplit(' ').next().unwrap().to_owned()
    };
    assert_eq!((limit(&one), limit(other)), ("5".to_owned(), "10001".to_owned()));
}

#[test]
fn a_killed_node_leaves_its_job_running_and_a_crashed_one_does_not() {
    let (slurm, world) = (Slurm::up(&Options { nodes: 2, ..Options::default() }), World::new());
    let job = sbatch(&slurm, &world, &["--nodelist=n1"], "exec sleep 1234");
    let _ = sbatch(&slurm, &world, &["--nodelist=n2"], "exec sleep 1234");
    let sleeping = || {
        let all = processes_of(&world.path(""));
        all.iter().filter(|process| process.arguments.first().is_some_and(|name| name == "sleep")).count()
    };
    wait_until("both run", || sleeping() == 2);
    slurm.kill_node("n1");
    slurm.crash_node("n2");
    wait_until("one of the jobs is gone", || sleeping() == 1);
    slurm.declare_down("n1");
    let state = || slurm.ask("squeue", &["-h", "-j", &job, "-o", "%T"]).trim().to_owned();
    wait_until("Slurm has given the job up", || state() == "PENDING");
    assert_eq!(sleeping(), 1, "the job on the node that was killed runs on, whatever Slurm says");
}

#[test]
fn a_controller_that_was_stopped_remembers() {
    let (slurm, world) = (Slurm::up(&Options { nodes: 1, gpus: 0, ..Options::default() }), World::new());
    let job = sbatch(&slurm, &world, &["--hold"], "true");
    slurm.stop_controller();
    slurm.start_controller();
    assert_eq!(slurm.queue("%i %T"), [format!("{job} PENDING")]);
    slurm.scancel(&job);
    wait_until("the queue is empty", || slurm.queue("%i").is_empty());
}

#[test]
fn grid_engine_runs_arrays_and_keeps_accounts_of_them() {
    let (cell, world) = (GridEngine::up(4), World::new());
    let folder = cell.folder().to_owned();
    world.write_program("job.sh", "#!/bin/bash\nexit $((SGE_TASK_ID - 1))\n");
    let script = world.project("job.sh");
    let output = world.path("output");
    let submitted = cell.ask(
        "qsub",
        &["-terse", "-S", "/bin/bash", "-t", "1-3", "-j", "y", "-o", text(&output), text(&script)],
    );
    assert_eq!(submitted, "1.1-3:1\n");
    let records = folder.join("root/default/common/accounting");
    let accounted = || {
        std::fs::read_to_string(&records)
            .unwrap_or_default()
            .lines()
            .filter(|line| line.starts_with("all.q:"))
            .count()
    };
    wait_until("all three are accounted for", || accounted() == 3);
    let accounts = cell.ask("qacct", &["-j", "1"]);
    let mut codes: Vec<&str> =
        accounts.lines().filter_map(|line| line.strip_prefix("exit_status")).map(str::trim).collect();
    codes.sort_unstable();
    assert_eq!(codes, ["0", "1", "2"], "{accounts}");
    drop(cell);
    assert!(
        !folder.exists() && processes_of(&folder).is_empty(),
        "something is left of {}",
        folder.display()
    );
}

#[test]
fn a_master_that_was_stopped_remembers_and_its_jobs_run_on() {
    let (cell, world) = (GridEngine::up(1), World::new());
    world.write_program("job.sh", "exec sleep 1234\n");
    let script = world.project("job.sh");
    let workdir = world.project("");
    let options = ["-terse", "-S", "/bin/bash", "-o", "/dev/null", "-e", "/dev/null", "-wd", text(&workdir)];
    let _ = cell.ask("qsub", &[&options[..], &[text(&script)]].concat());
    let sleeping = || {
        processes_of(&world.path(""))
            .iter()
            .any(|process| process.arguments.first().is_some_and(|name| name == "sleep"))
    };
    wait_until("it runs", sleeping);
    cell.stop_master();
    assert!(sleeping());
    cell.start_master();
    let listed = cell.ask("qstat", &[]);
    assert!(listed.lines().any(|line| line.trim_start().starts_with("1 ")), "{listed}");
    let _ = cell.ask("qdel", &["1"]);
    wait_until("it is stopped", || !sleeping());
}

fn text(path: &std::path::Path) -> &str {
    path.to_str().expect("a plain path")
}
