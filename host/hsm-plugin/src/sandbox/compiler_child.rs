//! Compiling in a process of its own.
//!
//! Compiling is the one thing that nothing in a sandbox bounds: a few hundred kilobytes can ask for hours, or for more memory
//! than there is, which ends the process. So a second process with limits of its own compiles into the cache, and this one takes
//! the result from there. The two only share the folder, the bytes (over standard input) and an exit code.

use crate::limits::{self, Limit, Limits};
use crate::sandbox::canceller::Canceller;
use crate::sandbox::engine::{self, AddressSpace};
use rustix::process::{Resource, Rlimit, Signal, set_parent_process_death_signal, setrlimit};
use std::ffi::OsString;
use std::io::{Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{ExitCode, Output, Stdio};
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use wasmtime::component::Component;
use wasmtime::{Cache, CacheConfig};

/// How a component becomes machine code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Compiler {
    /// In this process, without limits: for tests of components that are known.
    InProcess,
    /// In a child: `program` with `arguments` and some more has to end in [`compile_child_main`].
    Child {
        /// The program, usually the one that runs.
        program: PathBuf,
        /// What makes it call [`compile_child_main`].
        arguments: Vec<OsString>,
    },
}

/// Why nothing was compiled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum CompileError {
    /// The component is not valid.
    Invalid(String),
    /// It took too long.
    OutOfTime,
    /// It took too much memory.
    OutOfMemory,
    /// Somebody stopped it.
    Cancelled,
    /// The child could not be started or used.
    Child(String),
}

/// Compiles into the cache folder, in a child. The code is for a process with that much address space, whatever the child itself has.
pub(crate) fn compile(
    program: &Path,
    arguments: &[OsString],
    folder: &Path,
    space: AddressSpace,
    limits: &Limits,
    canceller: &Canceller,
    wasm: &[u8],
) -> Result<(), CompileError> {
    let wait = || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| CompileError::Child(error.to_string()))?;
        runtime.block_on(async {
            tokio::select! {
                output = run(program, arguments, folder, space, limits, wasm) => match output {
                    Ok(output) => judge(&output),
                    Err(error) => Err(CompileError::Child(format!("`{}`: {error}", program.display()))),
                },
                () = tokio::time::sleep(Duration::from_secs(limits.value(Limit::CompileTimeS))) => Err(CompileError::OutOfTime),
                () = canceller.cancelled() => Err(CompileError::Cancelled),
            }
        })
    };
    // A thread of its own, because the caller's may have a runtime already.
    let lost = || Err(CompileError::Child("the thread that waited for it is gone".to_owned()));
    std::thread::scope(|scope| scope.spawn(wait).join().unwrap_or_else(|_| lost()))
}

async fn run(
    program: &Path,
    arguments: &[OsString],
    folder: &Path,
    space: AddressSpace,
    limits: &Limits,
    wasm: &[u8],
) -> std::io::Result<Output> {
    #[expect(clippy::disallowed_methods, reason = "the one process that this crate starts")]
    let mut command = tokio::process::Command::new(program);
    let mut child = command
        .args(arguments)
        .arg(folder)
        .arg(space.as_str())
        .args([Limit::CompileMemoryMib, Limit::CompileTimeS].map(|limit| limits.value(limit).to_string()))
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    if let Some(mut stdin) = child.stdin.take() {
        // A child that ended early says why itself.
        let _ = stdin.write_all(wasm).await;
    }
    child.wait_with_output().await
}

fn judge(output: &Output) -> Result<(), CompileError> {
    /// Signals of a process that hit a limit: processor time, the address space (an abort, or a stack that could not grow).
    const XCPU: i32 = 24;
    const KILL: i32 = 9;
    const ABORT: i32 = 6;
    const SEGMENTATION: i32 = 11;
    const BUS: i32 = 7;
    let said = crate::plain::plain_line(&String::from_utf8_lossy(&output.stderr), 500);
    match (output.status.code(), output.status.signal()) {
        (Some(0), _) => Ok(()),
        (Some(EXIT_INVALID), _) => Err(CompileError::Invalid(said)),
        (_, Some(XCPU | KILL)) => Err(CompileError::OutOfTime),
        (_, Some(ABORT | SEGMENTATION | BUS)) | (Some(EXIT_PANIC), _) => Err(CompileError::OutOfMemory),
        (Some(code), _) => Err(CompileError::Child(format!("exit code {code}: {said}"))),
        (None, signal) => Err(CompileError::Child(format!("signal {}: {said}", signal.unwrap_or(0)))),
    }
}

