//! Whether a Python script is Hydra's: then it takes overrides in Hydra's grammar and makes a run folder of its own.

/// Whether a Python script imports Hydra or is run by it. Only the text is looked at; comments do not count.
#[must_use]
pub fn uses_hydra(script: &str) -> bool {
    script.lines().map(|line| line.split('#').next().unwrap_or_default().trim()).any(|line| {
        line.starts_with("@hydra.main")
            || line.strip_prefix("from ").is_some_and(|module| is_hydra(module.trim_start()))
            || line
                .strip_prefix("import ")
                .is_some_and(|modules| modules.split(',').any(|module| is_hydra(module.trim())))
    })
}

/// Whether an imported module is `hydra` or one of its own.
fn is_hydra(module: &str) -> bool {
    let name = module.split_whitespace().next().unwrap_or_default();
    name == "hydra" || name.starts_with("hydra.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hydra_scripts_are_told_by_their_imports() {
        for (script, expected) in [
            ("import hydra\n", true),
            ("import os, hydra as h", true),
            ("    from hydra import compose", true),
            ("from hydra.core.config_store import ConfigStore", true),
            ("@hydra.main(version_base=None)", true),
            ("import hydraulics", false),
            ("from hydra_like import main", false),
            ("# import hydra", false),
            ("x = 1  # from hydra import compose", false),
            ("print('import hydra')", false),
            ("", false),
        ] {
            assert_eq!(uses_hydra(script), expected, "{script:?}");
        }
    }
}
