//! The space of a sweep: a product of factors, less what `exclude` drops and `include` does not keep.
//!
//! Nothing here ever holds the points: counting and the point at an index work on the factors, however large the product is.

use crate::point::Point;
use crate::roles::{Failure, Search};
use crate::sweep::diagram::{Diagram, TooIntricate};
use crate::sweep::factor::{Factor, PartialPoint};
use crate::table::{Cells, Column, Table};
use crate::value::Value;
use std::sync::Arc;

/// A product of factors, the first slowest, of which some points may be dropped. Cloning it is cheap.
#[derive(Clone, Debug)]
pub struct Space(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    factors: Vec<Factor>,
    diagram: Diagram,
}

impl Space {
    /// The product of `factors`, of which only points that match at least one of `include` are kept (all of them, where `include` is
    /// empty), and none that matches one of `exclude`. A space without factors has no points.
    ///
    /// # Errors
    /// When the product has more than 2¹²⁸ − 1 points, or the filters cut it up too finely to count.
    pub fn new(
        factors: Vec<Factor>,
        include: &[PartialPoint],
        exclude: &[PartialPoint],
    ) -> Result<Self, TooIntricate> {
        let diagram = Diagram::new(&factors, include, exclude)?;
        Ok(Self(Arc::new(Inner { factors, diagram })))
    }

    /// The number of points, exactly.
    #[must_use]
    pub fn count(&self) -> u128 {
        self.0.diagram.count()
    }

    /// The point at `index`, from 0, in the order in which tasks are numbered.
    #[must_use]
    pub fn point(&self, index: u128) -> Option<Point> {
        let rows = self.0.diagram.rows_at(index)?;
        let mut parameters =
            Vec::with_capacity(self.0.factors.iter().map(|factor| factor.names().len()).sum());
        for (factor, row) in self.0.factors.iter().zip(rows) {
            for (name, value) in factor.names().iter().zip(&factor.rows()[row]) {
                if let Some(value) = value {
                    parameters.push((name.clone(), value.clone()));
                }
            }
        }
        Some(Point::new(parameters))
    }

    /// All points, in order.
    pub fn points(&self) -> impl Iterator<Item = Point> + use<> {
        let space = self.clone();
        let mut index = 0;
        std::iter::from_fn(move || {
            let point = space.point(index)?;
            index += 1;
            Some(point)
        })
    }

    /// What the product is made of, in order: what a plan shows as axes and groups.
    #[must_use]
    pub fn factors(&self) -> &[Factor] {
        &self.0.factors
    }

    /// The names of all parameters, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> + Clone {
        self.0.factors.iter().flat_map(|factor| factor.names().iter().map(String::as_str))
    }

    /// The points as the built-in generator makes them.
    #[must_use]
    pub fn search(&self) -> SpaceSearch {
        SpaceSearch { space: self.clone(), next: 0 }
    }
}

/// A [`Space`], batch by batch, with the values spelled as in the sweep file.
#[derive(Clone, Debug)]
pub struct SpaceSearch {
    space: Space,
    next: u128,
}

impl Search for SpaceSearch {
    fn size(&mut self) -> Result<Option<u64>, Failure> {
        Ok(u64::try_from(self.space.count()).ok())
    }

    fn next(&mut self, max_rows: u32) -> Result<Table, Failure> {
        let inner = &self.space.0;
        let widths = inner.factors.iter().map(|factor| factor.names().len()).sum();
        let expected =
            usize::try_from(self.space.count() - self.next).unwrap_or(usize::MAX).min(max_rows as usize);
        let mut cells: Vec<Vec<Value>> = (0..widths).map(|_| Vec::with_capacity(expected)).collect();
        let mut absent: Vec<Vec<u32>> = vec![Vec::new(); widths];
        let mut rows = 0;
        while rows < max_rows
            && let Some(at) = inner.diagram.rows_at(self.next)
        {
            let values = inner.factors.iter().zip(at).flat_map(|(factor, row)| &factor.rows()[row]);
            for (column, value) in values.enumerate() {
                if value.is_none() {
                    absent[column].push(rows);
                }
                cells[column].push(value.clone().unwrap_or(Value::Null));
            }
            rows += 1;
            self.next += 1;
        }
        let columns = self.space.names().zip(cells).zip(absent).map(|((name, cells), absent)| Column {
            name: name.to_owned(),
            cells: Cells::Spelled(cells),
            absent,
        });
        Ok(Table { rows, columns: columns.collect() })
    }
}
