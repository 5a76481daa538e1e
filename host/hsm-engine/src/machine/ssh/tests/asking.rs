//! Questions and answers.

use super::world::World;
use hsm_core::scheduler::{Command, Ending};
use std::fs;
use std::time::{Duration, Instant};

fn sh(lines: &str) -> Command {
    Command::new("bash").args(["-c", lines])
}

#[test]
fn a_command_says_what_it_says() {
    let world = World::new();
    world.write("noise", "Welcome!\nLast login: never\n");
    let mut link = world.link();
    let said = link.exchange(&sh("printf 'a\\0b\\n\\n'; echo wrong >&2; exit 3"), false).unwrap();
    assert_eq!((said.ending, said.exit_code), (Ending::Exited, Some(3)));
    assert_eq!(
        (said.stdout.as_slice(), said.stderr.as_slice()),
        (b"a\0b\n\n".as_slice(), b"wrong".as_slice())
    );
    let odd = ["", "it's", "a  b", "$(date)", "x\ny", "\u{1f642}", "-n", "\\"];
    let command = Command::new("printf").args(["%s|"]).args(odd);
    assert_eq!(link.exchange(&command, false).unwrap().stdout, (odd.join("|") + "|").into_bytes());
    assert_eq!(world.calls(), (1, 1), "one connection and one session serve everything");
}

#[test]
fn input_is_handed_over_and_nothing_else_is_read() {
    let world = World::new();
    let mut link = world.link();
    let mut command = Command::new("cat");
    command.stdin = Some("#!/bin/bash\n$HOME 'x'\n".into());
    assert_eq!(link.exchange(&command, true).unwrap().stdout, b"#!/bin/bash\n$HOME 'x'\n");
    assert_eq!(link.exchange(&Command::new("cat"), true).unwrap().stdout, b"");
    let mut unread = Command::new("true");
    unread.stdin = Some("x".repeat(300_000));
    assert_eq!(link.exchange(&unread, true).unwrap().exit_code, Some(0));
    assert_eq!(link.exchange(&sh("echo after"), true).unwrap().stdout, b"after\n");
}

#[test]
fn much_is_said_at_once() {
    let world = World::new();
    let mut link = world.link();
    let mut command = Command::new("cat");
    command.stdin = Some("0123456789".repeat(20_000));
    assert_eq!(link.exchange(&command, false).unwrap().stdout.len(), 200_000);
}

#[test]
fn what_is_read_is_in_the_language_of_c_and_what_hands_in_is_not() {
    let world = World::new();
    world.write("language", "");
    let mut link = world.link();
    let ask = sh("echo \"${LC_ALL-none} ${TZ-none}\"");
    assert_eq!(link.exchange(&ask, false).unwrap().stdout, b"C UTC\n");
    let own = String::from_utf8(link.exchange(&ask, true).unwrap().stdout).unwrap();
    assert!(own.starts_with("C.UTF-8 ") && !own.contains("UTC"), "{own}");
    fs::remove_file(world.path("language")).unwrap();
    let own = world.link().exchange(&ask, true).unwrap().stdout;
    assert!(own.starts_with(b"none "), "{}", String::from_utf8_lossy(&own));
}

#[test]
fn a_command_has_only_its_time() {
    let world = World::new();
    let mut link = world.link();
    let mut command = sh("echo begun; exec sleep 60");
    command.timeout_ms = 900;
    let began = Instant::now();
    let said = link.exchange(&command, false).unwrap();
    assert_eq!(
        (said.ending, said.exit_code, said.stdout.as_slice()),
        (Ending::TimedOut, None, b"begun\n".as_slice())
    );
    assert!(began.elapsed() < Duration::from_secs(5));
    let said = link.exchange(&sh("exit 124"), false).unwrap();
    assert_eq!((said.ending, said.exit_code), (Ending::Exited, Some(124)), "its own code is its own");
    assert_eq!(world.calls(), (1, 1), "the session went on");
}

#[test]
fn a_program_that_is_not_there_was_not_started() {
    let world = World::new();
    let said = world.link().exchange(&Command::new("squeue-of-nowhere"), false).unwrap();
    assert_eq!((said.ending, said.exit_code), (Ending::NotStarted, None));
    assert_eq!(String::from_utf8_lossy(&said.stderr), "there is no program `squeue-of-nowhere` on `box`");
}

#[test]
fn a_session_that_dies_under_a_command_leaves_it_unknown() {
    let world = World::new();
    let mut link = world.link();
    let mut kill = sh(&format!("kill -9 $(cat '{}'); sleep 60", world.path("shell").display()));
    kill.timeout_ms = 1000;
    let said = link.exchange(&kill, true).unwrap();
    assert_eq!((said.ending, said.exit_code), (Ending::TimedOut, None));
    assert_eq!(
        link.exchange(&sh("echo again"), false).unwrap().stdout,
        b"again\n",
        "the next one has a new session"
    );
    assert_eq!(world.calls(), (1, 2));
}

#[test]
fn a_command_that_was_never_sent_is_a_failure() {
    let world = World::new();
    for (trouble, code) in [
        ("ssh: connect to host box port 22: Connection refused", "refused"),
        ("me@box: Permission denied (publickey).", "needs-you"),
        ("ssh: Could not resolve hostname box: Name or service not known", "unknown-host"),
    ] {
        world.write("trouble", trouble);
        let failure = world.link().exchange(&sh("true"), true).unwrap_err();
        assert_eq!(failure.code, code);
        assert!(failure.message.contains("`box`") && failure.hint.is_some(), "{failure:?}");
    }
    let calls = world.calls();
    assert_eq!(calls, (3, 0), "nothing is tried twice, and there is no session without a connection");
}

#[test]
fn a_master_of_the_users_own_is_used() {
    let world = World::new();
    world.write("own-master", "");
    world.write("configured", world.path("own-master").to_str().unwrap());
    assert_eq!(world.link().exchange(&sh("echo yes"), false).unwrap().stdout, b"yes\n");
    assert_eq!(world.calls(), (0, 1));
}

#[test]
fn a_second_process_uses_the_same_connection() {
    let world = World::new();
    for _ in 0..2 {
        assert_eq!(world.link().exchange(&sh("echo yes"), false).unwrap().stdout, b"yes\n");
    }
    assert_eq!(world.calls(), (1, 2));
}

#[test]
fn what_a_command_leaves_running_disturbs_nobody() {
    let world = World::new();
    let mut link = world.link();
    let said = link.exchange(&sh("(sleep 0.2; echo late) 2>/dev/null & echo early"), false).unwrap();
    assert_eq!(said.stdout, b"early\n");
    let said = link.exchange(&sh("sleep 0.5"), false).unwrap();
    assert!(said.stdout.is_empty() || said.stdout == b"late\n");
    assert_eq!(link.exchange(&sh("echo on"), false).unwrap().stdout, b"on\n");
}

#[test]
fn a_machine_that_wants_its_user_is_left_in_peace_until_there_is_a_connection() {
    let world = World::new();
    let mut link = world.link();
    world.write("trouble", "me@box: Permission denied (publickey).");
    for _ in 0..3 {
        assert_eq!(link.connect().unwrap_err().code, "needs-you");
    }
    assert_eq!(world.calls().0, 1, "it was asked once");
    // The user opens a connection from somewhere else.
    fs::remove_file(world.path("trouble")).unwrap();
    world.link().connect().unwrap();
    assert!(link.connect().is_ok());
    assert_eq!(world.calls().0, 2);
}
