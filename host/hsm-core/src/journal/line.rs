//! Lines: one flat JSON object with a checksum as its last key. Flat, because reading tagged enums costs more than twice as much, and
//! `status` reads every line of a sweep.

use super::quick;
use super::record::{Ending, Fate, PluginUse, Record};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::borrow::Cow;

/// The format of journals this version writes. A reader refuses a larger one.
pub const FORMAT: u32 = 1;

const CRC_KEY: &str = ",\"crc\":\"";
/// `,"crc":"` and eight digits and `"}`.
const CRC_TAIL_LEN: usize = 8 + 8 + 2;

/// The first line of a segment: who wrote it, and where the segment before it ends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// [`FORMAT`] of the writer.
    pub format: u32,
    /// The sweep's id.
    pub sweep: String,
    /// One more than that of the driver before.
    pub generation: u64,
    /// Where the driver ran.
    pub host: String,
    /// Its process.
    pub pid: u32,
    /// When it opened the segment, in milliseconds since 1970.
    pub at_ms: u64,
    /// The segment before this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<Previous>,
}

/// What a segment accepts of the one before it: bytes past `length` were written by a driver that had lost its lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Previous {
    /// The segment's number.
    pub segment: u64,
    /// How many bytes of it count.
    pub length: u64,
}

/// What a line turned out to be.
#[derive(Clone, Debug)]
pub enum Decoded {
    /// A segment's first line.
    Header(Header),
    /// A record, and the generation of its writer.
    Record(Record, u64),
}

/// Why a line cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Damage {
    /// There is no checksum where one should be: the line is torn or foreign.
    #[error("the line has no checksum")]
    NoChecksum,
    /// The checksum differs: some byte of the line is not what was written.
    #[error("the checksum does not match")]
    Checksum,
    /// The checksum is right and the content makes no sense: a bug in whoever wrote it.
    #[error("the line cannot be understood: {0}")]
    Content(String),
}

/// Every field any record has; the kind `t` says which of them mean something.
#[derive(Default, Serialize, Deserialize)]
struct Line<'a> {
    #[serde(borrow)]
    t: Cow<'a, str>,
    g: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    task: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    attempt: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    at: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pid: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pid_start: Option<u64>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    end: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    value: Option<i64>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    tasks: Option<Cow<'a, str>>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    text: Option<Cow<'a, str>>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    role: Option<Cow<'a, str>>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    digest: Option<Cow<'a, str>>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    token: Option<Cow<'a, str>>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    job: Option<Cow<'a, str>>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    node: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    fate: Option<Fate>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    now: bool,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    launch: Option<&'a RawValue>,
}

/// Appends the header's line, with its newline, to `out`.
pub fn encode_header(header: &Header, out: &mut Vec<u8>) {
    seal(header, out);
}

/// Appends the record's line, with its newline, to `out`.
pub fn encode_record(record: &Record, generation: u64, out: &mut Vec<u8>) {
    seal(&line_of(record, generation), out);
}

/// Writes `value` as JSON, then the checksum of that as one more key.
fn seal<T: Serialize>(value: &T, out: &mut Vec<u8>) {
    let start = out.len();
    // Writing these plain structs into memory has no way to fail; a line without content would be refused on reading.
    if serde_json::to_writer(&mut *out, value).is_err() || out.pop() != Some(b'}') {
        out.truncate(start);
        return;
    }
    let crc = crc32fast::hash(&out[start..]);
    out.extend_from_slice(CRC_KEY.as_bytes());
    out.extend_from_slice(format!("{crc:08x}").as_bytes());
    out.extend_from_slice(b"\"}\n");
}

/// Reads one line, without its newline.
///
/// # Errors
/// [`Damage`] when the line is not what some version of this program wrote.
pub fn decode(line: &[u8]) -> Result<Decoded, Damage> {
    let (body, tail) =
        line.len().checked_sub(CRC_TAIL_LEN).map(|at| line.split_at(at)).ok_or(Damage::NoChecksum)?;
    let digits = tail
        .strip_prefix(CRC_KEY.as_bytes())
        .and_then(|rest| rest.strip_suffix(b"\"}"))
        .and_then(|digits| std::str::from_utf8(digits).ok())
        .ok_or(Damage::NoChecksum)?;
    if u32::from_str_radix(digits, 16) != Ok(crc32fast::hash(body)) {
        return Err(Damage::Checksum);
    }
    if let Some((record, generation)) = quick::record(body) {
        return Ok(Decoded::Record(record, generation));
    }
    let content = |error: serde_json::Error| Damage::Content(error.to_string());
    if body.starts_with(b"{\"format\":") {
        return serde_json::from_slice(line).map(Decoded::Header).map_err(content);
    }
    let line: Line<'_> = serde_json::from_slice(line).map_err(content)?;
    let generation = line.g;
    record_of(line).map(|record| Decoded::Record(record, generation)).map_err(Damage::Content)
}

