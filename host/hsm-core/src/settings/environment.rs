//! Settings from variables: `HSM_LOCAL_WALLTIME=12:00:00` is `local.walltime`.

use crate::diagnostic::{Diagnostics, Findings, Parsed, Position};
use crate::settings::blocks::{BLOCKS, Settings, keys};
use crate::suggest::did_you_mean;
use crate::yaml::{Content, Entry, Key, Node, Scalar};

/// What every such variable begins with.
const PREFIX: &str = "HSM_";

/// The key that no variable can set, because it holds maps of its own.
const REMOTES: &str = "remotes";

impl Settings {
    /// The settings that variables give, as pairs of name and value; all others are passed over, among them those that hsm itself sets
    /// for its tasks. Lists are written with commas.
    ///
    /// # Errors
    /// Every variable whose value cannot be meant. A variable of a known block with an unknown key is a warning.
    pub fn from_environment<'a>(
        variables: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Parsed<Self>, Diagnostics> {
        let mut settings = Self::default();
        let mut findings = Findings::new("the environment");
        for (name, value) in variables {
            let Some((block, key)) = name.strip_prefix(PREFIX).and_then(split) else { continue };
            let mut found = Findings::new(name);
            if key == REMOTES {
                found.warning(
                    Position::WHOLE,
                    "machines are named in a settings file alone; this sets nothing",
                    None,
                );
            } else if !keys(block).contains(&key.as_str()) {
                let known: Vec<String> = keys(block).iter().map(|key| variable(block, key)).collect();
                let hint = did_you_mean(name, known.iter().map(String::as_str));
                found.warning(Position::WHOLE, format!("`{block}` has no such key; this sets nothing"), hint);
            } else {
                let mut layer = Self::default();
                layer.read_block(block, &node(&key, value), &mut found);
                settings = layer.over(settings);
            }
            findings.absorb(found);
        }
        findings.conclude(Some(settings))
    }
}

/// The block and the key of a name without its prefix.
fn split(name: &str) -> Option<(&'static str, String)> {
    BLOCKS.iter().find_map(|block| {
        let key = name.strip_prefix(block.to_ascii_uppercase().as_str())?.strip_prefix('_')?;
        Some((*block, key.to_ascii_lowercase()))
    })
}

fn variable(block: &str, key: &str) -> String {
    format!("{PREFIX}{}_{}", block.to_ascii_uppercase(), key.to_ascii_uppercase())
}

/// A block with one key, as if it stood in a file.
fn node(key: &str, value: &str) -> Node {
    let at = Position::WHOLE;
    let list = matches!(key, "modules" | "rsync_excludes" | "qos_whitelist");
    let scalar = |text: &str| Node {
        at,
        content: Content::Scalar(Scalar { text: text.trim().to_owned(), plain: false }),
    };
    let value = if list {
        Node { at, content: Content::List(value.split(',').map(scalar).collect()) }
    } else {
        scalar(value)
    };
    Node { at, content: Content::Map(vec![Entry { key: Key { at, name: key.to_owned() }, value }]) }
}
