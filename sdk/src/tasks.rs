//! Where an aggregator finds what the tasks wrote. Natively that is wherever the test kit says.

use std::path::PathBuf;

/// Where the sandbox shows the folders of the tasks.
const IN_THE_SANDBOX: &str = "/tasks";

/// The folder with the tasks' own folders, `task_1`, `task_2` and so on, for an aggregator whose manifest has `read-results = true`. It can
/// only be read; a sweep of which no task has begun has none.
///
/// In the sandbox this is `/tasks`. While a fixture is replayed natively it is that fixture's folder `tasks`, so that the same code reads
/// both. The order in which a folder lists its files is nobody's promise: sort them.
#[must_use]
pub fn tasks_folder() -> PathBuf {
    #[cfg(not(target_family = "wasm"))]
    if let Some(folder) = native::FOLDER.with_borrow(Clone::clone) {
        return folder;
    }
    PathBuf::from(IN_THE_SANDBOX)
}

#[cfg(not(target_family = "wasm"))]
pub(crate) use native::with_folder;

#[cfg(not(target_family = "wasm"))]
mod native {
    use std::cell::RefCell;
    use std::path::PathBuf;

    thread_local! {
        /// The tasks of the fixture that this thread replays.
        pub(super) static FOLDER: RefCell<Option<PathBuf>> = const { RefCell::new(None) };
    }

    /// Puts back what was there, also when a plugin panics.
    struct Restored(Option<PathBuf>);

    impl Drop for Restored {
        fn drop(&mut self) {
            FOLDER.set(self.0.take());
        }
    }

    /// Runs something that finds the tasks in this folder.
    pub(crate) fn with_folder<T>(folder: PathBuf, run: impl FnOnce() -> T) -> T {
        let _restored = Restored(FOLDER.replace(Some(folder)));
        run()
    }
}
