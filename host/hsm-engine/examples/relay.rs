//! The work of `hsm relay`, for this crate's own tests of what travels by rsync.

use std::process::ExitCode;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().collect();
    let code = hsm_engine::relay(&words[1], &words[2..]);
    code.map_or(ExitCode::FAILURE, |code| ExitCode::from(u8::try_from(code).unwrap_or(1)))
}
