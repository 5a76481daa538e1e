//! What most commands begin with: the project, its `JobManager`, and the sweep that is meant.

use crate::args::{GlobalArgs, SweepArg};
use crate::environment;
use crate::output::Console;
use crate::project::Project;
use crate::report::Problem;
use hsm_core::sweep_id::SweepId;
use hsm_engine::{JobManager, LinkOptions, wall_ms};
use std::io::IsTerminal as _;
use std::path::PathBuf;

/// How many sweeps can begin in one second before their ids run out.
const SUFFIX_MAX: u32 = 10_000;

/// A project and the manager of its sweeps.
#[derive(Debug)]
pub struct Context {
    /// The project.
    pub project: Project,
    /// Its sweeps.
    pub manager: JobManager,
    /// Where to say things.
    pub console: Console,
}

impl Context {
    /// For commands about sweeps that exist.
    ///
    /// # Errors
    /// When the current folder is in no project, or its settings cannot be used.
    pub fn find(global: &GlobalArgs, console: Console) -> Result<Self, Problem> {
        Self::of(Project::find(console)?, global, console)
    }

    /// For commands that begin with a sweep file, which can do without a project.
    ///
    /// # Errors
    /// When the project's settings cannot be used.
    pub fn find_or_here(global: &GlobalArgs, console: Console) -> Result<Self, Problem> {
        Self::of(Project::find_or_here(console)?, global, console)
    }

    fn of(project: Project, global: &GlobalArgs, console: Console) -> Result<Self, Problem> {
        let program = environment::own_program()?;
        let manager = JobManager::new(project.settings.clone(), &project.root, global.verbose > 0)?
            .with_background_driver(program)
            .with_links(links(true)?)
            .with_roles(crate::plugins::roles(global, project.root.clone(), &project.root)?);
        Ok(Self { project, manager, console })
    }

    /// The folder of the sweep that was named, or of the newest.
    ///
    /// # Errors
    /// When there is none.
    pub fn sweep_dir(&self, sweep: &SweepArg) -> Result<PathBuf, Problem> {
        Ok(self.manager.find(sweep.id.as_deref())?)
    }

    /// Ids for a sweep that begins now: `sweep_20261122_153000`, then the same with a number. Those that exist are passed over; between
    /// looking and creating, somebody else may still be faster.
    pub fn fresh_ids(&self) -> impl Iterator<Item = SweepId> + '_ {
        let first = time_id(wall_ms());
        let numbered = (2..SUFFIX_MAX).map({
            let first = first.clone();
            move |number| format!("{first}_{number}")
        });
        let ids = std::iter::once(first).chain(numbered).filter_map(|id| SweepId::new(id).ok());
        ids.filter(|id| !self.manager.sweep_dir(id).exists())
    }
}

/// How other machines are reached; `interactive` says that somebody who can be asked may be at the terminal.
///
/// # Errors
/// When the system does not say what program this is.
pub fn links(interactive: bool) -> Result<LinkOptions, Problem> {
    let mut links = LinkOptions::new(&environment::own_program()?);
    links.runtime_dir = environment::runtime_folder();
    links.agent_socket = environment::ssh_agent();
    links.interactive = interactive && std::io::stdin().is_terminal() && std::io::stderr().is_terminal();
    Ok(links)
}

fn time_id(milliseconds: u64) -> String {
    let moment = i64::try_from(milliseconds).ok().and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok());
    format!("sweep_{}", moment.unwrap_or_default().strftime("%Y%m%d_%H%M%S"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_say_when() {
        assert_eq!(time_id(1_800_000_000_000), "sweep_20270115_080000");
        assert!(SweepId::new(time_id(u64::MAX)).is_ok());
    }
}
