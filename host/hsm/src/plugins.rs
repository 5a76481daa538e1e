//! Where plugins meet the rest: built-in roles first, then components in the sandbox. This is the only module that knows there is one.

use crate::args::GlobalArgs;
use crate::environment;
use crate::interrupt;
use crate::project::Project;
use crate::report::{Exit, Problem};
use hsm_core::aggregate;
use hsm_core::roles::{Aggregator, Failure, Generator, Loaded, Roles};
use hsm_core::scheduler::Scheduler;
use hsm_plugin::trust::Site;
use hsm_plugin::{Compiler, Limits, PluginRoles, PluginSettings, Role};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The command that compiles components in a process of its own.
pub const COMPILE_COMMAND: &str = "compile-plugin";

/// All roles: those that need no plugin, and those of components. Relative paths start at `base_folder`, names are those of plugins that were
/// added to `project`. Making it runs nothing, and has Ctrl-C stop whatever runs later.
///
/// # Errors
/// When a limit on the command line is none.
pub fn roles(global: &GlobalArgs, base_folder: PathBuf, project: &Path) -> Result<Arc<dyn Roles>, Problem> {
    Ok(Arc::new(AllRoles { components: components(global, base_folder, Some(project))? }))
}

/// What `--plugin` names, where that is a generator or cannot be told.
///
/// # Errors
/// As [`roles`].
pub fn typed_generator<'a>(global: &'a GlobalArgs, project: &Path) -> Result<Option<&'a str>, Problem> {
    let Some(typed) = global.plugin.as_deref() else { return Ok(None) };
    // What is wrong with a plugin is told when it is loaded.
    let role = components(global, PathBuf::from("."), Some(project))?.role_of(typed).ok();
    Ok((role != Some(Role::Scheduler)).then_some(typed))
}

/// What `--plugin` names, where that is a scheduler.
///
/// # Errors
/// When there is no such plugin, or it may not be used.
pub fn typed_scheduler<'a>(global: &'a GlobalArgs, project: &Path) -> Result<Option<&'a str>, Problem> {
    let Some(typed) = global.plugin.as_deref() else { return Ok(None) };
    let role = components(global, PathBuf::from("."), Some(project))?.role_of(typed)?;
    Ok((role == Role::Scheduler).then_some(typed))
}

/// The roles of components alone, whether or not there is a project.
///
/// # Errors
/// As [`roles`].
pub fn components(
    global: &GlobalArgs,
    base_folder: PathBuf,
    project: Option<&Path>,
) -> Result<PluginRoles, Problem> {
    let limits = limits(global)?;
    let program = environment::own_program()?;
    let settings = PluginSettings {
        base_folder,
        project: project.map(Path::to_owned),
        user_folder: environment::user_folder(),
        site: Site::default(),
        cache_folder: cache_folder()?,
        limits,
        compiler: Compiler::Child { program, arguments: vec![COMPILE_COMMAND.into()] },
    };
    let components = PluginRoles::new(settings);
    interrupt::stops_plugins(components.canceller())?;
    Ok(components)
}

/// What plugins may use, as far as the command line says.
///
/// # Errors
/// When a limit there is none.
pub fn limits(global: &GlobalArgs) -> Result<Limits, Problem> {
    let mut limits = Limits::default();
    for setting in &global.plugin_limit {
        limits.set_flag(setting).map_err(|error| Problem::new(Exit::Configuration, error.to_string()))?;
    }
    Ok(limits)
}

/// The user's folder for compiled code. What lies there is executed, so it is in no project: those are handed on, code and all.
fn cache_folder() -> Result<Option<PathBuf>, Problem> {
    let Some(folder) = environment::cache_folder().map(|folder| folder.join("hsm/plugins")) else {
        return Ok(None);
    };
    match Project::around(&folder) {
        None => Ok(Some(folder)),
        Some(project) => {
            let (folder, project) = (folder.display(), project.display());
            let message = format!("the compile cache `{folder}` would be in the project `{project}`");
            Err(Problem::new(Exit::Configuration, message)
                .with_hint("choose a place that is yours alone with the variable XDG_CACHE_HOME"))
        }
    }
}

struct AllRoles {
    components: PluginRoles,
}

impl Roles for AllRoles {
    fn generator(&self, reference: &str, digest: Option<&str>) -> Result<Loaded<dyn Generator>, Failure> {
        self.components.generator(reference, digest)
    }

    fn aggregator(&self, reference: &str, digest: Option<&str>) -> Result<Loaded<dyn Aggregator>, Failure> {
        match aggregate::builtin(reference) {
            Some(builtin) => Ok(builtin),
            None => self.components.aggregator(reference, digest),
        }
    }

    fn scheduler(&self, reference: &str, digest: Option<&str>) -> Result<Loaded<dyn Scheduler>, Failure> {
        self.components.scheduler(reference, digest)
    }
}
