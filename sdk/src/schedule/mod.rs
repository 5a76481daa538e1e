//! The trait of a scheduler, and the ordinary types it speaks with.

mod exchange;
mod request;
mod sighting;

pub use exchange::{Command, Ending, Exchange, Step};
pub use request::{Outcome, Resources, SchedulerTraits, Site, Submission, Ticket};
pub use sighting::{Hold, Job, JobState, Sighting, Verdict};

use crate::{Blame, Failure};

/// Speaks the language of one batch system without ever touching it.
///
/// Every question is a conversation. The plugin is handed all exchanges so far, and answers with the next command to run
/// ([`Step::Run`]) or with the result ([`Step::Done`]). It keeps nothing between two calls: what it asked before is in the
/// exchanges. A conversation has at most eight commands, and only those that the manifest lists may be asked for.
///
/// `hsm_sdk`'s own documentation has a scheduler from the first line to its test.
pub trait Schedule {
    /// Learns what the batch system allows; by asking it, where it can be asked.
    ///
    /// # Errors
    /// [`Failure::config`] for a configuration that cannot be used.
    fn describe(site: &Site, so_far: &[Exchange]) -> Result<Step<SchedulerTraits>, Failure>;

    /// The header lines of the script, each beginning with the prefix. The rest of the script is the host's.
    ///
    /// # Errors
    /// [`Failure::config`] for a request that the batch system could never grant.
    fn directives(site: &Site, request: &Submission) -> Result<Vec<String>, Failure>;

    /// Hands in the script, which is at `request.script`.
    ///
    /// # Errors
    /// As [`directives`](Self::directives). What the batch system refuses is an [`Outcome::Refused`].
    fn submit(site: &Site, request: &Submission, so_far: &[Exchange]) -> Result<Step<Outcome>, Failure>;

    /// Finds out what became of a submission whose answer was lost, and hands in nothing. Where nobody can tell, the host sees to
    /// it by other means that no task runs twice; that is what this does unless it is written.
    ///
    /// # Errors
    /// Whatever keeps it from asking.
    fn recover(_site: &Site, token: &str, _so_far: &[Exchange]) -> Result<Step<Outcome>, Failure> {
        Ok(Step::Done(Outcome::Unknown(format!("this batch system cannot be asked about `{token}`"))))
    }

    /// Looks at jobs. A job that was not seen is left out: that is no sighting, and never means that it is gone.
    ///
    /// # Errors
    /// Whatever keeps it from looking.
    fn observe(site: &Site, jobs: &[Job], so_far: &[Exchange]) -> Result<Step<Vec<Sighting>>, Failure>;

    /// Stops jobs.
    ///
    /// # Errors
    /// Whatever keeps it from trying.
    fn cancel(site: &Site, jobs: &[Job], so_far: &[Exchange]) -> Result<Step<Vec<Verdict>>, Failure>;

    /// Keeps jobs from starting, or lets them start again. What already runs goes on. The host uses it on an array whose tasks die as
    /// soon as they start; without it, it says so and leaves the array alone.
    ///
    /// # Errors
    /// Whatever keeps it from trying; a failure of the code `not-supported` unless it is written.
    fn hold(
        _site: &Site,
        _jobs: &[Job],
        hold: Hold,
        _so_far: &[Exchange],
    ) -> Result<Step<Vec<Verdict>>, Failure> {
        let deed = match hold {
            Hold::Hold => "hold jobs",
            Hold::Release => "let held jobs go",
        };
        Err(Failure::new(Blame::Internal, "not-supported", format!("this scheduler cannot {deed}"))
            .with_hint("use the batch system's own command for it, or cancel the jobs"))
    }
}
