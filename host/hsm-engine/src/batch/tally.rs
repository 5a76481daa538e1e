//! The tally: every command that was run for a scheduler, a line each, in the sweep's folder. Site admins ask for it, and it is evidence.

use hsm_core::scheduler::{Ending, Exchange};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::path::Path;

/// The file, in the folder of a sweep's submissions.
pub(crate) const TALLY_FILE: &str = "commands.jsonl";
/// How much of what a command said on its standard error is kept.
const STDERR_KEPT_BYTES: usize = 400;

/// One command that was run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TallyLine {
    /// When it began, in milliseconds since 1970.
    pub at_ms: u64,
    /// What it was for: `detect`, `describe` and `advise` before anything is handed in, then `submit`, `recover`, `observe`, `cancel`, `hold`.
    #[serde(rename = "for")]
    pub purpose: String,
    /// The program.
    pub program: String,
    /// How many arguments it had.
    pub arguments: usize,
    /// How long it took, in milliseconds.
    pub took_ms: u64,
    /// Its exit code; nothing where it did not exit by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<i32>,
    /// The beginning of what it wrote to its standard error, where it failed.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub stderr: String,
}

/// How often each program was run, for what, and how long that took in all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// By purpose and program: how often, how often without success, and the milliseconds of all.
    pub lines: BTreeMap<(String, String), (u64, u64, u64)>,
    /// When a command that looks at jobs last succeeded, in milliseconds since 1970.
    pub observed_ms: Option<u64>,
}

impl TallyLine {
    pub(crate) fn new(purpose: &str, at_ms: u64, took_ms: u64, exchange: &Exchange) -> Self {
        let failed = exchange.ending != Ending::Exited || exchange.exit_code != Some(0);
        let kept = &exchange.stderr[..exchange.stderr.len().min(STDERR_KEPT_BYTES)];
        Self {
            at_ms,
            purpose: purpose.to_owned(),
            program: exchange.command.program.clone(),
            arguments: exchange.command.args.len(),
            took_ms,
            exit_code: exchange.exit_code,
            stderr: if failed { String::from_utf8_lossy(kept).into_owned() } else { String::new() },
        }
    }

    /// Appends it to the tally in `jobs`. A full disk costs the line, and nothing else.
    pub(crate) fn append(&self, jobs: &Path) {
        let written = serde_json::to_string(self).map_err(io::Error::from).and_then(|line| {
            File::options()
                .append(true)
                .create(true)
                .open(jobs.join(TALLY_FILE))?
                .write_all((line + "\n").as_bytes())
        });
        if let Err(error) = written {
            tracing::warn!("the tally of commands could not be written: {error}");
        }
    }
}

/// The tally in `jobs`; empty where nothing was run. Lines that are cut are passed over.
pub(crate) fn read(jobs: &Path) -> io::Result<Tally> {
    let mut tally = Tally::default();
    let file = match File::open(jobs.join(TALLY_FILE)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(tally),
        file => file?,
    };
    for line in BufReader::new(file).lines() {
        let Ok(line) = serde_json::from_str::<TallyLine>(&line?) else { continue };
        if line.purpose == "observe" && line.exit_code == Some(0) {
            tally.observed_ms = tally.observed_ms.max(Some(line.at_ms + line.took_ms));
        }
        let entry = tally.lines.entry((line.purpose, line.program)).or_default();
        entry.0 += 1;
        entry.1 += u64::from(line.exit_code != Some(0));
        entry.2 += line.took_ms;
    }
    Ok(tally)
}
