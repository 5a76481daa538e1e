//! One plugin instance on a thread of its own.
//!
//! Guests run as futures, so that a deadline also ends one that waits in the host. They run on a thread and a runtime of
//! their own, so that the synchronous traits may be called from anywhere, also from within another runtime. A hop to the thread
//! and back takes some 45 microseconds; calls carry whole batches.

use crate::limits::{Limit, Limits};
use crate::sandbox::state::State;
use crate::sandbox::{Plugin, Surroundings, fault};
use hsm_core::roles::Failure;
use std::fmt;
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;
use wasmtime::Store;

/// An instance and its thread. `B` is what the instance exports.
pub(crate) struct Guest<B> {
    plugin: String,
    jobs: Option<mpsc::Sender<Job<B>>>,
    thread: Option<JoinHandle<()>>,
}

type Job<B> = Box<dyn FnOnce(&mut Inside<B>) + Send>;

/// What lives on the thread.
struct Inside<B> {
    plugin: Plugin,
    runtime: Runtime,
    store: Store<State>,
    /// The time of all calls so far.
    spent: Duration,
    /// What a call is made through; nothing once the instance has come to a bad end.
    exports: Result<B, Failure>,
}

impl<B: 'static> Guest<B> {
    /// Starts an instance. `instantiate` runs on its thread and counts as its first call.
    pub(super) fn start<F>(
        plugin: &Plugin,
        surroundings: Surroundings,
        instantiate: F,
    ) -> Result<Self, Failure>
    where
        F: AsyncFnOnce(&mut Store<State>) -> wasmtime::Result<B> + Send + 'static,
    {
        let (jobs, received) = mpsc::channel::<Job<B>>();
        let (started, start) = mpsc::sync_channel(1);
        let of_thread = plugin.clone();
        let thread = std::thread::Builder::new().name("hsm-plugin".to_owned()).spawn(move || {
            match Inside::start(of_thread, &surroundings, instantiate) {
                Err(failure) => drop(started.send(Err(failure))),
                Ok(mut inside) => {
                    drop(started.send(Ok(())));
                    for job in received {
                        job(&mut inside);
                    }
                    inside.end();
                }
            }
        });
        let thread = thread.map_err(|error| fault::host(&format!("no thread could be started: {error}")))?;
        let guest = Self { plugin: plugin.name.clone(), jobs: Some(jobs), thread: Some(thread) };
        start.recv().unwrap_or_else(|_| Err(guest.lost()))?;
        Ok(guest)
    }

    /// Makes one call, within the limits.
    pub(crate) fn call<A, F>(&self, call: F) -> Result<A, Failure>
    where
        A: Send + 'static,
        F: AsyncFnOnce(&B, &mut Store<State>) -> wasmtime::Result<A> + Send + 'static,
    {
        let (answer, answered) = mpsc::sync_channel(1);
        let job: Job<B> = Box::new(move |inside| drop(answer.send(inside.call(call))));
        let sent = self.jobs.as_ref().is_some_and(|jobs| jobs.send(job).is_ok());
        if !sent {
            return Err(self.lost());
        }
        answered.recv().unwrap_or_else(|_| Err(self.lost()))
    }

    fn lost(&self) -> Failure {
        fault::host(&format!("the thread of `{}` is gone", self.plugin))
    }
}

impl<B> Drop for Guest<B> {
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(thread) = self.thread.take() {
            // Calls are bounded, so this is; and a thread that panicked has nothing left to say.
            let _ = thread.join();
        }
    }
}

impl<B> fmt::Debug for Guest<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guest").field("plugin", &self.plugin).finish_non_exhaustive()
    }
}

impl<B: 'static> Inside<B> {
    fn start<F>(plugin: Plugin, surroundings: &Surroundings, instantiate: F) -> Result<Self, Failure>
    where
        F: AsyncFnOnce(&mut Store<State>) -> wasmtime::Result<B>,
    {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
        let runtime = runtime.map_err(|error| fault::host(&error.to_string()))?;
        let mut store = plugin.store(surroundings)?;
        let mut spent = Duration::ZERO;
        let exports = bounded(&plugin, &runtime, &mut store, &mut spent, instantiate)?;
        Ok(Self { plugin, runtime, store, spent, exports: Ok(exports) })
    }

    fn call<A, F>(&mut self, call: F) -> Result<A, Failure>
    where
        F: AsyncFnOnce(&B, &mut Store<State>) -> wasmtime::Result<A>,
    {
        let exports = self.exports.as_ref().map_err(Clone::clone)?;
        let call = async |store: &mut Store<State>| call(exports, store).await;
        let result = bounded(&self.plugin, &self.runtime, &mut self.store, &mut self.spent, call);
        if let Err(failure) = &result {
            // After a trap or an abandoned call an instance is in no state to go on.
            self.exports = Err(failure.clone());
        }
        result
    }

    fn end(self) {
        drop(self.store);
        // A guest's wait may still occupy a helper thread; nobody waits for that.
        self.runtime.shutdown_background();
    }
}

/// Runs one call until it answers, its time is over, or somebody cancels. `spent` is the time of the calls before, and then of this one too.
fn bounded<A, F>(
    plugin: &Plugin,
    runtime: &Runtime,
    store: &mut Store<State>,
    spent: &mut Duration,
    call: F,
) -> Result<A, Failure>
where
    F: AsyncFnOnce(&mut Store<State>) -> wasmtime::Result<A>,
{
    let Plugin { name, limits, sandbox, .. } = plugin;
    store.data().lines.begin_call();
    let _ticking = sandbox.ticker.run();
    let start = Instant::now();
    let (time, limit) = time_left(limits, *spent);
    let result = runtime.block_on(async {
        tokio::select! {
            biased;
            () = sandbox.canceller.cancelled() => Err(fault::cancelled(name)),
            result = call(store) => Ok(result),
            () = tokio::time::sleep(time) => Err(fault::out_of_time(name, limits, limit)),
        }
    });
    *spent += start.elapsed();
    result?.map_err(|error| fault::trapped(name, limits, store.data(), &error))
}

/// How long the next call may take, and which limit that comes from.
fn time_left(limits: &Limits, spent: Duration) -> (Duration, Limit) {
    let seconds = |limit| Duration::from_secs(limits.value(limit));
    let (call, total) = (seconds(Limit::CallTimeS), seconds(Limit::TotalTimeS).saturating_sub(spent));
    if total < call { (total, Limit::TotalTimeS) } else { (call, Limit::CallTimeS) }
}
