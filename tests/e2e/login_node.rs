//! The command line on a login node: which scheduler is meant, what is said before anything is sent, what the cluster says of itself, and
//! recordings that anybody can replay.

use hsm_tests::lab::{FakePbs, Lab as _, Slurm};
use hsm_tests::{Run, World, wait_until};
use serde_json::Value;
use std::fs;
use std::os::unix::fs::symlink;
use std::time::{Duration, Instant};

/// How long a Slurm without its configuration may be asked in vain; its own commands go on for a minute.
const PATIENCE: Duration = Duration::from_secs(45);

fn world() -> World {
    let world = World::new();
    world.write_sweep("command: [sleep, '{s}']\ngrid:\n  s: ['0.1', '0.2', '0.3']\n");
    world
}

/// Hands the sweep in as `s`.
fn run(world: &World, more: &[&str]) -> Run {
    let fixed =
        ["run", "--sweep-id", "s", "--mode", "array", "--walltime", "00:05:00", "--poll-interval", "1"];
    world.hsm(&[&fixed[..], more].concat())
}

fn sent_nothing(world: &World) -> bool {
    !world.project("sweeps/outputs").exists()
}

#[test]
fn a_dry_run_shows_the_very_script_and_command_and_sends_nothing() {
    let world = world().at(Slurm::shared());
    let shown = run(&world, &["--resources", "--mem=100M", "--max-in-flight", "2", "--dry-run"]).succeeds();
    let shown = shown.prints(&[
        "$ sbatch ",
        "--array=0-2%2",
        "#SBATCH --time=00:05:00",
        "#SBATCH --mem=100M",
        "in 1 job",
    ]);
    let script = format!("{}/jobs/xxxxxxxxxx/job.sh", world.sweep_dir("s").display());
    let shown = shown.prints(&[&format!("$ cat {script}\n#!/bin/bash\n")]);
    // Tasks run the copy of the code that the sweep would have.
    let shown = shown.prints(&[&format!("--chdir={}/code", world.sweep_dir("s").display())]);
    let _ = shown.says(&["keep off n[3-4]", "--use-gpu-nodes"]);
    let plan = ["plan", "--mode", "individual", "--use-gpu-nodes", "--json"];
    let plan = world.hsm(&plan).succeeds().json();
    let submission = &plan["submission"];
    assert_eq!((&submission["scheduler"], &submission["submissions"]), (&"slurm".into(), &3.into()));
    assert_eq!(submission["command"][0], "sbatch");
    assert!(!submission["script"].as_str().unwrap_or_default().contains("--exclude"), "{submission}");
    assert!(
        world.hsm(&["plan", "--json"]).succeeds().json()["submission"].is_null(),
        "no scheduler is meant"
    );
    assert!(sent_nothing(&world));
}

#[test]
fn what_could_never_start_is_told_before_a_sweep_exists() {
    let world = world().at(Slurm::shared());
    for (resources, walltime, said, hint) in [
        ("--partition=mian", "00:05:00", "there is no partition `mian`", "did you mean `main`?"),
        ("--gpus=9", "00:05:00", "9 GPUs are asked for", "--resources"),
        ("--mem=16Q", "00:05:00", "`16Q` is not an amount of memory", "--mem=16G"),
        ("--meme=1G", "00:05:00", "`--meme`", "did you mean `--mem`?"),
        ("select=1:ncpsu=4", "00:05:00", "`ncpsu`", "did you mean `ncpus`?"),
        ("-c 1", "02:00:00", "`main` ends jobs after 01:00:00", "--yes"),
    ] {
        let refused =
            world.hsm(&["run", "--mode", "array", "--walltime", walltime, "--resources", resources]);
        let _ = refused.ends_with(2).says(&[said, hint]);
    }
    world.write(".hsm/config.yaml", "slurm:\n  qos_whitelist: [normal]\n");
    let _ = run(&world, &["--resources", "--qos=urgent"]).ends_with(2).says(&["`urgent`", "`normal`"]);
    assert!(sent_nothing(&world));
    let _ = run(&world, &["--resources", "--partition=mian", "--yes"])
        .ends_with(1)
        .says(&["refused", "hsm complete s"]);
    let _ = world.hsm(&["status", "s"]).succeeds().says(&["`hsm complete s --resources …` sends it again"]);
    let status = world.hsm(&["status", "s", "--json"]).succeeds().json();
    assert_eq!((&status["unsent"], &status["jobs"][0]["progress"]), (&3.into(), &"refused".into()));
}

#[test]
fn the_scheduler_is_found_by_what_its_commands_print() {
    let here = world();
    let _ = here.hsm(&["run", "--sweep-id", "s"]).succeeds().says(&["on this machine"]);
    let _ = here.hsm(&["run", "--mode", "array"]).ends_with(2).says(&["no batch system", "--mode local"]);
    let _ = here.hsm(&["queue"]).ends_with(2).says(&["no batch system"]);
    let slurm = world().at(Slurm::shared());
    let _ = slurm.hsm(&["run", "--sweep-id", "s", "--poll-interval", "1"]).succeeds().says(&["at slurm"]);
    let local = world().at(Slurm::shared());
    let _ = local.hsm(&["run", "--sweep-id", "s", "-p", "2"]).succeeds().says(&["on this machine"]);
    let _ = local.hsm(&["run", "--mode", "array", "-p", "2"]).ends_with(2).says(&["`-p`", "--max-in-flight"]);
    let (pbs, both) = (FakePbs::up(1), world().at(Slurm::shared()));
    for program in ["qsub", "qstat"] {
        symlink(pbs.programs().join(program), both.path("bin").join(program)).expect("a link");
    }
    let _ = both.hsm(&["run"]).ends_with(2).says(&["Slurm", "PBS", "--scheduler slurm"]);
    let _ = both.hsm(&["run", "--scheduler", "slrum"]).ends_with(2).says(&["did you mean `slurm`?"]);
    assert!(sent_nothing(&both));
}

