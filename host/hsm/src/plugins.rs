//! Where plugins meet the rest: built-in roles first, then components in the sandbox. This is the only module that knows there is one.

use crate::args::GlobalArgs;
use crate::environment;
use crate::report::{Exit, Problem};
use hsm_core::aggregate;
use hsm_core::roles::{Aggregator, Failure, Generator, Loaded, Roles};
use hsm_plugin::{Compiler, Limits, PluginRoles, PluginSettings};
use std::path::PathBuf;
use std::sync::Arc;

/// The command that compiles components in a process of its own.
pub const COMPILE_COMMAND: &str = "compile-plugin";

/// All roles: those that need no plugin, and those of components. Relative references start at `base_folder`. Making it starts nothing.
///
/// # Errors
/// When a limit on the command line is none.
pub fn roles(global: &GlobalArgs, base_folder: PathBuf) -> Result<Arc<dyn Roles>, Problem> {
    let mut limits = Limits::default();
    for setting in &global.plugin_limit {
        limits.set_flag(setting).map_err(|error| Problem::new(Exit::Configuration, error.to_string()))?;
    }
    let program = environment::own_program()?;
    let settings = PluginSettings {
        base_folder,
        cache_folder: environment::cache_folder().map(|folder| folder.join("hsm/plugins")),
        limits,
        compiler: Compiler::Child { program, arguments: vec![COMPILE_COMMAND.into()] },
    };
    Ok(Arc::new(AllRoles { components: PluginRoles::new(settings) }))
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
}
