//! Slots: how many tasks may run here at once, and which GPUs each of them sees.

mod gpu;

pub(crate) use gpu::GpuSlot;
pub use gpu::{GpuRequest, Gpus, resolve_gpus};

use std::fs::File;
use std::path::PathBuf;

/// The places that tasks run in. With GPUs, a place is a set of GPUs whose locks no other sweep on this machine holds.
#[derive(Debug)]
pub(crate) struct Slots {
    parallel: usize,
    gpus: Gpus,
    lock_folder: PathBuf,
    /// GPUs locked for tasks that are about to start.
    ready: Vec<GpuSlot>,
}

/// What a task gets along with its place.
#[derive(Debug, Default)]
pub(crate) struct Place {
    pub(crate) environment: Vec<(&'static str, Option<std::ffi::OsString>)>,
    pub(crate) locks: Vec<File>,
}

impl Slots {
    pub(crate) fn new(parallel: usize, gpus: Gpus, lock_folder: PathBuf) -> Self {
        Self { parallel: parallel.max(1), gpus, lock_folder, ready: Vec::new() }
    }

    /// How many tasks could start now, where `running` run and `wanted` wait. Locks GPUs for them, and gives back what is not wanted.
    pub(crate) fn free(&mut self, running: usize, wanted: u64) -> usize {
        let free = self.parallel.saturating_sub(running).min(usize::try_from(wanted).unwrap_or(usize::MAX));
        let Gpus::Slots(sets) = &self.gpus else { return free };
        self.ready.truncate(free);
        for set in sets {
            if self.ready.len() >= free {
                break;
            }
            if self.ready.iter().all(|slot| slot.gpus() != set) {
                self.ready.extend(GpuSlot::lock(set.clone(), &self.lock_folder));
            }
        }
        self.ready.len().min(free)
    }

    /// The place for one task, of those that [`free`](Self::free) counted.
    pub(crate) fn take(&mut self) -> Option<Place> {
        match &self.gpus {
            Gpus::Untouched => Some(Place::default()),
            Gpus::None => Some(Place { environment: gpu::environment(&[]), locks: Vec::new() }),
            Gpus::Slots(_) => {
                let slot = (!self.ready.is_empty()).then(|| self.ready.remove(0))?;
                Some(Place { environment: gpu::environment(slot.gpus()), locks: slot.into_locks() })
            }
        }
    }
}
