//! Which programs a scheduler plugin may name at all. What runs any other program on request would make every list of commands
//! meaningless: shells, interpreters, and what starts something in another place or as somebody else.

use std::fmt;

/// The longest name of a program, in bytes.
const NAME_MAX_BYTES: usize = 64;

/// Programs that run whatever they are told to. A version behind the name (`python3.12`) does not make it another program.
#[rustfmt::skip]
const NEVER: [&str; 88] = [
    "apptainer", "ash", "at", "awk", "bash", "batch", "bun", "busybox", "capsh", "cargo", "chroot",
    "chrt", "cmake", "crontab", "csh", "dash", "deno", "doas", "docker", "ed", "emacs", "env", "eval",
    "ex", "exec", "expect", "fakeroot", "find", "fish", "flock", "gawk", "gdb", "git", "ionice", "java",
    "julia", "ksh", "lua", "make", "mawk", "nc", "nice", "ninja", "node", "nohup", "nsenter", "octave",
    "parallel", "perl", "php", "pkexec", "podman", "pwsh", "python", "r", "rscript", "rsync", "ruby",
    "runuser", "scp", "screen", "script", "sed", "setpriv", "setsid", "sh", "singularity", "socat",
    "ssh", "stdbuf", "strace", "su", "sudo", "systemd-run", "tar", "tclsh", "tcsh", "time", "timeout",
    "tmux", "toolbox", "unshare", "vi", "vim", "watch", "wine", "xargs", "zsh",
];

/// Why a text is no program that a plugin may name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProgramProblem {
    /// It is no bare name of a program: a path, an option, words.
    NotBare,
    /// It would run anything else.
    RunsAnything,
}

impl fmt::Display for ProgramProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotBare => "is no bare name of a program",
            Self::RunsAnything => "could run any other program, so no plugin may name it",
        })
    }
}

/// Judges the name of a program that a plugin wants to run.
///
/// # Errors
/// What is wrong with it.
pub fn check_program(name: &str) -> Result<(), ProgramProblem> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'+');
    let begins_well = name.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if !begins_well || name.len() > NAME_MAX_BYTES || !name.bytes().all(plain) {
        return Err(ProgramProblem::NotBare);
    }
    let lower = name.to_ascii_lowercase();
    let unversioned =
        lower.trim_end_matches(|character: char| character.is_ascii_digit() || "-.+".contains(character));
    if NEVER.contains(&&*lower) || NEVER.contains(&unversioned) {
        Err(ProgramProblem::RunsAnything)
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_programs_can_be_named() {
        for good in ["sbatch", "squeue", "qsub", "qstat", "pbsnodes", "bjobs", "condor_q", "oarsub", "llq"] {
            assert_eq!(check_program(good), Ok(()), "{good}");
        }
        for bare in ["", "/usr/bin/qsub", "./qsub", "-c", "qsub -t", "qsub;", "..", "é", &"q".repeat(65)] {
            assert_eq!(check_program(bare), Err(ProgramProblem::NotBare), "{bare}");
        }
        for never in
            ["sh", "bash", "BASH", "python3.12", "perl5", "env", "ssh", "sudo", "xargs", "lua-5.4", "vim"]
        {
            assert_eq!(check_program(never), Err(ProgramProblem::RunsAnything), "{never}");
        }
    }
}
