//! `hsm init`: writes settings and a first sweep file into a project, or a whole example. It never overwrites anything, and never
//! guesses between several scripts.

use crate::args::InitArgs;
use crate::output::Console;
use crate::report::{Exit, Problem};
use crate::scripts;
use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

/// The example, as it is in the repository.
const EXAMPLE: [(&str, &str); 6] = [
    ("train.py", include_str!("../../example/train.py")),
    ("penguins.csv", include_str!("../../example/penguins.csv")),
    ("README.md", include_str!("../../example/README.md")),
    (".hsm/config.yaml", include_str!("../../example/.hsm/config.yaml")),
    ("sweeps/sweep.yaml", include_str!("../../example/sweeps/sweep.yaml")),
    ("sweeps/lhs.yaml", include_str!("../../example/sweeps/lhs.yaml")),
];
/// Where the example goes when the current folder has something in it.
const EXAMPLE_FOLDER: &str = "hsm-example";

const SETTINGS: &str = include_str!("../init_files/config.yaml");
const SWEEP: &str = include_str!("../init_files/sweep.yaml");

/// Prepares the folder.
///
/// # Errors
/// When a file cannot be written, or the example's folder is not empty.
pub fn run(args: &InitArgs, console: Console) -> Result<Exit, Problem> {
    if args.example {
        let folder = example_folder(args.folder.as_deref())?;
        write_example(&folder, console)
    } else {
        let folder = args.folder.clone().unwrap_or_else(|| PathBuf::from("."));
        write_project(&folder, console)
    }
}

fn example_folder(named: Option<&Path>) -> Result<PathBuf, Problem> {
    let here = Path::new(".");
    let folder = match named {
        Some(folder) => folder,
        None if is_empty(here)? => return Ok(here.to_owned()),
        None => Path::new(EXAMPLE_FOLDER),
    };
    if is_empty(folder)? {
        return Ok(folder.to_owned());
    }
    let message = format!("`{}` exists and is not empty", folder.display());
    Err(Problem::new(Exit::Configuration, message)
        .with_hint("name another folder: `hsm init --example FOLDER`"))
}

/// Whether nothing is in the folder, or there is none.
fn is_empty(folder: &Path) -> Result<bool, Problem> {
    match fs::read_dir(folder) {
        Ok(mut entries) => Ok(entries.next().is_none()),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(true),
        Err(error) => Err(Problem::file("read the folder", folder, &error)),
    }
}

fn write_example(folder: &Path, console: Console) -> Result<Exit, Problem> {
    for (name, content) in EXAMPLE {
        write_new(&folder.join(name), content)?;
    }
    let here = folder == Path::new(".");
    let place = if here { "this folder".to_owned() } else { format!("`{}`", folder.display()) };
    console.say(&format!("wrote an example into {place}: 36 small trainings on measurements of penguins\n"));
    if !here {
        console.say(&format!("  cd {}", folder.display()));
    }
    console.say("  hsm plan            what would run\n  hsm run -p 2        run it, two tasks at once\n  hsm collect         one table of the results");
    Ok(Exit::Success)
}

fn write_project(folder: &Path, console: Console) -> Result<Exit, Problem> {
    let found =
        scripts::candidates(folder).map_err(|error| Problem::file("read the folder", folder, &error))?;
    let script = match found.as_slice() {
        [only] => Some(only.as_str()),
        _ => None,
    };
    let settings = folder.join(".hsm/config.yaml");
    let legacy = ["sweeps/hsm_config.yaml", "hsm_config.yaml"].map(|name| folder.join(name));
    match legacy.iter().find(|path| path.exists()) {
        Some(old) => console.say(&format!("kept `{}`, which `hsm` reads", old.display())),
        None => write_or_keep(&settings, &settings_text(folder, script), console)?,
    }
    write_or_keep(&folder.join("sweeps/sweep.yaml"), &sweep_text(script), console)?;
    say_scripts(&found, console);
    console.say("\nnext: edit `sweeps/sweep.yaml`, then `hsm plan` shows what would run");
    Ok(Exit::Success)
}

