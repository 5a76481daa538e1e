//! A real Slurm whose `sbatch` is a program of the site's, and adapters that do what no scheduler may.

use hsm_tests::lab::{Lab, Options, Slurm};
use hsm_tests::{Run, World, wait_until};
use serde_json::Value;
use std::fs;

/// The site's `sbatch`: it notes that it was called, looks whether there is anything left to pay with, and has words of its own for what
/// Slurm says.
const SBATCH: &str = "\
#!/bin/sh
case $1 in --version) exec REAL/sbatch --version ;; esac
echo called >>HERE/called
echo '*** Ada Computing Centre: maintenance on Friday ***'
if [ -e HERE/broke ]; then
  echo 'Job refused: project vision has used 5000 of 5000 core hours' >&2
  exit 1
fi
said=$(REAL/sbatch \"$@\") || { echo 'Job refused' >&2; exit 1; }
echo 'project vision: 1234.5 of 5000 core hours used'
echo \"Job <$(echo \"$said\" | tr -cd 0-9)> submitted to queue <main>.\"
";

/// A world at such a site, with a sweep of twelve tasks, of which one fails. Each notes its end.
fn world(slurm: &Slurm) -> World {
    let world = World::new().at(slurm);
    let (here, real) = (world.project(""), slurm.programs());
    let sbatch = SBATCH.replace("REAL", &real.display().to_string());
    world.write_program("bin/sbatch", &sbatch.replace("HERE/", &here.display().to_string()));
    write_work(&world);
    world
}

fn write_work(world: &World) {
    let (program, here) = (world.project("work"), world.project("ended"));
    world.write_program("work", "#!/bin/sh\necho \"$HSM_TASK\" >>\"$2\"\n[ \"$1\" != 7 ] || exit 3\n");
    world.write_sweep(&format!(
        "command: ['{}', '{{x}}', '{}']\nsweep:\n  grid:\n    x: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]\n",
        program.display(),
        here.display()
    ));
}

fn run(world: &World, scheduler: &str, more: &[&str]) -> Run {
    let fixed = ["run", "--sweep-id", "s", "--mode", "array", "--scheduler", scheduler];
    world.hsm(&[&fixed[..], &["--poll-interval", "1", "--hold-after", "0"], more].concat())
}

fn status(world: &World) -> Value {
    world.hsm(&["status", "s", "--json", "--rpc"]).succeeds().json()
}

fn lines(world: &World, file: &str) -> Vec<String> {
    let text = fs::read_to_string(world.project(file)).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

/// Every task ended as it ended, once, in one job that was handed in once.
fn assert_true(world: &World, slurm: &Slurm) {
    let status = status(world);
    for (task, number) in status["tasks"].as_array().expect("tasks").iter().zip(1..) {
        let (state, reason) =
            if number == 8 { ("failed", "exit code 3".into()) } else { ("completed", Value::Null) };
        assert_eq!((task["state"].as_str(), &task["reason"]), (Some(state), &reason), "{task}");
    }
    let mut ended: Vec<u64> =
        lines(world, "ended").iter().map(|line| line.parse().expect("a number")).collect();
    ended.sort_unstable();
    assert_eq!(ended, (1..=12).collect::<Vec<u64>>());
    let jobs = status["jobs"].as_array().expect("jobs");
    assert_eq!(jobs.len(), 1, "{status}");
    let token = jobs[0]["token"].as_str().expect("a token");
    let known = slurm.ask("squeue", &["-h", "-a", "-t", "all", "-o", "%F %j"]);
    let mut ids: Vec<&str> = known
        .lines()
        .filter(|line| line.ends_with(token))
        .filter_map(|line| line.split(' ').next())
        .collect();
    ids.dedup();
    assert_eq!(ids, [jobs[0]["job"].as_str().expect("an id")], "{known}");
}

/// What the commands were for, in the tally.
fn purposes(world: &World) -> Vec<String> {
    let status = status(world);
    let commands = status["commands"].as_array().expect("commands").clone();
    commands.iter().map(|command| command["for"].as_str().expect("a purpose").to_owned()).collect()
}

#[test]
fn an_answer_that_is_not_understood_is_settled_without_a_second_job() {
    let slurm = Slurm::shared();
    let world = world(slurm);
    let done = run(&world, "slurm", &[]);
    assert_eq!(done.code(), Some(1), "{done}");
    assert_true(&world, slurm);
    assert_eq!(lines(&world, "called").len(), 1);
    assert!(purposes(&world).iter().any(|purpose| purpose == "recover"), "{:?}", purposes(&world));
}

#[test]
fn the_sites_adapter_understands_it_at_once() {
    let slurm = Slurm::shared();
    let world = world(slurm);
    let bundle = World::plugin("slurm-wrapped").replace(".wasm", ".tar");
    let _ = world.hsm(&["plugin", "add", &bundle, "--yes"]).succeeds();
    let done = run(&world, "slurm-wrapped", &[]);
    assert_eq!(done.code(), Some(1), "{done}");
    assert_true(&world, slurm);
    assert_eq!(lines(&world, "called").len(), 1);
    assert!(!purposes(&world).iter().any(|purpose| purpose == "recover"), "{:?}", purposes(&world));
}

#[test]
fn what_the_site_refuses_is_said_in_its_words_and_runs_nothing() {
    let world = world(Slurm::shared());
    let bundle = World::plugin("slurm-wrapped").replace(".wasm", ".tar");
    let _ = world.hsm(&["plugin", "add", &bundle, "--yes"]).succeeds();
    world.write("broke", "");
    let refused = run(&world, "slurm-wrapped", &[]);
    let refused = refused.says(&["project vision has used 5000 of 5000 core hours"]);
    assert_ne!(refused.code(), Some(0), "{refused}");
    assert_eq!(lines(&world, "called").len(), 1, "it is asked once");
    assert_eq!(lines(&world, "ended"), [""; 0]);
    fs::remove_file(world.project("broke")).expect("the file");
    let done = world.hsm(&["complete", "s"]);
    assert_eq!(done.code(), Some(1), "{done}");
    let mut ended = lines(&world, "ended");
    ended.sort();
    ended.dedup();
    assert_eq!((ended.len(), lines(&world, "ended").len()), (12, 12));
}

/// A world with an adapter that does what it is told.
fn wayward(slurm: &Slurm) -> World {
    let world = World::new().at(slurm);
    write_work(&world);
    let more = "[capabilities]\ncommands = ['sbatch', 'scancel', 'squeue']\n[config.do]\ntype = 'text'\nsummary = 'What.'\n";
    world.write_plugin("wayward", "scheduler", "0.1.0", more);
    fs::copy(World::plugin("wayward-scheduler"), world.project("wayward/plugin.wasm"))
        .expect("the component");
    let _ = world.hsm(&["plugin", "pack", "wayward", "-o", "wayward.tar"]).succeeds();
    let _ = world.hsm(&["plugin", "add", "wayward.tar", "--yes"]).succeeds();
    world
}

fn run_wayward(world: &World, deed: &str, more: &[&str]) -> Run {
    run(world, "sample", &[&["--scheduler-config", &format!("do={deed}")], more].concat())
}

/// How many jobs Slurm was ever given by this world, by the folder that they work in.
fn handed_in(world: &World, slurm: &Slurm) -> usize {
    let here = world.path("").display().to_string();
    let known = slurm.ask("squeue", &["-h", "-a", "-t", "all", "-o", "%F %Z"]);
    let mut ids: Vec<&str> = known
        .lines()
        .filter(|line| line.contains(here.trim_end_matches('/')))
        .filter_map(|line| line.split(' ').next())
        .collect();
    ids.sort_unstable();
    ids.dedup();
    ids.len()
}

#[test]
fn an_adapter_that_oversteps_is_told_off_once_and_runs_nothing() {
    let slurm = Slurm::shared();
    for (deed, message) in [
        ("proposes-bash", "it wants to run `bash`, which could run any other program"),
        (
            "proposes-other",
            "asks for the command `scontrol`, and may have only `sbatch`, `scancel`, `squeue`",
        ),
        ("proposes-path", "it wants to run `../../bin/bash`, which"),
        ("adds-line", "its directive `touch pwned` is no comment of a script"),
        ("hides-line", "has control characters in it"),
        ("never-describes", "the scheduler wants to run more than 8 commands for one answer"),
        ("never-submits", "the scheduler wants to run more than 8 commands for one answer"),
    ] {
        let world = wayward(slurm);
        let refused = run_wayward(&world, deed, &[]);
        assert_ne!(refused.code(), Some(0), "{deed}: {refused}");
        let refused = refused.says(&[message]);
        // Of a submission that went wrong half-way it is said twice: while it is looked for, and when it is given up.
        let told = refused.stderr.matches(message).count();
        assert_eq!(told, if deed == "never-submits" { 2 } else { 1 }, "{deed}: {refused}");
        assert_eq!(handed_in(&world, slurm), 0, "{deed}");
        assert_eq!(lines(&world, "ended"), [""; 0], "{deed}");
        let pwned = ["pwned", "sweeps/pwned"].map(|file| world.project(file).exists());
        assert_eq!((pwned, world.path("home/pwned").exists()), ([false; 2], false), "{deed}");
    }
}

/// A world with such an adapter whose twelve tasks run until there is a file `go`, and note their ends.
fn waiting(slurm: &Slurm, deed: &str) -> World {
    let world = wayward(slurm);
    let go = world.project("go").display().to_string();
    world.write_program(
        "work",
        &format!("#!/bin/sh\nwhile [ ! -e '{go}' ]; do sleep 0.1; done\necho \"$HSM_TASK\" >>\"$2\"\n"),
    );
    let _ = run_wayward(&world, deed, &["--detach"]).succeeds();
    wait_until("all run", || status(&world)["counts"]["running"] == 12);
    world
}

fn wait_for_trouble(world: &World, told: &str) {
    let has = |trouble: &Value| trouble.as_str().is_some_and(|trouble| trouble.contains(told));
    wait_until("it is told", || has(&status(world)["trouble"]));
}

#[test]
fn what_an_adapter_saw_of_other_jobs_is_told_and_changes_nothing() {
    let slurm = Slurm::up(&Options::default());
    let world = waiting(&slurm, "sees-others");
    wait_for_trouble(&world, "it saw the job `999999999`, which nobody asked about");
    assert_eq!(status(&world)["counts"]["running"], 12);
    world.write("go", "");
    wait_until("all have ended", || status(&world)["counts"]["completed"] == 12);
    assert_eq!((handed_in(&world, &slurm), lines(&world, "ended").len()), (1, 12));
}

#[test]
fn what_an_adapter_stopped_of_other_jobs_is_told_and_its_own_job_stops() {
    let slurm = Slurm::up(&Options::default());
    let world = waiting(&slurm, "judges-others");
    let _ = world.hsm(&["cancel", "s"]);
    let log = || fs::read_to_string(world.sweep_dir("s").join("driver.log")).unwrap_or_default();
    wait_until("it is told", || log().contains("it judged the job `999999999`, which nobody asked about"));
    wait_until("all have stopped", || status(&world)["counts"]["cancelled"] == 12);
    assert_eq!(lines(&world, "ended"), [""; 0]);
    wait_until("the queue is empty", || slurm.queue("%F").is_empty());
}

#[test]
fn a_ticket_for_more_than_was_asked_for_is_not_believed_and_runs_nothing_twice() {
    let slurm = Slurm::up(&Options::default());
    let world = wayward(&slurm);
    let done = run_wayward(&world, "takes-more", &[]);
    assert_eq!(done.code(), Some(1), "{done}");
    let status = status(&world);
    assert_eq!((&status["counts"]["completed"], &status["counts"]["failed"]), (&11.into(), &1.into()));
    let mut ended = lines(&world, "ended");
    ended.sort();
    ended.dedup();
    assert_eq!((ended.len(), lines(&world, "ended").len()), (12, 12), "each task once");
}
