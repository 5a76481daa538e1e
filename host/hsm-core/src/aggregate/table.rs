//! The aggregator `table`: every task with its parameters and metrics, as one flat table.

use super::stack::stack;
use super::{bad_batch, config};
use crate::metrics::flat_names;
use crate::roles::{Aggregation, Aggregator, AggregatorSpec, Artifact, ArtifactBody, Failure, Results};
use crate::table::{Cells, Column, Table};
use serde::Deserialize;

/// Makes one table, `table.csv`, with the columns `task`, `state`, one a parameter and one a metric, named as
/// [`flat_names`] says. It has no options. All of it stands in memory, since it is one artifact.
#[derive(Clone, Copy, Debug)]
pub struct FlatTable;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Options {}

#[derive(Default)]
struct Rows {
    tasks: Vec<i64>,
    states: Vec<String>,
    params: Table,
    metrics: Table,
}

impl Aggregator for FlatTable {
    fn open(&self, spec: &AggregatorSpec) -> Result<Box<dyn Aggregation>, Failure> {
        let Options {} = config("table", &spec.config)?;
        Ok(Box::new(Rows::default()))
    }
}

impl Aggregation for Rows {
    fn add(&mut self, results: Results) -> Result<(), Failure> {
        for task in &results.tasks {
            let task =
                i64::try_from(*task).map_err(|_| bad_batch(format!("task {task} has too large a number")))?;
            self.tasks.push(task);
        }
        self.states.extend(results.states.iter().map(ToString::to_string));
        stack(&mut self.params, results.params)?;
        stack(&mut self.metrics, results.metrics)
    }

    fn finish(self: Box<Self>) -> Result<Vec<Artifact>, Failure> {
        let Self { tasks, states, params, metrics } = *self;
        let rows = u32::try_from(tasks.len())
            .map_err(|_| bad_batch(format!("{} tasks are too many for one table", tasks.len())))?;
        let names = flat_names(names(&params), names(&metrics));
        let mut columns = vec![
            Column { name: "task".to_owned(), cells: Cells::Integers(tasks), absent: Vec::new() },
            Column { name: "state".to_owned(), cells: Cells::Texts(states), absent: Vec::new() },
        ];
        let named = params
            .columns
            .into_iter()
            .zip(names.params)
            .chain(metrics.columns.into_iter().zip(names.metrics));
        columns.extend(named.map(|(column, name)| Column { name, ..column }));
        Ok(vec![Artifact {
            name: "table.csv".to_owned(),
            media_type: "text/csv".to_owned(),
            body: ArtifactBody::Table(Table { rows, columns }),
        }])
    }
}

fn names(table: &Table) -> impl Iterator<Item = &str> {
    table.columns.iter().map(|column| column.name.as_str())
}
