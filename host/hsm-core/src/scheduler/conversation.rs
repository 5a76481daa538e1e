//! Leading a conversation: asking, running, and asking again.

use super::{Command, Exchange, Step};
use crate::failure::{Blame, Failure};

/// The most commands of one conversation. Submitting takes one or two, looking at a hundred jobs a few; a scheduler that wants more is
/// going in circles.
pub const ROUNDS_MAX: usize = 8;

/// What came of a conversation, and every exchange of it, also where it failed.
#[derive(Clone, Debug, PartialEq)]
pub struct Conversation<T> {
    /// The answer, or why there is none.
    pub answer: Result<T, Failure>,
    /// What was run for it, in order.
    pub exchanges: Vec<Exchange>,
}

/// Asks until there is an answer. `ask` is one of the scheduler's functions, `run` runs a command.
///
/// The answer is a failure when `ask` or `run` fail, and when more than [`ROUNDS_MAX`] commands are asked for.
pub fn converse<T>(
    mut ask: impl FnMut(&[Exchange]) -> Result<Step<T>, Failure>,
    mut run: impl FnMut(&Command) -> Result<Exchange, Failure>,
) -> Conversation<T> {
    let mut exchanges = Vec::new();
    let answer = loop {
        match ask(&exchanges) {
            Ok(Step::Done(answer)) => break Ok(answer),
            Ok(Step::Run(_)) if exchanges.len() == ROUNDS_MAX => break Err(endless()),
            Ok(Step::Run(command)) => match run(&command) {
                Ok(exchange) => exchanges.push(exchange),
                Err(failure) => break Err(failure),
            },
            Err(failure) => break Err(failure),
        }
    };
    Conversation { answer, exchanges }
}

fn endless() -> Failure {
    let message = format!("the scheduler wants to run more than {ROUNDS_MAX} commands for one answer");
    Failure::new(Blame::Internal, "too-many-rounds", message)
        .with_hint("this is a fault of the scheduler: report it to its author, or use another release")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scheduler::Ending;

    fn ended(command: &Command) -> Result<Exchange, Failure> {
        let stdout = command.args.join(" ").into_bytes();
        let (ending, exit_code, stderr) = (Ending::Exited, Some(0), Vec::new());
        Ok(Exchange { command: command.clone(), ending, exit_code, stdout, stderr, truncated: false })
    }

    /// Asks for `rounds` commands, then answers how many bytes they said.
    fn asking(rounds: usize) -> impl Fn(&[Exchange]) -> Result<Step<usize>, Failure> {
        move |so_far| {
            if so_far.len() < rounds {
                return Ok(Step::Run(Command::new("look").arg(so_far.len().to_string())));
            }
            Ok(Step::Done(so_far.iter().map(|exchange| exchange.stdout.len()).sum()))
        }
    }

    #[test]
    fn a_conversation_ends_with_the_answer() {
        for rounds in [0, 1, ROUNDS_MAX] {
            let conversation = converse(asking(rounds), ended);
            assert_eq!((conversation.answer, conversation.exchanges.len()), (Ok(rounds), rounds));
        }
    }

    #[test]
    fn going_in_circles_ends_and_keeps_what_was_said() {
        let conversation = converse(asking(ROUNDS_MAX + 1), ended);
        assert_eq!(conversation.answer.unwrap_err().code, "too-many-rounds");
        assert_eq!(conversation.exchanges.len(), ROUNDS_MAX);
    }

    #[test]
    fn whoever_fails_ends_it() {
        let failure = Failure::new(Blame::Transient, "unreachable", "no way");
        let cannot_run = converse(asking(3), |_| Err(failure.clone()));
        assert_eq!((cannot_run.answer, cannot_run.exchanges), (Err(failure.clone()), vec![]));
        let cannot_say = |so_far: &[Exchange]| match so_far.len() {
            0 => Ok(Step::<()>::Run(Command::new("look"))),
            _ => Err(failure.clone()),
        };
        let conversation = converse(cannot_say, ended);
        assert_eq!((conversation.answer, conversation.exchanges.len()), (Err(failure.clone()), 1));
    }
}
