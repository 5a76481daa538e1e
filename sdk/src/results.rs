//! Reading results task by task.

use crate::{Results, Row, TaskState};

/// What is known of one task. Rows of it know their columns by name.
#[derive(Clone, Copy, Debug)]
pub struct TaskResult<'a> {
    /// Its number in the sweep, from 1.
    pub task: u64,
    /// How it stands.
    pub state: TaskState,
    /// One cell a parameter.
    pub params: Row<'a>,
    /// One cell a metric.
    pub metrics: Row<'a>,
    /// What else is known: `exit_code`, `seconds`, `attempts`, `reason`, `source`.
    pub facts: Row<'a>,
}

impl Results {
    /// Every task of this batch.
    pub fn iter(&self) -> impl Iterator<Item = TaskResult<'_>> {
        self.tasks.iter().zip(&self.states).enumerate().map(|(row, (task, state))| TaskResult {
            task: *task,
            state: *state,
            params: self.params.row(row),
            metrics: self.metrics.row(row),
            facts: self.facts.row(row),
        })
    }

    /// The tasks of this batch that ended well.
    pub fn completed(&self) -> impl Iterator<Item = TaskResult<'_>> {
        self.iter().filter(|result| result.state == TaskState::Completed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Column, Table};

    #[test]
    fn tasks_have_their_own_rows() {
        let results = Results {
            tasks: vec![4, 5, 6],
            states: vec![TaskState::Completed, TaskState::Failed, TaskState::Completed],
            params: Table::new([Column::numbers("lr", vec![0.1, 0.2, 0.3])]),
            metrics: Table::new([Column::integers("score", vec![7, 8, 9]).with_absent(vec![2])]),
            facts: Table::new([Column::texts("reason", ["", "exit", ""].map(str::to_owned).into())]),
        };
        let seen: Vec<_> = results
            .completed()
            .map(|result| {
                (result.task, result.params.number("lr").unwrap(), result.metrics.number("score").unwrap())
            })
            .collect();
        assert_eq!(seen, [(4, Some(0.1), Some(7.0)), (6, Some(0.3), None)]);
        let failed = results.iter().find(|result| result.state == TaskState::Failed).unwrap();
        assert_eq!(failed.facts.text("reason").unwrap(), Some("exit"));
    }
}
