//! The metrics in one task's folder.

use super::log_tail::whole_lines;
use super::open::{self, Refused};
use hsm_core::metrics::{
    self, Choice, Format, Metrics, Patterns, RESULT_FILES, Reading, Tail, choose, is_result_file,
};
use rustix::fd::{AsFd, OwnedFd};
use std::fs::File;
use std::io;

/// The largest JSON file that is read: it has to be in memory as a whole, and metrics that need more are data.
pub(super) const JSON_MAX_BYTES: u64 = 16 << 20;

/// How far back from the end of a file with lines its last two lines are sought.
const LINES_MAX_BYTES: u64 = 16 << 20;

/// How far back to look first; most lines are short.
const FIRST_TAIL_BYTES: u64 = 64 << 10;

/// The largest CSV file that is read as a whole, so that line ends inside quotes are understood. Of larger ones, the header and the last
/// row are read.
const CSV_WHOLE_MAX_BYTES: u64 = 1 << 20;

/// How much of the end of a task's standard output is searched for patterns.
const STDOUT_MAX_BYTES: u64 = 1 << 20;

const STDOUT: &str = "stdout.log";

/// How many names a message lists.
const NAMES_SHOWN: usize = 3;

/// What a task's folder says.
#[derive(Debug, Default, PartialEq)]
pub(super) struct TaskReading {
    /// The metrics.
    pub metrics: Metrics,
    /// The file or files that they are from.
    pub source: Option<String>,
    /// What is missing among them, and why.
    pub missing: Option<String>,
}

/// Reads the metrics of the task in the folder `name` of `tasks`.
pub(super) fn read_task(tasks: impl AsFd, name: &str, patterns: &Patterns) -> TaskReading {
    let folder = match open::folder_in(tasks, name) {
        Ok(folder) => folder,
        Err(Refused::Missing) => return nothing(format!("the task's folder `tasks/{name}` is missing")),
        Err(refused) => return nothing(format!("the task's folder `tasks/{name}` {refused}")),
    };
    let mut reading = read_result_file(&folder);
    if !patterns.is_empty() {
        read_stdout(&folder, patterns, &mut reading);
    }
    if reading.metrics.is_empty() && reading.missing.is_none() {
        let also = if patterns.is_empty() { "" } else { ", and no pattern of `metrics:` matches its output" };
        reading.missing = Some(format!("no result file (looked for {RESULT_FILES}){also}"));
    }
    reading
}

/// Whether something could have a task's metrics. Programs write folders called `something.csv`, which are data; one called
/// `results.json` is a mistake to be told.
pub(super) fn is_candidate(name: &str, is_folder: bool) -> bool {
    is_result_file(name) && (!is_folder || name.ends_with(".json"))
}

fn nothing(missing: String) -> TaskReading {
    TaskReading { missing: Some(missing), ..TaskReading::default() }
}

fn read_result_file(folder: &OwnedFd) -> TaskReading {
    let names = match open::names_in(folder, is_candidate) {
        Ok(names) => names,
        Err(error) => return nothing(format!("the task's folder cannot be listed: {error}")),
    };
    match choose(names.iter().map(String::as_str)) {
        Choice::Nothing => TaskReading::default(),
        Choice::Several(names) => nothing(several(&names)),
        Choice::File(name, format) => match read_file(folder, &name, format) {
            Ok(Reading { metrics, note }) => TaskReading { metrics, source: Some(name), missing: note },
            Err(missing) => nothing(missing),
        },
    }
}

fn several(names: &[String]) -> String {
    let shown = names[..names.len().min(NAMES_SHOWN)].join(", ");
    let more = match names.len().saturating_sub(NAMES_SHOWN) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!("several files could have the metrics ({shown}{more}); none is called `results` or `metrics`")
}

fn read_file(folder: &OwnedFd, name: &str, format: Format) -> Result<Reading, String> {
    let (file, size) = open::file_in(folder, name).map_err(|refused| format!("{name} {refused}"))?;
    let unreadable = |error: io::Error| format!("{name} cannot be read: {error}");
    let read = match format {
        Format::Json if size > JSON_MAX_BYTES => {
            return Err(format!(
                "{name} is too large: {size} bytes, and at most {JSON_MAX_BYTES} are read; write what is not a metric into another file"
            ));
        }
        Format::Json => metrics::parse_json(name, &open::read_at(&file, 0, size).map_err(unreadable)?),
        Format::JsonLines => {
            let (bytes, offset) = read_last_lines(&file, size).map_err(unreadable)?;
            metrics::parse_json_lines(name, Tail { bytes: &bytes, offset })
        }
        Format::Csv if size <= CSV_WHOLE_MAX_BYTES => {
            let bytes = open::read_at(&file, 0, size).map_err(unreadable)?;
            metrics::parse_csv(name, &[], Tail { bytes: &bytes, offset: 0 })
        }
        Format::Csv => {
            let head = read_first_line(&file, size).map_err(unreadable)?;
            let (bytes, offset) = read_last_lines(&file, size).map_err(unreadable)?;
            metrics::parse_csv(name, &head, Tail { bytes: &bytes, offset })
        }
    };
    read.map_err(|unusable| unusable.to_string())
}

fn read_first_line(file: &File, size: u64) -> io::Result<Vec<u8>> {
    let head = open::read_at(file, 0, FIRST_TAIL_BYTES.min(size))?;
    if head.contains(&b'\n') { Ok(head) } else { open::read_at(file, 0, CSV_WHOLE_MAX_BYTES.min(size)) }
}

/// The end of a file with its last two lines, and where it begins.
fn read_last_lines(file: &File, size: u64) -> io::Result<(Vec<u8>, u64)> {
    let mut length = FIRST_TAIL_BYTES;
    loop {
        let offset = size.saturating_sub(length);
        let bytes = open::read_at(file, offset, size - offset)?;
        if (Tail { bytes: &bytes, offset }).is_enough() || length >= LINES_MAX_BYTES {
            return Ok((bytes, offset));
        }
        length *= 4;
    }
}

/// Adds what the patterns find in the standard output and the result file does not have.
fn read_stdout(folder: &OwnedFd, patterns: &Patterns, reading: &mut TaskReading) {
    let text = match open::file_in(folder, STDOUT) {
        Ok((file, size)) => {
            let offset = size.saturating_sub(STDOUT_MAX_BYTES);
            open::read_at(&file, offset, size - offset).map(|bytes| whole_lines(&bytes, offset))
        }
        Err(Refused::Missing) => return,
        Err(refused) => return note(reading, format!("{STDOUT} {refused}")),
    };
    match text {
        Ok(text) => {
            let found = patterns.search(&text);
            let known = reading.metrics.len();
            reading.metrics.fill_from(found);
            if reading.metrics.len() > known {
                reading.source = Some(match reading.source.take() {
                    Some(file) => format!("{file}, {STDOUT}"),
                    None => STDOUT.to_owned(),
                });
            }
        }
        Err(error) => note(reading, format!("{STDOUT} cannot be read: {error}")),
    }
}

fn note(reading: &mut TaskReading, text: String) {
    reading.missing = Some(match reading.missing.take() {
        Some(before) => format!("{before}; {text}"),
        None => text,
    });
}
