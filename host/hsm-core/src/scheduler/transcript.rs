//! Transcripts: a question to a scheduler with everything that was run for it. One is a bug report that can be asked again.
//!
//! **Must not:** tell who asked. Names and folders of people are taken out in the question, the commands and their output alike, so that
//! the scheduler still says the same.

use super::{Command, Conversation, Exchange, Hold, Job, ROUNDS_MAX, Scheduler, Site, Step, Submission};
use crate::failure::Failure;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The functions of a scheduler.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Call {
    /// [`Scheduler::describe`].
    Describe,
    /// [`Scheduler::directives`].
    Directives,
    /// [`Scheduler::submit`].
    Submit,
    /// [`Scheduler::recover`].
    Recover,
    /// [`Scheduler::observe`].
    Observe,
    /// [`Scheduler::cancel`].
    Cancel,
    /// [`Scheduler::hold`].
    Hold,
}

impl Call {
    /// The word for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Describe => "describe",
            Self::Directives => "directives",
            Self::Submit => "submit",
            Self::Recover => "recover",
            Self::Observe => "observe",
            Self::Cancel => "cancel",
            Self::Hold => "hold",
        }
    }
}

/// A question, what was run for it, and what came of that.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Transcript {
    /// What `--scheduler` calls the scheduler; empty where that is said elsewhere.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub scheduler: String,
    /// Where.
    #[serde(default)]
    pub site: Site,
    /// What was asked.
    pub call: Call,
    /// The submission that it is about, where it is about one.
    #[serde(default, skip_serializing_if = "is_default")]
    pub request: Submission,
    /// The jobs that it is about.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub jobs: Vec<Job>,
    /// The token of the submission that is looked for.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub token: String,
    /// Whether jobs are let go, where the call is `hold`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub release: bool,
    /// What was run, in order.
    #[serde(default)]
    pub exchanges: Vec<Exchange>,
    /// The answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<Value>,
    /// Why there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
}

impl Transcript {
    /// A question of which nothing came yet.
    #[must_use]
    pub fn of(call: Call, site: Site) -> Self {
        Self {
            scheduler: String::new(),
            site,
            call,
            request: Submission::default(),
            jobs: Vec::new(),
            token: String::new(),
            release: false,
            exchanges: Vec::new(),
            answer: None,
            failure: None,
        }
    }

    /// The same with what came of it.
    #[must_use]
    pub fn with<T: Serialize>(mut self, conversation: &Conversation<T>) -> Self {
        self.exchanges.clone_from(&conversation.exchanges);
        match &conversation.answer {
            Ok(answer) => self.answer = serde_json::to_value(answer).ok(),
            Err(failure) => self.failure = Some(failure.clone()),
        }
        self
    }

    /// Asks `scheduler` with none of the exchanges, with one, and so on. It has to ask for exactly the recorded commands in between; what it
    /// answers then.
    ///
    /// # Errors
    /// The first difference.
    pub fn replay(&self, scheduler: &dyn Scheduler) -> Result<Result<Value, Failure>, String> {
        let Self { site, call, request, jobs, token, release, exchanges, .. } = self;
        if exchanges.len() > ROUNDS_MAX {
            return Err(format!("a conversation has at most {ROUNDS_MAX} exchanges"));
        }
        match call {
            Call::Describe => led(exchanges, |so_far| scheduler.describe(site, so_far)),
            Call::Directives => led(exchanges, |_| scheduler.directives(site, request).map(Step::Done)),
            Call::Submit => led(exchanges, |so_far| scheduler.submit(site, request, so_far)),
            Call::Recover => led(exchanges, |so_far| scheduler.recover(site, token, so_far)),
            Call::Observe => led(exchanges, |so_far| scheduler.observe(site, jobs, so_far)),
            Call::Cancel => led(exchanges, |so_far| scheduler.cancel(site, jobs, so_far)),
            Call::Hold => {
                let hold = if *release { Hold::Release } else { Hold::Hold };
                led(exchanges, |so_far| scheduler.hold(site, jobs, hold, so_far))
            }
        }
    }

