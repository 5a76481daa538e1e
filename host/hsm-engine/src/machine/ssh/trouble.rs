//! What ssh and the far side complain about, in words that say who must act. Texts are judged here and nowhere else.

use super::target::Target;
use hsm_core::roles::{Blame, Failure};
use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

/// How long an agent may take to say which keys it has; one that waits for a person has said that before.
const AGENT_LIMIT: Duration = Duration::from_secs(2);

/// The code of a connection that has no session to spare.
pub(crate) const TOO_MANY_SESSIONS: &str = "too-many-sessions";

/// Complaints by the words in them, most telling first: blame, code, what is the matter with `{host}`, what to do about it.
const KNOWN: [(&[&str], Blame, &str, &str, &str); 19] = [
    (
        &["remote host identification has changed"],
        Blame::Config,
        "host-key-changed",
        "the host key of `{host}` is not the one that is known: it is another machine, or somebody is in between",
        "if that machine was installed anew, say `ssh-keygen -R {host}` and then `ssh {host}` once",
    ),
    (
        &["host key verification failed", "host key is known for"],
        Blame::Config,
        "needs-you",
        "the host key of `{host}` is not known yet, and only you can say whether it is the right one",
        "say `ssh {host}` once and compare the key",
    ),
    (
        &["session open refused by peer"],
        Blame::Transient,
        TOO_MANY_SESSIONS,
        "`{host}` allows no further session on the connection to it",
        "close other sessions to it, or have `MaxSessions` raised over there",
    ),
    (
        &["permission denied (password", "permission denied (keyboard-interactive)"],
        Blame::Config,
        "needs-you",
        "`{host}` asks for a password, which nobody is there to type",
        "`hsm remote test {name}` on a terminal asks you, and what waits goes on; `ssh-copy-id {host}` has your key accepted from then on",
    ),
    (
        &["permission denied", "too many authentication failures"],
        Blame::Config,
        "needs-you",
        "`{host}` accepts none of the keys that are at hand",
        "load the key with `ssh-add`, or name it with `ssh_key`; then `hsm remote test {name}` connects, and what waits goes on",
    ),
    (
        &["temporary failure in name resolution"],
        Blame::Transient,
        "unreachable",
        "the name of `{host}` cannot be looked up at present",
        "is this machine connected to the network?",
    ),
    (
        &["could not resolve hostname"],
        Blame::Config,
        "unknown-host",
        "there is no host `{host}`: it is no alias in `~/.ssh/config`, and no name that the network knows",
        "`hsm remote list` shows the machines that are known, `ssh {host}` has to work first",
    ),
    (
        &["bad configuration option", "bad owner or permissions", "bad configuration options"],
        Blame::Config,
        "bad-ssh-config",
        "ssh cannot read its configuration",
        "`ssh -G {host}` shows the line",
    ),
    (
        &["connection refused"],
        Blame::Transient,
        "refused",
        "`{host}` is there, and no ssh server listens on it",
        "is its sshd running, and is the port right? `ssh {host}` says more",
    ),
    (
        &["timed out during banner exchange"],
        Blame::Transient,
        "timed-out",
        "`{host}` takes the connection and says nothing: it is overloaded or stuck",
        "try `ssh {host}` later",
    ),
    (
        &["connection timed out", "operation timed out"],
        Blame::Transient,
        "unreachable",
        "`{host}` does not answer",
        "is it switched on, and is this machine in the right network? `ssh {host}` says more",
    ),
    (
        &["no route to host", "network is unreachable", "host is down"],
        Blame::Transient,
        "unreachable",
        "there is no way to `{host}` through the network",
        "is this machine in the right network? `ssh {host}` says more",
    ),
    (
        &[
            "bash: not found",
            "bash: command not found",
            "unknown command: bash",
            "command not found: bash",
            "no such file or directory (os error 2): bash",
        ],
        Blame::Config,
        "no-bash",
        "there is no bash on `{host}`, and hsm cannot work there without",
        "have bash installed over there (it need not be the login shell)",
    ),
    (
        &["no space left on device", "disk quota exceeded"],
        Blame::Transient,
        "disk-full",
        "the disk of `{host}` is full",
        "free some space over there: `hsm remote clean {name}` shows what hsm itself has there",
    ),
    (
        &["is a symbolic link", "belongs to somebody else", "was not made by hsm", "is no folder"],
        Blame::Config,
        "not-ours",
        "a folder on `{host}` cannot be used",
        "choose another `remote_root` for `{name}`, or remove that folder over there",
    ),
    (
        &["cannot be a folder of hsm", "is not absolute", "has a variable other than"],
        Blame::Config,
        "bad-remote-root",
        "the `remote_root` of `{name}` cannot be used",
        "give an absolute path, or one that begins with `~`, `$HOME` or holds `$USER`",
    ),
    (
        &["rsync: command not found", "rsync: not found", "exec: rsync", "rsync: no such file"],
        Blame::Config,
        "no-rsync",
        "there is no rsync on `{host}`, and files travel by it",
        "have rsync installed over there; no other program is needed",
    ),
    (
        &["permission denied"],
        Blame::Config,
        "no-access",
        "a folder on `{host}` may not be written",
        "choose another `remote_root` for `{name}`",
    ),
    (
        &["connection closed", "connection reset", "broken pipe", "lost connection", "control socket"],
        Blame::Transient,
        "unreachable",
        "the connection to `{host}` was lost",
        "hsm connects again by itself; `ssh {host}` shows whether it can",
    ),
];

