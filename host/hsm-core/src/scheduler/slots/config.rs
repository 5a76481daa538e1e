//! What the host says about an agent: where it is, and what it may use.

use crate::failure::{Blame, Failure};
use crate::scheduler::{Command, Site};
use serde::Deserialize;

/// How long a task may take to end after it was asked to, in seconds.
const GRACE_S: u64 = 10;

/// The settings of one agent, as the map [`Site::config`].
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Config {
    /// The absolute path of the agent's script.
    pub(super) agent: String,
    /// The absolute folder of its state.
    pub(super) state: String,
    /// How many elements may run at once on that machine.
    pub(super) slots: u32,
    /// The GPUs that may be used, by their indices in PCI order.
    #[serde(default)]
    pub(super) gpus: Vec<u32>,
    /// How many GPUs an element uses where it does not say.
    #[serde(default)]
    pub(super) gpus_per_task: u32,
    /// How long a task may take to end after it was asked to, in seconds.
    #[serde(default = "grace_s")]
    pub(super) grace_s: u64,
}

fn grace_s() -> u64 {
    GRACE_S
}

impl Config {
    pub(super) fn of(site: &Site) -> Result<Self, Failure> {
        let config = Self::deserialize(&site.config).map_err(|error| bad(&error.to_string()))?;
        for path in [&config.agent, &config.state] {
            if !path.starts_with('/') || path.contains(char::is_control) {
                return Err(bad(&format!("`{}` is no absolute path", path.escape_debug())));
            }
        }
        if config.slots == 0 {
            return Err(bad("`slots` is 0, and nothing would ever run"));
        }
        let mut gpus = config.gpus.clone();
        gpus.sort_unstable();
        if gpus.windows(2).any(|pair| pair[0] == pair[1]) {
            return Err(bad("`gpus` names a GPU twice"));
        }
        Ok(config)
    }

    /// A request to the agent.
    pub(super) fn command(&self, verb: &str) -> Command {
        Command::new("bash").args([self.agent.as_str(), verb, self.state.as_str()])
    }
}

fn bad(why: &str) -> Failure {
    Failure::new(Blame::Config, "bad-config", format!("the settings of `slots` cannot be used: {why}"))
        .with_hint("known are `agent`, `state`, `slots`, `gpus`, `gpus_per_task` and `grace_s`")
}

#[cfg(test)]
pub(super) fn testing() -> Config {
    Config {
        agent: "/r/agent.sh".into(),
        state: "/r/state".into(),
        slots: 4,
        gpus: vec![],
        gpus_per_task: 0,
        grace_s: 10,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn settings_are_checked() {
        let of = |config| Config::of(&Site { config, ..Site::default() });
        assert_eq!(of(json!({"agent": "/r/agent.sh", "state": "/r/state", "slots": 4})), Ok(testing()));
        for (config, words) in [
            (json!(null), "invalid type"),
            (json!({"agent": "/a", "state": "/s"}), "missing field `slots`"),
            (json!({"agent": "/a", "state": "/s", "slots": 0}), "nothing would ever run"),
            (json!({"agent": "a", "state": "/s", "slots": 1}), "`a` is no absolute path"),
            (json!({"agent": "/a", "state": "/s\n", "slots": 1}), "no absolute path"),
            (json!({"agent": "/a", "state": "/s", "slots": 1, "gpus": [1, 1]}), "twice"),
            (json!({"agent": "/a", "state": "/s", "slots": 1, "slot": 1}), "unknown field `slot`"),
        ] {
            let failure = of(config.clone()).unwrap_err();
            assert!(failure.message.contains(words), "{config}: {failure}");
        }
    }
}
