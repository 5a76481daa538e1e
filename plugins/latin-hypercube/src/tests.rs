//! The plugin as the host sees it, natively.

use super::*;
use hsm_sdk::{Cells, testing};

const CONFIG: &str = r#"{"samples": 8, "axes": {
    "lr": {"log_uniform": [1e-5, 1e-1]}, "dropout": {"uniform": [0, 0.5]},
    "layers": {"integer": [1, 8]}, "activation": {"choice": ["relu", "tanh"]}}}"#;

fn points(config: &str, seed: u64, batch_rows: u32) -> Table {
    testing::points::<LatinHypercube>(config, vec![], seed, batch_rows).unwrap()
}

fn numbers(table: &Table, name: &str) -> Vec<f64> {
    table.column(name).unwrap().iter().map(|cell| cell.unwrap().as_number().unwrap()).collect()
}

#[test]
fn every_axis_has_one_point_in_each_stratum() {
    let table = points(CONFIG, 7, 100);
    assert_eq!(table.rows, 8);
    let mut eighths: Vec<f64> =
        numbers(&table, "dropout").iter().map(|value| (value * 16.0).floor()).collect();
    let mut decades: Vec<f64> =
        numbers(&table, "lr").iter().map(|value| ((value.log10() + 5.0) * 2.0).floor()).collect();
    let mut layers = numbers(&table, "layers");
    for values in [&mut eighths, &mut decades, &mut layers] {
        values.sort_by(f64::total_cmp);
    }
    assert_eq!(eighths, [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]);
    assert_eq!(decades, [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]);
    assert_eq!(layers, [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]);
    let activations = table.column("activation").unwrap();
    assert_eq!(activations.iter().filter(|cell| cell.unwrap().to_string() == "relu").count(), 4);
}

#[test]
fn points_follow_from_config_and_seed_alone() {
    assert_eq!(points(CONFIG, 7, 100), points(CONFIG, 7, 3));
    assert_ne!(points(CONFIG, 7, 100), points(CONFIG, 8, 100));
}

/// A plan made by one release is made again by the next.
#[test]
fn the_first_points_of_seed_seven_never_change() {
    let table = points(CONFIG, 7, 100);
    let Cells::Integers(layers) = &table.column("layers").unwrap().cells else { panic!("not integers") };
    let dropout: Vec<String> = numbers(&table, "dropout").iter().map(|value| format!("{value:.4}")).collect();
    assert_eq!(layers, &[6, 8, 3, 2, 7, 5, 1, 4]);
    assert_eq!(dropout, ["0.0047", "0.1972", "0.1031", "0.3568", "0.1442", "0.4221", "0.4564", "0.2834"]);
}

#[test]
fn the_grid_is_a_choice_an_axis() {
    let axes = vec![
        Column::texts("model", vec!["a".into(), "b".into()]),
        Column::numbers("lr", vec![0.1, 0.2, 0.3]),
    ];
    let table = testing::points::<LatinHypercube>(r#"{"samples": 12}"#, axes, 1, 5).unwrap();
    let count = |name: &str, value: &str| {
        table.column(name).unwrap().iter().filter(|cell| cell.unwrap().to_string() == value).count()
    };
    assert_eq!([count("model", "a"), count("model", "b")], [6, 6]);
    assert_eq!([count("lr", "0.1"), count("lr", "0.2"), count("lr", "0.3")], [4, 4, 4]);
}

#[test]
fn choices_are_of_the_narrowest_kind() {
    let cases = [
        ("[true, false]", "Booleans"),
        ("[1, 2]", "Integers"),
        ("[1, 2.5]", "Numbers"),
        ("[\"a\", \"b\"]", "Texts"),
        ("[1, \"a\"]", "Json"),
        ("[null]", "Json"),
        ("[[1, 2], {\"a\": 3}]", "Json"),
        ("[18446744073709551615, 0.5]", "Json"),
    ];
    for (choices, expected) in cases {
        let config = format!(r#"{{"samples": 4, "axes": {{"x": {{"choice": {choices}}}}}}}"#);
        let cells = format!("{:?}", points(&config, 1, 4).columns[0].cells);
        assert!(cells.starts_with(&format!("Cells::{expected}")), "{choices}: {cells}");
    }
}

#[test]
fn ends_of_an_axis_may_be_far_or_equal() {
    let config = r#"{"samples": 50, "axes": {"one": {"uniform": [2, 2]}, "all": {"integer": [-4503599627370496, 4503599627370495]}, "log": {"log_uniform": [1e-300, 1e300]}}}"#;
    let table = points(config, 3, 50);
    assert!(numbers(&table, "one").iter().all(|value| (value - 2.0).abs() < f64::EPSILON));
    assert!(numbers(&table, "log").iter().all(|value| (1e-300..=1e300).contains(value)));
    let all = numbers(&table, "all");
    assert!(all.iter().any(|value| *value < -4e15) && all.iter().any(|value| *value > 4e15));
}

#[test]
fn what_cannot_be_used_is_said() {
    let axis = |axis: &str| format!(r#"{{"samples": 4, "axes": {{"x": {axis}}}}}"#);
    let cases = [
        (r#"{"samples": 0, "axes": {}}"#.to_owned(), "`samples` is 0"),
        (r#"{"samples": 2000000000000}"#.to_owned(), "is the most there can be"),
        (r#"{"samples": 4}"#.to_owned(), "there is no axis to sample"),
        (r#"{"axes": {}}"#.to_owned(), "missing field `samples`"),
        (r#"{"samples": 4, "axis": {}}"#.to_owned(), "unknown field `axis`"),
        (axis(r#"{"log_uniform": [0, 1]}"#), "a logarithmic axis begins above 0"),
        (axis(r#"{"uniform": [1, 0]}"#), "axis `x` goes from 1 down to 0"),
        (axis(r#"{"uniform": [-1.7e308, 1.7e308]}"#), "wider than the largest double"),
        (axis(r#"{"integer": [5, 1]}"#), "axis `x` goes from 5 down to 1"),
        (axis(r#"{"integer": [-9223372036854775808, 9223372036854775807]}"#), "more than 9007199254740992"),
        (axis(r#"{"integer": [1.5, 2]}"#), "axis `x` cannot be read"),
        (axis(r#"{"choice": []}"#), "no value to choose"),
        (axis(r#"{"normal": [0, 1]}"#), "unknown variant `normal`"),
        (axis("[1, 2]"), "axis `x` cannot be read"),
    ];
    for (config, expected) in cases {
        let failure = testing::points::<LatinHypercube>(&config, vec![], 0, 10).unwrap_err();
        assert!(failure.message.contains(expected), "{config}: {}", failure.message);
    }
    let twice = testing::points::<LatinHypercube>(
        &axis(r#"{"uniform": [0, 1]}"#),
        vec![Column::integers("x", vec![1])],
        0,
        10,
    );
    assert_eq!(twice.unwrap_err().message, "`x` is in the grid and under `axes`");
}

#[test]
fn fixtures_are_answered_as_expected() {
    testing::replay_generator::<LatinHypercube>(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures"));
}
