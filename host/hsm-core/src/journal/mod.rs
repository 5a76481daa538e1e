//! What a journal holds, and how a line of it is written and read. Files are the engine's business.
//!
//! A journal is a chain of *segments*, one a driver. The first line of a segment is its [`Header`]; every other line is one
//! [`Record`] with the generation of the driver that wrote it. Each line ends in a CRC-32 of what precedes it, so that a torn or
//! damaged line is known for one.

mod line;
mod quick;
mod record;

pub use line::{Damage, Decoded, FORMAT, Header, Previous, decode, encode_header, encode_record};
pub use record::{Ending, Fate, PluginUse, Record};
