//! The agent's text, and what every answer of it has in common: lines that begin with its name and the version of its language.

use crate::failure::{Blame, Failure};
use crate::scheduler::replies::{self, stdout};
use crate::scheduler::{Ending, Exchange};
use sha2::{Digest, Sha256};

/// The agent: a script for bash.
pub const AGENT: &str = concat!(
    include_str!("agent/state.sh"),
    include_str!("agent/processes.sh"),
    include_str!("agent/worker.sh"),
    include_str!("agent/verbs.sh"),
);

/// What each line of an answer begins with. Whatever else is printed is not the agent's.
const PREFIX: &str = "hsm-agent 1 ";

/// The name of the file that holds [`AGENT`], of which a digest of the text is part: an agent that runs is never rewritten.
#[must_use]
pub fn agent_file() -> String {
    let digest = Sha256::digest(AGENT.as_bytes());
    let digits: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    format!("agent-{digits}.sh")
}

/// The agent's lines in an answer, without what they begin with.
///
/// # Errors
/// What the agent refuses, and that there was no whole answer.
pub(super) fn lines(reply: &Exchange) -> Result<Vec<String>, Failure> {
    let text = stdout(reply);
    // A line without its end may be cut anywhere.
    let whole = text.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n'));
    let lines: Vec<String> = whole.filter_map(|line| line.strip_prefix(PREFIX)).map(str::to_owned).collect();
    if let Some(failure) = lines.iter().find_map(|line| refusal(line)) {
        return Err(failure);
    }
    if reply.truncated {
        return Err(replies::cut_off(reply));
    }
    if reply.ending != Ending::Exited || lines.is_empty() {
        return Err(unanswered(reply));
    }
    Ok(lines)
}

/// What the agent refuses, and who must act.
fn refusal(line: &str) -> Option<Failure> {
    let (code, words) = line.strip_prefix("refused ")?.split_once(' ')?;
    let (blame, hint) = match code {
        "no-room" => (Blame::Transient, "make room on that machine's disk; it is tried again"),
        "state" => (Blame::Config, "move it away, or set another `remote_root` for this machine"),
        "elsewhere" => {
            (Blame::Config, "name that machine itself in the settings, not an alias of several machines")
        }
        "script" => (Blame::Transient, "its files may not have arrived there; it is tried again"),
        _ => (Blame::Internal, "this is a fault of hsm: report it, please"),
    };
    Some(Failure::new(blame, code, format!("the agent says: {words}")).with_hint(hint))
}

/// The failure of a request that has no answer.
pub(super) fn unanswered(reply: &Exchange) -> Failure {
    replies::unanswered(reply).with_hint("is there a `bash` on that machine? It is asked again later")
}

/// The failure of a request whose answer is about something else.
pub(super) fn unclear(reply: &Exchange) -> Failure {
    let said = replies::last_words(reply).unwrap_or_default();
    Failure::new(Blame::Transient, "unclear", format!("the agent's answer is not understood: {said}"))
        .with_hint("it is asked again; another release of hsm may have staged the agent")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scheduler::testing::{exited, timed_out};

    #[test]
    fn only_whole_lines_of_the_agent_count() {
        let said = "Welcome to box!\nhsm-agent 1 waiting t 0-3\nhsm-agent 2 waiting t 9\nhsm-agent 1 loo";
        assert_eq!(lines(&exited(0, said, "")).unwrap(), ["waiting t 0-3"]);
        assert_eq!(lines(&exited(0, "Welcome\n", "")).unwrap_err().code, "no-answer");
        assert_eq!(lines(&timed_out("hsm-agent 1 waiting t 0-3\n", "")).unwrap_err().code, "no-answer");
        let cut = Exchange { truncated: true, ..exited(0, said, "") };
        assert_eq!(lines(&cut).unwrap_err().code, "cut-off");
    }

    #[test]
    fn refusals_say_who_must_act() {
        let refused = |line: &str| {
            let failure = lines(&exited(3, &format!("hsm-agent 1 refused {line}\n"), "")).unwrap_err();
            (failure.blame, failure.code, failure.hint.is_some())
        };
        assert_eq!(refused("no-room no space"), (Blame::Transient, "no-room".into(), true));
        assert_eq!(refused("state /s is a symbolic link"), (Blame::Config, "state".into(), true));
        assert_eq!(refused("arguments x"), (Blame::Internal, "arguments".into(), true));
    }

    #[test]
    fn the_name_changes_with_the_text() {
        let name = agent_file();
        assert!(name.starts_with("agent-") && name.ends_with(".sh") && name.len() == 25, "{name}");
        assert!(AGENT.starts_with("#!/bin/bash\n"));
    }
}
