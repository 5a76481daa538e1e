//! Exchanges and conversations for the tests of schedulers.

use super::{Command, Ending, Exchange, Job, Site, Step};
use crate::failure::Failure;

/// A command that ended by itself.
pub(super) fn exited(code: i32, stdout: &str, stderr: &str) -> Exchange {
    let (stdout, stderr) = (stdout.as_bytes().to_vec(), stderr.as_bytes().to_vec());
    Exchange {
        command: Command::new("test"),
        ending: Ending::Exited,
        exit_code: Some(code),
        stdout,
        stderr,
        truncated: false,
    }
}

/// A command that said this before its time was over.
pub(super) fn timed_out(stdout: &str, stderr: &str) -> Exchange {
    Exchange { ending: Ending::TimedOut, exit_code: None, ..exited(0, stdout, stderr) }
}

/// A site in UTC without settings, at the day of the recordings.
pub(super) fn site() -> Site {
    Site { user: "alice".to_owned(), now_ms: 1_795_356_440_000, ..Site::default() }
}

/// All of a job with that many elements.
pub(super) fn job(id: &str, elements: u32) -> Job {
    Job { job: id.to_owned(), token: format!("token-{id}"), elements, only: vec![] }
}

/// Answers a conversation from a list of replies: the commands it asked for, each as one line, and its answer. Panics when it asks
/// for more or fewer than there are.
pub(super) fn lead<T>(
    replies: &[Exchange],
    ask: impl Fn(&[Exchange]) -> Result<Step<T>, Failure>,
) -> (Vec<String>, Result<T, Failure>) {
    let (mut commands, mut so_far) = (vec![], vec![]);
    let answer = loop {
        match ask(&so_far) {
            Ok(Step::Run(command)) => {
                commands.push(format!("{} {}", command.program, command.args.join(" ")));
                let Some(reply) = replies.get(so_far.len()) else { panic!("nobody expected {commands:?}") };
                so_far.push(Exchange { command, ..reply.clone() });
            }
            Ok(Step::Done(answer)) => break Ok(answer),
            Err(failure) => break Err(failure),
        }
    };
    assert_eq!(commands.len(), replies.len(), "a reply was not asked for: {commands:?}");
    (commands, answer)
}
