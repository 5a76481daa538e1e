//! What is known of a task beside its results.

use hsm_core::state::TaskState;

/// What the journal knows of a task.
#[derive(Clone, Debug, PartialEq)]
pub struct TaskFacts {
    /// Its state.
    pub state: TaskState,
    /// The exit code of its last attempt, where it ended with one.
    pub exit_code: Option<i32>,
    /// How long its last attempt took, in seconds.
    pub seconds: Option<f64>,
    /// How many attempts there were.
    pub attempts: u32,
    /// Why it is in this state, where there is more to say.
    pub reason: Option<String>,
}
