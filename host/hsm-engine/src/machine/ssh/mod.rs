//! A machine that is reached by ssh: the user's own `ssh`, one connection a host, one shell on it that is asked again and again.
//!
//! `target` says which machine, `master` has the connection, `session` the shell and its frames, `link` both together, `far.sh` is what the
//! shell is told; `trouble` puts complaints into words. Nothing is installed over there, no port is opened, and nothing here decides
//! what is run.

mod aliases;
mod code;
mod link;
mod master;
mod news;
mod outfit;
mod proof;
mod relay;
mod session;
mod sweep;
mod target;
#[cfg(test)]
mod tests;
mod transfer;
mod trouble;

pub use aliases::{is_ssh_alias, ssh_aliases};
pub use link::Link;
pub use relay::relay;
pub(crate) use sweep::{SshMachine, project_folder};
pub use target::{LinkOptions, REMOTE_ROOT, Target};
