//! What a new plugin consists of: the template of its role and language and, so that it needs nothing else of hsm's, a copy of the
//! SDK and of the interface. All of it is in the binary. Nothing here touches a file.
//!
//! Templates are the folders `templates/<language>/<role>` over `templates/<language>/common`. A file's last `.in` is dropped from its
//! name, which keeps cargo and git from taking it for one of their own; `dot-` at the front of a name becomes a dot.

use crate::args::{Language, RoleName};
use include_dir::{Dir, include_dir};
use std::collections::BTreeMap;

static TEMPLATES: Dir = include_dir!("$CARGO_MANIFEST_DIR/src/templates");
static SDK_SOURCES: Dir = include_dir!("$CARGO_MANIFEST_DIR/../../sdk/src");
static PYTHON_SDK: Dir = include_dir!("$CARGO_MANIFEST_DIR/../../sdk/python");
static INTERFACE: Dir = include_dir!("$CARGO_MANIFEST_DIR/../../wit");

/// The SDK's manifest outside of hsm's own workspace.
const SDK_MANIFEST: &str = "rust/sdk.toml";

/// Names that cargo or the compiler want for themselves, besides the language's own words.
const RESERVED: [&str; 6] = ["test", "core", "std", "alloc", "proc-macro", "hsm-sdk"];

/// Words of the language that a name of a plugin could be.
const KEYWORDS: [&str; 53] = [
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "crate", "do", "dyn",
    "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let", "loop",
    "macro", "match", "mod", "move", "mut", "override", "priv", "pub", "ref", "return", "self", "static",
    "struct", "super", "trait", "true", "try", "type", "typeof", "union", "unsafe", "unsized", "use",
    "virtual", "where", "while", "yield", "plugin",
];

/// One file of a new plugin.
#[derive(Clone, Debug, PartialEq)]
pub struct File {
    /// Where it goes, from the plugin's folder.
    pub path: String,
    /// What is in it.
    pub content: String,
    /// Whether it can be started.
    pub is_program: bool,
}

/// Every file of a new plugin, sorted by path. `name` has been checked.
pub fn plugin(language: Language, role: RoleName, name: &str) -> Vec<File> {
    let words = placeholders(name);
    let mut files = BTreeMap::new();
    let folders = ["common", role.word()].map(|folder| format!("{}/{folder}", language.word()));
    for folder in folders.iter().filter_map(|folder| TEMPLATES.get_dir(folder)) {
        files.extend(texts_of(folder).map(|(path, text)| (plain_path(&path), filled(text, &words))));
    }
    match language {
        Language::Rust => {
            let manifest = TEMPLATES.get_file(SDK_MANIFEST).and_then(|file| file.contents_utf8());
            files.extend(manifest.map(|text| ("hsm/sdk/Cargo.toml".to_owned(), filled(text, &words))));
            files.extend(copied(&SDK_SOURCES, "hsm/sdk/src"));
        }
        // Its tests are hsm's own.
        Language::Python => files.extend(
            copied(&PYTHON_SDK, "hsm/sdk/python")
                .filter(|(path, _)| !path.starts_with("hsm/sdk/python/tests/")),
        ),
    }
    files.extend(copied(&INTERFACE, "hsm/wit"));
    let file = |(path, content): (String, String)| {
        let is_program = content.starts_with("#!");
        File { path, content, is_program }
    };
    files.into_iter().map(file).collect()
}

/// Every text of a folder as it is, for another folder.
fn copied(from: &'static Dir<'static>, to: &str) -> impl Iterator<Item = (String, String)> {
    texts_of(from).map(move |(path, text)| (format!("{to}/{path}"), text.to_owned()))
}

/// Every text below a folder, with its path from there. What Python leaves behind where it ran is no part of a template.
fn texts_of(folder: &'static Dir<'static>) -> impl Iterator<Item = (String, &'static str)> {
    let mut found = Vec::new();
    let mut waiting = vec![folder];
    while let Some(next) = waiting.pop() {
        waiting.extend(next.dirs().filter(|inner| !inner.path().ends_with("__pycache__")));
        found.extend(next.files().filter_map(|file| {
            let path = file.path().strip_prefix(folder.path()).ok()?;
            Some((path.to_str()?.to_owned(), file.contents_utf8()?))
        }));
    }
    found.into_iter()
}

fn plain_path(path: &str) -> String {
    let (folder, name) = path.rsplit_once('/').map_or(("", path), |(folder, name)| (folder, name));
    let name = name.strip_suffix(".in").unwrap_or(name);
    let name = name.strip_prefix("dot-").map_or_else(|| name.to_owned(), |rest| format!(".{rest}"));
    if folder.is_empty() { name } else { format!("{folder}/{name}") }
}

