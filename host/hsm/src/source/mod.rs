//! Where tasks run and what they are held to: options over settings over what the sweep had before.

mod batch;
mod local;
mod preflight;
mod remote;
mod scheduler;

pub use preflight::Preflight;
pub use scheduler::to_ask;

use crate::args::{BatchArgs, GlobalArgs, LimitArgs, Mode};
use crate::context::Context;
use crate::report::Problem;
use hsm_engine::{BatchSource, ComputeSource};
use scheduler::{Place, place};

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
    /// Whether tasks run on this machine, or are handed in from it, at all, as far as that was said.
    pub fn is_elsewhere(&self) -> bool {
        self.mode == Mode::Remote || self.batch.remote.is_some()
    }

    /// Whether no task runs on this machine. `before` is where the sweep ran last.
    pub fn stays_elsewhere(&self, before: Option<&ComputeSource>) -> bool {
        let ran_there = || {
            before.is_some_and(|before| {
                before.local().is_none() && before.batches().all(BatchSource::is_elsewhere)
            })
        };
        self.is_elsewhere() || (self.mode == Mode::Auto && ran_there())
    }

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
        match place(self, context, global, before)? {
            Place::Here => {
                let before = before.and_then(ComputeSource::local);
                let local = local::Local::settle(self.limits, settings, before, variables)?;
                Ok(Chosen { source: ComputeSource::Local(local.source), note: local.note })
            }
            Place::There => {
                let before = before.and_then(|before| before.batches().find(|source| source.is_elsewhere()));
                let source = remote::settle(self, context, global, before)?;
                Ok(Chosen {
                    note: batch::note(&source, None),
                    source: ComputeSource::Batch(Box::new(source)),
                })
            }
            Place::Everywhere => {
                let pool = remote::settle_all(self, context, global, before, variables)?;
                Ok(Chosen { note: remote::pool_note(&pool), source: ComputeSource::Pool(Box::new(pool)) })
            }
            Place::At(scheduler) => {
                let before = before.and_then(|before| before.batches().find(|source| !source.is_elsewhere()));
                let source = batch::settle(self, scheduler, settings, before, variables)?;
                Ok(Chosen {
                    note: batch::note(&source, None),
                    source: ComputeSource::Batch(Box::new(source)),
                })
            }
        }
    }
}
