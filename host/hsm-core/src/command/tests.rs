//! The arguments of tasks, for every way of writing a value.

use super::*;
use crate::sweep::SweepFile;

fn launch(program: Program, hydra: bool) -> Launch {
    Launch {
        program,
        python: vec!["python3".to_owned()],
        hydra,
        group: None,
        project_root: PathBuf::from("/project"),
    }
}

fn script() -> Program {
    Program::Script { script: "train.py".to_owned() }
}

fn command(arguments: &[&str]) -> Program {
    Program::Command(Template::parse(arguments.iter().map(|text| (*text).to_owned()).collect()).unwrap())
}

/// The arguments of the first task of a sweep over `x: [<value>]`.
fn argv_of(value: &str, program: Program, hydra: bool) -> Vec<String> {
    let sweep = SweepFile::parse(&format!("grid:\n  x:\n    - {value}\n"), "s.yaml").unwrap().value;
    let point = sweep.space.point(0).unwrap();
    argv(&launch(program, hydra), &point).unwrap()
}

fn argv(launch: &Launch, point: &Point) -> Result<Vec<String>, CommandError> {
    let id = SweepId::new("s1").unwrap();
    launch.argv(&id, 7, Path::new("/project/sweeps/outputs/s1/tasks/task_7"), point)
}

/// Scalars as files have them, the text that programs get, and the text that Hydra gets where that differs.
const VALUES: &[(&str, &str, Option<&str>)] = &[
    ("1e-3", "1e-3", None),
    ("0.10", "0.10", None),
    ("1.0e-3", "1.0e-3", None),
    ("+5", "+5", None),
    (".5", ".5", None),
    ("0x1F", "0x1F", None),
    ("true", "true", None),
    ("False", "false", None),
    ("null", "null", None),
    ("~", "null", None),
    ("", "null", None),
    ("yes", "true", None),
    ("no", "false", None),
    ("on", "true", None),
    ("off", "false", None),
    (".nan", "nan", None),
    (".inf", "inf", None),
    ("-.inf", "-inf", None),
    ("2026-01-01", "2026-01-01", None),
    ("\"007\"", "007", None),
    ("'yes'", "yes", None),
    ("a b", "a b", None),
    ("it's", "it's", Some(r"'it\'s'")),
    ("$HOME", "$HOME", None),
    ("\"`x`\"", "`x`", Some("'`x`'")),
    ("a;b", "a;b", Some("'a;b'")),
    ("\"two\\nlines\"", "two\nlines", Some("'two\nlines'")),
    ("é🙂", "é🙂", Some("'é🙂'")),
    ("\"\"", "", None),
    ("'1e-3'", "1e-3", Some("'1e-3'")),
    ("[64, 32]", "[64,32]", None),
    ("[[1, 2], [3]]", "[[1,2],[3]]", None),
    ("{a: 1, b: [x]}", "{a:1,b:[x]}", None),
];

#[test]
fn every_value_reaches_a_program_as_promised() {
    for (written, plain, hydra) in VALUES {
        let plain = (*plain).to_owned();
        assert_eq!(argv_of(written, command(&["./p", "{x}"]), false)[1], plain, "{written} in a command");
        assert_eq!(argv_of(written, script(), false)[2], format!("x={plain}"), "{written} for a script");
        let hydra = hydra.unwrap_or(&plain);
        assert_eq!(argv_of(written, script(), true)[2], format!("x={hydra}"), "{written} for Hydra");
    }
}

