//! Both built-in aggregators over the same few tasks, in one batch and in several.

use super::*;
use crate::metrics::{Metric, Shape};
use crate::roles::{AggregatorSpec, Artifact, ArtifactBody, Results};
use crate::state::TaskState;
use crate::table::{Cells, Column, Table};

/// Task, state, and then `lr`, `loss` and a metric called `lr` too.
type Row = (u64, TaskState, f64, Option<f64>, Option<i64>);

const ROWS: [Row; 4] = [
    (1, TaskState::Completed, 0.1, Some(0.5), Some(1)),
    (2, TaskState::Completed, 0.2, Some(f64::NAN), None),
    (3, TaskState::Failed, 0.3, Some(9.0), Some(3)),
    (4, TaskState::Completed, 0.4, Some(0.25), Some(4)),
];

fn column(name: &str, cells: &[Metric], all: &[Metric]) -> Column {
    let mut shape = Shape::default();
    all.iter().for_each(|cell| shape.note(cell));
    shape.case().column(name, cells.iter().map(Some))
}

fn batch(rows: &[Row]) -> Results {
    let metric = |value: Option<f64>| value.map_or(Metric::Null, Metric::Number);
    let integer = |value: Option<i64>| value.map_or(Metric::Null, Metric::Integer);
    let table = |columns| Table { rows: rows.len() as u32, columns };
    let cells = |take: &dyn Fn(&Row) -> Metric, rows: &[Row]| rows.iter().map(take).collect::<Vec<_>>();
    let make =
        |name: &str, take: &dyn Fn(&Row) -> Metric| column(name, &cells(take, rows), &cells(take, &ROWS));
    Results {
        tasks: rows.iter().map(|row| row.0).collect(),
        states: rows.iter().map(|row| row.1).collect(),
        params: table(vec![make("lr", &|row| Metric::Number(row.2))]),
        metrics: table(vec![make("loss", &|row| metric(row.3)), make("lr", &|row| integer(row.4))]),
        facts: Table::default(),
    }
}

fn aggregate(name: &str, config: &str, batch_rows: usize) -> Result<Vec<Artifact>, Failure> {
    let spec = AggregatorSpec { config: config.to_owned(), ..AggregatorSpec::default() };
    let mut aggregation = builtin(name).unwrap().role.open(&spec)?;
    for rows in ROWS.chunks(batch_rows) {
        aggregation.add(batch(rows))?;
    }
    aggregation.finish()
}

fn shown(artifacts: &[Artifact]) -> String {
    artifacts
        .iter()
        .map(|artifact| match &artifact.body {
            ArtifactBody::Bytes(bytes) => format!("== {}\n{}", artifact.name, String::from_utf8_lossy(bytes)),
            ArtifactBody::Table(table) => {
                let columns: Vec<_> = table
                    .columns
                    .iter()
                    .map(|column| {
                        format!("{}: {:?} without {:?}\n", column.name, column.cells, column.absent)
                    })
                    .collect();
                format!("== {} {} rows\n{}", artifact.name, table.rows, columns.concat())
            }
        })
        .collect()
}

#[test]
fn the_table_has_every_task_and_tells_equal_names_apart() {
    let artifacts = |batch_rows| shown(&aggregate("table", "", batch_rows).unwrap());
    let whole = artifacts(4);
    insta::assert_snapshot!(whole, @r#"
    == table.csv 4 rows
    task: Integers([1, 2, 3, 4]) without []
    state: Texts(["completed", "completed", "failed", "completed"]) without []
    lr: Numbers([0.1, 0.2, 0.3, 0.4]) without []
    loss: Numbers([0.5, NaN, 9.0, 0.25]) without []
    metrics.lr: Integers([1, 0, 3, 4]) without [1]
    "#);
    for batch_rows in 1..=3 {
        assert_eq!(artifacts(batch_rows), whole);
    }
}

#[test]
fn the_summary_is_about_completed_tasks_and_finite_values() {
    let artifacts = |batch_rows| shown(&aggregate("summary", "{}", batch_rows).unwrap());
    let whole = artifacts(4);
    insta::assert_snapshot!(whole, @r#"
    == states.csv 6 rows
    state: Texts(["queued", "running", "completed", "failed", "cancelled", "unknown"]) without []
    tasks: Integers([0, 0, 3, 1, 0, 0]) without []
    == metrics.csv 2 rows
    metric: Texts(["loss", "lr"]) without []
    count: Integers([2, 2]) without []
    min: Numbers([0.25, 1.0]) without []
    mean: Numbers([0.375, 2.5]) without []
    max: Numbers([0.5, 4.0]) without []
    not_finite: Integers([1, 0]) without []
    == summary.md
    | state | tasks |
    | :-- | --: |
    | completed | 3 |
    | failed | 1 |

    | metric | count | min | mean | max | not finite |
    | :-- | --: | --: | --: | --: | --: |
    | loss | 2 | 0.25 | 0.375 | 0.5 | 1 |
    | lr | 2 | 1.0 | 2.5 | 4.0 | 0 |
    "#);
    for batch_rows in 1..=3 {
        assert_eq!(artifacts(batch_rows), whole);
    }
}

#[test]
fn a_summary_of_one_metric_has_no_other() {
    let artifacts = aggregate("summary", r#"{"metrics": ["loss"]}"#, 2).unwrap();
    let ArtifactBody::Table(table) = &artifacts[1].body else { panic!("{artifacts:?}") };
    assert_eq!(table.columns[0].cells, Cells::Texts(vec!["loss".to_owned()]));
}

#[test]
fn a_configuration_that_cannot_be_used_is_refused() {
    let refused = |name, config| aggregate(name, config, 4).unwrap_err();
    insta::assert_snapshot!(refused("table", r#"{"columns": []}"#), @"the configuration of `table` cannot be used: unknown field `columns`, there are no fields");
    insta::assert_snapshot!(refused("summary", "[]"), @"the configuration of `summary` cannot be used: invalid type: sequence, expected a map at line 1 column 0");
    let unknown = refused("summary", r#"{"metrics": ["los"]}"#);
    assert_eq!(unknown.blame, Blame::Config);
    assert_eq!(unknown.message, "no task has the metric `los`");
    assert_eq!(unknown.hint.as_deref(), Some("the metrics of this sweep: `loss`, `lr`"));
}

#[test]
fn batches_that_disagree_are_refused() {
    let mut aggregation = FlatTable.open(&AggregatorSpec::default()).unwrap();
    aggregation.add(batch(&ROWS[..1])).unwrap();
    let mut other = batch(&ROWS[1..]);
    other.metrics.columns[0].name = "accuracy".to_owned();
    assert_eq!(aggregation.add(other).unwrap_err().code, "bad-batch");
}

#[test]
fn every_name_is_there_and_no_other() {
    for name in BUILTIN {
        let loaded = builtin(name).unwrap();
        assert_eq!((loaded.name.as_str(), loaded.digest.as_str()), (name, "builtin"));
    }
    assert!(builtin("leaderboard").is_none());
}
