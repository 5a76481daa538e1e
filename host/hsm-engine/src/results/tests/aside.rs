//! Making room for a new attempt.

use super::*;

#[test]
fn metrics_and_logs_go_and_everything_else_stays() {
    let files = [
        "results.json",
        "metrics.json",
        "log.jsonl",
        "log.csv",
        "stdout.log",
        "stderr.log",
        "params.json",
        "model.pt",
        "notes.txt",
    ];
    let world = World::with(&files.map(|name| (name, name)));
    fs::create_dir(world.task(1).join("checkpoints")).unwrap();
    fs::create_dir(world.task(1).join("predictions.csv")).unwrap();
    assert_eq!(set_aside(&world.task(1), 1).unwrap(), 6);
    assert_eq!(
        names(&world.task(1)),
        ["attempt_1", "checkpoints", "model.pt", "notes.txt", "params.json", "predictions.csv"]
    );
    let aside = world.task(1).join("attempt_1");
    assert_eq!(
        names(&aside),
        ["log.csv", "log.jsonl", "metrics.json", "results.json", "stderr.log", "stdout.log"]
    );
    assert_eq!(fs::read_to_string(aside.join("log.csv")).unwrap(), "log.csv");
    assert_eq!(
        world.row(),
        "(missing: no result file (looked for results.json, metrics.json, *.jsonl, *.csv))"
    );
}

#[test]
fn it_can_be_done_again_and_overwrites_nothing() {
    let world = World::with(&[("results.json", "first")]);
    assert_eq!(set_aside(&world.task(1), 1).unwrap(), 1);
    assert_eq!(set_aside(&world.task(1), 1).unwrap(), 0);
    for text in ["second", "third"] {
        world.write(1, "results.json", text);
        assert_eq!(set_aside(&world.task(1), 1).unwrap(), 1);
    }
    let aside = world.task(1).join("attempt_1");
    let texts: Vec<_> = names(&aside)
        .iter()
        .map(|name| (name.clone(), fs::read_to_string(aside.join(name)).unwrap()))
        .collect();
    let expected = [("results.json", "first"), ("results.json.2", "second"), ("results.json.3", "third")];
    assert_eq!(texts, expected.map(|(name, text)| (name.to_owned(), text.to_owned())));
}

#[test]
fn a_task_that_left_nothing_has_nothing_aside() {
    let world = World::new(1);
    assert_eq!(set_aside(&world.task(1), 1).unwrap(), 0);
    assert!(names(&world.task(1)).is_empty());
    assert_eq!(set_aside(&world.path().join("tasks/task_9"), 1).unwrap(), 0);
}

#[test]
fn nothing_is_moved_through_a_link() {
    let world = World::with(&[("results.json", "mine")]);
    let elsewhere = world.path().join("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    std::os::unix::fs::symlink(&elsewhere, world.task(1).join("attempt_1")).unwrap();
    let error = set_aside(&world.task(1), 1).unwrap_err();
    assert!(error.to_string().ends_with("`attempt_1` is a symbolic link, which is not opened"), "{error}");
    assert_eq!(fs::read_to_string(world.task(1).join("results.json")).unwrap(), "mine");
    assert!(names(&elsewhere).is_empty());
}
