//! What a site says about its cell. Everything has a default, so that a stock cell needs nothing.

use hsm_sdk::{Failure, Site};
use serde::Deserialize;

/// The scheduler's configuration.
#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// What jobs with several cores run in, as `qconf -spl` lists it.
    pub parallel_environment: String,
    /// The complex that limits memory; of each core's share, as Grid Engine counts it.
    pub memory: String,
    /// The complex that counts GPUs, where there is one.
    pub gpus: Option<String>,
    /// The complex that has the model of a GPU, where there is one.
    pub gpu_type: Option<String>,
    /// Whether `qacct` can read the accounts from where it is run.
    pub accounts: bool,
    /// How long to wait between two looks, in seconds.
    pub poll_interval_s: u32,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            parallel_environment: "smp".to_owned(),
            memory: "h_vmem".to_owned(),
            gpus: None,
            gpu_type: None,
            accounts: true,
            poll_interval_s: 30,
        }
    }
}

impl Config {
    /// The configuration of a site.
    pub fn of(site: &Site) -> Result<Self, Failure> {
        let config: Self = site.read_config()?;
        let words = [&config.parallel_environment, &config.memory].into_iter();
        for word in words.chain(&config.gpus).chain(&config.gpu_type) {
            if word.is_empty() || !word.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c)) {
                return Err(Failure::config(format!("`{word}` is no name of Grid Engine's"))
                    .with_hint("`qconf -spl` lists parallel environments, `qconf -sc` complexes"));
            }
        }
        Ok(config)
    }
}
