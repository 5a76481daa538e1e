//! Machines: where commands run and files live.
//!
//! Whoever reads a sweep reads its folder here. What a submission needs is written here first and then delivered; what its tasks leave on
//! another machine is brought into the very places where it would be had they run here. Only claims are taken over there, for that is
//! where the attempts look for them.
//!
//! Every call blocks, some of them for as long as a network does; they are made on a desk's own thread.
//!
//! **Must not:** decide anything about tasks.

mod here;
mod remote;
pub(crate) mod ssh;

pub(crate) use here::Here;
pub use remote::{Archive, PythonThere, Remote};

use crate::batch::{BatchSource, SLOTS};
use crate::sweep_dir::SweepDir;
use hsm_core::command::Launch;
use hsm_core::roles::Failure;
use hsm_core::scheduler::{Command, Exchange};
use hsm_core::sweep_id::SweepId;
use hsm_core::task_set::TaskSet;
use ssh::{LinkOptions, SshMachine};
use std::path::PathBuf;

/// A sweep's place on a machine.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    /// The user's name there.
    pub(crate) user: String,
    /// How far the machine's clock is ahead of the driver's, in milliseconds.
    pub(crate) clock_ahead_ms: i64,
    /// The sweep's folder there; what is below it has the names it has here.
    pub(crate) dir: SweepDir,
    /// The script and the folder of hsm's own agent, which starts tasks where no batch system does.
    pub(crate) agent: Option<AgentPlace>,
}

/// Where the agent is.
#[derive(Clone, Debug)]
pub(crate) struct AgentPlace {
    /// Its script.
    pub(crate) script: PathBuf,
    /// The folder of what it remembers: one for all sweeps of the user there.
    pub(crate) state: PathBuf,
}

/// The machine of a source, for the sweep `sweep` whose folder here is `dir`. Nothing happens yet.
pub(crate) fn machine_of(
    source: &BatchSource,
    sweep: &SweepId,
    dir: &SweepDir,
    links: &LinkOptions,
) -> Box<dyn Machine> {
    match &source.remote {
        None => Box::new(Here::new(dir.clone())),
        Some(remote) => {
            let needs_agent = source.scheduler.name == SLOTS;
            let (remote, links) = (remote.clone(), links.clone());
            Box::new(SshMachine::new(remote, needs_agent, links, dir.clone(), sweep.clone()))
        }
    }
}

/// A machine, for one sweep.
pub(crate) trait Machine: Send {
    /// The sweep's place there as it would be. Nothing is made.
    fn outlook(&mut self) -> Result<Place, Failure>;

    /// The sweep's place there, which is made ready by the first call.
    fn place(&mut self) -> Result<Place, Failure>;

    /// How tasks are started there, as it would be. Nothing is sent.
    fn launch_outlook(&mut self, launch: &Launch) -> Result<Launch, Failure>;

    /// How tasks are started there; the code they run is brought over, unless it is there.
    fn bring_code(&mut self, launch: &Launch) -> Result<Launch, Failure>;

    /// Runs a command of a scheduler. An error means that it was never handed over; whatever happened to one that was is part of the
    /// exchange.
    fn exchange(&mut self, command: &Command, hands_in: bool) -> Result<Exchange, Failure>;

    /// Brings over what was written for a submission into its folder here, and moves aside what earlier attempts of its tasks, each by its
    /// number, left there.
    fn deliver(&mut self, token: &str, again: &[(u64, u32)]) -> Result<(), Failure>;

    /// Brings the claims and ends that these submissions have and that are not here yet.
    fn look(&mut self, tokens: &[String]) -> Result<(), Failure>;

    /// Takes the claims of tasks of a submission, so that none of their attempts begins; those that were to be had.
    fn take_claims(&mut self, token: &str, tasks: &TaskSet, now_ms: u64) -> Result<TaskSet, Failure>;

    /// Brings home what these tasks left; those of which everything is here and is what the machine has.
    fn fetch(&mut self, tasks: &TaskSet) -> Result<TaskSet, Failure>;

    /// Keeps the sweep's folder in its archive there, where it has one; where that is.
    fn archive(&mut self) -> Result<Option<PathBuf>, Failure>;

    /// Removes the sweep's folder there, all of which was brought home.
    fn discard(&mut self) -> Result<(), Failure>;
}
