//! Fixtures that pass, and what is said about those that do not.

use super::*;
use crate::{Artifact, Column, Command, Exchange, Failure, Job, Json, Outcome, Results, SchedulerTraits};
use crate::{JobState, Sighting, Site, Step, Submission, Table, Verdict};
use std::cell::Cell;
use std::fs;

/// Counts up to `count`, with a hole at 1, and infinity at its end; other numbers each time with `moody`.
struct Counting {
    count: u32,
    moody: bool,
    done: bool,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct CountingConfig {
    count: u32,
    #[serde(default)]
    moody: bool,
}

thread_local! {
    static MOOD: Cell<f64> = const { Cell::new(0.0) };
}

impl Generate for Counting {
    type Config = CountingConfig;

    fn open(config: CountingConfig, _: Vec<Column>, _: u64) -> Result<Self, Failure> {
        if config.count == 0 {
            return Err(Failure::config("`count` is 0").with_hint("count further"));
        }
        Ok(Self { count: config.count, moody: config.moody, done: false })
    }

    fn next(&mut self, _: u32) -> Result<Table, Failure> {
        let count = if self.done { 0 } else { self.count };
        self.done = true;
        let mut numbers: Vec<f64> = (0..count).map(f64::from).collect();
        if let Some(last) = numbers.last_mut() {
            *last = if self.moody { MOOD.replace(MOOD.get() + 1.0) } else { f64::INFINITY };
        }
        let absent = if count > 1 { vec![1] } else { vec![] };
        Ok(Table::new([Column::numbers("n", numbers).with_absent(absent)]))
    }
}

/// Hands in with `qsub`, and knows nothing else.
struct Submitting;

impl Schedule for Submitting {
    fn describe(_: &Site, _: &[Exchange]) -> Result<Step<SchedulerTraits>, Failure> {
        Ok(Step::Done(SchedulerTraits::cautious("#$", "SGE_TASK_ID")))
    }

    fn directives(_: &Site, request: &Submission) -> Result<Vec<String>, Failure> {
        Ok(vec![format!("#$ -N {}", request.name)])
    }

    fn submit(_: &Site, request: &Submission, so_far: &[Exchange]) -> Result<Step<Outcome>, Failure> {
        let Some(exchange) = so_far.first() else {
            return Ok(Step::Run(Command::new("qsub").arg(&request.script)));
        };
        let job = exchange.output()?.trim().to_owned();
        Ok(Step::Done(Outcome::Accepted(crate::Ticket { job, elements: request.elements })))
    }

    fn observe(_: &Site, jobs: &[Job], _: &[Exchange]) -> Result<Step<Vec<Sighting>>, Failure> {
        Ok(Step::Done(jobs.iter().map(|job| Sighting::new(&job.job, JobState::Queued)).collect()))
    }

    fn cancel(_: &Site, _: &[Job], _: &[Exchange]) -> Result<Step<Vec<Verdict>>, Failure> {
        Ok(Step::Done(vec![]))
    }
}

/// Shows its configuration, and the numbers of its tasks as a table.
struct Showing {
    config: Json,
    tasks: Vec<i64>,
}

impl Aggregate for Showing {
    type Config = Json;

    fn open(config: Json, sweep: Json) -> Result<Self, Failure> {
        let config = serde_json::json!({"config": config, "sweep": sweep});
        Ok(Self { config, tasks: Vec::new() })
    }

    fn add(&mut self, results: Results) -> Result<(), Failure> {
        self.tasks.extend(results.completed().filter_map(|result| i64::try_from(result.task).ok()));
        Ok(())
    }

