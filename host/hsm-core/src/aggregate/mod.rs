//! The aggregators that need no plugin: `table` and `summary`. They stand behind the same trait as a plugin's, get the same batches,
//! and know nothing of files.

mod stack;
mod summary;
mod table;

pub use summary::Summary;
pub use table::FlatTable;

use crate::roles::{Aggregator, Blame, Failure, Loaded};
use serde::de::DeserializeOwned;
use std::sync::Arc;

/// The names of the built-in aggregators.
pub const BUILTIN: [&str; 2] = ["table", "summary"];

/// What stands for the digest of a role that is part of the host.
pub const BUILTIN_DIGEST: &str = "builtin";

/// The built-in aggregator called `name`.
#[must_use]
pub fn builtin(name: &str) -> Option<Loaded<dyn Aggregator>> {
    let role: Arc<dyn Aggregator> = match name {
        "table" => Arc::new(FlatTable),
        "summary" => Arc::new(Summary),
        _ => return None,
    };
    Some(Loaded { name: name.to_owned(), digest: BUILTIN_DIGEST.to_owned(), role })
}

/// The configuration of an aggregator; nothing at all counts as `{}`.
fn config<T: DeserializeOwned>(aggregator: &str, json: &str) -> Result<T, Failure> {
    let json = if json.trim().is_empty() { "{}" } else { json };
    let object = serde_json::from_str::<serde_json::Map<_, _>>(json);
    object.and_then(|object| serde_json::from_value(object.into())).map_err(|error| {
        let message = format!("the configuration of `{aggregator}` cannot be used: {error}");
        Failure::new(Blame::Config, "bad-config", message)
    })
}

fn bad_batch(message: String) -> Failure {
    Failure::new(Blame::Internal, "bad-batch", message)
}

#[cfg(test)]
#[path = "aggregate_tests.rs"]
mod tests;
