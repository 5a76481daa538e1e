//! A sweep on a machine that is reached by ssh: its folder there, what is delivered to it and what comes home.

use super::link::{Link, OWN_LIMIT};
use super::target::{LinkOptions, Target};
use super::{news, proof, trouble};
use crate::clock;
use crate::host;
use crate::machine::{AgentPlace, Remote};
use crate::machine::{Machine, Place};
use crate::sweep_dir::SweepDir;
use hsm_core::batch::{CHUNKS_FOLDER, SCRIPT_FILE, is_token, quoted};
use hsm_core::command::Launch;
use hsm_core::roles::{Blame, Failure};
use hsm_core::scheduler::{Command, Exchange};
use hsm_core::sweep_id::SweepId;
use hsm_core::task_set::TaskSet;
use sha2::{Digest as _, Sha256};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How long news that came with another answer are new enough: within one turn of a driver.
const NEWS_LAST: Duration = Duration::from_millis(500);
/// How long listing and reading all files of some tasks may take over there.
const PROOF_LIMIT: Duration = Duration::from_secs(3600);
/// How many claims one request takes, so that its line stays short and its time bounded.
const CLAIMS_AT_ONCE: u64 = 10_000;
/// How much of a project's name is part of its folder's.
const NAME_BYTES: usize = 40;

/// One sweep on one machine.
#[derive(Debug)]
pub(crate) struct SshMachine {
    link: Link,
    here: SweepDir,
    sweep: SweepId,
    remote: Remote,
    /// Whether tasks are started by hsm's own agent.
    needs_agent: bool,
    there: Option<There>,
    watched: Vec<String>,
    pub(super) agent: Option<AgentPlace>,
    pub(super) python: Option<String>,
}

/// The sweep's place over there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct There {
    /// The user's name.
    pub(crate) user: String,
    /// How far the clock there is ahead of this machine's, in milliseconds; 0 where the difference cannot be told from the way there.
    pub(crate) clock_ahead_ms: i64,
    /// The folder of everything of hsm's.
    pub(crate) root: PathBuf,
    /// The folder of everything of this project.
    pub(crate) project: PathBuf,
    /// The sweep's folder.
    pub(crate) dir: SweepDir,
}

impl SshMachine {
    /// The machine `remote` for the sweep whose folder here is `here`. Nothing happens yet.
    pub(crate) fn new(
        remote: Remote,
        needs_agent: bool,
        options: LinkOptions,
        here: SweepDir,
        sweep: SweepId,
    ) -> Self {
        Self {
            link: Link::new(remote.target.clone(), options),
            here,
            sweep,
            remote,
            needs_agent,
            there: None,
            watched: Vec::new(),
            agent: None,
            python: None,
        }
    }

    /// What is to be known of the machine.
    pub(super) fn remote(&self) -> &Remote {
        &self.remote
    }

    /// The link, for what has nothing to do with the sweep.
    pub(crate) fn link(&mut self) -> &mut Link {
        &mut self.link
    }

    /// The sweep's folder here.
    pub(crate) fn here_root(&self) -> &Path {
        self.here.root()
    }

    /// The sweep's place there. The first call makes its folders, each with a marker that says whose they are.
    pub(crate) fn there(&mut self) -> Result<There, Failure> {
        if let Some(there) = &self.there {
            return Ok(there.clone());
        }
        let (project, of) = (self.project_name(), self.marker());
        let (root, sweep) = (self.link.target().root.clone(), self.sweep.as_str().to_owned());
        let there = self.ask_place(&["hsm_place", &root, &project, &sweep, &of], &project)?;
        self.there = Some(there.clone());
        self.tell();
        Ok(there)
    }

    /// The same, and nothing is made there.
    pub(crate) fn would_be(&mut self) -> Result<There, Failure> {
        let project = self.project_name();
        let (root, sweep) = (self.link.target().root.clone(), self.sweep.as_str().to_owned());
        self.ask_place(&["hsm_outlook", &root, &project, &sweep], &project)
    }

    fn ask_place(&mut self, words: &[&str], project: &str) -> Result<There, Failure> {
        // Connecting takes its time, and must not count as the way there.
        self.link.connect()?;
        let (began, sent_ms) = (Instant::now(), clock::wall_ms());
        let reply = self.link.have("make the sweep's folder", words, &[])?;
        let way_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        read_place(&reply.output, sent_ms, way_ms, project, self.sweep.as_str())
            .ok_or_else(|| odd("where the sweep's folder is", self.link.target()))
    }

    /// What the project's folder is called there.
    fn project_name(&self) -> String {
        project_folder(&self.remote.project, &host::name())
    }

    /// What the marker says that a folder belongs to.
    pub(crate) fn marker(&self) -> String {
        format!("the project {} on {}", self.remote.project.display(), host::name())
    }

    fn tell(&mut self) {
        let Some(there) = &self.there else { return };
        let watched: Vec<String> = self.watched.iter().map(|token| quoted(token)).collect();
        let dir = quoted(&there.dir.root().display().to_string());
        self.link.set(format!("hsm_sweep={dir}\nhsm_watched=({})\n", watched.join(" ")));
    }

