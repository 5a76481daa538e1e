//! `hsm list`: the sweeps of a project, newest first.

use super::follow::{ago, counts_text};
use super::status::CountsJson;
use crate::args::{GlobalArgs, ListArgs};
use crate::context::Context;
use crate::output::{Align, Console, TextTable, rfc3339};
use crate::report::{Exit, Problem};
use hsm_engine::{Driver, SweepSummary};
use serde::Serialize;
use std::path::PathBuf;

/// Lists the sweeps.
///
/// # Errors
/// When the folder of the sweeps cannot be read.
pub fn run(args: &ListArgs, global: &GlobalArgs, console: Console) -> Result<Exit, Problem> {
    let context = Context::find(global, console)?;
    let mut sweeps = context.manager.sweeps()?;
    sweeps.reverse();
    let all = sweeps.len();
    if !args.all {
        sweeps.truncate(args.limit);
    }
    if args.json {
        console.json_list(&[("format", &1)], "sweeps", sweeps.into_iter().map(SweepJson::from))?;
        return Ok(Exit::Success);
    }
    if sweeps.is_empty() {
        console.say(&format!("there is no sweep in `{}` yet", context.manager.sweeps_root().display()));
        return Ok(Exit::Success);
    }
    console.data(&text(&sweeps))?;
    if sweeps.len() < all {
        console.say(&format!("… {} more; `--all` shows them", all - sweeps.len()));
    }
    Ok(Exit::Success)
}

#[derive(Serialize)]
struct SweepJson {
    sweep_id: String,
    sweep_dir: PathBuf,
    created: Option<String>,
    source: Option<String>,
    driven: bool,
    counts: Option<CountsJson>,
    problem: Option<String>,
}

impl From<SweepSummary> for SweepJson {
    fn from(sweep: SweepSummary) -> Self {
        let status = sweep.status.as_ref().ok();
        Self {
            created: rfc3339(sweep.created_ms),
            source: status.map(|status| status.source.clone()),
            driven: status.is_some_and(|status| status.driver != Driver::None),
            counts: status.map(|status| CountsJson::from(&status.counts)),
            problem: sweep.status.as_ref().err().cloned(),
            sweep_id: sweep.sweep_id,
            sweep_dir: sweep.sweep_dir,
        }
    }
}

fn text(sweeps: &[SweepSummary]) -> String {
    let columns =
        [("sweep", Align::Left), ("created", Align::Left), ("tasks", Align::Right), ("states", Align::Left)];
    let mut table = TextTable::new(&columns);
    for sweep in sweeps {
        let (tasks, states) = match &sweep.status {
            Ok(status) => (status.counts.total().to_string(), counts_text(status, &[])),
            Err(problem) => (String::new(), problem.clone()),
        };
        table.row(&[sweep.sweep_id.clone(), ago(sweep.created_ms), tasks, states]);
    }
    table.render()
}
