//! From a reference to a role: finds the plugin, has it judged, compiles it, and holds configurations against its manifest.

use crate::bundle::{Bundle, BundleError, BundleProblem, COMPONENT, Manifest};
use crate::configured::Configured;
use crate::fixtures::Subject;
use crate::inspect::{Role, inspect};
use crate::limits::{Limit, Limits, mib};
use crate::plain::plain_line;
use crate::sandbox::{Canceller, Compiler, Costs, Plugin, Sandbox, fault};
use crate::trust::{Admitted, NotAdmitted, Site, Trust};
use hsm_core::roles::{Aggregator, Blame, Failure, Generator, GeneratorSpec, Loaded, Roles};
use hsm_core::scheduler::Scheduler;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// How plugins are found, judged and run.
#[derive(Clone, Debug)]
pub struct PluginSettings {
    /// The folder that relative paths start from: the project's, or the current one.
    pub base_folder: PathBuf,
    /// The project whose plugins go by name.
    pub project: Option<PathBuf>,
    /// The user's own folder (`~/.hsm`), with keys and grants.
    pub user_folder: Option<PathBuf>,
    /// Where the site's policy and keys are.
    pub site: Site,
    /// The folder for compiled code, the user's own; without one, each process compiles into a temporary folder.
    pub cache_folder: Option<PathBuf>,
    /// What plugins may use, as far as flags say.
    pub limits: Limits,
    /// How components are compiled.
    pub compiler: Compiler,
}

impl PluginSettings {
    /// Plugins by path only, of nobody in particular, compiled into a temporary folder, with the usual limits.
    #[must_use]
    pub fn new(base_folder: PathBuf, compiler: Compiler) -> Self {
        Self {
            base_folder,
            project: None,
            user_folder: None,
            site: Site::default(),
            cache_folder: None,
            limits: Limits::default(),
            compiler,
        }
    }
}

/// Plugins as roles. Making it costs nothing; the engine starts with the first plugin.
///
/// A reference is the name of a plugin that was added to the project, or the path of a `.wasm` file, of a bundle's tar or of its folder. What
/// has a `/` in it, or ends in `.wasm` or `.tar`, is a path.
pub struct PluginRoles {
    settings: PluginSettings,
    canceller: Canceller,
    sandbox: Mutex<Option<Arc<Sandbox>>>,
}

impl PluginRoles {
    /// Plugins under these settings.
    #[must_use]
    pub fn new(settings: PluginSettings) -> Self {
        Self { settings, canceller: Canceller::new(), sandbox: Mutex::default() }
    }

    /// What stops the plugins that run: for Ctrl-C.
    #[must_use]
    pub fn canceller(&self) -> Canceller {
        self.canceller.clone()
    }

    /// What the sandbox costs with a generator: calls and instances, each made `rounds` times. For the benchmark.
    ///
    /// # Errors
    /// As loading the generator, and calling it.
    pub fn costs(&self, reference: &str, spec: &GeneratorSpec, rounds: u32) -> Result<Costs, Failure> {
        self.load(reference, None, Role::Generator)?.plugin.costs(spec, rounds)
    }

    /// A bundle as what its fixtures are asked of. Whether it may be used is not asked: it may name every command of its manifest, because a
    /// fixture runs none, and reads results where its manifest asks for that, because they are the fixture's own. A site's ceilings hold
    /// all the same.
    ///
    /// # Errors
    /// A [`Failure`] when the site's policy cannot be believed, or the component cannot be run.
    pub fn subject(&self, bundle: &Bundle) -> Result<Subject, Failure> {
        let trust = Trust::read(&self.settings.site, self.settings.user_folder.as_deref())?;
        let limits = trust.limits(bundle, &self.settings.limits).map_err(NotAdmitted::from)?;
        let plugin = self.sandbox()?.load(bundle, limits)?;
        let plugin = plugin.reading_results(bundle.manifest.capabilities.read_results);
        Ok(match bundle.manifest.role {
            Role::Generator => Subject::Generator(plugin.generator()?),
            Role::Aggregator => Subject::Aggregator(plugin.aggregator()?),
            Role::Scheduler => {
                Subject::Scheduler(plugin.scheduler(bundle.manifest.capabilities.commands.clone())?)
            }
        })
    }

    /// What a plugin is. It is found and judged, and nothing of it is compiled.
    ///
    /// # Errors
    /// A [`Failure`] when there is none, or it may not be used.
    pub fn role_of(&self, reference: &str) -> Result<Role, Failure> {
        Ok(self.admit(reference)?.bundle.manifest.role)
    }

    /// Finds a plugin and has it judged; nothing of it is compiled.
    fn admit(&self, reference: &str) -> Result<Admitted, Failure> {
        let PluginSettings { base_folder, project, user_folder, site, limits, .. } = &self.settings;
        let trust = Trust::read(site, user_folder.as_deref())?;
        let path = base_folder.join(reference);
        let admitted = match project {
            Some(project) if !is_path(reference) => trust.by_name_or_path(project, reference, &path, limits),
            _ => trust.by_path(&path, limits),
        };
        let admitted = admitted.map_err(|error| not_admitted(reference, limits, error))?;
        // The site's ceiling is known only now.
        let size = admitted.bundle.component().len() as u64;
        if size > mib(admitted.limits.value(Limit::ComponentMib)) {
            return Err(too_large(reference, &admitted.limits));
        }
        Ok(admitted)
    }