    /// Whether `scheduler` asks for the recorded commands and answers what is recorded.
    ///
    /// # Errors
    /// The first difference.
    pub fn agrees(&self, scheduler: &dyn Scheduler) -> Result<(), String> {
        let recorded = match (&self.answer, &self.failure) {
            (_, Some(failure)) => Err(failure.clone()),
            (answer, None) => Ok(answer.clone().unwrap_or(Value::Null)),
        };
        let said = self.replay(scheduler)?;
        if said == recorded {
            Ok(())
        } else {
            Err(format!("it answers {}, and {} is recorded", shown(&said), shown(&recorded)))
        }
    }

    /// The same transcript with other words for what nobody else should read: folders wherever they stand, and names where they are words
    /// of their own. Output that is no text becomes one.
    ///
    /// # Errors
    /// None that a transcript made by this program could cause.
    pub fn redacted(&self, secrets: &[(String, &str)]) -> Result<Self, serde_json::Error> {
        let mut plain = self.clone();
        for exchange in &mut plain.exchanges {
            for output in [&mut exchange.stdout, &mut exchange.stderr] {
                *output = String::from_utf8_lossy(output).into_owned().into_bytes();
            }
        }
        let mut secrets: Vec<&(String, &str)> =
            secrets.iter().filter(|(secret, _)| !secret.is_empty()).collect();
        // A folder in another one first.
        secrets.sort_by_key(|(secret, _)| std::cmp::Reverse(secret.len()));
        let mut value = serde_json::to_value(&plain)?;
        redact(&mut value, &secrets);
        // The words that make up the form are not anybody's.
        value["call"] = serde_json::to_value(self.call)?;
        value["scheduler"] = Value::from(self.scheduler.as_str());
        serde_json::from_value(value)
    }
}

fn redact(value: &mut Value, secrets: &[&(String, &str)]) {
    match value {
        Value::String(text) => {
            for (secret, word) in secrets {
                *text = if secret.contains('/') {
                    text.replace(secret, word)
                } else {
                    of_its_own(text, secret, word)
                };
            }
        }
        Value::Array(values) => values.iter_mut().for_each(|value| redact(value, secrets)),
        Value::Object(fields) => {
            for (name, value) in fields {
                // How a command ended is told by words of the form.
                if !matches!(name.as_str(), "ending" | "blame" | "code") {
                    redact(value, secrets);
                }
            }
        }
        _ => {}
    }
}

/// `text` with `word` for `name` where that is no part of a longer word.
fn of_its_own(text: &str, name: &str, word: &str) -> String {
    let joins = |c: char| c.is_alphanumeric() || c == '_';
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(name) {
        let (before, after) = (&rest[..at], &rest[at + name.len()..]);
        let last = before.chars().next_back().or_else(|| out.chars().next_back());
        let part = last.is_some_and(joins) || after.starts_with(joins);
        out.push_str(before);
        out.push_str(if part { name } else { word });
        rest = after;
    }
    out + rest
}

fn led<T: Serialize>(
    exchanges: &[Exchange],
    ask: impl Fn(&[Exchange]) -> Result<Step<T>, Failure>,
) -> Result<Result<Value, Failure>, String> {
    for (round, exchange) in exchanges.iter().enumerate() {
        let recorded = line(&exchange.command);
        match ask(&exchanges[..round]) {
            Ok(Step::Run(command)) if command == exchange.command => {}
            Ok(Step::Run(command)) => {
                let command = line(&command);
                return Err(format!("exchange {round}: expected the command {recorded}, found {command}"));
            }
            Ok(Step::Done(_)) => {
                return Err(format!("exchange {round}: it answers where {recorded} is recorded"));
            }
            Err(failure) => {
                return Err(format!("exchange {round}: it fails where {recorded} is recorded: {failure}"));
            }
        }
    }
    match ask(exchanges) {
        Ok(Step::Done(answer)) => serde_json::to_value(answer).map(Ok).map_err(|error| error.to_string()),
        Ok(Step::Run(command)) => {
            Err(format!("it asks for {} after {} recorded exchanges", line(&command), exchanges.len()))
        }
        Err(failure) => Ok(Err(failure)),
    }
}

