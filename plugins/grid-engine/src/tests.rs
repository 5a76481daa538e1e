//! The plugin as the host sees it, natively, over what a real cell said.

use super::*;
use hsm_sdk::{Ending, Resources, testing};

#[test]
fn fixtures_are_answered_as_expected() {
    testing::replay_scheduler::<GridEngine>(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures"));
}

fn exchange(exit_code: i32, stdout: &str, stderr: &str) -> Exchange {
    Exchange {
        command: Command::new("qsub"),
        ending: Ending::Exited,
        exit_code: Some(exit_code),
        stdout: stdout.as_bytes().to_vec(),
        stderr: stderr.as_bytes().to_vec(),
        truncated: false,
    }
}

/// What becomes of a submission, in one word and what was said.
fn outcome(exchange: Exchange) -> (&'static str, String) {
    let request = Submission { elements: 3, ..Submission::default() };
    match GridEngine::submit(&Site::default(), &request, &[exchange]) {
        Ok(Step::Done(Outcome::Accepted(ticket))) => ("accepted", ticket.job),
        Ok(Step::Done(Outcome::Refused(failure))) => ("refused", failure.code),
        Ok(Step::Done(Outcome::Unknown(why))) => ("unknown", why),
        other => ("strange", format!("{other:?}")),
    }
}

#[test]
fn only_what_grid_engine_looked_at_is_refused() {
    for (code, stdout, stderr, expected) in [
        (0, "7.1-3:1\n", "", ("accepted", "7")),
        (0, "Your project has 12.5 hours left\n7.1-3:1\nHave a nice day\n", "", ("accepted", "7")),
        (
            1,
            "",
            "Unable to run job: job rejected: the requested project \"x\" does not exist\nExiting.\n",
            ("refused", "refused"),
        ),
        (1, "", "Unable to run job: unknown resource \"foo\"\nExiting.\n", ("refused", "refused")),
        (
            14,
            "",
            "Unable to read script file because of error: error opening /s: No such file or directory\n",
            ("refused", "refused"),
        ),
        (
            25,
            "",
            "Unable to run job: job rejected: only 3 jobs are allowed per user (current job count: 3)\nExiting.\n",
            ("refused", "submit-limit"),
        ),
        (
            25,
            "",
            "Unable to run job: job rejected: only 2 jobs are allowed per cluster\nExiting.\n",
            ("refused", "submit-limit"),
        ),
        (
            1,
            "",
            "error: commlib error: got select error (Connection refused)\nUnable to run job: unable to send message to qmaster using \
             port 28784 on host \"n1\": got send error\nExiting.\n",
            (
                "unknown",
                "`qsub` ended with exit code 1: error: commlib error: got select error (Connection refused)",
            ),
        ),
        (0, "done\n", "", ("unknown", "`qsub` said more than hsm keeps")),
        (1, "", "", ("unknown", "`qsub` ended with exit code 1")),
    ] {
        let (kind, said) = outcome(exchange(code, stdout, stderr));
        assert_eq!(kind, expected.0, "{stdout}{stderr}");
        if code != 0 || kind == "accepted" {
            assert_eq!(said, expected.1);
        }
    }
    let timed_out = Exchange { ending: Ending::TimedOut, exit_code: None, ..exchange(0, "7.1-3:1\n", "") };
    assert_eq!(outcome(timed_out).0, "unknown");
    let not_started = Exchange { ending: Ending::NotStarted, exit_code: None, ..exchange(0, "", "") };
    assert_eq!(outcome(not_started).0, "refused");
}

/// The header lines for these resources, or what speaks against them.
fn header(config: &str, resources: Resources) -> Result<Vec<String>, String> {
    let config = serde_json::from_str(config).unwrap();
    let site = Site { config, ..Site::default() };
    let request = Submission { elements: 1, name: "s.t".to_owned(), resources, ..Submission::default() };
    let lines = GridEngine::directives(
        &site,
        &Submission { workdir: "/w".to_owned(), stdout: "/o".to_owned(), ..request },
    );
    lines.map_err(|failure| failure.message)
}

#[test]
fn resources_are_asked_for_in_grid_engines_words() {
    let has = |config: &str, resources: Resources, line: &str| {
        let lines = header(config, resources).unwrap();
        assert!(lines.contains(&format!("#$ {line}")), "{line}: {lines:?}");
    };
    let cpus =
        |cpus, memory| Resources { cpus: Some(cpus), memory_mib: Some(memory), ..Resources::default() };
    has("{}", cpus(1, 100), "-l h_vmem=100M");
    has("{}", cpus(3, 100), "-l h_vmem=34M");
    has("{}", cpus(3, 100), "-pe smp 3");
    has(r#"{"parallel_environment": "threads", "memory": "mem_free"}"#, cpus(2, 100), "-l mem_free=50M");
    has(
        "{}",
        Resources { partition: Some("long.q@@fast".to_owned()), ..Resources::default() },
        "-q long.q@@fast",
    );
    let gpus = Resources { gpus: Some(2), gpu_type: Some("a100".to_owned()), ..Resources::default() };
    has(r#"{"gpus": "gpu", "gpu_type": "gpu_model"}"#, gpus.clone(), "-l gpu=2");
    has(r#"{"gpus": "gpu", "gpu_type": "gpu_model"}"#, gpus.clone(), "-l gpu_model=a100");
    for (config, resources, problem) in [
        ("{}", gpus, "GPUs cannot be asked for: it is not said which complex stands for that"),
        (
            "{}",
            Resources { qos: Some("high".to_owned()), ..Resources::default() },
            "there is no quality of service `high`: Grid Engine has none",
        ),
        (
            "{}",
            Resources { nodes: Some(2), ..Resources::default() },
            "a task on 2 machines cannot be asked for",
        ),
        (r#"{"memory": "h_vmem=1 -b"}"#, Resources::default(), "`h_vmem=1 -b` is no name of Grid Engine's"),
        (r#"{"mem": "h_vmem"}"#, Resources::default(), "unknown field `mem`"),
    ] {
        let found = header(config, resources).unwrap_err();
        assert!(found.contains(problem), "{found}");
    }
}

#[test]
fn every_job_has_its_turn_with_the_accounts() {
    let job = |id: u32| Job { job: id.to_string(), token: String::new(), elements: 1, only: Vec::new() };
    let jobs: Vec<Job> = (1..=20).map(job).collect();
    let empty = "<?xml version='1.0'?><job_info/>";
    let mut asked = std::collections::BTreeSet::new();
    for look in 0..3 {
        let site = Site { now_ms: look * 30_000, ..Site::default() };
        let mut so_far = vec![exchange(0, empty, "")];
        while let Ok(Step::Run(command)) = GridEngine::observe(&site, &jobs, &so_far) {
            asked.extend(command.args.last().cloned());
            so_far.push(Exchange { command, ..exchange(1, "", "error: job id 7 not found\n") });
        }
        assert_eq!(so_far.len(), 8);
    }
    assert_eq!(asked.len(), 20);
}