fn say_scripts(found: &[String], console: Console) {
    match found {
        [] => console.say("found no training script: name yours in `sweeps/sweep.yaml`, or give a `command`"),
        [only] => console.say(&format!("found the script `{only}`")),
        several => {
            console.say("found several scripts; name the one to run in `sweeps/sweep.yaml`:");
            several.iter().for_each(|script| console.say(&format!("  {script}")));
        }
    }
}

/// The settings that a project begins with.
///
/// # Errors
/// When the folder cannot be read.
pub fn settings(folder: &Path) -> Result<String, Problem> {
    let found =
        scripts::candidates(folder).map_err(|error| Problem::file("read the folder", folder, &error))?;
    let only = match found.as_slice() {
        [only] => Some(only.as_str()),
        _ => None,
    };
    Ok(settings_text(folder, only))
}

fn settings_text(folder: &Path, script: Option<&str>) -> String {
    let name = fs::canonicalize(folder)
        .ok()
        .and_then(|path| Some(path.file_name()?.to_string_lossy().into_owned()))
        .unwrap_or_else(|| "project".to_owned());
    let script_line = match script {
        Some(script) => format!("train_script: {}", quoted(script)),
        None => "# train_script: train.py".to_owned(),
    };
    SETTINGS.replace("{name}", &quoted(&name)).replace("{train_script}", &script_line)
}

fn sweep_text(script: Option<&str>) -> String {
    let line = match script {
        Some(script) => format!("script: {}", quoted(script)),
        None => "# script: train.py".to_owned(),
    };
    SWEEP.replace("{script}", &line)
}

/// JSON strings are YAML too, whatever is in them.
fn quoted(text: &str) -> String {
    serde_json::Value::String(text.to_owned()).to_string()
}

fn write_or_keep(path: &Path, content: &str, console: Console) -> Result<(), Problem> {
    if path.exists() {
        console.say(&format!("kept `{}`, which was there", path.display()));
        return Ok(());
    }
    write_new(path, content)?;
    console.say(&format!("wrote `{}`", path.display()));
    Ok(())
}

/// Writes a file that must not be there yet, and the folders above it.
fn write_new(path: &Path, content: &str) -> Result<(), Problem> {
    let written = path.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| {
        let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
        file.write_all(content.as_bytes())
    });
    written.map_err(|error| Problem::file("write", path, &error))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quiet() -> Console {
        Console::new(true, false)
    }

    #[test]
    fn a_project_is_prepared_once_and_never_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("train.py"), "").unwrap();
        write_project(folder.path(), quiet()).unwrap();
        let sweep = folder.path().join("sweeps/sweep.yaml");
        assert!(fs::read_to_string(&sweep).unwrap().contains("\nscript: \"train.py\"\n"));
        fs::write(&sweep, "mine").unwrap();
        write_project(folder.path(), quiet()).unwrap();
        assert_eq!(fs::read_to_string(&sweep).unwrap(), "mine");
    }

    #[test]
    fn several_scripts_are_not_chosen_from() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["train.py", "train_big.py"] {
            fs::write(folder.path().join(name), "").unwrap();
        }
        write_project(folder.path(), quiet()).unwrap();
        let settings = fs::read_to_string(folder.path().join(".hsm/config.yaml")).unwrap();
        assert!(settings.contains("# train_script:"), "{settings}");
    }

    #[test]
    fn the_example_wants_an_empty_folder() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(example_folder(Some(folder.path())).unwrap(), folder.path());
        write_example(folder.path(), quiet()).unwrap();
        assert!(folder.path().join("penguins.csv").exists());
        assert_eq!(example_folder(Some(folder.path())).unwrap_err().exit, Exit::Configuration);
    }
}
