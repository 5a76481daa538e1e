//! Answers of schedulers that break the contract, and what is said about them.

use super::*;
use hsm_core::scheduler::{JobState, Ticket};

fn problem(checked: Checked) -> String {
    match checked {
        Ok(()) => String::new(),
        Err(Unusable::Broken(problem)) => problem,
        Err(other) => format!("{other:?}"),
    }
}

#[test]
fn commands() {
    for program in ["qsub", "sbatch", "g++", "a.out", "x_1"] {
        assert_eq!(problem(command(&Command::new(program).args(["", "a b", "$HOME"]))), "", "{program}");
    }
    for program in ["", "/bin/qsub", "../qsub", ".qsub", "-qsub", "q sub", "qsub;rm", "q\nsub", "é"] {
        let problem = problem(command(&Command::new(program)));
        assert!(problem.ends_with("is no bare name of a program"), "{program}: {problem}");
    }
    for program in ["sh", "python3", "env", "xargs"] {
        let problem = problem(command(&Command::new(program)));
        assert!(problem.contains("could run any other program"), "{program}: {problem}");
    }
    let cases = [
        (Command::new("q").arg("a\0b"), "an argument of `q` has a NUL character"),
        (
            Command::new("q").args(vec!["x"; 1_001]),
            "it wants to run `q` with too many arguments, or too long ones",
        ),
        (
            Command::new("q").arg("x".repeat(131_073)),
            "it wants to run `q` with too many arguments, or too long ones",
        ),
        (
            Command { stdin: Some("x".repeat((1 << 20) + 1)), ..Command::new("q") },
            "the standard input of `q` is larger than 1048576 bytes",
        ),
        (
            Command { timeout_ms: 0, ..Command::new("q") },
            "the time-out of a command is 0, and has to be from 1 to 600000",
        ),
    ];
    for (case, expected) in cases {
        assert_eq!(problem(command(&case)), expected);
    }
}

#[test]
fn traits_to_plan_by() {
    let good = SchedulerTraits {
        elements_per_job: 1_000,
        jobs_per_query: 100,
        poll_interval_ms: 30_000,
        element_variable: "SGE_TASK_ID".to_owned(),
        first_element: 1,
        directive_prefix: "#$".to_owned(),
        single_element_arrays: true,
        job_name_max: 13,
        visible_after_end_s: None,
        elements_in_queue: None,
    };
    let with = |change: fn(&mut SchedulerTraits)| {
        let mut traits = good.clone();
        change(&mut traits);
        traits
    };
    let cases = [
        (good.clone(), ""),
        (with(|t| t.elements_per_job = 0), "`elements-per-job` is 0"),
        (with(|t| t.jobs_per_query = 0), "`jobs-per-query` is 0"),
        (with(|t| t.poll_interval_ms = 10), "`poll-interval-ms` is 10, and has to be from 1000 to 3600000"),
        (with(|t| t.job_name_max = 0), "`job-name-max` is 0"),
        (with(|t| t.element_variable = "1X".to_owned()), "`element-variable` is `1X`"),
        (with(|t| t.element_variable = "X;rm".to_owned()), "`element-variable` is `X;rm`"),
        (with(|t| t.directive_prefix = String::new()), "`directive-prefix` is ``"),
        (with(|t| t.directive_prefix = "#!/bin/sh".to_owned()), "`directive-prefix` is `#!/bin/sh`"),
        (with(|t| t.directive_prefix = "rm -rf".to_owned()), "`directive-prefix` is `rm -rf`"),
    ];
    for (case, expected) in cases {
        let problem = problem(traits(&case));
        assert!(problem.starts_with(expected) && problem.is_empty() == expected.is_empty(), "{problem}");
    }
}

#[test]
fn header_lines() {
    let check = |lines: &[&str]| {
        problem(directives(&lines.iter().map(|line| (*line).to_owned()).collect::<Vec<_>>()))
    };
    assert_eq!(check(&["#SBATCH --time=60", "#$ -N x"]), "");
    for (line, expected) in [
        ("rm -rf ~", "its directive `rm -rf ~` is no comment of a script"),
        ("#!/bin/sh", "its directive `#!/bin/sh` is no comment of a script"),
        ("#$ -N x\nrm", "is too long, or has control characters in it"),
        (&format!("#{}", "x".repeat(1_024)), "is too long, or has control characters in it"),
        ("", "its directive `` is no comment of a script"),
    ] {
        assert!(check(&[line]).ends_with(expected), "{}", check(&[line]));
    }
    assert_eq!(check(&["#$ x"; 201]), "it has 201 directives, and 200 are allowed");
}

#[test]
fn tickets() {
    let ticket = |job: &str, elements| Outcome::Accepted(Ticket { job: job.to_owned(), elements });
    for good in ["7", "7[].server", "job_12.a"] {
        assert_eq!(problem(outcome(&ticket(good, 3), Some(3))), "");
    }
    for bad in ["", "-rf", "a b", "7\n", "\u{1b}[2J", &"7".repeat(256)] {
        assert!(problem(outcome(&ticket(bad, 3), Some(3))).ends_with("is no id of a job"), "{bad}");
    }
    for (elements, asked) in [(4, Some(3)), (0, None)] {
        assert!(problem(outcome(&ticket("7", elements), asked)).starts_with("the number of elements"));
    }
    assert_eq!(problem(outcome(&Outcome::Unknown("who knows".to_owned()), Some(3))), "");
}

#[test]
fn sightings_and_verdicts_are_about_what_was_asked() {
    let asked = [Job { job: "7".to_owned(), token: "t".to_owned(), elements: 3, only: vec![] }];
    let sighting = |job: &str, class: Option<&str>| Sighting {
        job: job.to_owned(),
        index: Some(2),
        state: JobState::Failed,
        exit_code: None,
        signal: None,
        class: class.map(str::to_owned),
        reason: None,
        name: None,
        submitted_ms: None,
        node: None,
    };
    let verdict = |job: &str| Verdict { job: job.to_owned(), accepted: true, reason: None };
    let cases = [
        (sightings(&[sighting("7", Some("time-limit")), sighting("7", Some("impossible"))], &asked), ""),
        (sightings(&[sighting("8", None)], &asked), "it saw the job `8`, which nobody asked about"),
        (
            sightings(&[sighting("7", Some("boredom"))], &asked),
            "it says of `7` that the reason is `boredom`, which is none of time-limit, out-of-memory, node-failure, preempted, \
             dependency, impossible",
        ),
        (verdicts(&[verdict("7")], &asked), ""),
        (verdicts(&[verdict("8")], &asked), "it judged the job `8`, which nobody asked about"),
        (verdicts(&[verdict("7"), verdict("7")], &asked), "it judged the job `7` twice"),
    ];
    for (checked, expected) in cases {
        assert_eq!(problem(checked), expected);
    }
}
