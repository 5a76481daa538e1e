//! What a plugin cannot do to the host: each ends with the host alive and one clear message.

use crate::world::{aggregator, batches, generator, limited, results_spec, roles, spec, wayward};
use hsm_core::roles::{Blame, Failure, Results, Roles};
use hsm_core::table::Cells;
use hsm_plugin::Limits;
use std::time::{Duration, Instant};

fn one_second() -> Limits {
    limited("call_time_s=1")
}

fn check(failure: &Failure, code: &str, words: &[&str]) {
    assert_eq!(failure.code, code, "{failure}");
    for word in words {
        assert!(failure.message.contains(word), "`{word}` is not in: {failure}");
    }
    assert!(failure.hint.is_some(), "{failure}");
    assert!(
        !failure.message.chars().any(|character| character.is_control() && character != '\n'),
        "{failure:?}"
    );
}

/// Runs for less than the deadline and a margin that a busy machine needs.
fn in_time<T>(act: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let result = act();
    assert!(start.elapsed() < Duration::from_secs(30), "{:?}", start.elapsed());
    result
}

#[test]
fn an_endless_loop_is_stopped() {
    let failure = in_time(|| wayward(r#"{"do": "loop"}"#, one_second()));
    check(&failure, "out-of-time", &["`wayward-generator`", "within 1 s", "`call_time_s`"]);
    assert_eq!(
        failure.hint.as_deref(),
        Some("if the plugin needs more, raise it: `--plugin-limit call_time_s=4`")
    );
}

#[test]
fn a_guest_that_waits_is_stopped() {
    let failure = in_time(|| wayward(r#"{"do": "sleep", "amount": 600}"#, one_second()));
    check(&failure, "out-of-time", &["within 1 s"]);
}

#[test]
fn an_endless_loop_while_opening_is_stopped() {
    let plugin = generator("wayward-generator", one_second());
    let failure =
        in_time(|| plugin.role.open(&spec(r#"{"do": "loop", "on_open": true}"#)).map(drop).unwrap_err());
    check(&failure, "out-of-time", &["within 1 s"]);
}

#[test]
fn an_aggregator_that_loops_is_stopped() {
    let plugin = aggregator("wayward-aggregator", one_second());
    let mut aggregation = plugin.role.open(&results_spec(r#"{"do": "loop"}"#)).unwrap();
    let failure = in_time(|| aggregation.add(Results::default()).unwrap_err());
    check(&failure, "out-of-time", &["`wayward-aggregator`"]);
    // The instance is gone, and says why again.
    assert_eq!(aggregation.finish().unwrap_err(), failure);
}

#[test]
fn memory_is_limited() {
    let failure = wayward(r#"{"do": "memory", "amount": 300}"#, Limits::default());
    check(&failure, "out-of-memory", &["more than 256 MiB of memory", "`memory_mib`"]);
    assert!(failure.hint.unwrap().contains("--plugin-limit memory_mib=1024"));
}

#[test]
fn memory_can_be_raised() {
    let limits = limited("memory_mib=512");
    let plugin = generator("wayward-generator", limits);
    let mut search = plugin.role.open(&spec(r#"{"do": "memory", "amount": 300}"#)).unwrap();
    assert_eq!(batches(&mut *search, 1).unwrap().len(), 1);
}

#[test]
fn recursion_ends() {
    let failure = wayward(r#"{"do": "recurse"}"#, Limits::default());
    assert!(["stack-overflow", "out-of-bounds"].contains(&failure.code.as_str()), "{failure}");
    check(&failure, &failure.code, &["calls itself too deeply"]);
}

#[test]
fn a_panic_says_what_it_said() {
    let failure = wayward(r#"{"do": "panic"}"#, Limits::default());
    check(&failure, "panic", &["gave up", "wayward \\u{1b}[31mpanic", "deeds.rs"]);
    assert_eq!(failure.blame, Blame::Internal);
}

#[test]
fn an_exit_is_no_answer() {
    let failure = wayward(r#"{"do": "exit"}"#, Limits::default());
    check(&failure, "exited", &["ended itself"]);
}

#[test]
fn answers_are_limited_in_size() {
    let limits = limited("call_data_mib=4");
    let failure = wayward(r#"{"do": "too-much-data", "amount": 5}"#, limits);
    check(&failure, "too-much-data", &["more than 4 MiB", "`call_data_mib`"]);
}

#[test]
fn a_plugin_that_talks_too_much_still_answers() {
    let plugin = generator("wayward-generator", limited("log_lines=10"));
    let mut search = plugin.role.open(&spec(r#"{"do": "chatter", "amount": 1000}"#)).unwrap();
    assert_eq!(batches(&mut *search, 1).unwrap().len(), 1);
}

#[test]
fn a_plugin_sees_nothing_of_the_machine() {
    let plugin = generator("wayward-generator", Limits::default());
    let look = || plugin.role.open(&spec(r#"{"do": "look"}"#)).unwrap().next(100).unwrap();
    let seen = look();
    assert_eq!(seen, look());
    let Cells::Texts(seen) = &seen.columns[0].cells else { panic!("{seen:?}") };
    assert_eq!(seen[0], "arguments []");
    assert_eq!(seen[1], "environment []");
    for place in &seen[2..4] {
        assert!(place.contains("Err("), "{place}");
    }
    assert_eq!(seen[4..6], ["network false", "now 946684800"]);
}

#[test]
fn whoever_waits_can_stop_it() {
    let roles = roles(Limits::default());
    let plugin = roles.generator("wayward-generator.wasm", None).unwrap();
    let mut search = plugin.role.open(&spec(r#"{"do": "loop"}"#)).unwrap();
    let canceller = roles.canceller();
    let failure = in_time(|| {
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| search.next(1).unwrap_err());
            canceller.cancel();
            waiting.join().unwrap()
        })
    });
    assert_eq!((failure.blame, failure.code.as_str()), (Blame::Transient, "cancelled"));
}
