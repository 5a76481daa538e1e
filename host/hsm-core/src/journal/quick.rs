//! A short cut for the lines that make up nearly all of a journal: a task was started, it has a process, it ended with an exit code.
//!
//! Every `status` reads every line of a sweep, and a general JSON parser takes four times as long over these. A line that is not written
//! exactly as [`encode_record`](super::encode_record) writes it is left to the parser; the answer is the same.

use super::record::{Ending, Record};

/// The record of a line without its checksum, which has been checked, and the generation of its writer; nothing where this way is too short.
pub(super) fn record(body: &[u8]) -> Option<(Record, u64)> {
    let mut rest = Rest(body);
    rest.skip(b"{\"t\":\"")?;
    let kind = rest.until(b'"')?;
    rest.skip(b"\",\"g\":")?;
    let generation = rest.number()?;
    rest.skip(b",\"task\":")?;
    let task = rest.number()?;
    let record = match kind {
        b"starting" => {
            let attempt = rest.named(b",\"attempt\":")?;
            Record::Starting { task, attempt: u32::try_from(attempt).ok()?, at_ms: rest.named(b",\"at\":")? }
        }
        b"started" => {
            let pid = rest.named(b",\"pid\":")?;
            Record::Started {
                task,
                pid: u32::try_from(pid).ok()?,
                pid_start: rest.named(b",\"pid_start\":")?,
            }
        }
        b"ended" => {
            let attempt = rest.named(b",\"attempt\":")?;
            let at_ms = rest.named(b",\"at\":")?;
            let code = rest.named(b",\"end\":\"exited\",\"value\":")?;
            let ending = Ending::Exited(i32::try_from(code).ok()?);
            Record::Ended { task, attempt: u32::try_from(attempt).ok()?, at_ms, ending }
        }
        _ => return None,
    };
    rest.0.is_empty().then_some((record, generation))
}

/// What is left of a line.
struct Rest<'a>(&'a [u8]);

impl<'a> Rest<'a> {
    fn skip(&mut self, text: &[u8]) -> Option<()> {
        self.0 = self.0.strip_prefix(text)?;
        Some(())
    }

    fn until(&mut self, end: u8) -> Option<&'a [u8]> {
        let (found, rest) = self.0.split_at(self.0.iter().position(|byte| *byte == end)?);
        self.0 = rest;
        Some(found)
    }

    fn number(&mut self) -> Option<u64> {
        let digits = self.0.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let (number, rest) = self.0.split_at(digits);
        self.0 = rest;
        std::str::from_utf8(number).ok()?.parse().ok()
    }

    fn named(&mut self, name: &[u8]) -> Option<u64> {
        self.skip(name)?;
        self.number()
    }
}
