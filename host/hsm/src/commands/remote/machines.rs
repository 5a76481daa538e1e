//! The machines of a project as their settings have them, each with what the defaults for all of them add.

use crate::project::Project;
use hsm_core::settings::{Backend, Distributed, HostName, Remote};
use hsm_engine::{REMOTE_ROOT, SshDestination, Wanted};

/// A machine.
#[derive(Clone, Debug)]
pub struct Machine {
    /// What its users call it.
    pub name: String,
    /// Its name for ssh.
    pub host: String,
    /// The folder of hsm's files over there, as configured.
    pub root: String,
    /// Everything else.
    pub remote: Remote,
}

impl Machine {
    /// The machines of a project, in the order of its settings.
    pub fn of(project: &Project) -> Vec<Self> {
        let distributed = &project.settings.distributed;
        let remotes = distributed.remotes.iter().flatten();
        remotes.map(|(name, remote)| Self::new(name.as_str(), remote, distributed)).collect()
    }

    /// A name that only the user's ssh configuration knows.
    pub fn alias(project: &Project, name: &HostName) -> Self {
        Self::new(name.as_str(), &Remote::default(), &project.settings.distributed)
    }

    fn new(name: &str, remote: &Remote, all: &Distributed) -> Self {
        let mut remote = remote.clone();
        remote.conda_env = remote.conda_env.or_else(|| all.conda_env.clone());
        remote.python_path = remote.python_path.or_else(|| all.python_path.clone());
        // Where a scheduler starts tasks, their folder is everything's.
        let has_scheduler = !matches!(remote.backend, None | Some(Backend::Ssh));
        let workdir = remote.workdir.as_ref().filter(|_| has_scheduler);
        let root = workdir.or(remote.remote_root.as_ref()).or(all.remote_root.as_ref());
        Self {
            name: name.to_owned(),
            host: remote.host.as_ref().map_or(name, |host| host.as_str()).to_owned(),
            root: root.map_or(REMOTE_ROOT, String::as_str).to_owned(),
            remote,
        }
    }

    /// What starts tasks there.
    pub fn backend(&self) -> Backend {
        self.remote.backend.clone().unwrap_or(Backend::Ssh)
    }

    /// Whether it is used where all are.
    pub fn is_enabled(&self) -> bool {
        self.remote.enabled.unwrap_or(true)
    }

    /// What tasks are to find there.
    pub fn wanted(&self) -> Wanted {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        Wanted {
            root: self.root.clone(),
            python: text(&self.remote.python_path),
            conda_env: text(&self.remote.conda_env),
        }
    }

    /// What ssh would connect to. Nothing is connected.
    ///
    /// # Errors
    /// When ssh cannot say.
    pub fn destination(&self) -> hsm_engine::Result<SshDestination> {
        SshDestination::find(&self.host, self.remote.ssh_port)
    }
}
