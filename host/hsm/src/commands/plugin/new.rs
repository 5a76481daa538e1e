//! `hsm plugin new`: writes the folder of a new plugin. It needs no network, and never overwrites anything.

use crate::args::{Language, NewPluginArgs, RoleName};
use crate::output::Console;
use crate::report::{Exit, Problem};
use crate::scaffold::{self, File};
use hsm_plugin::bundle::PluginName;
use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// Writes the folder, and says what to do with it.
///
/// # Errors
/// When the name is none, or the folder has something in it.
pub fn run(args: &NewPluginArgs, console: Console) -> Result<Exit, Problem> {
    check_name(&args.name)?;
    let files = scaffold::plugin(args.lang, args.role, &args.name);
    let folder = args.folder.clone().unwrap_or_else(|| PathBuf::from(&args.name));
    if !is_empty(&folder)? {
        let message = format!("`{}` exists and is not empty", folder.display());
        let again = format!("hsm plugin new {} {} FOLDER", args.role.word(), args.name);
        return Err(
            Problem::new(Exit::Configuration, message).with_hint(format!("name another folder: `{again}`"))
        );
    }
    for file in &files {
        write_new(&folder, file)?;
    }
    say_next(args, &folder, console);
    Ok(Exit::Success)
}

fn say_next(args: &NewPluginArgs, folder: &Path, console: Console) {
    let folder = folder.display();
    console.say(&format!("wrote {} `{}` into `{folder}`\n", with_article(args.role), args.name));
    console.say(&format!("  cd {folder}"));
    console.say("  ./build                 makes plugin.wasm");
    console.say(match args.lang {
        Language::Rust => "  cargo test              the same fixtures without WebAssembly",
        Language::Python => "  python3 -m unittest     the same fixtures without WebAssembly",
    });
    console.say("  hsm plugin test .       the same fixtures in the sandbox");
    console.say("\n`README.md` there has the rest of the way");
}

fn with_article(role: RoleName) -> String {
    let article = if role == RoleName::Aggregator { "an" } else { "a" };
    format!("{article} {}", role.word())
}

/// The name, with one that would do where it is none.
fn check_name(name: &str) -> Result<(), Problem> {
    let Err(error) = name.parse::<PluginName>() else { return Ok(()) };
    let better = PluginName::resembling(name);
    let hint = format!("{}: `{better}` would do", error.hint());
    Err(Problem::new(Exit::Configuration, error.to_string()).with_hint(hint))
}

/// Whether nothing is in the folder, or there is none.
fn is_empty(folder: &Path) -> Result<bool, Problem> {
    match fs::read_dir(folder) {
        Ok(mut entries) => Ok(entries.next().is_none()),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(true),
        Err(error) => Err(Problem::file("read the folder", folder, &error)),
    }
}

fn write_new(folder: &Path, file: &File) -> Result<(), Problem> {
    let path = folder.join(&file.path);
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).map_err(|error| Problem::file("make the folder", parent, &error))?;
    }
    let mode = if file.is_program { 0o777 } else { 0o666 };
    let mut opened = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(&path)
        .map_err(|error| Problem::file("create", &path, &error))?;
    opened.write_all(file.content.as_bytes()).map_err(|error| Problem::file("write", &path, &error))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quiet() -> Console {
        Console::new(true, false)
    }

    fn args(name: &str, folder: &Path) -> NewPluginArgs {
        let folder = Some(folder.to_owned());
        NewPluginArgs { role: RoleName::Generator, name: name.to_owned(), lang: Language::Rust, folder }
    }

    #[test]
    fn bad_names_are_refused_with_a_better_one() {
        for (name, better) in [("My Plugin", "my-plugin"), ("-x", "x"), ("a_b", "a-b"), ("é", "plugin")] {
            let hint = check_name(name).unwrap_err().hint.unwrap();
            assert!(hint.ends_with(&format!("`{better}` would do")), "{name}: {hint}");
        }
        assert!(check_name(&"x".repeat(65)).is_err());
        for name in ["pareto", "3d", "a-1", &"x".repeat(64)] {
            assert!(check_name(name).is_ok(), "{name}");
        }
    }

    #[test]
    fn a_plugin_is_written_once_and_never_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("ladder");
        assert_eq!(run(&args("ladder", &place), quiet()).unwrap(), Exit::Success);
        let manifest = fs::read_to_string(place.join("Cargo.toml")).unwrap();
        assert!(manifest.contains("name = \"ladder\""), "{manifest}");
        let problem = run(&args("ladder", &place), quiet()).unwrap_err();
        assert_eq!(problem.exit, Exit::Configuration);
        assert!(problem.message.unwrap().contains("is not empty"));
    }
}
