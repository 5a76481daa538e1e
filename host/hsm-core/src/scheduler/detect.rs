//! Which batch systems a machine has, told by what their commands print.
//!
//! **Must not:** go by the names of programs: `qsub` belongs to PBS, to Torque, to Grid Engine, and to a wrapper around Slurm.

use super::replies::{everything, succeeded};
use super::resources::Dialect;
use super::slurm::describe::{finds_no_configuration, no_configuration};
use super::survey::Surveyor;
use super::{Command, Ending, Exchange, Pbs, Scheduler, Slurm, Step};
use crate::failure::{Blame, Failure};
use serde::Serialize;

/// Versions are printed without asking any server.
const TIMEOUT_MS: u32 = 10_000;

/// Stands for the version of a Slurm whose commands know no cluster.
const NO_CONFIGURATION: &str = "(its configuration file is not found)";

/// How many lines of a command's words are looked at.
const LINES_MAX: usize = 60;

/// What a machine has, each with the version that it gave.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Detected {
    /// Slurm.
    pub slurm: Option<String>,
    /// PBS Pro or OpenPBS.
    pub pbs: Option<String>,
    /// Grid Engine, of whatever maker.
    pub grid_engine: Option<String>,
    /// Torque.
    pub torque: Option<String>,
}

/// A batch system that needs no plugin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum BuiltIn {
    /// [`Slurm`].
    Slurm,
    /// [`Pbs`].
    Pbs,
}

impl BuiltIn {
    /// What `--scheduler` calls it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Slurm => "slurm",
            Self::Pbs => "pbs",
        }
    }

    /// The one that `--scheduler` calls so.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        [Self::Slurm, Self::Pbs].into_iter().find(|built_in| built_in.name() == name)
    }

    /// What speaks to it.
    #[must_use]
    pub fn scheduler(self) -> &'static dyn Scheduler {
        match self {
            Self::Slurm => &Slurm,
            Self::Pbs => &Pbs,
        }
    }

    /// What asks it about itself.
    #[must_use]
    pub fn surveyor(self) -> &'static dyn Surveyor {
        match self {
            Self::Slurm => &Slurm,
            Self::Pbs => &Pbs,
        }
    }

    /// Whose words its scripts have.
    #[must_use]
    pub fn dialect(self) -> Dialect {
        match self {
            Self::Slurm => Dialect::Slurm,
            Self::Pbs => Dialect::Pbs,
        }
    }
}

/// Asks for versions: three commands at most. A machine without any of them has none of the batch systems.
#[must_use]
pub fn detect(so_far: &[Exchange]) -> Step<Detected> {
    let questions = [("sbatch", "--version"), ("qsub", "--version"), ("qstat", "-help")];
    // Without `qsub` nobody needs to know whose `qstat` it is.
    let has_qsub = so_far.get(1).is_none_or(|reply| reply.ending != Ending::NotStarted);
    let wanted = if has_qsub { questions.len() } else { 2 };
    if let Some((program, option)) = questions.get(..wanted).unwrap_or_default().get(so_far.len()) {
        let mut command = Command::new(*program).arg(*option);
        command.timeout_ms = TIMEOUT_MS;
        return Step::Run(command);
    }
    Step::Done(so_far.iter().fold(Detected::default(), Detected::told))
}

impl Detected {
    /// What one more reply tells.
    fn told(mut self, reply: &Exchange) -> Self {
        if reply.ending == Ending::NotStarted {
            return self;
        }
        let words = everything(reply);
        for line in words.lines().map(str::trim).take(LINES_MAX) {
            if reply.command.program == "sbatch" {
                self.slurm =
                    self.slurm.or(finds_no_configuration(reply).then(|| NO_CONFIGURATION.to_owned()));
                let version = line.strip_prefix("slurm-wlm ").or_else(|| line.strip_prefix("slurm "));
                self.slurm = self.slurm.or(version.filter(|_| succeeded(reply)).map(str::to_owned));
            } else if let Some(version) = line.strip_prefix("pbs_version = ") {
                self.pbs = Some(version.to_owned());
            } else if let Some(version) = line.strip_prefix("Version: ") {
                self.torque = Some(version.to_owned());
            } else if let Some(version) = grid_engine(line) {
                self.grid_engine = self.grid_engine.or(Some(version));
            }
        }
        self
    }

