//! Claims and end records: one small file an attempt. Whoever creates the claim may run the task; a second copy finds it and stops. When
//! the task has ended, its claim and its end record are written into the folder of ends, and the claim itself is removed.
//!
//! Such a file is lines of `key=value` words, written by the job's script with nothing but a shell:
//! ```text
//! claim task=12 node=n1 job=33_4 nonce=2153.17 at_ms=1700000000000
//! end code=3 signal=0 asked=none stage=program began_ms=… ended_ms=… mark=end
//! ```
//! An end record without its mark is none: on a full disk, and while it is being written, a line may be cut anywhere.

use std::collections::HashMap;

/// The node name in a claim that the driver took, so that no copy of the task begins.
const DRIVER: &str = "(driver)";

/// Who may run a task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The task.
    pub task: u64,
    /// The machine, by its own name; nothing where the driver took the claim.
    pub node: Option<String>,
    /// The scheduler's id for the job, as the job itself has it.
    pub job: String,
    /// When, in milliseconds since 1970, by that machine's clock.
    pub at_ms: u64,
}

/// The signal that somebody sent the script before its program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// None.
    Nothing,
    /// To end: a time limit, a cancellation, a preemption.
    ToEnd,
}

/// How far an attempt came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// What comes before the program failed: modules, the lines to run first, the working folder.
    Setup,
    /// The program ran.
    Program,
}

/// How an attempt ended, by its own script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndRecord {
    /// The exit code; above 128 where a signal ended the program.
    pub code: i32,
    /// The signal that ended it; 0 where none did.
    pub signal: i32,
    /// Whether it was asked to.
    pub asked: Asked,
    /// How far it came.
    pub stage: Stage,
    /// When the program began, in milliseconds since 1970, by its machine's clock.
    pub began_ms: u64,
    /// When it ended.
    pub ended_ms: u64,
}

/// What such a file says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimFile {
    /// Who has the task.
    pub claim: Claim,
    /// How it ended; nothing while it runs, and where the record is cut.
    pub end: Option<EndRecord>,
}

impl ClaimFile {
    /// Reads the text of such a file; nothing where not even the claim is whole.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut lines = text.lines();
        let claim = claim_of(&words(lines.next()?, "claim")?)?;
        let end = lines.find_map(|line| end_of(&words(line, "end")?));
        Some(Self { claim, end })
    }
}

/// The file by which the driver takes a claim itself.
#[must_use]
pub fn taken_by_driver(task: u64, at_ms: u64) -> String {
    format!("claim task={task} node={DRIVER} job=- nonce=- at_ms={at_ms}\n")
}

/// The words after `kind`, by key.
fn words<'a>(line: &'a str, kind: &str) -> Option<HashMap<&'a str, &'a str>> {
    let mut words = line.split(' ');
    (words.next()? == kind).then(|| words.filter_map(|word| word.split_once('=')).collect())
}

fn claim_of(words: &HashMap<&str, &str>) -> Option<Claim> {
    let node = *words.get("node")?;
    Some(Claim {
        task: words.get("task")?.parse().ok()?,
        node: (node != DRIVER).then(|| node.to_owned()),
        job: (*words.get("job")?).to_owned(),
        at_ms: words.get("at_ms")?.parse().ok()?,
    })
}

fn end_of(words: &HashMap<&str, &str>) -> Option<EndRecord> {
    if words.get("mark") != Some(&"end") {
        return None;
    }
    Some(EndRecord {
        code: words.get("code")?.parse().ok()?,
        signal: words.get("signal")?.parse().ok()?,
        asked: if *words.get("asked")? == "none" { Asked::Nothing } else { Asked::ToEnd },
        stage: if *words.get("stage")? == "setup" { Stage::Setup } else { Stage::Program },
        began_ms: words.get("began_ms")?.parse().ok()?,
        ended_ms: words.get("ended_ms")?.parse().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLAIM: &str = "claim task=12 node=n1 job=33_4 nonce=7.1 at_ms=1700000000000\n";
    const END: &str = "end code=3 signal=0 asked=none stage=program began_ms=5 ended_ms=9 mark=end\n";

    #[test]
    fn a_record_cut_anywhere_is_none() {
        let whole = format!("{CLAIM}{END}");
        let read = ClaimFile::parse(&whole).unwrap();
        assert_eq!((read.claim.task, read.claim.node.as_deref()), (12, Some("n1")));
        assert_eq!(read.end.as_ref().map(|end| (end.code, end.ended_ms)), Some((3, 9)));
        for cut in CLAIM.len()..whole.len() - 1 {
            let read = ClaimFile::parse(&whole[..cut]).unwrap();
            assert_eq!(read.end, None, "cut at {cut}");
        }
        for cut in 0..CLAIM.len() - "at_ms=1700000000000\n".len() {
            assert_eq!(ClaimFile::parse(&whole[..cut]), None, "cut at {cut}");
        }
    }

    #[test]
    fn a_record_after_a_cut_one_counts() {
        let text = format!("{CLAIM}end code=3 sig\n{END}");
        assert_eq!(ClaimFile::parse(&text).unwrap().end.map(|end| end.code), Some(3));
    }

    #[test]
    fn the_driver_is_no_machine() {
        let read = ClaimFile::parse(&taken_by_driver(4, 9)).unwrap();
        assert_eq!(
            read,
            ClaimFile { claim: Claim { task: 4, node: None, job: "-".into(), at_ms: 9 }, end: None }
        );
    }
}
