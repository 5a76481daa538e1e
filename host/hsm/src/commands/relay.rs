//! `hsm relay`: what rsync starts in place of a remote shell, to reach a machine over the connection that is there. Never typed.

use crate::args::RelayArgs;
use crate::report::{Exit, Problem};
use std::process::ExitCode;

/// Hands bytes both ways until the session ends, and ends with its code.
///
/// # Errors
/// When the session cannot be started, or rsync went away.
pub fn run(args: &RelayArgs) -> Result<ExitCode, Problem> {
    let code = hsm_engine::relay(&args.session, &args.words)
        .map_err(|error| Problem::new(Exit::Connection, format!("could not connect rsync: {error}")))?;
    Ok(ExitCode::from(u8::try_from(code).unwrap_or(1)))
}
