//! An aggregator that does what it is told, and it is told bad things: `{do: climb}`. The tests of the sandbox are its only users.

mod files;

use hsm_sdk::{Aggregate, Artifact, Column, Failure, Results, Table};
use serde::Deserialize;
use std::hint::black_box;

/// What to do, when, how often, and to which file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    r#do: Deed,
    #[serde(default)]
    r#when: When,
    #[serde(default = "one")]
    amount: usize,
    #[serde(default)]
    path: String,
    #[serde(default)]
    to: String,
}

fn one() -> usize {
    1
}

/// In which call a deed is done that is no artifact.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
enum When {
    /// When the aggregation starts.
    Open,
    /// When it is given results.
    #[default]
    Add,
    /// At its end.
    Finish,
}

/// One kind of misbehaviour.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Deed {
    /// Names an artifact `../../x`.
    Climb,
    /// Names an artifact `/tmp/x`.
    Absolute,
    /// Names an artifact with backslashes.
    Backslash,
    /// Names an artifact `..`.
    Dots,
    /// Names an artifact so that it is hidden.
    Hidden,
    /// Gives an artifact no name.
    NoName,
    /// Names an artifact with `amount` letters.
    LongName,
    /// Names an artifact with an escape code.
    Escape,
    /// Names an artifact with a character that turns the direction of what is written around it.
    TurnedName,
    /// Gives two artifacts one name, but for its case.
    SameNames,
    /// Gives an artifact a media type of two lines.
    MediaType,
    /// Makes `amount` artifacts.
    Many,
    /// Makes `amount` MiB.
    Large,
    /// Makes a table whose columns differ in length.
    UnequalColumns,
    /// Makes text with escape codes, which is allowed: who shows it escapes it.
    Text,
    /// Computes for ever.
    Loop,
    /// Waits in the host for `amount` seconds.
    Sleep,
    /// Takes `amount` MiB.
    Memory,
    /// Panics.
    Panic,
    /// Does something to the file `path`, and tells how it went.
    #[serde(untagged)]
    File(files::Deed),
}

/// An aggregation that ends badly.
#[derive(Debug)]
pub struct Wayward(Config);

impl Aggregate for Wayward {
    type Config = Config;

    fn open(config: Config, _sweep: hsm_sdk::Json) -> Result<Self, Failure> {
        let wayward = Self(config);
        wayward.misbehave(When::Open);
        Ok(wayward)
    }

    fn add(&mut self, _results: Results) -> Result<(), Failure> {
        self.misbehave(When::Add);
        Ok(())
    }

    fn finish(self) -> Result<Vec<Artifact>, Failure> {
        self.misbehave(When::Finish);
        let text = |name: &str| Artifact::markdown(name, "text\n");
        let Config { amount, path, to, .. } = &self.0;
        Ok(match self.0.r#do {
            Deed::Climb => vec![text("../../x")],
            Deed::Absolute => vec![text("/tmp/x")],
            Deed::Backslash => vec![text("..\\x")],
            Deed::Dots => vec![text("..")],
            Deed::Hidden => vec![text(".bashrc")],
            Deed::NoName => vec![text("")],
            Deed::LongName => vec![text(&"x".repeat(*amount))],
            Deed::Escape => vec![text("x\u{1b}[2J")],
            Deed::TurnedName => vec![text("x\u{202e}gpj.exe")],
            Deed::SameNames => vec![text("a.md"), text("A.md")],
            Deed::MediaType => vec![Artifact::bytes("a.bin", "text/plain\nx: y", vec![0])],
            Deed::Many => (0..*amount).map(|number| text(&format!("{number}.md"))).collect(),
            Deed::Large => {
                vec![Artifact::bytes("large.bin", "application/octet-stream", vec![0; amount << 20])]
            }
            Deed::UnequalColumns => {
                let columns = [Column::integers("a", vec![1, 2]), Column::integers("b", vec![1])];
                vec![Artifact::table("table.csv", Table::new(columns))]
            }
            Deed::Text => vec![Artifact::markdown("text.md", "red \u{1b}[31m text\n")],
            Deed::File(deed) => vec![Artifact::markdown("seen.md", deed.carry_out(path, to, *amount) + "\n")],
            Deed::Loop | Deed::Sleep | Deed::Memory | Deed::Panic => vec![],
        })
    }
}

impl Wayward {
    fn misbehave(&self, when: When) {
        if when != self.0.r#when {
            return;
        }
        match self.0.r#do {
            Deed::Loop => loop {
                black_box(&self.0);
            },
            Deed::Sleep => std::thread::sleep(std::time::Duration::from_secs(self.0.amount as u64)),
            Deed::Memory => drop(black_box(vec![1_u8; self.0.amount << 20])),
            Deed::Panic => panic!("wayward panic"),
            _ => {}
        }
    }
}

hsm_sdk::aggregator!(Wayward);
