//! What the end-to-end tests share: a world of its own for every test, the built `hsm` run in it, and the processes it left there.
//!
//! Nothing here knows how hsm is made. A test sees what a user sees: commands, what they print, exit codes, files and processes.

mod bundle;
mod disk;
mod generated;
pub mod lab;
mod processes;
mod run;
mod shown;
mod wait;
mod workshop;
mod world;

pub use bundle::hollow_component;
pub use disk::SmallDisk;
pub use generated::{check_generated, table_row};
pub use processes::{Process, processes_of};
pub use run::{Run, Running};
pub use shown::{Claim, claims, test_names};
pub use wait::{PATIENCE, wait_until};
pub use world::World;
