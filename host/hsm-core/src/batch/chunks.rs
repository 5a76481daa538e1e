//! Chunk files: which task stands where in a submission, and its exact arguments. The script sources the one file that its element's
//! tasks are in; a shell reads 128 cases in a millisecond, and ten thousand in twenty.

use super::quote::quoted;
use std::fmt::Write as _;

/// How many tasks one chunk file holds.
pub const TASKS_PER_CHUNK: u64 = 128;

/// One task of a submission, as its script needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChunkTask {
    /// Its number in the sweep.
    pub task: u64,
    /// The program and its arguments.
    pub argv: Vec<String>,
    /// The content of its parameters' file.
    pub params: String,
}

/// The chunk file for the tasks that stand at `first_position` and after it in their submission: `hsm_case POSITION` sets the task's
/// number, its parameters and its arguments.
#[must_use]
pub fn chunk(first_position: u64, tasks: &[ChunkTask]) -> String {
    let mut text = String::from("hsm_case() {\ncase $1 in\n");
    for (position, ChunkTask { task, argv, params }) in (first_position..).zip(tasks) {
        let words: Vec<String> = argv.iter().map(|word| quoted(word)).collect();
        // Writing to a string does not fail.
        let _ = writeln!(
            text,
            "{position}) hsm_task={task} hsm_params={}\nhsm_argv=({}) ;;",
            quoted(params),
            words.join(" ")
        );
    }
    text.push_str("*) return 1 ;;\nesac\n}\n");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_stand_there_as_data() {
        let task = ChunkTask {
            task: 7,
            argv: vec!["./run".into(), "a b".into(), "it's".into(), "$(rm -rf /)".into(), String::new()],
            params: "{\"x\": \"it's\"}".into(),
        };
        insta::assert_snapshot!(chunk(128, &[task]), @r#"
        hsm_case() {
        case $1 in
        128) hsm_task=7 hsm_params='{"x": "it'\''s"}'
        hsm_argv=('./run' 'a b' 'it'\''s' '$(rm -rf /)' '') ;;
        *) return 1 ;;
        esac
        }
        "#);
    }
}
