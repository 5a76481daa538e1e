//! The plan: which task has which number, identity and point. It grows by appending and never changes.
//!
//! A plan is written and read line by line, so that a million tasks never stand in memory at once. Nothing here opens a file.

use crate::point::{Identity, Point};
use crate::render::{PlanJsonError, value_from_plan_json};
use crate::roles::{Blame, Failure, Search};
use crate::table::{Cells, Column, Table};
use crate::value::{Number, Value};
use compact_str::CompactString;
use rustc_hash::{FxHashMap, FxHashSet};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::HashSet;
use std::fmt::Write as _;

/// How many points are asked of a search at a time: enough to make the question cheap, and so few that they stay in the cache.
const POINTS_PER_BATCH: u32 = 1024;

/// One line of a plan.
#[derive(Clone, Debug, PartialEq)]
pub struct PlannedTask {
    /// The task's number, from 1.
    pub task: u64,
    /// What makes it itself.
    pub id: Identity,
    /// Its parameters.
    pub point: Point,
}

/// Why a line is not one of a plan.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlanLineError {
    /// The line is no object with `task`, `id` and `params`.
    #[error("not a line of a plan: {0}")]
    Shape(String),
    /// Tasks are numbered from 1.
    #[error("a task's number is 1 or more")]
    TaskZero,
    /// The parameters cannot be read.
    #[error("the parameters of task {task}: {source}")]
    Parameters {
        /// The task.
        task: u64,
        /// What is wrong with them.
        source: PlanJsonError,
    },
}

#[derive(Deserialize)]
struct Line<'a> {
    task: u64,
    id: Identity,
    #[serde(borrow)]
    params: &'a RawValue,
}

impl PlannedTask {
    /// The task as a line: `{"task":1,"id":"…","params":{…}}`, without the end of the line.
    #[must_use]
    pub fn to_line(&self) -> String {
        let mut line = String::new();
        self.push_line(&mut line);
        line
    }

    /// Appends what [`PlannedTask::to_line`] returns.
    pub fn push_line(&self, out: &mut String) {
        // Writing to a string does not fail.
        let _ = write!(out, "{{\"task\":{},\"id\":\"{}\",\"params\":", self.task, self.id);
        self.point.push_plan_json(out);
        out.push('}');
    }

    /// The task that [`PlannedTask::to_line`] wrote. Fields that this version does not know are passed over.
    ///
    /// # Errors
    /// When the line is no such line.
    pub fn from_line(line: &str) -> Result<Self, PlanLineError> {
        let Line { task, id, params } =
            serde_json::from_str(line).map_err(|error| PlanLineError::Shape(error.to_string()))?;
        if task == 0 {
            return Err(PlanLineError::TaskZero);
        }
        let point = Point::from_plan_json(params.get())
            .map_err(|source| PlanLineError::Parameters { task, source })?;
        Ok(Self { task, id, point })
    }
}

/// Numbers points. Duplicate points are replicates: each is a task of its own, told apart by its occurrence.
#[derive(Clone, Debug, Default)]
pub struct Planner {
    last_task: u64,
    planned: FxHashSet<Identity>,
    /// How many of those came up again.
    met: u64,
    /// First identities of the points seen so far: eight bytes a point, so a million points fit easily.
    seen: FxHashSet<Identity>,
    /// For points that were seen more than once, by first identity: the next occurrence.
    repeated: FxHashMap<Identity, u32>,
}

impl Planner {
    /// A planner for a new plan, whose first task is 1.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A planner that goes on after the tasks of an existing plan, given as number and identity. Points that the plan has are not
    /// planned again; replicates beyond those it has are.
    pub fn extending(tasks: impl IntoIterator<Item = (u64, Identity)>) -> Self {
        let mut planner = Self::new();
        for (task, id) in tasks {
            planner.last_task = planner.last_task.max(task);
            planner.planned.insert(id);
        }
        planner
    }

    /// The task of the next point, or nothing where the extended plan has it already.
    pub fn plan(&mut self, point: Point) -> Option<PlannedTask> {
        let id = self.identify(&point);
        if self.planned.contains(&id) {
            self.met += 1;
            return None;
        }
        self.last_task += 1;
        Some(PlannedTask { task: self.last_task, id, point })
    }

    /// How many tasks of the extended plan were among the points so far.
    #[must_use]
    pub fn met(&self) -> u64 {
        self.met
    }

