//! What a machine says of itself, a word and a value a line.

use serde::Serialize;
use std::collections::BTreeMap;
use std::time::Duration;

/// What tasks are to find on a machine; empty where nothing is configured.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// The folder of hsm's files, as configured.
    pub root: String,
    /// The Python interpreter.
    pub python: String,
    /// The conda environment, by name or path.
    pub conda_env: String,
}

/// How a machine is. What it did not say is not known.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Look {
    /// How long a question and its answer take.
    pub latency: Duration,
    /// How far its clock is ahead of this machine's, in milliseconds.
    pub clock_ahead_ms: Option<i64>,
    /// The login shell.
    pub shell: Option<String>,
    /// The version of its bash.
    pub bash: Option<String>,
    /// What it calls itself.
    pub hostname: Option<String>,
    /// What tells this run of this machine from all others.
    pub boot_id: Option<String>,
    /// How many processors it has.
    pub processors: Option<u32>,
    /// How many processes want one, on the average of the last minute.
    pub load: Option<f64>,
    /// The version of its rsync, in rsync's words.
    pub rsync: Option<String>,
    /// The folder of hsm's files over there, as it is called there.
    pub root: Option<String>,
    /// Whether that can be used.
    pub root_state: RootState,
    /// Room on that folder's disk in all, in KiB.
    pub disk_total_kib: Option<u64>,
    /// Free room there, in KiB.
    pub disk_free_kib: Option<u64>,
    /// The interpreter that was found, and its version.
    pub python: Option<String>,
    /// Where the conda environment is.
    pub conda_env: Option<String>,
    /// How many tasks hsm itself has running there, whoever's project they belong to.
    pub tasks: Option<u64>,
}

/// What the folder of hsm's files on a machine is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RootState {
    /// A folder of the user's.
    There,
    /// Nothing yet, and it can be made.
    Absent,
    /// In a folder that the user may not write to.
    Closed(String),
    /// A symbolic link, through which hsm writes and deletes nothing.
    Symlink,
    /// Something else than a folder.
    File,
    /// A folder of somebody else.
    Foreign,
    /// The machine did not say.
    #[default]
    Unknown,
}

impl Look {
    pub(super) fn parse(said: &str) -> Self {
        let words: BTreeMap<&str, &str> = said
            .lines()
            .filter_map(|line| line.split_once(' '))
            .map(|(word, value)| (word, value.trim()))
            .filter(|(_, value)| !value.is_empty())
            .collect();
        let text = |word: &str| words.get(word).map(|value| (*value).to_owned());
        let mut sizes =
            words.get("disk").into_iter().flat_map(|sizes| sizes.split(' ')).map(|size| size.parse().ok());
        Self {
            latency: Duration::ZERO,
            clock_ahead_ms: None,
            shell: text("shell"),
            bash: text("bash"),
            hostname: text("hostname"),
            boot_id: text("boot"),
            processors: words.get("processors").and_then(|number| number.parse().ok()),
            load: words.get("load").and_then(|number| number.parse().ok()),
            rsync: text("rsync"),
            root: text("root"),
            root_state: match (words.get("state").copied(), text("closed")) {
                (Some("symlink"), _) => RootState::Symlink,
                (Some("file"), _) => RootState::File,
                (Some("foreign"), _) => RootState::Foreign,
                (_, Some(folder)) => RootState::Closed(folder),
                (Some("there"), None) => RootState::There,
                (Some("absent"), None) => RootState::Absent,
                _ => RootState::Unknown,
            },
            disk_total_kib: sizes.next().flatten(),
            disk_free_kib: sizes.next().flatten(),
            python: text("python"),
            conda_env: text("conda"),
            tasks: words.get("tasks").and_then(|number| number.parse().ok()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::process;

    #[test]
    fn what_was_not_said_is_not_known() {
        let look = Look::parse(
            "bash 5.2\nload \nload x\nstate absent\nclosed /data\nprocessors 8\ndisk 100 7\ntasks 2\n",
        );
        assert_eq!((look.bash.as_deref(), look.load, look.processors), (Some("5.2"), None, Some(8)));
        assert_eq!((look.disk_total_kib, look.disk_free_kib, look.tasks), (Some(100), Some(7), Some(2)));
        assert_eq!(look.root_state, RootState::Closed("/data".to_owned()));
        assert_eq!(Look::parse(""), Look::default());
    }

    /// What the script says of this machine.
    fn here(root: &str, python: &str, conda_env: &str) -> Look {
        let words = ["-c", include_str!("look.sh"), "hsm", root, python, conda_env];
        let said = process::ask("bash", &words, Duration::from_secs(20)).unwrap();
        assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
        Look::parse(&String::from_utf8_lossy(&said.stdout))
    }

    #[test]
    fn the_script_says_how_this_machine_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).display().to_string();
        std::fs::create_dir(path("there")).unwrap();
        std::os::unix::fs::symlink(path("there"), path("link")).unwrap();
        std::fs::write(path("file"), "").unwrap();
        std::fs::create_dir_all(path("env/bin")).unwrap();
        std::os::unix::fs::symlink("/bin/sh", path("env/bin/python")).unwrap();
        for (name, state) in [
            ("there", RootState::There),
            ("link", RootState::Symlink),
            ("file", RootState::File),
            ("not/yet", RootState::Absent),
        ] {
            assert_eq!(here(&path(name), "", "").root_state, state, "{name}");
        }
        let look = here(&path("not/yet"), "no-such-python", &path("env"));
        assert_eq!(look.root, Some(path("not/yet")));
        assert!(look.disk_total_kib > look.disk_free_kib && look.disk_free_kib > Some(0), "{look:?}");
        assert_eq!((look.python, look.conda_env), (None, Some(path("env"))));
        assert!(look.processors > Some(0) && look.bash.is_some() && look.tasks.is_some());
    }
}
