//! How far past its limit a plugin gets that does not stop by itself.

use crate::{internal, say, settings, spec};
use hsm_core::roles::{AggregatorSpec, Failure, Results, Roles};
use hsm_plugin::{Limits, PluginRoles, PluginSettings};
use std::path::Path;
use std::time::{Duration, Instant};

/// What `wayward-generator` is told, in the calls after opening or while it opens.
const GENERATORS: [&str; 4] = [
    r#"{"do": "loop"}"#,
    r#"{"do": "sleep", "amount": 60}"#,
    r#"{"do": "naps"}"#,
    r#"{"do": "loop", "on_open": true}"#,
];

/// What `wayward-aggregator` is told, and does in the call that takes results.
const AGGREGATORS: [&str; 2] = [r#"{"do": "loop"}"#, r#"{"do": "sleep", "amount": 60}"#];

/// Takes memory in small pieces until there is none.
const HOARD: &str = r#"{"do": "hoard"}"#;

/// What a component with a great deal to compile is called, in the folder of the plugins.
const DEAR: &str = "dear.wasm";

/// Every case but [`compile_memory`].
pub fn all(plugins: &Path, hsm: &Path, cache: &Path) -> Result<(), Failure> {
    call_time(plugins, hsm, cache)?;
    memory(plugins, hsm, cache)?;
    compile_time(plugins, hsm)
}

fn limited(flag: &str, settings: PluginSettings) -> Result<PluginRoles, Failure> {
    let mut limits = Limits::default();
    limits.set_flag(flag).map_err(|error| internal(&error))?;
    Ok(PluginRoles::new(PluginSettings { limits, ..settings }))
}

/// Calls that may take a second.
fn call_time(plugins: &Path, hsm: &Path, cache: &Path) -> Result<(), Failure> {
    let roles = limited("call_time_s=1", settings(plugins, hsm, cache))?;
    let generator = roles.generator("wayward-generator.wasm", None)?;
    for deed in GENERATORS {
        let start = Instant::now();
        let ended = generator.role.open(&spec(deed)).map(|mut search| {
            let restart = Instant::now();
            let ended = search.next(10).map(drop);
            (restart, ended)
        });
        let (start, failure) = match ended {
            Ok((restart, ended)) => (restart, ended.err()),
            Err(failure) => (start, Some(failure)),
        };
        past(&format!("generator {deed}"), start, failure, "out-of-time")?;
    }
    let aggregator = roles.aggregator("wayward-aggregator.wasm", None)?;
    for deed in AGGREGATORS {
        let spec = AggregatorSpec { config: deed.to_owned(), ..AggregatorSpec::default() };
        let mut aggregation = aggregator.role.open(&spec)?;
        let start = Instant::now();
        let failure = aggregation.add(Results::default()).err();
        past(&format!("aggregator {deed}"), start, failure, "out-of-time")?;
    }
    Ok(())
}

/// A guest that may have 256 MiB: by how much this whole process grows at most.
fn memory(plugins: &Path, hsm: &Path, cache: &Path) -> Result<(), Failure> {
    const LIMIT_MIB: f64 = 256.0;
    let roles = limited("memory_mib=256", settings(plugins, hsm, cache))?;
    let generator = roles.generator("wayward-generator.wasm", None)?;
    let mut search = generator.role.open(&spec(HOARD))?;
    // The highest so far begins anew.
    std::fs::write("/proc/self/clear_refs", "5").map_err(|error| internal(&error))?;
    let before = mebibytes("VmRSS:")?;
    let failure = search.next(10).err();
    ended(HOARD, failure, "out-of-memory")?;
    let grown = mebibytes("VmHWM:")? - before;
    println!("{}", serde_json::json!({"what": "memory past", "mib": (grown - LIMIT_MIB).max(0.0)}));
    Ok(())
}

fn mebibytes(name: &str) -> Result<f64, Failure> {
    let status = std::fs::read_to_string("/proc/self/status").map_err(|error| internal(&error))?;
    let kibibytes = status
        .lines()
        .find_map(|line| line.strip_prefix(name)?.split_whitespace().next()?.parse::<f64>().ok());
    kibibytes
        .map(|number| number / 1024.0)
        .ok_or_else(|| internal(&format!("the system does not say `{name}`")))
}

/// A component that may be compiled for a second.
fn compile_time(plugins: &Path, hsm: &Path) -> Result<(), Failure> {
    // Loops inside loops: each level doubles what the register allocator has to think about.
    let open = "loop local.get 0 local.get 1 i32.add local.set 0 local.get 0 br_if 0 ".repeat(2_000);
    let function = format!("(func (param i32 i32) (result i32) {open} {} local.get 0)", "end ".repeat(2_000));
    let failure = |roles: &PluginRoles| roles.generator(DEAR, None).err();
    carry(plugins, &format!("(module {})", function.repeat(40)))?;
    let roles = limited(
        "compile_time_s=1",
        PluginSettings { cache_folder: None, ..settings(plugins, hsm, plugins) },
    )?;
    let start = Instant::now();
    past("compiler, nested loops", start, failure(&roles), "compile-time")
}

/// A component that may be compiled in 512 MiB, and takes more. The number is the caller's to find: the largest process below this one.
pub fn compile_memory(plugins: &Path, hsm: &Path) -> Result<(), Failure> {
    // Variables that are alive across thousands of branches: memory that grows with their product.
    const VARIABLES: usize = 2_000;
    let declared = format!("(local {})", "i32 ".repeat(VARIABLES));
    let branch = |index: usize| {
        let (asked, set) = (index % VARIABLES + 1, index * 7 % VARIABLES + 1);
        format!("local.get {asked} if local.get 0 local.set {set} end ")
    };
    let branches: String = (0..8_000).map(branch).collect();
    let uses: String = (1..=VARIABLES).map(|variable| format!("local.get {variable} i32.add ")).collect();
    carry(
        plugins,
        &format!("(module (func (param i32) (result i32) {declared} {branches} local.get 0 {uses}))"),
    )?;
    let roles = limited(
        "compile_memory_mib=512",
        PluginSettings { cache_folder: None, ..settings(plugins, hsm, plugins) },
    )?;
    ended("compiler, many variables", roles.generator(DEAR, None).err(), "compile-memory")
}

/// A plugin that keeps every rule, with one more module, which is compiled with the others and never used.
fn carry(plugins: &Path, module: &str) -> Result<(), Failure> {
    let module = wat::parse_str(module).map_err(|error| internal(&error))?;
    let mut component =
        std::fs::read(plugins.join("latin-hypercube.wasm")).map_err(|error| internal(&error))?;
    component.push(1);
    let mut length = module.len();
    while length >= 0x80 {
        component.push(u8::try_from(length & 0x7f).unwrap_or_default() | 0x80);
        length >>= 7;
    }
    component.push(u8::try_from(length).unwrap_or_default());
    component.extend(module);
    std::fs::write(plugins.join(DEAR), component).map_err(|error| internal(&error))
}

/// That it ended for this reason, and no other.
fn ended(what: &str, failure: Option<Failure>, code: &str) -> Result<(), Failure> {
    match failure {
        Some(failure) if failure.code == code => Ok(()),
        Some(failure) => Err(failure),
        None => Err(internal(&format!("{what} was not stopped"))),
    }
}

/// How long after its second.
fn past(what: &str, start: Instant, failure: Option<Failure>, code: &str) -> Result<(), Failure> {
    let time = start.elapsed();
    ended(what, failure, code)?;
    say(&format!("past {what}"), time.saturating_sub(Duration::from_secs(1)));
    Ok(())
}