    fn finish(self) -> Result<Vec<Artifact>, Failure> {
        let tasks = Column::integers("task", self.tasks);
        let notes = Column::json("note", (0..tasks.len()).map(|row| format!("\"a,{row}\"")).collect());
        let text = Artifact::markdown("config.md", format!("{}\n", self.config));
        Ok(vec![text, Artifact::table("tasks.csv", Table::new([tasks, notes.with_absent(vec![1])]))])
    }
}

/// A folder with one fixture called `case`.
struct Fixtures(std::path::PathBuf);

impl Fixtures {
    fn new(name: &str, files: &[(&str, &str)]) -> Self {
        let folder = std::env::temp_dir().join(format!("hsm-sdk-{}-{name}", std::process::id()));
        for (file, text) in files {
            let path = folder.join("case").join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        Self(folder)
    }

    /// What a replay says, or nothing where all is as expected.
    fn complaint(&self, replay: impl FnOnce(&Path) + std::panic::UnwindSafe) -> String {
        let folder = self.0.clone();
        let Err(panic) = std::panic::catch_unwind(move || replay(&folder)) else { return String::new() };
        panic.downcast_ref::<String>().unwrap().replace(&*self.0.to_string_lossy(), "$FIXTURES")
    }
}

impl Drop for Fixtures {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

const COUNTED: &str = r#"{"columns": [{"name": "n", "numbers": [0, null, 2.0, "inf"]}]}"#;

#[test]
fn generators_are_held_to_every_cell() {
    let cases = [
        ("same", r#"{"config": {"count": 4}}"#, COUNTED, ""),
        (
            "cell",
            r#"{"config": {"count": 4}}"#,
            &COUNTED.replace("2.0", "2.5"),
            "column `n`, row 2: expected 2.5, found 2.0",
        ),
        (
            "absent",
            r#"{"config": {"count": 4}}"#,
            &COUNTED.replace("null", "1"),
            "column `n`, row 1: expected 1.0, found null",
        ),
        (
            "rows",
            r#"{"config": {"count": 4}}"#,
            &COUNTED.replace("\"inf\"", "\"inf\", 4"),
            "column `n`: expected 5 rows, found 4",
        ),
        (
            "name",
            r#"{"config": {"count": 4}}"#,
            &COUNTED.replace("\"n\"", "\"m\""),
            "the columns are `n` (numbers), and `m` (numbers) are expected",
        ),
        (
            "mood",
            r#"{"config": {"count": 1, "moody": true}}"#,
            r#"{"columns": [{"name": "n", "numbers": [0]}]}"#,
            "asked again, it answered otherwise: column `n`, row 0: expected 0.0, found 1.0",
        ),
        ("fails", r#"{"config": {"count": 0}}"#, COUNTED, "it failed: `count` is 0 (hint: count further)"),
        (
            "failure",
            r#"{"config": {"count": 0}}"#,
            r#"{"failure": {"blame": "config", "code": "bad-config", "message": "`count` is 0"}}"#,
            "",
        ),
        (
            "words",
            r#"{"config": {"count": 0}}"#,
            r#"{"failure": {"blame": "input", "code": "bad-config", "message": "`count` is 0"}}"#,
            "failure.blame: expected \"input\", found \"config\"",
        ),
        (
            "answers",
            r#"{"config": {"count": 1}}"#,
            r#"{"failure": {"blame": "config", "code": "bad-config", "message": "no"}}"#,
            "it answered, and has to fail: no",
        ),
        (
            "kinds",
            r#"{"config": {"count": 1}}"#,
            r#"{"columns": [{"name": "n", "numbers": [], "texts": []}]}"#,
            "expected.json: the column `n` has to have one of `booleans`, `integers`, `numbers`, `texts` and `json`",
        ),
        ("misspelt", r#"{"confg": {}}"#, COUNTED, "input.json: unknown field `confg`"),
        ("nothing", r#"{"config": {"count": 1}}"#, "{}", "expected.json: missing field `columns`"),
    ];
    for (name, input, expected, complaint) in cases {
        let fixtures = Fixtures::new(name, &[("input.json", input), ("expected.json", expected)]);
        let found = fixtures.complaint(|folder| replay_generator::<Counting>(folder));
        let expected = if complaint.is_empty() {
            String::new()
        } else {
            format!("1 of 1 fixtures differ\nfixture `case`: {complaint}")
        };
        assert!(found.starts_with(&expected) && found.is_empty() == complaint.is_empty(), "{name}: {found}");
    }
}

#[test]
fn aggregators_are_held_to_every_line() {
    let input = r#"{"config": {"k": 1}, "sweep": {"sweep_id": "s"}, "batches": [
        {"tasks": [1, 2], "states": ["completed", "failed"]}, {"tasks": [3], "states": ["completed"]}]}"#;
    let listed = r#"{"artifacts": [{"name": "config.md", "media_type": "text/markdown"}, {"name": "tasks.csv", "media_type": "text/csv"}]}"#;
    let config = "{\"config\":{\"k\":1},\"sweep\":{\"sweep_id\":\"s\"}}\n";
    let table = "task,note\n1,\"a,0\"\n3,\n";
    let cases = [
        ("all", listed, table, ""),
        ("line", listed, "task,note\n1,\"a,0\"\n2,\n", "`tasks.csv`, line 3: expected \"2,\", found \"3,\""),
        ("end", listed, "task,note\n1,\"a,0\"", "`tasks.csv`, line 3: expected its end, found \"3,\""),
        (
            "list",
            r#"{"artifacts": [{"name": "config.md", "media_type": "text/markdown"}]}"#,
            table,
            "the artifacts are `config.md` (text/markdown), `tasks.csv` (text/csv), and `config.md` (text/markdown) are expected",
        ),
    ];
    for (name, expected, table, complaint) in cases {
        let files = [
            ("input.json", input),
            ("expected.json", expected),
            ("expected/config.md", config),
            ("expected/tasks.csv", table),
        ];
        let found = Fixtures::new(name, &files).complaint(|folder| replay_aggregator::<Showing>(folder));
        assert!(found.ends_with(complaint) && found.is_empty() == complaint.is_empty(), "{name}: {found}");
    }
}

/// Says what the first task wrote.
struct Reading;

impl Aggregate for Reading {
    type Config = Json;

    fn open(_: Json, _: Json) -> Result<Self, Failure> {
        Ok(Self)
    }

    fn add(&mut self, _: Results) -> Result<(), Failure> {
        Ok(())
    }

    fn finish(self) -> Result<Vec<Artifact>, Failure> {
        let log = fs::read_to_string(crate::tasks_folder().join("task_1/log.txt"));
        Ok(vec![Artifact::markdown("log.md", log.unwrap_or_else(|_| "nothing".to_owned()))])
    }
}

#[test]
fn aggregators_find_the_tasks_of_the_fixture() {
    for (log, expected) in [(Some("what it wrote"), "what it wrote"), (None, "nothing")] {
        let mut files = vec![
            ("input.json", r#"{"batches": [{"tasks": [1], "states": ["completed"]}]}"#),
            ("expected.json", r#"{"artifacts": [{"name": "log.md", "media_type": "text/markdown"}]}"#),
            ("expected/log.md", expected),
        ];
        files.extend(log.map(|log| ("tasks/task_1/log.txt", log)));
        let found = Fixtures::new("tasks", &files).complaint(|folder| replay_aggregator::<Reading>(folder));
        assert_eq!(found, "");
    }
    assert_eq!(crate::tasks_folder(), std::path::Path::new("/tasks"), "only while a fixture is replayed");
}

#[test]
fn schedulers_are_held_to_every_command() {
    let submit = |exchanges: &str| {
        format!(
            r#"{{"call": "submit", "request": {{"script": "/s", "elements": 3}}, "exchanges": [{exchanges}]}}"#
        )
    };
    let recorded = r#"{"command": {"program": "qsub", "args": ["/s"]}, "exit_code": 0, "stdout": "7\n"}"#;
    let refused = recorded.replace("\"exit_code\": 0", "\"exit_code\": 1");
    let accepted = r#"{"answer": {"accepted": {"job": "7", "elements": 3}}}"#;
    let failure = r#"{"failure": {"blame": "transient", "code": "command-failed", "message": "`qsub` ended with exit code 1"}}"#;
    let unknown = r#"{"answer": {"unknown": "this batch system cannot be asked about `t`"}}"#;
    let cannot = |deed: &str| {
        format!(
            r#"{{"failure": {{"blame": "internal", "code": "not-supported", "message": "this scheduler cannot {deed}"}}}}"#
        )
    };
    let line = r#"{"program":"qsub","args":["/s"],"timeout_ms":30000}"#;
    let cases = [
        ("accepted", submit(recorded), accepted, String::new()),
        ("fails", submit(&refused), failure, String::new()),
        ("recover", r#"{"call": "recover", "token": "t"}"#.to_owned(), unknown, String::new()),
        ("hold", r#"{"call": "hold"}"#.to_owned(), &cannot("hold jobs"), String::new()),
        (
            "release",
            r#"{"call": "hold", "release": true}"#.to_owned(),
            &cannot("let held jobs go"),
            String::new(),
        ),
        (
            "other",
            submit(recorded),
            &accepted.replace('3', "4"),
            "answer.accepted.elements: expected 4, found 3".to_owned(),
        ),
        (
            "command",
            submit(&recorded.replace("/s", "/t")),
            accepted,
            format!("exchange 0: expected the command {}, found {line}", line.replace("/s", "/t")),
        ),
        ("more", submit(""), accepted, format!("it asks for {line} after the last of 0 recorded exchanges")),
        (
            "less",
            submit(&format!("{recorded}, {recorded}")),
            accepted,
            format!("exchange 1: it answers where {line} is recorded"),
        ),
        (
            "shape",
            submit(recorded),
            r#"{"answer": {"acepted": {}}}"#,
            "expected.json: unknown variant `acepted`, expected one of `accepted`, `refused`, `unknown`"
                .to_owned(),
        ),
    ];
    for (name, input, expected, complaint) in cases {
        let fixtures = Fixtures::new(
            &format!("scheduler-{name}"),
            &[("input.json", &input), ("expected.json", expected)],
        );
        let found = fixtures.complaint(|folder| replay_scheduler::<Submitting>(folder));
        assert!(found.ends_with(&complaint) && found.is_empty() == complaint.is_empty(), "{name}: {found}");
    }
}

#[test]
fn no_fixture_is_no_success() {
    let fixtures = Fixtures::new("none", &[]);
    fs::create_dir_all(&fixtures.0).unwrap();
    let complaint = fixtures.complaint(|folder| replay_generator::<Counting>(folder));
    assert_eq!(complaint, "there is no fixture in `$FIXTURES`");
}
