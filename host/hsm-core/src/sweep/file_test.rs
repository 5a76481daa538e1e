//! Whole sweep files: what they mean, and what is said about those that cannot be used.

use super::*;
use crate::diagnostic::{Diagnostic, Severity};
use crate::value::Value;

/// The count and the points of a sweep file, warnings first; or everything that is wrong with it.
fn shown(text: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    match SweepFile::parse(text, "s.yaml") {
        Ok(parsed) => {
            lines.extend(parsed.warnings.iter().map(line));
            lines.push(format!("{} points", parsed.value.space.count()));
            lines.extend(parsed.value.space.points().take(12).map(|point| point.to_plan_json()));
        }
        Err(errors) => lines.extend(errors.as_slice().iter().map(line)),
    }
    lines.join("\n")
}

fn line(found: &Diagnostic) -> String {
    let severity = match found.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    let hint = found.hint.as_ref().map(|hint| format!("\n  hint: {hint}")).unwrap_or_default();
    format!("{severity}: {found}{hint}")
}

#[test]
fn a_grid_goes_first_key_slowest() {
    insta::assert_snapshot!(shown("sweep:\n  grid:\n    lr: [1e-3, 0.10]\n    model:\n      depth: [2, 4]\nscript: train.py\n"), @r#"
4 points
{"lr":1e-3,"model.depth":2}
{"lr":1e-3,"model.depth":4}
{"lr":0.10,"model.depth":2}
{"lr":0.10,"model.depth":4}
"#);
}

#[test]
fn pairs_go_together_inside_the_grid() {
    insta::assert_snapshot!(shown("
grid: {a: [1, 2]}
paired:
  - size: {model.width: [8, 16], model: {heads: [1, 2]}}
  - seed: {seed: [0, 1]}
"), @r#"
8 points
{"a":1,"model.width":8,"model.heads":1,"seed":0}
{"a":1,"model.width":8,"model.heads":1,"seed":1}
{"a":1,"model.width":16,"model.heads":2,"seed":0}
{"a":1,"model.width":16,"model.heads":2,"seed":1}
{"a":2,"model.width":8,"model.heads":1,"seed":0}
{"a":2,"model.width":8,"model.heads":1,"seed":1}
{"a":2,"model.width":16,"model.heads":2,"seed":0}
{"a":2,"model.width":16,"model.heads":2,"seed":1}
"#);
}

#[test]
fn combinations_go_together_innermost() {
    insta::assert_snapshot!(shown("
grid: {a: [1, 2]}
combinations:
  - {opt: adam, lr: 1e-3}
  - {opt: sgd, lr: 0.1, momentum: 0.9}
"), @r#"
warning: s.yaml:4:5: this combination has no `momentum`, which others have
  hint: its tasks run without it
4 points
{"a":1,"opt":"adam","lr":1e-3}
{"a":1,"opt":"sgd","lr":0.1,"momentum":0.9}
{"a":2,"opt":"adam","lr":1e-3}
{"a":2,"opt":"sgd","lr":0.1,"momentum":0.9}
"#);
}

#[test]
fn filters_compare_plain_texts() {
    insta::assert_snapshot!(shown("
grid: {lr: [0.1, 0.10], opt: [adam, sgd], layers: [[64, 32], [64]]}
include: [{opt: adam}, {lr: 0.1}]
exclude: [{lr: '0.1', layers: [64]}, {lr: 3}]
"), @r#"
warning: s.yaml:4:38: this item of `exclude` matches nothing: `lr` is never `3`
4 points
{"lr":0.1,"opt":"adam","layers":[64,32]}
{"lr":0.1,"opt":"sgd","layers":[64,32]}
{"lr":0.10,"opt":"adam","layers":[64,32]}
{"lr":0.10,"opt":"adam","layers":[64]}
"#);
}

#[test]
fn words_that_read_as_booleans_are_told_once() {
    insta::assert_snapshot!(shown("grid: {a: [yes, no], b: [on, 'off']}"), @r#"
warning: s.yaml:1:12: `yes` is read as true, and 2 words like it elsewhere
  hint: write `true`, or "yes" in quotes for the text
4 points
{"a":true,"b":true}
{"a":true,"b":"off"}
{"a":false,"b":true}
{"a":false,"b":"off"}
"#);
}

#[test]
fn bad_parameters_say_where_and_what_instead() {
    insta::assert_snapshot!(shown("grid: {lr: 0.1, x: [], y: }"), @r#"
error: s.yaml:1:12: `lr` is a list of values, and a single value stands here
  hint: write `lr: [0.1]` for a single value
error: s.yaml:1:20: `x` is empty
  hint: remove it, or list something
error: s.yaml:1:25: `y` is a list of values, and nothing stands here
"#);
    insta::assert_snapshot!(shown("grid: [1, 2]"), @"error: s.yaml:1:7: `grid` is a map of names, and a list stands here");
    insta::assert_snapshot!(shown("grid:\n  lr: [1]\n  lr: [2]\n"), @r#"
error: s.yaml:3:3: `lr` is given twice, first in line 2
  hint: keep one of the two
"#);
    insta::assert_snapshot!(shown("grid:\n  a.b: [1]\n  a:\n    b: [2]\n"), @r#"
error: s.yaml:4:5: `a.b` is given twice, in `grid` here and in `grid` at line 2, column 3
  hint: keep one of the two
"#);
    insta::assert_snapshot!(shown("grid:\n  lr: [1]\npaired:\n  - g: {lr: [2, 3], x: [1, 2]}\n"), @r#"
error: s.yaml:4:9: `lr` is given twice, in `paired` here and in `grid` at line 2, column 3
  hint: keep one of the two
"#);
    insta::assert_snapshot!(shown("paired:\n  - g: {a: [1, 2, 3], b: [1, 2]}\n"), @r#"
error: s.yaml:2:5: the lists of the group `g` differ in length: `a` has 3 in line 2, `b` has 2 in line 2
  hint: values of a group go together one by one: give every list as many
"#);
    insta::assert_snapshot!(shown("paired:\n  - g: {}\n  - x\n"), @r#"
error: s.yaml:2:5: the group `g` has no parameters
error: s.yaml:3:5: an item of `paired` is a group, and a single value stands here
  hint: write `- group: {name: [values], …}`
"#);
    insta::assert_snapshot!(shown("paired: x\n"), @r#"
error: s.yaml:1:9: `paired` is a list of groups, and a single value stands here
  hint: write `paired: [{group: {name: [values], …}}]`
"#);
    insta::assert_snapshot!(shown("grid: {'a=b': [1], 'c d': [2]}"), @r#"
error: s.yaml:1:8: "a=b" cannot be the name of a parameter
  hint: a name has no blanks, `=`, braces or control characters
error: s.yaml:1:20: "c d" cannot be the name of a parameter
  hint: a name has no blanks, `=`, braces or control characters
"#);
    insta::assert_snapshot!(shown("combinations: []"), @r#"
error: s.yaml:1:15: `combinations` is empty
  hint: remove it, or list something
"#);
    insta::assert_snapshot!(shown("combinations: [{}, 3]"), @r#"
error: s.yaml:1:16: a combination has no parameters
error: s.yaml:1:20: a combination is a map of names, and a single value stands here
"#);
    insta::assert_snapshot!(shown("grid: {a: {}}"), @"error: s.yaml:1:8: `a` is empty");
}

#[test]
fn values_that_no_program_can_be_given_are_refused_before_anything_is_made() {
    insta::assert_snapshot!(shown("grid: {a: [\"x\\0y\"]}"), @"error: s.yaml:1:12: this value holds a zero byte, which no program can be given");
    insta::assert_snapshot!(shown(&format!("grid: {{a: [{}]}}", "x".repeat(200_000))), @r#"
error: s.yaml:1:12: this value is 200000 bytes long, and 131071 is the most a program can be given
  hint: put it into a file, and sweep over the file's name
"#);
}

#[test]
fn empty_blocks_are_as_good_as_none() {
    insta::assert_snapshot!(shown("grid: {a: [1]}\npaired: []\ncombinations:\nexclude: []\nscript:\n"), @r#"
warning: s.yaml:4:10: `exclude` is empty, and changes nothing
1 points
{"a":1}
"#);
    insta::assert_snapshot!(shown("grid: {}\npaired: []\n"), @r#"
error: s.yaml:1:1: the sweep has no parameters
  hint: give it a `grid`, `paired`, `combinations` or a `generator`
"#);
}

#[test]
fn bad_filters_say_where_and_what_instead() {
    insta::assert_snapshot!(shown("grid: {lr: [1], opt: [a]}\nexclude: [{lrr: 1}]"), @r#"
error: s.yaml:2:12: `exclude` names `lrr`, which is no parameter of this sweep
  hint: did you mean `lr`?
"#);
    insta::assert_snapshot!(shown("grid: {lr: [1, 2], opt: [a]}\nexclude: [{lr: 1.0}]"), @r#"
warning: s.yaml:2:11: this item of `exclude` matches nothing: `lr` is never `1.0`
2 points
{"lr":1,"opt":"a"}
{"lr":2,"opt":"a"}
"#);
    insta::assert_snapshot!(shown("paired: [{g: {a: [1, 2], b: [1, 2]}}]\nexclude: [{a: 1, b: 2}]"), @r#"
warning: s.yaml:2:11: this item of `exclude` matches nothing: nowhere `a` is `1` and `b` is `2` at once
2 points
{"a":1,"b":1}
{"a":2,"b":2}
"#);
    insta::assert_snapshot!(shown("grid: {lr: [1]}\nexclude: [{lr: 1}]"), @"error: s.yaml:2:1: no point is left: `include` and `exclude` drop all of them");
    insta::assert_snapshot!(shown("grid: {lr: [1]}\ninclude: {lr: 1}"), @"error: s.yaml:2:10: `include` is a list of partial points, and a map stands here");
}

#[test]
fn bad_files_say_where_and_what_instead() {
    insta::assert_snapshot!(shown("grid: [1"), @"error: s.yaml:2:1: not YAML: while parsing a flow sequence, expected ',' or ']'");
    insta::assert_snapshot!(shown(""), @r#"
error: s.yaml:1:1: the file says nothing
  hint: a sweep has at least a `grid`
"#);
    insta::assert_snapshot!(shown("just text"), @"error: s.yaml:1:1: a sweep file is a map, and a single value stands here");
    insta::assert_snapshot!(shown("script: train.py"), @r#"
error: s.yaml:1:1: the sweep has no parameters
  hint: give it a `grid`, `paired`, `combinations` or a `generator`
"#);
    insta::assert_snapshot!(shown("gird: {a: [1]}\nfrobnicate: 3\n"), @r#"
error: s.yaml:1:1: the sweep has no parameters
  hint: give it a `grid`, `paired`, `combinations` or a `generator`
error: s.yaml:1:1: a sweep file has no key `gird`
  hint: did you mean `grid`?
error: s.yaml:2:1: a sweep file has no key `frobnicate`
  hint: the keys are grid, paired, combinations, include, exclude, generator, script, command, hydra, metrics, metadata, complete, defaults; notes go under `metadata`
"#);
    insta::assert_snapshot!(shown("sweep: {grid: {a: [1]}}\ngrid: {b: [1]}"), @r#"
error: s.yaml:1:9: `grid` is given twice, here and outside of `sweep` at line 2, column 1
  hint: keep one of the two
"#);
    insta::assert_snapshot!(shown("sweep: 3\ngrid: {b: [1]}"), @"error: s.yaml:1:8: `sweep` is a map, and a single value stands here");
    insta::assert_snapshot!(shown("grid: {a: [1]}\nhydra: maybe"), @"error: s.yaml:2:8: `hydra` is true or false, and a single value stands here");
    insta::assert_snapshot!(shown("grid: {a: [1]}\nmetrics: {loss: 'loss=('}"), @"error: s.yaml:2:17: the pattern of metric `loss` is not a regular expression: unclosed group");
}

#[test]
fn bad_commands_say_where_and_what_instead() {
    insta::assert_snapshot!(shown("grid: {dt: [1]}\ncommand: [./solver, --dt, '{dtt}']"), @r#"
error: s.yaml:2:27: `{dtt}` names no parameter of this sweep
  hint: did you mean `dt`?
"#);
    insta::assert_snapshot!(shown("grid: {dt: [1], n: [2]}\ncommand: [./solver, '{dt}']"), @r#"
error: s.yaml:2:11: the parameter `n` appears nowhere in the command
  hint: add an argument with `{n}`, or with `{params}` for a file of all parameters
"#);
    insta::assert_snapshot!(shown("grid: {dt: [1]}\ncommand: ./solver {dt}"), @r#"
error: s.yaml:2:10: `command` is a list of arguments, and a single value stands here
  hint: write `command: ["./program", "--option", "{name}"]`: no shell splits it
"#);
    insta::assert_snapshot!(shown("grid: {dt: [1]}\ncommand: [./solver, {dt}]"), @r#"
error: s.yaml:2:21: an argument is text, and a map stands here
  hint: quote an argument that has braces or brackets
"#);
    insta::assert_snapshot!(shown("grid: {dt: [1]}\ncommand: [./solver, 'x{dt']"), @"error: s.yaml:2:21: a `{` has no counterpart; a brace itself is written `{{`");
    insta::assert_snapshot!(shown("grid: {dt: [1]}\nscript: a.py\ncommand: [./solver, '{dt}']"), @r#"
error: s.yaml:3:1: `command` and `script` are both given, `script` at line 2, column 1
  hint: keep the one that is to run
"#);
    insta::assert_snapshot!(shown("grid: {dt: [1]}\nscript: [a.py]"), @"error: s.yaml:2:9: `script` is the path of a script, and a list stands here");
}

#[test]
fn a_generator_takes_the_grid_for_its_axes() {
    let sweep = SweepFile::parse(
        "generator: {plugin: lhs, seed: 7, config: {samples: 64, axes: {lr: {log_uniform: [1.0e-5, +1]}}}}\ngrid: {opt: [a, b]}\ncommand: [x, '{lr}']",
        "s.yaml",
    )
    .unwrap()
    .value;
    let generator = sweep.generator.unwrap();
    assert_eq!((generator.plugin.as_deref(), generator.seed), (Some("lhs"), 7));
    assert_eq!(generator.config, r#"{"samples":64,"axes":{"lr":{"log_uniform":[1.0e-5,1]}}}"#);
    insta::assert_debug_snapshot!(sweep.space.axes(), @r#"
[
    Column {
        name: "opt",
        cells: Texts(
            [
                "a",
                "b",
            ],
        ),
        absent: [],
    },
]
"#);
    insta::assert_snapshot!(shown("generator: {plugins: lhs, seed: -1}\npaired: [{g: {a: [1]}}]"), @r#"
error: s.yaml:1:13: `generator` has no key `plugins`
  hint: did you mean `plugin`?
error: s.yaml:1:33: `seed` is an integer from 0 to 18446744073709551615
error: s.yaml:2:1: `paired` says nothing to the `generator` at line 1, column 1, which makes the points
  hint: remove one of the two
"#);
}

#[test]
fn what_is_only_kept_is_never_refused() {
    let text = "grid: {a: [1]}\nmetadata: {tags: [on, 010], at: 12:30}\ncomplete: {max: 3}\ndefaults: [base]\nhydra: no\nmetrics: {loss: 'loss=(\\S+)'}";
    let parsed = SweepFile::parse(text, "s.yaml").unwrap();
    assert!(parsed.warnings.is_empty());
    let sweep = parsed.value;
    let words = Value::List(vec![Value::Text("on".to_owned()), Value::Text("010".to_owned())]);
    assert_eq!(sweep.metadata[0], ("tags".to_owned(), words));
    assert_eq!(sweep.complete[0].0, "max");
    assert_eq!(sweep.hydra, Some(false));
    assert_eq!(sweep.metrics[0].pattern, "loss=(\\S+)");
}
