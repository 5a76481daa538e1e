//! Answers that break the contract are refused in words.

use crate::world::{wayward, wayward_artifacts};
use hsm_core::roles::Blame;
use hsm_plugin::Limits;

#[test]
fn points() {
    let cases = [
        ("unequal-columns", "the column `b` has 1 cells in a table of 2 rows"),
        ("same-names", "two columns are called `a`"),
        ("no-name", "a column has no name"),
        ("absent-nowhere", "`a` is absent in a row that the table does not have"),
        ("too-many-rows", "11 points came where at most 10 were asked for"),
        ("no-columns", "its points have no parameters"),
        ("changing-columns", "its columns changed from one batch of points to the next"),
        ("not-json", "row 0 of the column `a` is not JSON"),
    ];
    for (deed, expected) in cases {
        let failure = wayward(&format!(r#"{{"do": "{deed}"}}"#), Limits::default());
        let message = format!("the plugin `wayward-generator` gave an unusable answer: {expected}");
        assert_eq!((failure.code.as_str(), failure.message), ("bad-answer", message));
    }
}

#[test]
fn artifacts() {
    let cases = [
        (r#"{"do": "climb"}"#, "an artifact is called `../../x`, and its name has to be one plain file name"),
        (
            r#"{"do": "absolute"}"#,
            "an artifact is called `/tmp/x`, and its name has to be one plain file name",
        ),
        (r#"{"do": "escape"}"#, "an artifact is called `x\\u{1b}[2J`, with control characters in it"),
        (r#"{"do": "same-names"}"#, "two artifacts are called `A.md`, as far as some file systems can tell"),
        (
            r#"{"do": "unequal-columns"}"#,
            "in the artifact `table.csv`, the column `b` has 1 cells in a table of 2 rows",
        ),
    ];
    for (config, expected) in cases {
        let failure = wayward_artifacts(config, Limits::default()).unwrap_err();
        let message = format!("the plugin `wayward-aggregator` gave an unusable answer: {expected}");
        assert_eq!((failure.code.as_str(), failure.message), ("bad-answer", message));
    }
    let over = [
        (
            r#"{"do": "many", "amount": 65}"#,
            "65 artifacts came, and 64 are allowed (`artifacts`: default 64, ",
        ),
        (
            r#"{"do": "large", "amount": 65}"#,
            "its artifacts are larger than 64 MiB together (`artifacts_mib`: default 64, ",
        ),
    ];
    for (config, expected) in over {
        let failure = wayward_artifacts(config, Limits::default()).unwrap_err();
        let start = format!("the plugin `wayward-aggregator` gave too large an answer: {expected}");
        assert_eq!(failure.code, "too-much-data");
        assert!(failure.message.starts_with(&start), "{failure}");
    }
    assert_eq!(wayward_artifacts(r#"{"do": "many", "amount": 64}"#, Limits::default()).unwrap().len(), 64);
    assert_eq!(wayward_artifacts(r#"{"do": "text"}"#, Limits::default()).unwrap().len(), 1);
    assert_eq!(wayward_artifacts(r#"{"do": "panic"}"#, Limits::default()).unwrap_err().code, "panic");
}

#[test]
fn what_a_plugin_reports_is_escaped() {
    let failure = wayward(r#"{"do": "fail"}"#, Limits::default());
    assert_eq!((failure.blame, failure.code.as_str()), (Blame::Input, "bad-input"));
    assert_eq!(failure.message, "wayward \\u{1b}[31mfailure");
    assert_eq!(failure.hint.as_deref(), Some("a \\u{1b}[2Jhint"));
}