#[test]
fn ambiguous_values_are_refused_with_both_readings() {
    let refused = |value: &str| {
        let text = format!("grid:\n  x:\n    - {value}\n");
        let errors = SweepFile::parse(&text, "s.yaml").unwrap_err();
        let error = &errors.as_slice()[0];
        format!("{error}\nhint: {}", error.hint.as_deref().unwrap_or_default())
    };
    insta::assert_snapshot!(refused("010"), @r#"
s.yaml:3:7: `010` is 8 to YAML 1.1 and 10 to YAML 1.2
hint: write 8 or 10 for the number, or "010" in quotes for the text
"#);
    insta::assert_snapshot!(refused("007"), @r#"
s.yaml:3:7: `007` shows zeros that its number, 7, does not have
hint: write 7 for the number, or "007" in quotes for the text
"#);
    insta::assert_snapshot!(refused("1:30"), @r#"
s.yaml:3:7: `1:30` is 90 to YAML 1.1 and the text `1:30` to YAML 1.2
hint: write 90 for the number, or "1:30" in quotes for the text
"#);
    insta::assert_snapshot!(refused("1_000"), @r#"
s.yaml:3:7: `1_000` is 1000 to YAML 1.1 and the text `1_000` to YAML 1.2
hint: write 1000 for the number, or "1_000" in quotes for the text
"#);
    insta::assert_snapshot!(refused("0o17"), @r#"
s.yaml:3:7: `0o17` is the text `0o17` to YAML 1.1 and 15 to YAML 1.2
hint: write 15 for the number, or "0o17" in quotes for the text
"#);
}

#[test]
fn a_script_gets_overrides_in_order() {
    let mut launch = launch(script(), false);
    let point = Point::from_plan_json(r#"{"model.lr":1e-3,"a":"b c"}"#).unwrap();
    insta::assert_debug_snapshot!(argv(&launch, &point).unwrap(), @r#"
[
    "python3",
    "/project/train.py",
    "model.lr=1e-3",
    "a=b c",
    "wandb.group=s1",
    "output.dir=/project/sweeps/outputs/s1/tasks/task_7",
]
"#);
    launch.group = Some("night run".to_owned());
    launch.hydra = true;
    launch.python = vec!["conda".to_owned(), "run".to_owned(), "python".to_owned()];
    insta::assert_debug_snapshot!(argv(&launch, &point).unwrap(), @r#"
[
    "conda",
    "run",
    "python",
    "/project/train.py",
    "model.lr=1e-3",
    "a=b c",
    "wandb.group=night run",
    "output.dir=/project/sweeps/outputs/s1/tasks/task_7",
    "hydra.run.dir=/project/sweeps/outputs/s1/tasks/task_7/.hydra_run",
]
"#);
}

#[test]
fn a_command_gets_what_its_template_says() {
    let point = Point::from_plan_json(r#"{"dt":0.10,"n":[1,2]}"#).unwrap();
    let program = command(&[
        "./solver",
        "--dt={dt}",
        "{n}",
        "{{}}",
        "{task}",
        "{task_dir}/out",
        "{sweep_id}",
        "{params}",
    ]);
    insta::assert_debug_snapshot!(argv(&launch(program, false), &point).unwrap(), @r#"
[
    "./solver",
    "--dt=0.10",
    "[1,2]",
    "{}",
    "7",
    "/project/sweeps/outputs/s1/tasks/task_7/out",
    "s1",
    "/project/sweeps/outputs/s1/tasks/task_7/params.json",
]
"#);
}

#[test]
fn what_no_program_can_be_given_is_refused() {
    let point = |text: &str| Point::new(vec![("x".to_owned(), Value::Text(text.to_owned()))]);
    let refused =
        |program: Program, point: &Point| argv(&launch(program, false), point).unwrap_err().to_string();
    let echo = || command(&["echo", "{x}"]);
    assert_eq!(
        argv(&launch(echo(), false), &point(&"x".repeat(ARGUMENT_LENGTH_MAX))).map(|argv| argv.len()),
        Ok(2)
    );
    insta::assert_snapshot!(refused(echo(), &point(&"x".repeat(ARGUMENT_LENGTH_MAX + 1))), @"argument 1 of task 7 is 131072 bytes long, and 131071 is the most a program can be given");
    insta::assert_snapshot!(refused(echo(), &point("a\0b")), @"argument 1 of task 7 holds a zero byte, which no program can be given");
    insta::assert_snapshot!(refused(command(&["echo", "{y}"]), &point("a")), @"the command cannot be filled in for task 7: `{y}` names no parameter of this sweep");
    insta::assert_snapshot!(refused(command(&["echo"]), &point("a")), @"the command cannot be filled in for task 7: the parameter `x` appears nowhere in the command");
}

#[test]
fn tasks_find_their_facts_in_the_environment() {
    let id = SweepId::new("s1").unwrap();
    insta::assert_debug_snapshot!(task_environment(&id, 3, Path::new("/t/task_3")).unwrap(), @r#"
[
    (
        "HSM_SWEEP_ID",
        "s1",
    ),
    (
        "HSM_TASK",
        "3",
    ),
    (
        "HSM_TASK_DIR",
        "/t/task_3",
    ),
    (
        "HSM_PARAMS",
        "/t/task_3/params.json",
    ),
]
"#);
}

#[test]
fn a_launch_comes_back_from_a_journal() {
    for program in [script(), command(&["a", "{b}"])] {
        let launch = launch(program, true);
        let json = serde_json::to_string(&launch).unwrap();
        assert_eq!(serde_json::from_str::<Launch>(&json).unwrap(), launch, "{json}");
    }
}
