//! Runs a plugin natively, the way the host would, for the plugin's own tests. It is no part of components.
//!
//! # Fixtures
//! A fixture is a folder: `input.json` says what the plugin is asked, `expected.json` what it has to answer. `fixtures/` of a plugin
//! has one folder a case, and the same ones are replayed natively by the functions here and, as a component in the sandbox, by
//! `hsm plugin test` (or [`replay_component`]). Each case is run twice, because the same question has to have the same answer.
//!
//! Columns are written as `{"name": "lr", "numbers": [0.1, null, "nan"]}`. The key is the kind (`booleans`, `integers`, `numbers`,
//! `texts`, `json`), `null` is a row without a value, and `"nan"`, `"inf"`, `"-inf"` are the numbers that JSON has no spelling for.
//!
//! | role | `input.json` | `expected.json` |
//! |---|---|---|
//! | generator | `config`, `axes`, `seed`, `batch_rows` | `{"columns": […]}`: all points |
//! | aggregator | `config`, `sweep`, `batches`: a list of `tasks`, `states`, `params`, `metrics`, `facts` | `{"artifacts": [{"name", "media_type"}]}`, the content in `expected/NAME`, tables as CSV |
//! | scheduler | `site`, `call`, `request` or `token` or `jobs` (and `release`, for `hold`), `exchanges` | `{"answer": …}` |
//! | any | | `{"failure": {"blame", "code", "message", "hint"}}` where it has to refuse; `hint` may be left out |
//!
//! An aggregator with `read-results = true` in its manifest finds the files below `tasks/` of a fixture, `tasks/task_1/log.txt` for example,
//! where [`tasks_folder`](crate::tasks_folder) says: natively that is the folder itself, in the sandbox it is `/tasks`. A fixture's files
//! have short names of letters, digits, `.`, `_` and `-`.
//!
//! `hsm plugin test DIR --bless` writes what is expected from what the plugin answers now: read it before you keep it.
//!
//! ```no_run
//! # use hsm_sdk::{Column, Failure, Generate, Table};
//! # struct Squares;
//! # impl Generate for Squares {
//! #     type Config = ();
//! #     fn open(_: (), _: Vec<Column>, _: u64) -> Result<Self, Failure> { Ok(Self) }
//! #     fn next(&mut self, _: u32) -> Result<Table, Failure> { Ok(Table::new([])) }
//! # }
//! // In the plugin's own tests:
//! hsm_sdk::testing::replay_generator::<Squares>("fixtures");
//! hsm_sdk::testing::replay_component(".");
//! ```

mod answer;
mod component;
mod fixture;
mod native;
mod scheduler;
mod written;

pub use component::replay_component;
pub use native::{artifacts, points};

use crate::{Aggregate, Generate, Schedule};
use answer::{Answer, first_difference};
use fixture::Case;
use std::path::Path;

/// Replays the fixtures of a generator, each twice.
///
/// # Panics
/// When an answer is not the expected one, with the case, the column and the row; when a fixture cannot be read; when there is none.
pub fn replay_generator<P: Generate>(folder: impl AsRef<Path>) {
    replay(folder.as_ref(), Case::expected_points, |case| {
        let input = case.generator_input()?;
        let points = points::<P>(&input.config.to_string(), input.axes, input.seed, input.batch_rows);
        Ok(points.map_or_else(Answer::Failed, |table| Answer::Points(table.columns)))
    });
}

/// Replays the fixtures of an aggregator, each twice.
///
/// # Panics
/// When an answer is not the expected one, with the case, the artifact and the line; when a fixture cannot be read; when there is none.
pub fn replay_aggregator<P: Aggregate>(folder: impl AsRef<Path>) {
    replay(folder.as_ref(), Case::expected_artifacts, |case| {
        let input = case.aggregator_input()?;
        let run = || native::artifacts_of::<P>(&input.config.to_string(), input.sweep, input.batches);
        let artifacts = crate::tasks::with_folder(case.tasks_folder(), run);
        artifacts.map_or_else(|failure| Ok(Answer::Failed(failure)), |made| answer::rendered(&made))
    });
}

/// Replays the fixtures of a scheduler, each twice: the plugin is asked with none of the recorded exchanges, with one of them, and so
/// on, and has to ask for exactly the recorded commands before it answers.
///
/// # Panics
/// When a command or an answer is not the expected one; when a fixture cannot be read; when there is none.
pub fn replay_scheduler<P: Schedule>(folder: impl AsRef<Path>) {
    replay(folder.as_ref(), scheduler::expected, |case| scheduler::answer::<P>(&case.scheduler_input()?));
}

fn replay(
    folder: &Path,
    expected: impl Fn(&Case) -> Result<Answer, String>,
    run: impl Fn(&Case) -> Result<Answer, String>,
) {
    let cases = Case::all(folder).unwrap_or_else(|problem| panic!("{problem}"));
    let check = |case: &Case| -> Result<(), String> {
        let (expected, found, again) = (expected(case)?, run(case)?, run(case)?);
        if let Some(difference) = first_difference(&expected, &found) {
            return Err(difference);
        }
        match first_difference(&found, &again) {
            Some(difference) => Err(format!("asked again, it answered otherwise: {difference}")),
            None => Ok(()),
        }
    };
    let wrong: Vec<String> = cases
        .iter()
        .filter_map(|case| Some(format!("fixture `{}`: {}", case.name(), check(case).err()?)))
        .collect();
    assert!(wrong.is_empty(), "{} of {} fixtures differ\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

#[cfg(test)]
mod tests;
