//! One table of what the tasks wrote, from whatever files they wrote it to.

use hsm_tests::World;
use serde_json::{Value, json};

/// A world whose tasks run a few lines of Python in their own folder; `{case}` says which.
fn world_of_results(cases: &[&str], python: &str) -> World {
    let world = World::new();
    world.write(
        "work.py",
        format!("import json, os, sys\nos.chdir(os.environ['HSM_TASK_DIR'])\ncase = sys.argv[1]\n{python}\n"),
    );
    let cases = cases.join(", ");
    world.write_sweep(&format!(
        "command: [python3, work.py, '{{case}}']\nsweep:\n  grid:\n    case: [{cases}]\n"
    ));
    world
}

fn rows(world: &World) -> Vec<Value> {
    let table = world.hsm(&["collect", "s", "--format", "json"]).succeeds().json();
    assert_eq!(table["sweep_id"], "s");
    table["rows"].as_array().expect("rows").clone()
}

/// The metrics of each row, or why it has none.
fn collected(cases: &[&str], python: &str) -> Vec<Value> {
    let world = world_of_results(cases, python);
    let _ = world.hsm(&["run", "--sweep-id", "s", "-p", "2"]);
    rows(&world)
        .into_iter()
        .map(|row| if row["missing"].is_null() { row["metrics"].clone() } else { row["missing"].clone() })
        .collect()
}

#[test]
fn metrics_come_from_any_of_these_files() {
    let found = collected(
        &["results", "metrics", "lines", "csv", "both"],
        "files = {
    'results': {'results.json': '{\"loss\": 0.5, \"test\": {\"accuracy\": 0.9}}'},
    'metrics': {'metrics.json': '{\"loss\": NaN, \"best\": -Infinity}'},
    'lines': {'log.jsonl': '{\"loss\": 3}\\n{\"loss\": 2}\\n'},
    'csv': {'history.csv': 'epoch,loss\\n1,0.7\\n2,0.6\\n'},
    'both': {'results.json': '{\"loss\": 1}', 'metrics.json': '{\"loss\": 2}', 'log.jsonl': '{\"loss\": 3}'},
}
for name, text in files[case].items():
    open(name, 'w').write(text)",
    );
    let expected = [
        json!({"loss": 0.5, "test.accuracy": 0.9}),
        json!({"loss": "NaN", "best": "-Infinity"}),
        json!({"loss": 2}),
        json!({"epoch": 2, "loss": 0.6}),
        json!({"loss": 1}),
    ];
    assert_eq!(found, expected);
}

#[test]
fn metrics_can_be_read_from_what_was_printed() {
    let world = world_of_results(&["a"], "print('epoch 1 loss=0.75')\nprint('epoch 2 loss=0.25')");
    let sweep = World::read(world.project("sweeps/sweep.yaml"));
    world.write_sweep(&format!("{sweep}metrics:\n  loss: 'loss=([0-9.]+)'\n"));
    let _ = world.hsm(&["run", "--sweep-id", "s"]).succeeds();
    assert_eq!(rows(&world)[0]["metrics"], json!({"loss": 0.25}));
}

/// What a task did with its results file, and a word that the reason in its row has to contain.
const BAD_RESULTS: &[(&str, &str)] = &[
    ("nothing", "results.json"),
    ("truncated", "results.json"),
    ("text", "results.json"),
    ("list", "results.json"),
    ("folder", "results.json"),
    ("link", "results.json"),
    ("fifo", "results.json"),
    ("huge", "results.json"),
];

#[test]
fn a_bad_results_file_costs_only_its_own_row() {
    let cases: Vec<&str> = BAD_RESULTS.iter().map(|(case, _)| *case).chain(["good"]).collect();
    let found = collected(
        &cases,
        "def write(text):
    open('results.json', 'w').write(text)
if case == 'truncated': write('{\"loss\": 0.')
elif case == 'text': write('all went well')
elif case == 'list': write('[1, 2]')
elif case == 'folder': os.mkdir('results.json')
elif case == 'link': os.symlink('/etc/passwd', 'results.json')
elif case == 'fifo': os.mkfifo('results.json')
elif case == 'huge':
    with open('results.json', 'w') as file:
        file.write('{\"loss\": 1')
        file.seek(3 << 30)
        file.write('}')
elif case == 'good': write('{\"loss\": 1}')",
    );
    for ((case, word), why) in BAD_RESULTS.iter().zip(&found) {
        assert!(why.as_str().is_some_and(|why| why.contains(word)), "{case}: {why}");
    }
    assert_eq!(found[BAD_RESULTS.len()], json!({"loss": 1}));
}

