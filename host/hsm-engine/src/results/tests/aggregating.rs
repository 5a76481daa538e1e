//! Aggregators over collected rows, and what becomes of the artifacts that they make.

use super::*;
use crate::error::ErrorKind;
use cap_std::ambient_authority;
use cap_std::fs::Dir;
use hsm_core::aggregate::builtin;
use hsm_core::metrics::Metric;
use hsm_core::roles::{Artifact, ArtifactBody};
use hsm_core::table::{Cells, Column, Table};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

fn bytes(name: &str, text: &str) -> Artifact {
    Artifact {
        name: name.to_owned(),
        media_type: "text/markdown".to_owned(),
        body: ArtifactBody::Bytes(text.into()),
    }
}

fn table(name: &str, rows: u32, columns: &[(&str, Cells, &[u32])]) -> Artifact {
    let columns = columns
        .iter()
        .map(|(name, cells, absent)| Column {
            name: (*name).to_owned(),
            cells: cells.clone(),
            absent: absent.to_vec(),
        })
        .collect();
    Artifact {
        name: name.to_owned(),
        media_type: "text/csv".to_owned(),
        body: ArtifactBody::Table(Table { rows, columns }),
    }
}

#[test]
fn the_built_in_aggregators_work_on_real_folders() {
    let world = World::new(3);
    world.write(1, "results.json", r#"{"accuracy": 0.5}"#);
    world.write(2, "results.json", r#"{"accuracy": 1}"#);
    let collected = world.collect();
    for (name, files) in
        [("table", &["table.csv"][..]), ("summary", &["metrics.csv", "states.csv", "summary.md"])]
    {
        let artifacts = run_aggregator(&collected, builtin(name).unwrap().role.as_ref(), "{}").unwrap();
        write_artifacts(world.path(), name, &artifacts).unwrap();
        assert_eq!(names(&world.path().join("results").join(name)), files);
    }
    let read = |name: &str| fs::read_to_string(world.path().join("results").join(name)).unwrap();
    insta::assert_snapshot!(read("table/table.csv"), @r"
    task,state,lr,accuracy
    1,completed,0.1,0.5
    2,completed,0.2,1.0
    3,completed,0.3,
    ");
    insta::assert_snapshot!(read("summary/metrics.csv"), @r"
    metric,count,min,mean,max,not_finite
    accuracy,2,0.5,0.75,1.0,0
    ");
}

#[test]
fn a_failing_aggregator_is_a_plugin_error() {
    let collected = World::new(1).collect();
    let error =
        run_aggregator(&collected, builtin("summary").unwrap().role.as_ref(), r#"{"metrics": ["los"]}"#)
            .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Plugin);
    assert_eq!(error.hint(), Some("the metrics of this sweep: none"));
}

#[test]
fn artifacts_are_written_as_they_are_and_tables_as_csv() {
    let world = World::new(1);
    let text = |text: &str| text.to_owned();
    let artifacts = [
        bytes("report.md", "# Best\n\u{1b}[2J"),
        table(
            "best",
            2,
            &[
                ("a", Cells::Integers(vec![1, 0]), &[1]),
                ("b", Cells::Numbers(vec![0.5, f64::NAN]), &[]),
                ("c", Cells::Texts(vec![text("x,y"), text("")]), &[]),
                ("d", Cells::Json(vec![text("\"plain\""), text("[1,2]")]), &[]),
                ("e", Cells::Booleans(vec![true, false]), &[0]),
            ],
        ),
    ];
    let written = write_artifacts(world.path(), "leaderboard", &artifacts).unwrap();
    assert_eq!(written[0].text.as_deref(), Some("# Best\n\u{1b}[2J"));
    assert_eq!((written[1].name.as_str(), &written[1].text), ("best.csv", &None));
    assert_eq!(fs::read(&written[0].path).unwrap(), b"# Best\n\x1b[2J");
    insta::assert_snapshot!(fs::read_to_string(&written[1].path).unwrap(), @r#"
    a,b,c,d,e
    1,0.5,"x,y",plain,
    ,nan,,"[1,2]",false
    "#);
}

#[test]
fn what_is_no_plain_file_name_is_refused_and_nothing_written() {
    let long = "x".repeat(256);
    let table = [
        (
            "../../x",
            "`leaderboard` names an artifact `../../x`, which leads into another folder; nothing was written",
        ),
        (
            "/etc/passwd",
            "`leaderboard` names an artifact `/etc/passwd`, which leads into another folder; nothing was written",
        ),
        ("", "`leaderboard` names an artifact ``, which is empty; nothing was written"),
        ("..", "`leaderboard` names an artifact `..`, which begins with a dot; nothing was written"),
        (
            ".hidden",
            "`leaderboard` names an artifact `.hidden`, which begins with a dot; nothing was written",
        ),
        (
            "a\u{1b}b",
            "`leaderboard` names an artifact `a\\u{1b}b`, which has control characters; nothing was written",
        ),
        ("Report.MD", "`leaderboard` names two artifacts `Report.MD`, in some spelling; nothing was written"),
    ];
    let world = World::new(1);
    for (name, expected) in table {
        let error = write_artifacts(world.path(), "leaderboard", &[bytes("report.md", ""), bytes(name, "")])
            .unwrap_err();
        assert_eq!((error.kind(), error.to_string().as_str()), (ErrorKind::Plugin, expected));
    }
    assert!(write_artifacts(world.path(), "leaderboard", &[bytes(&long, "")]).is_err());
    assert!(write_artifacts(world.path(), "../x", &[]).is_err());
    assert!(!world.path().join("results").exists());
}

#[test]
fn tables_whose_columns_disagree_are_refused() {
    let world = World::new(1);
    let check = |artifact: Artifact, expected: &str| {
        let error = write_artifacts(world.path(), "leaderboard", &[artifact]).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("`leaderboard` made the table `best`, {expected}; nothing was written")
        );
    };
    check(
        table("best", 2, &[("a", Cells::Integers(vec![1]), &[])]),
        "whose column `a` has 1 cells where the table has 2 rows",
    );
    for absent in [&[1, 0][..], &[0, 0], &[2]] {
        check(
            table("best", 2, &[("a", Cells::Integers(vec![1, 2]), absent)]),
            "whose column `a` lists absent rows out of order, or that it does not have",
        );
    }
}

#[test]
fn artifacts_change_together() {
    let world = World::new(1);
    let set = |text: &str| [bytes("a.md", text), bytes("b.md", text)];
    write_artifacts(world.path(), "leaderboard", &set("0")).unwrap();
    let folder = world.path().join("results/leaderboard");
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let reader = scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                // The name always leads to a whole set; files of a replaced one may go while they are read.
                let set = Dir::open_ambient_dir(&folder, ambient_authority()).unwrap();
                if let (Ok(a), Ok(b)) = (set.read("a.md"), set.read("b.md")) {
                    assert_eq!(a, b);
                }
            }
        });
        let written = (1..=40).try_for_each(|round| {
            write_artifacts(world.path(), "leaderboard", &set(&round.to_string())).map(drop)
        });
        done.store(true, Ordering::Relaxed);
        reader.join().unwrap();
        written.unwrap();
    });
    assert_eq!(fs::read_to_string(folder.join("a.md")).unwrap(), "40");
    assert_eq!(fs::read_to_string(folder.join("b.md")).unwrap(), "40");
    assert_eq!(world.results(), [".lock", "leaderboard"]);
}

