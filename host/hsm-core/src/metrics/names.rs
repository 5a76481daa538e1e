//! The column names of a table that has parameters and metrics side by side.

use std::collections::HashSet;

/// The names of a flat table's columns, in its order: `task`, `state`, then these.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FlatNames {
    /// One name a parameter.
    pub params: Vec<String>,
    /// One name a metric.
    pub metrics: Vec<String>,
}

/// Names for the columns of a flat table. A parameter keeps its name unless it is called `task` or `state`, a metric unless it is
/// called like a column before it; then `params.` or `metrics.` comes in front, as often as it takes.
#[must_use]
pub fn flat_names<'a>(
    params: impl IntoIterator<Item = &'a str>,
    metrics: impl IntoIterator<Item = &'a str>,
) -> FlatNames {
    let mut taken: HashSet<String> = ["task", "state"].map(str::to_owned).into();
    FlatNames {
        params: params.into_iter().map(|name| free_name(&mut taken, "params.", name)).collect(),
        metrics: metrics.into_iter().map(|name| free_name(&mut taken, "metrics.", name)).collect(),
    }
}

fn free_name(taken: &mut HashSet<String>, prefix: &str, name: &str) -> String {
    let mut name = name.to_owned();
    while !taken.insert(name.clone()) {
        name.insert_str(0, prefix);
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_told_apart_only_where_they_meet() {
        let names = flat_names(["lr", "task", "metrics.lr"], ["loss", "lr", "state", "params.task"]);
        assert_eq!(names.params, ["lr", "params.task", "metrics.lr"]);
        assert_eq!(names.metrics, ["loss", "metrics.metrics.lr", "metrics.state", "metrics.params.task"]);
    }
}
