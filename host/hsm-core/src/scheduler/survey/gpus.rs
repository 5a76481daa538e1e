//! GPUs in the lists that batch systems print: `gpu:a100:2(IDX:0-1,3)`, `gres/gpu:A100:1`, `gres/gpu=1`, `gres:gpu:2`.

use std::collections::BTreeMap;

/// How many GPUs of each kind a list has; those without a kind are under the empty name.
pub(in super::super) fn kinds(list: &str) -> BTreeMap<String, u32> {
    let mut kinds = BTreeMap::new();
    for item in items(list) {
        if let Some((kind, count)) = gpu(&item) {
            *kinds.entry(kind).or_insert(0) += count;
        }
    }
    // Accounting lists the sum beside the kinds: `gres/gpu=3,gres/gpu:a100=3`.
    let named: u32 = kinds.iter().filter(|(kind, _)| !kind.is_empty()).map(|(_, count)| count).sum();
    if list.contains('=') && named > 0 {
        let rest = kinds.remove("").unwrap_or(0).saturating_sub(named);
        if rest > 0 {
            kinds.insert(String::new(), rest);
        }
    }
    kinds
}

/// How many GPUs a list has.
pub(in super::super) fn count(list: &str) -> u32 {
    kinds(list).values().sum()
}

/// The items between commas, without what is in parentheses: there, commas stand between indexes.
fn items(list: &str) -> Vec<String> {
    let mut depth = 0_u32;
    let mut items = vec![String::new()];
    for c in list.chars() {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => items.push(String::new()),
            _ if depth == 0 => {
                if let Some(item) = items.last_mut() {
                    item.push(c);
                }
            }
            _ => {}
        }
    }
    items
}

fn gpu(item: &str) -> Option<(String, u32)> {
    let item = item.trim();
    let name = item.strip_prefix("gres/").or_else(|| item.strip_prefix("gres:")).unwrap_or(item);
    let rest = name.strip_prefix("gpu")?;
    let parts: Vec<&str> = rest.split([':', '=']).skip(1).collect();
    match (rest.chars().next(), parts.as_slice()) {
        (None, _) => Some((String::new(), 1)),
        (Some(':' | '='), [one]) => {
            Some(one.parse().map_or_else(|_| ((*one).to_owned(), 1), |count| (String::new(), count)))
        }
        (Some(':' | '='), [kind, count, ..]) => Some(((*kind).to_owned(), count.parse().ok()?)),
        // `gpumem:4`, `gpus` and the like are something else.
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_grammars() {
        for (list, expected) in [
            ("gpu:fake:2", "fake 2"),
            ("gpu:fake:2(IDX:0-1)", "fake 2"),
            ("gpu:a100:3(IDX:0-1,3),gpu:v100:1(IDX:2)", "a100 3, v100 1"),
            ("gpu:a100:4(S:0-1),nvme:1", "a100 4"),
            ("gres/gpu:A100:1", "A100 1"),
            ("gres/gpu=1", " 1"),
            ("gres:gpu:2", " 2"),
            ("gres:gpu:fake:1", "fake 1"),
            ("cpu=4,mem=16G,node=1,billing=4,gres/gpu=3,gres/gpu:a100=3", "a100 3"),
            ("gres/gpu=3,gres/gpu:a100=2", " 1, a100 2"),
            ("gpu", " 1"),
            ("gpu:a100", "a100 1"),
            ("gpu:0", " 0"),
            ("gpumem:4,shard:2", ""),
            ("(null)", ""),
            ("N/A", ""),
            ("", ""),
        ] {
            let found: Vec<String> =
                kinds(list).into_iter().map(|(kind, count)| format!("{kind} {count}")).collect();
            assert_eq!(found.join(", "), expected, "{list}");
        }
        assert_eq!(count("gpu:a100:3(IDX:0-1,3),gpu:v100:1(IDX:2)"), 4);
    }
}