    /// The identity of the next point, its occurrence counted.
    fn identify(&mut self, point: &Point) -> Identity {
        let first = point.identity(0);
        if self.seen.insert(first) {
            return first;
        }
        let next = self.repeated.entry(first).or_insert(1);
        let id = point.identity(*next);
        *next += 1;
        id
    }
}

/// The points of a search, one at a time, fetched in batches. After an error it has ended.
pub struct SearchPoints {
    search: Option<Box<dyn Search>>,
    batch: std::vec::IntoIter<Point>,
}

impl SearchPoints {
    /// The points that `search` makes.
    #[must_use]
    pub fn new(search: Box<dyn Search>) -> Self {
        Self { search: Some(search), batch: Vec::new().into_iter() }
    }

    fn fetch(&mut self) -> Result<(), Failure> {
        let Some(search) = &mut self.search else { return Ok(()) };
        let points = points_of(search.next(POINTS_PER_BATCH)?)?;
        if points.is_empty() {
            self.search = None;
        }
        self.batch = points.into_iter();
        Ok(())
    }
}

impl Iterator for SearchPoints {
    type Item = Result<Point, Failure>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.batch.len() == 0
            && let Err(failure) = self.fetch()
        {
            self.search = None;
            return Some(Err(failure));
        }
        self.batch.next().map(Ok)
    }
}

/// The rows of a table as points: a column is a parameter, an absent cell a parameter that this point does not have. Numbers are spelled
/// as the shortest text that reads back the same.
///
/// # Errors
/// When the columns disagree with the table, two have one name, or a JSON cell is not JSON.
pub fn points_of(table: Table) -> Result<Vec<Point>, Failure> {
    let rows = table.rows as usize;
    let width = table.columns.len();
    let mut names = HashSet::new();
    let mut parameters: Vec<Vec<(CompactString, Value)>> =
        (0..rows).map(|_| Vec::with_capacity(width)).collect();
    for Column { name, cells, absent } in table.columns {
        if cells.len() != rows {
            let message = format!("the column `{name}` has {} cells in a table of {rows} rows", cells.len());
            return Err(bad_table(message));
        }
        if name.is_empty() || !names.insert(name.clone()) {
            return Err(bad_table(format!("two columns, or one without a name, are called `{name}`")));
        }
        let name = CompactString::from(name);
        let mut absent = absent.into_iter().peekable();
        for (row, value) in values_of(cells, &name)?.into_iter().enumerate() {
            if absent.next_if(|absent| *absent as usize == row).is_none() {
                parameters[row].push((name.clone(), value));
            }
        }
        if let Some(row) = absent.next() {
            return Err(bad_table(format!(
                "the column `{name}` lists row {row} as absent out of order or range"
            )));
        }
    }
    Ok(parameters.into_iter().map(Point::new).collect())
}

fn values_of(cells: Cells, column: &str) -> Result<Vec<Value>, Failure> {
    Ok(match cells {
        Cells::Booleans(cells) => cells.into_iter().map(Value::Bool).collect(),
        Cells::Integers(cells) => cells.into_iter().map(|cell| Value::Number(cell.into())).collect(),
        Cells::Numbers(cells) => cells.into_iter().map(|cell| Value::Number(Number::from(cell))).collect(),
        Cells::Texts(cells) => cells.into_iter().map(Value::Text).collect(),
        Cells::Spelled(cells) => cells,
        Cells::Json(cells) => {
            cells.iter().map(|cell| value_from_plan_json(cell)).collect::<Result<_, _>>().map_err(
                |error| bad_table(format!("a cell of the column `{column}` is no JSON value: {error}")),
            )?
        }
    })
}

