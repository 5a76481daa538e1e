//! From what stopped a plugin to words for the person in front of it.

use crate::inspect::InspectError;
use crate::limits::{Limit, Limits};
use crate::plain::{plain, plain_line};
use crate::sandbox::Plugin;
use crate::sandbox::cache_folder::CacheFolderError;
use crate::sandbox::check::Unusable;
use crate::sandbox::compiler_child::CompileError;
use crate::sandbox::state::{HANDLES_MAX, State};
use hsm_core::roles::{Blame, Failure};
use std::collections::BTreeSet;
use wasmtime::Trap;
use wasmtime_wasi::I32Exit;

/// A plugin's own message is cut here: it should be a sentence.
const MESSAGE_BYTES_MAX: usize = 4_096;

/// For mistakes that only the plugin's author can put right.
const REPORT_HINT: &str = "this is a fault of the plugin: report it to its author, or use another release";

/// A call that took longer than it may, by itself or with those before it.
pub(crate) fn out_of_time(plugin: &str, limits: &Limits, limit: Limit) -> Failure {
    let seconds = limits.value(limit);
    let text = match limit {
        Limit::TotalTimeS => format!("the plugin `{plugin}` was stopped: it was not done within {seconds} s"),
        _ => format!("the plugin `{plugin}` was stopped: it did not answer within {seconds} s"),
    };
    at_limit("out-of-time", &text, limits, limit)
}

/// A search without an end in sight.
pub(crate) fn too_many_points(plugin: &str, limits: &Limits) -> Failure {
    let points = limits.value(Limit::Points);
    let text = format!("the plugin `{plugin}` was stopped: it made more than {points} points");
    at_limit("too-many-points", &text, limits, Limit::Points)
}

/// A call that somebody stopped.
pub(crate) fn cancelled(plugin: &str) -> Failure {
    Failure::new(Blame::Transient, "cancelled", format!("the plugin `{plugin}` was stopped on request"))
}

/// A limit that was hit, whoever set it.
pub(crate) fn at_limit(code: &str, text: &str, limits: &Limits, limit: Limit) -> Failure {
    let message = format!("{text} {}", limits.origin(limit));
    Failure::new(Blame::Internal, code, message).with_hint(limits.raise_hint(limit))
}

/// An answer that is not taken.
pub(crate) fn unusable(plugin: &Plugin, unusable: Unusable) -> Failure {
    let name = &plugin.name;
    match unusable {
        Unusable::Broken(problem) => bad_answer(name, &problem),
        Unusable::Over(limit, problem) => {
            let problem = plain_line(&problem, MESSAGE_BYTES_MAX);
            let text = format!("the plugin `{name}` gave too large an answer: {problem}");
            at_limit("too-much-data", &text, &plugin.limits, limit)
        }
    }
}

/// An answer that the contract does not allow.
fn bad_answer(plugin: &str, problem: &str) -> Failure {
    let problem = plain_line(problem, MESSAGE_BYTES_MAX);
    Failure::new(
        Blame::Internal,
        "bad-answer",
        format!("the plugin `{plugin}` gave an unusable answer: {problem}"),
    )
    .with_hint(REPORT_HINT)
}

/// A command that nobody allowed.
pub(crate) fn not_granted(plugin: &str, program: &str, granted: &BTreeSet<String>) -> Failure {
    let granted: Vec<_> = granted.iter().map(|program| format!("`{program}`")).collect();
    let may = if granted.is_empty() { "none".to_owned() } else { format!("only {}", granted.join(", ")) };
    let message = format!("the plugin `{plugin}` asks for the command `{program}`, and may have {may}");
    Failure::new(Blame::Config, "not-granted", message)
        .with_hint("commands are listed in its manifest, and granted when it is added: `hsm plugin add`")
}

/// A thread, a folder or another thing of this machine that could not be had.
pub(crate) fn host(problem: &str) -> Failure {
    Failure::new(Blame::Transient, "host", format!("plugins cannot be run here: {problem}"))
}

/// A folder that compiled code cannot be kept in.
pub(crate) fn cache_folder(error: &CacheFolderError) -> Failure {
    Failure::new(Blame::Config, "cache-folder", error.to_string()).with_hint(error.hint())
}

/// A file that is not what was asked for.
pub(crate) fn inspected(path: &str, error: &InspectError) -> Failure {
    Failure::new(Blame::Config, error.code(), format!("`{path}` cannot be used: {error}"))
        .with_hint(error.hint())
}

