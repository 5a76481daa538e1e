//! The folders that fixtures are, and what is in them.

use super::answer::{Answer, Made};
use super::written;
use crate::{Column, Exchange, Failure, Job, Json, Results, Site, Submission, TaskState};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::fs;
use std::path::{Path, PathBuf};

/// One fixture.
#[derive(Debug)]
pub(super) struct Case {
    folder: PathBuf,
}

/// What a generator is asked.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct GeneratorInput {
    #[serde(default = "empty_map")]
    pub config: Json,
    #[serde(default, deserialize_with = "written::columns")]
    pub axes: Vec<Column>,
    #[serde(default)]
    pub seed: u64,
    #[serde(default = "batch_rows")]
    pub batch_rows: u32,
}

/// What an aggregator is asked.
#[derive(Debug)]
pub(super) struct AggregatorInput {
    pub config: Json,
    pub sweep: Json,
    pub batches: Vec<Results>,
}

/// What a scheduler is asked, and what the commands say.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SchedulerInput {
    #[serde(default)]
    pub site: Site,
    pub call: Call,
    #[serde(default)]
    pub request: Submission,
    #[serde(default)]
    pub jobs: Vec<Job>,
    #[serde(default)]
    pub token: String,
    /// Whether jobs are let go, where the call is `hold`.
    #[serde(default)]
    pub release: bool,
    #[serde(default)]
    pub exchanges: Vec<Exchange>,
}

/// The functions of a scheduler.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Call {
    Describe,
    Directives,
    Submit,
    Recover,
    Observe,
    Cancel,
    Hold,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenAggregation {
    #[serde(default = "empty_map")]
    config: Json,
    #[serde(default = "empty_map")]
    sweep: Json,
    #[serde(default)]
    batches: Vec<WrittenBatch>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenBatch {
    tasks: Vec<u64>,
    states: Vec<WrittenState>,
    #[serde(default, deserialize_with = "written::columns")]
    params: Vec<Column>,
    #[serde(default, deserialize_with = "written::columns")]
    metrics: Vec<Column>,
    #[serde(default, deserialize_with = "written::columns")]
    facts: Vec<Column>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum WrittenState {
    Queued,
    Running,
    Completed,
    Failed,
    Cancelled,
    Unknown,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ExpectedFailure {
    failure: Failure,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ExpectedPoints {
    #[serde(deserialize_with = "written::columns")]
    columns: Vec<Column>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ExpectedArtifacts {
    artifacts: Vec<NamedArtifact>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NamedArtifact {
    name: String,
    media_type: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ExpectedAnswer {
    answer: Json,
}

impl Case {
    /// Every fixture in a folder, by name.
    pub fn all(folder: &Path) -> Result<Vec<Self>, String> {
        let entries = fs::read_dir(folder)
            .map_err(|error| format!("the fixtures in `{}` cannot be read: {error}", folder.display()))?;
        let mut folders: Vec<PathBuf> =
            entries.flatten().map(|entry| entry.path()).filter(|path| path.is_dir()).collect();
        folders.sort();
        if folders.is_empty() {
            return Err(format!("there is no fixture in `{}`", folder.display()));
        }
        Ok(folders.into_iter().map(|folder| Self { folder }).collect())
    }

    /// The name of its folder.
    pub fn name(&self) -> String {
        self.folder.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }

    /// Where the fixture's tasks are, if it has any.
    pub fn tasks_folder(&self) -> PathBuf {
        self.folder.join("tasks")
    }

    pub fn generator_input(&self) -> Result<GeneratorInput, String> {
        self.read("input.json")
    }

    pub fn aggregator_input(&self) -> Result<AggregatorInput, String> {
        let WrittenAggregation { config, sweep, batches } = self.read("input.json")?;
        let batches = batches.into_iter().enumerate().map(|(index, written)| {
            results(written).map_err(|problem| format!("input.json: batch {index}: {problem}"))
        });
        Ok(AggregatorInput { config, sweep, batches: batches.collect::<Result<_, _>>()? })
    }

    pub fn scheduler_input(&self) -> Result<SchedulerInput, String> {
        self.read("input.json")
    }

    pub fn expected_points(&self) -> Result<Answer, String> {
        self.expected(|points: ExpectedPoints| Ok(Answer::Points(points.columns)))
    }

    pub fn expected_artifacts(&self) -> Result<Answer, String> {
        self.expected(|expected: ExpectedArtifacts| {
            let made = expected.artifacts.into_iter().map(|NamedArtifact { name, media_type }| {
                let path = self.folder.join("expected").join(&name);
                let content = fs::read(&path).map_err(|error| format!("expected/{name}: {error}"))?;
                Ok(Made { name, media_type, content })
            });
            made.collect::<Result<_, String>>().map(Answer::Artifacts)
        })
    }

    pub fn expected_answer(&self, read: impl FnOnce(Json) -> Result<Json, String>) -> Result<Answer, String> {
        self.expected(|expected: ExpectedAnswer| read(expected.answer).map(Answer::Said))
    }

    fn expected<T: DeserializeOwned>(
        &self,
        answer: impl FnOnce(T) -> Result<Answer, String>,
    ) -> Result<Answer, String> {
        let written: Json = self.read("expected.json")?;
        let wrong = |error: serde_json::Error| format!("expected.json: {error}");
        if written.get("failure").is_some() {
            let ExpectedFailure { failure } = serde_json::from_value(written).map_err(wrong)?;
            return Ok(Answer::Failed(failure));
        }
        answer(serde_json::from_value(written).map_err(wrong)?)
    }

    fn read<T: DeserializeOwned>(&self, name: &str) -> Result<T, String> {
        let text = fs::read_to_string(self.folder.join(name)).map_err(|error| format!("{name}: {error}"))?;
        serde_json::from_str(&text).map_err(|error| format!("{name}: {error}"))
    }
}

fn results(written: WrittenBatch) -> Result<Results, String> {
    let WrittenBatch { tasks, states, params, metrics, facts } = written;
    if tasks.len() != states.len() {
        return Err(format!("there are {} tasks and {} states", tasks.len(), states.len()));
    }
    let table = |columns| written::table(columns, tasks.len());
    let (params, metrics, facts) = (table(params)?, table(metrics)?, table(facts)?);
    let states = states.into_iter().map(state).collect();
    Ok(Results { tasks, states, params, metrics, facts })
}

fn state(written: WrittenState) -> TaskState {
    match written {
        WrittenState::Queued => TaskState::Queued,
        WrittenState::Running => TaskState::Running,
        WrittenState::Completed => TaskState::Completed,
        WrittenState::Failed => TaskState::Failed,
        WrittenState::Cancelled => TaskState::Cancelled,
        WrittenState::Unknown => TaskState::Unknown,
    }
}

fn empty_map() -> Json {
    Json::Object(serde_json::Map::new())
}

fn batch_rows() -> u32 {
    1_000
}
