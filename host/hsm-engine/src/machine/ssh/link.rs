//! The link to one machine: asks the shell over there, and opens another one where the last has ended. It knows whether something that was
//! asked may have been done.

use super::master::{Master, Seat};
use super::session::{Lost, Reply, Request, Session};
use super::target::{LinkOptions, Target};
use super::trouble;
use crate::process::Silence;
use hsm_core::batch::quoted;
use hsm_core::roles::{Blame, Failure};
use hsm_core::scheduler::{Command, Ending, Exchange};
use std::time::{Duration, Instant};

/// How long the first answer of a shell may take: login scripts of some sites take seconds.
const GREETING_LIMIT: Duration = Duration::from_secs(25);
/// How long after a command's own time its answer is waited for.
const SLACK: Duration = Duration::from_secs(15);
/// How long what hsm itself does over there may take.
pub(crate) const OWN_LIMIT: Duration = Duration::from_secs(60);

/// A link. Nothing happens before the first question.
#[derive(Debug)]
pub struct Link {
    master: Master,
    session: Option<(Session, Seat)>,
    /// What the shell is told before every question.
    setting: String,
    news: Vec<u8>,
    told_at: Option<Instant>,
}

/// What came of a question.
#[derive(Debug)]
pub(crate) enum Unanswered {
    /// It was never sent.
    NotSent(Failure),
    /// It was sent, and whether it was understood is not known.
    NoAnswer(Failure),
}

impl From<Unanswered> for Failure {
    fn from(unanswered: Unanswered) -> Self {
        match unanswered {
            Unanswered::NotSent(failure) | Unanswered::NoAnswer(failure) => failure,
        }
    }
}

impl Link {
    /// A link to `target`.
    #[must_use]
    pub fn new(target: Target, options: LinkOptions) -> Self {
        Self {
            master: Master::new(target, options),
            session: None,
            setting: String::new(),
            news: Vec::new(),
            told_at: None,
        }
    }

    /// The machine.
    #[must_use]
    pub fn target(&self) -> &Target {
        self.master.target()
    }

    /// Connects, and asks nothing.
    ///
    /// # Errors
    /// Why there is no connection, and who must act.
    pub fn connect(&mut self) -> Result<(), Failure> {
        self.session().map(|_| ())
    }

    /// The folder of everything of hsm's, as it is called there. Nothing is made.
    pub(crate) fn far_root(&mut self) -> Result<String, Failure> {
        let configured = self.target().root.clone();
        let reply = self.have("find the folder of hsm's files", &["hsm_outlook", &configured], &[])?;
        let text = String::from_utf8_lossy(&reply.output).into_owned();
        text.lines().nth(2).map(str::to_owned).ok_or_else(|| {
            let message = format!(
                "`{}` did not say where hsm's files are in a way that could be understood",
                self.target().host
            );
            Failure::new(Blame::Transient, "odd-answer", message).with_hint("try again")
        })
    }

    /// The right to a session beside the shell's, and the command of one.
    pub(crate) fn further_session(&mut self) -> Result<(Seat, Vec<String>), Failure> {
        self.master.connect()?;
        Ok((self.master.seat()?, self.master.session()?))
    }

    pub(crate) fn options(&self) -> &LinkOptions {
        self.master.options()
    }

    /// Has the shell told these lines before every question.
    pub(crate) fn set(&mut self, setting: String) {
        self.setting = setting;
    }

    /// Ends the session. The next question has a new one, which remembers nothing.
    pub(crate) fn hang_up(&mut self) {
        self.session = None;
    }

    /// What was new in the watched folders, and when that was last told.
    pub(crate) fn take_news(&mut self) -> (Vec<u8>, Option<Instant>) {
        (std::mem::take(&mut self.news), self.told_at.take())
    }

    /// Asks for what does no harm when it is done twice, so that one lost connection does not matter.
    pub(crate) fn ask(&mut self, words: &[&str], bytes: &[u8], limit: Duration) -> Result<Reply, Failure> {
        match self.ask_once(words, bytes, limit) {
            Err(Unanswered::NoAnswer(failure)) if failure.code != "timed-out" => {
                Ok(self.ask_once(words, bytes, limit)?)
            }
            answer => Ok(answer?),
        }
    }

    /// Asks, and has what was complained about as the failure where it did not succeed. `what` completes “could not”.
    pub(crate) fn have(&mut self, what: &str, words: &[&str], bytes: &[u8]) -> Result<Reply, Failure> {
        let reply = self.ask(words, bytes, OWN_LIMIT)?;
        if reply.code == 0 {
            return Ok(reply);
        }
        Err(trouble::of_far_side(what, &reply.complaint, self.target()))
    }

