use super::*;
use serde_json::json;
use std::fmt::Write as _;

const GOOD: &str = r#"
format = 1
name = "pareto"
version = "0.1.0"
role = "aggregator"
wit = "0.1"
summary = "Draws the Pareto front."
license = "MIT"
"#;

fn scheduler() -> String {
    GOOD.replace("aggregator", "scheduler")
}

fn digest() -> String {
    Digest::of(b"x").to_string()
}

#[test]
fn everything_a_manifest_says_is_read() {
    let text = format!(
        r#"{GOOD}
[limits]
memory_mib = 512
[capabilities]
read-results = true
[config.metrics]
type = "list"
required = true
summary = "The two metrics."
[files]
"plugin.wasm" = "{digest}"
"fixtures/a/input.json" = "{digest}"
"#,
        digest = digest()
    );
    let manifest = Manifest::parse(text.as_bytes(), "plugin.toml").unwrap();
    assert_eq!(manifest.name.as_str(), "pareto");
    assert_eq!(manifest.version, Version::new(0, 1, 0));
    assert_eq!(manifest.role, Role::Aggregator);
    assert_eq!(manifest.limits, [(Limit::MemoryMib, 512)].into());
    assert_eq!(manifest.capabilities, Capabilities { read_results: true, commands: BTreeSet::new() });
    assert_eq!(manifest.files.as_ref().unwrap().len(), 2);
    assert_eq!(manifest.check_config(&json!({"metrics": []})), Ok(()));
    assert!(manifest.check_config(&json!({})).is_err());
}

#[test]
fn without_a_description_any_configuration_passes() {
    let manifest = Manifest::parse(GOOD.as_bytes(), "plugin.toml").unwrap();
    assert_eq!(manifest.check_config(&json!({"anything": 1})), Ok(()));
    let none = Manifest::parse(format!("{GOOD}[config]\n").as_bytes(), "plugin.toml").unwrap();
    assert!(none.check_config(&json!({"anything": 1})).is_err());
}

#[test]
fn commands_are_a_schedulers() {
    let text = format!("{}[capabilities]\ncommands = ['qstat', 'qsub']\n", scheduler());
    let manifest = Manifest::parse(text.as_bytes(), "plugin.toml").unwrap();
    assert_eq!(manifest.capabilities.commands, ["qstat".to_owned(), "qsub".to_owned()].into());
}

