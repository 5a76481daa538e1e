//! What tasks need over there beside their code: the Python of scripts, and hsm's own agent where no batch system starts them.

use super::sweep::SshMachine;
use crate::machine::{AgentPlace, PythonThere};
use hsm_core::command::{Launch, Program};
use hsm_core::roles::Failure;
use hsm_core::scheduler::{AGENT, agent_file};
use std::path::{Path, PathBuf};

/// The folder of the agent, below the folder of everything of hsm's.
const AGENT_FOLDER: &str = "agent";
/// The folder of what the agent remembers, in its own.
const STATE_FOLDER: &str = "state";

impl SshMachine {
    /// Where the agent is, or would be.
    pub(super) fn agent_outlook(root: &Path) -> AgentPlace {
        let folder = root.join(AGENT_FOLDER);
        AgentPlace { script: folder.join(agent_file()), state: folder.join(STATE_FOLDER) }
    }

    /// Brings the agent over. One that runs is never changed: its name says what is in it.
    pub(super) fn bring_agent(&mut self) -> Result<AgentPlace, Failure> {
        if let Some(agent) = &self.agent {
            return Ok(agent.clone());
        }
        let root = self.there()?.root;
        let (configured, of) = (root.display().to_string(), self.marker());
        let (name, bytes) = (agent_file(), AGENT.len().to_string());
        let words = ["hsm_put", &configured, AGENT_FOLDER, &name, &bytes, &of];
        self.link().have("take hsm's agent", &words, AGENT.as_bytes())?;
        let agent = Self::agent_outlook(&root);
        self.agent = Some(agent.clone());
        Ok(agent)
    }

    /// How tasks are started with the code in `there`: scripts by the Python of over there, found in one round trip.
    pub(super) fn launch_in(&mut self, launch: &Launch, there: PathBuf) -> Result<Launch, Failure> {
        let mut launch = launch.moved_to(there, &self.remote().project.clone());
        if matches!(launch.program, Program::Script { .. }) {
            launch.python = vec![self.python()?];
        }
        Ok(launch)
    }

    fn python(&mut self) -> Result<String, Failure> {
        if let Some(python) = &self.python {
            return Ok(python.clone());
        }
        let (kind, name) = match self.remote().python.clone() {
            PythonThere::Found => ("found", "python3".to_owned()),
            PythonThere::Interpreter(path) => ("interpreter", path),
            PythonThere::Conda(env) => ("conda", env),
        };
        let reply = self.link().have("find the Python of scripts", &["hsm_python", kind, &name], &[])?;
        let python = String::from_utf8_lossy(&reply.output).trim_end_matches('\n').to_owned();
        self.python = Some(python.clone());
        Ok(python)
    }
}
