//! Where tasks run and what they are held to: options over settings over what the sweep had before.

mod batch;
mod local;
mod preflight;
mod scheduler;

pub use preflight::Preflight;
pub use scheduler::to_ask;

use crate::args::{BatchArgs, GlobalArgs, LimitArgs, Mode};
use crate::context::Context;
use crate::report::Problem;
use hsm_engine::{BatchSource, ComputeSource};
use scheduler::Place;

/// What was asked for.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// Where; nothing: as before, or what there is.
    pub mode: Mode,
    /// The limits of any source.
    pub limits: &'a LimitArgs,
    /// Those of a scheduler.
    pub batch: &'a BatchArgs,
}

/// A compute source, and what was decided without being asked.
#[derive(Debug)]
pub struct Chosen {
    /// The source.
    pub source: ComputeSource,
    /// What to say about it.
    pub note: String,
}

impl Chosen {
    /// The source, where it is a scheduler.
    pub fn batch(&self) -> Option<&BatchSource> {
        match &self.source {
            ComputeSource::Batch(batch) => Some(batch),
            ComputeSource::Local(_) | ComputeSource::Pool(_) => None,
        }
    }
}

impl Asked<'_> {
    /// Whether a scheduler is named, by its name or by a mode that needs one.
    pub fn means_a_scheduler(&self) -> bool {
        matches!(self.mode, Mode::Array | Mode::Individual) || self.batch.scheduler.is_some()
    }

    /// The compute source. `before` is where the sweep ran last, `variables` what its interpreter needs.
    ///
    /// # Errors
    /// When a limit is none, there is not what was asked for, or this version cannot run a sweep in that mode.
    pub fn settle(
        &self,
        context: &Context,
        global: &GlobalArgs,
        before: Option<&ComputeSource>,
        variables: Vec<(String, String)>,
    ) -> Result<Chosen, Problem> {
        let settings = &context.project.settings;
        match scheduler::place(self, context, global, before)? {
            Place::Here => {
                let before = before.and_then(ComputeSource::local);
                let local = local::Local::settle(self.limits, settings, before, variables)?;
                Ok(Chosen { source: ComputeSource::Local(local.source), note: local.note })
            }
            Place::At(scheduler) => {
                let before = before.and_then(|before| before.batches().next());
                let source = batch::settle(self, scheduler, settings, before, variables)?;
                Ok(Chosen {
                    note: batch::note(&source, None),
                    source: ComputeSource::Batch(Box::new(source)),
                })
            }
        }
    }
}
