//! `hsm plugin new`: writes the folder of a new plugin. It needs no network, and never overwrites anything.

use crate::args::{Language, NewPluginArgs, RoleName};
use crate::output::{Console, escape};
use crate::report::{Exit, Problem};
use crate::scaffold::{self, File};
use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// The longest name: it is a folder's, and part of messages.
const NAME_BYTES_MAX: usize = 64;

/// Writes the folder, and says what to do with it.
///
/// # Errors
/// When the name is none, the folder has something in it, or there is no such template.
pub fn run(args: &NewPluginArgs, console: Console) -> Result<Exit, Problem> {
    check_name(&args.name)?;
    let files = scaffold::plugin(args.lang, args.role, &args.name).ok_or_else(|| no_template(args))?;
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
    console.say("\n`README.md` there has the rest of the way");
}

fn with_article(role: RoleName) -> String {
    let article = if role == RoleName::Aggregator { "an" } else { "a" };
    format!("{article} {}", role.word())
}

fn check_name(name: &str) -> Result<(), Problem> {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if !name.is_empty() && name.len() <= NAME_BYTES_MAX && !name.starts_with('-') && name.bytes().all(allowed)
    {
        return Ok(());
    }
    let rule = format!(
        "a plugin's name has 1 to {NAME_BYTES_MAX} lower-case letters, digits and hyphens, and begins with no hyphen"
    );
    let hint = match resembling(name) {
        Some(better) => format!("{rule}: `{better}` would do"),
        None => rule,
    };
    Err(Problem::new(Exit::Configuration, format!("`{}` is no name for a plugin", escape(name)))
        .with_hint(hint))
}

/// A name that is allowed and looks like this one.
fn resembling(name: &str) -> Option<String> {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    let words: String = name.chars().map(plain).collect();
    let words: Vec<&str> = words.split('-').filter(|word| !word.is_empty()).collect();
    let better: String = words.join("-").chars().take(NAME_BYTES_MAX).collect();
    Some(better.trim_end_matches('-').to_owned()).filter(|better| !better.is_empty())
}

fn no_template(args: &NewPluginArgs) -> Problem {
    let (role, language) = (args.role.word(), args.lang.word());
    let message = format!("there is no {language} template for a {role}");
    Problem::new(Exit::Configuration, message).with_hint(format!("`hsm plugin new {role} {}`", args.name))
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
        for (name, better) in [
            ("My Plugin", Some("my-plugin")),
            ("-x", Some("x")),
            ("a_b", Some("a-b")),
            ("a/../b", Some("a-b")),
            ("é", None),
            ("", None),
        ] {
            let problem = check_name(name).unwrap_err();
            let hint = problem.hint.unwrap();
            assert_eq!(hint.contains("would do"), better.is_some(), "{name}: {hint}");
            assert!(better.is_none_or(|better| hint.contains(&format!("`{better}`"))), "{name}: {hint}");
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
