//! Lists of nodes as batch systems shorten them: `n[1-4,07],login1`.

/// The most names of one list. The largest clusters have some ten thousand nodes.
const NAMES_MAX: usize = 100_000;

/// Every name of a list; `None` where it is none, or far too long.
pub(in super::super) fn expand(list: &str) -> Option<Vec<String>> {
    let mut names = vec![];
    for item in items(list) {
        let mut grown = vec![String::new()];
        let mut rest = item.as_str();
        while let Some((before, bracket)) = rest.split_once('[') {
            let (inside, after) = bracket.split_once(']')?;
            let numbers = numbers(inside)?;
            if grown.len().checked_mul(numbers.len())? > NAMES_MAX {
                return None;
            }
            grown = grown
                .iter()
                .flat_map(|name| numbers.iter().map(move |number| format!("{name}{before}{number}")))
                .collect();
            rest = after;
        }
        names.extend(grown.into_iter().map(|name| name + rest));
        if names.len() > NAMES_MAX {
            return None;
        }
    }
    Some(names)
}

/// The items between commas that are in no bracket.
fn items(list: &str) -> Vec<String> {
    let mut depth = 0_u32;
    let parts = list.split(|c| {
        match c {
            '[' => depth += 1,
            ']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        c == ',' && depth == 0
    });
    parts.map(str::trim).filter(|part| !part.is_empty() && *part != "(null)").map(str::to_owned).collect()
}

/// `1-3,07` as numbers of the width they are written in.
fn numbers(inside: &str) -> Option<Vec<String>> {
    let mut numbers = vec![];
    for part in inside.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (from, to): (usize, usize) = (first.parse().ok()?, last.parse().ok()?);
        if from > to || to - from >= NAMES_MAX {
            return None;
        }
        numbers.extend((from..=to).map(|number| format!("{number:0width$}", width = first.len())));
    }
    Some(numbers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_keep_their_zeros() {
        for (list, expected) in [
            ("n1", Some("n1")),
            ("n[1-3,7],login", Some("n1 n2 n3 n7 login")),
            ("gpu[08-11]-ib", Some("gpu08-ib gpu09-ib gpu10-ib gpu11-ib")),
            ("r[1-2]c[0,5]", Some("r1c0 r1c5 r2c0 r2c5")),
            ("(null)", Some("")),
            ("", Some("")),
            ("n[1-", None),
            ("n[3-1]", None),
            ("n[a-b]", None),
            ("n[1-999999999]", None),
        ] {
            assert_eq!(expand(list).map(|names| names.join(" ")).as_deref(), expected, "{list}");
        }
    }
}
