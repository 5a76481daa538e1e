//! `hsm replay`: asks a scheduler again what `run --record` has kept. Nothing is run: each recorded command has to be asked for as it was,
//! and gets the recorded reply.

use crate::args::{GlobalArgs, ReplayArgs};
use crate::environment;
use crate::output::{Console, counted, escape, shell_line};
use crate::plugins;
use crate::project::Project;
use crate::report::{Exit, Problem};
use hsm_core::roles::Failure;
use hsm_core::scheduler::Scheduler;
use hsm_core::scheduler::detect::BuiltIn;
use hsm_core::scheduler::transcript::Transcript;
use serde::Serialize;
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The largest transcript, in bytes: the whole queue of a large cluster is some megabytes.
const TRANSCRIPT_SIZE_MAX_BYTES: u64 = 256 << 20;

/// Replays the transcripts.
///
/// # Errors
/// When there is none, one cannot be read, or its scheduler cannot be had.
pub fn run(args: &ReplayArgs, global: &GlobalArgs, console: Console) -> Result<Exit, Problem> {
    let files = files(&args.path)?;
    let mut replayed = Vec::new();
    for file in &files {
        let transcript = read(file)?;
        let said = match scheduler(&transcript, global)? {
            Speaker::Plugin(scheduler) => Said::of(&transcript, &*scheduler),
            Speaker::BuiltIn(built_in) => Said::of(&transcript, built_in.scheduler()),
        };
        replayed.push((file, transcript, said));
    }
    let differ = replayed.iter().filter(|(_, _, said)| said.difference.is_some()).count();
    if args.json {
        let all = replayed.iter().map(|(file, transcript, said)| ReplayJson {
            file,
            scheduler: &transcript.scheduler,
            call: transcript.call.word(),
            commands: transcript.exchanges.iter().map(|exchange| argv(&exchange.command)).collect(),
            said,
        });
        console.json_list(&[("format", &1)], "conversations", all)?;
    } else {
        for (file, transcript, said) in &replayed {
            console.data(&text(file, transcript, said))?;
        }
    }
    let conversations = counted(files.len() as u128, "conversation", "conversations");
    if differ > 0 {
        console.say(&format!("{conversations}, {differ} of them not as recorded"));
        return Ok(Exit::General);
    }
    console.say(&format!("{conversations}, all as recorded"));
    Ok(Exit::Success)
}

enum Speaker {
    BuiltIn(BuiltIn),
    Plugin(Arc<dyn Scheduler>),
}

/// What came of one conversation.
#[derive(Debug, PartialEq, Serialize)]
struct Said {
    #[serde(skip_serializing_if = "Option::is_none")]
    answer: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    failure: Option<Failure>,
    /// In what the scheduler is not as it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    difference: Option<String>,
}

impl Said {
    fn of(transcript: &Transcript, scheduler: &dyn Scheduler) -> Self {
        match transcript.replay(scheduler) {
            Err(difference) => Self { answer: None, failure: None, difference: Some(difference) },
            Ok(Ok(answer)) => {
                Self { difference: transcript.agrees(scheduler).err(), answer: Some(answer), failure: None }
            }
            Ok(Err(failure)) => {
                Self { difference: transcript.agrees(scheduler).err(), answer: None, failure: Some(failure) }
            }
        }
    }
}

#[derive(Serialize)]
struct ReplayJson<'a> {
    file: &'a Path,
    scheduler: &'a str,
    call: &'a str,
    commands: Vec<Vec<String>>,
    #[serde(flatten)]
    said: &'a Said,
}

/// The transcripts in a folder, in the order in which they were made.
fn files(path: &Path) -> Result<Vec<PathBuf>, Problem> {
    if path.is_file() {
        return Ok(vec![path.to_owned()]);
    }
    let failed = |error| Problem::file("read the recording", path, &error);
    let mut files = Vec::new();
    for entry in fs::read_dir(path).map_err(failed)? {
        let file = entry.map_err(failed)?.path();
        if file.extension().is_some_and(|ending| ending == "json") {
            files.push(file);
        }
    }
    files.sort();
    if files.is_empty() {
        return Err(Problem::new(Exit::NotFound, format!("there is no recording in `{}`", path.display()))
            .with_hint("`hsm run … --record DIR` makes one"));
    }
    Ok(files)
}