    /// What to use where nobody said; nothing where there is none at all, which [`no_scheduler`] puts into words.
    ///
    /// # Errors
    /// `several-schedulers`, and `needs-plugin` where all that is there is spoken to by no built-in scheduler.
    pub fn choice(&self) -> Result<Option<BuiltIn>, Failure> {
        match (&self.slurm, &self.pbs) {
            (Some(slurm), Some(pbs)) => {
                let message = format!("this machine has Slurm {slurm} and PBS {pbs}");
                Err(Failure::new(Blame::Config, "several-schedulers", message)
                    .with_hint("say which: `--scheduler slurm` or `--scheduler pbs`"))
            }
            (Some(slurm), None) if slurm == NO_CONFIGURATION => Err(no_configuration()),
            (Some(_), None) => Ok(Some(BuiltIn::Slurm)),
            (None, Some(_)) => Ok(Some(BuiltIn::Pbs)),
            (None, None) => match self.foreign() {
                None => Ok(None),
                Some((name, hint)) => {
                    let message = format!("this machine has {name}, which needs a plugin");
                    Err(Failure::new(Blame::Config, "needs-plugin", message).with_hint(hint))
                }
            },
        }
    }

    fn foreign(&self) -> Option<(String, &'static str)> {
        if let Some(version) = &self.grid_engine {
            let hint = "the plugin `grid-engine` speaks to it: `hsm --plugin grid-engine.tar run … --scheduler grid-engine`";
            return Some((format!("Grid Engine {version}"), hint));
        }
        let version = self.torque.as_ref()?;
        Some((
            format!("Torque {version}"),
            "`hsm plugin new scheduler` begins one; `hsm run … --mode local` runs tasks on this machine",
        ))
    }
}

/// That there is no batch system, for those who asked for one.
#[must_use]
pub fn no_scheduler() -> Failure {
    Failure::new(
        Blame::Config,
        "no-scheduler",
        "this machine has no batch system: neither `sbatch` nor `qsub` is on the `PATH` and set up",
    )
    .with_hint("load the module that has its commands, or run the tasks here: `--mode local`")
}

