//! The lease: the right to write a sweep's journal, held by one driver at a time.
//!
//! Where locks work, the lock on the lease's file is the truth on one host. The file's content tells others who holds it: host, process,
//! generation, and a counter that the holder moves. Times of different hosts are never compared: a lease of another host is stale when
//! its counter has not moved for [`STALE_AFTER`] on the observer's own clock, and even then it is only taken when somebody asks.

use crate::error::{Error, ErrorKind, Result};
use crate::host;
use rustix::fs::{FlockOperation, flock};
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::{self, Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// How long the counter of another host's lease must stand still before its holder counts as dead: many times
/// the ten seconds in which a driver moves it, as network file systems cache for a minute and a laptop naps.
pub const STALE_AFTER: Duration = Duration::from_secs(600);

/// How often a driver moves its counter.
pub(crate) const RENEW_EVERY: Duration = Duration::from_secs(10);

/// Readers hold the lock for a moment to see whether it is free; a driver waits so long before it believes that another one has it.
const LOCK_PATIENCE: Duration = Duration::from_secs(1);

/// The file has this size from the start, so that renewing it never needs space on a full disk.
const FILE_BYTES: usize = 1024;

/// What a lease's file says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// The holder's machine.
    pub host: String,
    /// Its process.
    pub pid: u32,
    /// When that process started, in ticks since boot.
    pub pid_start: u64,
    /// One more than that of the holder before.
    pub generation: u64,
    /// Moves while the holder lives.
    pub counter: u64,
    /// Whether the holder has given it back.
    pub released: bool,
    /// What keeps the holder from going on, such as a full disk.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trouble: Option<String>,
}

/// What a reader can say of a sweep's driver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Driver {
    /// None lives.
    None,
    /// It lives on this machine.
    Here(Holder),
    /// Its lease is of another machine; whether it lives cannot be seen from here.
    Elsewhere(Holder),
}

/// A held lease.
#[derive(Debug)]
pub(crate) struct Lease {
    file: File,
    path: PathBuf,
    holder: Holder,
}

impl Lease {
    /// Takes the lease, when no living driver has it.
    ///
    /// With `take_over`, the lease of another host is taken as well once its counter has stood still for that long.
    ///
    /// # Errors
    /// [`ErrorKind::Submission`], naming the holder, when somebody has it.
    pub(crate) fn take(path: &Path, take_over: Option<Duration>) -> Result<Self> {
        let wrong = |error| Error::io("open the lease", path, error);
        let mut file =
            File::options().read(true).write(true).create(true).truncate(false).open(path).map_err(wrong)?;
        let before = read(&mut file).map_err(wrong)?;
        let locked = lock_patiently(&file).map_err(wrong)?;
        let before = if locked { read(&mut file).map_err(wrong)? } else { before };
        if let Some(holder) = before.clone().filter(|holder| !holder.released) {
            let here = holder.host == host::name();
            if here && (!locked || host::is_alive(holder.pid, holder.pid_start)) {
                return Err(held_here(&holder));
            }
            if !here {
                wait_until_stale(path, &holder, take_over)?;
            }
        } else if !locked {
            return Err(Error::new(
                ErrorKind::Submission,
                "another process is just taking the sweep's lease",
            )
            .with_hint("try again in a moment"));
        }
        let holder = Holder {
            host: host::name(),
            pid: std::process::id(),
            pid_start: host::process_start(std::process::id()).unwrap_or(0),
            generation: before.map_or(0, |holder| holder.generation) + 1,
            ..Holder::default()
        };
        let mut lease = Self { file, path: path.to_owned(), holder };
        lease.write()?;
        Ok(lease)
    }

    pub(crate) fn generation(&self) -> u64 {
        self.holder.generation
    }

    /// Makes the generation at least `least`: the journal may have seen a later one than a restored lease file.
    pub(crate) fn raise_generation(&mut self, least: u64) -> Result<()> {
        if self.holder.generation < least {
            self.holder.generation = least;
            self.write()?;
        }
        Ok(())
    }

    /// Moves the counter, and says what the trouble is, if any.
    pub(crate) fn renew(&mut self, trouble: Option<&str>) -> Result<()> {
        self.holder.counter += 1;
        self.holder.trouble = trouble.map(shortened);
        self.write()
    }

    /// Whether the file says that this is the trouble.
    pub(crate) fn tells(&self, trouble: Option<&str>) -> bool {
        self.holder.trouble == trouble.map(shortened)
    }

    /// Whether the file still says what we wrote: on a file system without locks, another host may have taken the lease over while this
    /// process was stopped.
    pub(crate) fn is_ours(&self) -> bool {
        File::open(&self.path).and_then(|mut file| read(&mut file)).is_ok_and(|holder| {
            holder.is_some_and(|holder| {
                holder.generation == self.holder.generation && holder.host == self.holder.host
            })
        })
    }

    /// Lets go of a lease that turned out to be somebody else's by now: their file stays as it is.
    pub(crate) fn abandon(mut self) {
        self.holder.released = true;
    }

    fn write(&mut self) -> Result<()> {
        let wrong = |error| Error::io("write the lease", &self.path, error);
        let mut text = serde_json::to_vec(&self.holder).map_err(|e| wrong(e.into()))?;
        text.resize(text.len().max(FILE_BYTES - 1), b' ');
        text.push(b'\n');
        self.file.rewind().and_then(|()| self.file.write_all(&text)).map_err(wrong)
    }
}

impl Drop for Lease {
    /// Gives the lease back.
    fn drop(&mut self) {
        if !self.holder.released {
            self.holder.released = true;
            self.holder.trouble = None;
            // A lease that cannot be given back is found to be a dead process's by whoever comes next.
            let _ = self.write();
        }
    }
}