fn line_of(record: &Record, generation: u64) -> Line<'_> {
    let kind = |t: &'static str| Line { t: Cow::Borrowed(t), g: generation, ..Line::default() };
    match record {
        Record::Accepted { request } => Line { text: Some(request.into()), ..kind("accepted") },
        Record::Launch { launch } => Line { launch: Some(launch), ..kind("launch") },
        Record::Queued { tasks, at_ms } => {
            Line { tasks: Some(tasks.to_string().into()), at: Some(*at_ms), ..kind("queued") }
        }
        Record::Starting { task, attempt, at_ms } => {
            Line { task: Some(*task), attempt: Some(*attempt), at: Some(*at_ms), ..kind("starting") }
        }
        Record::Started { task, pid, pid_start } => {
            Line { task: Some(*task), pid: Some(*pid), pid_start: Some(*pid_start), ..kind("started") }
        }
        Record::Found { task } => Line { task: Some(*task), ..kind("found") },
        Record::CancelAsked { tasks, now, at_ms } => {
            Line { tasks: Some(tasks.to_string().into()), now: *now, at: Some(*at_ms), ..kind("cancel") }
        }
        Record::Unqueued { tasks, at_ms } => {
            Line { tasks: Some(tasks.to_string().into()), at: Some(*at_ms), ..kind("unqueued") }
        }
        Record::Ended { task, attempt, at_ms, ending } => {
            let (end, value, text) = ending_fields(ending);
            Line {
                task: Some(*task),
                attempt: Some(*attempt),
                at: Some(*at_ms),
                end: Some(end.into()),
                value,
                text: text.map(Cow::Borrowed),
                ..kind("ended")
            }
        }
        Record::Submitting { token, source, away, tasks, tasks_per_element, at_ms } => Line {
            token: Some(token.into()),
            text: (!source.is_empty()).then(|| source.into()),
            now: *away,
            tasks: Some(tasks.to_string().into()),
            value: Some(i64::from(*tasks_per_element)),
            at: Some(*at_ms),
            ..kind("submitting")
        },
        Record::Submitted { token, job, at_ms } => {
            Line { token: Some(token.into()), job: Some(job.into()), at: Some(*at_ms), ..kind("submitted") }
        }
        Record::Refused { token, fate, why, at_ms } => Line {
            token: Some(token.into()),
            fate: Some(*fate),
            text: Some(why.into()),
            at: Some(*at_ms),
            ..kind("refused")
        },
        Record::Withdrawn { token, tasks, fate, why, at_ms } => Line {
            token: Some(token.into()),
            tasks: Some(tasks.to_string().into()),
            fate: Some(*fate),
            text: Some(why.into()),
            at: Some(*at_ms),
            ..kind("withdrawn")
        },
        Record::Began { task, attempt, node, at_ms } => Line {
            task: Some(*task),
            attempt: Some(*attempt),
            node: Some(node.into()),
            at: Some(*at_ms),
            ..kind("began")
        },
        Record::Waiting { token, why } => {
            Line { token: Some(token.into()), text: Some(why.into()), ..kind("waiting") }
        }
        Record::Held { why, at_ms } => Line { text: Some(why.into()), at: Some(*at_ms), ..kind("held") },
        Record::Abandoned { tasks, at_ms } => {
            Line { tasks: Some(tasks.to_string().into()), at: Some(*at_ms), ..kind("abandoned") }
        }
        Record::Silent { source, why, at_ms } => {
            Line { node: Some(source.into()), text: Some(why.into()), at: Some(*at_ms), ..kind("silent") }
        }
        Record::Home { tasks, at_ms } => {
            Line { tasks: Some(tasks.to_string().into()), at: Some(*at_ms), ..kind("home") }
        }
        Record::Plugin(PluginUse { name, role, digest }) => Line {
            text: Some(name.into()),
            role: Some(role.into()),
            digest: Some(digest.into()),
            ..kind("plugin")
        },
        Record::Note { text, at_ms } => Line { text: Some(text.into()), at: Some(*at_ms), ..kind("note") },
        Record::Closed { at_ms } => Line { at: Some(*at_ms), ..kind("closed") },
        Record::Other => kind("other"),
    }
}

