//! The plugin as the host sees it, natively.

use super::*;
use hsm_sdk::{Body, Table, testing};

/// Six tasks: two learning rates, two models, and one of each reason not to be ranked.
fn results() -> Results {
    let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    Results {
        tasks: (1..=7).collect(),
        states: [TaskState::Completed; 6].into_iter().chain([TaskState::Failed]).collect(),
        params: Table::new([
            Column::numbers("lr", vec![0.1, 0.1, 0.01, 0.01, 0.1, 0.1, 0.1]),
            Column::texts("model", texts(&["a", "b", "a", "b|c", "a", "a", "a"])).with_absent(vec![1]),
        ]),
        metrics: Table::new([
            Column::numbers("accuracy", vec![0.5, 0.75, 0.75, 0.25, 0.0, f64::NAN, 0.9]).with_absent(vec![4]),
            Column::texts("note", texts(&["", "", "", "", "", "", ""])),
        ]),
        facts: Table::new([]),
    }
}

fn run(config: &str, batches: Vec<Results>) -> Vec<Artifact> {
    testing::artifacts::<Leaderboard>(config, batches).unwrap()
}

fn column(artifacts: &[Artifact], file: &str, name: &str) -> Vec<String> {
    let artifact = artifacts.iter().find(|artifact| artifact.name == file).unwrap();
    let Body::Table(table) = &artifact.body else { panic!("{file} is not a table") };
    table
        .column(name)
        .unwrap()
        .iter()
        .map(|cell| cell.map_or("-".to_owned(), |cell| cell.to_string()))
        .collect()
}

fn text(artifacts: &[Artifact]) -> String {
    let artifact = artifacts.iter().find(|artifact| artifact.name == "leaderboard.md").unwrap();
    let Body::Bytes(bytes) = &artifact.body else { panic!("the text is a table") };
    String::from_utf8(bytes.clone()).unwrap()
}

