//! Elements of an array, as batch systems write them: `0-99%10`, `3-4,8-9:2`, `7`.
//!
//! **Must not:** know which elements a job really has; a range is listed only within the bounds that the caller gives.

use std::ops::Range;

/// One part of a text: every `step`th number from `first` to `last`, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    first: u32,
    last: u32,
    step: u32,
}

/// The parts of a text such as `0-9:3,12,20-29%5`, of which a throttle at the end says nothing about elements. `None` where it is
/// anything else, and where it was cut.
pub(super) fn parse(text: &str) -> Option<Vec<Span>> {
    let elements = text.split_once('%').map_or(text, |(elements, _)| elements);
    elements.split(',').map(span).collect()
}

fn span(text: &str) -> Option<Span> {
    let (range, step) = match text.split_once(':') {
        Some((range, step)) => (range, number(step).filter(|step| *step > 0)?),
        None => (text, 1),
    };
    let (first, last) = match range.split_once('-') {
        Some((first, last)) => (number(first)?, number(last)?),
        None => (number(range)?, number(range)?),
    };
    (first <= last).then_some(Span { first, last, step })
}

/// Digits alone: `parse` would take a sign as well.
fn number(digits: &str) -> Option<u32> {
    digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())?
}

/// The numbers of these parts that are within `bounds`, in the order of the text.
pub(super) fn within(spans: &[Span], bounds: Range<u32>) -> impl Iterator<Item = u32> {
    spans.iter().flat_map(move |span| {
        let Span { first, last, step } = *span;
        let skipped = bounds.start.saturating_sub(first).div_ceil(step).saturating_mul(step);
        let last = last.min(bounds.end.saturating_sub(1));
        let start = first.saturating_add(skipped);
        let none = bounds.is_empty() || start < bounds.start;
        (start..=last).step_by(step as usize).take(if none { 0 } else { usize::MAX })
    })
}

/// How many numbers these parts have, and the largest.
pub(super) fn count_and_last(spans: &[Span]) -> (u32, u32) {
    let count =
        spans.iter().map(|span| (span.last - span.first) / span.step + 1).fold(0, u32::saturating_add);
    (count, spans.iter().map(|span| span.last - (span.last - span.first) % span.step).max().unwrap_or(0))
}

/// The runs of consecutive numbers among these, each as `first-last` or as one number; sorted, and each number once.
pub(super) fn runs(numbers: &[u32]) -> Vec<String> {
    let mut sorted = numbers.to_vec();
    sorted.sort_unstable();
    sorted.dedup();
    sorted
        .chunk_by(|left, right| left + 1 == *right)
        .map(|run| match run {
            [one] => one.to_string(),
            _ => format!("{}-{}", run[0], run[run.len() - 1]),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn listed(text: &str) -> Option<Vec<u32>> {
        Some(within(&parse(text)?, 0..1_000).collect())
    }

    #[test]
    fn what_batch_systems_write() {
        for (text, expected) in [
            ("0-3%2", Some(vec![0, 1, 2, 3])),
            ("3-4,8-9%2", Some(vec![3, 4, 8, 9])),
            ("2-4:1,8,9", Some(vec![2, 3, 4, 8, 9])),
            ("7-19:4", Some(vec![7, 11, 15, 19])),
            ("0-9:4", Some(vec![0, 4, 8])),
            ("5", Some(vec![5])),
            ("998-1003", Some(vec![998, 999])),
            ("", None),
            ("-", None),
            ("4-2", None),
            ("1-9:0", None),
            ("+1", None),
            ("0,2,4,...", None),
            ("0,2,4,", None),
            ("N/A", None),
            ("4294967296", None),
        ] {
            assert_eq!(listed(text), expected, "{text}");
        }
    }

    #[test]
    fn bounds_may_be_anywhere() {
        let spans = parse("0-20:5,4294967290-4294967295:2").unwrap();
        let listed = |bounds| within(&spans, bounds).collect::<Vec<_>>();
        assert_eq!(listed(0..100), [0, 5, 10, 15, 20]);
        assert_eq!(listed(6..16), [10, 15]);
        assert!(listed(10..10).is_empty());
        assert_eq!(listed(4_294_967_292..u32::MAX), [4_294_967_292, 4_294_967_294]);
        assert_eq!(count_and_last(&spans), (8, 4_294_967_294));
    }

    proptest! {
        #[test]
        fn text_round_trips(numbers in proptest::collection::btree_set(0_u32..500, 1..60)) {
            let numbers: Vec<u32> = numbers.into_iter().collect();
            let spans = parse(&runs(&numbers).join(",")).unwrap();
            prop_assert_eq!(within(&spans, 0..500).collect::<Vec<_>>(), numbers.clone());
            let shuffled: Vec<u32> = numbers.iter().rev().chain(&numbers).copied().collect();
            prop_assert_eq!(runs(&shuffled), runs(&numbers));
        }

        #[test]
        fn bounds_only_leave_out(first in 0_u32..50, length in 0_u32..50, step in 1_u32..9, low in 0_u32..60, high in 0_u32..120) {
            let spans = parse(&format!("{first}-{}:{step}", first + length)).unwrap();
            let expected: Vec<u32> = within(&spans, 0..u32::MAX).filter(|n| (low..high).contains(n)).collect();
            prop_assert_eq!(within(&spans, low..high).collect::<Vec<_>>(), expected);
        }
    }
}
