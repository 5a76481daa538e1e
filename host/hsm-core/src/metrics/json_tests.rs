//! What programs write into `results.json`, and what becomes of it.

use super::*;
use proptest::prelude::*;

fn check(text: &str, expected: &str) {
    check_bytes(text.as_bytes(), expected);
}

fn check_bytes(text: &[u8], expected: &str) {
    let said = match parse_json("results.json", text) {
        Ok(reading) => reading
            .metrics
            .iter()
            .map(|(name, value)| format!("{name}={value:?}"))
            .chain(reading.note)
            .collect::<Vec<_>>()
            .join(" "),
        Err(error) => error.to_string(),
    };
    assert_eq!(said, expected, "{:?}", String::from_utf8_lossy(text));
}

#[test]
fn values_keep_their_types_and_nested_names_are_dotted() {
    check(r#"{"accuracy": 0.91, "epochs": 20}"#, "accuracy=Number(0.91) epochs=Integer(20)");
    check(r#"{"test": {"loss": 1e-3, "top": {"5": true}}}"#, "test.loss=Number(0.001) test.top.5=Bool(true)");
    check(r#"{"name": "a b", "none": null}"#, r#"name=Text("a b") none=Null"#);
    check(
        r#"{"shape": [1, {"b": 2, "a": NaN}], "empty": {}}"#,
        r#"shape=Json("[1,{\"a\":\"NaN\",\"b\":2}]") empty=Json("{}")"#,
    );
    check(r#"{"big": 18446744073709551615}"#, r#"big=Json("18446744073709551615")"#);
    check(r#"{"a": {"b": 1}, "a.b": 2}"#, "a.b=Integer(2)");
    check("\u{FEFF}{\"a\": 1}", "a=Integer(1)");
}

#[test]
fn numbers_that_only_python_spells_are_numbers() {
    check(
        r#"{"a": NaN, "b": Infinity, "c": -Infinity, "d": -1}"#,
        "a=Number(NaN) b=Number(inf) c=Number(-inf) d=Integer(-1)",
    );
    check(r#"{"text": "NaN, \"Infinity\"", "a": NaN}"#, r#"text=Text("NaN, \"Infinity\"") a=Number(NaN)"#);
}

#[test]
fn what_cannot_be_used_says_where_and_why() {
    check("", "results.json: the file is empty");
    check(" \n", "results.json: the file is empty");
    check(
        "{\"a\": 1, ",
        "results.json: the file is truncated: it ends after 9 bytes, in the middle of a value",
    );
    check(
        "{\"a\": NaN, \"b",
        "results.json: the file is truncated: it ends after 13 bytes, in the middle of a value",
    );
    check("accuracy = 3", "results.json:1:1: not JSON: expected value");
    check("{\n  \"a\": NaN, \"b\": Na}\n", "results.json:2:18: not JSON: expected value");
    check("{\"a\": NaNs}", "results.json:1:7: not JSON: expected value");
    check("{\"a\": 1} {}", "results.json:1:10: not JSON: trailing characters");
    check("[1, 2]", "results.json: holds a list where an object (name: value) is expected");
    check("NaN", "results.json: holds a number where an object (name: value) is expected");
    check("{}", "results.json: holds no metric");
    check_bytes(b"{\"a\": \"\xff\"}", "results.json: at byte 7: not UTF-8 text");
    check_bytes(
        b"{\"a\": \"\xc3",
        "results.json: the file is truncated: it ends after 8 bytes, in the middle of a value",
    );
    check(&"[".repeat(500), "results.json:1:128: not JSON: recursion limit exceeded");
}

#[test]
fn limits_are_told() {
    let many: Vec<_> = (0..=METRICS_MAX).map(|i| format!("\"m{i}\": 1")).collect();
    check(&format!("{{{}}}", many.join(",")), "results.json: holds more than 4096 metrics");
    let long = "x".repeat(VALUE_MAX_BYTES + 1);
    check(
        &format!(r#"{{"a": 1, "log": "{long}"}}"#),
        "a=Integer(1) results.json: `log` left out: longer than 65536 bytes",
    );
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = parse_json("results.json", &bytes);
    }

    #[test]
    fn no_text_near_json_makes_it_panic(text in r#"[\[\]{}",:a-cNIn\-\\0-9 \n\u{FFFF}é]{0,60}|(NaN|-?Infinity|[{}:,"\[\] \n]){0,20}"#) {
        let _ = parse_json("results.json", text.as_bytes());
    }

    #[test]
    fn every_prefix_of_a_file_is_an_error_and_not_other_numbers(value in any::<f64>(), at in 0usize..1000) {
        let text = format!(r#"{{"a": {{"b": {}}}, "c": [1, 2]}}"#, python(value));
        let cut = &text[..at % text.len()];
        prop_assert!(parse_json("results.json", cut.as_bytes()).is_err(), "{cut}");
    }

    #[test]
    fn numbers_come_back(values in proptest::collection::vec(any::<f64>(), 1..20)) {
        let text: Vec<_> = values.iter().enumerate().map(|(i, value)| format!("\"m{i}\": {}", python(*value))).collect();
        let reading = parse_json("results.json", format!("{{{}}}", text.join(", ")).as_bytes()).unwrap();
        for (i, value) in values.iter().enumerate() {
            let read = reading.metrics.get(&format!("m{i}")).unwrap().as_number().unwrap();
            prop_assert!(read == *value || (read.is_nan() && value.is_nan()), "{value} became {read}");
        }
    }
}

/// As `json.dumps` spells a float.
fn python(value: f64) -> String {
    match value {
        _ if value.is_nan() => "NaN".to_owned(),
        _ if value.is_infinite() => format!("{}Infinity", if value > 0.0 { "" } else { "-" }),
        _ => format!("{value:?}"),
    }
}
