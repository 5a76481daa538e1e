//! Stopping plugins from outside: what Ctrl-C comes down to.

use std::sync::Arc;
use tokio::sync::watch;

/// Stops whatever plugins are doing, now and from then on. Copies stop the same plugins.
#[derive(Clone, Debug)]
pub struct Canceller(Arc<watch::Sender<bool>>);

impl Canceller {
    pub(crate) fn new() -> Self {
        Self(Arc::new(watch::Sender::new(false)))
    }

    /// Stops them.
    pub fn cancel(&self) {
        self.0.send_replace(true);
    }

    pub(crate) async fn cancelled(&self) {
        // The sender is ours, so the channel cannot close.
        let _ = self.0.subscribe().wait_for(|cancelled| *cancelled).await;
    }
}
