//! Reading a plan: from the start, or one task of it, without ever holding all of it.

use crate::error::{Error, ErrorKind, Result};
use hsm_core::plan::PlannedTask;
use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

/// Every so many lines the place in the file is noted: finding a task reads so many lines at most.
const LINES_PER_MARK: u64 = 256;

/// A plan's file with an index. Lines that are appended later are not seen; a last line without an end is left out.
#[derive(Debug)]
pub(crate) struct PlanFile {
    path: PathBuf,
    reader: BufReader<File>,
    /// Where the lines 1, 257, 513, … start.
    marks: Vec<u64>,
    tasks: u64,
    /// Where the last whole line ends.
    whole_bytes: u64,
    /// The task whose line the reader stands at.
    next: u64,
}

impl PlanFile {
    /// Opens the plan at `path` and counts its tasks.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let wrong = |error| Error::io("read the plan", path, error);
        let mut file = File::open(path).map_err(wrong)?;
        let Index { marks, tasks, whole_bytes } = index(&mut file).map_err(wrong)?;
        file.rewind().map_err(wrong)?;
        Ok(Self { path: path.to_owned(), reader: BufReader::new(file), marks, tasks, whole_bytes, next: 1 })
    }

    /// How many tasks there are.
    pub(crate) fn tasks(&self) -> u64 {
        self.tasks
    }

    /// The task with this number. Asking in ascending order costs one line each.
    pub(crate) fn task(&mut self, number: u64) -> Result<PlannedTask> {
        if number == 0 || number > self.tasks {
            return Err(Error::not_found(format!("the plan `{}` has no task {number}", self.path.display()))
                .with_hint(format!("its tasks are 1 to {}", self.tasks)));
        }
        let wrong = |error| Error::io("read the plan", &self.path, error);
        let mark = (number - 1) / LINES_PER_MARK;
        if number < self.next || mark > (self.next - 1) / LINES_PER_MARK {
            let at = self.marks.get(usize::try_from(mark).unwrap_or(usize::MAX)).copied().unwrap_or(0);
            self.reader.seek(SeekFrom::Start(at)).map_err(wrong)?;
            self.next = mark * LINES_PER_MARK + 1;
        }
        let mut line = String::new();
        while self.next <= number {
            line.clear();
            self.reader.read_line(&mut line).map_err(wrong)?;
            self.next += 1;
        }
        let task = PlannedTask::from_line(line.trim_end_matches('\n'))
            .map_err(|e| damaged(&self.path, number, e))?;
        if task.task == number { Ok(task) } else { Err(damaged(&self.path, number, "its number is another")) }
    }

    /// Every task, ascending.
    pub(crate) fn iter(&mut self) -> impl Iterator<Item = Result<PlannedTask>> + '_ {
        (1..=self.tasks).map(|number| self.task(number))
    }
}

/// The length of the plan in bytes: it has changed when this has.
pub(crate) fn length(path: &Path) -> Result<u64> {
    Ok(std::fs::metadata(path).map_err(|error| Error::io("read the plan", path, error))?.len())
}

/// The length of the plan in bytes without a last line that has no end.
pub(crate) fn whole_lines_length(path: &Path) -> Result<u64> {
    PlanFile::open(path).map(|plan| plan.whole_bytes)
}

/// How many tasks the plan has.
pub(crate) fn count(path: &Path) -> Result<u64> {
    PlanFile::open(path).map(|plan| plan.tasks())
}

fn damaged(path: &Path, line: u64, why: impl std::fmt::Display) -> Error {
    Error::new(ErrorKind::Path, format!("the plan `{}` is damaged at line {line}: {why}", path.display()))
        .with_hint("restore the file from a backup; the journal and the tasks' folders are not affected")
}

struct Index {
    marks: Vec<u64>,
    tasks: u64,
    whole_bytes: u64,
}

fn index(file: &mut File) -> io::Result<Index> {
    let mut index = Index { marks: vec![0], tasks: 0, whole_bytes: 0 };
    let mut at = 0u64;
    let mut block = vec![0; 1 << 16];
    loop {
        let read = file.read(&mut block)?;
        if read == 0 {
            return Ok(index);
        }
        for end in memchr::memchr_iter(b'\n', &block[..read]) {
            index.tasks += 1;
            index.whole_bytes = at + end as u64 + 1;
            if index.tasks.is_multiple_of(LINES_PER_MARK) {
                index.marks.push(index.whole_bytes);
            }
        }
        at += read as u64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hsm_core::plan::Planner;
    use hsm_core::point::Point;
    use hsm_core::value::Value;
    use std::io::Write as _;

    #[test]
    fn any_task_is_found_in_any_order_and_a_torn_line_is_none() {
        let mut planner = Planner::new();
        let mut file = tempfile::NamedTempFile::new().unwrap();
        for i in 0..1000i64 {
            let point = Point::new(vec![("i", Value::Number(i.into()))]);
            writeln!(file, "{}", planner.plan(point).unwrap().to_line()).unwrap();
        }
        write!(file, "{{\"task\":1001,").unwrap();
        let mut plan = PlanFile::open(file.path()).unwrap();
        assert_eq!(plan.tasks(), 1000);
        for number in [1, 2, 1000, 256, 257, 255, 513, 3, 999] {
            let task = plan.task(number).unwrap();
            let expected = Value::Number((i64::try_from(number).unwrap() - 1).into());
            assert_eq!((task.task, task.point.get("i")), (number, Some(&expected)));
        }
        assert!(plan.task(1001).unwrap_err().to_string().contains("no task 1001"));
        assert_eq!(plan.iter().count(), 1000);
    }
}
