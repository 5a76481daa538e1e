//! Batch systems without touching one.
//!
//! A scheduler is a pure function: given a question and the exchanges so far, it answers either "run this command" or "here is the
//! answer". Whoever asks runs the commands, so the same implementation serves a login node, another host, a dry run, a recording and
//! a test; and going on after a crash is asking again with what was recorded.
//!
//! **Must not:** run anything, keep anything between two calls, or know which batch systems there are.

mod conversation;
pub mod detect;
mod duration;
mod exchange;
mod pbs;
mod ranges;
mod replies;
mod request;
pub mod resources;
mod sighting;
mod slots;
mod slurm;
pub mod survey;
#[cfg(test)]
mod testing;
pub mod transcript;

pub use conversation::{Conversation, ROUNDS_MAX, converse};
pub use exchange::{Command, Ending, Exchange, Step};
pub use pbs::Pbs;
pub use request::{Outcome, Resources, SchedulerTraits, Site, Submission, Ticket};
pub use sighting::{Hold, Job, JobState, Sighting, Verdict};
pub use slots::{AGENT, Slots, agent_file, forget, not_forgotten};
pub use slurm::Slurm;

use crate::failure::{Blame, Failure};

/// Speaks the language of one batch system.
///
/// `so_far` is every exchange of the conversation that a call belongs to; [`converse`] leads one.
pub trait Scheduler: Send + Sync {
    /// Learns what the batch system allows.
    ///
    /// # Errors
    /// A [`Failure`] when the configuration cannot be used, a command said what it should not, or a plugin did not answer within its
    /// limits.
    fn describe(&self, site: &Site, so_far: &[Exchange]) -> Result<Step<SchedulerTraits>, Failure>;

    /// The header lines of the script, each beginning with [`SchedulerTraits::directive_prefix`].
    ///
    /// # Errors
    /// As [`describe`](Self::describe), and when the request could never be granted.
    fn directives(&self, site: &Site, request: &Submission) -> Result<Vec<String>, Failure>;

    /// Hands in the script.
    ///
    /// # Errors
    /// As [`directives`](Self::directives). What the batch system refuses is an answer: [`Outcome::Refused`].
    fn submit(
        &self,
        site: &Site,
        request: &Submission,
        so_far: &[Exchange],
    ) -> Result<Step<Outcome>, Failure>;

    /// Finds out what became of the submission with that token, and hands in nothing.
    ///
    /// # Errors
    /// As [`describe`](Self::describe).
    fn recover(&self, site: &Site, token: &str, so_far: &[Exchange]) -> Result<Step<Outcome>, Failure>;

    /// Looks at jobs. What was not seen is left out, which says nothing about it.
    ///
    /// # Errors
    /// As [`describe`](Self::describe).
    fn observe(&self, site: &Site, jobs: &[Job], so_far: &[Exchange])
    -> Result<Step<Vec<Sighting>>, Failure>;

    /// Stops jobs.
    ///
    /// # Errors
    /// As [`describe`](Self::describe).
    fn cancel(&self, site: &Site, jobs: &[Job], so_far: &[Exchange]) -> Result<Step<Vec<Verdict>>, Failure>;

    /// Keeps jobs from starting, or lets them start again. What already runs goes on.
    ///
    /// # Errors
    /// As [`describe`](Self::describe), and `not-supported` where the scheduler has no word for it, which is what this does by itself.
    fn hold(
        &self,
        site: &Site,
        jobs: &[Job],
        hold: Hold,
        so_far: &[Exchange],
    ) -> Result<Step<Vec<Verdict>>, Failure> {
        let _ = (site, jobs, so_far);
        let deed = match hold {
            Hold::Hold => "hold jobs",
            Hold::Release => "let held jobs go",
        };
        Err(Failure::new(Blame::Internal, "not-supported", format!("this scheduler cannot {deed}"))
            .with_hint("use the batch system's own command for it, or cancel the jobs"))
    }
}
