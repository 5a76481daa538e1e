//! Finds the scripts that a project probably trains with. It only lists them: choosing between several is the user's.

use std::fs;
use std::io;
use std::path::Path;

/// Where scripts are looked for, below the project's folder.
const FOLDERS: [&str; 3] = ["", "scripts", "src"];

/// The paths of the candidates, relative to `root` and sorted: `train*.py`, `main.py` and `run.py`.
///
/// # Errors
/// When `root` cannot be read; other folders may be missing.
pub fn candidates(root: &Path) -> io::Result<Vec<String>> {
    let mut found = Vec::new();
    for folder in FOLDERS {
        let entries = match fs::read_dir(root.join(folder)) {
            Ok(entries) => entries,
            Err(error) if folder.is_empty() => return Err(error),
            Err(_) => continue,
        };
        for entry in entries {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if looks_like_training(&name) && entry.path().is_file() {
                found.push(if folder.is_empty() { name } else { format!("{folder}/{name}") });
            }
        }
    }
    found.sort();
    Ok(found)
}

fn looks_like_training(name: &str) -> bool {
    let train = name.starts_with("train") && Path::new(name).extension().is_some_and(|ending| ending == "py");
    train || name == "main.py" || name == "run.py"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_are_known_by_their_names() {
        for (name, expected) in [
            ("train.py", true),
            ("train_gpt.py", true),
            ("main.py", true),
            ("run.py", true),
            ("training.md", false),
            ("retrain.py", false),
            ("test.py", false),
        ] {
            assert_eq!(looks_like_training(name), expected, "{name}");
        }
    }

    #[test]
    fn candidates_are_sorted_and_relative() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("scripts")).unwrap();
        for name in ["train_b.py", "train_a.py", "scripts/main.py", "notes.txt"] {
            fs::write(root.path().join(name), "").unwrap();
        }
        assert_eq!(candidates(root.path()).unwrap(), ["scripts/main.py", "train_a.py", "train_b.py"]);
        assert!(candidates(&root.path().join("missing")).is_err());
    }
}
