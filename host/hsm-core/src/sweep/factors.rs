//! Reads `grid`, `paired` and `combinations` into the factors of a space.

use crate::command::ARGUMENT_LENGTH_MAX;
use crate::diagnostic::{Findings, Position};
use crate::render::plain;
use crate::sweep::factor::{Factor, FactorKind};
use crate::value::Value;
use crate::yaml::{Content, Entry, Node, Values};
use std::collections::HashMap;

/// Collects factors, and where every parameter was given.
#[derive(Debug, Default)]
pub(super) struct Factors {
    pub(super) factors: Vec<Factor>,
    given: HashMap<String, (Position, &'static str)>,
}

impl Factors {
    /// `grid`: a factor for every name.
    pub(super) fn read_grid(&mut self, grid: &Node, values: &mut Values, findings: &mut Findings) {
        for (name, at, list) in named_lists(grid, "`grid`", findings) {
            if self.give(&name, at, "`grid`", findings) {
                let rows = list.iter().map(|node| vec![Some(argument(node, values, findings))]).collect();
                self.factors.push(Factor::new(FactorKind::Grid, vec![name], rows));
            }
        }
    }

    /// `paired`: a factor for every group.
    pub(super) fn read_paired(&mut self, paired: &Node, values: &mut Values, findings: &mut Findings) {
        let groups: Vec<&Entry> = match &paired.content {
            Content::List(items) => {
                items.iter().filter_map(|item| group_entries(item, findings)).flatten().collect()
            }
            Content::Map(entries) => entries.iter().collect(),
            Content::Scalar(_) => {
                let hint = Some("write `paired: [{group: {name: [values], …}}]`".to_owned());
                findings.error(
                    paired.at,
                    format!("`paired` is a list of groups, and {} stands here", paired.kind()),
                    hint,
                );
                return;
            }
        };
        for group in groups {
            self.read_group(group, values, findings);
        }
    }

    fn read_group(&mut self, group: &Entry, values: &mut Values, findings: &mut Findings) {
        let label = format!("the group `{}`", group.key.name);
        let lists = named_lists(&group.value, &label, findings);
        let Some((_, _, first)) = lists.first() else {
            if group.value.as_map().is_some_and(<[_]>::is_empty) || group.value.is_null() {
                findings.error(group.key.at, format!("{label} has no parameters"), None);
            }
            return;
        };
        let length = first.len();
        if lists.iter().any(|(_, _, list)| list.len() != length) {
            let lengths: Vec<String> = (lists.iter())
                .map(|(name, at, list)| format!("`{name}` has {} in line {}", list.len(), at.line))
                .collect();
            let hint = Some("values of a group go together one by one: give every list as many".to_owned());
            findings.error(
                group.key.at,
                format!("the lists of {label} differ in length: {}", lengths.join(", ")),
                hint,
            );
            return;
        }
        let mut rows: Vec<Vec<Option<Value>>> = vec![Vec::with_capacity(lists.len()); length];
        let mut names = Vec::with_capacity(lists.len());
        for (name, at, list) in lists {
            if self.give(&name, at, "`paired`", findings) {
                for (row, node) in rows.iter_mut().zip(list) {
                    row.push(Some(argument(node, values, findings)));
                }
                names.push(name);
            }
        }
        self.factors.push(Factor::new(FactorKind::Paired(group.key.name.clone()), names, rows));
    }

    /// `combinations`: one factor, whose rows are the listed points.
    pub(super) fn read_combinations(&mut self, list: &Node, values: &mut Values, findings: &mut Findings) {
        let Some(items) = non_empty_list(list, "`combinations`", "a list of points", findings) else {
            return;
        };
        let points: Vec<Vec<(String, Position, Value)>> =
            items.iter().map(|item| point_entries(item, "a combination", values, findings)).collect();
        let mut names: Vec<String> = Vec::new();
        for (name, at, _) in points.iter().flatten() {
            if !names.contains(name) {
                self.give(name, *at, "`combinations`", findings);
                names.push(name.clone());
            }
        }
        for (item, point) in items.iter().zip(&points).filter(|(_, point)| !point.is_empty()) {
            let missing: Vec<String> = (names.iter())
                .filter(|name| point.iter().all(|(given, _, _)| given != *name))
                .map(|name| format!("`{name}`"))
                .collect();
            if !missing.is_empty() {
                let message = format!("this combination has no {}, which others have", missing.join(", "));
                findings.warning(item.at, message, Some("its tasks run without it".to_owned()));
            }
        }
        let row = |point: Vec<(String, Position, Value)>| {
            let mut given: HashMap<String, Value> =
                point.into_iter().map(|(name, _, value)| (name, value)).collect();
            names.iter().map(|name| given.remove(name)).collect()
        };
        let rows = points.into_iter().map(row).collect();
        self.factors.push(Factor::new(FactorKind::Combinations, names, rows));
    }