#[test]
fn a_slurm_without_its_configuration_is_not_waited_for() {
    let world = world().at(Slurm::shared()).with_variable("SLURM_CONF", "/nowhere/slurm.conf");
    for arguments in [&["run", "--mode", "array"][..], &["run", "--scheduler", "slurm"], &["queue"]] {
        let start = Instant::now();
        let _ = world.hsm(arguments).ends_with(2).says(&["no configuration", "SLURM_CONF"]);
        assert!(start.elapsed() < PATIENCE, "{arguments:?} took {:?}", start.elapsed());
    }
    assert!(sent_nothing(&world));
}

#[test]
fn a_slurm_that_nobody_told_of_a_cluster_gets_no_sweep() {
    let programs = Slurm::shared().programs().display().to_string();
    let world = world().with_variable("PATH", format!("{programs}:/usr/bin:/bin"));
    let refused = world.hsm(&["run", "--scheduler", "slurm"]).ends_with(2);
    let _ = refused.says(&["no configuration", "SLURM_CONF", "--mode local"]);
    let _ = world.hsm(&["run", "--mode", "array"]).ends_with(2).says(&["no batch system", "set up"]);
    assert!(sent_nothing(&world));
    let _ = world.hsm(&["run", "--sweep-id", "s"]).succeeds().says(&["on this machine"]);
}

#[test]
fn the_queue_knows_the_sweeps_and_the_tally_what_was_asked() {
    let world = world().at(Slurm::shared());
    world.write_sweep("command: [sleep, '{s}']\ngrid:\n  s: [300, 301]\n");
    let _ = run(&world, &["--detach"]).succeeds();
    let ours = |queue: &Value| {
        let jobs = queue["jobs"].as_array().expect("jobs").iter();
        jobs.filter(|job| job["sweep"] == "s").filter_map(|job| job["tasks"].as_u64()).sum::<u64>()
    };
    wait_until("the queue has both tasks", || {
        ours(&world.hsm(&["queue", "mine", "--json"]).succeeds().json()) == 2
    });
    let gpus = world.hsm(&["queue", "gpus", "--json"]).succeeds().json();
    assert_eq!(gpus["gpus"][0]["total"], 4);
    let _ = world.hsm(&["queue", "reservations"]).succeeds();
    wait_until("both run", || {
        world.hsm(&["status", "s", "--json"]).succeeds().json()["jobs"][0]["running"] == 2
    });
    let _ = world.hsm(&["cancel", "s"]).succeeds().says(&["2 cancelled"]);
    let status = world.hsm(&["status", "s", "--rpc", "--json"]).succeeds().json();
    let commands = status["commands"].as_array().expect("commands");
    let times =
        |purpose: &str| commands.iter().find(|line| line["for"] == purpose).map(|line| line["count"].clone());
    assert_eq!((times("submit"), times("cancel")), (Some(1.into()), Some(1.into())), "{status}");
    // `run` asks what may be asked for, and once more the driver does; the cluster is asked for advice by `run` alone.
    assert_eq!(times("describe"), Some(2.into()), "{status}");
    assert!(commands.iter().any(|line| line["for"] == "advise" && line["program"] == "sinfo"), "{status}");
    let _ = world.hsm(&["status", "s", "--rpc"]).succeeds().prints(&["sbatch", "scancel"]);
}

#[test]
fn a_recording_tells_nobody_and_is_replayed_anywhere() {
    let world = world().at(Slurm::shared());
    let _ = run(&world, &["--record", "said"]).succeeds();
    let files: Vec<_> = fs::read_dir(world.project("said"))
        .expect("a folder")
        .map(|file| file.expect("a file").path())
        .collect();
    for file in &files {
        let text = World::read(file);
        assert!(!text.contains(&*world.path("").to_string_lossy()), "{text}");
    }
    let elsewhere = World::new();
    fs::create_dir(elsewhere.project("said")).expect("a folder");
    for file in &files {
        fs::copy(file, elsewhere.project("said").join(file.file_name().expect("a name"))).expect("a copy");
    }
    let _ = elsewhere
        .hsm(&["replay", "said"])
        .succeeds()
        .prints(&["$ sbatch", "as recorded"])
        .says(&["all as recorded"]);
    let submitted =
        files.iter().find(|file| file.to_string_lossy().ends_with("submit.json")).expect("a submission");
    let other = World::read(submitted).replace("\"accepted\"", "\"unknown\"");
    elsewhere.write("said/9-other.json", other.replace("--parsable", "--quiet"));
    let _ = elsewhere.hsm(&["replay", "said"]).ends_with(1).prints(&["not as recorded", "--quiet"]);
    let _ = elsewhere.hsm(&["replay", "nowhere"]).ends_with(5);
}
