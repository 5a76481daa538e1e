//! The desk: the thread that speaks with one scheduler on one machine, a question at a time, gently.
//!
//! The driver asks and goes on; answers come when they come. Commands are paced by a token bucket, whoever asked for them, and each has
//! a time limit of its own. Nothing is remembered here but what the scheduler said of itself.

use super::recording::Recorder;
use super::source::BatchSource;
use super::staging::{Stage, Staging};
use super::tally::TallyLine;
use crate::clock;
use crate::error::{Error, ErrorKind};
use crate::machine::{Machine, Place};
use crate::sweep_dir::SweepDir;
use hsm_core::command::Launch;
use hsm_core::journal::Fate;
use hsm_core::roles::{Blame, Failure};
use hsm_core::scheduler::transcript::{Call, Transcript};
use hsm_core::scheduler::{
    Exchange, Hold, Job, Outcome, Scheduler, SchedulerTraits, Sighting, Site, Step, Verdict, converse,
};
use hsm_core::sweep_id::SweepId;
use hsm_core::task_set::TaskSet;
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};
use tokio::sync::mpsc::UnboundedSender;

/// How many commands may follow one another at once, and how many more a second after that: a controller answers some hundred a second
/// for everybody together.
const BURST: f64 = 20.0;
const COMMANDS_PER_SECOND: f64 = 4.0;

/// What the driver asks.
#[derive(Debug)]
pub(crate) enum Question {
    /// What does the scheduler allow?
    Describe,
    /// Make a submission, which is on record, of tasks that start in this way.
    Submit(Stage, Launch),
    /// Find out what became of one whose answer was lost.
    Settle { token: String },
    /// Look at jobs, and bring the new claims and ends of these submissions along.
    Observe(Vec<Job>, Vec<String>),
    /// Stop jobs.
    Cancel(Vec<Job>),
    /// Keep what waits from starting, or let it go.
    Hold(Vec<Job>, Hold),
    /// Take the claims of tasks, so that no attempt at them begins.
    Take(Take),
    /// Bring the new claims and ends of these submissions.
    Look(Vec<String>),
    /// Bring home what these tasks left.
    Fetch(TaskSet),
    /// Keep the sweep in its archive on the other machine.
    Archive,
    /// Remove what is left of the sweep on the other machine, all of which is home.
    Discard,
}

/// Claims to take, and what becomes of the tasks whose claims were to be had.
#[derive(Clone, Debug)]
pub(crate) struct Take {
    pub(crate) token: String,
    pub(crate) tasks: TaskSet,
    pub(crate) fate: Fate,
    pub(crate) why: String,
}

/// What came of it.
#[derive(Debug)]
pub(crate) enum Answer {
    /// The scheduler said what it allows, or why not; and how far its machine's clock is ahead, in milliseconds.
    Described(Result<(SchedulerTraits, i64), Failure>),
    /// A submission was made, or not. An error means that nothing was handed in; `for_good`, that trying again would come to the same,
    /// should it turn out that the job is not there.
    Submitted { token: String, outcome: Result<Outcome, Error>, for_good: bool },
    /// What became of a submission.
    Settled { token: String, outcome: Result<Outcome, Failure> },
    /// What the scheduler says of these jobs.
    Observed { asked: Vec<Job>, seen: Result<Vec<Sighting>, Failure> },
    /// Whether jobs stop.
    Cancelled { asked: Vec<Job>, verdicts: Result<Vec<Verdict>, Failure> },
    /// Whether jobs are held, or were let go.
    Held { hold: Hold, verdicts: Result<Vec<Verdict>, Failure> },
    /// The claims that were to be had.
    Taken { asked: Take, taken: Result<TaskSet, Failure> },
    /// What tasks left is here as far as it is told.
    Looked(Result<(), Failure>),
    /// The tasks of which everything is home.
    Fetched { asked: TaskSet, home: Result<TaskSet, Failure> },
    /// Where the sweep is kept on the other machine.
    Archived(Result<Option<PathBuf>, Failure>),
    /// Whether the other machine's copy is gone.
    Discarded(Result<(), Failure>),
}

/// Where answers go, and what marks them.
#[derive(Debug)]
pub(crate) struct Answers {
    pub(crate) number: u64,
    pub(crate) to: UnboundedSender<(u64, Answer)>,
}

/// A desk.
#[derive(Debug)]
pub(crate) struct Desk {
    questions: mpsc::Sender<Question>,
    /// How many questions have not been answered.
    pending: usize,
}

impl Desk {
    /// Opens a desk for one sweep, and asks what the scheduler allows.
    pub(crate) fn open(
        dir: SweepDir,
        sweep_id: SweepId,
        launch: Launch,
        source: BatchSource,
        scheduler: Arc<dyn Scheduler>,
        machine: Box<dyn Machine>,
        answers: Answers,
    ) -> std::io::Result<Self> {
        let (questions, asked) = mpsc::channel();
        let clerk = Clerk {
            dir,
            sweep_id,
            launch,
            source,
            scheduler,
            machine,
            answers,
            bucket: Bucket::full(),
            traits: None,
            recorder: None,
        };
        std::thread::Builder::new().name("hsm desk".to_owned()).spawn(move || clerk.work(&asked))?;
        let mut desk = Self { questions, pending: 0 };
        desk.ask(Question::Describe);
        Ok(desk)
    }