    fn load(&self, reference: &str, digest: Option<&str>, wanted: Role) -> Result<Judged, Failure> {
        let Admitted { bundle, capabilities, limits, .. } = self.admit(reference)?;
        let found = bundle.digest.to_string();
        if let Some(expected) = digest.filter(|expected| !expected.eq_ignore_ascii_case(&found)) {
            return Err(changed(reference, expected, &found));
        }
        // Whoever read it has inspected it for the role that its manifest names.
        if bundle.manifest.role != wanted {
            inspect(bundle.component(), wanted).map_err(|error| fault::inspected(reference, &error))?;
        }
        let plugin = self.sandbox()?.load(&bundle, limits)?.reading_results(capabilities.read_results);
        Ok(Judged { digest: found, manifest: bundle.manifest, plugin, commands: capabilities.commands })
    }

    fn sandbox(&self) -> Result<Arc<Sandbox>, Failure> {
        let mut sandbox = self.sandbox.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(sandbox) = &*sandbox {
            return Ok(sandbox.clone());
        }
        let PluginSettings { cache_folder, compiler, .. } = self.settings.clone();
        let made = Sandbox::new(compiler, cache_folder.as_deref(), self.canceller.clone())?;
        Ok(sandbox.insert(Arc::new(made)).clone())
    }
}

/// A plugin that may be used, compiled.
struct Judged {
    digest: String,
    manifest: Manifest,
    plugin: Plugin,
    /// What was granted, and is within the site's policy.
    commands: BTreeSet<String>,
}

impl Roles for PluginRoles {
    fn generator(&self, reference: &str, digest: Option<&str>) -> Result<Loaded<dyn Generator>, Failure> {
        let Judged { digest, manifest, plugin, .. } = self.load(reference, digest, Role::Generator)?;
        let (name, role) = (plugin.name().to_owned(), plugin.generator()?);
        Ok(Loaded { name, digest, role: Arc::new(Configured { manifest, role }) })
    }

    fn aggregator(&self, reference: &str, digest: Option<&str>) -> Result<Loaded<dyn Aggregator>, Failure> {
        let Judged { digest, manifest, plugin, .. } = self.load(reference, digest, Role::Aggregator)?;
        let (name, role) = (plugin.name().to_owned(), plugin.aggregator()?);
        Ok(Loaded { name, digest, role: Arc::new(Configured { manifest, role }) })
    }

    fn scheduler(&self, reference: &str, digest: Option<&str>) -> Result<Loaded<dyn Scheduler>, Failure> {
        let Judged { digest, manifest, plugin, commands } = self.load(reference, digest, Role::Scheduler)?;
        let (name, role) = (plugin.name().to_owned(), plugin.scheduler(commands)?);
        Ok(Loaded { name, digest, role: Arc::new(Configured { manifest, role }) })
    }
}

impl std::fmt::Debug for PluginRoles {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PluginRoles").field("settings", &self.settings).finish_non_exhaustive()
    }
}

/// Whether a reference can only be a path.
fn is_path(reference: &str) -> bool {
    let ending = Path::new(reference).extension();
    reference.contains('/') || ending.is_some_and(|ending| ending == "wasm" || ending == "tar")
}

fn not_admitted(reference: &str, limits: &Limits, error: NotAdmitted) -> Failure {
    match error {
        NotAdmitted::Bundle(BundleError { problem: BundleProblem::TooLarge { name, .. }, .. })
            if name == COMPONENT =>
        {
            too_large(reference, limits)
        }
        error => error.into(),
    }
}

fn too_large(reference: &str, limits: &Limits) -> Failure {
    let shown = plain_line(reference, 500);
    let text = format!(
        "the plugin `{shown}` cannot be used: its component is larger than {} MiB",
        limits.value(Limit::ComponentMib)
    );
    fault::at_limit("too-large", &text, limits, Limit::ComponentMib)
}

fn changed(reference: &str, expected: &str, found: &str) -> Failure {
    let shown = plain_line(reference, 500);
    let message = format!(
        "the plugin `{shown}` is not the file it was: its SHA-256 is {found}, and {expected} is expected"
    );
    Failure::new(Blame::Config, "digest-differs", message)
        .with_hint("bring the former file back, or begin a new sweep with the new one")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_told_from_names() {
        for path in ["a.wasm", "./a", "plugins/a", "a.tar", "/a", ".."] {
            assert_eq!(is_path(path), path != "..", "{path}");
        }
        for name in ["pareto", "my-agg", "a.b", "wasm"] {
            assert!(!is_path(name), "{name}");
        }
    }
}