fn ending_fields(ending: &Ending) -> (&'static str, Option<i64>, Option<&str>) {
    match ending {
        Ending::Exited(code) => ("exited", Some(i64::from(*code)), None),
        Ending::Signalled(signal) => ("signalled", Some(i64::from(*signal)), None),
        Ending::TimedOut(seconds) => ("timed-out", i64::try_from(*seconds).ok(), None),
        Ending::Cancelled => ("cancelled", None, None),
        Ending::NotStarted(why) => ("not-started", None, Some(why)),
        Ending::Unseen => ("unseen", None, None),
        Ending::OutOfMemory(evidence) => ("out-of-memory", None, Some(evidence)),
        Ending::Preempted(evidence) => ("preempted", None, Some(evidence)),
        Ending::NodeFailed(evidence) => ("node-failed", None, Some(evidence)),
        Ending::Vanished(evidence) => ("vanished", None, Some(evidence)),
        Ending::Abandoned(before) => ("abandoned", None, Some(before)),
    }
}

fn record_of(line: Line<'_>) -> Result<Record, String> {
    fn need<T>(value: Option<T>, name: &str) -> Result<T, String> {
        value.ok_or_else(|| format!("`{name}` is missing"))
    }
    let set = |tasks: Option<Cow<'_, str>>| need(tasks, "tasks")?.parse().map_err(|e| format!("{e}"));
    Ok(match &*line.t {
        "accepted" => Record::Accepted { request: need(line.text, "text")?.into_owned() },
        "launch" => Record::Launch { launch: need(line.launch, "launch")?.to_owned() },
        "queued" => Record::Queued { tasks: set(line.tasks)?, at_ms: need(line.at, "at")? },
        "starting" => Record::Starting {
            task: need(line.task, "task")?,
            attempt: need(line.attempt, "attempt")?,
            at_ms: need(line.at, "at")?,
        },
        "started" => Record::Started {
            task: need(line.task, "task")?,
            pid: need(line.pid, "pid")?,
            pid_start: need(line.pid_start, "pid_start")?,
        },
        "found" => Record::Found { task: need(line.task, "task")? },
        "cancel" => {
            Record::CancelAsked { tasks: set(line.tasks)?, now: line.now, at_ms: need(line.at, "at")? }
        }
        "unqueued" => Record::Unqueued { tasks: set(line.tasks)?, at_ms: need(line.at, "at")? },
        "ended" => Record::Ended {
            task: need(line.task, "task")?,
            attempt: need(line.attempt, "attempt")?,
            at_ms: need(line.at, "at")?,
            ending: ending_of(&need(line.end, "end")?, line.value, line.text)?,
        },
        "submitting" => Record::Submitting {
            token: need(line.token, "token")?.into_owned(),
            source: line.text.map(Cow::into_owned).unwrap_or_default(),
            away: line.now,
            tasks: set(line.tasks)?,
            tasks_per_element: u32::try_from(need(line.value, "value")?).map_err(|e| e.to_string())?,
            at_ms: need(line.at, "at")?,
        },
        "submitted" => Record::Submitted {
            token: need(line.token, "token")?.into_owned(),
            job: need(line.job, "job")?.into_owned(),
            at_ms: need(line.at, "at")?,
        },
        "refused" => Record::Refused {
            token: need(line.token, "token")?.into_owned(),
            fate: need(line.fate, "fate")?,
            why: need(line.text, "text")?.into_owned(),
            at_ms: need(line.at, "at")?,
        },
        "withdrawn" => Record::Withdrawn {
            token: need(line.token, "token")?.into_owned(),
            tasks: set(line.tasks)?,
            fate: need(line.fate, "fate")?,
            why: need(line.text, "text")?.into_owned(),
            at_ms: need(line.at, "at")?,
        },
        "began" => Record::Began {
            task: need(line.task, "task")?,
            attempt: need(line.attempt, "attempt")?,
            node: need(line.node, "node")?.into_owned(),
            at_ms: need(line.at, "at")?,
        },
        "waiting" => Record::Waiting {
            token: need(line.token, "token")?.into_owned(),
            why: need(line.text, "text")?.into_owned(),
        },
        "held" => Record::Held { why: need(line.text, "text")?.into_owned(), at_ms: need(line.at, "at")? },
        "abandoned" => Record::Abandoned { tasks: set(line.tasks)?, at_ms: need(line.at, "at")? },
        "silent" => Record::Silent {
            source: need(line.node, "node")?.into_owned(),
            why: need(line.text, "text")?.into_owned(),
            at_ms: need(line.at, "at")?,
        },
        "home" => Record::Home { tasks: set(line.tasks)?, at_ms: need(line.at, "at")? },
        "plugin" => Record::Plugin(PluginUse {
            name: need(line.text, "text")?.into_owned(),
            role: need(line.role, "role")?.into_owned(),
            digest: need(line.digest, "digest")?.into_owned(),
        }),
        "note" => Record::Note { text: need(line.text, "text")?.into_owned(), at_ms: need(line.at, "at")? },
        "closed" => Record::Closed { at_ms: need(line.at, "at")? },
        _ => Record::Other,
    })
}

