//! The space against a product that is listed naively.

use super::*;
use crate::point::Point;
use crate::render::plain;
use crate::roles::Search as _;
use crate::value::Value;
use proptest::prelude::*;

/// A small space: widths of factors, rows as small numbers, and filters over the same.
#[derive(Clone, Debug)]
struct Small {
    factors: Vec<Factor>,
    include: Vec<PartialPoint>,
    exclude: Vec<PartialPoint>,
}

fn factor(first_name: usize, rows: Vec<Vec<Option<i64>>>) -> Factor {
    let names = (0..rows[0].len()).map(|column| format!("p{}", first_name + column)).collect();
    let value = |cell: Option<i64>| cell.map(|integer| Value::Number(integer.into()));
    Factor::new(
        FactorKind::Combinations,
        names,
        rows.into_iter().map(|row| row.into_iter().map(value).collect()).collect(),
    )
}

fn any_factors() -> impl Strategy<Value = Vec<Factor>> {
    let cell = prop_oneof![9 => (0..3_i64).prop_map(Some), 1 => Just(None)];
    let rows = (1..=2_usize)
        .prop_flat_map(move |width| prop::collection::vec(prop::collection::vec(cell.clone(), width), 1..=4));
    prop::collection::vec(rows, 1..=4).prop_map(|all| {
        let mut names = 0;
        let mut factors = Vec::new();
        for rows in all {
            let width = rows[0].len();
            factors.push(factor(names, rows));
            names += width;
        }
        factors
    })
}

fn any_filters(names: usize, most: usize) -> impl Strategy<Value = Vec<PartialPoint>> {
    let parameters = prop::collection::btree_map(0..names, 0..3_i64, 1..=names.min(3));
    let partial = parameters.prop_map(|parameters| PartialPoint {
        parameters: parameters
            .into_iter()
            .map(|(name, value)| (format!("p{name}"), value.to_string()))
            .collect(),
    });
    prop::collection::vec(partial, 0..=most)
}

fn any_small() -> impl Strategy<Value = Small> {
    any_factors().prop_flat_map(|factors| {
        let names = factors.iter().map(|factor| factor.names().len()).sum();
        (Just(factors), any_filters(names, 3), any_filters(names, 4))
            .prop_map(|(factors, include, exclude)| Small { factors, include, exclude })
    })
}

/// What the space should be, by nested loops.
fn naive(small: &Small) -> Vec<Point> {
    let mut points: Vec<Vec<(String, Value)>> = vec![Vec::new()];
    for factor in &small.factors {
        let extend = |point: &Vec<(String, Value)>, row: &Vec<Option<Value>>| {
            let new = factor
                .names()
                .iter()
                .zip(row)
                .filter_map(|(name, value)| Some((name.clone(), value.clone()?)));
            point.iter().cloned().chain(new).collect()
        };
        points =
            points.iter().flat_map(|point| factor.rows().iter().map(move |row| extend(point, row))).collect();
    }
    let kept = |point: &Point| {
        (small.include.is_empty() || small.include.iter().any(|partial| partial.matches(point)))
            && !small.exclude.iter().any(|partial| partial.matches(point))
    };
    points.into_iter().map(Point::new).filter(kept).collect()
}

proptest! {
    #[test]
    fn every_index_is_the_point_that_nested_loops_reach_there(small in any_small()) {
        let space = Space::new(small.factors.clone(), &small.include, &small.exclude).unwrap();
        let expected = naive(&small);
        prop_assert_eq!(space.count(), expected.len() as u128);
        prop_assert_eq!(space.points().collect::<Vec<_>>(), expected.clone());
        prop_assert_eq!(space.point(space.count()), None);
        let mut search = space.search();
        prop_assert_eq!(search.size().unwrap(), Some(expected.len() as u64));
        let mut found = Vec::new();
        loop {
            let batch = crate::plan::points_of(search.next(3).unwrap()).unwrap();
            if batch.is_empty() { break; }
            found.extend(batch);
        }
        prop_assert_eq!(found, expected);
    }
}

fn axis(name: &str, length: i64) -> Factor {
    let rows = (0..length).map(|value| vec![Some(Value::Number(value.into()))]).collect();
    Factor::new(FactorKind::Grid, vec![name.to_owned()], rows)
}

fn partial(parameters: &[(&str, &str)]) -> PartialPoint {
    let own = |(name, text): &(&str, &str)| ((*name).to_owned(), (*text).to_owned());
    PartialPoint { parameters: parameters.iter().map(own).collect() }
}

#[test]
fn a_million_million_points_are_counted_without_a_list() {
    let factors = || ["a", "b", "c", "d"].map(|name| axis(name, 1000)).to_vec();
    let space = Space::new(factors(), &[], &[]).unwrap();
    assert_eq!(space.count(), 1_000_000_000_000);
    let texts = |point: Point| point.iter().map(|(_, value)| plain(value).into_owned()).collect::<Vec<_>>();
    assert_eq!(
        space.point(123_456_789_012).map(texts),
        Some(["123", "456", "789", "12"].map(str::to_owned).to_vec())
    );

    let exclude = [partial(&[("a", "0")]), partial(&[("b", "1"), ("d", "2")])];
    let filtered = Space::new(factors(), &[], &exclude).unwrap();
    assert_eq!(filtered.count(), 999 * (1_000_000_000 - 1000));
    assert!(filtered.point(filtered.count() - 1).is_some());
}

#[test]
fn many_filters_are_counted_too() {
    let factors = ["a", "b", "c"].map(|name| axis(name, 100)).to_vec();
    let exclude: Vec<PartialPoint> = (0..1000_u32)
        .map(|at| [at % 100, at / 10, (7 * at) % 100].map(|value| value.to_string()))
        .map(|[a, b, c]| partial(&[("a", a.as_str()), ("b", b.as_str()), ("c", c.as_str())]))
        .collect();
    assert_eq!(Space::new(factors, &[], &exclude).unwrap().count(), 1_000_000 - 1000);
}

#[test]
fn what_cannot_be_counted_says_so() {
    let axes = (0..13).map(|index| axis(&format!("p{index}"), 1000)).collect();
    assert_eq!(Space::new(axes, &[], &[]).unwrap_err(), TooIntricate::TooMany);
    let names: Vec<String> = (0..40).map(|index| format!("p{index}")).collect();
    let axes = names.iter().map(|name| axis(name, 2)).collect();
    // Every filter ties two far apart parameters together, so nearly every choice before the middle matters after it.
    let exclude: Vec<PartialPoint> =
        (0..20).map(|index| partial(&[(&names[index], "0"), (&names[39 - index], "1")])).collect();
    assert_eq!(Space::new(axes, &[], &exclude).unwrap_err(), TooIntricate::TooManyPieces);
}
