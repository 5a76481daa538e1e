//! From a reference to a role: reads the file, checks its digest, looks at it, compiles it.

use crate::inspect::{Role, inspect};
use crate::limits::{Limit, Limits};
use crate::plain::{hex, plain_line};
use crate::sandbox::{Canceller, Compiler, Plugin, Sandbox, fault};
use hsm_core::roles::{Aggregator, Blame, Failure, Generator, Loaded, Roles};
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::Read;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// How plugins are run.
#[derive(Clone, Debug)]
pub struct PluginSettings {
    /// The folder that relative references start from: the project's, or the current one.
    pub base_folder: PathBuf,
    /// The folder for compiled code, the user's own; without one, each process compiles into a temporary folder.
    pub cache_folder: Option<PathBuf>,
    /// What plugins may use.
    pub limits: Limits,
    /// How components are compiled.
    pub compiler: Compiler,
}

/// Plugins as roles. Making it costs nothing; the engine starts with the first plugin.
///
/// A reference is the path of a `.wasm` file.
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

    /// The digest of what was referred to, and the component that was loaded from it.
    fn load(&self, reference: &str, digest: Option<&str>, wanted: Role) -> Result<(String, Plugin), Failure> {
        let path = self.settings.base_folder.join(reference);
        let wasm = read(&path, reference, &self.settings.limits)?;
        let found = hex(&Sha256::digest(&wasm));
        if let Some(expected) = digest.filter(|expected| !expected.eq_ignore_ascii_case(&found)) {
            return Err(changed(reference, expected, &found));
        }
        inspect(&wasm, wanted).map_err(|error| fault::inspected(reference, &error))?;
        let limits = self.settings.limits.clone();
        let plugin = self.sandbox()?.load(&plugin_name(&path), limits, &wasm)?;
        // A file by itself asks for nothing, so it gets nothing.
        Ok((found, plugin.reading_results(false)))
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

impl Roles for PluginRoles {
    fn generator(&self, reference: &str, digest: Option<&str>) -> Result<Loaded<dyn Generator>, Failure> {
        let (digest, plugin) = self.load(reference, digest, Role::Generator)?;
        let name = plugin.name().to_owned();
        Ok(Loaded { name, digest, role: plugin.generator()? })
    }

    fn aggregator(&self, reference: &str, digest: Option<&str>) -> Result<Loaded<dyn Aggregator>, Failure> {
        let (digest, plugin) = self.load(reference, digest, Role::Aggregator)?;
        let name = plugin.name().to_owned();
        Ok(Loaded { name, digest, role: plugin.aggregator()? })
    }
}

impl std::fmt::Debug for PluginRoles {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PluginRoles").field("settings", &self.settings).finish_non_exhaustive()
    }
}

/// Reads a regular file within the limit. Opened without blocking, so that a pipe in its place cannot hold anybody up.
fn read(path: &Path, reference: &str, limits: &Limits) -> Result<Vec<u8>, Failure> {
    let shown = plain_line(reference, 500);
    let fail = |code, problem: String| {
        Failure::new(Blame::Config, code, format!("the plugin `{shown}` cannot be read: {problem}"))
    };
    let io = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::NotFound => {
            Failure::new(Blame::Config, "not-found", format!("there is no plugin `{shown}`"))
                .with_hint("give the path of its `.wasm` file")
        }
        _ => fail("unreadable", error.to_string()),
    };
    let flags = i32::try_from(rustix::fs::OFlags::NONBLOCK.bits()).unwrap_or_default();
    let file = File::options().read(true).custom_flags(flags).open(path).map_err(io)?;
    let metadata = file.metadata().map_err(io)?;
    if !metadata.is_file() {
        let kind = if metadata.is_dir() { "a folder" } else { "not a regular file" };
        return Err(
            fail("unreadable", format!("it is {kind}")).with_hint("give the path of its `.wasm` file")
        );
    }
    let max = limits.bytes(Limit::ComponentMib);
    let mut wasm = Vec::new();
    file.take(max.saturating_add(1)).read_to_end(&mut wasm).map_err(io)?;
    if wasm.len() as u64 > max {
        let limit = limits.value(Limit::ComponentMib);
        let text = format!("the plugin `{shown}` cannot be read: it is larger than {limit} MiB");
        return Err(fault::at_limit("too-large", &text, limits, Limit::ComponentMib));
    }
    Ok(wasm)
}

fn changed(reference: &str, expected: &str, found: &str) -> Failure {
    let shown = plain_line(reference, 500);
    let message = format!(
        "the plugin `{shown}` is not the file it was: its SHA-256 is {found}, and {expected} is expected"
    );
    Failure::new(Blame::Config, "digest-differs", message)
        .with_hint("bring the former file back, or begin a new sweep with the new one")
}

/// The file's name without its ending, made fit for a folder.
fn plugin_name(path: &Path) -> String {
    let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let plain = |character: char| {
        let fits = character.is_ascii_alphanumeric() || matches!(character, '.' | '_' | '-');
        if fits { character } else { '-' }
    };
    let name: String = stem.chars().take(64).map(plain).collect();
    let name = name.trim_start_matches(['.', '-']);
    if name.is_empty() { "plugin".to_owned() } else { name.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_fit_for_a_folder() {
        let cases = [
            ("target/plugins/leaderboard.wasm", "leaderboard"),
            ("../a b/ü;x.wasm", "--x"),
            (".hidden.wasm", "hidden"),
            ("-rf.wasm", "rf"),
            ("/", "plugin"),
        ];
        for (path, expected) in cases {
            assert_eq!(plugin_name(Path::new(path)), expected.trim_start_matches('-'), "{path}");
        }
    }
}
