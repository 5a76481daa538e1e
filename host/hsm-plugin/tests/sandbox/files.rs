//! Files that are not the plugin that was asked for.

use crate::world::{limited, plugins, roles};
use hsm_core::roles::Roles;
use hsm_plugin::Limits;
use std::path::Path;

fn check(reference: &Path, limits: Limits, code: &str, words: &str) {
    let failure = roles(limits).generator(reference.to_str().unwrap(), None).unwrap_err();
    assert_eq!(failure.code, code, "{failure}");
    assert!(failure.message.contains(words), "`{words}` is not in: {failure}");
    assert!(failure.hint.is_some(), "{failure}");
}

#[test]
fn each_is_told_apart() {
    let world = tempfile::tempdir().unwrap();
    let whole = std::fs::read(plugins().join("latin-hypercube.wasm")).unwrap();
    let file = |name: &str, bytes: &[u8]| {
        let path = world.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    };
    let here = Limits::default;
    check(&world.path().join("none.wasm"), here(), "not-found", "there is no plugin");
    check(world.path(), here(), "bad-bundle", "there is no `plugin.toml` in it");
    check(&file("empty.wasm", b""), here(), "not-wasm", "the file is empty");
    check(&file("text.wasm", b"hello"), here(), "not-wasm", "not WebAssembly");
    check(&file("core.wasm", b"\0asm\x01\0\0\0"), here(), "core-module", "a core WebAssembly module");
    check(&file("machine.wasm", b"\x7fELF\x02"), here(), "precompiled", "precompiled machine code");
    check(&file("half.wasm", &whole[..whole.len() / 2]), here(), "truncated", "cut short");
    check(&plugins().join("leaderboard.wasm"), here(), "wrong-role", "the plugin is an aggregator");
    let newer = replaced(&whole, b"hsm:plugin/generator@0.1.0", b"hsm:plugin/generator@0.9.0");
    check(&file("newer.wasm", &newer), here(), "too-new", "too new");
    let older = replaced(&whole, b"hsm:plugin/generator@0.1.0", b"hsm:plugin/generator@0.0.1");
    check(&file("older.wasm", &older), here(), "too-old", "too old");
    let asking = replaced(&whole, b"wasi:cli/environment@0.2.", b"wasi:web/environment@0.2.");
    check(&file("asking.wasm", &asking), here(), "forbidden-import", "imports `wasi:web/environment@0.2.");
    let limits = limited("component_mib=1");
    check(
        &file("large.wasm", &vec![0; (1 << 20) + 1]),
        limits,
        "too-large",
        "larger than 1 MiB (`component_mib`: ",
    );
}

/// The header and the outermost names are whole, the code inside is not: only the compiler can tell.
#[test]
fn damage_deep_inside_is_the_compilers_to_find() {
    let world = tempfile::tempdir().unwrap();
    let mut bytes = std::fs::read(plugins().join("latin-hypercube.wasm")).unwrap();
    let middle = bytes.len() / 3;
    bytes[middle..middle + 2_000].fill(0xff);
    let path = world.path().join("damaged.wasm");
    std::fs::write(&path, bytes).unwrap();
    check(&path, Limits::default(), "damaged", "");
}

#[test]
fn a_pipe_in_its_place_holds_nobody_up() {
    let world = tempfile::tempdir().unwrap();
    let path = world.path().join("pipe.wasm");
    rustix::fs::mknodat(
        rustix::fs::CWD,
        &path,
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR,
        0,
    )
    .unwrap();
    check(&path, Limits::default(), "unreadable", "it is neither a file nor a folder");
}

#[test]
fn another_file_of_the_same_name_is_refused() {
    let roles = roles(Limits::default());
    let digest = roles.generator("latin-hypercube.wasm", None).unwrap().digest;
    roles.generator("latin-hypercube.wasm", Some(&digest)).unwrap();
    let failure = roles.generator("latin-hypercube.wasm", Some(&"0".repeat(64))).unwrap_err();
    assert_eq!(failure.code, "digest-differs");
    assert!(failure.message.contains(&digest), "{failure}");
}

fn replaced(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let mut bytes = bytes.to_vec();
    let mut found = false;
    for at in 0..bytes.len() - from.len() {
        if bytes[at..].starts_with(from) {
            bytes[at..at + to.len()].copy_from_slice(to);
            found = true;
        }
    }
    assert!(found);
    bytes
}
