//! Files on their way: rsync, over the connection that is there.

use super::link::Link;
use super::relay::word_for_rsync;
use super::trouble;
use crate::process;
use hsm_core::roles::{Blame, Failure};
use hsm_core::scheduler::{Command, Ending};
use std::path::Path;

/// How long nothing may come before rsync gives up, in seconds.
const SILENCE_S: u32 = 60;
/// How long one transfer may take in all: a large result over a slow line takes hours.
const LIMIT_MS: u32 = 24 * 60 * 60 * 1000;
/// Where rsync keeps what it has of a file until that is whole, so that no reader finds half of one.
pub(crate) const PARTIAL_FOLDER: &str = ".hsm-partial";
/// Some files were not brought: they vanished, or could not be read. What is missing is found by whoever verifies.
const SOME_MISSING: [i32; 2] = [23, 24];

impl Link {
    /// Brings the files and folders `names`, relative to `from` over there, into `to` here. Links that lead out of the tree are left out, and
    /// so is what cannot be read: whoever needs all of it has to verify.
    pub(crate) fn pull(&mut self, names: &[String], from: &str, to: &Path) -> Result<(), Failure> {
        let mut arguments = common();
        arguments.extend(["--files-from=-", "--from0", "--ignore-missing-args"].map(str::to_owned));
        arguments.push("--chmod=Du+rwx,Fu+rw,ug-s".to_owned());
        arguments.extend(["--".to_owned(), format!("there:{from}/"), folder(to)?]);
        let names: String = names.iter().flat_map(|name| [name.as_str(), "\0"]).collect();
        self.rsync("bring results home", arguments, Some(names), &SOME_MISSING)
    }

    /// Brings what is in the folder `from` here, except what `filters` leave out, into the folder `to` over there, sharing what is the same
    /// with the folder `same` beside it.
    pub(crate) fn push(
        &mut self,
        from: &Path,
        to: &str,
        same: Option<&str>,
        filters: &[String],
    ) -> Result<(), Failure> {
        let mut arguments = common();
        arguments.extend_from_slice(filters);
        arguments.extend(same.map(|same| format!("--link-dest=../{same}")));
        arguments.extend(["--".to_owned(), folder(from)?, format!("there:{to}/")]);
        self.rsync("bring files over", arguments, None, &[])
    }

    fn rsync(
        &mut self,
        what: &str,
        arguments: Vec<String>,
        input: Option<String>,
        tolerated: &[i32],
    ) -> Result<(), Failure> {
        let mut command = Command::new(self.options().rsync.clone()).args(arguments);
        command.stdin = input;
        command.timeout_ms = LIMIT_MS;
        self.with_room(|link| link.transfer(what, command.clone(), tolerated))
    }

    fn transfer(&mut self, what: &str, mut command: Command, tolerated: &[i32]) -> Result<(), Failure> {
        let (_seat, session) = self.further_session()?;
        let session = serde_json::to_string(&session)
            .map_err(|error| Failure::new(Blame::Internal, "no-session", error.to_string()))?;
        let relay: Vec<String> =
            self.options().relay.iter().chain([&session]).map(|word| word_for_rsync(word)).collect();
        command.args.splice(0..0, ["-e".to_owned(), relay.join(" ")]);
        let said = process::exchange(&command, false);
        let complaint = String::from_utf8_lossy(&said.stderr).into_owned();
        match (said.ending, said.exit_code) {
            (Ending::Exited, Some(0)) => Ok(()),
            (Ending::Exited, Some(code))
                if tolerated.contains(&code) && !complaint.contains("No space left") =>
            {
                tracing::info!("rsync left something out: {}", complaint.trim());
                Ok(())
            }
            (Ending::NotStarted, _) => {
                Err(trouble::not_started(&self.options().rsync, &std::io::Error::other(complaint)))
            }
            _ => Err(trouble::of_rsync(what, &complaint, self.target())),
        }
    }
}

fn common() -> Vec<String> {
    // Names travel inside the protocol, and never on a command line that a shell reads.
    let mut arguments: Vec<String> =
        ["--recursive", "--links", "--safe-links", "--times", "--perms", "--protect-args"]
            .map(str::to_owned)
            .into();
    arguments.push(format!("--timeout={SILENCE_S}"));
    arguments.push(format!("--partial-dir={PARTIAL_FOLDER}"));
    arguments
}

/// A folder's content, as rsync wants it said. Before a colon, a name could be taken for a host.
fn folder(path: &Path) -> Result<String, Failure> {
    let text = path.to_str().filter(|text| text.starts_with('/')).ok_or_else(|| {
        let message = format!("the path `{}` is not absolute or not UTF-8", path.display());
        Failure::new(Blame::Config, "bad-path", message)
    })?;
    Ok(format!("{}/", text.trim_end_matches('/')))
}
