//! Writing one segment of a journal.

use super::read::{JournalReader, Position, largest_segment};
use super::segment_path;
use crate::error::{Error, Result};
use crate::sweep_dir::sync_folder;
use crate::{clock, host};
use hsm_core::campaign::Durability;
use hsm_core::journal::{FORMAT, Header, Record, encode_header, encode_record};
use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// The segment of one driver. Only the holder of the sweep's lease makes one.
#[derive(Debug)]
pub(crate) struct JournalWriter {
    file: File,
    path: PathBuf,
    generation: u64,
    /// Bytes of whole lines; what a failed write left beyond them is cut off.
    length: u64,
    unsynced: bool,
    /// Lines that could not be written yet.
    pending: Vec<u8>,
}

impl JournalWriter {
    /// Opens a new segment after what `reader` has read, and makes it survive the death of the machine.
    ///
    /// `generation` is the lease's: larger than that of every driver before.
    pub(crate) fn open(folder: &Path, sweep: &str, generation: u64, reader: &JournalReader) -> Result<Self> {
        let Position { previous, next_segment, .. } = reader.position();
        let largest = largest_segment(folder).map_err(|e| Error::io("read the journal", folder, e))?;
        let path = segment_path(folder, next_segment.max(largest + 1));
        let wrong = |error| Error::io("write the journal", &path, error);
        let file = File::options().append(true).create_new(true).open(&path).map_err(wrong)?;
        let mut writer =
            Self { file, path: path.clone(), generation, length: 0, unsynced: false, pending: Vec::new() };
        let header = Header {
            format: FORMAT,
            sweep: sweep.to_owned(),
            generation,
            host: host::name(),
            pid: std::process::id(),
            at_ms: clock::wall_ms(),
            previous,
        };
        encode_header(&header, &mut writer.pending);
        let opened = writer.flush(Durability::Synced).map_err(wrong);
        if opened.is_err() {
            // A segment without a header means nothing; leaving it would only use up a number.
            let _ = std::fs::remove_file(&path);
        }
        opened?;
        sync_folder(folder)?;
        Ok(writer)
    }

    /// Appends records in one write. What could not be written is kept, and tried again by the next [`append`](Self::append) or
    /// [`flush`](Self::flush).
    pub(crate) fn append(&mut self, records: &[Record], durability: Durability) -> io::Result<()> {
        for record in records {
            encode_record(record, self.generation, &mut self.pending);
        }
        self.flush(durability)
    }

    /// Writes what waits to be written.
    pub(crate) fn flush(&mut self, durability: Durability) -> io::Result<()> {
        if !self.pending.is_empty() {
            if let Err(error) = self.file.write_all(&self.pending) {
                // A part of it may be there: cut it off, or the next try would leave a torn line in the middle.
                self.file.set_len(self.length)?;
                return Err(error);
            }
            self.length += self.pending.len() as u64;
            self.pending.clear();
            self.unsynced = true;
        }
        if durability == Durability::Synced { self.sync() } else { Ok(()) }
    }

    /// Whether records wait for a disk that takes them.
    pub(crate) fn is_behind(&self) -> bool {
        !self.pending.is_empty()
    }

    /// Makes everything written survive the death of the machine.
    pub(crate) fn sync(&mut self) -> io::Result<()> {
        if self.unsynced {
            self.file.sync_data()?;
            self.unsynced = false;
        }
        Ok(())
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}
