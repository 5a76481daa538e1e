//! Where a site's word is kept.

use std::path::PathBuf;

/// Where a site's files are, and who has to own them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    /// The folder of `policy.toml` and `keys`.
    pub root: PathBuf,
    /// The number of the user who has to own all of it.
    pub owner: u32,
}

impl Default for Site {
    /// `/etc/hsm`, owned by root.
    fn default() -> Self {
        Self { root: PathBuf::from("/etc/hsm"), owner: 0 }
    }
}
