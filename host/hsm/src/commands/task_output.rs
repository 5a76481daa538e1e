//! What tasks print, shown while they run: whole lines, each with its task's number. The files belong to foreign programs, so they are
//! opened without following links and without waiting, and what comes out is escaped.

use crate::output::{Progress, escape};
use crate::report::Problem;
use hsm_core::state::TaskState;
use hsm_engine::{SweepDir, SweepStatus};
use rustix::fs::OFlags;
use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// The most of one file that is shown at one look, in bytes; what a task prints faster than that is passed over, and that is said.
const LOOK_BYTES_MAX: u64 = 256 * 1024;

const FILES: [&str; 2] = ["stdout.log", "stderr.log"];

/// Follows the logs of all tasks of a sweep.
#[derive(Debug)]
pub struct TaskOutput {
    dir: SweepDir,
    /// Tasks that had ended when following began keep their output to themselves: the number of attempts they had.
    before: HashMap<u64, u32>,
    places: HashMap<u64, Places>,
}

/// How far the logs of one attempt were read.
#[derive(Clone, Copy, Debug, Default)]
struct Places {
    attempt: u32,
    read: [u64; FILES.len()],
    ended: bool,
}

impl TaskOutput {
    /// Shows the output of all tasks of the sweep in `sweep_dir`.
    pub fn new(sweep_dir: &Path) -> Self {
        Self { dir: SweepDir::new(sweep_dir), before: HashMap::new(), places: HashMap::new() }
    }

    /// The same, but for attempts that have ended by `status`.
    pub fn since(status: &SweepStatus) -> Self {
        let ended =
            status.tasks().filter(|task| task.state.is_final()).map(|task| (task.task, task.attempts));
        Self { before: ended.collect(), ..Self::new(&status.sweep_dir) }
    }

    /// Shows what has come since the last look.
    ///
    /// # Errors
    /// When standard output cannot be written to.
    pub fn show(&mut self, status: &SweepStatus, progress: &Progress) -> Result<(), Problem> {
        for task in status.tasks().filter(|task| task.attempts > 0 && task.state != TaskState::Queued) {
            let ended = task.state.is_final();
            let places = self.places.entry(task.task).or_default();
            if places.attempt != task.attempts {
                *places = Places { attempt: task.attempts, ..Places::default() };
            }
            if places.ended || self.before.get(&task.task) == Some(&task.attempts) {
                continue;
            }
            for (index, name) in FILES.iter().enumerate() {
                let path = self.dir.task(task.task).join(name);
                let text = read_on(&path, &mut places.read[index], ended);
                for line in text.lines() {
                    progress.data(&format!("task {} | {}\n", task.task, escape(line)))?;
                }
            }
            places.ended = ended;
        }
        Ok(())
    }
}

/// The text after `place`, up to the last whole line, or up to the end where no more will come. A file that cannot be read says nothing.
fn read_on(path: &Path, place: &mut u64, to_the_end: bool) -> String {
    let Some((mut file, length)) = open(path) else { return String::new() };
    let mut text = String::new();
    if length.saturating_sub(*place) > LOOK_BYTES_MAX {
        let start = length - LOOK_BYTES_MAX;
        text.push_str(&format!("… {} bytes are not shown\n", start - *place));
        *place = start;
    }
    let mut bytes = Vec::new();
    if file
        .seek(SeekFrom::Start(*place))
        .and_then(|_| file.take(LOOK_BYTES_MAX).read_to_end(&mut bytes))
        .is_err()
    {
        return String::new();
    }
    let whole = if to_the_end {
        bytes.len()
    } else {
        bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1)
    };
    *place += whole as u64;
    text.push_str(&String::from_utf8_lossy(&bytes[..whole]));
    text
}

fn open(path: &Path) -> Option<(File, u64)> {
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed();
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path).ok()?;
    let metadata = file.metadata().ok()?;
    metadata.is_file().then_some((file, metadata.len()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn lines_are_shown_once_they_are_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("stdout.log");
        let mut place = 0;
        assert_eq!(read_on(&path, &mut place, false), "");
        let mut file = File::create(&path).unwrap();
        let mut step = |write: &str, to_the_end| {
            file.write_all(write.as_bytes()).unwrap();
            read_on(&path, &mut place, to_the_end)
        };
        assert_eq!(step("one\ntw", false), "one\n");
        assert_eq!(step("", false), "");
        assert_eq!(step("o\nthree", false), "two\n");
        assert_eq!(step("", true), "three");
    }

    #[test]
    fn a_flood_is_cut_and_a_link_is_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("stdout.log");
        std::fs::write(&path, "x\n".repeat(200_000)).unwrap();
        let text = read_on(&path, &mut 0, false);
        assert!(text.starts_with("… 137856 bytes are not shown\n"), "{}", &text[..50]);
        let link = folder.path().join("link");
        std::os::unix::fs::symlink(&path, &link).unwrap();
        assert_eq!(read_on(&link, &mut 0, false), "");
    }
}
