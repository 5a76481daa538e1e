//! How a machine is that is reached by ssh: what `hsm remote test`, `health` and `gpus` ask it. Nothing is made over there, and nothing of a
//! sweep is looked at; what the answers mean for the user is for the command line to say.

mod gpus;
mod look;

pub use gpus::RemoteGpu;
pub use look::{Look, RootState, Wanted};

use crate::clock::wall_ms;
use crate::machine::ssh::Link;
use hsm_core::roles::{Blame, Failure};
use hsm_core::scheduler::{Command, Ending};
use std::time::Instant;

/// How long one question may take over there, in milliseconds. A disk that has gone to sleep takes some seconds.
const QUESTION_LIMIT_MS: u32 = 20_000;

/// How a machine is.
///
/// # Errors
/// When it cannot be reached, or what it says makes no sense.
pub fn look(link: &mut Link, wanted: &Wanted) -> Result<Look, Failure> {
    link.connect()?;
    let (began, before_ms) = (Instant::now(), wall_ms());
    let clock = ask(link, "date", &["+%s%3N"])?;
    let latency = began.elapsed();
    let clock_ms: Option<i64> = clock.trim().parse().ok();
    // What the clock said was read about half way through.
    let here_ms = i64::try_from(before_ms).ok().zip(i64::try_from(latency.as_millis() / 2).ok());
    let clock_ahead_ms = clock_ms.zip(here_ms).map(|(there, (before, half))| there - before - half);
    let words = ["-c", include_str!("look.sh"), "hsm", &wanted.root, &wanted.python, &wanted.conda_env];
    let said = ask(link, "bash", &words)?;
    Ok(Look { latency, clock_ahead_ms, ..Look::parse(&said) })
}

/// The GPUs of a machine; nothing where there is no `nvidia-smi`.
///
/// # Errors
/// When it cannot be reached, or `nvidia-smi` does not answer.
pub fn remote_gpus(link: &mut Link) -> Result<Option<Vec<RemoteGpu>>, Failure> {
    let said = ask(link, "bash", &["-c", include_str!("gpus.sh"), "hsm"])?;
    gpus::parse(&said).map_err(|line| {
        let host = &link.target().host;
        let message = format!("what `nvidia-smi` says on `{host}` is not understood: {line}");
        Failure::new(Blame::Transient, "nvidia-smi", message)
            .with_hint(format!("look at it: `ssh {host} nvidia-smi`"))
    })
}

/// What a program prints over there.
fn ask(link: &mut Link, program: &str, arguments: &[&str]) -> Result<String, Failure> {
    let mut command = Command::new(program).args(arguments.iter().copied());
    command.timeout_ms = QUESTION_LIMIT_MS;
    let said = link.exchange(&command, false)?;
    if (said.ending, said.exit_code) == (Ending::Exited, Some(0)) {
        return Ok(String::from_utf8_lossy(&said.stdout).into_owned());
    }
    let host = &link.target().host;
    let complaint = String::from_utf8_lossy(&said.stderr).trim().to_owned();
    let message = match said.ending {
        Ending::TimedOut => format!("`{program}` on `{host}` did not answer: {complaint}"),
        _ => format!("`{program}` on `{host}` failed: {complaint}"),
    };
    Err(Failure::new(Blame::Transient, "no-answer", message)
        .with_hint(format!("see whether `ssh {host} {program}` answers")))
}
