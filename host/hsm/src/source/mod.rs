//! Where tasks run and what they are held to: options over settings over what the sweep had before.

mod batch;
mod local;

use crate::args::{BatchArgs, GlobalArgs, LimitArgs, Mode};
use crate::context::Context;
use crate::report::{Exit, Problem};
use clap::ValueEnum;
use hsm_engine::{ArrayMode, ComputeSource};

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

impl Asked<'_> {
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
        let local_before = before.and_then(|before| match before {
            ComputeSource::Local(local) => Some(local),
            ComputeSource::Batch(_) => None,
        });
        let batch_before = before.and_then(|before| match before {
            ComputeSource::Batch(batch) => Some(&**batch),
            ComputeSource::Local(_) => None,
        });
        let array = match (self.mode, batch_before) {
            (Mode::Array, _) => ArrayMode::Array,
            (Mode::Individual, _) => ArrayMode::Individual,
            (Mode::Auto, Some(batch)) => batch.mode,
            (Mode::Auto, None) if self.batch.scheduler.is_some() => ArrayMode::Array,
            (Mode::Auto | Mode::Local, _) => {
                let settings = &context.project.settings;
                let local = local::Local::settle(self.limits, settings, local_before, variables)?;
                return Ok(Chosen { source: ComputeSource::Local(local.source), note: local.note });
            }
            (Mode::Remote | Mode::Distributed, _) => return Err(unavailable(self.mode)),
        };
        batch::settle(self, array, context, global, batch_before, variables)
    }
}

fn unavailable(mode: Mode) -> Problem {
    let name = mode.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned());
    Problem::new(
        Exit::Configuration,
        format!("`--mode {name}` is not available: this version of hsm speaks to no other machine"),
    )
    .with_hint("`--mode local` runs it here, `--mode array` on the cluster whose login node this is")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_available_says_what_is() {
        for mode in [Mode::Remote, Mode::Distributed] {
            let problem = unavailable(mode);
            assert_eq!(problem.exit, Exit::Configuration);
            assert!(problem.hint.is_some_and(|hint| hint.contains("--mode local")));
        }
    }
}
