//! The child that compiles, by itself: what `hsm compile-plugin` does. The tests of the sandbox start it.

use std::ffi::OsString;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    hsm_plugin::compile_child_main(&arguments)
}