    /// Asks. The answer comes later.
    pub(crate) fn ask(&mut self, question: Question) {
        // The thread ends only with this sender.
        if self.questions.send(question).is_ok() {
            self.pending += 1;
        }
    }

    /// Notes that one answer came.
    pub(crate) fn answered(&mut self) {
        self.pending = self.pending.saturating_sub(1);
    }

    /// Whether every question has its answer.
    pub(crate) fn is_idle(&self) -> bool {
        self.pending == 0
    }
}

/// Where conversations with a scheduler at a place take place.
pub(crate) fn site(source: &BatchSource, place: &Place) -> Site {
    Site {
        config: source.config_at(place),
        user: place.user.clone(),
        staging_dir: place.dir.jobs().display().to_string(),
        now_ms: clock::wall_ms(),
        // Commands whose output is read run in UTC.
        utc_offset_minutes: 0,
    }
}

struct Clerk {
    dir: SweepDir,
    sweep_id: SweepId,
    launch: Launch,
    source: BatchSource,
    scheduler: Arc<dyn Scheduler>,
    machine: Box<dyn Machine>,
    answers: Answers,
    bucket: Bucket,
    traits: Option<SchedulerTraits>,
    recorder: Option<Recorder>,
}

impl Clerk {
    fn work(mut self, asked: &mpsc::Receiver<Question>) {
        while let Ok(question) = asked.recv() {
            let answer = self.answer(question);
            if self.answers.to.send((self.answers.number, answer)).is_err() {
                return;
            }
        }
    }

    fn answer(&mut self, question: Question) -> Answer {
        match question {
            Question::Describe => Answer::Described(self.introduce()),
            Question::Submit(stage, launch) => {
                self.launch = launch;
                let token = stage.token.clone();
                match self.submit(&stage) {
                    Ok((outcome, for_good)) => Answer::Submitted { token, outcome: Ok(outcome), for_good },
                    Err(error) => Answer::Submitted { token, outcome: Err(error), for_good: false },
                }
            }
            Question::Settle { token } => {
                let outcome = self.settle(&token);
                Answer::Settled { token, outcome }
            }
            Question::Observe(asked, watched) => {
                let seen = self.observe(&asked, &watched);
                Answer::Observed { asked, seen }
            }
            Question::Cancel(asked) => {
                let verdicts = self.cancel(&asked);
                Answer::Cancelled { asked, verdicts }
            }
            Question::Hold(jobs, hold) => Answer::Held { hold, verdicts: self.hold(&jobs, hold) },
            Question::Take(asked) => {
                let taken = self.machine.take_claims(&asked.token, &asked.tasks, clock::wall_ms());
                Answer::Taken { asked, taken }
            }
            Question::Look(tokens) => Answer::Looked(self.machine.look(&tokens)),
            Question::Fetch(asked) => {
                let home = self.machine.fetch(&asked);
                Answer::Fetched { asked, home }
            }
            Question::Archive => Answer::Archived(self.machine.archive()),
            Question::Discard => Answer::Discarded(self.machine.discard()),
        }
    }

    fn introduce(&mut self) -> Result<(SchedulerTraits, i64), Failure> {
        let traits = self.describe()?;
        Ok((traits, self.machine.place()?.clock_ahead_ms))
    }

    fn settle(&mut self, token: &str) -> Result<Outcome, Failure> {
        let (scheduler, site) = self.at()?;
        let question = Transcript { token: token.to_owned(), ..Transcript::of(Call::Recover, site.clone()) };
        self.lead(question, |so_far| scheduler.recover(&site, token, so_far))
    }

    fn observe(&mut self, jobs: &[Job], watched: &[String]) -> Result<Vec<Sighting>, Failure> {
        let (scheduler, site) = self.at()?;
        let question = about_jobs(Call::Observe, &site, jobs);
        let seen = self.lead(question, |so_far| scheduler.observe(&site, jobs, so_far))?;
        self.machine.look(watched)?;
        Ok(seen)
    }

    fn cancel(&mut self, jobs: &[Job]) -> Result<Vec<Verdict>, Failure> {
        let (scheduler, site) = self.at()?;
        let question = about_jobs(Call::Cancel, &site, jobs);
        self.lead(question, |so_far| scheduler.cancel(&site, jobs, so_far))
    }

    fn hold(&mut self, jobs: &[Job], hold: Hold) -> Result<Vec<Verdict>, Failure> {
        let (scheduler, site) = self.at()?;
        let release = hold == Hold::Release;
        let question = Transcript { release, ..about_jobs(Call::Hold, &site, jobs) };
        self.lead(question, |so_far| scheduler.hold(&site, jobs, hold, so_far))
    }

