//! Ranges of elements, as Grid Engine writes them: `7`, `2-4:1,8,9`, `7-19:2`.

/// The elements that a text names, none beyond `last`, in its order; nothing where it is no such text.
pub fn elements(text: &str, last: u32) -> Option<Vec<u32>> {
    let mut elements = Vec::new();
    for part in text.split(',') {
        let (range, step) = part.trim().split_once(':').unwrap_or((part.trim(), "1"));
        let (first, end) = range.split_once('-').unwrap_or((range, range));
        let (first, end, step): (u32, u32, usize) =
            (first.parse().ok()?, end.parse().ok()?, step.parse().ok().filter(|step| *step > 0)?);
        elements.extend((first..=end.min(last)).step_by(step));
    }
    Some(elements)
}

/// The shortest way to name elements, one word a run: `1-3`, `8`.
pub fn words(elements: &[u32]) -> Vec<String> {
    let mut sorted = elements.to_vec();
    sorted.sort_unstable();
    sorted.dedup();
    sorted
        .chunk_by(|one, next| one + 1 == *next)
        .map(|run| match run {
            [first, .., last] => format!("{first}-{last}"),
            run => run.iter().map(u32::to_string).collect(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_is_read() {
        for (text, expected) in [
            ("7", Some(vec![7])),
            ("2-4:1", Some(vec![2, 3, 4])),
            ("2-4:1,8,9", Some(vec![2, 3, 4, 8, 9])),
            ("7-13:2", Some(vec![7, 9, 11, 13])),
            ("6,10,12,15-19:1", Some(vec![6, 10, 12, 15, 16, 17, 18, 19])),
            ("19-4000000000:1", Some(vec![19, 20])),
            ("1-9:0", None),
            ("undefined", None),
            ("", None),
        ] {
            assert_eq!(elements(text, 20), expected, "{text}");
        }
    }

    #[test]
    fn what_is_written_is_read_again() {
        for (list, expected) in
            [(vec![3], vec!["3"]), (vec![9, 1, 2, 3, 3, 5, 6], vec!["1-3", "5-6", "9"]), (vec![], vec![])]
        {
            let words = words(&list);
            assert_eq!(words, expected);
            let mut again: Vec<u32> =
                words.iter().flat_map(|word| elements(word, 99).unwrap_or_default()).collect();
            again.sort_unstable();
            let mut list = list;
            list.sort_unstable();
            list.dedup();
            assert_eq!(again, list);
        }
    }
}
