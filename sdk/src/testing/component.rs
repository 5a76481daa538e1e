//! Replays fixtures against the built component, which only hsm can run.

use std::path::Path;
use std::process::Command;

/// Replays the fixtures in `folder` against its `plugin.wasm` in the sandbox, by `hsm plugin test`. The program is that of the
/// environment variable `HSM_BIN`, or else the `hsm` on the path.
///
/// # Panics
/// With what hsm says when an answer is not the expected one; when `plugin.wasm` was not built; when there is no hsm.
#[allow(clippy::disallowed_methods, reason = "a test starts the program that it tests with")]
pub fn replay_component(folder: impl AsRef<Path>) {
    let program = std::env::var_os("HSM_BIN").unwrap_or_else(|| "hsm".into());
    let output = Command::new(&program).args(["plugin", "test"]).arg(folder.as_ref()).output();
    let output = output.unwrap_or_else(|error| {
        panic!("`{}` could not be started: {error}; set HSM_BIN to hsm's path", program.display())
    });
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}{said}", String::from_utf8_lossy(&output.stdout));
}
