//! Writing the tables: what is in them, and that nobody ever sees a part of one.

use super::*;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

/// Four tasks: numbers, a metric called like the parameter, one that failed, one that was not started.
fn world() -> World {
    let mut world = World::new(4);
    world.write(1, "results.json", r#"{"accuracy": 0.9, "lr": 0.05, "note": "a, \"b\""}"#);
    world.write(
        2,
        "results.json",
        r#"{"accuracy": NaN, "sizes": [1, {"b": Infinity}], "loss": -Infinity, "none": null}"#,
    );
    world.tasks[2].1 = TaskFacts { state: TaskState::Failed, exit_code: Some(3), ..completed() };
    world.tasks[3].1 = TaskFacts { state: TaskState::Queued, exit_code: None, attempts: 0, ..completed() };
    world
}

#[test]
fn the_csv_has_one_header_and_a_row_for_every_task() {
    let world = world();
    let written = write_tables(&world.collect()).unwrap();
    insta::assert_snapshot!(fs::read_to_string(written.csv).unwrap(), @r#"
    task,state,lr,accuracy,metrics.lr,note,sizes,loss,none
    1,completed,0.10,0.9,0.05,"a, ""b""",,,
    2,completed,0.20,nan,,,"[1,{""b"":""Infinity""}]",-inf,
    3,failed,0.30,,,,,,
    4,queued,0.40,,,,,,
    "#);
    assert_eq!(world.results(), [".lock", "table.csv", "table.json"]);
}

#[test]
fn the_json_says_what_is_missing_and_why() {
    let world = world();
    let written = write_tables(&world.collect()).unwrap();
    let text = fs::read_to_string(written.json).unwrap();
    insta::assert_snapshot!(text, @r#"
    {"format":1,"sweep_id":"sweep-1","rows":[
    {"task":1,"state":"completed","params":{"lr":0.10},"metrics":{"accuracy":0.9,"lr":0.05,"note":"a, \"b\""},"missing":null},
    {"task":2,"state":"completed","params":{"lr":0.20},"metrics":{"accuracy":"NaN","sizes":[1,{"b":"Infinity"}],"loss":"-Infinity","none":null},"missing":null},
    {"task":3,"state":"failed","params":{"lr":0.30},"metrics":{},"missing":"failed (exit code 3): no result file (looked for results.json, metrics.json, *.jsonl, *.csv)"},
    {"task":4,"state":"queued","params":{"lr":0.40},"metrics":{},"missing":"not started"}
    ]}
    "#);
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(json["rows"].as_array().unwrap().len(), 4);
}

#[test]
fn a_sweep_without_tasks_has_empty_tables() {
    let world = World::new(0);
    fs::create_dir(world.path().join("tasks")).unwrap();
    let written = write_tables(&world.collect()).unwrap();
    assert_eq!(fs::read_to_string(written.csv).unwrap(), "task,state\n");
    let json: serde_json::Value = serde_json::from_str(&fs::read_to_string(written.json).unwrap()).unwrap();
    assert_eq!(json, serde_json::json!({"format": 1, "sweep_id": "sweep-1", "rows": []}));
}

#[test]
fn readers_see_whole_tables_while_several_collect() {
    let world = World::new(200);
    for task in 1..=200 {
        world.write(task, "results.json", r#"{"accuracy": 0.5}"#);
    }
    let collected = world.collect();
    write_tables(&collected).unwrap();
    let path = world.path().join("results/table.csv");
    let whole = fs::read_to_string(&path).unwrap();
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let reader = scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                assert_eq!(fs::read_to_string(&path).unwrap(), whole);
            }
        });
        let writers: Vec<_> = (0..3)
            .map(|_| scope.spawn(|| (0..5).try_for_each(|_| write_tables(&collected).map(drop))))
            .collect();
        let written: Vec<_> = writers.into_iter().map(|writer| writer.join().unwrap()).collect();
        done.store(true, Ordering::Relaxed);
        reader.join().unwrap();
        written.into_iter().for_each(|written| written.unwrap());
    });
    assert_eq!(world.results(), [".lock", "table.csv", "table.json"]);
}

#[test]
fn what_a_killed_collector_left_is_taken_away() {
    let world = World::new(1);
    fs::create_dir_all(world.path().join("results/.tmp-host-1-0")).unwrap();
    fs::write(world.path().join("results/.tmp-host-1-0/half"), "").unwrap();
    fs::write(world.path().join("results/.tmp-host-2-0"), "hal").unwrap();
    write_tables(&world.collect()).unwrap();
    assert_eq!(world.results(), [".lock", "table.csv", "table.json"]);
}

#[test]
fn a_table_that_cannot_be_written_leaves_the_old_one() {
    let world = World::new(1);
    write_tables(&world.collect()).unwrap();
    let before = fs::read_to_string(world.path().join("results/table.csv")).unwrap();
    fs::remove_file(world.path().join("results/table.json")).unwrap();
    fs::create_dir(world.path().join("results/table.json")).unwrap();
    let error = write_tables(&world.collect()).unwrap_err();
    assert_eq!(error.kind(), crate::error::ErrorKind::Collection);
    assert_eq!(fs::read_to_string(world.path().join("results/table.csv")).unwrap(), before);
    assert_eq!(world.results(), [".lock", "table.csv", "table.json"]);
}
