//! The ranking as tables and as text.

use crate::Counts;
use crate::best::Listed;
use crate::config::Mode;
use crate::effects::{Effect, VALUES_MAX};
use hsm_sdk::{Cell, Column, Table};
use std::fmt::Write;

/// Everything there is to say.
pub struct Report<'a> {
    pub metric: &'a str,
    pub mode: Mode,
    pub counts: Counts,
    pub best: Vec<Listed>,
    pub effects: Vec<Effect>,
}

impl Report<'_> {
    /// A row a listed task: `rank`, `task`, the metric, then the parameters.
    pub fn best_table(&self) -> Table {
        let count = i64::try_from(self.best.len()).unwrap_or(i64::MAX);
        let tasks = self.best.iter().map(|listed| listed.entry.task.cast_signed()).collect();
        let values = self.best.iter().map(|listed| listed.entry.value).collect();
        let mut names = Names::default();
        let mut columns = vec![
            Column::integers(names.unique("rank"), (1..=count).collect()),
            Column::integers(names.unique("task"), tasks),
            Column::numbers(names.unique(self.metric), values),
        ];
        for index in 0..self.best.first().map_or(0, |listed| listed.params.len()) {
            let name = names.unique(&self.best[0].params[index].0);
            columns.push(texts(name, self.best.iter().map(|listed| listed.params[index].1.clone())));
        }
        Table::new(columns)
    }

    /// A row a value of a parameter: `parameter`, `value`, `tasks`, `mean`.
    pub fn effects_table(&self) -> Table {
        let rows =
            || self.effects.iter().flat_map(|effect| effect.values.iter().map(move |value| (effect, value)));
        Table::new([
            Column::texts("parameter", rows().map(|(effect, _)| effect.name.clone()).collect()),
            texts("value".to_owned(), rows().map(|(_, value)| value.value.clone())),
            Column::integers("tasks", rows().map(|(_, value)| value.tasks.cast_signed()).collect()),
            Column::numbers("mean", rows().map(|(_, value)| value.mean).collect()),
        ])
    }

    /// Both as Markdown whose tables also line up on a terminal.
    pub fn text(&self) -> String {
        let better = match self.mode {
            Mode::Max => "highest",
            Mode::Min => "lowest",
        };
        let mut text =
            format!("# {} (the {better} is best)\n\n{}\n", escaped(self.metric), self.counts_text());
        if self.best.is_empty() {
            return text;
        }
        text.push_str(&markdown(&self.best_table()));
        for effect in &self.effects {
            // A parameter with one value has nothing to compare.
            if effect.values.len() == 1 {
                continue;
            }
            let name = escaped(&effect.name);
            let metric = escaped(self.metric);
            if effect.too_many {
                let _ = write!(
                    text,
                    "\n`{name}` has more than {VALUES_MAX} values, so its means are left out.\n"
                );
            } else {
                let _ = write!(text, "\n## Mean {metric} by `{name}`\n\n{}", markdown(&effect_table(effect)));
            }
        }
        text
    }

    fn counts_text(&self) -> String {
        let Counts { tasks, not_completed, without_metric, not_finite } = self.counts;
        let ranked = tasks - not_completed - without_metric - not_finite;
        let metric = escaped(self.metric);
        let mut text = format!("{ranked} of {tasks} tasks ranked");
        let reasons = [
            (not_completed, "not completed".to_owned()),
            (without_metric, format!("without `{metric}`")),
            (not_finite, format!("with `{metric}` not finite")),
        ];
        for (count, reason) in reasons.iter().filter(|(count, _)| *count > 0) {
            let _ = write!(text, "; {count} {reason}");
        }
        text.push_str(".\n");
        text
    }
}

fn effect_table(effect: &Effect) -> Table {
    Table::new([
        texts("value".to_owned(), effect.values.iter().map(|value| value.value.clone())),
        Column::integers("tasks", effect.values.iter().map(|value| value.tasks.cast_signed()).collect()),
        Column::numbers("mean", effect.values.iter().map(|value| value.mean).collect()),
    ])
}

fn texts(name: String, cells: impl Iterator<Item = Option<String>>) -> Column {
    let mut absent = Vec::new();
    let mut row = 0;
    let mut text = |cell: Option<String>| {
        if cell.is_none() {
            absent.push(row);
        }
        row += 1;
        cell.unwrap_or_default()
    };
    let cells = cells.map(&mut text).collect();
    Column::texts(name, cells).with_absent(absent)
}

/// A parameter may be named like a metric, or `rank`; columns are told apart by a number.
#[derive(Default)]
struct Names(Vec<String>);

impl Names {
    fn unique(&mut self, wanted: &str) -> String {
        let numbered = (2_u32..).map(|number| format!("{wanted} ({number})"));
        let free = std::iter::once(wanted.to_owned()).chain(numbered).find(|name| !self.0.contains(name));
        let name = free.unwrap_or_default();
        self.0.push(name.clone());
        name
    }
}

/// A Markdown table with padded cells, numbers to the right.
fn markdown(table: &Table) -> String {
    let columns: Vec<(Vec<String>, bool)> = table.columns.iter().map(shown).collect();
    let widths: Vec<usize> = columns
        .iter()
        .map(|(cells, _)| cells.iter().map(|cell| cell.chars().count()).max().unwrap_or(0).max(3))
        .collect();
    let mut text = String::new();
    for row in 0..=table.rows as usize {
        for ((cells, right), width) in columns.iter().zip(&widths) {
            let cell = &cells[row];
            let _ =
                if *right { write!(text, "| {cell:>width$} ") } else { write!(text, "| {cell:<width$} ") };
        }
        text.push_str("|\n");
        if row == 0 {
            for ((_, right), width) in columns.iter().zip(&widths) {
                let _ = if *right {
                    write!(text, "|{:->width$}:", "", width = width + 1)
                } else {
                    write!(text, "|{:-<width$}", "", width = width + 2)
                };
            }
            text.push_str("|\n");
        }
    }
    text
}

/// A column's heading and cells as text, and whether they stand to the right.
fn shown(column: &Column) -> (Vec<String>, bool) {
    let cell = |cell: Option<Cell<'_>>| match cell {
        None => "-".to_owned(),
        Some(Cell::Number(number)) => rounded(number),
        Some(cell) => escaped(&cell.to_string()),
    };
    let cells = std::iter::once(escaped(&column.name)).chain(column.iter().map(cell)).collect();
    let right = column.iter().flatten().all(|cell| {
        cell.as_number().is_some() || matches!(cell, Cell::Text(text) if text.parse::<f64>().is_ok())
    });
    (cells, right)
}

/// Five significant digits are enough to compare by eye; the tables have them all.
fn rounded(number: f64) -> String {
    let magnitude = number.abs();
    if number == 0.0 {
        "0".to_owned()
    } else if (1e-4..1e6).contains(&magnitude) {
        let decimals =
            [1.0, 10.0, 100.0, 1000.0, 10_000.0].iter().filter(|power| magnitude >= **power).count();
        format!("{number:.*}", 5 - decimals)
    } else {
        format!("{number:.4e}")
    }
}

/// What would end a cell or a line of a Markdown table.
fn escaped(text: &str) -> String {
    text.replace('|', "\\|").replace(['\n', '\r'], " ")
}
