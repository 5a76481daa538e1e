//! A generator that does what it is told, and it is told bad things: `{do: loop}`. The tests of the sandbox are its only users.

mod deeds;

use deeds::{Deed, ones};
use hsm_sdk::{Column, Failure, Generate, Table};
use serde::Deserialize;

/// What to do, and how often or how much.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    r#do: Deed,
    #[serde(default)]
    on_open: bool,
    #[serde(default = "a_thousand")]
    amount: u64,
}

fn a_thousand() -> u64 {
    1_000
}

/// A search that ends badly.
#[derive(Debug)]
pub struct Wayward {
    config: Config,
    batches: i64,
}

impl Generate for Wayward {
    type Config = Config;

    fn open(config: Config, _axes: Vec<Column>, _seed: u64) -> Result<Self, Failure> {
        let wayward = Self { config, batches: 0 };
        if wayward.config.on_open {
            wayward.misbehave(1)?;
        }
        Ok(wayward)
    }

    fn size(&self) -> Option<u64> {
        match self.config.r#do {
            Deed::WrongSize => Some(u64::MAX),
            _ => None,
        }
    }

    fn next(&mut self, max_rows: u32) -> Result<Table, Failure> {
        self.batches += 1;
        self.misbehave(max_rows)
    }
}

impl Wayward {
    fn misbehave(&self, max_rows: u32) -> Result<Table, Failure> {
        let amount = self.config.amount;
        let first = self.batches <= 1;
        let row = |column| if first { vec![column] } else { vec![] };
        let text = |text: &str| row(Column::texts("a", vec![text.to_owned()]));
        let columns = match self.config.r#do {
            Deed::Look if first => vec![Column::texts("seen", deeds::look())],
            Deed::Look => vec![],
            Deed::Drip => {
                deeds::sleep_ms(amount);
                vec![Column::integers("a", vec![self.batches])]
            }
            Deed::Endless => {
                let rows = 0..i64::from(max_rows);
                vec![Column::integers(
                    "a",
                    rows.map(|row| self.batches * i64::from(max_rows) + row).collect(),
                )]
            }
            Deed::UnequalColumns => vec![Column::integers("a", ones(2)), Column::integers("b", ones(1))],
            Deed::SameNames => vec![Column::integers("a", ones(1)), Column::integers("a", ones(1))],
            Deed::NoName => vec![Column::integers("", ones(1))],
            Deed::EscapeName => vec![Column::integers("a\u{1b}[2J", ones(1))],
            Deed::TurnedName => vec![Column::integers("a\u{202e}b", ones(1))],
            Deed::LongName => vec![Column::integers("a".repeat(deeds::count(amount)), ones(1))],
            Deed::AbsentNowhere => vec![Column::integers("a", ones(1)).with_absent(vec![5])],
            Deed::AbsentTwice => vec![Column::integers("a", ones(2)).with_absent(vec![0, 0])],
            Deed::TooManyRows => vec![Column::integers("a", ones(max_rows as usize + 1))],
            Deed::HugeList => vec![Column::booleans("a", vec![true; deeds::count(amount)])],
            Deed::NoColumns => return Ok(Table { rows: 1, columns: vec![] }),
            Deed::ChangingColumns => vec![Column::integers(format!("a{}", self.batches), ones(1))],
            Deed::ChangingKinds if first => vec![Column::integers("a", ones(1))],
            Deed::ChangingKinds => vec![Column::texts("a", vec!["one".to_owned()])],
            Deed::NotJson => vec![Column::json("a", vec!["{".to_owned()])],
            Deed::DeepJson => {
                let deep = deeds::count(amount);
                row(Column::json("a", vec!["[".repeat(deep) + &"]".repeat(deep)]))
            }
            Deed::NotUtf8 => vec![Column::texts("a", vec![deeds::not_utf8()])],
            Deed::TooMuchData => vec![Column::texts("data", vec!["x".repeat(deeds::mebibytes(amount))])],
            Deed::NotFinite => row(Column::numbers("a", vec![f64::NAN, f64::INFINITY, f64::NEG_INFINITY])),
            Deed::Shell => text("$(touch pwned); touch 'pwned' `touch pwned` | touch pwned"),
            Deed::Nul => text("a\0b"),
            Deed::LongText => text(&"x".repeat(deeds::count(amount))),
            Deed::EscapeText => text("red \u{1b}[31m text"),
            Deed::WrongSize => row(Column::integers("a", ones(1))),
            Deed::AfterTheEnd if self.batches == 2 => vec![],
            Deed::AfterTheEnd => vec![Column::integers("a", vec![self.batches])],
            Deed::Fail => {
                return Err(Failure::input("wayward \u{1b}[31mfailure").with_hint("a \u{1b}[2Jhint"));
            }
            Deed::LongFailure => return Err(Failure::input("x".repeat(deeds::count(amount)))),
            deed if first => {
                deed.carry_out(amount);
                vec![Column::integers("a", ones(1))]
            }
            _ => vec![],
        };
        Ok(Table::new(columns))
    }
}

hsm_sdk::generator!(Wayward);
