//! Reading a journal: from the start, and from where one had got to.

use super::segment_path;
use crate::error::{Error, ErrorKind, Result};
use hsm_core::journal::{Decoded, FORMAT, Header, Previous, Record, decode};
use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

/// Reads the records of a journal in order and remembers how far it got, so that following a sweep costs what is new.
///
/// A reader never changes a file. A last line without an end is left for the next time: its writer may be in the middle of it.
#[derive(Debug)]
pub(crate) struct JournalReader {
    folder: PathBuf,
    /// The segment being read, and how many bytes of it were used up.
    segment: u64,
    offset: u64,
    line: u64,
    /// The newest generation seen; lines of an older one after it come from a driver that had lost its lease.
    generation: u64,
    damage: Vec<String>,
}

/// Where a journal stands: what the next segment has to name.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Position {
    pub(crate) generation: u64,
    /// The newest segment and how many bytes of it count; nothing before the first.
    pub(crate) previous: Option<Previous>,
    /// The number a new segment gets at least.
    pub(crate) next_segment: u64,
}

impl JournalReader {
    /// A reader at the start of the journal in `folder`.
    pub(crate) fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into(), segment: 0, offset: 0, line: 0, generation: 0, damage: Vec::new() }
    }

    /// What could not be used so far, in words: file, line and why. Such lines are left out.
    pub(crate) fn damage(&self) -> &[String] {
        &self.damage
    }

    /// Whether there was no segment so far.
    pub(crate) fn is_at_start(&self) -> bool {
        self.segment == 0
    }

    pub(crate) fn position(&self) -> Position {
        let previous = (self.segment > 0).then_some(Previous { segment: self.segment, length: self.offset });
        Position { generation: self.generation, previous, next_segment: self.segment + 1 }
    }

    /// Hands every record that is new since the last call to `take`, in order.
    ///
    /// # Errors
    /// When a file cannot be read, or a newer version of this program has written the journal.
    pub(crate) fn read(&mut self, mut take: impl FnMut(Record)) -> Result<()> {
        loop {
            // The successor first: of the segment it follows, only what it names counts.
            let next = self.next_segment()?;
            if self.segment > 0 {
                let header = next.as_ref().and_then(|(_, header)| header.previous);
                let end = header
                    .filter(|previous| previous.segment == self.segment)
                    .map(|previous| previous.length);
                self.read_segment(end, &mut take)?;
            }
            let Some((number, header)) = next else { return Ok(()) };
            (self.segment, self.offset, self.line) = (number, 0, 0);
            self.generation = self.generation.max(header.generation);
        }
    }

    /// The first segment after the current one whose header is whole: one without was created by a driver that died in that very moment.
    fn next_segment(&self) -> Result<Option<(u64, Header)>> {
        let mut number = self.segment + 1;
        loop {
            let path = segment_path(&self.folder, number);
            match first_line(&path) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
                Err(error) => return Err(Error::io("read the journal", &path, error)),
                Ok(line) => {
                    if let Some(header) = header_of(&line, &path)? {
                        return Ok(Some((number, header)));
                    }
                }
            }
            number += 1;
        }
    }

    /// Reads on in the current segment, up to `end` bytes or as far as there are whole lines.
    fn read_segment(&mut self, end: Option<u64>, take: &mut impl FnMut(Record)) -> Result<()> {
        let path = segment_path(&self.folder, self.segment);
        let wrong = |error| Error::io("read the journal", &path, error);
        let mut file = File::open(&path).map_err(wrong)?;
        file.seek(SeekFrom::Start(self.offset)).map_err(wrong)?;
        let mut bytes = Vec::new();
        let limit = end.map_or(u64::MAX, |end| end.saturating_sub(self.offset));
        file.take(limit).read_to_end(&mut bytes).map_err(wrong)?;
        let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        for line in bytes[..whole].split_inclusive(|byte| *byte == b'\n') {
            self.line += 1;
            self.read_line(line.strip_suffix(b"\n").unwrap_or(line), &path, take)?;
        }
        self.offset += whole as u64;
        Ok(())
    }

    fn read_line(&mut self, line: &[u8], path: &Path, take: &mut impl FnMut(Record)) -> Result<()> {
        match decode(line) {
            Ok(Decoded::Record(_, generation)) if generation < self.generation => {}
            Ok(Decoded::Record(record, generation)) => {
                self.generation = generation;
                take(record);
            }
            Ok(Decoded::Header(header)) => check_format(&header, path)?,
            Err(damage) => {
                self.damage.push(format!(
                    "`{}` line {}: {damage}; this record is left out, and what it said of a task is not known",
                    path.display(),
                    self.line
                ));
            }
        }
        Ok(())
    }
}

/// The first line of a file, without its end; empty when it has none yet.
fn first_line(path: &Path) -> io::Result<Vec<u8>> {
    let mut start = Vec::new();
    File::open(path)?.take(4096).read_to_end(&mut start)?;
    Ok(start.iter().position(|byte| *byte == b'\n').map_or_else(Vec::new, |end| start[..end].to_vec()))
}

fn header_of(line: &[u8], path: &Path) -> Result<Option<Header>> {
    match decode(line) {
        Ok(Decoded::Header(header)) => {
            check_format(&header, path)?;
            Ok(Some(header))
        }
        _ if line.is_empty() => Ok(None),
        _ => Err(Error::new(
            ErrorKind::Monitoring,
            format!(
                "`{}` line 1: the segment's header is damaged, so its records cannot be trusted",
                path.display()
            ),
        )
        .with_hint(
            "restore the file from a backup; move it aside only if the tasks recorded in it may run again",
        )),
    }
}

fn check_format(header: &Header, path: &Path) -> Result<()> {
    if header.format <= FORMAT {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::Configuration,
        format!(
            "`{}` has journal format {}, and this version of hsm reads formats up to {FORMAT}",
            path.display(),
            header.format
        ),
    )
    .with_hint("use the newer hsm that wrote it; nothing was changed"))
}

/// The largest number of any segment file in `folder`, used or not.
pub(super) fn largest_segment(folder: &Path) -> io::Result<u64> {
    let mut largest = 0;
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name();
        let number = name.to_str().and_then(|name| name.strip_suffix(".jsonl")).and_then(|n| n.parse().ok());
        largest = largest.max(number.unwrap_or(0));
    }
    Ok(largest)
}
