//! Making room for a new attempt at a task.

use super::open::{self, Refused};
use super::read::is_candidate;
use crate::error::{Error, ErrorKind, Result};
use rustix::fd::{AsFd, OwnedFd};
use rustix::fs::{AtFlags, Mode};
use rustix::io::Errno;
use std::io;
use std::path::Path;

/// Moves what an attempt at a task left as metrics and logs from the task's folder into `attempt_<attempt>/` in it, so that the next
/// attempt's cannot be taken for them. Everything else stays: checkpoints are what a new attempt goes on from. Returns how many names were
/// moved; a task without a folder has none.
///
/// Nothing is overwritten: where the name is taken already, a number is put behind it. A call that was cut short can be made again.
///
/// # Errors
/// [`ErrorKind::Path`] when the folder cannot be read, or something in it cannot be moved.
pub fn set_aside(task_dir: &Path, attempt: u32) -> Result<usize> {
    let (Some(parent), Some(name)) = (task_dir.parent(), task_dir.file_name().and_then(|name| name.to_str()))
    else {
        return Err(Error::new(ErrorKind::Path, format!("`{}` is no task's folder", task_dir.display())));
    };
    let opened = open::folder(parent).and_then(|parent| open::folder_in(parent, name));
    let folder = match opened {
        Ok(folder) => folder,
        Err(Refused::Missing) => return Ok(0),
        Err(Refused::System(error)) => return Err(Error::io("read the folder", task_dir, error)),
        Err(refused) => {
            return Err(Error::new(
                ErrorKind::Path,
                format!("the folder `{}` {refused}", task_dir.display()),
            ));
        }
    };
    let wrong = |error| Error::io("set aside the results in", task_dir, error);
    let names = open::names_in(&folder, is_of_an_attempt).map_err(wrong)?;
    if names.is_empty() {
        return Ok(0);
    }
    let aside = aside_folder(&folder, &format!("attempt_{attempt}")).map_err(wrong)?;
    for name in &names {
        move_into(&folder, &aside, name).map_err(wrong)?;
    }
    Ok(names.len())
}

fn is_of_an_attempt(name: &str, is_folder: bool) -> bool {
    let is_log = matches!(name, "stdout.log" | "stderr.log");
    is_log || is_candidate(name, is_folder)
}

fn aside_folder(folder: &OwnedFd, name: &str) -> io::Result<OwnedFd> {
    match rustix::fs::mkdirat(folder, name, Mode::from_raw_mode(0o777)) {
        Ok(()) | Err(Errno::EXIST) => {}
        Err(errno) => return Err(errno.into()),
    }
    open::folder_in(folder, name).map_err(|refused| io::Error::other(format!("`{name}` {refused}")))
}

fn move_into(folder: &OwnedFd, aside: &OwnedFd, name: &str) -> io::Result<()> {
    let mut free = name.to_owned();
    for number in 2u32.. {
        match rustix::fs::statat(aside.as_fd(), &free, AtFlags::SYMLINK_NOFOLLOW) {
            Err(Errno::NOENT) => break,
            Err(errno) => return Err(errno.into()),
            Ok(_) => free = format!("{name}.{number}"),
        }
    }
    match rustix::fs::renameat(folder, name, aside, &free) {
        // Somebody else took it away: it is out of the way all the same.
        Ok(()) | Err(Errno::NOENT) => Ok(()),
        Err(errno) => Err(errno.into()),
    }
}