/// What the plugin itself reported.
pub(crate) fn reported(failure: crate::sandbox::bindings::types::Failure) -> Failure {
    use crate::sandbox::bindings::types::Blame as Theirs;
    let blame = match failure.blame {
        Theirs::Config => Blame::Config,
        Theirs::Input => Blame::Input,
        Theirs::Transient => Blame::Transient,
        Theirs::Internal => Blame::Internal,
    };
    let code = plain_line(&failure.code, 64);
    Failure {
        blame,
        code: if code.is_empty() { "failed".to_owned() } else { code },
        message: plain(failure.message.trim(), MESSAGE_BYTES_MAX),
        hint: failure.hint.map(|hint| plain(hint.trim(), MESSAGE_BYTES_MAX)),
    }
}

/// A component that did not get compiled.
pub(crate) fn not_compiled(plugin: &str, limits: &Limits, error: CompileError) -> Failure {
    let fail = |code, message| Failure::new(Blame::Internal, code, message);
    match error {
        CompileError::Invalid(problem) => {
            let hint = "copy or build the plugin again";
            fail("damaged", format!("the plugin `{plugin}` is not valid WebAssembly: {problem}"))
                .with_hint(hint)
        }
        CompileError::OutOfTime => {
            let limit = limits.value(Limit::CompileTimeS);
            let text = format!("the plugin `{plugin}` was not compiled within {limit} s");
            at_limit("compile-time", &text, limits, Limit::CompileTimeS)
        }
        CompileError::OutOfMemory => {
            let limit = limits.value(Limit::CompileMemoryMib);
            let text = format!("compiling the plugin `{plugin}` took more than {limit} MiB of address space");
            at_limit("compile-memory", &text, limits, Limit::CompileMemoryMib)
        }
        CompileError::Cancelled => cancelled(plugin),
        CompileError::Child(problem) => {
            let problem = plain_line(&problem, MESSAGE_BYTES_MAX);
            Failure::new(
                Blame::Transient,
                "host",
                format!("the plugin `{plugin}` could not be compiled: {problem}"),
            )
        }
    }
}

/// A component that inspection let through may still not fit: a newer patch release may export a function that has changed.
pub(crate) fn unlinked(reference: &str, error: &wasmtime::Error) -> Failure {
    let problem = plain_line(&format!("{error:#}"), 1_000);
    let message = format!("`{}` does not fit hsm's plugin interface: {problem}", plain_line(reference, 500));
    Failure::new(Blame::Config, "bad-interface", message)
        .with_hint("build it again, or use another release of it")
}

/// A call that ended in an error of the engine: a trap, or a limit.
pub(crate) fn trapped(plugin: &str, limits: &Limits, state: &State, error: &wasmtime::Error) -> Failure {
    let fail = |code: &str, text: String| {
        Failure::new(Blame::Internal, code, format!("the plugin `{plugin}` {text}")).with_hint(REPORT_HINT)
    };
    if state.limiter.memory_exceeded {
        let limit = limits.value(Limit::MemoryMib);
        let text = format!("the plugin `{plugin}` was stopped: it wanted more than {limit} MiB of memory");
        return at_limit("out-of-memory", &text, limits, Limit::MemoryMib);
    }
    let said = |words: &str| error.chain().any(|cause| cause.to_string().contains(words));
    // The engine has no types for these that others could name.
    if said("resource table has no free keys") {
        return fail(
            "too-many-handles",
            format!("was stopped: it held more than {HANDLES_MAX} files and streams at once"),
        );
    }
    if said("Cannot allocate memory") {
        return host(&format!("there is no room for an instance of `{plugin}`"))
            .with_hint("raise the limit on address space (`ulimit -v`), or run fewer plugins at once");
    }
    if let Some(I32Exit(code)) = error.downcast_ref::<I32Exit>() {
        return fail("exited", format!("ended itself with exit code {code} instead of answering"));
    }
    if said("fuel allocated for hostcalls") {
        let limit = limits.value(Limit::CallDataMib);
        let text = format!("the plugin `{plugin}` was stopped: it answered with more than {limit} MiB");
        return at_limit("too-much-data", &text, limits, Limit::CallDataMib);
    }
    let last_words = state.lines.tail().join(" / ");
    let last_words = if last_words.is_empty() { String::new() } else { format!(": {last_words}") };
    match error.downcast_ref::<Trap>() {
        Some(Trap::StackOverflow) => {
            fail("stack-overflow", "ran out of stack: it calls itself too deeply".to_owned())
        }
        Some(Trap::UnreachableCodeReached) => fail("panic", format!("gave up{last_words}")),
        // A stack at the bottom of its memory, as Rust has it, overflows out of it.
        Some(Trap::MemoryOutOfBounds) => fail(
            "out-of-bounds",
            format!(
                "reached outside its memory, which also happens when it calls itself too deeply{last_words}"
            ),
        ),
        Some(trap) => fail("trap", format!("broke down: {trap}{last_words}")),
        None => {
            let problem = plain_line(&format!("{error:#}"), MESSAGE_BYTES_MAX);
            fail("trap", format!("broke down: {problem}{last_words}"))
        }
    }
}
