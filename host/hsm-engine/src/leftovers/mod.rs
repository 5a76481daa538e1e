//! What sweeps of a project left on a machine that is reached by ssh: listed with its size, and removed when that is asked for.
//!
//! Only folders that hsm made for this user are removed, never by way of a symbolic link. **Must not:** decide what may go; that takes
//! the sweeps' journals, and is for the caller to say.

mod listing;

pub use listing::{LeftFolder, Leftovers};

use crate::host;
use crate::machine::ssh::{Link, project_folder};
use hsm_core::roles::{Blame, Failure};
use hsm_core::scheduler::{Command, Ending, forget, not_forgotten};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// How long reading the sizes of everything, or removing some of it, may take over there, in milliseconds.
const LIMIT_MS: u32 = 1_800_000;
/// How many names one request has.
const NAMES_AT_ONCE: usize = 200;

/// What a folder over there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeftKind {
    /// A sweep's.
    Sweep,
    /// A snapshot of the project's code.
    Code,
}

/// What the project in the folder `project` of this machine has left over there. Nothing is changed.
///
/// # Errors
/// When the machine cannot be reached, or what it says makes no sense.
pub fn list_leftovers(link: &mut Link, project: &Path) -> Result<Leftovers, Failure> {
    let root = link.far_root()?;
    let folder = project_folder(project, &host::name());
    let said = run(link, "list what sweeps left", include_str!("list.sh"), &[&root, &folder])?;
    listing::parse(&said, root, folder).ok_or_else(|| odd(link))
}

/// Removes folders of the project by their names. Of those that are still there, why.
///
/// # Errors
/// When the machine cannot be reached or does not answer; then any of them may be gone.
pub fn remove_leftovers(
    link: &mut Link,
    of: &Leftovers,
    kind: LeftKind,
    names: &[String],
) -> Result<BTreeMap<String, String>, Failure> {
    let kind = match kind {
        LeftKind::Sweep => "sweeps",
        LeftKind::Code => "code",
    };
    let mut kept = BTreeMap::new();
    for names in names.chunks(NAMES_AT_ONCE) {
        let mut words = vec![of.root.as_str(), &of.project, kind];
        words.extend(names.iter().map(String::as_str));
        let said = run(link, "remove what sweeps left", include_str!("remove.sh"), &words)?;
        let (mut some, gone) = listing::parse_removal(&said).ok_or_else(|| odd(link))?;
        for name in names.iter().filter(|name| !gone.contains(*name)) {
            let why = some.remove(name).unwrap_or_else(|| "nothing was said about it".to_owned());
            kept.insert(name.clone(), why);
        }
    }
    Ok(kept)
}

/// Has hsm's agent forget jobs by their tokens. Those that it still has, for they are not over.
///
/// # Errors
/// When the machine cannot be reached or does not answer, or the agent refuses.
pub fn forget_jobs(link: &mut Link, of: &Leftovers, tokens: &[String]) -> Result<BTreeSet<String>, Failure> {
    let mut kept = BTreeSet::new();
    for tokens in tokens.chunks(NAMES_AT_ONCE) {
        let mut command = forget(&format!("{}/agent/state", of.root), tokens);
        command.timeout_ms = LIMIT_MS;
        kept.extend(not_forgotten(&link.exchange(&command, false)?, tokens)?);
    }
    Ok(kept)
}

/// What a script prints over there.
fn run(link: &mut Link, what: &str, script: &str, words: &[&str]) -> Result<String, Failure> {
    let mut command = Command::new("bash").args(["-c", script, "hsm"]).args(words.iter().copied());
    command.timeout_ms = LIMIT_MS;
    let said = link.exchange(&command, false)?;
    if (said.ending, said.exit_code) == (Ending::Exited, Some(0)) && !said.truncated {
        return Ok(String::from_utf8_lossy(&said.stdout).into_owned());
    }
    let host = &link.target().host;
    let complaint = String::from_utf8_lossy(&said.stderr).trim().to_owned();
    let message = match said.ending {
        Ending::TimedOut => format!("could not {what} on `{host}` in time: {complaint}"),
        _ => format!("could not {what} on `{host}`: {complaint}"),
    };
    Err(Failure::new(Blame::Transient, "no-answer", message)
        .with_hint(format!("see whether `ssh {host} bash --version` answers, and try again")))
}

fn odd(link: &Link) -> Failure {
    let host = &link.target().host;
    let message = format!("what `{host}` says of what sweeps left there is not understood");
    Failure::new(Blame::Transient, "odd-answer", message)
        .with_hint(format!("does `ssh {host} du --version` say that it is GNU's?"))
}
