//! The reference plugins do what they say, through the sandbox.

use crate::world::{aggregator, batches, generator, results_spec, roles, spec};
use hsm_core::roles::{ArtifactBody, Blame, GeneratorSpec, Results, Roles};
use hsm_core::state::TaskState;
use hsm_core::table::{Cells, Column, Table};
use hsm_core::value::Value;
use hsm_plugin::Limits;

const CONFIG: &str =
    r#"{"samples": 10, "axes": {"dropout": {"uniform": [0, 0.5]}, "layers": {"integer": [1, 10]}}}"#;

fn column<'a>(batches: &'a [Table], name: &str) -> Vec<&'a Cells> {
    batches
        .iter()
        .map(|table| &table.columns.iter().find(|column| column.name == name).unwrap().cells)
        .collect()
}

#[test]
fn a_latin_hypercube() {
    let plugin = generator("latin-hypercube", Limits::default());
    assert_eq!(plugin.name, "latin-hypercube");
    assert_eq!(plugin.digest.len(), 64);
    let mut search = plugin.role.open(&spec(CONFIG)).unwrap();
    assert_eq!(search.size().unwrap(), Some(10));
    let batches = batches(&mut *search, 4).unwrap();
    assert_eq!(batches.iter().map(|batch| batch.rows).collect::<Vec<_>>(), [4, 4, 2]);
    let mut layers: Vec<i64> = column(&batches, "layers")
        .into_iter()
        .flat_map(|cells| match cells {
            Cells::Integers(cells) => cells.clone(),
            other => panic!("{other:?}"),
        })
        .collect();
    layers.sort_unstable();
    assert_eq!(layers, (1..=10).collect::<Vec<_>>());
}

#[test]
fn the_same_spec_gives_the_same_points_and_the_end_stays_the_end() {
    let plugin = generator("latin-hypercube", Limits::default());
    let [mut one, mut other] = [0, 1].map(|_| plugin.role.open(&spec(CONFIG)).unwrap());
    assert_eq!(batches(&mut *one, 3).unwrap(), batches(&mut *other, 3).unwrap());
    assert_eq!(one.next(3).unwrap(), Table::default());
}

#[test]
fn lists_of_the_grid_are_axes() {
    let axes = vec![
        Column {
            name: "model".into(),
            cells: Cells::Spelled(vec![Value::Text("a".into()), Value::Text("b".into())]),
            absent: vec![],
        },
        Column { name: "n".into(), cells: Cells::Integers(vec![1, 2, 3]), absent: vec![] },
    ];
    let plugin = generator("latin-hypercube", Limits::default());
    let spec = GeneratorSpec { config: r#"{"samples": 6}"#.into(), axes, seed: 1 };
    let table = plugin.role.open(&spec).unwrap().next(100).unwrap();
    let Cells::Texts(models) = &table.columns[0].cells else { panic!("{table:?}") };
    assert_eq!(models.iter().filter(|model| *model == "a").count(), 3);
}

#[test]
fn a_bad_configuration_is_its_authors() {
    let plugin = generator("latin-hypercube", Limits::default());
    let failure = plugin.role.open(&spec(r#"{"sample": 4}"#)).map(drop).unwrap_err();
    assert_eq!((failure.blame, failure.code.as_str()), (Blame::Config, "bad-config"));
    assert!(failure.message.contains("unknown field `sample`"), "{failure}");
}

fn results(tasks: std::ops::Range<u64>) -> Results {
    let tasks: Vec<u64> = tasks.collect();
    let rows = u32::try_from(tasks.len()).unwrap();
    let numbers =
        |of: fn(u64) -> u64| Cells::Integers(tasks.iter().map(|task| of(*task).cast_signed()).collect());
    let table = |name: &str, cells| Table {
        rows,
        columns: vec![Column { name: name.into(), cells, absent: vec![] }],
    };
    Results {
        states: vec![TaskState::Completed; tasks.len()],
        params: table("n", numbers(|task| task % 2)),
        metrics: table("score", numbers(|task| task * 10)),
        facts: Table { rows, columns: vec![] },
        tasks: tasks.clone(),
    }
}

#[test]
fn a_leaderboard() {
    let plugin = aggregator("leaderboard", Limits::default());
    let mut aggregation = plugin.role.open(&results_spec(r#"{"k": 2}"#)).unwrap();
    aggregation.add(results(1..50)).unwrap();
    aggregation.add(results(50..100)).unwrap();
    let artifacts = aggregation.finish().unwrap();
    let names: Vec<&str> = artifacts.iter().map(|artifact| artifact.name.as_str()).collect();
    assert_eq!(names, ["leaderboard.csv", "effects.csv", "leaderboard.md"]);
    let ArtifactBody::Table(best) = &artifacts[0].body else { panic!("{:?}", artifacts[0]) };
    assert_eq!(best.columns[1].cells, Cells::Integers(vec![99, 98]));
    let ArtifactBody::Bytes(text) = &artifacts[2].body else { panic!("{:?}", artifacts[2]) };
    let text = std::str::from_utf8(text).unwrap();
    insta::assert_snapshot!(text, @r"
    # score (the highest is best)

    99 of 99 tasks ranked.

    | rank | task |  score |   n |
    |-----:|-----:|-------:|----:|
    |    1 |   99 | 990.00 |   1 |
    |    2 |   98 | 980.00 |   0 |

    ## Mean score by `n`

    | value | tasks |   mean |
    |------:|------:|-------:|
    |     1 |    50 | 500.00 |
    |     0 |    49 | 500.00 |
    ");
}

/// The traits are synchronous and may be called from anywhere, also from within another runtime.
#[test]
fn plugins_run_inside_another_runtime() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let rows = runtime.block_on(async {
        let plugin = generator("latin-hypercube", Limits::default());
        plugin.role.open(&spec(CONFIG)).unwrap().next(100).unwrap().rows
    });
    assert_eq!(rows, 10);
}

#[test]
fn many_threads_use_one_plugin() {
    let roles = roles(Limits::default());
    let plugin = roles.generator("latin-hypercube.wasm", None).unwrap();
    let expected = plugin.role.open(&spec(CONFIG)).unwrap().next(100).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..10 {
                    assert_eq!(plugin.role.open(&spec(CONFIG)).unwrap().next(100).unwrap(), expected);
                }
            });
        }
    });
}