/// What ssh's complaint comes to, when it ended without a session.
pub(crate) fn of_ssh(complaint: &str, target: &Target, agent: Option<&Path>) -> Failure {
    let failure = of_text(complaint, target, |_| true).unwrap_or_else(|| {
        unknown(complaint, "ssh-failed", format!("ssh has no connection to `{}`", target.host))
    });
    match agent {
        Some(socket) if failure.code == "needs-you" && !agent_answers(socket) => stale_agent(failure, socket),
        _ => failure,
    }
}

/// What a complaint of the far side comes to, when it could not do `what`.
pub(crate) fn of_far_side(what: &str, complaint: &str, target: &Target) -> Failure {
    let of_files = |code: &str| {
        matches!(code, "no-bash" | "disk-full" | "not-ours" | "bad-remote-root" | "no-rsync" | "no-access")
    };
    let message = format!("`{}` could not {what}", target.host);
    of_text(complaint, target, of_files).unwrap_or_else(|| unknown(complaint, "far-side-failed", message))
}

/// What rsync's complaint comes to, when it could not do `what`: that of the far side or of the connection stands among rsync's own.
pub(crate) fn of_rsync(what: &str, complaint: &str, target: &Target) -> Failure {
    let message = format!("rsync could not {what} (`{}`)", target.host);
    of_text(complaint, target, |code| code != "needs-you")
        .unwrap_or_else(|| unknown(complaint, "rsync-failed", message))
}

/// Nothing came in time. Where an agent is stuck, ssh waits for it rather than for the network.
pub(crate) fn no_answer(target: &Target, seconds: u64, agent: Option<&Path>) -> Failure {
    let message = format!("`{}` did not answer within {seconds} s", target.host);
    let failure = Failure::new(Blame::Transient, "timed-out", message)
        .with_hint(format!("`ssh {}` shows where it hangs", target.host));
    match agent {
        Some(socket) if !agent_answers(socket) => stale_agent(failure, socket),
        _ => failure,
    }
}

/// The system refused to let ssh or rsync run here.
pub(crate) fn not_started(program: &str, error: &std::io::Error) -> Failure {
    Failure::new(Blame::Config, "no-program", format!("`{program}` could not be started here: {error}"))
        .with_hint(format!("is `{program}` installed, and on the `PATH` of this machine?"))
}

fn of_text(complaint: &str, target: &Target, wanted: impl Fn(&str) -> bool) -> Option<Failure> {
    let lower = complaint.to_lowercase();
    let known =
        KNOWN.iter().find(|known| wanted(known.2) && known.0.iter().any(|words| lower.contains(words)))?;
    let (words, blame, code, message, hint) = known;
    let filled = |text: &str| text.replace("{host}", &target.host).replace("{name}", &target.name);
    let line = complaint.lines().find(|line| words.iter().any(|words| line.to_lowercase().contains(words)));
    let line = line.unwrap_or_default().trim();
    Some(Failure::new(*blame, *code, format!("{} ({line})", filled(message))).with_hint(filled(hint)))
}

fn unknown(complaint: &str, code: &str, message: String) -> Failure {
    let lines: Vec<&str> = complaint.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let said = lines[lines.len().saturating_sub(3)..].join("; ");
    let said = if said.is_empty() { "nothing was said about why".to_owned() } else { said };
    Failure::new(Blame::Transient, code, format!("{message}: {said}"))
}