/// Every way to get a manifest wrong, with what is said about it.
#[test]
fn what_is_wrong_in_a_manifest_is_said_with_its_place() {
    let with = |from: &str, to: &str| GOOD.replace(from, to);
    let add = |text: &str| format!("{GOOD}{text}");
    let files = |name: &str| add(&format!("[files]\n'plugin.wasm' = '{0}'\n{name} = '{0}'\n", digest()));
    let commands = |list: &str| format!("{}[capabilities]\ncommands = {list}\n", scheduler());
    let many: String = (0..=FILES_MAX).fold(String::new(), |mut text, number| {
        let _ = writeln!(text, "'fixtures/{number}' = '{}'", digest());
        text
    });
    let cases = [
        String::new(),
        "format = 1".to_owned(),
        with("format = 1", "format = 2"),
        with("format = 1", "format = 'one'"),
        add("[limits\n"),
        add("sumary = 'x'\n"),
        with("pareto", "Pareto"),
        with("pareto", "../pareto"),
        with("0.1.0", "1.0"),
        with("aggregator", "agregator"),
        with("aggregator", "plotter"),
        with("wit = \"0.1\"", "wit = \"0.2\""),
        with("Draws the Pareto front.", ""),
        with("Draws the Pareto front.", "\\u001b[2J"),
        with("Draws the Pareto front.", "two\\nlines"),
        with("\"MIT\"", &format!("'{}'", "x".repeat(201))),
        add("[limits]\nmemory_mb = 1\n"),
        add("[limits]\nmemory_mib = 0\n"),
        add("[limits]\nmemory_mib = 5000\n"),
        add("[limits]\nmemory_mib = 'lots'\n"),
        add("[capabilities]\nread_results = true\n"),
        add("[capabilities]\ncommands = ['qsub']\n"),
        commands("['/bin/qsub']"),
        commands("['bash']"),
        commands("['python3.12']"),
        commands("['qsub', 'qsub']"),
        commands(&format!("[{}]", (0..=COMMANDS_MAX).map(|n| format!("'q{n}',")).collect::<String>())),
        format!("{}[capabilities]\nread-results = true\n", scheduler()),
        add("[config.k]\ntype = 'int'\n"),
        add("[config.k]\ntype = 'text'\nrequird = true\n"),
        add("[config.k]\nrequired = true\n"),
        add("[config.k]\ntype = 'text'\nsummary = \"\"\"a\nb\"\"\"\n"),
        add("[files]\n"),
        add("[files]\n'plugin.wasm' = 'e3b0'\n"),
        files("'../plugin.wasm'"),
        files("'/etc/passwd'"),
        files("'plugin.toml'"),
        files("'Plugin.wasm'"),
        files("'src/lib.rs'"),
        files("'fixtures/a/b' = '00'\n'fixtures/A'"),
        files(&format!("'fixtures/a/b' = '{0}'\n'fixtures/a'", digest())),
        files(&format!("'fixtures/b' = '{0}'\n'fixtures/B'", digest())),
        add(&format!("[files]\n{many}")),
    ];
    let said = cases.iter().fold(String::new(), |mut said, text| {
        let error = Manifest::parse(text.as_bytes(), "plugin.toml").expect_err(text);
        let _ = writeln!(said, "{error}\n    {}", error.hint.as_deref().unwrap_or("-"));
        said
    });
    insta::assert_snapshot!(said, @r#"
    plugin.toml:1:1: the key `format` is missing
        -
    plugin.toml:1:1: the key `name` is missing
        -
    plugin.toml:2:10: this is format 2, and this hsm reads format 1
        use a newer hsm
    plugin.toml:2:10: invalid type: string "one", expected a whole number
        -
    plugin.toml:9:8: unclosed table, expected `]`
        -
    plugin.toml:9:1: there is no key `sumary` here
        did you mean `summary`?
    plugin.toml:3:8: `Pareto` is no name for a plugin
        a name has lower-case letters, digits and `-`, begins with no `-` and is at most 64 characters long
    plugin.toml:3:8: `../pareto` is no name for a plugin
        a name has lower-case letters, digits and `-`, begins with no `-` and is at most 64 characters long
    plugin.toml:4:11: this is no semantic version
        write three numbers, such as `0.1.0`
    plugin.toml:5:8: there is no such role
        did you mean `aggregator`?
    plugin.toml:5:8: there is no such role
        the roles are generator, aggregator, scheduler
    plugin.toml:6:7: this hsm runs plugins made for version 0.1 of its interface
        use another release of the plugin, or another hsm
    plugin.toml:7:11: `summary` is empty
        write one line for people
    plugin.toml:7:11: `summary` is more than one line of plain text
        write one line for people
    plugin.toml:7:11: `summary` is more than one line of plain text
        write one line for people
    plugin.toml:8:11: `license` is longer than 200 bytes
        write one line for people
    plugin.toml:10:1: there is no limit `memory_mb` (did you mean `memory_mib`?): there are memory_mib, call_time_s, total_time_s, component_mib, call_data_mib, table_cells, points, artifacts, artifacts_mib, log_lines, compile_time_s, compile_memory_mib
        write the limit's name
    plugin.toml:10:14: `0` is no value for `memory_mib`: it takes a whole number from 1 to 4294967296
        ask for less; whoever uses the plugin may give it more
    plugin.toml:10:14: the plugin asks for `memory_mib = 5000`, and 4096 is the most that a plugin may ask for by itself
        ask for less; whoever uses the plugin may give it more
    plugin.toml:10:14: invalid type: string "lots", expected a whole number
        -
    plugin.toml:10:1: there is no key `read_results` here
        did you mean `read-results`?
    plugin.toml:10:12: `commands` is for plugins of the role scheduler, and this is one of the role aggregator
        remove it, or correct `role`
    plugin.toml:10:13: `/bin/qsub` is no bare name of a program
        write the name alone, such as `qsub`; hsm finds the program and gives it its arguments
    plugin.toml:10:13: `bash` could run any other program, so no plugin may name it
        name the scheduler's own commands
    plugin.toml:10:13: `python3.12` could run any other program, so no plugin may name it
        name the scheduler's own commands
    plugin.toml:10:21: the command `qsub` is named twice
        name each command once
    plugin.toml:10:12: these are more than 32 commands
        name only those that the plugin needs
    plugin.toml:10:16: `read-results` is for plugins of the role aggregator, and this is one of the role scheduler
        remove it, or correct `role`
    plugin.toml:10:8: `int` is none of `boolean`, `integer`, `number`, `text`, `list`, `map`
        did you mean `integer`?
    plugin.toml:11:1: there is no key `requird` here
        did you mean `required`?
    plugin.toml:9:1: the key `type` is missing
        -
    plugin.toml:9:9: the summary of `k` is more than one short line of plain text
        write one line for people
    plugin.toml:1:1: `[files]` has no `plugin.wasm`
        pack the plugin again
    plugin.toml:10:17: a SHA-256 digest is 64 hexadecimal digits in lower case
        let `hsm plugin pack` write this table
    plugin.toml:11:1: the name `../plugin.wasm` climbs out of the bundle
        rename the file, and pack again
    plugin.toml:11:1: the name `/etc/passwd` is absolute
        rename the file, and pack again
    plugin.toml:11:1: a bundle has no place for `plugin.toml`
        beside its manifest it has `plugin.wasm`, `README.md`, `LICENSE…` and what is in `fixtures`
    plugin.toml:11:1: a bundle has no place for `Plugin.wasm`
        beside its manifest it has `plugin.wasm`, `README.md`, `LICENSE…` and what is in `fixtures`
    plugin.toml:11:1: a bundle has no place for `src/lib.rs`
        beside its manifest it has `plugin.wasm`, `README.md`, `LICENSE…` and what is in `fixtures`
    plugin.toml:11:1: the name `fixtures/a/b` clashes with another one
        names have to differ in more than upper and lower case
    plugin.toml:11:1: the name `fixtures/a/b` clashes with another one
        names have to differ in more than upper and lower case
    plugin.toml:11:1: the name `fixtures/b` clashes with another one
        names have to differ in more than upper and lower case
    plugin.toml:1009:1: these are more than 1000 files
        a plugin needs no more fixtures than that
    "#);
}
