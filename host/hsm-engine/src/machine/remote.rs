//! What is to be known of a machine that is reached by ssh in order to run a project's tasks there: in the journal with every request that
//! changes it.

use super::ssh::Target;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Another machine as the place of a project's sweeps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remote {
    /// Which machine.
    pub target: Target,
    /// The project's folder here: what tells its folder there from those of other projects.
    pub project: PathBuf,
    /// The Python of scripts there.
    #[serde(default)]
    pub python: PythonThere,
    /// Patterns of rsync for what is no part of the code that goes there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub excludes: Vec<String>,
    /// Whether what `.gitignore` names is no part of it either.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub gitignore: bool,
    /// Where a finished sweep is kept over there, and when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub archive: Option<Archive>,
}

impl Remote {
    /// A machine of which nothing else was said, for the project in the folder `project`.
    #[must_use]
    pub fn new(target: Target, project: PathBuf) -> Self {
        Self {
            target,
            project,
            python: PythonThere::default(),
            excludes: Vec::new(),
            gitignore: false,
            archive: None,
        }
    }
}

impl Remote {
    /// The rules by which rsync leaves out what is no part of the code.
    ///
    /// A name without a pattern in it is meant at the project's root: `wandb/` is a folder of results there, and may be one of a package's
    /// own anywhere else.
    pub(crate) fn filters(&self) -> Vec<String> {
        let anchored = |pattern: &String| {
            let anywhere = pattern.starts_with('/') || pattern.contains(['*', '?', '[']);
            if anywhere { pattern.clone() } else { format!("/{pattern}") }
        };
        let excludes = self.excludes.iter().filter(|pattern| !pattern.is_empty());
        let mut filters: Vec<String> =
            excludes.map(|pattern| format!("--filter=- {}", anchored(pattern))).collect();
        if self.gitignore {
            filters.push("--filter=:- .gitignore".to_owned());
        }
        filters
    }
}

/// The Python of scripts on another machine.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PythonThere {
    /// `python3`, as it is found there.
    #[default]
    Found,
    /// An interpreter, by its path there.
    Interpreter(String),
    /// That of a conda environment, by its name or path there.
    Conda(String),
}

/// A durable place on the other machine's own network for what a sweep left.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Archive {
    /// The folder there.
    pub folder: String,
    /// Whether a sweep is kept also when not all of its tasks completed.
    pub always: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_meant_at_the_root_and_patterns_anywhere() {
        let mut remote = Remote::new(Target::new("box", "box"), "/work/p".into());
        assert!(remote.filters().is_empty());
        remote.excludes = ["wandb/", "/data", "*.ckpt", "runs/old", ""].map(str::to_owned).into();
        remote.gitignore = true;
        assert_eq!(
            remote.filters(),
            [
                "--filter=- /wandb/",
                "--filter=- /data",
                "--filter=- *.ckpt",
                "--filter=- /runs/old",
                "--filter=:- .gitignore"
            ]
        );
    }
}