fn stale_agent(failure: Failure, socket: &Path) -> Failure {
    let message = format!("{}; the ssh agent at `{}` does not answer", failure.message, socket.display());
    Failure::new(failure.blame, failure.code, message)
        .with_hint("start an agent anew (`eval \"$(ssh-agent)\"; ssh-add`), or unset `SSH_AUTH_SOCK`")
}

/// Whether an agent lists its keys: a forwarded one whose connection is gone takes the question and stays silent.
fn agent_answers(socket: &Path) -> bool {
    // A message of one byte: what identities are there?
    const QUESTION: [u8; 5] = [0, 0, 0, 1, 11];
    let ask = || {
        let mut stream = UnixStream::connect(socket)?;
        stream.set_read_timeout(Some(AGENT_LIMIT))?;
        stream.set_write_timeout(Some(AGENT_LIMIT))?;
        stream.write_all(&QUESTION)?;
        stream.read_exact(&mut [0; 5])
    };
    ask().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::net::UnixListener;

    fn code(complaint: &str) -> String {
        of_ssh(complaint, &Target::new("box", "box"), None).code
    }

    #[test]
    fn complaints_are_told_apart() {
        for (complaint, expected) in [
            ("ssh: Could not resolve hostname bxo: Name or service not known", "unknown-host"),
            ("ssh: Could not resolve hostname box: Temporary failure in name resolution", "unreachable"),
            ("me@box: Permission denied (publickey).", "needs-you"),
            ("me@box: Permission denied (password,keyboard-interactive).", "needs-you"),
            (
                "@@@\n@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @\nHost key verification failed.",
                "host-key-changed",
            ),
            (
                "No ED25519 host key is known for box and you have requested strict checking.\nHost key verification failed.",
                "needs-you",
            ),
            ("ssh: connect to host box port 22: Connection refused", "refused"),
            (
                "Connection timed out during banner exchange\nConnection to 10.0.0.1 port 22 timed out",
                "timed-out",
            ),
            ("ssh: connect to host box port 22: Connection timed out", "unreachable"),
            ("ssh: connect to host box port 22: No route to host", "unreachable"),
            (
                "mux_client_request_session: session request failed: Session open refused by peer\nConnection closed by UNKNOWN port 65535",
                "too-many-sessions",
            ),
            ("/root/.ssh/config: line 3: Bad configuration option: hostnam", "bad-ssh-config"),
            ("sh: 1: exec: bash: not found", "no-bash"),
            ("bash: Command not found.", "no-bash"),
            ("Connection closed by UNKNOWN port 65535", "unreachable"),
            ("something new", "ssh-failed"),
            ("", "ssh-failed"),
        ] {
            assert_eq!(code(complaint), expected, "{complaint}");
        }
    }

    #[test]
    fn every_complaint_says_what_to_do() {
        let failure = of_ssh("me@box: Permission denied (password).", &Target::new("box", "box"), None);
        assert!(failure.message.contains("asks for a password"), "{failure}");
        for (_, _, code, message, hint) in KNOWN {
            assert!(!hint.is_empty() && !message.ends_with('.') && !hint.ends_with('.'), "{code}");
        }
    }

    #[test]
    fn a_full_disk_is_no_matter_of_keys() {
        let target = Target::new("box", "box");
        let of = |complaint| of_far_side("make a folder", complaint, &target).code;
        assert_eq!(of("mkdir: cannot create directory '/x': Permission denied"), "no-access");
        assert_eq!(of("cat: write error: No space left on device"), "disk-full");
        assert_eq!(of("the folder /x is a symbolic link"), "not-ours");
        assert_eq!(of("Connection closed"), "far-side-failed");
    }

    #[test]
    fn an_agent_that_is_silent_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("agent");
        // Nobody ever accepts: the connection stands, and no answer comes.
        let _listener = UnixListener::bind(&socket).unwrap();
        let target = Target::new("box", "box");
        let failure = no_answer(&target, 20, Some(&socket));
        assert!(failure.message.contains("the ssh agent at"), "{failure}");
        let gone = folder.path().join("gone");
        let failure = of_ssh("me@box: Permission denied (publickey).", &target, Some(&gone));
        assert!(failure.message.contains("does not answer"), "{failure}");
    }
}
