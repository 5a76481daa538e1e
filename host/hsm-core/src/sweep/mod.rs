//! The sweep file: what varies, what runs, and what is known about it.
//!
//! | key | meaning |
//! |---|---|
//! | `grid` | name → list; all combinations, the first name slowest |
//! | `paired` | a list of `group: {name: list, …}`; the lists of a group go together, groups multiply, inside the grid |
//! | `combinations` | a list of points, complete or partial; they multiply with grid and pairs like one group, innermost |
//! | `include` | a list of partial points; only points that match at least one are kept |
//! | `exclude` | a list of partial points; points that match one are dropped, included or not |
//! | `generator` | `plugin`, `seed`, `config` of a generator, which then makes the points; the grid's lists become its axes |
//! | `script` or `command` | what runs |
//! | `hydra` | whether the script is Hydra's, where looking at it would get that wrong |
//! | `metrics` | name → pattern on standard output |
//! | `metadata`, `complete`, `defaults` | kept and shown; without effect |
//!
//! All of them may stand under one `sweep:` key. A nested map under a name means dotted names. A point matches a partial point when the
//! plain texts of the values are the same.

mod axes;
mod blocks;
mod diagram;
mod factor;
mod factors;
mod file;
mod filters;
mod space;

pub use axes::cells_of;
pub use blocks::{GeneratorBlock, MetricPattern};
pub use diagram::TooIntricate;
pub use factor::{Factor, FactorKind, PartialPoint};
pub use file::SweepFile;
pub use space::{Space, SpaceSearch};

pub use crate::command::Program;

#[cfg(test)]
mod file_test;
#[cfg(test)]
mod space_test;
