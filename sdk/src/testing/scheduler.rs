//! Replays recorded conversations.

use super::answer::Answer;
use super::fixture::{Call, Case, SchedulerInput};
use crate::{
    Command, Exchange, Failure, Hold, Json, Outcome, Schedule, SchedulerTraits, Sighting, Step, Verdict,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The most commands of one conversation.
const ROUNDS_MAX: usize = 8;

/// What a scheduler has to answer, spelled as its answers are.
pub(super) fn expected(case: &Case) -> Result<Answer, String> {
    let call = case.scheduler_input()?.call;
    case.expected_answer(|answer| match call {
        Call::Describe => read::<SchedulerTraits>(answer),
        Call::Directives => read::<Vec<String>>(answer),
        Call::Submit | Call::Recover => read::<Outcome>(answer),
        Call::Observe => read::<Vec<Sighting>>(answer),
        Call::Cancel | Call::Hold => read::<Vec<Verdict>>(answer),
    })
}

/// What it does answer, at the end of the recorded conversation.
pub(super) fn answer<P: Schedule>(input: &SchedulerInput) -> Result<Answer, String> {
    let SchedulerInput { site, call, request, jobs, token, release, exchanges } = input;
    match call {
        Call::Describe => converse(exchanges, |so_far| P::describe(site, so_far)),
        Call::Directives => converse(exchanges, |_| P::directives(site, request).map(Step::Done)),
        Call::Submit => converse(exchanges, |so_far| P::submit(site, request, so_far)),
        Call::Recover => converse(exchanges, |so_far| P::recover(site, token, so_far)),
        Call::Observe => converse(exchanges, |so_far| P::observe(site, jobs, so_far)),
        Call::Cancel => converse(exchanges, |so_far| P::cancel(site, jobs, so_far)),
        Call::Hold => converse(exchanges, |so_far| P::hold(site, jobs, Hold::or_release(*release), so_far)),
    }
}

fn read<T: DeserializeOwned + Serialize>(answer: Json) -> Result<Json, String> {
    let answer: T = serde_json::from_value(answer).map_err(|error| format!("expected.json: {error}"))?;
    serde_json::to_value(answer).map_err(|error| error.to_string())
}

fn converse<T: Serialize>(
    exchanges: &[Exchange],
    ask: impl Fn(&[Exchange]) -> Result<Step<T>, Failure>,
) -> Result<Answer, String> {
    if exchanges.len() > ROUNDS_MAX {
        return Err(format!("input.json: a conversation has at most {ROUNDS_MAX} exchanges"));
    }
    for round in 0..=exchanges.len() {
        let recorded = exchanges.get(round).map(|exchange| &exchange.command);
        match (ask(&exchanges[..round]), recorded) {
            (Ok(Step::Run(command)), Some(recorded)) if command == *recorded => {}
            (Ok(Step::Run(command)), Some(recorded)) => {
                let (command, recorded) = (line(&command), line(recorded));
                return Err(format!("exchange {round}: expected the command {recorded}, found {command}"));
            }
            (Ok(Step::Run(command)), None) => {
                let command = line(&command);
                return Err(format!("it asks for {command} after the last of {round} recorded exchanges"));
            }
            (Ok(Step::Done(_)) | Err(_), Some(recorded)) => {
                let recorded = line(recorded);
                return Err(format!("exchange {round}: it answers where {recorded} is recorded"));
            }
            (Ok(Step::Done(answer)), None) => {
                return serde_json::to_value(answer).map(Answer::Said).map_err(|error| error.to_string());
            }
            (Err(failure), None) => return Ok(Answer::Failed(failure)),
        }
    }
    Err("the conversation never ends".to_owned())
}

fn line(command: &Command) -> String {
    serde_json::to_string(command).unwrap_or_else(|_| format!("{command:?}"))
}