fn ending_of(end: &str, value: Option<i64>, text: Option<Cow<'_, str>>) -> Result<Ending, String> {
    let number = || value.ok_or_else(|| format!("`{end}` has no value"));
    let small = || number().and_then(|n| i32::try_from(n).map_err(|e| e.to_string()));
    Ok(match end {
        "exited" => Ending::Exited(small()?),
        "signalled" => Ending::Signalled(small()?),
        "timed-out" => Ending::TimedOut(number().and_then(|n| u64::try_from(n).map_err(|e| e.to_string()))?),
        "cancelled" => Ending::Cancelled,
        "not-started" => Ending::NotStarted(text.unwrap_or_default().into_owned()),
        "unseen" => Ending::Unseen,
        "out-of-memory" => Ending::OutOfMemory(text.unwrap_or_default().into_owned()),
        "preempted" => Ending::Preempted(text.unwrap_or_default().into_owned()),
        "node-failed" => Ending::NodeFailed(text.unwrap_or_default().into_owned()),
        "vanished" => Ending::Vanished(text.unwrap_or_default().into_owned()),
        "abandoned" => Ending::Abandoned(text.unwrap_or_default().into_owned()),
        other => return Err(format!("`{other}` is no way to end")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::task_set::TaskSet;

    fn every_kind() -> Vec<Record> {
        let ended = |ending| Record::Ended { task: 7, attempt: 2, at_ms: 1_700_000_000_000, ending };
        vec![
            Record::Accepted { request: "17-a.json".into() },
            Record::Launch { launch: RawValue::from_string(r#"{"python":"p \"q\""}"#.into()).unwrap() },
            Record::Queued { tasks: TaskSet::range(1, 1_000_000), at_ms: 5 },
            Record::Starting { task: 1, attempt: 1, at_ms: 6 },
            Record::Started { task: 1, pid: 99, pid_start: 12345 },
            Record::Found { task: 1 },
            Record::CancelAsked { tasks: TaskSet::range(2, 3), now: true, at_ms: 8 },
            Record::Unqueued { tasks: TaskSet::range(4, 4), at_ms: 9 },
            ended(Ending::Exited(3)),
            ended(Ending::Signalled(9)),
            ended(Ending::TimedOut(60)),
            ended(Ending::Cancelled),
            ended(Ending::NotStarted("no such file \u{1b}[31m\n\"x\"".into())),
            ended(Ending::Unseen),
            ended(Ending::OutOfMemory("slurm: OUT_OF_MEMORY".into())),
            ended(Ending::Preempted("slurm: PREEMPTED".into())),
            ended(Ending::NodeFailed("n1".into())),
            ended(Ending::Vanished("job 7".into())),
            ended(Ending::Abandoned("node failure: n1".into())),
            Record::Submitting {
                token: "k2".into(),
                source: "box".into(),
                away: true,
                tasks: TaskSet::range(1, 9),
                tasks_per_element: 3,
                at_ms: 1,
            },
            Record::Submitted { token: "k2".into(), job: "12[]".into(), at_ms: 1 },
            Record::Refused { token: "k2".into(), fate: Fate::Again, why: "no".into(), at_ms: 1 },
            Record::Withdrawn {
                token: "k2".into(),
                tasks: TaskSet::range(2, 3),
                fate: Fate::Unsent,
                why: "its job is over".into(),
                at_ms: 1,
            },
            Record::Began { task: 3, attempt: 1, node: "n1".into(), at_ms: 5 },
            Record::Waiting { token: "k2".into(), why: String::new() },
            Record::Held { why: "20 tasks died".into(), at_ms: 1 },
            Record::Abandoned { tasks: TaskSet::range(2, 3), at_ms: 1 },
            Record::Plugin(PluginUse { name: "lhs".into(), role: "generator".into(), digest: "ab".into() }),
            Record::Silent { source: "box".into(), why: "no route".into(), at_ms: 1 },
            Record::Home { tasks: TaskSet::range(1, 2), at_ms: 1 },
            Record::Note { text: "é🙂".into(), at_ms: 1 },
            Record::Closed { at_ms: 2 },
        ]
    }

    #[test]
    fn every_record_reads_back() {
        for record in every_kind() {
            let mut line = Vec::new();
            encode_record(&record, 4, &mut line);
            assert_eq!(line.pop(), Some(b'\n'));
            assert!(!line.contains(&b'\n'));
            match decode(&line) {
                Ok(Decoded::Record(read, 4)) => assert_eq!(format!("{read:?}"), format!("{record:?}")),
                other => panic!("{record:?} became {other:?}"),
            }
        }
    }

    #[test]
    fn the_short_cut_reads_the_usual_lines_and_says_what_the_parser_says() {
        let mut taken = 0;
        for record in every_kind() {
            let mut line = Vec::new();
            encode_record(&record, 4, &mut line);
            let body = &line[..line.len() - 1 - CRC_TAIL_LEN];
            let parsed: Line<'_> = serde_json::from_slice(&line[..line.len() - 1]).unwrap();
            let parsed = record_of(parsed).unwrap();
            if let Some((short, generation)) = quick::record(body) {
                assert_eq!((format!("{short:?}"), generation), (format!("{parsed:?}"), 4));
                taken += 1;
            }
        }
        assert_eq!(taken, 3, "starting, started, and an exit code");
        assert!(
            quick::record(br#"{"t":"started","g":1,"task":1,"pid":2,"pid_start":3,"node":"n""#).is_none()
        );
    }

    #[test]
    fn any_flipped_bit_is_noticed() {
        let mut line = Vec::new();
        encode_record(&Record::Starting { task: 12, attempt: 1, at_ms: 6 }, 1, &mut line);
        line.pop();
        for at in 0..line.len() {
            for bit in 0..8 {
                let mut damaged = line.clone();
                damaged[at] ^= 1 << bit;
                // The checksum's own digits may change case and mean the same.
                let same = damaged.eq_ignore_ascii_case(&line) && at >= line.len() - 10;
                assert!(decode(&damaged).is_err() || same, "byte {at}, bit {bit}");
            }
        }
        for cut in 0..line.len() {
            assert!(decode(&line[..cut]).is_err(), "cut at {cut}");
        }
    }

    #[test]
    fn an_unknown_kind_or_key_of_a_newer_version_is_no_damage() {
        let mut line = b"{\"t\":\"teleported\",\"g\":3,\"whither\":[1]".to_vec();
        let crc = crc32fast::hash(&line);
        line.extend_from_slice(format!(",\"crc\":\"{crc:08x}\"}}").as_bytes());
        assert!(matches!(decode(&line), Ok(Decoded::Record(Record::Other, 3))));
    }

    #[test]
    fn header_reads_back() {
        let header = Header {
            format: FORMAT,
            sweep: "s".into(),
            generation: 2,
            host: "box".into(),
            pid: 5,
            at_ms: 1,
            previous: Some(Previous { segment: 1, length: 900 }),
        };
        let mut line = Vec::new();
        encode_header(&header, &mut line);
        line.pop();
        assert!(matches!(decode(&line), Ok(Decoded::Header(read)) if read == header));
    }
}
