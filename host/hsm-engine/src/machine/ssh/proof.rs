//! What the far side lists against what is here: sizes and digests of a task's files.

use sha2::{Digest as _, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, Read as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

/// One file over there. What is missing could not be read there.
#[derive(Debug, Default, PartialEq, Eq)]
struct Listed {
    bytes: Option<u64>,
    digest: Option<String>,
}

/// The tasks whose listed files are not all here as listed, by the listing of `hsm_digests` and the folder of the tasks' folders here.
/// Nothing, where the listing itself cannot be understood.
pub(crate) fn differing(listing: &[u8], tasks: &Path) -> Option<BTreeSet<u64>> {
    let mut differing = BTreeSet::new();
    for (path, listed) in read(listing)? {
        let task = path.split('/').next()?.strip_prefix("task_")?.parse().ok()?;
        if path.split('/').any(|part| matches!(part, "" | "." | "..")) {
            return None;
        }
        if !differing.contains(&task) && !is_same(&tasks.join(&path), &listed).unwrap_or(false) {
            differing.insert(task);
        }
    }
    Some(differing)
}

fn read(listing: &[u8]) -> Option<BTreeMap<String, Listed>> {
    let mut files: BTreeMap<String, Listed> = BTreeMap::new();
    for line in listing.split(|byte| *byte == 0).filter(|line| !line.is_empty()) {
        // A name that is no text cannot be looked for here; its task is never called whole.
        let line = String::from_utf8_lossy(line);
        match line.strip_prefix("size ") {
            Some(rest) => {
                let (bytes, path) = rest.split_once(' ')?;
                files.entry(path.to_owned()).or_default().bytes = Some(bytes.parse().ok()?);
            }
            None => {
                let (digest, path) = line.split_once(' ')?;
                // The second blank, or a star, says how the file was read.
                files.entry(path.get(1..)?.to_owned()).or_default().digest = Some(digest.to_owned());
            }
        }
    }
    Some(files)
}

fn is_same(path: &Path, listed: &Listed) -> io::Result<bool> {
    let (Some(bytes), Some(digest)) = (listed.bytes, &listed.digest) else { return Ok(false) };
    let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
    let mut file = File::options().read(true).custom_flags(flags.bits().cast_signed()).open(path)?;
    let facts = file.metadata()?;
    if !facts.is_file() || facts.len() != bytes {
        return Ok(false);
    }
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 64 << 10];
    loop {
        match file.read(&mut buffer)? {
            0 => break,
            read => hasher.update(&buffer[..read]),
        }
    }
    let here: String = hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(here == *digest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    /// The digest of `hello`.
    const HELLO: &str = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";

    fn differing_in(listing: &str) -> Option<Vec<u64>> {
        let folder = tempfile::tempdir().unwrap();
        for task in [1, 2] {
            fs::create_dir(folder.path().join(format!("task_{task}"))).unwrap();
            fs::write(folder.path().join(format!("task_{task}/a b")), "hello").unwrap();
        }
        std::os::unix::fs::symlink("a b", folder.path().join("task_1/link")).unwrap();
        differing(listing.as_bytes(), folder.path()).map(|tasks| tasks.into_iter().collect())
    }

    #[test]
    fn only_the_very_same_is_the_same() {
        let other = HELLO.replace('2', "3");
        for (listing, expected) in [
            (format!("size 5 task_1/a b\0{HELLO}  task_1/a b\0"), Some(vec![])),
            (format!("size 5 task_1/a b\0{other}  task_1/a b\0"), Some(vec![1])),
            (format!("size 6 task_1/a b\0{HELLO}  task_1/a b\0"), Some(vec![1])),
            ("size 5 task_1/a b\0".to_owned(), Some(vec![1])),
            (format!("{HELLO}  task_1/a b\0"), Some(vec![1])),
            (format!("size 5 task_1/link\0{HELLO}  task_1/link\0"), Some(vec![1])),
            (format!("size 5 task_2/none\0{HELLO}  task_2/none\0"), Some(vec![2])),
            (String::new(), Some(vec![])),
            (format!("size 5 ../a b\0{HELLO}  ../a b\0"), None),
            (format!("size 5 task_1/../../a\0{HELLO}  task_1/../../a\0"), None),
            ("nonsense\0".to_owned(), None),
        ] {
            assert_eq!(differing_in(&listing), expected, "{listing:?}");
        }
    }
}
