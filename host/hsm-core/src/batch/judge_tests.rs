//! What follows from a task's own record and the scheduler's word, for every pair of them that has a meaning of its own.

use super::*;

const PATIENCE: Patience =
    Patience { reason_ms: 30_000, record_ms: 10_000, vanished_ms: 120_000, silence_ms: 600_000 };

fn claimed() -> Clue {
    Clue { claim: Some(Claim { task: 4, node: Some("n1".into()), job: "7_3".into(), at_ms: 5 }), end: None }
}

fn ended(code: i32, signal: i32, asked: Asked) -> Clue {
    let end = EndRecord { code, signal, asked, stage: Stage::Program, began_ms: 5, ended_ms: 9 };
    Clue { end: Some(end), ..claimed() }
}

/// By itself, with an exit code or by a signal.
fn exited(code: i32) -> Clue {
    ended(code, 0, Asked::Nothing)
}

fn signalled(signal: i32) -> Clue {
    ended(128 + signal, signal, Asked::Nothing)
}

/// After the script was asked to end.
fn asked_to(signal: i32) -> Clue {
    ended(128 + signal, signal, Asked::ToEnd)
}

fn sighting(state: JobState, class: Option<&str>) -> Sighting {
    Sighting {
        job: "7".into(),
        index: Some(3),
        state,
        exit_code: None,
        signal: None,
        class: class.map(str::to_owned),
        reason: Some("Word".into()),
        name: None,
        submitted_ms: None,
        node: None,
    }
}

/// The scheduler says that the element runs, and was heard after the record was seen.
fn runs() -> JobWord {
    JobWord { heard: true, ..JobWord::default() }
}

/// It has said for so long that the element is over.
fn over(state: JobState, class: Option<&str>, over_ms: u64) -> JobWord {
    JobWord { last: Some(sighting(state, class)), over_ms: Some(over_ms), ..runs() }
}

/// It answers without naming the element.
fn silent(over_ms: u64) -> JobWord {
    JobWord { over_ms: Some(over_ms), ..runs() }
}

/// It waited, and is not named any more.
fn left_queue(over_ms: u64) -> JobWord {
    JobWord { left_queue: true, ..silent(over_ms) }
}

fn recorded(recorded_ms: u64, word: JobWord) -> JobWord {
    JobWord { recorded_ms, ..word }
}

/// What follows, in few words.
fn verdict(clue: &Clue, word: &JobWord, cancelled: bool) -> String {
    match judge(clue, word, cancelled, Some(60), PATIENCE) {
        Judgement::Wait => "wait".to_owned(),
        Judgement::Running => "running".to_owned(),
        Judgement::Ended(ending) => format!("{}: {ending}", ending.state()),
        Judgement::Unclaimed(fate, why) => format!("{fate:?}: {why}"),
    }
}

fn check(rows: &[(Clue, JobWord, bool, &str)]) {
    for (number, (clue, word, cancelled, expected)) in rows.iter().enumerate() {
        assert_eq!(verdict(clue, word, *cancelled), *expected, "row {number}: {clue:?} {word:?} {cancelled}");
    }
}

use JobState::{Cancelled, Completed, Failed, Gone};

#[test]
fn a_record_decides_its_own_task_whatever_the_scheduler_says() {
    check(&[
        (exited(0), runs(), false, "completed: exit code 0"),
        (exited(0), over(Failed, Some("time-limit"), 0), false, "completed: exit code 0"),
        (exited(0), over(Cancelled, None, 0), true, "completed: exit code 0"),
        (exited(0), over(Gone, None, 0), false, "completed: exit code 0"),
        (exited(3), runs(), false, "failed: exit code 3"),
        (exited(3), over(Completed, None, 0), false, "failed: exit code 3"),
        (exited(3), over(Failed, Some("time-limit"), 0), false, "failed: exit code 3"),
        (exited(143), runs(), false, "failed: exit code 143"),
        (signalled(11), runs(), false, "failed: signal 11 (SIGSEGV)"),
        (signalled(15), over(Cancelled, None, 0), false, "failed: signal 15 (SIGTERM)"),
        (ended(0, 0, Asked::ToEnd), over(Failed, Some("time-limit"), 0), true, "completed: exit code 0"),
    ]);
}

