//! What is new of claims and ends over there, put into the very places here where a job on this machine would have left it.

use hsm_core::batch::{CLAIMS_FOLDER, ENDS_FOLDER, is_token};
use std::fs;
use std::io::{self, Write as _};
use std::path::Path;

/// Writes what `hsm_news` told into the folder of submissions. What cannot be understood is passed over: the next session tells it again.
///
/// # Errors
/// When a file cannot be written here.
pub(crate) fn apply(mut told: &[u8], jobs: &Path) -> io::Result<()> {
    while let Some(at) = memchr::memchr(b'\n', told) {
        let (line, rest) = (&told[..at], &told[at + 1..]);
        let Some((kind, token, task, length)) = heading(line).filter(|heading| heading.3 <= rest.len())
        else {
            tracing::warn!("what the far side said of claims could not be understood");
            return Ok(());
        };
        let (text, rest) = rest.split_at(length);
        told = rest;
        let folder = jobs.join(token);
        let (claims, ends) = (folder.join(CLAIMS_FOLDER), folder.join(ENDS_FOLDER));
        let name = task.to_string();
        if kind == ENDS_FOLDER {
            put(&ends, &name, text)?;
            forget(&claims.join(&name))?;
        } else if !ends.join(&name).exists() {
            put(&claims, &name, text)?;
        }
    }
    Ok(())
}

fn heading(line: &[u8]) -> Option<(&str, &str, u64, usize)> {
    let mut words = std::str::from_utf8(line).ok()?.split(' ');
    let (kind, token) = (words.next()?, words.next()?);
    let known = matches!(kind, CLAIMS_FOLDER | ENDS_FOLDER) && is_token(token);
    let heading = (kind, token, words.next()?.parse().ok()?, words.next()?.parse().ok()?);
    (known && words.next().is_none()).then_some(heading)
}

/// A file appears with all of its text, or not at all.
fn put(folder: &Path, name: &str, text: &[u8]) -> io::Result<()> {
    if fs::read(folder.join(name)).is_ok_and(|there| there == text) {
        return Ok(());
    }
    fs::create_dir_all(folder)?;
    let mut file = tempfile::Builder::new().prefix(".").tempfile_in(folder)?;
    file.write_all(text)?;
    file.persist(folder.join(name))?;
    Ok(())
}

fn forget(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn news_are_where_a_job_would_have_left_them() {
        let jobs = tempfile::tempdir().unwrap();
        let at = |name: &str| jobs.path().join("abcdefghjk").join(name);
        apply(b"claims abcdefghjk 3 2\na\nclaims abcdefghjk 4 2\nb\n", jobs.path()).unwrap();
        assert_eq!(fs::read(at("claims/3")).unwrap(), b"a\n");
        apply(b"ends abcdefghjk 3 4\na\nb\n", jobs.path()).unwrap();
        assert_eq!(fs::read(at("ends/3")).unwrap(), b"a\nb\n");
        assert!(!at("claims/3").exists() && at("claims/4").exists());
        apply(b"claims abcdefghjk 3 2\na\n", jobs.path()).unwrap();
        assert!(!at("claims/3").exists(), "a claim that is told after its end is over");
        assert_eq!(fs::read_dir(at("ends")).unwrap().count(), 1, "nothing else is left");
    }

    #[test]
    fn nothing_is_written_anywhere_else() {
        let jobs = tempfile::tempdir().unwrap();
        for told in [
            "claims ../../etc 3 1\na",
            "claims abcdefghjk ../3 1\na",
            "tasks abcdefghjk 3 1\na",
            "claims abcdefghjk 3 9\na",
            "claims abcdefghjk 3 1 1\na",
            "nonsense\n",
        ] {
            apply(told.as_bytes(), jobs.path()).unwrap();
            assert_eq!(fs::read_dir(jobs.path()).unwrap().count(), 0, "{told:?}");
        }
    }
}
