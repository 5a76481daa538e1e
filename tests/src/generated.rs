//! Parts of documentation that are made from a test's own list, so that neither can say what the other does not.

use crate::world::World;
use std::fs;

/// Set to `1`, it has parts that differ written anew instead of failing the test.
const BLESS: &str = "HSM_BLESS";

/// Holds the part of `file` between `<!-- <name>: … -->` and `<!-- <name> end -->` against what it should be.
///
/// # Panics
/// When they differ, with the command that puts it right; when the file has no such part.
#[expect(clippy::disallowed_methods, reason = "whoever runs the tests says so in their environment")]
pub fn check_generated(file: &str, name: &str, test: &str, expected: &str) {
    let path = World::checkout(file);
    let text = World::read(&path);
    let (before, rest) = text
        .split_once(&format!("<!-- {name}:"))
        .and_then(|(before, rest)| Some((before.len(), rest.split_once("-->\n")?.1)))
        .unwrap_or_else(|| panic!("{file} has no part `{name}`"));
    let end = format!("<!-- {name} end -->");
    let (found, after) =
        rest.split_once(&end).unwrap_or_else(|| panic!("the part `{name}` of {file} has no end"));
    if found == expected {
        return;
    }
    let again = format!("{BLESS}=1 cargo test --workspace --test e2e {test}");
    if std::env::var_os(BLESS).is_some_and(|value| value == "1") {
        let start = &text[..before];
        let whole = format!("{start}<!-- {name}: written by `{again}` -->\n{expected}{end}{after}");
        fs::write(&path, whole).unwrap_or_else(|error| panic!("could not write {file}: {error}"));
        return;
    }
    panic!("the part `{name}` of {file} is not what the tests show; write it anew: `{again}`");
}

/// A row of a Markdown table.
#[must_use]
pub fn table_row(cells: &[&str]) -> String {
    let cells: Vec<String> = cells.iter().map(|cell| cell.replace('|', "\\|").replace('\n', " ")).collect();
    format!("| {} |\n", cells.join(" | "))
}
