//! Reading: which file counts, and what is said of those that cannot be used.

use super::*;
use rustix::fs::{CWD, FileType, Mode};
use std::os::unix::fs::symlink;

fn check(files: &[(&str, &str)], expected: &str) {
    assert_eq!(World::with(files).row(), expected, "{files:?}");
}

const NONE: &str = "(missing: no result file (looked for results.json, metrics.json, *.jsonl, *.csv))";

#[test]
fn the_first_file_in_the_order_counts() {
    check(&[], NONE);
    check(&[("stdout.log", "loss 3"), ("params.json", "{}"), ("model.pt", "")], NONE);
    check(
        &[("results.json", r#"{"a": {"b": 1}}"#), ("metrics.json", r#"{"c": 2}"#)],
        "a.b=1 from results.json",
    );
    check(&[("metrics.json", r#"{"c": NaN}"#), ("log.jsonl", "{\"d\":1}\n")], "c=nan from metrics.json");
    check(&[("log.jsonl", "{\"d\":1}\n{\"d\":2}\n"), ("log.csv", "e\n1\n")], "d=2 from log.jsonl");
    check(&[("log.csv", "e,f\n1,2\n3,4\n")], "e=3 f=4 from log.csv");
}

#[test]
fn several_files_are_not_guessed_among() {
    check(
        &[("b.csv", "x\n1\n"), ("a.csv", "x\n2\n"), ("d.csv", ""), ("c.csv", "")],
        "(missing: several files could have the metrics (a.csv, b.csv, c.csv and 1 more); none is called `results` or `metrics`)",
    );
}

#[test]
fn a_truncated_file_says_where_it_ends() {
    check(
        &[("results.json", "{\"accuracy\": 0.9"), ("metrics.json", r#"{"accuracy": 0.1}"#)],
        "(missing: results.json: the file is truncated: it ends after 16 bytes, in the middle of a value)",
    );
    check(
        &[("log.jsonl", "{\"a\": 1}\n{\"a\":")],
        "a=1 from log.jsonl (missing: log.jsonl: at byte 9: the file is truncated: it ends after 14 bytes, in the middle of a value; the values are of the line before)",
    );
}

#[test]
fn a_file_that_is_not_json_says_where() {
    check(&[("results.json", "accuracy: 0.9\n")], "(missing: results.json:1:1: not JSON: expected value)");
    check(
        &[("results.json", "[0.9]")],
        "(missing: results.json: holds a list where an object (name: value) is expected)",
    );
}

#[test]
fn a_huge_file_is_not_read() {
    let world = World::new(1);
    // A hole: sixteen mebibytes and one byte that take no room.
    let file = fs::File::create(world.task(1).join("results.json")).unwrap();
    file.set_len(read::JSON_MAX_BYTES + 1).unwrap();
    assert_eq!(
        world.row(),
        "(missing: results.json is too large: 16777217 bytes, and at most 16777216 are read; write what is not a metric into another file)",
    );
}

#[test]
fn of_a_huge_file_with_lines_the_end_is_read() {
    let line = format!("{{\"text\": \"{}\", \"step\": 1}}\n", "x".repeat(60_000));
    let last = "{\"step\": 2, \"loss\": 0.5}\n";
    check(&[("log.jsonl", &(line.repeat(40) + last))], "step=2 loss=0.5 from log.jsonl");
    let rows: String = (0..200_000).map(|step| format!("{step},0.5\n")).collect();
    check(&[("log.csv", &format!("step,loss\n{rows}"))], "step=199999 loss=0.5 from log.csv");
}

#[test]
fn what_is_no_regular_file_is_not_opened() {
    let folder = World::new(1);
    fs::create_dir(folder.task(1).join("results.json")).unwrap();
    assert_eq!(folder.row(), "(missing: results.json is a folder, which is not opened)");

    let pipe = World::new(1);
    let path = pipe.task(1).join("results.json");
    rustix::fs::mknodat(CWD, &path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
    assert_eq!(pipe.row(), "(missing: results.json is a named pipe, which is not opened)");

    let link = World::new(1);
    fs::write(link.path().join("secret.json"), r#"{"secret": 1}"#).unwrap();
    symlink("../../secret.json", link.task(1).join("results.json")).unwrap();
    assert_eq!(link.row(), "(missing: results.json is a symbolic link, which is not opened)");

    let socket = World::new(1);
    std::os::unix::net::UnixListener::bind(socket.task(1).join("results.json")).unwrap();
    assert_eq!(socket.row(), "(missing: results.json is a socket, which is not opened)");
}

#[test]
fn a_task_folder_that_is_a_link_or_missing_is_not_entered() {
    let world = World::new(2);
    fs::remove_dir(world.task(1)).unwrap();
    assert_eq!(world.row(), "(missing: the task's folder `tasks/task_1` is missing)");
    world.write(2, "results.json", r#"{"a": 1}"#);
    symlink("task_2", world.task(1)).unwrap();
    assert_eq!(
        world.row(),
        "(missing: the task's folder `tasks/task_1` is a symbolic link, which is not opened)"
    );
}

#[test]
fn folders_that_only_look_like_tables_are_passed_over() {
    let world = World::with(&[("log.csv", "a\n1\n")]);
    fs::create_dir(world.task(1).join("predictions.csv")).unwrap();
    assert_eq!(world.row(), "a=1 from log.csv");
}

#[test]
fn patterns_add_what_the_file_does_not_have() {
    let patterns = Patterns::new([("loss", r"^loss=(\S+)"), ("seconds", r"took (\d+) s")]).unwrap();
    let check = |files: &[(&str, &str)], expected: &str| {
        assert_eq!(said(&World::with(files).collect_with(&patterns).rows()[0]), expected, "{files:?}");
    };
    let output = ("stdout.log", "loss=0.5\nloss=0.25\ntook 12 s\n");
    check(&[output], "loss=0.25 seconds=12 from stdout.log");
    check(
        &[output, ("results.json", r#"{"loss": 0.2501}"#)],
        "loss=0.2501 seconds=12 from results.json, stdout.log",
    );
    check(
        &[output, ("results.json", "{")],
        "loss=0.25 seconds=12 from stdout.log (missing: results.json: the file is truncated: it ends after 1 bytes, in the middle of a value)",
    );
    let nothing = "(missing: no result file (looked for results.json, metrics.json, *.jsonl, *.csv), and no pattern of `metrics:` matches its output)";
    check(&[("stdout.log", "no numbers")], nothing);
    check(&[], nothing);
    let long = format!("loss=9\n{}\nloss=0.75\n", "x".repeat(2 << 20));
    check(&[("stdout.log", &long)], "loss=0.75 from stdout.log");
}

#[test]
fn a_task_without_metrics_says_why() {
    let facts = |state, attempts, exit_code, reason: Option<&str>| TaskFacts {
        state,
        attempts,
        exit_code,
        seconds: None,
        reason: reason.map(str::to_owned),
    };
    let table = [
        (facts(TaskState::Queued, 0, None, None), "(missing: not started)"),
        (facts(TaskState::Queued, 2, Some(1), None), "(missing: waiting for another attempt)"),
        (facts(TaskState::Cancelled, 0, None, None), "(missing: cancelled before it was started)"),
        (
            facts(TaskState::Failed, 0, None, Some("no such program")),
            "(missing: failed (no such program) before it was started)",
        ),
        (
            facts(TaskState::Running, 1, None, None),
            "(missing: still running: no result file (looked for results.json, metrics.json, *.jsonl, *.csv))",
        ),
        (
            facts(TaskState::Failed, 1, Some(3), None),
            "(missing: failed (exit code 3): no result file (looked for results.json, metrics.json, *.jsonl, *.csv))",
        ),
        (
            facts(TaskState::Failed, 1, None, Some("time limit")),
            "(missing: failed (time limit): no result file (looked for results.json, metrics.json, *.jsonl, *.csv))",
        ),
        (completed(), NONE),
    ];
    for (facts, expected) in table {
        let mut world = World::new(1);
        world.tasks[0].1 = facts.clone();
        assert_eq!(world.row(), expected, "{facts:?}");
    }
}

#[test]
fn a_sweep_whose_tasks_were_not_started_needs_no_folder() {
    let mut world = World::new(2);
    fs::remove_dir_all(world.path().join("tasks")).unwrap();
    for (_, facts) in &mut world.tasks {
        *facts =
            TaskFacts { state: TaskState::Queued, exit_code: None, seconds: None, attempts: 0, reason: None };
    }
    assert_eq!(world.row(), "(missing: not started)");
    let gone = collect(
        &world.path().join("nowhere"),
        "sweep-1",
        &Patterns::default(),
        world.tasks.iter().cloned().map(Ok),
    );
    assert!(gone.is_err());
}

#[test]
fn rows_keep_the_order_of_the_plan_whoever_reads_them() {
    let world = World::new(5_000);
    for task in 1..=5_000 {
        world.write(task, "results.json", &format!("{{\"task\": {task}}}"));
    }
    let collected = world.collect();
    for (row, task) in collected.rows().iter().zip(1u64..) {
        assert_eq!(row.task, task);
        assert_eq!(row.metric("task").and_then(hsm_core::metrics::Metric::as_number), Some(task as f64));
    }
    assert_eq!(collected.rows().len(), 5_000);
}

#[test]
fn an_error_in_the_plan_ends_it() {
    let world = World::new(1);
    let torn = || Err(crate::error::Error::new(crate::error::ErrorKind::Path, "the plan is torn"));
    let tasks: [Result<_>; 2] = [Ok(world.tasks[0].clone()), torn()];
    let error = collect(world.path(), "sweep-1", &Patterns::default(), tasks).unwrap_err();
    assert_eq!(error.to_string(), "the plan is torn");
}

#[test]
fn the_tail_of_a_log_is_what_its_reader_needs() {
    let world = World::with(&[
        ("stderr.log", "first\nsecond\nthird\n"),
        ("empty.log", ""),
        ("line.log", "one long line"),
    ]);
    let check = |name: &str, max_bytes, expected: &str| {
        assert_eq!(tail(&world.task(1), name, max_bytes), expected, "{name} {max_bytes}");
    };
    check("stderr.log", 1_000, "first\nsecond\nthird\n");
    check("stderr.log", 10, "third\n");
    check("line.log", 4, "line");
    check("empty.log", 10, "");
    check("missing.log", 10, "");
    fs::write(world.task(1).join("bytes.log"), b"a\xffb").unwrap();
    check("bytes.log", 10, "a\u{FFFD}b");
    symlink("stderr.log", world.task(1).join("link.log")).unwrap();
    check("link.log", 10, "");
}
