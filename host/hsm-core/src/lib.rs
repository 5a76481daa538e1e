//! The pure part of `hsm`: what a sweep means, which tasks it has, what happened to them and what should happen next.
//!
//! **Invariant:** nothing here reads a file, a clock, the environment or the network, or starts a process: no dependency of this crate
//! can. Time is a number handed in; effects are values handed out.

pub mod aggregate;
pub mod campaign;
pub mod journal;
pub mod metrics;
pub mod roles;
pub mod state;
pub mod table;
pub mod task_set;
pub mod value;