#[test]
fn why_a_task_was_stopped_is_the_schedulers_to_say() {
    check(&[
        (
            asked_to(15),
            over(Failed, Some("time-limit"), 0),
            false,
            "failed: timeout: ran longer than its walltime of 60 s",
        ),
        (asked_to(15), over(Failed, Some("preempted"), 0), false, "failed: preempted: Word"),
        (asked_to(15), over(Cancelled, None, 0), false, "cancelled: cancelled"),
        (asked_to(15), runs(), true, "cancelled: cancelled"),
        (asked_to(9), over(Failed, Some("out-of-memory"), 0), false, "failed: out of memory: Word"),
        (signalled(9), over(Failed, Some("out-of-memory"), 0), false, "failed: out of memory: Word"),
        (signalled(9), over(Failed, None, 0), false, "running"),
        (signalled(9), over(Failed, None, 10_000), false, "failed: signal 9 (SIGKILL)"),
        // The node is there: it wrote the record.
        (asked_to(15), over(Failed, Some("node-failure"), 0), false, "failed: signal 15 (SIGTERM)"),
    ]);
}

#[test]
fn the_schedulers_reason_is_waited_for_as_long_as_it_can_come() {
    let in_a_pack = |recorded_ms, asked| {
        let word = JobWord { goes_on: true, recorded_ms, ..runs() };
        verdict(&ended(137, 9, asked), &word, false)
    };
    check(&[
        (asked_to(15), recorded(29_999, runs()), false, "running"),
        (asked_to(15), recorded(30_000, runs()), false, "failed: signal 15 (SIGTERM)"),
        (asked_to(15), over(Gone, None, 9_999), false, "running"),
        (asked_to(15), over(Gone, None, 10_000), false, "failed: signal 15 (SIGTERM)"),
        (asked_to(15), recorded(599_999, JobWord::default()), false, "running"),
        (asked_to(15), recorded(600_000, JobWord::default()), false, "failed: signal 15 (SIGTERM)"),
    ]);
    // The job goes on, so what the scheduler says in the end is about other tasks.
    assert_eq!(in_a_pack(0, Asked::Nothing), "failed: signal 9 (SIGKILL)");
    assert_eq!(in_a_pack(0, Asked::ToEnd), "running");
}

#[test]
fn a_claim_without_a_record_runs_until_somebody_says_that_it_does_not() {
    let node_failed = "unknown: node failure: Word";
    let again = JobWord {
        last: Some(Sighting { exit_code: Some(75), ..sighting(Failed, None) }),
        over_ms: Some(10_000),
        ..runs()
    };
    check(&[
        (claimed(), runs(), false, "running"),
        (claimed(), JobWord::default(), true, "running"),
        (claimed(), over(Failed, Some("time-limit"), 9_999), false, "running"),
        (
            claimed(),
            over(Failed, Some("time-limit"), 10_000),
            false,
            "failed: timeout: ran longer than its walltime of 60 s",
        ),
        (claimed(), over(Failed, Some("node-failure"), 10_000), false, node_failed),
        (claimed(), over(Cancelled, None, 10_000), false, "cancelled: cancelled"),
        (claimed(), over(Completed, None, 10_000), true, "cancelled: cancelled"),
        (
            claimed(),
            again,
            false,
            "unknown: node failure: it began on n1, and the scheduler started its job again; \
             the scheduler says of job 7: Word, exit code 75",
        ),
    ]);
}

