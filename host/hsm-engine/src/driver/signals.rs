//! The signals by which somebody asks the driver itself to stop.

use crate::error::{Error, ErrorKind, Result};
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Listens for them.
pub(super) struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hang_up: Signal,
}

impl Signals {
    pub(super) fn listen() -> Result<Self> {
        let on = |kind| {
            signal(kind)
                .map_err(|e| Error::new(ErrorKind::Submission, "could not listen for signals").because(e))
        };
        Ok(Self {
            terminate: on(SignalKind::terminate())?,
            interrupt: on(SignalKind::interrupt())?,
            hang_up: on(SignalKind::hangup())?,
        })
    }

    /// Returns when the driver was asked to stop. A terminal that hangs up is none of its business.
    pub(super) async fn asked_to_stop(&mut self) {
        loop {
            tokio::select! {
                _ = self.terminate.recv() => return,
                _ = self.interrupt.recv() => return,
                _ = self.hang_up.recv() => {}
            }
        }
    }
}
