//! The job's script: the scheduler's header lines, and a body in bash that is the same for every scheduler.
//!
//! For each of its tasks the body takes the claim, makes the task's folder, starts the program with exactly its arguments in a process
//! group of its own, hands TERM, USR1 and USR2 on to it, waits, and writes the end record. It starts no task once it was asked to end,
//! and exits with 75 where every task was claimed by somebody else.

use super::quote::quoted;
use super::{CHUNKS_FOLDER, CLAIMS_FOLDER, ENDS_FOLDER, NOT_MINE_EXIT, TASKS_PER_CHUNK};
use std::fmt::Write as _;

/// How many tasks an element runs, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packing {
    /// How many tasks one element runs in all.
    pub tasks_per_element: u32,
    /// How many of them at once.
    pub side_by_side: u32,
}

/// What the body is to do.
#[derive(Clone, Debug)]
pub struct Body<'a> {
    /// The submission's folder, absolute.
    pub folder: &'a str,
    /// The folder of the tasks' own folders, absolute.
    pub tasks_folder: &'a str,
    /// The folder that programs start in, absolute.
    pub workdir: &'a str,
    /// The sweep.
    pub sweep_id: &'a str,
    /// How many tasks the submission has.
    pub tasks: u64,
    /// How its elements run them.
    pub packing: Packing,
    /// The variable that tells an element its number.
    pub element_variable: &'a str,
    /// The number of the first element.
    pub first_element: u32,
    /// Variables for the programs.
    pub environment: &'a [(String, String)],
    /// Modules to load before each program.
    pub modules: &'a [String],
    /// Shell lines to run before each program, in its own shell.
    pub pre_script: Option<&'a str>,
    /// Whether programs may use the GPUs that the scheduler gives the job.
    pub gpus: bool,
}

/// The whole script.
#[must_use]
pub fn script(directives: &[String], body: &Body<'_>) -> String {
    let mut text = String::from("#!/bin/bash\n");
    for line in directives {
        text.push_str(line);
        text.push('\n');
    }
    text.push_str(&values(body));
    text.push_str(&setup(body));
    text.push_str(BODY);
    text
}

/// What differs between two scripts.
fn values(body: &Body<'_>) -> String {
    let mut text = String::from(
        "\n# Written by hsm; a submission has one such script, and its tasks' arguments are in the files beside it.\n",
    );
    for (name, value) in [
        ("folder", quoted(body.folder)),
        ("tasks_folder", quoted(body.tasks_folder)),
        ("workdir", quoted(body.workdir)),
        ("sweep", quoted(body.sweep_id)),
        ("tasks", body.tasks.to_string()),
        ("per_element", body.packing.tasks_per_element.max(1).to_string()),
        ("lanes", body.packing.side_by_side.max(1).to_string()),
        ("per_chunk", TASKS_PER_CHUNK.to_string()),
        ("first_element", body.first_element.to_string()),
        ("element", format!("${{{}-}}", body.element_variable)),
        ("gpus", u8::from(body.gpus).to_string()),
        ("claims", quoted(CLAIMS_FOLDER)),
        ("ends", quoted(ENDS_FOLDER)),
        ("chunks", quoted(CHUNKS_FOLDER)),
        ("not_mine", NOT_MINE_EXIT.to_string()),
    ] {
        // Writing to a string does not fail.
        let _ = writeln!(text, "hsm_{name}={value}");
    }
    text
}

/// The function that runs in each program's own shell before it becomes the program.
fn setup(body: &Body<'_>) -> String {
    let mut text = String::from("\nhsm_setup() {\n");
    for (name, value) in body.environment {
        let _ = writeln!(text, "export {name}={}", quoted(value));
    }
    if !body.modules.is_empty() {
        let modules: Vec<String> = body.modules.iter().map(|module| quoted(module)).collect();
        text.push_str("hsm_find_modules || return\n");
        let _ = writeln!(text, "for hsm_module in {}; do", modules.join(" "));
        text.push_str("module load \"$hsm_module\" || { hsm_say \"the module $hsm_module could not be loaded\"; return 1; }\ndone\n");
    }
    if let Some(lines) = body.pre_script {
        // A preparation that fails ends the task: the program would run in another environment than the one asked for.
        let _ = writeln!(text, "set -e\n{lines}\nset +e");
    }
    text.push_str("return 0\n}\n");
    text
}

const BODY: &str = include_str!("body.sh");