#[test]
fn a_script_that_a_signal_ended_leaves_no_record_and_no_doubt() {
    let by = |signal, state, class, over_ms| {
        let last = Sighting { signal: Some(signal), ..sighting(state, class) };
        JobWord { last: Some(last), over_ms: Some(over_ms), ..runs() }
    };
    let vanished = "unknown: vanished: it began on n1 and left no record of its end; \
                    the scheduler says of job 7: Word, signal 0";
    check(&[
        (claimed(), by(9, Failed, None, 9_999), false, "running"),
        (claimed(), by(9, Failed, None, 10_000), false, "failed: signal 9 (SIGKILL)"),
        (claimed(), by(9, Failed, None, 10_000), true, "cancelled: cancelled"),
        (
            claimed(),
            by(9, Failed, Some("node-failure"), 10_000),
            false,
            "unknown: node failure: Word, signal 9",
        ),
        (claimed(), by(9, Gone, None, 119_999), false, "running"),
        (claimed(), by(0, Failed, None, 119_999), false, "running"),
        (claimed(), by(0, Failed, None, 120_000), false, vanished),
        // The record has its own signal, and nothing began where there is no claim.
        (signalled(11), by(9, Failed, None, 10_000), false, "failed: signal 11 (SIGSEGV)"),
        (Clue::default(), by(9, Failed, None, 119_999), false, "wait"),
    ]);
}

#[test]
fn absence_is_no_answer_for_two_minutes() {
    check(&[
        (claimed(), over(Completed, None, 119_999), false, "running"),
        (
            claimed(),
            over(Completed, None, 120_000),
            false,
            "unknown: vanished: it began on n1 and left no record of its end; the scheduler says of job 7: Word",
        ),
        (claimed(), over(Gone, None, 119_999), false, "running"),
        (
            claimed(),
            over(Gone, None, 120_000),
            false,
            "unknown: vanished: it began on n1 and left no record of its end; the scheduler knows no job 7 any more",
        ),
        (
            claimed(),
            silent(120_000),
            false,
            "unknown: vanished: it began on n1 and left no record of its end; the scheduler shows nothing of it",
        ),
        (Clue::default(), silent(119_999), false, "wait"),
        (
            Clue::default(),
            silent(120_000),
            false,
            "Unsent: its job did not run it: the scheduler shows nothing of it",
        ),
        (Clue::default(), over(Failed, None, 119_999), false, "wait"),
        (
            Clue::default(),
            over(Failed, None, 120_000),
            false,
            "Unsent: its job did not run it: the scheduler says of job 7: Word",
        ),
    ]);
}

#[test]
fn what_a_job_did_not_come_to_is_not_sent_or_cancelled() {
    check(&[
        (Clue::default(), runs(), true, "wait"),
        (Clue::default(), over(Cancelled, None, 0), false, "Cancelled: cancelled"),
        (Clue::default(), over(Completed, None, 0), true, "Cancelled: cancelled"),
        (Clue::default(), left_queue(9_999), false, "wait"),
        (Clue::default(), left_queue(10_000), false, "Cancelled: it was taken out of the scheduler's queue"),
        // A claim says that it did begin, whatever the queue shows.
        (claimed(), left_queue(10_000), false, "running"),
        (
            Clue::default(),
            over(Failed, Some("time-limit"), 0),
            false,
            "Unsent: its job ended before its turn (timeout: ran longer than its walltime of 60 s)",
        ),
        (
            Clue::default(),
            over(Failed, Some("node-failure"), 0),
            false,
            "Unsent: its job ended before its turn (node failure: Word)",
        ),
    ]);
}

#[test]
fn a_preparation_that_fails_is_no_failure_of_the_program() {
    let end = EndRecord {
        code: 1,
        signal: 0,
        asked: Asked::Nothing,
        stage: Stage::Setup,
        began_ms: 5,
        ended_ms: 9,
    };
    let clue = Clue { end: Some(end), ..claimed() };
    let expected = "failed: not started: what comes before the program failed on n1 with exit code 1";
    check(&[(clue, runs(), false, expected)]);
}
