//! `hsm compile-plugin`: the child in which components are compiled. Started by the sandbox, never typed.

use crate::args::CompilePluginArgs;
use std::process::ExitCode;

/// Compiles what comes in over standard input. The codes it ends with are the sandbox's own.
pub fn run(args: &CompilePluginArgs) -> ExitCode {
    hsm_plugin::compile_child_main(&args.arguments)
}
