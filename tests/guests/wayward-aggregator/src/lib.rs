//! An aggregator that does what it is told, and it is told bad things: `{do: climb}`. The tests of the sandbox are its only users.

use hsm_sdk::{Aggregate, Artifact, Column, Failure, Results, Table};
use serde::Deserialize;
use std::hint::black_box;

/// What to do, and how often.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    r#do: Deed,
    #[serde(default = "one")]
    amount: usize,
}

fn one() -> usize {
    1
}

/// One kind of misbehaviour.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Deed {
    /// Names an artifact `../../x`.
    Climb,
    /// Names an artifact `/tmp/x`.
    Absolute,
    /// Names an artifact with an escape code.
    Escape,
    /// Gives two artifacts one name, but for its case.
    SameNames,
    /// Makes `amount` artifacts.
    Many,
    /// Makes `amount` MiB.
    Large,
    /// Makes a table whose columns differ in length.
    UnequalColumns,
    /// Computes for ever when it is given results.
    Loop,
    /// Panics at the end.
    Panic,
    /// Makes text with escape codes, which is allowed: who shows it escapes it.
    Text,
}

/// An aggregation that ends badly.
#[derive(Debug)]
pub struct Wayward(Config);

impl Aggregate for Wayward {
    type Config = Config;

    fn open(config: Config, _sweep: hsm_sdk::Json) -> Result<Self, Failure> {
        Ok(Self(config))
    }

    fn add(&mut self, _results: Results) -> Result<(), Failure> {
        if matches!(self.0.r#do, Deed::Loop) {
            loop {
                black_box(&self.0);
            }
        }
        Ok(())
    }

    fn finish(self) -> Result<Vec<Artifact>, Failure> {
        let text = |name: &str| Artifact::markdown(name, "text\n");
        let amount = self.0.amount;
        Ok(match self.0.r#do {
            Deed::Climb => vec![text("../../x")],
            Deed::Absolute => vec![text("/tmp/x")],
            Deed::Escape => vec![text("x\u{1b}[2J")],
            Deed::SameNames => vec![text("a.md"), text("A.md")],
            Deed::Many => (0..amount).map(|number| text(&format!("{number}.md"))).collect(),
            Deed::Large => {
                vec![Artifact::bytes("large.bin", "application/octet-stream", vec![0; amount << 20])]
            }
            Deed::UnequalColumns => {
                let columns = [Column::integers("a", vec![1, 2]), Column::integers("b", vec![1])];
                vec![Artifact::table("table.csv", Table::new(columns))]
            }
            Deed::Loop => vec![],
            Deed::Panic => panic!("wayward panic"),
            Deed::Text => vec![Artifact::markdown("text.md", "red \u{1b}[31m text\n")],
        })
    }
}

hsm_sdk::aggregator!(Wayward);
