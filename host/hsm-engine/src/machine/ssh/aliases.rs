//! The names that the user's ssh configuration knows. Any other name is a host that nobody may have meant.

use super::target::LinkOptions;
use crate::process;
use hsm_core::scheduler::Command;
use std::fs;
use std::path::Path;

/// A name that no configuration is about.
const NOBODY: &str = "hsm-asks-what-is-said-of-nobody.invalid";
/// How deep files may include others.
const DEPTH_MAX: u32 = 8;

/// Whether the configuration says anything of `name` that it does not say of every name.
#[must_use]
pub fn is_ssh_alias(name: &str, options: &LinkOptions) -> bool {
    if name.is_empty() || name.starts_with('-') {
        return false;
    }
    match (resolved(name, options), resolved(NOBODY, options)) {
        (Some(its), Some(nobodys)) => {
            // A name may be part of a keyword, so it goes from both.
            let name = name.to_ascii_lowercase();
            its.replace(&name, "") != nobodys.replace(NOBODY, "").replace(&name, "")
        }
        _ => false,
    }
}

/// What ssh makes of a name, as it says itself. No connection is made.
fn resolved(name: &str, options: &LinkOptions) -> Option<String> {
    let said = process::exchange(&Command::new(options.ssh.clone()).args(["-G", "--", name]), false);
    (said.exit_code == Some(0)).then(|| String::from_utf8_lossy(&said.stdout).to_ascii_lowercase())
}

/// The names that the configuration in a home folder has, without patterns: what a mistyped name may have meant.
#[must_use]
pub fn ssh_aliases(home: &Path) -> Vec<String> {
    let mut names = Vec::new();
    read(&home.join(".ssh/config"), &home.join(".ssh"), 0, &mut names);
    names.sort();
    names.dedup();
    names
}

fn read(file: &Path, folder: &Path, depth: u32, names: &mut Vec<String>) {
    let Ok(text) = fs::read_to_string(file) else { return };
    for line in text.lines() {
        let mut words =
            line.split([' ', '\t', '=']).map(|word| word.trim_matches('"')).filter(|word| !word.is_empty());
        let Some(keyword) = words.next() else { continue };
        if keyword.eq_ignore_ascii_case("host") {
            names.extend(words.filter(|word| !word.contains(['*', '?', '!'])).map(str::to_owned));
        } else if keyword.eq_ignore_ascii_case("include") && depth < DEPTH_MAX {
            // Patterns of files are left to ssh.
            words.for_each(|word| read(&folder.join(word), folder, depth + 1, names));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_and_patterns_are_not() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join(".ssh");
        fs::create_dir(&folder).unwrap();
        let config = "Host box lab-*\n  HostName 10.0.0.1\nhost=\"cluster\"\nInclude more\n# Host commented\nHost !x *\n";
        fs::write(folder.join("config"), config).unwrap();
        fs::write(folder.join("more"), "Host far\nInclude config\n").unwrap();
        assert_eq!(ssh_aliases(home.path()), ["box", "cluster", "far"]);
        assert!(ssh_aliases(&home.path().join("nobody")).is_empty());
    }

    #[test]
    fn what_begins_with_a_dash_is_no_alias() {
        assert!(!is_ssh_alias("-oProxyCommand=date", &LinkOptions::default()));
    }
}
