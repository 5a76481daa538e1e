//! Reads `tests/README.md`, which says what is shown where, and the test files, so that each can be held against the other.

use crate::world::World;
use std::fs;
use std::path::{Path, PathBuf};

/// One line of `tests/README.md` that names tests.
#[derive(Debug)]
pub struct Claim {
    /// The line in `tests/README.md`, from 1.
    pub line: usize,
    /// The names it gives in backticks behind its last `|`, such as `plan::scalars` or `hsm-core campaign::cut_test`.
    pub tests: Vec<String>,
}

/// Every row of every table in `tests/README.md`.
#[must_use]
pub fn claims() -> Vec<Claim> {
    let text = World::read(World::checkout("tests/README.md"));
    let rows =
        text.lines().enumerate().filter(|(_, line)| line.starts_with("| ") && !line.starts_with("| what |"));
    rows.map(|(index, line)| Claim { line: index + 1, tests: names_in_last_cell(line) }).collect()
}

fn names_in_last_cell(line: &str) -> Vec<String> {
    let cell = line.trim().trim_end_matches('|').rsplit('|').next().unwrap_or_default();
    cell.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// The names of all test functions below a folder of the checkout, as `file::function`; a file called `tests.rs` or `mod.rs` goes by the
/// name of its folder, or of its crate.
#[must_use]
pub fn test_names(folder: &str) -> Vec<String> {
    let mut names = Vec::new();
    for path in rust_files(&World::checkout(folder)) {
        let file = name_of(&path);
        names
            .extend(functions(&World::read(&path)).into_iter().map(|function| format!("{file}::{function}")));
    }
    names
}

fn name_of(path: &Path) -> String {
    let own = path.file_stem().unwrap_or_default().to_string_lossy();
    let folders = path.ancestors().skip(1).filter_map(Path::file_name).map(|name| name.to_string_lossy());
    let mut names = std::iter::once(own).chain(folders);
    names.find(|name| !matches!(name.as_ref(), "tests" | "mod" | "src")).unwrap_or_default().into_owned()
}

/// The functions behind `#[test]`, or inside `proptest!`, where the attribute stands in the same way.
fn functions(text: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut is_test = false;
    for line in text.lines().map(str::trim) {
        if line.starts_with("#[test]") {
            is_test = true;
        } else if let Some(rest) = line.strip_prefix("fn ").filter(|_| is_test) {
            names.push(rest.split(['(', '<']).next().unwrap_or_default().to_owned());
            is_test = false;
        }
    }
    names
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut files = Vec::new();
    for path in entries.filter_map(Result::ok).map(|entry| entry.path()) {
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}