#[test]
fn artifacts_of_another_time_go_and_something_else_of_that_name_stays() {
    let world = World::new(1);
    write_artifacts(world.path(), "leaderboard", &[bytes("old.md", "")]).unwrap();
    write_artifacts(world.path(), "leaderboard", &[bytes("new.md", "")]).unwrap();
    assert_eq!(names(&world.path().join("results/leaderboard")), ["new.md"]);
    fs::write(world.path().join("results/notes"), "mine").unwrap();
    let error = write_artifacts(world.path(), "notes", &[bytes("new.md", "")]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Collection);
    assert_eq!(fs::read_to_string(world.path().join("results/notes")).unwrap(), "mine");
    assert_eq!(world.results(), [".lock", "leaderboard", "notes"]);
}

#[test]
fn batches_are_bounded_and_alike() {
    let world = World::new(BATCH_ROWS + 1);
    world.write(1, "results.json", r#"{"mixed": 1, "only_first": true}"#);
    world.write(BATCH_ROWS + 1, "results.json", r#"{"mixed": "text", "number": 0.5}"#);
    let batches: Vec<_> = world.collect().batches().collect();
    assert_eq!(batches.iter().map(|batch| batch.tasks.len()).collect::<Vec<_>>(), [BATCH_ROWS, 1]);
    let shape = |table: &Table| -> Vec<_> {
        table
            .columns
            .iter()
            .map(|column| (column.name.clone(), std::mem::discriminant(&column.cells)))
            .collect()
    };
    for batch in &batches {
        assert_eq!(shape(&batch.metrics), shape(&batches[0].metrics));
        assert_eq!(shape(&batch.params), shape(&batches[0].params));
        assert_eq!(shape(&batch.facts), shape(&batches[0].facts));
        for table in [&batch.params, &batch.metrics, &batch.facts] {
            assert_eq!(table.rows as usize, batch.tasks.len());
            assert!(table.columns.iter().all(|column| column.cells.len() == batch.tasks.len()));
        }
    }
    let last = &batches[1].metrics;
    assert_eq!(last.columns[0].cells, Cells::Json(vec!["\"text\"".to_owned()]));
    assert_eq!((&last.columns[1].cells, &last.columns[1].absent), (&Cells::Booleans(vec![false]), &vec![0]));
    assert_eq!(last.columns[2].cells, Cells::Numbers(vec![0.5]));
}

#[test]
fn rows_with_much_text_make_small_batches() {
    let world = World::new(600);
    let text = "x".repeat(60_000);
    for task in 1..=600 {
        world.write(task, "results.json", &format!(r#"{{"text": "{text}"}}"#));
    }
    let collected = world.collect();
    let sizes: Vec<_> = collected.batches().map(|batch| batch.tasks.len()).collect();
    assert!(sizes.len() > 1 && sizes.iter().sum::<usize>() == 600, "{sizes:?}");
    assert_eq!(collected.rows()[0].metric("text"), Some(&Metric::Text(text)));
}
