//! Login nodes limit address space. Everything a plugin needs, its compilation included, fits into 1,000,000 KiB.
//!
//! A program of its own, because it limits itself.

use hsm_core::roles::{AggregatorSpec, GeneratorSpec, Results, Roles};
use hsm_plugin::{Compiler, PluginRoles, PluginSettings};
use rustix::process::{Resource, Rlimit, setrlimit};

const LIMIT_BYTES: u64 = 1_000_000 * 1024;

#[test]
fn plugins_are_compiled_and_run_under_the_limit_of_a_login_node() {
    setrlimit(Resource::As, Rlimit { current: Some(LIMIT_BYTES), maximum: Some(LIMIT_BYTES) }).unwrap();
    let test = std::env::current_exe().unwrap();
    let base_folder = test.ancestors().nth(3).unwrap().join("plugins");
    let program = test.ancestors().nth(2).unwrap().join("examples/compile-plugin");
    assert!(program.exists(), "`{}` is missing: build the examples of hsm-plugin", program.display());
    let child = Compiler::Child { program, arguments: Vec::new() };
    // Once as users have it, and once with the compiler in this very process, which then has to fit in as well.
    for compiler in [child, Compiler::InProcess] {
        let roles = PluginRoles::new(PluginSettings::new(base_folder.clone(), compiler));
        let plugin = roles.generator("latin-hypercube.wasm", None).unwrap();
        let config = r#"{"samples": 100000, "axes": {"x": {"uniform": [0, 1]}}}"#.to_owned();
        let spec = GeneratorSpec { config, axes: Vec::new(), seed: 1 };
        // Two instances at once, each with the address space of its memory.
        let [mut one, mut other] = [0, 1].map(|_| plugin.role.open(&spec).unwrap());
        assert_eq!(one.next(100_000).unwrap(), other.next(100_000).unwrap());
        drop((one, other));
        // A memory that outgrows what it was given moves, with all that is in it: both places count.
        let greedy = AggregatorSpec {
            config: r#"{"do": "memory", "amount": 100}"#.to_owned(),
            ..AggregatorSpec::default()
        };
        let wayward = roles.aggregator("wayward-aggregator.wasm", None).unwrap();
        wayward.role.open(&greedy).unwrap().add(Results::default()).unwrap();
        roles
            .aggregator("leaderboard.wasm", None)
            .unwrap()
            .role
            .open(&AggregatorSpec::default())
            .map(drop)
            .unwrap();
    }
}
