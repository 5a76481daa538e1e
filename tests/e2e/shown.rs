//! The tests about the tests: none is forgotten, and what `tests/README.md` promises to be shown is shown.

use hsm_tests::{World, claims, test_names};
use std::collections::BTreeSet;

#[test]
fn every_test_file_is_in_the_binary() {
    let main = World::read(World::checkout("tests/e2e/main.rs"));
    for entry in std::fs::read_dir(World::checkout("tests/e2e")).expect("the tests") {
        let name = entry.expect("a file").file_name().to_string_lossy().into_owned();
        if let Some(module) = name.strip_suffix(".rs").filter(|module| *module != "main") {
            assert!(
                main.contains(&format!("mod {module};")),
                "{name} is in no `mod` of main.rs, so it never runs"
            );
        }
    }
}

#[test]
fn everything_in_the_list_of_what_is_shown_exists() {
    let folders = ["tests/e2e", "host", "sdk", "plugins"];
    let names: BTreeSet<String> = folders.into_iter().flat_map(test_names).collect();
    let claims = claims();
    assert!(claims.len() > 40, "tests/README.md lists {} things", claims.len());
    for claim in claims {
        assert!(!claim.tests.is_empty(), "tests/README.md:{}: no test is named", claim.line);
        for test in &claim.tests {
            let exists = names.contains(test) || (test.contains('/') && World::checkout(test).exists());
            assert!(exists, "tests/README.md:{}: there is no test `{test}`", claim.line);
        }
    }
}

#[test]
fn every_end_to_end_test_is_in_the_list() {
    let listed: BTreeSet<String> = claims().into_iter().flat_map(|claim| claim.tests).collect();
    let forgotten: Vec<_> =
        test_names("tests/e2e").into_iter().filter(|name| !listed.contains(name)).collect();
    assert!(forgotten.is_empty(), "not in tests/README.md: {forgotten:?}");
}

#[test]
fn the_readmes_own_commands_run() {
    let world = World::new();
    let hsm = world.command(&[]).get_program().to_owned();
    let mut script = world.program(World::checkout("tests/readme"));
    script.env("HSM_BIN", hsm).env("HSM_LAB_PROGRAMS", hsm_tests::lab::programs());
    script
        .env("HSM_PLUGINS", std::path::Path::new(&World::plugin("leaderboard")).parent().expect("a folder"));
    let _ = hsm_tests::Running::start(&mut script, &world.path(""))
        .wait_within(std::time::Duration::from_secs(420))
        .succeeds();
}
