//! What attempts leave in a submission's folder, and taking claims so that no attempt begins. Listing a folder costs the same for one
//! task and for thousands; a file is opened once, when it is new.

use hsm_core::batch::{CLAIMS_FOLDER, ClaimFile, ENDS_FOLDER, taken_by_driver};
use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

/// No such file is longer: a claim and a few records are some hundred bytes.
const FILE_LIMIT_BYTES: u64 = 64 << 10;

/// What became of a claim that the driver wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Taken {
    /// It is the driver's: the task does not begin.
    Ours,
    /// An attempt has it, or had it.
    Theirs,
}

/// The claims and ends of one submission.
#[derive(Debug)]
pub(crate) struct Claims {
    claims: PathBuf,
    ends: PathBuf,
    /// Files of ends that need not be looked at again.
    read: HashSet<u64>,
}

impl Claims {
    pub(crate) fn new(folder: &Path) -> Self {
        Self { claims: folder.join(CLAIMS_FOLDER), ends: folder.join(ENDS_FOLDER), read: HashSet::new() }
    }

    /// The claims of tasks that `wanted` says yes to, except those that the driver took. A file that is just being written is left out.
    pub(crate) fn claimed(&self, wanted: impl Fn(u64) -> bool) -> io::Result<Vec<ClaimFile>> {
        let mut found = Vec::new();
        for task in numbers(&self.claims)?.into_iter().filter(|task| wanted(*task)) {
            let file = read(&self.claims.join(task.to_string()))?;
            found.extend(file.filter(|file| file.claim.task == task && file.claim.node.is_some()));
        }
        Ok(found)
    }

    /// The ended attempts of tasks that `wanted` says yes to and that were not answered before. One whose record is cut comes again until
    /// it is whole.
    pub(crate) fn ended(&mut self, wanted: impl Fn(u64) -> bool) -> io::Result<Vec<ClaimFile>> {
        let mut found = Vec::new();
        for task in numbers(&self.ends)? {
            if !wanted(task) || self.read.contains(&task) {
                continue;
            }
            if let Some(file) =
                read(&self.ends.join(task.to_string()))?.filter(|file| file.claim.task == task)
            {
                if file.end.is_some() {
                    self.read.insert(task);
                }
                found.push(file);
            }
        }
        Ok(found)
    }

    /// Takes the claim of `task`, unless an attempt has it or has ended. The folder is made where it is missing: the submission may be just
    /// about to be made, and its attempts have to find the claim.
    pub(crate) fn take(&self, task: u64, now_ms: u64) -> io::Result<Taken> {
        let path = self.claims.join(task.to_string());
        let created = match File::create_new(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                fs::create_dir_all(&self.claims)?;
                File::create_new(&path)
            }
            created => created,
        };
        match created {
            Ok(mut file) => {
                if self.ends.join(task.to_string()).exists() {
                    fs::remove_file(&path)?;
                    return Ok(Taken::Theirs);
                }
                // Empty or not, the file is there, and that is what stops an attempt.
                file.write_all(taken_by_driver(task, now_ms).as_bytes())?;
                Ok(Taken::Ours)
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                let ours = read(&path)?.is_some_and(|file| file.claim.node.is_none());
                Ok(if ours { Taken::Ours } else { Taken::Theirs })
            }
            Err(error) => Err(error),
        }
    }
}

/// The files in a folder that are called by a number; none where there is no such folder.
fn numbers(folder: &Path) -> io::Result<Vec<u64>> {
    match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error),
        Ok(entries) => {
            let mut numbers = Vec::new();
            for entry in entries {
                numbers.extend(entry?.file_name().to_str().and_then(|name| name.parse::<u64>().ok()));
            }
            Ok(numbers)
        }
    }
}

/// What a file says; nothing where it is gone, or not even its claim is whole.
fn read(path: &Path) -> io::Result<Option<ClaimFile>> {
    let file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        file => file?,
    };
    let mut text = Vec::new();
    file.take(FILE_LIMIT_BYTES).read_to_end(&mut text)?;
    Ok(ClaimFile::parse(&String::from_utf8_lossy(&text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLAIM: &str = "claim task=3 node=n1 job=7 nonce=1.2 at_ms=5\n";
    const END: &str = "end code=0 signal=0 asked=none stage=program began_ms=5 ended_ms=9 mark=end\n";

    fn folder() -> (tempfile::TempDir, Claims) {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join(CLAIMS_FOLDER)).unwrap();
        fs::create_dir(folder.path().join(ENDS_FOLDER)).unwrap();
        let claims = Claims::new(folder.path());
        (folder, claims)
    }

    #[test]
    fn a_claim_is_taken_once() {
        let (_folder, claims) = folder();
        assert_eq!(claims.take(3, 1).unwrap(), Taken::Ours);
        assert_eq!(claims.take(3, 2).unwrap(), Taken::Ours, "taking it again changes nothing");
        assert!(claims.claimed(|_| true).unwrap().is_empty(), "the driver's own are no attempts");
    }

    #[test]
    fn a_claim_can_be_taken_before_there_is_a_submission() {
        let (folder, claims) = folder();
        fs::remove_dir(folder.path().join(CLAIMS_FOLDER)).unwrap();
        assert_eq!(claims.take(3, 1).unwrap(), Taken::Ours);
        assert!(folder.path().join("claims/3").exists(), "what comes later has to find it");
    }

    #[test]
    fn what_an_attempt_has_stays_its_own() {
        let (folder, mut claims) = folder();
        fs::write(folder.path().join("claims/3"), "").unwrap();
        assert_eq!(claims.take(3, 1).unwrap(), Taken::Theirs, "also while it is being written");
        assert!(claims.claimed(|_| true).unwrap().is_empty());
        fs::write(folder.path().join("claims/3"), CLAIM).unwrap();
        assert_eq!(claims.take(3, 1).unwrap(), Taken::Theirs);
        assert_eq!(claims.claimed(|_| true).unwrap().len(), 1);
        fs::remove_file(folder.path().join("claims/3")).unwrap();
        fs::write(folder.path().join("ends/3"), format!("{CLAIM}end code=0 sig")).unwrap();
        assert_eq!(claims.take(3, 1).unwrap(), Taken::Theirs, "it ended");
        assert!(!folder.path().join("claims/3").exists());
        assert_eq!(claims.ended(|_| true).unwrap()[0].end, None);
        fs::write(folder.path().join("ends/3"), format!("{CLAIM}{END}")).unwrap();
        assert!(claims.ended(|_| true).unwrap()[0].end.is_some());
        assert!(claims.ended(|_| true).unwrap().is_empty(), "it was told once");
    }
}
