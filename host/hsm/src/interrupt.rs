//! Ctrl-C while plugins work: they are stopped, and the command ends. Once tasks are followed, Ctrl-C is about the tasks, and whoever
//! follows them listens; a signal is the whole process's, which is why what is noted here is as well.

use crate::report::{Exit, Problem};
use hsm_plugin::Canceller;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};

/// How long a command may take to say why it ends; plugins stop within a few hundredths of a second.
const GRACE: Duration = Duration::from_millis(500);

/// Whether Ctrl-C stopped plugins.
static STOPPED: AtomicBool = AtomicBool::new(false);

/// Whether somebody else listens by now.
static ABOUT_TASKS: AtomicBool = AtomicBool::new(false);

/// From now on, Ctrl-C stops plugins through `canceller`, and ends this process soon after.
///
/// # Errors
/// When the system lets nobody listen.
pub fn stops_plugins(canceller: Canceller) -> Result<(), Problem> {
    let failed =
        |error: io::Error| Problem::new(Exit::General, format!("could not listen for Ctrl-C: {error}"));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
    let entered = runtime.enter();
    let mut interrupt = signal(SignalKind::interrupt()).map_err(failed)?;
    drop(entered);
    let wait = move || {
        runtime.block_on(interrupt.recv());
        if ABOUT_TASKS.load(Ordering::SeqCst) {
            return;
        }
        STOPPED.store(true, Ordering::SeqCst);
        canceller.cancel();
        thread::sleep(GRACE);
        std::process::exit(Exit::Interrupted as i32);
    };
    thread::Builder::new().name("hsm-interrupt".to_owned()).spawn(wait).map_err(failed)?;
    Ok(())
}

/// From now on, somebody else listens.
pub fn is_about_tasks() {
    ABOUT_TASKS.store(true, Ordering::SeqCst);
}

/// How to end, when that would have been with `exit`.
pub fn exit_or(exit: Exit) -> Exit {
    if STOPPED.load(Ordering::SeqCst) { Exit::Interrupted } else { exit }
}