const EXIT_INVALID: i32 = 3;
const EXIT_UNUSABLE: i32 = 4;
/// What Rust exits with after a panic: under these limits, that a thread could not be started.
const EXIT_PANIC: i32 = 101;

/// What the child does: takes the limits, reads a component from standard input, and leaves it compiled in the cache folder.
/// `arguments` are those that the parent appended.
#[must_use]
pub fn compile_child_main(arguments: &[OsString]) -> ExitCode {
    let code = match compile_from_stdin(arguments) {
        Ok(()) => 0,
        Err((code, message)) => {
            // Nobody reads it any more, then.
            let _ = writeln!(std::io::stderr(), "{message}");
            code
        }
    };
    ExitCode::from(u8::try_from(code).unwrap_or(u8::MAX))
}

fn compile_from_stdin(arguments: &[OsString]) -> Result<(), (i32, String)> {
    let unusable = |message: String| (EXIT_UNUSABLE, message);
    let [folder, space, numbers @ ..] = arguments else {
        return Err(unusable("a cache folder and a word about address space are needed".to_owned()));
    };
    let Some(space) = space.to_str().and_then(AddressSpace::parse) else {
        return Err(unusable("address space is `plenty` or `scarce`".to_owned()));
    };
    let numbers: Option<Vec<u64>> = numbers.iter().map(|number| number.to_str()?.parse().ok()).collect();
    let Some(&[memory_mib, time_s]) = numbers.as_deref() else {
        return Err(unusable("two limits are needed".to_owned()));
    };
    end_with_parent().map_err(unusable)?;
    limit_this_process(memory_mib, time_s).map_err(unusable)?;
    let mut wasm = Vec::new();
    std::io::stdin().read_to_end(&mut wasm).map_err(|error| unusable(error.to_string()))?;
    compile_here(Path::new(folder), space, &wasm)
}

/// Compiles, and makes sure that whoever asks next finds it: a parent that did not would compile it itself.
fn compile_here(folder: &Path, space: AddressSpace, wasm: &[u8]) -> Result<(), (i32, String)> {
    engine::limit_compile_threads();
    for second in [false, true] {
        let cache = open_cache(folder).map_err(|error| (EXIT_UNUSABLE, format!("{error:#}")))?;
        let engine = engine::engine(space, Some(cache.clone()));
        let engine = engine.map_err(|error| (EXIT_UNUSABLE, format!("{error:#}")))?;
        Component::new(&engine, wasm).map_err(|error| (EXIT_INVALID, format!("{error:#}")))?;
        if cache.cache_hits() > 0 {
            return Ok(());
        }
        if second {
            break;
        }
    }
    Err((EXIT_UNUSABLE, format!("`{}` did not keep the compiled code", folder.display())))
}

/// The engine's own cache, in this folder.
pub(crate) fn open_cache(folder: &Path) -> wasmtime::Result<Cache> {
    let mut config = CacheConfig::new();
    config.with_directory(folder);
    Cache::new(config)
}

/// A parent that is killed can stop nobody, and nobody would want the result.
fn end_with_parent() -> Result<(), String> {
    set_parent_process_death_signal(Some(Signal::KILL))
        .map_err(|error| format!("the end of the parent cannot be noticed: {error}"))
}

fn limit_this_process(memory_mib: u64, time_s: u64) -> Result<(), String> {
    let limit = |resource, value: u64| {
        let present = rustix::process::getrlimit(resource);
        let value = present.maximum.map_or(value, |maximum| maximum.min(value));
        setrlimit(resource, Rlimit { current: Some(value), maximum: Some(value) })
            .map_err(|error| format!("a limit could not be set: {error}"))
    };
    limit(Resource::As, limits::mib(memory_mib))?;
    // All threads together count.
    limit(Resource::Cpu, time_s.saturating_mul(limits::COMPILE_THREADS as u64))?;
    limit(Resource::Core, 0)
}
