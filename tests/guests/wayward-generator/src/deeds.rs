//! What there is to be told, and the deeds that are no answer: using up what there is of time, memory and patience, and looking around.

use hsm_sdk::log;
use serde::Deserialize;
use std::hint::black_box;
use std::time::Duration;

/// One kind of misbehaviour.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Deed {
    /// Computes for ever.
    Loop,
    /// Waits in the host for `amount` seconds.
    Sleep,
    /// Waits in the host for a millisecond, again and again.
    Naps,
    /// Takes `amount` milliseconds for each row, and never ends.
    Drip,
    /// Makes points for ever, as fast as it can.
    Endless,
    /// Takes `amount` MiB.
    Memory,
    /// Takes memory in small pieces until there is none.
    Hoard,
    /// Calls itself until something gives.
    Recurse,
    /// Panics, with escape codes in its message.
    Panic,
    /// Ends its process, as far as it has one, as if all were well.
    Leave,
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
    /// A name with an escape code in it.
    EscapeName,
    /// A name that turns the direction of what is written around it.
    TurnedName,
    /// A name of `amount` bytes.
    LongName,
    /// Rows that do not exist are absent.
    AbsentNowhere,
    /// One row is absent twice.
    AbsentTwice,
    /// More rows than asked for.
    TooManyRows,
    /// A list of `amount` cells.
    HugeList,
    /// Rows without columns.
    NoColumns,
    /// Other columns each time.
    ChangingColumns,
    /// First numbers, then text.
    ChangingKinds,
    /// Cells that say they are JSON.
    NotJson,
    /// JSON with `amount` lists inside one another.
    DeepJson,
    /// Text that is no UTF-8.
    NotUtf8,
    /// Numbers that are none, or infinite: allowed.
    NotFinite,
    /// Text that a shell would obey: allowed.
    Shell,
    /// Text with a zero byte in it.
    Nul,
    /// A text of `amount` bytes.
    LongText,
    /// A text with an escape code in it: allowed.
    EscapeText,
    /// Promises more points than there are atoms.
    WrongSize,
    /// Has points again after it said that there are no more.
    AfterTheEnd,
    /// Writes `amount` lines to the log, to standard output and to standard error.
    Chatter,
    /// Writes `amount` MiB to standard output without ever ending a line.
    EndlessLine,
    /// Reports a failure with escape codes in it.
    Fail,
    /// Reports a failure of `amount` bytes.
    LongFailure,
    /// Looks around: what it sees is its answer.
    Look,
}

impl Deed {
    /// Does what is no answer. The other deeds are for whoever answers.
    pub(crate) fn carry_out(self, amount: u64) {
        match self {
            Self::Loop => loop {
                black_box(amount);
            },
            Self::Sleep => std::thread::sleep(Duration::from_secs(amount)),
            Self::Naps => loop {
                sleep_ms(1);
            },
            Self::Memory => drop(black_box(vec![1_u8; mebibytes(amount)])),
            Self::Hoard => {
                let mut hoard = Vec::new();
                loop {
                    hoard.push(black_box(vec![1_u8; 4_096]));
                }
            }
            Self::Recurse => {
                black_box(recurse(0));
            }
            Self::Panic => panic!("wayward \u{1b}[31mpanic"),
            Self::Leave => std::process::exit(0),
            Self::Exit => std::process::exit(7),
            Self::Chatter => chatter(amount),
            Self::EndlessLine => endless_line(amount),
            _ => {}
        }
    }
}

/// Everything that could tell this machine and this moment from others.
#[expect(clippy::disallowed_methods, reason = "a plugin may call anything; what it learns is what is tested")]
pub(crate) fn look() -> Vec<String> {
    use std::net::{TcpListener, TcpStream, ToSocketAddrs, UdpSocket};
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let hasher = std::collections::HashSet::from(["a", "b", "c", "d", "e", "f"]);
    vec![
        format!("arguments {:?}", std::env::args().collect::<Vec<_>>()),
        format!("environment {:?}", std::env::vars().collect::<Vec<_>>()),
        format!("root {:?}", std::fs::read_dir("/").map(|_| ()).map_err(|error| error.kind())),
        format!("written {:?}", std::fs::write("x", "y").map_err(|error| error.kind())),
        format!("network {}", TcpStream::connect("127.0.0.1:1").is_ok()),
        format!("now {}", now.map_or(0, |now| now.as_secs())),
        format!("order {hasher:?}"),
        format!("passwords {}", std::fs::read("/etc/passwd").is_ok()),
        format!("tasks {}", std::fs::read_dir("/tasks").is_ok()),
        format!("listening {}", TcpListener::bind("127.0.0.1:0").is_ok()),
        format!("datagrams {}", UdpSocket::bind("127.0.0.1:0").is_ok()),
        format!("names {}", ("localhost", 80).to_socket_addrs().is_ok()),
        format!("input {:?}", std::io::read_to_string(std::io::stdin()).map_err(|error| error.kind())),
    ]
}

/// As many ones.
pub(crate) fn ones(count: usize) -> Vec<i64> {
    vec![1; count]
}

/// A text whose bytes are no UTF-8, as only broken or hostile code can make it.
#[expect(unsafe_code, reason = "that such a text does not reach the host is what is tested")]
pub(crate) fn not_utf8() -> String {
    // SAFETY: this is unsound on purpose; the bytes are only handed to the host, which has to refuse them.
    unsafe { String::from_utf8_unchecked(vec![0xc3, 0x28, 0xff]) }
}

pub(crate) fn sleep_ms(amount: u64) {
    std::thread::sleep(Duration::from_millis(amount));
}

pub(crate) fn mebibytes(amount: u64) -> usize {
    count(amount << 20)
}

pub(crate) fn count(amount: u64) -> usize {
    usize::try_from(amount).unwrap_or(usize::MAX)
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

#[expect(clippy::print_stdout, reason = "where that goes is what is tested")]
fn endless_line(amount: u64) {
    let piece = "x".repeat(1 << 20);
    for _ in 0..amount {
        print!("{piece}");
    }
}
