//! YAML 1.2 as a tree whose every node knows where it stands, with scalars as they were written.
//!
//! The reader decides nothing about types: `scalar` says what a scalar stands for, and refuses what YAML 1.1 and 1.2 read differently.
//! Whoever wants text (a walltime, a path, a name) takes it as written.

mod ambiguity;
mod fields;
mod layout;
mod node;
mod reader;
mod reading;
mod scalar;
mod value;

pub use fields::Fields;
pub(crate) use layout::{Layout, Placed, Shape, layout};
pub use node::{Content, Entry, Key, Node, Scalar};
pub use reader::{ALIASED_NODES_MAX, DEPTH_MAX, parse};
pub use reading::Reading;
pub use scalar::{number, read};
pub use value::{Values, as_written};
