//! The mailbox: what other commands ask of a sweep's driver, one small file each. A file appears whole, by rename, and is removed by the
//! driver once the journal has it.

use crate::clock;
use crate::error::{Error, ErrorKind, Result};
use hsm_core::journal::PluginUse;
use hsm_core::task_set::TaskSet;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

/// No request is larger than this: a launch with very long scripts in it is some kilobytes.
const REQUEST_LIMIT_BYTES: u64 = 4 << 20;

/// What is asked.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub(crate) enum Request {
    /// Run tasks, or none: then only what else it says goes on record.
    Queue {
        tasks: TaskSet,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        plugins: Vec<PluginUse>,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        notes: Vec<String>,
    },
    /// Stop tasks.
    Cancel { tasks: TaskSet, now: bool },
    /// Take somebody's word that nothing of these tasks runs any more.
    Abandon {
        tasks: TaskSet,
        /// And to run them elsewhere.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        again: bool,
    },
    /// Let go what was held.
    Release,
}

/// A request, how tasks are started because of it, and the name of its file.
#[derive(Debug)]
pub(crate) struct Letter {
    pub(crate) name: String,
    pub(crate) request: Request,
    pub(crate) launch: Option<Box<RawValue>>,
}

/// A file of the mailbox that is no request, and why.
pub(crate) type Unreadable = (PathBuf, String);

#[derive(Serialize, Deserialize)]
struct Envelope {
    format: u32,
    request: Request,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    launch: Option<Box<RawValue>>,
}

/// Puts a request into the mailbox; it is on the disk when this returns.
pub(crate) fn post(requests: &Path, request: Request, launch: Option<Box<RawValue>>) -> Result<()> {
    let envelope = Envelope { format: 1, request, launch };
    let text = serde_json::to_vec(&envelope)
        .map_err(|e| Error::new(ErrorKind::Submission, "could not write a request").because(e))?;
    let wrong = |error: io::Error| Error::io("write a request into", requests, error);
    // The time comes first in the name, so that requests are taken up in the order in which they were made.
    let name = format!("{:013}-{}", clock::wall_ms(), std::process::id());
    let mut file = tempfile::Builder::new()
        .prefix(&format!(".{name}-"))
        .suffix(".json")
        .tempfile_in(requests)
        .map_err(wrong)?;
    file.write_all(&text).and_then(|()| file.as_file().sync_all()).map_err(wrong)?;
    let visible =
        file.path().file_name().map(|name| name.to_string_lossy().trim_start_matches('.').to_owned());
    let target = requests.join(visible.unwrap_or(name));
    file.persist_noclobber(target).map_err(|error| wrong(error.error))?;
    Ok(())
}

/// The requests that wait, oldest first, and the files that are none with the reason.
pub(crate) fn read(requests: &Path) -> io::Result<(Vec<Letter>, Vec<Unreadable>)> {
    let mut names: Vec<String> = Vec::new();
    let entries = match fs::read_dir(requests) {
        // A sweep without a mailbox has nothing in it.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok((Vec::new(), Vec::new())),
        entries => entries?,
    };
    for entry in entries {
        if let Some(name) = entry?.file_name().to_str().filter(|name| !name.starts_with('.')) {
            names.push(name.to_owned());
        }
    }
    names.sort_unstable();
    let (mut letters, mut unreadable) = (Vec::new(), Vec::new());
    for name in names {
        let path = requests.join(&name);
        match open(&path) {
            Ok(envelope) => {
                letters.push(Letter { name, request: envelope.request, launch: envelope.launch });
            }
            Err(why) => unreadable.push((path, why)),
        }
    }
    Ok((letters, unreadable))
}

fn open(path: &Path) -> std::result::Result<Envelope, String> {
    let mut text = Vec::new();
    // Nothing else is opened: a pipe would keep the driver, and every reader of the status, waiting for its other end.
    if !fs::symlink_metadata(path).map_err(|e| e.to_string())?.is_file() {
        return Err("it is no regular file".to_owned());
    }
    let file = File::open(path).map_err(|e| e.to_string())?;
    file.take(REQUEST_LIMIT_BYTES).read_to_end(&mut text).map_err(|e| e.to_string())?;
    let envelope: Envelope = serde_json::from_slice(&text).map_err(|e| e.to_string())?;
    if envelope.format > 1 {
        return Err(format!("it has format {}, and this version reads 1", envelope.format));
    }
    Ok(envelope)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_come_in_order_and_whole() {
        let folder = tempfile::tempdir().unwrap();
        let launch = RawValue::from_string(r#"{"python": "p"}"#.into()).unwrap();
        let queue = Request::Queue { tasks: TaskSet::range(1, 9), plugins: Vec::new(), notes: Vec::new() };
        post(folder.path(), queue, Some(launch)).unwrap();
        std::thread::sleep(std::time::Duration::from_millis(2));
        post(folder.path(), Request::Cancel { tasks: TaskSet::range(2, 2), now: true }, None).unwrap();
        fs::write(folder.path().join("9-torn.json"), "{\"format\":1,").unwrap();
        let (letters, unreadable) = read(folder.path()).unwrap();
        assert!(matches!(&letters[0].request, Request::Queue { tasks, .. } if tasks.len() == 9));
        assert_eq!(letters[0].launch.as_ref().map(|launch| launch.get()), Some(r#"{"python": "p"}"#));
        assert!(matches!(&letters[1].request, Request::Cancel { now: true, .. }));
        assert_eq!(unreadable.len(), 1);
    }
}