    /// What keeps transcripts, where that was asked for.
    fn recorder(&self, place: &Place) -> Option<Recorder> {
        let recording = self.source.record.as_ref()?;
        let folder = |path: &Path, word| (path.display().to_string(), word);
        let folders = vec![folder(place.dir.root(), "/SWEEP"), folder(&self.launch.project_root, "/PROJECT")];
        let (name, account) = (&self.source.scheduler.name, self.source.resources.account.clone());
        Some(Recorder::new(recording, name, place.user.clone(), account, folders))
    }

    /// The scheduler, and where it is spoken to.
    fn at(&mut self) -> Result<(Arc<dyn Scheduler>, Site), Failure> {
        let place = self.machine.place()?;
        if self.recorder.is_none() {
            self.recorder = self.recorder(&place);
        }
        Ok((Arc::clone(&self.scheduler), site(&self.source, &place)))
    }

    fn describe(&mut self) -> Result<SchedulerTraits, Failure> {
        let (scheduler, site) = self.at()?;
        let question = Transcript::of(Call::Describe, site.clone());
        let traits = self.lead(question, |so_far| scheduler.describe(&site, so_far))?;
        self.traits = Some(traits.clone());
        Ok(traits)
    }

    /// Hands one submission in: what came of it, and whether trying again would come to the same.
    fn submit(&mut self, stage: &Stage) -> Result<(Outcome, bool), Error> {
        let traits = match self.traits.clone() {
            Some(traits) => traits,
            None => self.describe().map_err(Error::of_scheduler)?,
        };
        let (scheduler, site) = self.at().map_err(Error::of_scheduler)?;
        let launch = self.machine.bring_code(&self.launch).map_err(Error::of_scheduler)?;
        let staging = Staging {
            dir: &self.dir,
            place: &self.machine.place().map_err(Error::of_scheduler)?,
            launch: &launch,
            sweep_id: &self.sweep_id,
            source: &self.source,
            scheduler: &*scheduler,
            site: &site,
            traits: &traits,
        };
        let request = staging.write(stage)?;
        self.machine.deliver(&stage.token, &stage.again).map_err(Error::of_scheduler)?;
        let mut handed_in = false;
        let question = Transcript { request: request.clone(), ..Transcript::of(Call::Submit, site.clone()) };
        let outcome = self.lead(question, |so_far| {
            handed_in |= !so_far.is_empty();
            scheduler.submit(&site, &request, so_far)
        });
        match outcome {
            Ok(outcome) => Ok((outcome, false)),
            // Something was run, and what it said was not understood: the job may be there.
            Err(failure) if handed_in => {
                Ok((Outcome::Unknown(failure.to_string()), failure.blame != Blame::Transient))
            }
            Err(failure) => Err(Error::of_scheduler(failure)),
        }
    }

    /// Leads one conversation, puts its commands on the tally, and records it where that was asked for.
    fn lead<T: Serialize>(
        &mut self,
        question: Transcript,
        ask: impl FnMut(&[Exchange]) -> Result<Step<T>, Failure>,
    ) -> Result<T, Failure> {
        let (jobs, bucket, machine, call) =
            (self.dir.jobs(), &mut self.bucket, &mut self.machine, question.call);
        let conversation = converse(ask, |command| {
            bucket.take();
            let (began, at_ms) = (Instant::now(), clock::wall_ms());
            let exchange = machine.exchange(command, call == Call::Submit)?;
            let took_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
            TallyLine::new(call.word(), at_ms, took_ms, &exchange).append(&jobs);
            Ok(exchange)
        });
        if let Some(recorder) = &self.recorder {
            recorder.keep(question.with(&conversation), &*self.scheduler);
        }
        conversation.answer
    }
}

fn about_jobs(call: Call, site: &Site, jobs: &[Job]) -> Transcript {
    Transcript { jobs: jobs.to_vec(), ..Transcript::of(call, site.clone()) }
}

/// Paces commands.
struct Bucket {
    left: f64,
    filled: Instant,
}

impl Bucket {
    fn full() -> Self {
        Self { left: BURST, filled: Instant::now() }
    }

    /// Waits until one more command is allowed.
    fn take(&mut self) {
        let now = Instant::now();
        self.left = (self.left + (now - self.filled).as_secs_f64() * COMMANDS_PER_SECOND).min(BURST);
        self.filled = now;
        if self.left < 1.0 {
            std::thread::sleep(Duration::from_secs_f64((1.0 - self.left) / COMMANDS_PER_SECOND));
            self.left = 1.0;
            self.filled = Instant::now();
        }
        self.left -= 1.0;
    }
}

impl Error {
    /// Whether trying again later may help.
    pub(crate) fn may_pass(&self) -> bool {
        !matches!(self.kind(), ErrorKind::Configuration | ErrorKind::Plugin)
    }
}