fn read(file: &Path) -> Result<Transcript, Problem> {
    let failed = |error| Problem::file("read the recording", file, &error);
    let about = fs::metadata(file).map_err(failed)?;
    if !about.is_file() || about.len() > TRANSCRIPT_SIZE_MAX_BYTES {
        let limit = TRANSCRIPT_SIZE_MAX_BYTES >> 20;
        let message = format!("`{}` is no file of at most {limit} MiB", file.display());
        return Err(Problem::new(Exit::Configuration, message).with_hint("name the folder of a recording"));
    }
    serde_json::from_slice(&fs::read(file).map_err(failed)?).map_err(|error| {
        Problem::new(Exit::Configuration, format!("`{}` is no recording: {error}", file.display()))
            .with_hint("name the folder that `--record` made, and nothing else in it")
    })
}

/// The scheduler of a transcript: one of hsm's own, or the plugin that is named now.
fn scheduler(transcript: &Transcript, global: &GlobalArgs) -> Result<Speaker, Problem> {
    if let Some(reference) = &global.plugin {
        let here = environment::current_folder()?;
        let project = Project::around(&here).unwrap_or(here);
        let loaded = plugins::roles(global, ".".into(), &project)?.scheduler(reference, None)?;
        return Ok(Speaker::Plugin(loaded.role));
    }
    BuiltIn::named(&transcript.scheduler).map(Speaker::BuiltIn).ok_or_else(|| {
        Problem::new(
            Exit::Configuration,
            format!(
                "the recording is of the scheduler `{}`, which is a plugin",
                escape(&transcript.scheduler)
            ),
        )
        .with_hint("name it: `hsm --plugin REF replay DIR`")
    })
}

fn argv(command: &hsm_core::scheduler::Command) -> Vec<String> {
    std::iter::once(&command.program).chain(&command.args).cloned().collect()
}

fn text(file: &Path, transcript: &Transcript, said: &Said) -> String {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let mut text = format!("{} ({})\n", escape(&name), escape(&transcript.scheduler));
    for exchange in &transcript.exchanges {
        text.push_str(&format!("  $ {}\n", escape(&shell_line(&argv(&exchange.command)))));
    }
    match (&said.difference, &said.failure, &said.answer) {
        (Some(difference), _, _) => text.push_str(&format!("  not as recorded: {}\n", escape(difference))),
        (None, Some(failure), _) => {
            text.push_str(&format!("  as recorded, it failed: {}\n", escape(&failure.message)))
        }
        (None, None, answer) => {
            let answer = answer.as_ref().map(Value::to_string).unwrap_or_default();
            text.push_str(&format!("  as recorded: {}\n", escape(&answer)));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_is_said_and_what_does_not_is_shown() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
        let recorded = |answer: &str| {
            format!(
                r#"{{"scheduler": "slurm", "call": "cancel", "jobs": [{{"job": "7", "token": "abcdefghij", "elements": 2}}],
                    "exchanges": [{{"command": {{"program": "scancel", "args": ["7"]}}, "exit_code": 0}}], "answer": {answer}}}"#
            )
        };
        assert_eq!(files(folder.path()).unwrap_err().exit, Exit::NotFound);
        write("2.json", &recorded("[]"));
        write("1.json", &recorded(r#"[{"job": "7", "accepted": true}]"#));
        write("notes.txt", "not a recording");
        let files = files(folder.path()).unwrap();
        let replayed: Vec<String> = files
            .iter()
            .map(|file| {
                let transcript = read(file).unwrap();
                text(file, &transcript, &Said::of(&transcript, BuiltIn::Slurm.scheduler()))
            })
            .collect();
        insta::assert_snapshot!(replayed.join(""), @r#"
        1.json (slurm)
          $ scancel 7
          as recorded: [{"job":"7","accepted":true}]
        2.json (slurm)
          $ scancel 7
          not as recorded: it answers [{"job":"7","accepted":true}], and [] is recorded
        "#);
        write("3.json", "{}");
        assert_eq!(read(&folder.path().join("3.json")).unwrap_err().exit, Exit::Configuration);
    }
}
