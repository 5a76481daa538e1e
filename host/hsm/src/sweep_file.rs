//! Which sweep file is meant, and reading it. What is in it is the business of `hsm-core`.

use crate::environment;
use crate::output::Console;
use crate::report::{Exit, Problem};
use hsm_core::diagnostic::Diagnostic;
use hsm_core::sweep::SweepFile;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

/// The largest sweep file, in bytes. An explicit list of a million points is far below it; a data file named by mistake is above it.
const SIZE_MAX_BYTES: u64 = 256 << 20;

/// The folder, in a project, that holds its sweep files.
pub const SWEEPS_FOLDER: &str = "sweeps";

/// A sweep file that was read.
#[derive(Debug)]
pub struct Definition {
    /// Where it is, as the user would name it.
    pub path: PathBuf,
    /// Its text, which goes into the sweep's folder as it is.
    pub text: String,
    /// What it says.
    pub sweep: SweepFile,
}

impl Definition {
    /// Reads the file that was named, or the one the project has. Warnings are shown.
    ///
    /// # Errors
    /// When there is no such file, several could be meant, or it says something wrong.
    pub fn load(named: Option<&Path>, project_root: &Path, console: Console) -> Result<Self, Problem> {
        let path = match named {
            Some(path) => path.to_owned(),
            None => from_here(only_one(project_root)?),
        };
        let text = read(&path, project_root)?;
        let parsed = SweepFile::parse(&text, &path.display().to_string())?;
        parsed.warnings.iter().for_each(|warning| warn(warning, console));
        Ok(Self { path, text, sweep: parsed.value })
    }

    /// The `description` of the file's `metadata`.
    pub fn description(&self) -> Option<String> {
        let value = self.sweep.metadata.iter().find(|(name, _)| name == "description");
        value.map(|(_, value)| hsm_core::render::plain(value).into_owned())
    }
}

/// Shows a finding that does not stop the command.
pub fn warn(warning: &Diagnostic, console: Console) {
    console.warn(&warning.to_string());
    if let Some(hint) = &warning.hint {
        console.hint(hint);
    }
}

/// A path below the current folder as one would type it there.
fn from_here(path: PathBuf) -> PathBuf {
    let here = environment::current_folder().ok();
    here.and_then(|here| Some(path.strip_prefix(here).ok()?.to_owned())).unwrap_or(path)
}

/// `sweeps/sweep.yaml`, or the only sweep file there is.
fn only_one(project_root: &Path) -> Result<PathBuf, Problem> {
    let folder = project_root.join(SWEEPS_FOLDER);
    let usual = folder.join("sweep.yaml");
    if usual.is_file() {
        return Ok(usual);
    }
    let mut found = candidates(&folder);
    match found.len() {
        1 => Ok(found.remove(0)),
        0 => Err(Problem::new(Exit::NotFound, format!("there is no sweep file in `{}`", folder.display()))
            .with_hint("name one (`hsm plan FILE`), or let `hsm init` write one")),
        _ => {
            let list: Vec<String> = found.iter().map(|path| format!("  {}", path.display())).collect();
            Err(Problem::new(
                Exit::Configuration,
                format!("there are several sweep files:\n{}", list.join("\n")),
            )
            .with_hint("name the one you mean, for example `hsm plan FILE`"))
        }
    }
}

fn candidates(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let is_sweep = |path: &PathBuf| {
        let yaml = path.extension().is_some_and(|ending| ending == "yaml" || ending == "yml");
        yaml && path.is_file() && path.file_name().is_some_and(|name| name != "hsm_config.yaml")
    };
    let mut found: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).filter(is_sweep).collect();
    found.sort();
    found.into_iter().map(from_here).collect()
}

fn read(path: &Path, project_root: &Path) -> Result<String, Problem> {
    let failed = |error: &std::io::Error| {
        let problem = Problem::file("read the sweep file", path, error);
        let others = candidates(&project_root.join(SWEEPS_FOLDER));
        if problem.exit != Exit::NotFound || others.is_empty() {
            return problem;
        }
        let names: Vec<String> = others.iter().map(|path| format!("`{}`", path.display())).collect();
        problem.with_hint(format!("there is {}", names.join(", ")))
    };
    let file = fs::File::open(path).map_err(|error| failed(&error))?;
    let mut bytes = Vec::new();
    file.take(SIZE_MAX_BYTES + 1).read_to_end(&mut bytes).map_err(|error| failed(&error))?;
    if bytes.len() as u64 > SIZE_MAX_BYTES {
        let limit = SIZE_MAX_BYTES >> 20;
        return Err(Problem::new(
            Exit::Configuration,
            format!("the sweep file `{}` is larger than {limit} MiB", path.display()),
        ));
    }
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        Problem::new(
            Exit::Configuration,
            format!("the sweep file `{}` is no text: byte {at} is not UTF-8", path.display()),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_file_or_the_only_one_is_taken() {
        let root = tempfile::tempdir().unwrap();
        assert_eq!(only_one(root.path()).unwrap_err().exit, Exit::NotFound);
        let folder = root.path().join(SWEEPS_FOLDER);
        fs::create_dir(&folder).unwrap();
        for (file, expected) in [
            ("hsm_config.yaml", None),
            ("a.yaml", Some("a.yaml")),
            ("b.yml", None),
            ("sweep.yaml", Some("sweep.yaml")),
        ] {
            fs::write(folder.join(file), "").unwrap();
            assert_eq!(only_one(root.path()).ok(), expected.map(|name| folder.join(name)), "{file}");
        }
    }

    #[test]
    fn a_missing_file_names_the_others() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join(SWEEPS_FOLDER)).unwrap();
        fs::write(root.path().join("sweeps/lhs.yaml"), "").unwrap();
        let problem = read(&root.path().join("sweeps/lsh.yaml"), root.path()).unwrap_err();
        assert_eq!(problem.exit, Exit::NotFound);
        assert!(problem.hint.unwrap().contains("lhs.yaml"));
    }

    #[test]
    fn a_file_that_is_no_text_says_where() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("s.yaml");
        fs::write(&path, b"grid:\n\xff").unwrap();
        assert!(read(&path, root.path()).unwrap_err().message.unwrap().contains("byte 6"));
    }
}
