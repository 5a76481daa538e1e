//! The project one stands in: its folder, and its settings in all their layers. Found from any folder of the project.

use crate::environment;
use crate::output::Console;
use crate::report::{Exit, Problem};
use crate::sweep_file::warn;
use crate::trust;
use hsm_core::diagnostic::{Diagnostics, Parsed};
use hsm_core::settings::Settings;
use std::fs;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

/// Where a project's settings are, below its folder; the later ones are older.
const SETTINGS_FILES: [&str; 3] = [".hsm/config.yaml", "sweeps/hsm_config.yaml", "hsm_config.yaml"];
/// The user's own settings, below the home folder.
const USER_SETTINGS: &str = ".hsm/config.yaml";
/// The largest settings file, in bytes: thousands of times what anybody writes.
const SETTINGS_SIZE_MAX_BYTES: u64 = 4 << 20;

/// A project.
#[derive(Debug)]
pub struct Project {
    /// Its folder, absolute.
    pub root: PathBuf,
    /// Its settings: environment over project over user.
    pub settings: Settings,
}

impl Project {
    /// The project that the current folder is in.
    ///
    /// # Errors
    /// When there is none, or its settings cannot be used.
    pub fn find(console: Console) -> Result<Self, Problem> {
        let here = environment::current_folder()?;
        let Some(file) = settings_file(&here, environment::home().as_deref()) else {
            let message = format!(
                "`{}` is in no project: there is no `.hsm/config.yaml` here or above",
                here.display()
            );
            return Err(Problem::new(Exit::NotFound, message)
                .with_hint("go into your project's folder, or let `hsm init` make this one a project"));
        };
        Self::load(&here, Some(file), console)
    }

    /// The project that the current folder is in, or else the current folder: a sweep file needs no more.
    ///
    /// # Errors
    /// When its settings cannot be used.
    pub fn find_or_here(console: Console) -> Result<Self, Problem> {
        let here = environment::current_folder()?;
        let file = settings_file(&here, environment::home().as_deref());
        Self::load(&here, file, console)
    }

    /// The project's folder that a place is in, without looking at any settings.
    pub fn around(place: &Path) -> Option<PathBuf> {
        settings_file(place, environment::home().as_deref()).map(|found| found.folder)
    }

    fn load(here: &Path, file: Option<FoundSettings>, console: Console) -> Result<Self, Problem> {
        let variables = environment::settings();
        let pairs = variables.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let mut settings = shown(Settings::from_environment(pairs), console)?;
        let mut root = here.to_owned();
        if let Some(FoundSettings { folder, path }) = file {
            trust::check(&path)?;
            let project = shown(Settings::parse(&read(&path)?, &path.display().to_string()), console)?;
            settings = settings.over(project);
            root = project_root(&folder, settings.project.root.as_deref(), &path)?;
        }
        let user = environment::home().map(|home| home.join(USER_SETTINGS));
        if let Some(path) = user.filter(|path| path.is_file()) {
            trust::check(&path)?;
            let user = shown(Settings::parse(&read(&path)?, &path.display().to_string()), console)?;
            settings = settings.over(user.for_user());
        }
        // The older key for the same place.
        settings.local.sweeps_root = settings.local.sweeps_root.or_else(|| settings.paths.output_dir.clone());
        Ok(Self { root, settings })
    }
}

/// A settings file, and the folder it is about.
#[derive(Debug, PartialEq)]
struct FoundSettings {
    folder: PathBuf,
    path: PathBuf,
}

/// The settings file of the project that the current folder is in.
///
/// # Errors
/// When the current folder cannot be found out, or no project is above it.
pub fn settings_path() -> Result<PathBuf, Problem> {
    let here = environment::current_folder()?;
    let found = settings_file(&here, environment::home().as_deref());
    found.map(|found| found.path).ok_or_else(|| {
        Problem::new(Exit::NotFound, format!("there are no settings in `{}` or above", here.display()))
    })
}

/// The nearest settings file, from `here` upwards. The file in the home folder is the user's, and makes no project of it.
fn settings_file(here: &Path, home: Option<&Path>) -> Option<FoundSettings> {
    for folder in here.ancestors() {
        let usable = |name: &&&str| !(Some(folder) == home && **name == USER_SETTINGS);
        let file =
            SETTINGS_FILES.iter().filter(usable).map(|name| folder.join(name)).find(|path| path.is_file());
        if let Some(path) = file {
            return Some(FoundSettings { folder: folder.to_owned(), path });
        }
    }
    None
}

/// `project.root` where it is set, which must be there: a project that was moved is noticed now and not in the middle of a sweep.
fn project_root(folder: &Path, set: Option<&str>, file: &Path) -> Result<PathBuf, Problem> {
    let Some(set) = set else { return Ok(folder.to_owned()) };
    let root = folder.join(set);
    fs::canonicalize(&root).map_err(|error| {
        let message =
            format!("`project.root` in `{}` is `{set}`, which cannot be used: {error}", file.display());
        Problem::new(Exit::Configuration, message)
            .with_hint("change it, or remove it if the project is where the settings are")
    })
}

fn shown(parsed: Result<Parsed<Settings>, Diagnostics>, console: Console) -> Result<Settings, Problem> {
    let parsed = parsed?;
    parsed.warnings.iter().for_each(|warning| warn(warning, console));
    Ok(parsed.value)
}

/// The text of a settings file.
///
/// # Errors
/// When it cannot be read, is no text, or is larger than any settings.
pub fn read(path: &Path) -> Result<String, Problem> {
    let mut text = String::new();
    let read = fs::File::open(path)
        .and_then(|file| file.take(SETTINGS_SIZE_MAX_BYTES + 1).read_to_string(&mut text));
    match read {
        Err(error) if error.kind() == ErrorKind::InvalidData => Err(Problem::new(
            Exit::Configuration,
            format!("the settings `{}` are not UTF-8 text", path.display()),
        )),
        Err(error) => Err(Problem::file("read the settings", path, &error)),
        Ok(bytes) if bytes as u64 > SETTINGS_SIZE_MAX_BYTES => {
            let limit = SETTINGS_SIZE_MAX_BYTES >> 20;
            Err(Problem::new(
                Exit::Configuration,
                format!("the settings `{}` are larger than {limit} MiB", path.display()),
            ))
        }
        Ok(_) => Ok(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_settings_count_and_the_users_own_make_no_project() {
        let home = tempfile::tempdir().unwrap();
        let write = |name: &str| {
            let path = home.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, "").unwrap();
        };
        let found = |folder: &str| {
            settings_file(&home.path().join(folder), Some(home.path())).map(|found| found.folder)
        };
        write(".hsm/config.yaml");
        fs::create_dir_all(home.path().join("p/q/r")).unwrap();
        assert_eq!(found("p/q/r"), None);
        write("p/hsm_config.yaml");
        assert_eq!(found("p/q/r"), Some(home.path().join("p")));
        write("p/q/sweeps/hsm_config.yaml");
        assert_eq!(found("p/q/r"), Some(home.path().join("p/q")));
        write("hsm_config.yaml");
        assert_eq!(found(""), Some(home.path().to_owned()));
    }

    #[test]
    fn a_project_that_was_moved_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(".hsm/config.yaml");
        assert_eq!(project_root(folder.path(), None, &file).unwrap(), folder.path());
        let problem = project_root(folder.path(), Some("gone"), &file).unwrap_err();
        assert_eq!(problem.exit, Exit::Configuration);
    }
}
