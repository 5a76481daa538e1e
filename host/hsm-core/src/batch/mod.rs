//! Tasks that a scheduler starts: the job's script, what an attempt leaves behind, and what to make of it.
//!
//! The script belongs to the host, whatever the scheduler. Each attempt at a task begins by creating its *claim* and ends by writing its
//! *end record*; both are files in the submission's folder. What became of a task is judged by these first, and by the
//! scheduler's word only where they say nothing. Nothing here opens a file.

mod body;
mod chunks;
mod claim;
mod judge;
mod quote;
mod token;

pub use body::{Body, Packing, script};
pub use chunks::{ChunkTask, TASKS_PER_CHUNK, chunk};
pub use claim::{Asked, Claim, ClaimFile, EndRecord, Stage, taken_by_driver};
pub use judge::{Clue, JobWord, Judgement, Patience, judge};
pub use quote::quoted;
pub use token::{is_token, job_name, token};

/// The folder of claims, in a submission's folder: one file a task, called by its number.
pub const CLAIMS_FOLDER: &str = "claims";
/// The folder of ended attempts: one file a task with its claim and its end record.
pub const ENDS_FOLDER: &str = "ends";
/// The folder of the files that hold the tasks' arguments.
pub const CHUNKS_FOLDER: &str = "chunks";
/// The job's script.
pub const SCRIPT_FILE: &str = "job.sh";
/// What the scheduler and the script itself print.
pub const SCHEDULER_LOG: &str = "scheduler.log";

/// What the script exits with where it found every task of its element claimed: never 0, for that would count as success.
pub const NOT_MINE_EXIT: i32 = 75;
