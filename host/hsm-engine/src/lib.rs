//! The effects of `hsm`: sweep folders, journals, processes, and the [`JobManager`] through which everything goes.
//!
//! Nothing here decides what should happen next in a sweep: that is [`hsm_core::campaign`]. Nothing here speaks to the user, reads the
//! environment or knows of the sandbox: plugins arrive as the traits of [`hsm_core::roles`].

mod batch;
mod clock;
mod driver;
mod error;
#[doc(hidden)]
pub mod example;
mod host;
mod inspection;
mod job_manager;
mod journal;
mod lease;
mod leftovers;
mod machine;
mod mailbox;
mod plan_file;
mod process;
pub mod results;
mod slots;
mod source;
mod ssh_destination;
mod sweep_dir;

pub use batch::{ArrayMode, BatchSource, CodeOptions, Recording, SLOTS, SchedulerRef, Tally, TallyLine};
pub use clock::wall_ms;
pub use driver::{DriveOptions, drive};
pub use error::{Error, ErrorKind, Result};
pub use inspection::{Look, RemoteGpu, RootState, Wanted, look, remote_gpus};
pub use job_manager::{
    CancelOptions, Cancelled, CompleteOptions, Completion, Extension, JobId, JobManager, JobStanding, Points,
    Preview, SubmitOptions, SweepStatus, SweepSummary, TaskClass, TaskError, TaskStatus, Watch,
};
pub use lease::{Driver, Holder, STALE_AFTER};
pub use leftovers::{LeftFolder, LeftKind, Leftovers, forget_jobs, list_leftovers, remove_leftovers};
pub use machine::ssh::{Link, LinkOptions, REMOTE_ROOT, Target, is_ssh_alias, relay, ssh_aliases};
pub use machine::{Archive, PythonThere, Remote};
pub use process::READY;
pub use slots::{GpuRequest, Gpus, resolve_gpus};
pub use source::{ComputeSource, GPU_LOCK_FOLDER, GRACE_S, LocalSource, PoolSource};
pub use ssh_destination::SshDestination;
pub use sweep_dir::SweepDir;