#[test]
fn the_reasons_differ() {
    let found = collected(
        &["nothing", "truncated", "folder"],
        "if case == 'truncated': open('results.json', 'w').write('{\"loss\": 0.')
elif case == 'folder': os.mkdir('results.json')",
    );
    assert!(found[0] != found[1] && found[1] != found[2] && found[0] != found[2], "{found:?}");
}

#[test]
fn every_task_has_a_row() {
    let world = world_of_results(&["ok", "fails", "unstarted"], "sys.exit(case == 'fails')");
    let _ = world.hsm(&["run", "--sweep-id", "s"]).ends_with(1);
    let rows = rows(&world);
    assert_eq!(rows.len(), 3);
    for (number, row) in (1..).zip(&rows) {
        assert_eq!(row["task"], number);
        assert!(row["missing"].as_str().is_some_and(|why| !why.is_empty()), "{row}");
    }
    assert_eq!(rows[1]["state"], "failed");
    assert_eq!(rows[0]["params"], json!({"case": "ok"}));
}

const LOSS: &str = "open('results.json', 'w').write(json.dumps({'loss': len(case), 'case': 'metric'}))";

#[test]
fn a_csv_has_one_header_row() {
    let world = world_of_results(&["a", "'b, c'"], LOSS);
    let _ = world.hsm(&["run", "--sweep-id", "s"]).succeeds();
    let csv = world.hsm(&["collect", "--format", "csv"]).succeeds();
    let lines: Vec<&str> = csv.stdout.lines().collect();
    assert_eq!(lines.len(), 3, "{csv}");
    let header: Vec<&str> = lines[0].split(',').collect();
    assert_eq!(header[..3], ["task", "state", "case"]);
    assert_eq!(header.len(), 5);
    assert!(
        header.iter().filter(|name| **name == "case").count() == 1,
        "a metric named like a parameter: {header:?}"
    );
    assert!(lines[1].starts_with("1,completed,a,"), "{csv}");
    assert!(lines[2].starts_with("2,completed,\"b, c\","), "{csv}");
}

#[test]
fn a_table_is_for_people() {
    let world = world_of_results(&["a", "bb"], LOSS);
    let _ = world.hsm(&["run", "--sweep-id", "s"]).succeeds();
    let _ = world.hsm(&["collect", "s"]).succeeds().prints(&["task", "state", "loss", "completed", "bb"]);
}

#[test]
fn the_tables_are_kept_in_the_sweep() {
    let world = world_of_results(&["a"], LOSS);
    let _ = world.hsm(&["run", "--sweep-id", "s"]).succeeds();
    let _ = world.hsm(&["collect", "s"]).succeeds();
    let names = |folder: &str| {
        let mut names: Vec<_> = std::fs::read_dir(world.sweep_dir("s").join(folder))
            .expect("the results")
            .map(|entry| entry.expect("a file").file_name().to_string_lossy().into_owned())
            .filter(|name| !name.starts_with('.'))
            .collect();
        names.sort();
        names
    };
    assert_eq!(names("results"), ["table.csv", "table.json"]);
    assert!(World::read(world.sweep_dir("s").join("results/table.csv")).starts_with("task,state,case"));
}

#[test]
fn a_file_can_be_asked_for() {
    let world = world_of_results(&["a"], LOSS);
    let _ = world.hsm(&["run", "--sweep-id", "s"]).succeeds();
    let _ = world.hsm(&["collect", "s", "-o", "out.csv"]).succeeds();
    assert!(World::read(world.project("out.csv")).starts_with("task,state,case"));
    let _ = world.hsm(&["collect", "s", "--format", "json", "-o", "out.json"]).succeeds();
    assert_eq!(World::read_json(world.project("out.json"))["format"], 1);
    let _ = world.hsm(&["collect", "s", "-o", "no/such/folder/out.csv"]).says(&["no/such/folder"]);
}

#[test]
fn text_of_others_cannot_reach_the_terminal() {
    let world = world_of_results(
        &["a"],
        "open('results.json', 'w').write(json.dumps({'title': '\\x1b]0;owned\\x07'}))\nprint('\\x1b[2J', file=sys.stderr)\nsys.exit(1)",
    );
    let _ = world.hsm(&["run", "--sweep-id", "s"]).ends_with(1);
    for arguments in [&["collect", "s"][..], &["errors", "s"], &["status", "s"]] {
        let run = world.hsm(arguments);
        assert!(!run.stdout.contains('\x1b') && !run.stderr.contains('\x1b'), "{run}");
    }
}
