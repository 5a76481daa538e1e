//! What a sweep is made of, as text: its lists, its pairs as rows, and how they multiply.

use crate::output::{Align, TextTable, counted, escape};
use hsm_core::render::plain;
use hsm_core::sweep::{Factor, FactorKind};

/// How many values of a list are shown in full.
const SHOWN_VALUES: usize = 8;
/// How many rows of a group are shown in full.
const SHOWN_ROWS: usize = 20;

/// What there is to say about a whole sweep.
#[derive(Clone, Debug)]
pub struct Overview<'a> {
    /// The sweep file, as the user would name it.
    pub file: String,
    /// What the file says about itself.
    pub description: Option<String>,
    /// The generator that makes the points, where one does.
    pub generator: Option<&'a str>,
    /// The lists of the file.
    pub factors: &'a [Factor],
    /// How many tasks there are.
    pub count: u128,
}

/// How many tasks there are, and what they are made of.
pub fn overview(sweep: &Overview<'_>) -> String {
    let mut text = format!("{}: {}\n", escape(&sweep.file), counted(sweep.count, "task", "tasks"));
    if let Some(description) = &sweep.description {
        text.push_str(&format!("{}\n", escape(description)));
    }
    if let Some(name) = sweep.generator {
        text.push_str(&format!("made by the generator `{}`\n", escape(name)));
    }
    let grid: Vec<&Factor> =
        sweep.factors.iter().filter(|factor| *factor.kind() == FactorKind::Grid).collect();
    if !grid.is_empty() {
        text.push_str(&format!("\n{}", grid_table(&grid)));
    }
    for factor in sweep.factors {
        match factor.kind() {
            FactorKind::Grid => {}
            FactorKind::Paired(group) => {
                text.push_str(&format!("\npaired: {}\n{}", escape(group), rows_table(factor)));
            }
            FactorKind::Combinations => text.push_str(&format!("\ncombinations\n{}", rows_table(factor))),
        }
    }
    text.push_str(&product_line(sweep));
    text
}

/// `3 × 3 × 2 = 18`, and what `include`, `exclude` or `--max-runs` make of it.
fn product_line(sweep: &Overview<'_>) -> String {
    let Overview { factors, count, .. } = *sweep;
    if sweep.generator.is_some() || factors.is_empty() {
        return String::new();
    }
    let sizes: Vec<String> = factors.iter().map(|factor| factor.rows().len().to_string()).collect();
    let whole =
        factors.iter().try_fold(1u128, |product, factor| product.checked_mul(factor.rows().len() as u128));
    match whole {
        Some(whole) if whole == count && factors.len() == 1 => String::new(),
        Some(whole) if whole == count => format!("\n{} = {whole}\n", sizes.join(" × ")),
        Some(whole) => format!("\n{count} of {} = {whole}\n", sizes.join(" × ")),
        None => format!("\n{count} of {}\n", sizes.join(" × ")),
    }
}

fn grid_table(grid: &[&Factor]) -> String {
    let mut table =
        TextTable::new(&[("grid", Align::Left), ("values", Align::Left), ("count", Align::Right)]);
    for factor in grid {
        let values: Vec<String> =
            factor.rows().iter().flatten().flatten().map(|value| plain(value).into_owned()).collect();
        table.row(&[factor.names().join(", "), shortened(&values), values.len().to_string()]);
    }
    table.render()
}

fn shortened(values: &[String]) -> String {
    match values {
        [first @ .., last] if values.len() > SHOWN_VALUES => {
            format!("{}, …, {last}", first[..SHOWN_VALUES - 2].join(", "))
        }
        all => all.join(", "),
    }
}

fn rows_table(factor: &Factor) -> String {
    let columns: Vec<(&String, Align)> = factor.names().iter().map(|name| (name, Align::Left)).collect();
    let mut table = TextTable::new(&columns);
    for row in factor.rows().iter().take(SHOWN_ROWS) {
        let cells: Vec<String> = row
            .iter()
            .map(|value| value.as_ref().map_or_else(String::new, |value| plain(value).into_owned()))
            .collect();
        table.row(&cells);
    }
    let mut text = table.render();
    if factor.rows().len() > SHOWN_ROWS {
        text.push_str(&format!("… {} more\n", factor.rows().len() - SHOWN_ROWS));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use hsm_core::sweep::SweepFile;

    fn text(yaml: &str) -> String {
        let space = SweepFile::parse(yaml, "s.yaml").unwrap().value.space;
        let (factors, count) = (space.factors(), space.count());
        overview(&Overview { file: "s.yaml".to_owned(), description: None, generator: None, factors, count })
    }

    #[test]
    fn pairs_are_rows_and_the_grid_is_lists() {
        let yaml = "grid:\n  lr: [1e-3, 0.10]\n  n: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]\npaired:\n  - data:\n      set: [small, large]\n      epochs: [9, 3]\n";
        insta::assert_snapshot!(text(yaml), @r"
        s.yaml: 40 tasks

        grid   values                    count
        ────────────────────────────────────────
        lr     1e-3, 0.10                    2
        n      1, 2, 3, 4, 5, 6, …, 10      10

        paired: data
        set     epochs
        ────────────────
        small   9
        large   3

        2 × 10 × 2 = 40
        ");
    }

    #[test]
    fn what_filters_leave_is_said() {
        let yaml =
            "combinations:\n  - {a: 1, b: x}\n  - {a: 2}\ngrid:\n  c: [1, 2]\nexclude:\n  - {a: 2, c: 1}\n";
        insta::assert_snapshot!(text(yaml), @r"
        s.yaml: 3 tasks

        grid   values   count
        ───────────────────────
        c      1, 2         2

        combinations
        a   b
        ───────
        1   x
        2

        3 of 2 × 2 = 4
        ");
    }
}
