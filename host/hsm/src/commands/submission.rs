//! What a scheduler would be sent, for `plan` and `run --dry-run`: the first submission as a shell would run it.

use crate::output::{escape, escape_lines, shell_line};
use crate::source::{Chosen, Preflight};
use hsm_core::scheduler::survey::Advice;
use hsm_engine::{Preview, SLOTS};
use serde::Serialize;

/// What would be sent, as text.
pub fn text(chosen: &Chosen, flight: &Preflight) -> String {
    let mut text = format!("\nsent {}\n", escape(&chosen.note));
    if chosen.source.batches().all(|source| source.scheduler.name == SLOTS) {
        return text;
    }
    let Some(preview) = &flight.preview else {
        text.push_str("what the scheduler allows is not known, so the submission cannot be shown\n");
        return text;
    };
    let token = &preview.request.token;
    text.push_str(&match preview.submissions {
        1 => format!("the submission, where `{token}` stands for its token:\n"),
        count => format!(
            "the first of {count} submissions, with {} elements, where `{token}` stands for its token:\n",
            preview.elements
        ),
    });
    if let Some(line) = command(preview) {
        text.push_str(&format!("\n$ {}\n", escape(&shell_line(&line))));
    }
    let show = shell_line(&["cat", preview.request.script.as_str()]);
    text.push_str(&format!("\n$ {}\n{}", escape(&show), escape_lines(&preview.script)));
    text
}

/// What would be sent, for programs.
#[derive(Serialize)]
pub struct SubmissionJson<'a> {
    scheduler: &'a str,
    submissions: Option<u64>,
    elements: Option<u64>,
    command: Option<Vec<String>>,
    script: Option<&'a str>,
    advice: &'a [Advice],
}

impl<'a> SubmissionJson<'a> {
    /// What would be sent, where it is sent to a scheduler at all.
    pub fn of(chosen: &'a Chosen, flight: &'a Preflight) -> Option<Self> {
        let preview = flight.preview.as_ref();
        Some(Self {
            scheduler: &chosen.batch()?.scheduler.name,
            submissions: preview.map(|preview| preview.submissions),
            elements: preview.map(|preview| preview.elements),
            command: preview.and_then(command),
            script: preview.map(|preview| preview.script.as_str()),
            advice: &flight.advice,
        })
    }
}

fn command(preview: &Preview) -> Option<Vec<String>> {
    let command = preview.command.as_ref()?;
    Some(std::iter::once(&command.program).chain(&command.args).cloned().collect())
}