    /// Moves aside what earlier attempts of tasks left there.
    pub(crate) fn set_aside(&mut self, again: &[(u64, u32)]) -> Result<(), Failure> {
        if again.is_empty() {
            return Ok(());
        }
        self.there()?;
        let mut words = vec!["hsm_set_aside".to_owned()];
        words.extend(again.iter().flat_map(|(task, attempt)| [task.to_string(), attempt.to_string()]));
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        self.link.have("move earlier results aside", &words, &[]).map(|_| ())
    }
}

impl Machine for SshMachine {
    fn outlook(&mut self) -> Result<Place, Failure> {
        let there = self.would_be()?;
        let agent = self.needs_agent.then(|| Self::agent_outlook(&there.root));
        Ok(there.into_place(agent))
    }

    fn place(&mut self) -> Result<Place, Failure> {
        let there = self.there()?;
        let agent = if self.needs_agent { Some(self.bring_agent()?) } else { None };
        Ok(there.into_place(agent))
    }

    fn launch_outlook(&mut self, launch: &Launch) -> Result<Launch, Failure> {
        let project = self.would_be()?.project;
        self.launch_in(launch, project.join("code"))
    }

    fn bring_code(&mut self, launch: &Launch) -> Result<Launch, Failure> {
        self.push_code(launch)
    }

    // What is new in the watched folders comes with the answer.
    fn exchange(&mut self, command: &Command, hands_in: bool) -> Result<Exchange, Failure> {
        self.link.exchange(command, hands_in)
    }

    // One round trip, and the script appears last.
    fn deliver(&mut self, token: &str, again: &[(u64, u32)]) -> Result<(), Failure> {
        self.there()?;
        let staged = staged(&self.here.job(token)).map_err(|error| here_failed("read", &error))?;
        let mut words = vec!["hsm_deliver".to_owned(), checked(token)?.to_owned()];
        words.extend(staged.words);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        self.set_aside(again)?;
        self.link.have("take a submission's files", &words, &staged.bytes).map(|_| ())
    }

    // Brings the claims and ends of these submissions here. Where an answer has just brought them, nothing more is asked.
    fn look(&mut self, tokens: &[String]) -> Result<(), Failure> {
        self.there()?;
        let known = tokens.iter().all(|token| self.watched.contains(token));
        if tokens.len() != self.watched.len() || !known {
            for token in tokens {
                checked(token)?;
            }
            self.watched = tokens.to_vec();
            self.tell();
        }
        let (mut told, told_at) = self.link.take_news();
        if !known || told_at.is_none_or(|at| at.elapsed() > NEWS_LAST) {
            self.link.have("say what is new", &[":"], &[])?;
            told.extend(self.link.take_news().0);
        }
        news::apply(&told, &self.here.jobs()).map_err(|error| {
            // What was told is not told again in this session, and it is not here.
            self.link.hang_up();
            here_failed("write", &error)
        })
    }

    // Takes the claims of tasks over there; those that were to be had.
    fn take_claims(&mut self, token: &str, tasks: &TaskSet, now_ms: u64) -> Result<TaskSet, Failure> {
        self.there()?;
        let mut taken = TaskSet::default();
        let mut from = 0;
        while from < tasks.len() {
            let part = tasks.slice(from, CLAIMS_AT_ONCE);
            from += CLAIMS_AT_ONCE;
            let mut words = vec!["hsm_take".to_owned(), checked(token)?.to_owned(), now_ms.to_string()];
            words.extend(ranges(&part));
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            let reply = match self.link.ask(&words, &[], OWN_LIMIT) {
                Ok(reply) => reply,
                // What was taken before is taken, and has to be known.
                Err(_) if !taken.is_empty() => break,
                Err(failure) => return Err(failure),
            };
            for line in String::from_utf8_lossy(&reply.output).lines() {
                taken.insert(line.parse().map_err(|_| odd("which claims it took", self.link.target()))?);
            }
            if reply.code != 0 && taken.is_empty() {
                return Err(trouble::of_far_side("take claims", &reply.complaint, self.link.target()));
            }
        }
        Ok(taken)
    }

    // Brings home what these tasks left; those of which everything that the far side lists afterwards is here, in size and digest.
    fn fetch(&mut self, tasks: &TaskSet) -> Result<TaskSet, Failure> {
        if tasks.is_empty() {
            return Ok(TaskSet::default());
        }
        let from = self.there()?.dir.tasks().display().to_string();
        let to = self.here.tasks();
        let names: Vec<String> = tasks.iter().map(|task| format!("task_{task}")).collect();
        self.link.pull(&names, &from, &to)?;
        let mut words = vec!["hsm_digests".to_owned()];
        words.extend(ranges(tasks));
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let reply = self.link.ask(&words, &[], PROOF_LIMIT)?;
        let host = self.link.target();
        if reply.code != 0 {
            return Err(trouble::of_far_side("list what tasks left", &reply.complaint, host));
        }
        if reply.truncated {
            return Err(odd("what tasks left, for there is too much of it", host));
        }
        let differing = proof::differing(&reply.output, &to).ok_or_else(|| odd("what tasks left", host))?;
        let mut home = tasks.clone();
        for task in differing {
            home.remove(task);
        }
        Ok(home)
    }