#[test]
fn the_best_come_first_and_equals_in_the_order_of_tasks() {
    let artifacts = run("{}", vec![results()]);
    assert_eq!(column(&artifacts, "leaderboard.csv", "rank"), ["1", "2", "3", "4"]);
    assert_eq!(column(&artifacts, "leaderboard.csv", "task"), ["2", "3", "1", "4"]);
    assert_eq!(column(&artifacts, "leaderboard.csv", "accuracy"), ["0.75", "0.75", "0.5", "0.25"]);
    assert_eq!(column(&artifacts, "leaderboard.csv", "model"), ["-", "a", "a", "b|c"]);
    let lowest = run(r#"{"mode": "min", "k": 2}"#, vec![results()]);
    assert_eq!(column(&lowest, "leaderboard.csv", "task"), ["4", "1"]);
}

#[test]
fn effects_are_means_over_ranked_tasks() {
    let artifacts = run("{}", vec![results()]);
    assert_eq!(column(&artifacts, "effects.csv", "parameter"), ["lr", "lr", "model", "model", "model"]);
    assert_eq!(column(&artifacts, "effects.csv", "value"), ["0.1", "0.01", "-", "a", "b|c"]);
    assert_eq!(column(&artifacts, "effects.csv", "tasks"), ["2", "2", "1", "2", "1"]);
    assert_eq!(column(&artifacts, "effects.csv", "mean"), ["0.625", "0.5", "0.75", "0.625", "0.25"]);
}

#[test]
fn the_text_lines_up_and_counts_who_is_missing() {
    let expected = "\
# accuracy (the highest is best)

4 of 7 tasks ranked; 1 not completed; 1 without `accuracy`; 1 with `accuracy` not finite.

| rank | task | accuracy |   lr | model |
|-----:|-----:|---------:|-----:|-------|
|    1 |    2 |  0.75000 |  0.1 | -     |
|    2 |    3 |  0.75000 | 0.01 | a     |
|    3 |    1 |  0.50000 |  0.1 | a     |
|    4 |    4 |  0.25000 | 0.01 | b\\|c  |

## Mean accuracy by `lr`

| value | tasks |    mean |
|------:|------:|--------:|
|   0.1 |     2 | 0.62500 |
|  0.01 |     2 | 0.50000 |

## Mean accuracy by `model`

| value | tasks |    mean |
|-------|------:|--------:|
| -     |     1 | 0.75000 |
| a     |     2 | 0.62500 |
| b\\|c  |     1 | 0.25000 |
";
    assert_eq!(text(&run("{}", vec![results()])), expected);
}

#[test]
fn batches_do_not_matter() {
    let mut second = results();
    second.tasks = (8..=14).collect();
    let mut both = results();
    both.tasks.extend(&second.tasks);
    both.states.extend(&second.states);
    for table in [&mut both.params, &mut both.metrics] {
        table.rows *= 2;
        for column in &mut table.columns {
            column.absent.extend(column.absent.clone().iter().map(|row| row + 7));
            match &mut column.cells {
                hsm_sdk::Cells::Numbers(cells) => cells.extend_from_within(..),
                hsm_sdk::Cells::Texts(cells) => cells.extend_from_within(..),
                other => panic!("{other:?}"),
            }
        }
    }
    assert_eq!(run("{}", vec![results(), second]), run("{}", vec![both]));
}

#[test]
fn drawn_parameters_have_no_effects() {
    let count = effects::VALUES_MAX + 1;
    let mut many = results();
    many.tasks = (1..=count as u64).collect();
    many.states = vec![TaskState::Completed; count];
    let drawn: Vec<f64> =
        many.tasks.iter().map(|task| f64::from(u32::try_from(*task).unwrap()) / 7.0).collect();
    many.params = Table::new([Column::numbers("lr", drawn.clone()), Column::integers("n", vec![3; count])]);
    many.metrics = Table::new([Column::numbers("accuracy", drawn)]);
    let artifacts = run("{}", vec![many]);
    assert_eq!(column(&artifacts, "effects.csv", "parameter"), ["n"]);
    assert!(text(&artifacts).contains("`lr` has more than 100 values, so its means are left out."));
}

#[test]
fn names_that_collide_are_numbered() {
    let mut same = results();
    same.params.columns[0].name = "rank".to_owned();
    same.params.columns[1].name = "accuracy".to_owned();
    let artifacts = run("{}", vec![same]);
    assert_eq!(column(&artifacts, "leaderboard.csv", "rank (2)").len(), 4);
    assert_eq!(column(&artifacts, "leaderboard.csv", "accuracy (2)").len(), 4);
}

#[test]
fn what_cannot_be_ranked_is_said() {
    let mut several = results();
    several.metrics.columns.push(Column::integers("loss", vec![1; 7]));
    let mut none = results();
    none.metrics.columns.remove(0);
    let cases = [
        ("{}", several, "there are several metrics to rank by: `accuracy`, `loss`"),
        ("{}", none, "no task has a metric that is a number"),
        (r#"{"metric": "acuracy"}"#, results(), "no task has a metric `acuracy`"),
        (r#"{"metric": "note"}"#, results(), "the metric `note` is not a number"),
        (r#"{"k": 0}"#, results(), "`k` is 0"),
        (r#"{"mode": "best"}"#, results(), "unknown variant `best`"),
        (r#"{"metrics": "accuracy"}"#, results(), "unknown field `metrics`"),
    ];
    for (config, results, expected) in cases {
        let failure = testing::artifacts::<Leaderboard>(config, [results]).unwrap_err();
        assert!(failure.message.contains(expected), "{config}: {}", failure.message);
    }
}

#[test]
fn nothing_to_rank_is_no_failure() {
    assert_eq!(text(&run("{}", vec![])), "There are no results to rank.\n");
    let mut failed = results();
    failed.states = vec![TaskState::Failed; 7];
    assert!(text(&run("{}", vec![failed])).contains("0 of 7 tasks ranked; 7 not completed."));
}

#[test]
fn fixtures_are_answered_as_expected() {
    testing::replay_aggregator::<Leaderboard>(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures"));
}
