//! A generator that does what it is told, and it is told bad things: `{do: loop}`. The tests of the sandbox are its only users.

use hsm_sdk::{Column, Failure, Generate, Table, log};
use serde::Deserialize;
use std::hint::black_box;
use std::time::Duration;

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

/// One kind of misbehaviour.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Deed {
    /// Computes for ever.
    Loop,
    /// Waits in the host for `amount` seconds.
    Sleep,
    /// Takes `amount` MiB.
    Memory,
    /// Calls itself until something gives.
    Recurse,
    /// Panics, with escape codes in its message.
    Panic,
    /// Ends its process, as far as it has one.
    Exit,
    /// Answers with `amount` MiB of points.
    TooMuchData,
    /// Columns of different lengths.
    UnequalColumns,
    /// Two columns of one name.
    SameNames,
    /// A column without a name.
    NoName,
    /// Rows that do not exist are absent.
    AbsentNowhere,
    /// More rows than asked for.
    TooManyRows,
    /// Rows without columns.
    NoColumns,
    /// Other columns each time.
    ChangingColumns,
    /// Cells that say they are JSON.
    NotJson,
    /// Writes `amount` lines to the log, to standard output and to standard error.
    Chatter,
    /// Reports a failure with escape codes in it.
    Fail,
    /// Looks around: what it sees is its answer.
    Look,
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

    fn next(&mut self, max_rows: u32) -> Result<Table, Failure> {
        self.batches += 1;
        self.misbehave(max_rows)
    }
}

impl Wayward {
    fn misbehave(&self, max_rows: u32) -> Result<Table, Failure> {
        let amount = self.config.amount;
        let ones = |count: usize| vec![1; count];
        let columns = match self.config.r#do {
            Deed::Loop => loop {
                black_box(amount);
            },
            Deed::Sleep => {
                std::thread::sleep(Duration::from_secs(amount));
                vec![]
            }
            Deed::Memory => {
                black_box(vec![1_u8; mebibytes(amount)]);
                vec![]
            }
            Deed::Recurse => vec![Column::integers("depth", vec![recurse(0)])],
            Deed::Panic => panic!("wayward \u{1b}[31mpanic"),
            Deed::Exit => std::process::exit(7),
            Deed::TooMuchData => vec![Column::texts("data", vec!["x".repeat(mebibytes(amount))])],
            Deed::UnequalColumns => vec![Column::integers("a", ones(2)), Column::integers("b", ones(1))],
            Deed::SameNames => vec![Column::integers("a", ones(1)), Column::integers("a", ones(1))],
            Deed::NoName => vec![Column::integers("", ones(1))],
            Deed::AbsentNowhere => vec![Column::integers("a", ones(1)).with_absent(vec![5])],
            Deed::TooManyRows => vec![Column::integers("a", ones(max_rows as usize + 1))],
            Deed::NoColumns => return Ok(Table { rows: 1, columns: vec![] }),
            Deed::ChangingColumns => vec![Column::integers(format!("a{}", self.batches), ones(1))],
            Deed::NotJson => vec![Column::json("a", vec!["{".to_owned()])],
            Deed::Chatter => {
                chatter(amount);
                vec![]
            }
            Deed::Fail => {
                return Err(Failure::input("wayward \u{1b}[31mfailure").with_hint("a \u{1b}[2Jhint"));
            }
            Deed::Look => return Ok(self.look()),
        };
        Ok(Table::new(columns))
    }

    /// Everything that could tell this machine and this moment from others, then the end.
    #[expect(
        clippy::disallowed_methods,
        reason = "a plugin may call anything; what it learns is what is tested"
    )]
    fn look(&self) -> Table {
        if self.batches > 1 {
            return Table::new([]);
        }
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        let hasher = std::collections::HashSet::from(["a", "b", "c", "d", "e", "f"]);
        let seen = [
            format!("arguments {:?}", std::env::args().collect::<Vec<_>>()),
            format!("environment {:?}", std::env::vars().collect::<Vec<_>>()),
            format!("root {:?}", std::fs::read_dir("/").map(|_| ()).map_err(|error| error.kind())),
            format!("written {:?}", std::fs::write("x", "y").map_err(|error| error.kind())),
            format!("network {}", std::net::TcpStream::connect("127.0.0.1:1").is_ok()),
            format!("now {}", now.map_or(0, |now| now.as_secs())),
            format!("order {hasher:?}"),
        ];
        Table::new([Column::texts("seen", seen.into())])
    }
}

#[expect(unconditional_recursion, reason = "that is the point")]
fn recurse(depth: i64) -> i64 {
    let ballast = black_box([depth; 64]);
    recurse(depth + 1) + black_box(ballast)[0]
}

#[expect(clippy::print_stdout, clippy::print_stderr, reason = "where that goes is what is tested")]
fn chatter(lines: u64) {
    for line in 0..lines {
        log::info(format!("log line {line} \u{1b}[31m"));
        println!("output line {line}");
        eprintln!("error line {line}");
    }
}

fn mebibytes(amount: u64) -> usize {
    usize::try_from(amount << 20).unwrap_or(usize::MAX)
}

hsm_sdk::generator!(Wayward);
