//! Real components through the sandbox: the two reference plugins, and two that break every rule.
//!
//! They are built by `plugins/build` into the same target folder as these tests; without them every test here fails and says so.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should end")]

mod answers;
mod compile;
mod files;
mod good;
mod limits;
mod world;