/// `SGE 8.1.9`, `UGE 8.6.1`, `GE 6.2u5`: the first line of any help. Without its settings it prints what it misses.
fn grid_engine(line: &str) -> Option<String> {
    if line.contains("environment variable SGE_ROOT") {
        return Some("(its `SGE_ROOT` is not set)".to_owned());
    }
    let (name, version) = line.split_once(' ')?;
    let is_one = matches!(name, "SGE" | "UGE" | "GE" | "OGS/GE" | "AGE")
        && version.starts_with(|c: char| c.is_ascii_digit());
    is_one.then(|| version.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scheduler::testing::{exited, lead};

    const SLURM: (i32, &str, &str) = (0, "slurm-wlm 22.05.8\n", "");
    const PBS: (i32, &str, &str) = (0, "pbs_version = 23.06.06\n", "");
    const PBS_HELP: (i32, &str, &str) =
        (2, "", "qstat: invalid option -- 'h'\nusage: qstat [-f] [-J] [-p] [-t] [-x] [-E]\n");
    const TORQUE: (i32, &str, &str) =
        (0, "", "Version: 6.1.2\nCommit: 661e092552de43a785c15d39a3634a541d86898e\n");
    const WRAPPER: (i32, &str, &str) = (
        2,
        "",
        "Unknown option: version\nUsage:\n    qsub [-a start_time] [-A account] [-b y|n] [-e err_path] [-I] [-l\n    resource_list]\n",
    );
    const WRAPPER_HELP: (i32, &str, &str) =
        (0, "Usage:\n    qstat [-f] [-a|-i|-r] [-n [-1]] [-G|-M] [-u *user_list*] [-? | --help]\n", "");
    const GRID_ENGINE: (i32, &str, &str) = (1, "", "qsub: Unknown option --version\n");
    const GRID_ENGINE_HELP: (i32, &str, &str) = (0, "SGE 8.1.9\nusage: qstat [options]\n", "");
    const NO_CONF: (i32, &str, &str) = (
        1,
        "",
        "sbatch: error: s_p_parse_file: cannot stat file /nope: No such file or directory, retrying in 1sec up to 60sec\n",
    );
    const NO_CLUSTER: (i32, &str, &str) = (
        1,
        "",
        "sbatch: error: fetch_config: DNS SRV lookup failed\nsbatch: error: _establish_config_source: failed to fetch config\n\
         sbatch: fatal: Could not establish a configuration source\n",
    );
    const NO_ROOT: (i32, &str, &str) = (
        1,
        "",
        "\nUnable to initialize environment because of error: Please set the environment variable SGE_ROOT.\nExiting.\n",
    );
    const MISSING: (i32, &str, &str) = (-1, "", "");

    fn found(replies: &[(i32, &str, &str)]) -> Detected {
        let replies: Vec<Exchange> = replies
            .iter()
            .map(|reply| match *reply {
                MISSING => Exchange { ending: Ending::NotStarted, exit_code: None, ..exited(0, "", "") },
                (code, stdout, stderr) => exited(code, stdout, stderr),
            })
            .collect();
        lead(&replies, |so_far| Ok(detect(so_far))).1.unwrap()
    }

    fn choice(replies: &[(i32, &str, &str)]) -> String {
        match found(replies).choice() {
            Ok(choice) => choice.map_or("none", BuiltIn::name).to_owned(),
            Err(failure) => format!("{}: {}", failure.code, failure.message),
        }
    }

    #[test]
    fn built_in_schedulers_have_names() {
        assert_eq!(
            ["slurm", "pbs", "torque"].map(BuiltIn::named),
            [Some(BuiltIn::Slurm), Some(BuiltIn::Pbs), None]
        );
        let site = crate::scheduler::testing::site();
        let first = |built_in: BuiltIn| match built_in.scheduler().describe(&site, &[]) {
            Ok(Step::Run(command)) => command.program,
            other => format!("{other:?}"),
        };
        assert_eq!((first(BuiltIn::Slurm), first(BuiltIn::Pbs)), ("scontrol".to_owned(), "qstat".to_owned()));
    }

    #[test]
    fn by_what_they_print() {
        for (replies, expected) in [
            (vec![SLURM, MISSING], "slurm"),
            (vec![SLURM, WRAPPER, WRAPPER_HELP], "slurm"),
            (vec![MISSING, PBS, PBS_HELP], "pbs"),
            (
                vec![SLURM, PBS, PBS_HELP],
                "several-schedulers: this machine has Slurm 22.05.8 and PBS 23.06.06",
            ),
            (
                vec![MISSING, TORQUE, PBS_HELP],
                "needs-plugin: this machine has Torque 6.1.2, which needs a plugin",
            ),
            (
                vec![MISSING, GRID_ENGINE, GRID_ENGINE_HELP],
                "needs-plugin: this machine has Grid Engine 8.1.9, which needs a plugin",
            ),
            (
                vec![MISSING, NO_ROOT, NO_ROOT],
                "needs-plugin: this machine has Grid Engine (its `SGE_ROOT` is not set), which needs a plugin",
            ),
            (vec![SLURM, GRID_ENGINE, GRID_ENGINE_HELP], "slurm"),
            (vec![NO_CONF, MISSING], "no-slurm-conf: Slurm's commands find no configuration"),
            (vec![MISSING, MISSING], "none"),
            (vec![MISSING, WRAPPER, WRAPPER_HELP], "none"),
            // Slurm's clients are installed on many a machine that is no part of any cluster.
            (vec![NO_CLUSTER, MISSING], "none"),
            (vec![NO_CLUSTER, PBS, PBS_HELP], "pbs"),
            (
                vec![(1, "", "sbatch: error while loading shared libraries: libslurmfull.so\n"), MISSING],
                "none",
            ),
        ] {
            assert_eq!(choice(&replies), expected);
        }
        assert_eq!(found(&[SLURM, MISSING]).slurm.as_deref(), Some("22.05.8"));
        assert_eq!(no_scheduler().code, "no-scheduler");
    }
}
