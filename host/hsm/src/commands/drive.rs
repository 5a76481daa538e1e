//! `hsm drive`: the background driver of one sweep. Started by `hsm run` and others, never typed.

use crate::args::DriveArgs;
use crate::output::Console;
use crate::report::{Exit, Problem};
use hsm_engine::{DriveOptions, READY, SweepDir, drive};

/// Drives the sweep until nothing of it is queued or running.
///
/// # Errors
/// When somebody else drives it, or its files cannot be used.
pub fn run(args: &DriveArgs, console: Console) -> Result<Exit, Problem> {
    let options = DriveOptions { take_over: args.take_over, background: true };
    drive(&SweepDir::new(&args.sweep_dir), &options, || {
        // Whoever started this may have gone away already; the sweep goes on without them.
        let _ = console.data(&format!("{READY}\n"));
    })?;
    Ok(Exit::Success)
}
