//! What a cluster says about itself: its queue, its GPUs, its reservations, and what is to be expected of a submission before it is sent.
//!
//! Same shape as [`Scheduler`](super::Scheduler): commands out, text in.
//!
//! **Must not:** stop anything. Advice is for people; whoever asked decides what a line means for a run.

pub(super) mod gpus;
pub(super) mod hostlist;

use super::{Exchange, JobState, Site, Step, Submission};
use crate::failure::{Blame, Failure};
use serde::Serialize;

/// A job, or the part of an array that is in one state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct QueueRow {
    /// The batch system's id, without elements.
    pub job: String,
    /// The elements that the row is about, as the batch system writes them; absent for a job that is no array.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub elements: Option<String>,
    /// How many tasks the row is about: the waiting part of an array is one row of many.
    pub tasks: u32,
    /// What state they are in.
    pub state: JobState,
    /// The job's name. A sweep's jobs end with their token.
    pub name: String,
    /// Whose it is.
    pub user: String,
    /// Who pays.
    pub account: String,
    /// The partition or queue.
    pub partition: String,
    /// Processor cores of each task.
    pub cpus: u32,
    /// GPUs of each task.
    pub gpus: u32,
    /// Where it runs.
    pub nodes: String,
    /// Why it waits, in the batch system's own words.
    pub reason: String,
    /// How long each task may run, in seconds; absent where there is no limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub walltime_s: Option<u64>,
}

/// The GPUs of one kind in one partition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct GpuPool {
    /// The partition. A node that is in several is counted in each.
    pub partition: String,
    /// The model, as the site calls it; empty where it has no name.
    pub kind: String,
    /// How many there are.
    pub total: u32,
    /// How many are taken.
    pub used: u32,
    /// How many are on nodes that are down or drained.
    pub unavailable: u32,
    /// GPUs that waiting tasks ask for in this partition, of any kind.
    pub waited_for: u32,
    /// Nodes that have them.
    pub nodes: u32,
}

/// A time at which nodes are kept from ordinary jobs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Reservation {
    /// Its name.
    pub name: String,
    /// Its begin, in milliseconds since 1970.
    pub start_ms: u64,
    /// Its end, in milliseconds since 1970.
    pub end_ms: u64,
    /// The nodes, as the batch system writes them.
    pub nodes: String,
    /// What kind it is, in the batch system's own words.
    pub flags: String,
    /// Who may use it.
    pub users: String,
    /// Which accounts may.
    pub accounts: String,
}

/// How much a piece of advice matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Weight {
    /// Good to know.
    Note,
    /// Somebody may regret it: the sweep waits, or others do.
    Warning,
    /// The submission would be refused, or wait for ever.
    Problem,
}

/// One line about a submission that is not sent yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Advice {
    /// How much it matters.
    pub weight: Weight,
    /// A stable word for programs: `walltime`, `reservation`.
    pub code: &'static str,
    /// What is the case.
    pub line: String,
    /// What to ask at a terminal, where going on is a choice.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub question: Option<String>,
    /// The option of `hsm run` that answers it.
    pub option: &'static str,
    /// Machines that the submission should keep off.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub exclude_nodes: Vec<String>,
}

impl Advice {
    pub(super) fn new(weight: Weight, code: &'static str, option: &'static str, line: String) -> Self {
        Self { weight, code, line, question: None, option, exclude_nodes: vec![] }
    }
}

/// Asks a batch system about itself.
pub trait Surveyor: Send + Sync {
    /// What waits and runs: everybody's, or the user's own.
    ///
    /// # Errors
    /// A [`Failure`] when a command gave no answer, and `not-supported` where nobody knows how to ask.
    fn queue(&self, site: &Site, mine: bool, so_far: &[Exchange]) -> Result<Step<Vec<QueueRow>>, Failure>;

    /// The GPUs of each partition.
    ///
    /// # Errors
    /// As [`queue`](Self::queue).
    fn gpus(&self, site: &Site, so_far: &[Exchange]) -> Result<Step<Vec<GpuPool>>, Failure> {
        let _ = (site, so_far);
        Err(not_supported("its GPUs"))
    }

    /// The reservations, those that are over left out.
    ///
    /// # Errors
    /// As [`queue`](Self::queue).
    fn reservations(&self, site: &Site, so_far: &[Exchange]) -> Result<Step<Vec<Reservation>>, Failure> {
        let _ = (site, so_far);
        Err(not_supported("its reservations"))
    }

    /// What is to be expected of a submission of that many tasks. What cannot be found out is a line as well.
    ///
    /// # Errors
    /// As [`queue`](Self::queue).
    fn advise(
        &self,
        site: &Site,
        request: &Submission,
        tasks: u64,
        so_far: &[Exchange],
    ) -> Result<Step<Vec<Advice>>, Failure> {
        let _ = (site, request, tasks, so_far);
        Ok(Step::Done(vec![]))
    }
}

fn not_supported(what: &str) -> Failure {
    Failure::new(Blame::Config, "not-supported", format!("this batch system cannot be asked about {what}"))
        .with_hint("use its own commands")
}
