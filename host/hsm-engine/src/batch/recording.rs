//! Recordings: whole transcripts of what was said to a scheduler, a file each, for a report or a replay. People and their folders are not
//! told in them.

use super::source::Recording;
use crate::clock;
use hsm_core::scheduler::Scheduler;
use hsm_core::scheduler::transcript::Transcript;
use std::fs;
use std::io;
use std::path::PathBuf;

/// Where transcripts of one sweep go, and what is taken out of them.
#[derive(Debug)]
pub(super) struct Recorder {
    folder: PathBuf,
    scheduler: String,
    /// Folders and names, with the words that stand for them.
    secrets: Vec<(String, &'static str)>,
    /// The account is a name that could also be a partition's, or a word of the scheduler's own: it is given up first.
    account: Option<String>,
}

impl Recorder {
    /// A recorder of what is said to `scheduler` about a sweep. `folders` are the sweep's and the project's.
    pub(super) fn new(
        recording: &Recording,
        scheduler: &str,
        user: String,
        account: Option<String>,
        folders: Vec<(String, &'static str)>,
    ) -> Self {
        let mut secrets = folders;
        secrets.push((user, "USER"));
        secrets.extend(recording.home.clone().map(|home| (home, "/HOME")));
        Self { folder: recording.folder.clone(), scheduler: scheduler.to_owned(), secrets, account }
    }

    /// Keeps one conversation. What cannot be written costs the transcript, and nothing else.
    pub(super) fn keep(&self, mut transcript: Transcript, scheduler: &dyn Scheduler) {
        transcript.scheduler.clone_from(&self.scheduler);
        let name = format!("{:013}-{}.json", clock::wall_ms(), transcript.call.word());
        let path = self.folder.join(name);
        let written = self.redacted(&transcript, scheduler).and_then(|transcript| {
            fs::create_dir_all(&self.folder)?;
            fs::write(&path, serde_json::to_vec_pretty(&transcript)?)
        });
        if let Err(error) = written {
            tracing::warn!("the transcript `{}` could not be written: {error}", path.display());
        }
    }

    fn redacted(&self, transcript: &Transcript, scheduler: &dyn Scheduler) -> io::Result<Transcript> {
        let mut all = self.secrets.clone();
        all.extend(self.account.clone().map(|account| (account, "ACCOUNT")));
        let redacted = transcript.redacted(&all)?;
        if redacted.agrees(scheduler).is_ok() {
            return Ok(redacted);
        }
        let redacted = transcript.redacted(&self.secrets)?;
        if let Err(difference) = redacted.agrees(scheduler) {
            tracing::warn!("a transcript cannot be replayed without the names in it: {difference}");
        }
        Ok(redacted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hsm_core::scheduler::transcript::Call;
    use hsm_core::scheduler::{Command, Ending, Exchange, Site, Slurm, Submission, converse};

    /// A submission to Slurm by `bo`, for an account with that name.
    fn submitted(account: &str) -> Transcript {
        let site =
            Site { user: "bo".to_owned(), staging_dir: "/home/bo/p/jobs".to_owned(), ..Site::default() };
        let mut transcript = Transcript::of(Call::Submit, site.clone());
        transcript.request = Submission {
            token: "abcdefghij".to_owned(),
            name: "s.abcdefghij".to_owned(),
            elements: 2,
            workdir: "/home/bo/p".to_owned(),
            stdout: "/home/bo/p/jobs/log".to_owned(),
            stderr: "/home/bo/p/jobs/log".to_owned(),
            script: "/home/bo/p/jobs/abcdefghij/job.sh".to_owned(),
            ..Submission::default()
        };
        transcript.request.resources.account = Some(account.to_owned());
        transcript.request.resources.gpus = Some(1);
        let run = |command: &Command| {
            let stdout = b"7\n".to_vec();
            let command = command.clone();
            let (ending, exit_code, stderr) = (Ending::Exited, Some(0), Vec::new());
            Ok(Exchange { command, ending, exit_code, stdout, stderr, truncated: false })
        };
        let request = transcript.request.clone();
        let conversation =
            converse(|so_far| hsm_core::scheduler::Scheduler::submit(&Slurm, &site, &request, so_far), run);
        assert!(conversation.answer.is_ok(), "{:?}", conversation.answer);
        transcript.with(&conversation)
    }

    fn kept(account: &str) -> (String, Transcript) {
        let folder = tempfile::tempdir().unwrap();
        let recording = Recording { folder: folder.path().join("r"), home: Some("/home/bo".to_owned()) };
        let folders = vec![("/home/bo/p".to_owned(), "/PROJECT")];
        let recorder = Recorder::new(&recording, "slurm", "bo".to_owned(), Some(account.to_owned()), folders);
        recorder.keep(submitted(account), &Slurm);
        let file = fs::read_dir(folder.path().join("r")).unwrap().next().unwrap().unwrap().path();
        let text = fs::read_to_string(file).unwrap();
        let transcript = serde_json::from_str(&text).unwrap();
        (text, transcript)
    }

    #[test]
    fn what_is_kept_tells_nobody_and_can_be_asked_again() {
        let (text, transcript) = kept("thesis42");
        assert_eq!(transcript.agrees(&Slurm), Ok(()));
        assert!(!text.contains("\"bo\"") && !text.contains("/home") && !text.contains("thesis42"), "{text}");
        assert!(text.contains("--account=ACCOUNT") && text.contains("/PROJECT/jobs"), "{text}");
    }

    #[test]
    fn an_account_that_is_a_word_of_the_scheduler_stays() {
        let (text, transcript) = kept("gpu");
        assert_eq!(transcript.agrees(&Slurm), Ok(()));
        assert!(!text.contains("\"bo\"") && text.contains("--account=gpu"), "{text}");
    }
}
