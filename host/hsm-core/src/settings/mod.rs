//! Settings: what a project, a user and the environment say about where and how sweeps run.
//!
//! Every key is optional here: which default applies is for whoever uses the key, and often depends on the machine. Layers are put over
//! each other key by key with [`Settings::over`]: environment over project over user; of the user's file only `local` counts
//! ([`Settings::for_user`]). Nothing here looks for files or reads the environment.

mod blocks;
mod edit;
mod environment;
mod reading;
mod value;
mod walltime;

pub use blocks::{Distributed, Local, Paths, Pbs, Project, Remote, Settings, Slurm, Wandb};
pub use edit::{EditError, Written, with_remote, without_remote};
pub use value::{Backend, Directives, HostName, Memory, ShellLines, Strategy};
pub use walltime::{Walltime, WalltimeError};

#[cfg(test)]
mod tests;
