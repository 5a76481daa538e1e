//! Compiling in a child: it fills the cache, and its limits hold.

use crate::world::{limited, plugins, spec};
use hsm_core::roles::{Failure, Generator, Loaded, Roles};
use hsm_plugin::{Compiler, Limits, PluginRoles, PluginSettings};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// The example that is nothing but the child.
fn child() -> Compiler {
    let test = std::env::current_exe().unwrap();
    let program = test.ancestors().nth(2).unwrap().join("examples/compile-plugin");
    assert!(program.exists(), "`{}` is missing: build the examples of hsm-plugin", program.display());
    Compiler::Child { program, arguments: Vec::new() }
}

fn shell(script: &str) -> Compiler {
    Compiler::Child { program: PathBuf::from("/bin/sh"), arguments: vec!["-c".into(), script.into()] }
}

fn load(cache: &Path, compiler: Compiler, limits: Limits) -> Result<Loaded<dyn Generator>, Failure> {
    let cache_folder = Some(cache.to_owned());
    let settings = PluginSettings { cache_folder, limits, ..PluginSettings::new(plugins(), compiler) };
    PluginRoles::new(settings).generator("latin-hypercube.wasm", None)
}

/// Compiled entries, by name and time of writing.
fn entries(folder: &Path) -> Vec<(PathBuf, std::time::SystemTime)> {
    let mut entries = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = entry.path();
        if path.is_dir() {
            entries.extend(self::entries(&path));
        } else if !path.ends_with("lock") && path.extension().is_none() {
            entries.push((path.clone(), path.metadata().unwrap().modified().unwrap()));
        }
    }
    entries.sort();
    entries
}

#[test]
fn a_child_compiles_once_and_the_cache_serves_everybody() {
    let world = tempfile::tempdir().unwrap();
    let cache = world.path().join("cache");
    for _ in 0..2 {
        let plugin = load(&cache, child(), Limits::default()).unwrap();
        let config = r#"{"samples": 3, "axes": {"x": {"uniform": [0, 1]}}}"#;
        assert_eq!(plugin.role.open(&spec(config)).unwrap().next(9).unwrap().rows, 3);
    }
    let compiled = entries(&cache.join("code"));
    // The child alone has compiled: one component is one entry.
    assert_eq!(compiled.len(), 1, "{compiled:?}");
    load(&cache, child(), Limits::default()).unwrap();
    assert_eq!(entries(&cache.join("code")), compiled);
}

#[test]
fn a_truncated_entry_is_compiled_again() {
    let world = tempfile::tempdir().unwrap();
    let cache = world.path().join("cache");
    load(&cache, child(), Limits::default()).unwrap();
    let (entry, _) = entries(&cache.join("code")).remove(0);
    let whole = std::fs::read(&entry).unwrap();
    std::fs::write(&entry, &whole[..whole.len() / 2]).unwrap();
    load(&cache, child(), Limits::default()).unwrap();
    assert_eq!(std::fs::read(&entry).unwrap().len(), whole.len());
}

#[test]
fn memory_of_the_compiler_is_limited() {
    let world = tempfile::tempdir().unwrap();
    let limits = limited("compile_memory_mib=24");
    let failure = load(&world.path().join("cache"), child(), limits).unwrap_err();
    assert_eq!(failure.code, "compile-memory", "{failure}");
    assert!(
        failure.message.contains("more than 24 MiB of address space (`compile_memory_mib`: "),
        "{failure}"
    );
    assert!(failure.hint.unwrap().contains("--plugin-limit compile_memory_mib=96"));
}

#[test]
fn time_of_the_compiler_is_limited() {
    let world = tempfile::tempdir().unwrap();
    let limits = limited("compile_time_s=1");
    let start = Instant::now();
    let failure = load(&world.path().join("cache"), shell("exec sleep 600"), limits).unwrap_err();
    assert!(start.elapsed() < Duration::from_secs(30));
    assert_eq!(failure.code, "compile-time", "{failure}");
    assert!(failure.message.contains("not compiled within 1 s"), "{failure}");
}

#[test]
fn a_child_that_fails_is_reported() {
    let world = tempfile::tempdir().unwrap();
    let cache = world.path().join("cache");
    let cases = [
        (shell("echo no such thing >&2; exit 4"), "host", "no such thing"),
        (shell("kill -s XCPU $$"), "compile-time", "`compile_time_s`"),
        (shell("kill -s ABRT $$"), "compile-memory", "`compile_memory_mib`"),
        (shell("echo offset 7 >&2; exit 3"), "damaged", "not valid WebAssembly: offset 7"),
        (Compiler::Child { program: "/nowhere/hsm".into(), arguments: vec![] }, "host", "/nowhere/hsm"),
    ];
    for (compiler, code, words) in cases {
        let failure = load(&cache, compiler, Limits::default()).unwrap_err();
        assert_eq!(failure.code, code, "{failure}");
        assert!(failure.message.contains(words), "{failure}");
    }
}

#[test]
fn a_cache_that_others_can_write_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let world = tempfile::tempdir().unwrap();
    std::fs::set_permissions(world.path(), std::fs::Permissions::from_mode(0o777)).unwrap();
    let failure = load(world.path(), child(), Limits::default()).unwrap_err();
    assert!(failure.message.contains("is open to others (mode 777)"), "{failure}");
    assert!(failure.hint.is_some());
}

#[test]
fn a_home_that_cannot_be_written_only_costs_time() {
    let world = tempfile::tempdir().unwrap();
    let file = world.path().join("file");
    std::fs::write(&file, "").unwrap();
    // A folder inside a file can be made by nobody, root included.
    load(&file.join("cache"), child(), Limits::default()).unwrap();
}