    /// Asks once. `words` are a function of the far side and its arguments, `bytes` what it takes from its input.
    pub(crate) fn ask_once(
        &mut self,
        words: &[&str],
        bytes: &[u8],
        limit: Duration,
    ) -> Result<Reply, Unanswered> {
        if words.iter().any(|word| word.contains('\0')) {
            let message = "an argument with a NUL byte cannot be passed to any program";
            return Err(Unanswered::NotSent(Failure::new(Blame::Input, "nul-byte", message)));
        }
        let call = words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" ");
        let before = self.setting.clone();
        let session = self.session().map_err(Unanswered::NotSent)?;
        let answer = session.ask(&Request { before: &before, call: &call, bytes }, limit);
        match answer {
            Ok(mut reply) => {
                self.news.append(&mut reply.news);
                self.told_at = Some(Instant::now());
                Ok(reply)
            }
            Err(silence) => Err(Unanswered::NoAnswer(self.lost(silence, limit))),
        }
    }

    /// The session has failed: it is thrown away.
    fn lost(&mut self, silence: Silence, limit: Duration) -> Failure {
        let complaint = self.session.take().map(|(session, _)| session.end()).unwrap_or_default();
        match silence {
            Silence::TimedOut => trouble::no_answer(self.target(), limit.as_secs(), None),
            Silence::Ended if complaint.is_empty() => {
                trouble::of_ssh("Connection closed: the session has ended", self.target(), None)
            }
            Silence::Ended => trouble::of_ssh(&complaint, self.target(), None),
            Silence::System(error) => trouble::of_ssh(&error.to_string(), self.target(), None),
        }
    }

    fn session(&mut self) -> Result<&mut Session, Failure> {
        let open = self.session.as_mut().is_some_and(|(session, _)| session.is_open());
        if !open {
            self.session = None;
            self.session = Some(self.with_room(Self::open)?);
        }
        let nothing =
            || Failure::new(Blame::Internal, "no-session", "a session that was opened is not there");
        self.session.as_mut().map(|(session, _)| session).ok_or_else(nothing)
    }

    /// Does what takes a session. Where the user's connection has none to spare, there is hsm's own; where that cannot be had, the first failure
    /// is what its user can do something about.
    pub(super) fn with_room<T>(
        &mut self,
        act: impl Fn(&mut Self) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        match act(self) {
            Err(failure) if failure.code == trouble::TOO_MANY_SESSIONS && self.master.pass_over() => {
                act(self).map_err(|_| {
                    self.master.turn_back();
                    failure
                })
            }
            done => done,
        }
    }

    fn open(&mut self) -> Result<(Session, Seat), Failure> {
        self.master.connect()?;
        let seat = self.master.seat()?;
        let agent = self.options().agent_socket.as_deref();
        match Session::open(&self.master.session()?, GREETING_LIMIT) {
            Ok((session, version)) if is_recent(&version) => Ok((session, seat)),
            Ok((_, version)) => {
                let message =
                    format!("the bash of `{}` is version {version}, and hsm needs 4.2", self.target().host);
                Err(Failure::new(Blame::Config, "no-bash", message)
                    .with_hint("have a newer bash first on the `PATH` over there"))
            }
            Err(Lost::TimedOut) => Err(trouble::no_answer(self.target(), GREETING_LIMIT.as_secs(), agent)),
            Err(Lost::Ended(complaint)) => Err(trouble::of_ssh(&complaint, self.target(), agent)),
        }
    }

    /// Runs a command over there without a shell having a say in its arguments.
    ///
    /// # Errors
    /// A failure means that the command was never sent. One that was sent and not answered is an exchange that timed out.
    pub fn exchange(&mut self, command: &Command, hands_in: bool) -> Result<Exchange, Failure> {
        let limit = Duration::from_millis(u64::from(command.timeout_ms));
        let seconds = limit.as_secs_f64().ceil().max(1.0).to_string();
        let (has_input, input) = command.stdin.as_deref().map_or(("0", ""), |input| ("1", input));
        let mut words =
            vec!["hsm_run", &seconds, if hands_in { "1" } else { "0" }, has_input, input, &command.program];
        words.extend(command.args.iter().map(String::as_str));
        let mut exchange = Exchange {
            command: command.clone(),
            ending: Ending::TimedOut,
            exit_code: None,
            stdout: Vec::new(),
            stderr: Vec::new(),
            truncated: false,
        };
        match self.ask_once(&words, &[], limit + SLACK) {
            Err(Unanswered::NotSent(failure)) => return Err(failure),
            Err(Unanswered::NoAnswer(failure)) => exchange.stderr = failure.message.into_bytes(),
            Ok(reply) => {
                let remarked = |word: &str| reply.remarks.iter().any(|remark| remark == word);
                exchange.truncated = reply.truncated;
                exchange.stderr = reply.complaint.clone().into_bytes();
                if remarked("not-started") {
                    exchange.ending = Ending::NotStarted;
                    let host = &self.target().host;
                    exchange.stderr =
                        format!("there is no program `{}` on `{host}`", command.program).into_bytes();
                } else if !remarked("timed-out") {
                    (exchange.ending, exchange.exit_code) = (Ending::Exited, Some(reply.code));
                }
                exchange.stdout = reply.output;
            }
        }
        Ok(exchange)
    }
}

fn is_recent(version: &str) -> bool {
    let mut numbers = version.split('.').map(|part| part.parse::<u32>().unwrap_or(0));
    (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0)) >= (4, 2)
}
