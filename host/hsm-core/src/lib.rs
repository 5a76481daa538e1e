//! The pure part of `hsm`: what a sweep means, which tasks it has, what happened to them and what should happen next.
//!
//! **Invariant:** nothing here reads a file, a clock, the environment or the network, or starts a process: no dependency of this crate
//! can. Time is a number handed in; effects are values handed out.

pub mod aggregate;
pub mod batch;
pub mod campaign;
pub mod command;
pub mod diagnostic;
pub mod failure;
pub mod journal;
pub mod metrics;
pub mod plan;
pub mod point;
pub mod render;
pub mod roles;
pub mod scheduler;
pub mod settings;
pub mod state;
pub mod suggest;
pub mod sweep;
pub mod sweep_id;
pub mod table;
pub mod task_set;
pub mod value;
pub mod yaml;