/// Who drives the sweep, as far as this machine can see. Changes nothing.
pub(crate) fn driver(path: &Path) -> Result<Driver> {
    let mut file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Driver::None),
        opened => opened.map_err(|error| Error::io("read the lease", path, error))?,
    };
    let holder = read(&mut file).map_err(|error| Error::io("read the lease", path, error))?;
    Ok(match holder.filter(|holder| !holder.released) {
        None => Driver::None,
        Some(holder) if holder.host != host::name() => Driver::Elsewhere(holder),
        Some(holder) if host::is_alive(holder.pid, holder.pid_start) => Driver::Here(holder),
        Some(_) => Driver::None,
    })
}

fn read(file: &mut File) -> io::Result<Option<Holder>> {
    let mut text = Vec::new();
    file.rewind()?;
    file.take(FILE_BYTES as u64 * 4).read_to_end(&mut text)?;
    // A file without sense in it is a lease that was being made when the machine died.
    Ok(serde_json::from_slice(&text).ok())
}

/// Locks the file; `false` when somebody else keeps it locked. Where the file system has no locks, the content alone decides.
fn lock_patiently(file: &File) -> io::Result<bool> {
    let start = Instant::now();
    loop {
        match flock(file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => return Ok(true),
            Err(error) if error == rustix::io::Errno::WOULDBLOCK => {
                if start.elapsed() > LOCK_PATIENCE {
                    return Ok(false);
                }
                sleep(Duration::from_millis(10));
            }
            Err(rustix::io::Errno::OPNOTSUPP | rustix::io::Errno::NOLCK | rustix::io::Errno::NOSYS) => {
                return Ok(true);
            }
            Err(error) => return Err(error.into()),
        }
    }
}

fn held_here(holder: &Holder) -> Error {
    Error::new(
        ErrorKind::Submission,
        format!("the sweep is being driven by process {} on this machine ({})", holder.pid, holder.host),
    )
    .with_hint("follow it with `hsm monitor`, or stop it with `hsm cancel`")
}

fn wait_until_stale(path: &Path, holder: &Holder, take_over: Option<Duration>) -> Result<()> {
    let who = format!("process {} on the machine `{}`", holder.pid, holder.host);
    let Some(patience) = take_over else {
        return Err(Error::new(ErrorKind::Submission, format!("the sweep's lease is held by {who}")).with_hint(
            format!(
                "work with it on `{}`; if that machine is gone for good, add `--take-over`, which watches the lease for {} minutes first",
                holder.host,
                STALE_AFTER.as_secs() / 60
            ),
        ));
    };
    let start = Instant::now();
    while start.elapsed() < patience {
        sleep(Duration::from_secs(1).min(patience));
        let seen = File::open(path).and_then(|mut file| read(&mut file)).ok().flatten();
        if seen
            .as_ref()
            .is_none_or(|seen| seen.counter != holder.counter || seen.generation != holder.generation)
        {
            return Err(Error::new(
                ErrorKind::Submission,
                format!("the sweep's lease is held by {who}, which is alive"),
            )
            .with_hint(format!("work with it on `{}`", holder.host)));
        }
    }
    Ok(())
}

/// A trouble as it fits into the file, which is written at once.
fn shortened(trouble: &str) -> String {
    trouble.chars().take(300).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn foreign(path: &Path) -> Holder {
        let holder = Holder { host: "elsewhere".into(), pid: 7, generation: 3, ..Holder::default() };
        fs::write(path, serde_json::to_vec(&holder).unwrap()).unwrap();
        holder
    }

    #[test]
    fn a_second_writer_is_told_who_holds_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lease.json");
        let lease = Lease::take(&path, None).unwrap();
        assert_eq!(lease.generation(), 1);
        let message = Lease::take(&path, None).unwrap_err().to_string();
        assert!(message.contains(&format!("driven by process {}", std::process::id())), "{message}");
        assert!(matches!(driver(&path), Ok(Driver::Here(_))));
        drop(lease);
        assert_eq!(driver(&path).unwrap(), Driver::None);
        assert_eq!(Lease::take(&path, None).unwrap().generation(), 2);
    }

    #[test]
    fn a_dead_holder_on_this_host_is_succeeded_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lease.json");
        let dead = Holder { host: host::name(), pid: u32::MAX, generation: 4, ..Holder::default() };
        fs::write(&path, serde_json::to_vec(&dead).unwrap()).unwrap();
        assert_eq!(driver(&path).unwrap(), Driver::None);
        assert_eq!(Lease::take(&path, None).unwrap().generation(), 5);
    }

    #[test]
    fn another_hosts_lease_is_taken_only_when_asked_and_stale() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lease.json");
        foreign(&path);
        let error = Lease::take(&path, None).unwrap_err();
        assert!(error.to_string().contains("`elsewhere`"), "{error}");
        assert!(error.hint().is_some_and(|hint| hint.contains("--take-over")));
        assert!(matches!(driver(&path), Ok(Driver::Elsewhere(_))));
        assert_eq!(Lease::take(&path, Some(Duration::from_millis(1))).unwrap().generation(), 4);
    }

    #[test]
    fn a_counter_that_moves_is_never_stale() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lease.json");
        let holder = foreign(&path);
        let mover = std::thread::spawn({
            let path = path.clone();
            move || {
                for counter in 1..20 {
                    sleep(Duration::from_millis(100));
                    let moved = Holder { counter, ..holder.clone() };
                    fs::write(&path, serde_json::to_vec(&moved).unwrap()).unwrap();
                }
            }
        });
        let error = Lease::take(&path, Some(Duration::from_secs(5))).unwrap_err();
        assert!(error.to_string().contains("which is alive"), "{error}");
        mover.join().unwrap();
    }
}