    // A copy within the other machine's own network, which may take as long as reading everything does.
    fn archive(&mut self) -> Result<Option<PathBuf>, Failure> {
        let Some(archive) = self.remote.archive.clone() else { return Ok(None) };
        let there = self.there()?;
        let (from, project) = (there.dir.root().display().to_string(), self.project_name());
        let words = ["hsm_archive", &from, &archive.folder, &project, self.sweep.as_str()].map(str::to_owned);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let reply = self.link.ask(&words, &[], PROOF_LIMIT)?;
        if reply.code != 0 {
            return Err(trouble::of_far_side("archive the sweep", &reply.complaint, self.link.target()));
        }
        let folder = String::from_utf8_lossy(&reply.output).trim_end_matches('\n').to_owned();
        Ok(Some(PathBuf::from(folder)))
    }

    fn discard(&mut self) -> Result<(), Failure> {
        let folder = self.there()?.dir.root().display().to_string();
        self.link.have("remove the sweep's folder", &["hsm_discard", &folder], &[])?;
        // The next submission makes it again.
        self.there = None;
        Ok(())
    }
}

impl There {
    fn into_place(self, agent: Option<AgentPlace>) -> Place {
        Place { user: self.user, clock_ahead_ms: self.clock_ahead_ms, dir: self.dir, agent }
    }
}

/// The folder of a project over there: its name, and what tells it from others of that name.
pub(crate) fn project_folder(project: &Path, host: &str) -> String {
    let digest = Sha256::digest(format!("{host}\n{}", project.display()));
    let digest: String = digest[..4].iter().map(|byte| format!("{byte:02x}")).collect();
    let name = project.file_name().unwrap_or_default().to_string_lossy();
    let plain = |char: &char| char.is_ascii_alphanumeric() || matches!(char, '.' | '_' | '-');
    let name: String = name.chars().filter(plain).take(NAME_BYTES).collect();
    let name = name.trim_start_matches(['-', '.']);
    if name.is_empty() { format!("project-{digest}") } else { format!("{name}-{digest}") }
}

fn read_place(output: &[u8], sent_ms: u64, way_ms: u64, project: &str, sweep: &str) -> Option<There> {
    let text = std::str::from_utf8(output).ok()?;
    let (user, rest) = text.split_once('\n')?;
    let (there_ms, root) = rest.split_once('\n')?;
    let there_ms: i64 = there_ms.parse().ok()?;
    let middle_ms = i64::try_from(sent_ms + way_ms / 2).ok()?;
    let ahead_ms = there_ms - middle_ms;
    let root = PathBuf::from(root.strip_suffix('\n')?);
    let project = root.join(project);
    let dir = SweepDir::new(project.join("sweeps").join(sweep));
    let clock_ahead_ms = if ahead_ms.unsigned_abs() <= way_ms.max(1) { 0 } else { ahead_ms };
    root.is_absolute().then_some(There { user: user.to_owned(), clock_ahead_ms, root, project, dir })
}

/// The files of a submission, the script last.
#[derive(Debug, Default)]
struct Staged {
    /// Names and lengths, as the far side wants them said.
    words: Vec<String>,
    /// All of them in a row.
    bytes: Vec<u8>,
}

fn staged(folder: &Path) -> io::Result<Staged> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder.join(CHUNKS_FOLDER))? {
        names.push(format!("{CHUNKS_FOLDER}/{}", entry?.file_name().to_string_lossy()));
    }
    names.sort();
    names.push(SCRIPT_FILE.to_owned());
    let mut staged = Staged::default();
    for name in names {
        let text = fs::read(folder.join(&name))?;
        staged.words.extend([name, text.len().to_string()]);
        staged.bytes.extend(text);
    }
    Ok(staged)
}

fn ranges(tasks: &TaskSet) -> impl Iterator<Item = String> {
    tasks.ranges().flat_map(|(first, last)| [first.to_string(), last.to_string()])
}

fn checked(token: &str) -> Result<&str, Failure> {
    let refused =
        || Failure::new(Blame::Internal, "bad-token", format!("`{}` is no token", token.escape_debug()));
    is_token(token).then_some(token).ok_or_else(refused)
}

fn odd(what: &str, target: &Target) -> Failure {
    let message = format!("`{}` did not say {what} in a way that could be understood", target.host);
    Failure::new(Blame::Transient, "odd-answer", message)
}

fn here_failed(what: &str, error: &io::Error) -> Failure {
    Failure::new(Blame::Transient, "files", format!("could not {what} a submission's files here: {error}"))
        .with_hint("is the disk of this machine full?")
}
