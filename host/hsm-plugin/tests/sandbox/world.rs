//! What the tests share: where the components are, and roles that load them.

use hsm_core::roles::{
    Aggregator, AggregatorSpec, Artifact, Failure, Generator, GeneratorSpec, Loaded, Results, Roles, Search,
};
use hsm_core::table::Table;
use hsm_plugin::{Compiler, Limits, PluginRoles, PluginSettings};
use std::path::PathBuf;

/// The folder of the built components: `plugins/` in the target folder that this test was built in.
pub fn plugins() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let folder = test.ancestors().nth(3).unwrap().join("plugins");
    assert!(
        folder.join("wayward-generator.wasm").exists(),
        "the plugins are not in `{}`: run `plugins/build` and `plugins/build wayward-generator wayward-aggregator`",
        folder.display()
    );
    folder
}

/// Roles with these limits. Components are compiled in this process: they are known.
pub fn roles(limits: Limits) -> PluginRoles {
    // One cache folder for all tests of a run would be shared by processes; compiling these takes a tenth of a second.
    PluginRoles::new(PluginSettings { limits, ..PluginSettings::new(plugins(), Compiler::InProcess) })
}

pub fn generator(name: &str, limits: Limits) -> Loaded<dyn Generator> {
    roles(limits).generator(&format!("{name}.wasm"), None).unwrap()
}

pub fn aggregator(name: &str, limits: Limits) -> Loaded<dyn Aggregator> {
    roles(limits).aggregator(&format!("{name}.wasm"), None).unwrap()
}

pub fn spec(config: &str) -> GeneratorSpec {
    GeneratorSpec { config: config.to_owned(), axes: Vec::new(), seed: 7 }
}

/// What an aggregator is asked: no task has a folder.
pub fn results_spec(config: &str) -> AggregatorSpec {
    AggregatorSpec { config: config.to_owned(), ..AggregatorSpec::default() }
}

/// The batches of a search until its end.
pub fn batches(search: &mut dyn Search, rows: u32) -> Result<Vec<Table>, Failure> {
    let mut batches = Vec::new();
    loop {
        let batch = search.next(rows)?;
        if batch.rows == 0 {
            return Ok(batches);
        }
        batches.push(batch);
    }
}

/// What `wayward-generator` ends with when it is told this: in its first call after opening.
pub fn wayward(config: &str, limits: Limits) -> Failure {
    let plugin = generator("wayward-generator", limits);
    let mut search = plugin.role.open(&spec(config)).unwrap();
    let failure = batches(&mut *search, 10).unwrap_err();
    // Whatever happened, the host goes on, and so does the plugin in a new instance.
    let mut next = plugin.role.open(&spec(r#"{"do": "look"}"#)).unwrap();
    assert_eq!(batches(&mut *next, 100).unwrap().len(), 1);
    failure
}

/// What `wayward-aggregator` makes when it is told this.
pub fn wayward_artifacts(config: &str, limits: Limits) -> Result<Vec<Artifact>, Failure> {
    let plugin = aggregator("wayward-aggregator", limits);
    let mut aggregation = plugin.role.open(&results_spec(config))?;
    aggregation.add(Results::default())?;
    aggregation.finish()
}

/// The default limits with one flag.
pub fn limited(flag: &str) -> Limits {
    let mut limits = Limits::default();
    limits.set_flag(flag).unwrap();
    limits
}