fn bad_table(message: String) -> Failure {
    Failure::new(Blame::Internal, "bad-table", message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(text: &str) -> Point {
        Point::new(vec![("x".to_owned(), Value::Text(text.to_owned()))])
    }

    fn plan_all(planner: &mut Planner, texts: &[&str]) -> Vec<PlannedTask> {
        texts.iter().filter_map(|text| planner.plan(point(text))).collect()
    }

    #[test]
    fn duplicates_are_replicates_with_identities_of_their_own() {
        let tasks = plan_all(&mut Planner::new(), &["a", "b", "a", "a"]);
        let expected = [("a", 0), ("b", 0), ("a", 1), ("a", 2)];
        for ((number, task), (text, occurrence)) in tasks.iter().enumerate().zip(expected) {
            assert_eq!((task.task, task.id), (number as u64 + 1, point(text).identity(occurrence)));
        }
    }

    #[test]
    fn an_extended_plan_gets_only_what_it_does_not_have() {
        let planned = plan_all(&mut Planner::new(), &["a", "b", "a"]);
        let mut planner = Planner::extending(planned.iter().map(|task| (task.task, task.id)));
        let new = plan_all(&mut planner, &["c", "a", "a", "a"]);
        let shown: Vec<_> = new.iter().map(|task| (task.task, task.id)).collect();
        assert_eq!(shown, [(4, point("c").identity(0)), (5, point("a").identity(2))]);
    }

    #[test]
    fn a_line_comes_back_as_it_was() {
        let json = r#"{"lr":{"$number":"+5"},"x":[1e-3,"ö",{"$map":{"$number":1}}]}"#;
        let point = Point::from_plan_json(json).unwrap();
        let task = PlannedTask { task: 12, id: point.identity(0), point };
        assert_eq!(PlannedTask::from_line(&task.to_line()), Ok(task.clone()));
        insta::assert_snapshot!(task.to_line(), @r#"{"task":12,"id":"042205e8b31cfaf3","params":{"lr":{"$number":"+5"},"x":[1e-3,"ö",{"$map":{"$number":1}}]}}"#);
        let newer = task.to_line().replace("\"task\"", "\"later\":[1],\"task\"");
        assert_eq!(PlannedTask::from_line(&newer), Ok(task));
    }

    #[test]
    fn what_is_no_line_says_why() {
        let refused = |line: &str| PlannedTask::from_line(line).unwrap_err().to_string();
        insta::assert_snapshot!(refused("{\"task\":1,\"id\":\"00000000000000"), @"not a line of a plan: EOF while parsing a string at line 1 column 30");
        insta::assert_snapshot!(refused(r#"{"task":1,"id":"xyz","params":{}}"#), @"not a line of a plan: `xyz` is not an identity, which has 16 hexadecimal digits in lower case at line 1 column 20");
        insta::assert_snapshot!(refused(r#"{"task":0,"id":"0000000000000000","params":{}}"#), @"a task's number is 1 or more");
        insta::assert_snapshot!(refused(r#"{"task":1,"id":"0000000000000000","params":[]}"#), @"the parameters of task 1: not JSON: invalid type: sequence, expected an object at line 1 column 0");
        insta::assert_snapshot!(refused(r#"{"task":1,"id":"0000000000000000","params":{"a":{"$number":"x"}}}"#), @"the parameters of task 1: `x` is not a number");
    }

    #[test]
    fn a_table_becomes_points() {
        let column = |name: &str, cells, absent: &[u32]| Column {
            name: name.to_owned(),
            cells,
            absent: absent.to_vec(),
        };
        let table = Table {
            rows: 2,
            columns: vec![
                column("n", Cells::Integers(vec![1, 2]), &[]),
                column("f", Cells::Numbers(vec![1e-5, f64::NAN]), &[]),
                column("b", Cells::Booleans(vec![true, false]), &[1]),
                column("j", Cells::Json(vec!["[1,{\"a\":2}]".to_owned(), "null".to_owned()]), &[]),
                column("t", Cells::Texts(vec!["x".to_owned(), String::new()]), &[0]),
            ],
        };
        let shown: Vec<String> = points_of(table).unwrap().iter().map(Point::to_plan_json).collect();
        assert_eq!(
            shown,
            [
                r#"{"n":1,"f":1e-5,"b":true,"j":[1,{"a":2}]}"#,
                r#"{"n":2,"f":{"$number":"nan"},"j":null,"t":""}"#,
            ]
        );
    }

    #[test]
    fn tables_that_disagree_are_refused() {
        let column = |name: &str, cells: Vec<i64>, absent: &[u32]| Column {
            name: name.to_owned(),
            cells: Cells::Integers(cells),
            absent: absent.to_vec(),
        };
        for columns in [
            vec![column("a", vec![1], &[])],
            vec![column("a", vec![1, 2], &[]), column("a", vec![1, 2], &[])],
            vec![column("", vec![1, 2], &[])],
            vec![column("a", vec![1, 2], &[2])],
            vec![column("a", vec![1, 2], &[1, 0])],
            vec![Column {
                name: "a".to_owned(),
                cells: Cells::Json(vec!["1".to_owned(), "x".to_owned()]),
                absent: Vec::new(),
            }],
        ] {
            let failure = points_of(Table { rows: 2, columns }).unwrap_err();
            assert_eq!((failure.blame, failure.code.as_str()), (Blame::Internal, "bad-table"), "{failure}");
        }
    }
}