    /// Notes where a parameter is given, and whether that is the first place.
    fn give(&mut self, name: &str, at: Position, block: &'static str, findings: &mut Findings) -> bool {
        if let Some((first, first_block)) = self.given.get(name) {
            let message = format!("`{name}` is given twice, in {block} here and in {first_block} at {first}");
            findings.error(at, message, Some("keep one of the two".to_owned()));
            return false;
        }
        self.given.insert(name.to_owned(), (at, block));
        true
    }
}

/// The entries of a partial or complete point: names, nested maps as dotted ones, with single values.
pub(super) fn point_entries(
    node: &Node,
    what: &str,
    values: &mut Values,
    findings: &mut Findings,
) -> Vec<(String, Position, Value)> {
    let mut entries: Vec<(String, Position, Value)> = Vec::new();
    for (name, at, leaf) in leaves(node, what, findings) {
        let value = argument(leaf, values, findings);
        match entries.iter().find(|(known, _, _)| *known == name) {
            Some((_, first, _)) => {
                findings.error(at, format!("`{name}` is given twice, first at {first}"), None)
            }
            None => entries.push((name, at, value)),
        }
    }
    if entries.is_empty() && !findings.has_errors() {
        findings.error(node.at, format!("{what} has no parameters"), None);
    }
    entries
}

/// The value of a node, which is to be an argument of a program.
fn argument(node: &Node, values: &mut Values, findings: &mut Findings) -> Value {
    let value = values.value(node, findings);
    let text = plain(&value);
    if text.len() > ARGUMENT_LENGTH_MAX {
        let message = format!(
            "this value is {} bytes long, and {ARGUMENT_LENGTH_MAX} is the most a program can be given",
            text.len()
        );
        findings.error(
            node.at,
            message,
            Some("put it into a file, and sweep over the file's name".to_owned()),
        );
    }
    if text.contains('\0') {
        findings.error(node.at, "this value holds a zero byte, which no program can be given", None);
    }
    value
}

/// The items of a list that has some.
pub(super) fn non_empty_list<'a>(
    node: &'a Node,
    what: &str,
    expected: &str,
    findings: &mut Findings,
) -> Option<&'a [Node]> {
    match node.as_list() {
        Some([]) => {
            findings.error(
                node.at,
                format!("{what} is empty"),
                Some("remove it, or list something".to_owned()),
            );
            None
        }
        Some(items) => Some(items),
        None => {
            findings.error(node.at, format!("{what} is {expected}, and {} stands here", node.kind()), None);
            None
        }
    }
}

/// The lists below a map, by dotted name.
fn named_lists<'a>(
    node: &'a Node,
    what: &str,
    findings: &mut Findings,
) -> Vec<(String, Position, &'a [Node])> {
    let mut lists = Vec::new();
    for (name, at, leaf) in leaves(node, what, findings) {
        match (leaf.as_list(), leaf.as_text()) {
            (None, Some(text)) => {
                let hint = Some(format!("write `{name}: [{text}]` for a single value"));
                findings.error(
                    leaf.at,
                    format!("`{name}` is a list of values, and a single value stands here"),
                    hint,
                );
            }
            _ => {
                let items = non_empty_list(leaf, &format!("`{name}`"), "a list of values", findings);
                lists.extend(items.map(|items| (name, at, items)));
            }
        }
    }
    lists
}

/// What is below a map and no map itself, by dotted name.
fn leaves<'a>(node: &'a Node, what: &str, findings: &mut Findings) -> Vec<(String, Position, &'a Node)> {
    let mut leaves = Vec::new();
    match node.as_map() {
        Some(entries) => push_leaves("", entries, &mut leaves, findings),
        None => findings.error(
            node.at,
            format!("{what} is a map of names, and {} stands here", node.kind()),
            None,
        ),
    }
    leaves
}

fn push_leaves<'a>(
    prefix: &str,
    entries: &'a [Entry],
    leaves: &mut Vec<(String, Position, &'a Node)>,
    findings: &mut Findings,
) {
    for Entry { key, value } in entries {
        let name = format!("{prefix}{}", key.name);
        match value.as_map() {
            Some([]) => findings.error(key.at, format!("`{name}` is empty"), None),
            Some(nested) => push_leaves(&format!("{name}."), nested, leaves, findings),
            None if is_name(&name) => leaves.push((name, key.at, value)),
            None => {
                let hint = Some("a name has no blanks, `=`, braces or control characters".to_owned());
                findings.error(key.at, format!("{:?} cannot be the name of a parameter", key.name), hint);
            }
        }
    }
}

/// Whether a parameter may be called so: its name stands before `=` in an argument, and in braces in a template.
fn is_name(name: &str) -> bool {
    let misplaced = |character: char| {
        character.is_whitespace() || character.is_control() || matches!(character, '=' | '{' | '}')
    };
    !name.is_empty() && !name.contains(misplaced)
}

fn group_entries<'a>(item: &'a Node, findings: &mut Findings) -> Option<&'a [Entry]> {
    if item.as_map().is_none() {
        let hint = Some("write `- group: {name: [values], …}`".to_owned());
        findings.error(
            item.at,
            format!("an item of `paired` is a group, and {} stands here", item.kind()),
            hint,
        );
    }
    item.as_map()
}
