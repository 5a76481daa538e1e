//! Reads `include` and `exclude`, and makes sure that they speak of parameters and values that there are.

use crate::diagnostic::Findings;
use crate::render::plain;
use crate::suggest::did_you_mean;
use crate::sweep::factor::{Factor, PartialPoint};
use crate::sweep::factors::{non_empty_list, point_entries};
use crate::yaml::{Node, Values};

/// The partial points of a list called `key`.
pub(super) fn read(
    list: &Node,
    key: &'static str,
    factors: &[Factor],
    values: &mut Values,
    findings: &mut Findings,
) -> Vec<PartialPoint> {
    let what = format!("`{key}`");
    if list.as_list().is_some_and(<[_]>::is_empty) {
        findings.warning(list.at, format!("{what} is empty, and changes nothing"), None);
        return Vec::new();
    }
    let items = non_empty_list(list, &what, "a list of partial points", findings).unwrap_or_default();
    let mut partial_points = Vec::with_capacity(items.len());
    for item in items {
        let mut parameters = Vec::new();
        for (name, at, value) in point_entries(item, &format!("an item of {what}"), values, findings) {
            let names = || factors.iter().flat_map(|factor| factor.names().iter().map(String::as_str));
            if names().any(|known| known == name) {
                parameters.push((name, plain(&value).into_owned()));
            } else {
                let message = format!("{what} names `{name}`, which is no parameter of this sweep");
                findings.error(at, message, did_you_mean(&name, names()));
            }
        }
        let partial = PartialPoint { parameters };
        if let Some(reason) = why_unmatched(&partial, factors) {
            findings.warning(item.at, format!("this item of {what} matches nothing: {reason}"), None);
        }
        partial_points.push(partial);
    }
    partial_points
}

/// Why no point of the product can match, where that is so.
fn why_unmatched(partial: &PartialPoint, factors: &[Factor]) -> Option<String> {
    for factor in factors {
        let wanted: Vec<(usize, &String, &String)> = (partial.parameters.iter())
            .filter_map(|(name, text)| {
                let column = factor.names().iter().position(|known| known == name)?;
                Some((column, name, text))
            })
            .collect();
        let has = |row: &[Option<crate::value::Value>], column: usize, text: &str| {
            row[column].as_ref().is_some_and(|value| plain(value) == text)
        };
        for (column, name, text) in &wanted {
            if !factor.rows().iter().any(|row| has(row, *column, text)) {
                return Some(format!("`{name}` is never `{text}`"));
            }
        }
        let together = |row: &Vec<Option<crate::value::Value>>| {
            wanted.iter().all(|(column, _, text)| has(row, *column, text))
        };
        if !factor.rows().iter().any(together) {
            let pairs: Vec<String> =
                wanted.iter().map(|(_, name, text)| format!("`{name}` is `{text}`")).collect();
            return Some(format!("nowhere {} at once", pairs.join(" and ")));
        }
    }
    None
}
