//! Having the agent forget jobs that are over: no part of a sweep's life, but of cleaning up after it.

use super::agent::{self, AGENT};
use crate::failure::Failure;
use crate::scheduler::{Command, Exchange};
use std::collections::BTreeSet;

/// The request to forget these jobs, with the agent's state in the absolute folder `state`. The agent need not be staged: its text is part
/// of the command. A job that is not over is not forgotten.
#[must_use]
pub fn forget(state: &str, tokens: &[String]) -> Command {
    // What stands for the script's name is never read by this request.
    Command::new("bash").args(["-c", AGENT, "agent", "forget", state]).args(tokens.iter().map(String::as_str))
}

/// Which of `tokens` the agent still has after [`forget`], for they are not over.
///
/// # Errors
/// What the agent refuses, and that there was no whole answer: then any of them may still be there.
pub fn not_forgotten(reply: &Exchange, tokens: &[String]) -> Result<BTreeSet<String>, Failure> {
    let lines = agent::lines(reply)?;
    let told = |word: &str, token: &str| lines.iter().any(|line| *line == format!("{word} {token}"));
    if !told("done", &tokens.len().to_string()) {
        return Err(agent::unclear(reply));
    }
    let gone = |token: &&String| told("forgotten", token) || told("unknown", token);
    Ok(tokens.iter().filter(|token| !gone(token)).cloned().collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scheduler::testing::{exited, timed_out};

    #[test]
    fn what_the_agent_does_not_call_forgotten_is_still_there() {
        let tokens: Vec<String> = ["a", "b", "c", "d"].map(str::to_owned).to_vec();
        let said = "hsm-agent 1 forgotten a\nhsm-agent 1 kept b\nhsm-agent 1 unknown d\nhsm-agent 1 done 4\n";
        let kept = not_forgotten(&exited(0, said, ""), &tokens).unwrap();
        assert_eq!(kept.into_iter().collect::<Vec<_>>(), ["b", "c"]);
        assert_eq!(not_forgotten(&exited(0, said, ""), &tokens[..3]).unwrap_err().code, "unclear");
        assert!(not_forgotten(&timed_out("", ""), &tokens).is_err());
        let refused = "hsm-agent 1 refused elsewhere the job a is on other, and this is box\n";
        assert_eq!(not_forgotten(&exited(3, refused, ""), &tokens).unwrap_err().code, "elsewhere");
    }
}
