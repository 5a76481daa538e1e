//! How much of this machine a sweep's tasks may have: options over settings over what the sweep had before.

use crate::args::LimitArgs;
use crate::environment;
use crate::report::{Exit, Problem};
use hsm_core::settings::{Settings, Walltime};
use hsm_engine::{GpuRequest, Gpus, LocalSource, resolve_gpus};
use std::num::NonZeroUsize;

/// This machine as a compute source, and what was decided without being asked.
#[derive(Debug)]
pub struct Local {
    /// The slots.
    pub source: LocalSource,
    /// What to say about them.
    pub note: String,
}

impl Local {
    /// Slots on this machine. `before` is how the sweep was started last, `variables` what its interpreter needs.
    ///
    /// # Errors
    /// When a limit is not one, or there are not enough GPUs.
    pub fn settle(
        limits: &LimitArgs,
        settings: &Settings,
        before: Option<&LocalSource>,
        variables: Vec<(String, String)>,
    ) -> Result<Self, Problem> {
        let local = &settings.local;
        let gpus = gpus(limits, settings, before)?;
        let (parallel, why) = parallel(limits, settings, before, &gpus);
        let walltime_s = match &limits.walltime {
            Some(text) => Some(walltime(text)?),
            None => local
                .walltime
                .map(Walltime::as_seconds)
                .or_else(|| before.and_then(|before| before.walltime_s)),
        };
        let mut source = LocalSource::new(parallel);
        source.walltime_s = walltime_s;
        source.gpus = gpus;
        source.pre_script = local.pre_script.as_ref().map(|lines| lines.0.clone());
        source.environment = variables;
        let note = format!("on this machine, {parallel} at once ({why}){}", limit_note(walltime_s));
        Ok(Self { source, note })
    }
}

pub(super) fn walltime(text: &str) -> Result<u64, Problem> {
    text.parse().map(Walltime::as_seconds).map_err(|error: hsm_core::settings::WalltimeError| {
        Problem::new(Exit::Configuration, format!("`--walltime`: {error}"))
    })
}

fn limit_note(walltime_s: Option<u64>) -> String {
    walltime_s.map_or_else(String::new, |seconds| {
        format!(", at most {:02}:{:02}:{:02} each", seconds / 3600, seconds / 60 % 60, seconds % 60)
    })
}

fn gpus(limits: &LimitArgs, settings: &Settings, before: Option<&LocalSource>) -> Result<Gpus, Problem> {
    let local = &settings.local;
    let request = match &limits.gpus {
        Some(text) => {
            text.parse().map_err(|error| Problem::new(Exit::Configuration, format!("`--gpus`: {error}")))?
        }
        None => GpuRequest::Unsaid,
    };
    let silent = request == GpuRequest::Unsaid && local.visible_gpus.is_none() && local.gpus.is_none();
    if let (true, Some(before)) = (silent, before) {
        return Ok(before.gpus.clone());
    }
    let inherited = environment::cuda_visible_devices();
    Ok(resolve_gpus(&request, local.visible_gpus.as_deref(), local.gpus, inherited.as_deref())?)
}

/// How many tasks run at once, and who said so.
fn parallel(
    limits: &LimitArgs,
    settings: &Settings,
    before: Option<&LocalSource>,
    gpus: &Gpus,
) -> (NonZeroUsize, &'static str) {
    let number = |count: Option<u32>| count.and_then(|count| NonZeroUsize::new(usize::try_from(count).ok()?));
    let slots = match gpus {
        Gpus::Slots(slots) => NonZeroUsize::new(slots.len()),
        Gpus::Untouched | Gpus::None => None,
    };
    let (wanted, why) = if let Some(asked) = number(limits.parallel_jobs) {
        (asked, "`-p`")
    } else if let Some(set) = number(settings.local.max_parallel_jobs) {
        (set, "`local.max_parallel_jobs`")
    } else if let Some(before) = before {
        (before.parallel, "as before")
    } else if let Some(slots) = slots {
        (slots, "one for each set of GPUs")
    } else {
        (NonZeroUsize::MIN, "`-p N` runs more")
    };
    match slots {
        Some(slots) if slots < wanted => (slots, "there are GPUs for no more"),
        _ => (wanted, why),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settle(
        p: Option<u32>,
        set: Option<u32>,
        before: Option<usize>,
        gpus: Option<&str>,
    ) -> (usize, String) {
        let limits = LimitArgs { parallel_jobs: p, gpus: gpus.map(str::to_owned), ..LimitArgs::default() };
        let mut settings = Settings::default();
        settings.local.max_parallel_jobs = set;
        let before = before.and_then(NonZeroUsize::new).map(LocalSource::new);
        let local = Local::settle(&limits, &settings, before.as_ref(), Vec::new()).unwrap();
        (local.source.parallel.get(), local.note)
    }

    #[test]
    fn the_number_at_once_is_the_nearest_that_was_said() {
        for (p, set, before, gpus, expected) in [
            (None, None, None, None, (1, "on this machine, 1 at once (`-p N` runs more)")),
            (Some(4), Some(2), Some(3), None, (4, "on this machine, 4 at once (`-p`)")),
            (None, Some(2), Some(3), None, (2, "on this machine, 2 at once (`local.max_parallel_jobs`)")),
            (None, None, Some(3), None, (3, "on this machine, 3 at once (as before)")),
            (None, None, None, Some("0,1"), (2, "on this machine, 2 at once (one for each set of GPUs)")),
            (
                Some(8),
                None,
                None,
                Some("0,1"),
                (2, "on this machine, 2 at once (there are GPUs for no more)"),
            ),
            (Some(1), None, None, Some("0,1"), (1, "on this machine, 1 at once (`-p`)")),
        ] {
            let (number, note) = settle(p, set, before, gpus);
            assert_eq!((number, note.as_str()), expected);
        }
    }

    #[test]
    fn a_walltime_that_is_none_is_refused() {
        assert_eq!(walltime("00:01:00").unwrap(), 60);
        assert_eq!(walltime("soon").unwrap_err().exit, Exit::Configuration);
    }
}