/// What stands for what in a template.
fn placeholders(name: &str) -> [(&'static str, String); 5] {
    let package = package_name(name);
    [
        ("{{name}}", name.to_owned()),
        ("{{module}}", package.replace('-', "_")),
        ("{{package}}", package),
        ("{{hsm_version}}", env!("CARGO_PKG_VERSION").to_owned()),
        ("{{rust_version}}", env!("CARGO_PKG_RUST_VERSION").to_owned()),
    ]
}

fn filled(text: &str, words: &[(&str, String)]) -> String {
    words.iter().fold(text.to_owned(), |text, (word, value)| text.replace(word, value))
}

/// A plugin's name as that of a package: some that are good for the one are not for the other.
fn package_name(name: &str) -> String {
    let reserved = RESERVED.contains(&name) || KEYWORDS.contains(&name);
    if reserved || name.starts_with(|c: char| c.is_ascii_digit()) {
        format!("plugin-{name}")
    } else {
        name.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROLES: [RoleName; 3] = [RoleName::Generator, RoleName::Aggregator, RoleName::Scheduler];

    #[test]
    fn every_rust_template_is_whole() {
        for role in ROLES {
            let files = plugin(Language::Rust, role, "3d");
            let content = |path: &str| {
                let file = files.iter().find(|file| file.path == path);
                file.unwrap_or_else(|| panic!("no {path} for a {}", role.word())).content.as_str()
            };
            assert!(content("Cargo.toml").contains("name = \"plugin-3d\""));
            assert!(content("plugin.toml").contains("name = \"3d\""));
            assert!(content("plugin.toml").contains(&format!("role = \"{}\"", role.word())));
            assert!(content("hsm/sdk/src/lib.rs").contains("Write plugins for `hsm`"));
            assert!(content("hsm/wit/worlds.wit").contains("world generator-plugin"));
            assert!(content(".gitignore").contains("target"));
            assert!(content("README.md").contains("hsm plugin test ."));
            assert!(content("src/lib.rs").contains("hsm_sdk"));
            let programs: Vec<_> =
                files.iter().filter(|file| file.is_program).map(|file| &file.path).collect();
            assert_eq!(programs, ["build"]);
            assert!(files.iter().any(|file| file.path.starts_with("fixtures/")));
        }
    }

    /// Every dependency of a manifest, a line each, as `name = …`.
    fn dependencies(manifest: &str) -> Vec<&str> {
        let mut section = "";
        let mut found = Vec::new();
        for line in manifest.lines() {
            if line.starts_with('[') {
                section = line;
            } else if section.ends_with("dependencies]") && line.contains('=') {
                found.push(line);
            }
        }
        found
    }

    #[test]
    fn the_copied_sdk_depends_on_what_ours_does() {
        let workspace = dependencies(include_str!("../../../Cargo.toml"));
        let ours = dependencies(include_str!("../../../sdk/Cargo.toml"));
        let copied = dependencies(TEMPLATES.get_file(SDK_MANIFEST).unwrap().contents_utf8().unwrap());
        let name = |line: &&str| line.split([' ', '.']).next().unwrap_or_default().to_owned();
        assert!(ours.len() > 3);
        assert_eq!(ours.iter().map(name).collect::<Vec<_>>(), copied.iter().map(name).collect::<Vec<_>>());
        for line in copied {
            assert!(workspace.contains(&line), "the workspace has another `{line}`");
        }
    }

    #[test]
    fn no_placeholder_is_left() {
        for role in ROLES {
            let files = plugin(Language::Rust, role, "x");
            // The SDK is copied as it is, and its tests have such texts of their own.
            for file in files.iter().filter(|file| !file.path.starts_with("hsm/sdk/src/")) {
                assert!(!file.content.contains("{{"), "{}:\n{}", file.path, file.content);
            }
        }
    }

    #[test]
    fn every_python_template_is_whole() {
        for role in ROLES {
            let files = plugin(Language::Python, role, "3d");
            let content = |path: &str| {
                let file = files.iter().find(|file| file.path == path);
                file.unwrap_or_else(|| panic!("no {path} for a {}", role.word())).content.as_str()
            };
            assert!(content("plugin.toml").contains("name = \"3d\""));
            assert!(content("plugin.toml").contains(&format!("role = \"{}\"", role.word())));
            assert!(content("plugin.py").contains("class Plugin:"));
            assert!(content(".gitignore").contains(".venv"));
            assert!(content("README.md").contains("./build"));
            assert!(content("tests/test_fixtures.py").contains("testing.replay"));
            assert!(content("hsm/wit/worlds.wit").contains("world generator-plugin"));
            assert!(content("hsm/sdk/python/requirements.txt").contains("componentize-py=="));
            let _ = content(&format!("hsm/sdk/python/component/{}.py", role.word()));
            let programs: Vec<_> =
                files.iter().filter(|file| file.is_program).map(|file| &file.path).collect();
            assert_eq!(programs, ["build", "hsm/sdk/python/build-plugin"]);
            assert!(files.iter().all(|file| !file.content.contains("{{")), "a placeholder is left");
            assert!(files.iter().any(|file| file.path.starts_with("fixtures/")));
        }
    }

    #[test]
    fn names_that_cargo_refuses_get_another_one_as_packages() {
        for (name, package) in [("pareto", "pareto"), ("3d", "plugin-3d"), ("match", "plugin-match")] {
            assert_eq!(package_name(name), package);
        }
    }

    #[test]
    fn paths_lose_their_disguise() {
        for (path, plain) in [
            ("Cargo.toml.in", "Cargo.toml"),
            ("dot-gitignore", ".gitignore"),
            ("a/dot-b.in", "a/.b"),
            ("src/lib.rs", "src/lib.rs"),
        ] {
            assert_eq!(plain_path(path), plain);
        }
    }
}