fn line(command: &Command) -> String {
    serde_json::to_string(command).unwrap_or_else(|_| format!("{command:?}"))
}

fn shown(said: &Result<Value, Failure>) -> String {
    match said {
        Ok(answer) => answer.to_string(),
        Err(failure) => format!("the failure `{failure}`"),
    }
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scheduler::testing::{exited, job, site};
    use crate::scheduler::{Pbs, Slurm, converse};

    /// An observation of a running job by Slurm, as it is kept.
    fn observed(stdout: &str) -> Transcript {
        let site = Site { staging_dir: "/home/alice/thesis/sweeps/s/jobs".to_owned(), ..site() };
        let mut question = Transcript::of(Call::Observe, site.clone());
        question.scheduler = "slurm".to_owned();
        question.jobs = vec![job("7", 2)];
        let jobs = question.jobs.clone();
        let conversation = converse(
            |so_far| Slurm.observe(&site, &jobs, so_far),
            |command| {
                Ok(Exchange { command: command.clone(), ..exited(0, stdout, "alice's shell says hello\n") })
            },
        );
        question.with(&conversation)
    }

    #[test]
    fn a_transcript_is_asked_again() {
        let transcript = observed("");
        let text = serde_json::to_string(&transcript).unwrap();
        let read: Transcript = serde_json::from_str(&text).unwrap();
        assert_eq!(read, transcript);
        assert_eq!(read.agrees(&Slurm), Ok(()));
        assert!(read.agrees(&Pbs).unwrap_err().starts_with("exchange 0: expected the command"));
        let mut other = read.clone();
        other.answer = Some(serde_json::json!([{"job": "8"}]));
        assert!(other.agrees(&Slurm).unwrap_err().contains("is recorded"));
        other.exchanges.pop();
        assert!(other.agrees(&Slurm).unwrap_err().starts_with("it asks for"));
    }

    #[test]
    fn nobody_is_told_apart_in_it() {
        let mut transcript = observed("");
        transcript.exchanges[0].stderr.push(0xff);
        let secrets = [
            ("/home/alice".to_owned(), "/HOME"),
            ("/home/alice/thesis".to_owned(), "/PROJECT"),
            ("alice".to_owned(), "USER"),
            ("observe".to_owned(), "ACCOUNT"),
            (String::new(), "NOTHING"),
        ];
        let redacted = transcript.redacted(&secrets).unwrap();
        let text = serde_json::to_string(&redacted).unwrap();
        assert!(!text.contains("alice"), "{text}");
        assert!(text.contains("/PROJECT/sweeps/s/jobs") && text.contains("USER's shell"), "{text}");
        assert_eq!((redacted.call, redacted.agrees(&Slurm)), (Call::Observe, Ok(())));
    }

    #[test]
    fn names_are_words() {
        for (text, expected) in [
            ("user=bo", "user=USER"),
            ("bob bo bo_ _bo bo@n1", "bob USER bo_ _bo USER@n1"),
            ("bobo", "bobo"),
            ("bo,bo", "USER,USER"),
            ("", ""),
        ] {
            assert_eq!(of_its_own(text, "bo", "USER"), expected, "{text}");
        }
    }

    #[test]
    fn every_call_has_its_word() {
        for call in [
            Call::Describe,
            Call::Directives,
            Call::Submit,
            Call::Recover,
            Call::Observe,
            Call::Cancel,
            Call::Hold,
        ] {
            assert_eq!(serde_json::to_value(call).unwrap(), call.word());
        }
    }
}
