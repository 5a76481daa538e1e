//! Recorded queues and accounts, and what they say about jobs.

use super::*;
use crate::scheduler::testing::{exited, job, lead, site, timed_out};

/// Slurm 22.05: exit codes are wait statuses.
const QUEUE_22_05: &str = "\
1_5                             |FAILED       |1280  |2026-11-22T22:03:25|n2        |NonZeroExitCode                 |x.abcdefghij  |
1_0                             |COMPLETED    |0     |2026-11-22T22:03:25|n1        |None                            |x.abcdefghij  |
1_[14-16%5]                     |PENDING      |0     |2026-11-22T22:03:25|          |JobArrayTaskLimit               |x.abcdefghij  |
1_10                            |RUNNING      |0     |2026-11-22T22:03:25|n1        |None                            |x.abcdefghij  |
45                              |COMPLETED    |0     |2026-11-22T22:08:51|n1        |None                            |ok.sh         |
48                              |PENDING      |0     |2026-11-22T22:08:51|          |PartitionTimeLimit              |j.sh          |
47                              |PENDING      |0     |2026-11-22T22:08:51|          |JobHeldUser                     |j.sh          |
";

/// Slurm 24.11: exit codes have two parts.
const QUEUE_24_11: &str = "\
1_0                             |COMPLETED    |0:0   |2026-11-22T22:11:22|n1        |None                            |s.abcdefghij  |
1_3                             |COMPLETING   |0:0   |2026-11-22T22:11:22|n1        |None                            |s.abcdefghij  |
1_1                             |FAILED       |1:0   |2026-11-22T22:11:22|n1        |NonZeroExitCode                 |s.abcdefghij  |
1_2                             |FAILED       |0:9   |2026-11-22T22:11:22|n1        |RaisedSignal:9(Killed)          |s.abcdefghij  |
1_[6,8,10,12,14,16,18,20,22,24,                                                      |PENDING      |0:0   |2026-11-22T22:11:22|          |JobArrayTaskLimit               |s.abcdefghij  |
3                               |PENDING      |0:0   |2026-11-22T22:11:22|          |PartitionTimeLimit              |j.sh          |
";

const ACCOUNTS: &str = "\
7_0|COMPLETED|0:0|2026-11-22T22:13:05|n1|x.abcdefghij
7_1|OUT_OF_MEMORY|0:125|2026-11-22T22:13:05|n1|x.abcdefghij
7_2|TIMEOUT|0:15|2026-11-22T22:13:05|n2|x.abcdefghij
7_3|CANCELLED by 0|0:15|2026-11-22T22:13:05|n2|x.abcdefghij
7_4|CANCELLED by 0|143:0|2026-11-22T22:13:05|n2|x.abcdefghij
7_5|NODE_FAIL|0:0|2026-11-22T22:13:05|n2|x.abcdefghij
7_[6-7%1]|CANCELLED by 0|0:0|2026-11-22T22:13:05|None assigned|x.abcdefghij
";

const OFF: &str = "Slurm accounting storage is disabled\n";

const NO_SUCH: &str = "slurm_load_jobs error: Invalid job id specified\n";

/// The commands, and each sighting as `job[index] state …`.
fn seen(jobs: &[Job], replies: &[Exchange]) -> (Vec<String>, Vec<String>) {
    let (commands, answer) = lead(replies, |so_far| observe(&Config::default(), &site(), jobs, so_far));
    (commands, answer.unwrap().iter().map(line).collect())
}

fn line(sighting: &Sighting) -> String {
    let index = sighting.index.map(|index| format!("[{index}]")).unwrap_or_default();
    let mut text = format!("{}{index} {:?}", sighting.job, sighting.state).to_lowercase();
    for (name, value) in [
        ("exit", sighting.exit_code.map(|code| code.to_string())),
        ("signal", sighting.signal.map(|signal| signal.to_string())),
        ("class", sighting.class.clone()),
        ("on", sighting.node.clone()),
        ("because", sighting.reason.clone()),
    ] {
        if let Some(value) = value {
            text.push_str(&format!(" {name} {value}"));
        }
    }
    text
}

#[test]
fn one_query_for_all_jobs() {
    let jobs = [job("1", 17), job("45", 1), job("47", 1), job("48", 1)];
    let (commands, lines) = seen(&jobs, &[exited(0, QUEUE_22_05, "")]);
    assert_eq!(commands.len(), 1);
    assert!(
        commands[0]
            .starts_with("squeue --noheader --all --states=all --jobs=1,45,47,48 --Format=JobArrayID:"),
        "{commands:?}"
    );
    assert_eq!(
        lines,
        [
            "1[5] failed exit 5 on n2 because FAILED (NonZeroExitCode)",
            "1[0] completed exit 0 on n1 because COMPLETED",
            "1[14] queued because PENDING (JobArrayTaskLimit)",
            "1[15] queued because PENDING (JobArrayTaskLimit)",
            "1[16] queued because PENDING (JobArrayTaskLimit)",
            "1[10] running on n1 because RUNNING",
            "45 completed exit 0 on n1 because COMPLETED",
            "48 queued class impossible because PENDING (PartitionTimeLimit)",
            "47 held because PENDING (JobHeldUser)",
        ]
    );
}

#[test]
fn only_what_was_asked_is_answered() {
    let some = Job { only: vec![0, 15], ..job("1", 17) };
    let (_, lines) = seen(&[some], &[exited(0, QUEUE_22_05, "")]);
    assert_eq!(
        lines,
        ["1[0] completed exit 0 on n1 because COMPLETED", "1[15] queued because PENDING (JobArrayTaskLimit)"]
    );
    // Elements beyond the job's own are nobody's.
    let (_, lines) = seen(&[job("1", 5)], &[exited(0, QUEUE_22_05, "")]);
    assert_eq!(lines.len(), 1);
}

#[test]
fn names_and_times_tell_a_job_from_another_with_its_id() {
    let asked = [job("45", 1)];
    let (_, answer) =
        lead(&[exited(0, QUEUE_22_05, "")], |so_far| observe(&Config::default(), &site(), &asked, so_far));
    let sighting = answer.unwrap().remove(0);
    assert_eq!((sighting.name.as_deref(), sighting.submitted_ms), (Some("ok.sh"), Some(1_795_385_331_000)));
}

#[test]
fn lists_that_slurm_cut_are_asked_for_one_by_one() {
    let expanded = "\
1_6  |PENDING  |0:0   |2026-11-22T22:11:22|    |JobHeldUser   |s.abcdefghij  |\n\
1_8  |PENDING  |0:0   |2026-11-22T22:11:22|    |JobArrayTaskLimit   |s.abcdefghij  |\n\
1_2  |FAILED   |0:9   |2026-11-22T22:11:22|n1  |RaisedSignal:9(Killed)  |s.abcdefghij  |\n";
    let (commands, lines) =
        seen(&[job("3", 1), job("1", 61)], &[exited(0, QUEUE_24_11, ""), exited(0, expanded, "")]);
    assert!(commands[1].contains(" --array --jobs=1 "), "{commands:?}");
    assert_eq!(
        lines,
        [
            "1[6] held because PENDING (JobHeldUser)",
            "1[8] queued because PENDING (JobArrayTaskLimit)",
            "1[2] failed signal 9 on n1 because FAILED (RaisedSignal:9(Killed))",
            "1[0] completed exit 0 on n1 because COMPLETED",
            "1[3] running on n1 because COMPLETING",
            "1[1] failed exit 1 on n1 because FAILED (NonZeroExitCode)",
            "3 queued class impossible because PENDING (PartitionTimeLimit)",
        ]
    );
    let mixed = "32_[0-9]|PENDING|0|2026-11-22T22:03:25| |None,JobHeldAdmin|x|\n";
    let (commands, lines) =
        seen(&[job("32", 1)], &[exited(0, mixed, ""), exited(0, "32_0|PENDING|0|x| |JobHeldAdmin|x|\n", "")]);
    assert_eq!((commands.len(), lines), (2, vec!["32[0] held because PENDING (JobHeldAdmin)".to_owned()]));
}

#[test]
fn what_the_queue_has_forgotten_accounting_may_know() {
    let (commands, lines) =
        seen(&[job("45", 1), job("7", 8)], &[exited(0, QUEUE_22_05, ""), exited(0, ACCOUNTS, "")]);
    assert_eq!(
        commands[1],
        "sacct --noheader --allocations --parsable2 --jobs=7 --format=JobID,State,ExitCode,Submit,NodeList,JobName"
    );
    assert_eq!(
        lines[1..],
        [
            "7[0] completed exit 0 on n1 because COMPLETED",
            "7[1] failed class out-of-memory on n1 because OUT_OF_MEMORY",
            "7[2] failed signal 15 class time-limit on n2 because TIMEOUT",
            "7[3] cancelled signal 15 on n2 because CANCELLED by 0",
            "7[4] cancelled exit 143 on n2 because CANCELLED by 0",
            "7[5] failed class node-failure on n2 because NODE_FAIL",
            "7[6] cancelled because CANCELLED by 0",
            "7[7] cancelled because CANCELLED by 0",
        ]
    );
    // An element that was asked for and is not shown is looked for as well.
    let some = Job { only: vec![0, 7], ..job("1", 17) };
    let accounts = "1_7|TIMEOUT|0:15|2026-11-22T22:03:25|n2|x.abcdefghij\n1_0|FAILED|9:0|2026-11-22T22:03:25|n2|x.abcdefghij\n";
    let (_, lines) = seen(&[some], &[exited(0, QUEUE_22_05, ""), exited(0, accounts, "")]);
    assert_eq!(
        lines,
        [
            "1[0] completed exit 0 on n1 because COMPLETED",
            "1[7] failed signal 15 class time-limit on n2 because TIMEOUT"
        ]
    );
}

#[test]
fn a_job_is_gone_only_when_the_controller_says_so() {
    let off = exited(1, "", OFF);
    let asked = [job("8", 3), job("9", 3)];
    let (commands, lines) =
        seen(&asked, &[exited(0, "", ""), off.clone(), exited(1, "", NO_SUCH), timed_out("", "")]);
    assert_eq!(commands[2..], ["scontrol --oneliner show job 8", "scontrol --oneliner show job 9"]);
    assert_eq!(lines, ["8 gone because Invalid job id specified"]);
    // One unknown job alone makes the query itself fail.
    let (_, lines) = seen(&asked[..1], &[exited(1, "", NO_SUCH), exited(0, "", ""), exited(1, "", NO_SUCH)]);
    assert_eq!(lines, ["8 gone because Invalid job id specified"]);
    let many: Vec<Job> = (100..120).map(|id| job(&id.to_string(), 1)).collect();
    let mut replies = vec![exited(0, "", ""), off];
    replies.extend(std::iter::repeat_n(exited(1, "", NO_SUCH), ASKED_ALONE_MAX));
    assert_eq!(seen(&many, &replies).1.len(), ASKED_ALONE_MAX);
}

#[test]
fn failing_queries_say_nothing() {
    let ask = |replies: &[Exchange]| {
        lead(replies, |so_far| observe(&Config::default(), &site(), &[job("8", 3)], so_far)).1
    };
    for reply in [
        timed_out("", ""),
        exited(1, "", "slurm_load_jobs error: Unable to contact slurm controller (connect failure)\n"),
    ] {
        assert_eq!(ask(&[reply]).unwrap_err().code, "no-answer");
    }
    // Accounting that fails may know how the job ended, and knows it still when it answers again.
    let failing = exited(1, "", "sacct: error: slurm_persist_conn_open_without_init: failed\n");
    assert_eq!(ask(&[exited(0, "", ""), failing]).unwrap_err().code, "no-answer");
    // A list that the host cut off may have had the job.
    let cut = Exchange { truncated: true, ..exited(0, "9|RUNNING|0|x|n1|None|y|\n", "") };
    assert_eq!(ask(&[cut]).unwrap_err().code, "cut-off");
    // Elements of a list that Slurm cut are known from the longer list, or not at all.
    let cut = exited(0, "8_[0,2,4,|PENDING|0|x||Priority|y|\n", "");
    assert_eq!(ask(&[cut, timed_out("", "")]).unwrap_err().code, "no-answer");
    assert_eq!(observe(&Config::default(), &site(), &[], &[]), Ok(Step::Done(vec![])));
}

#[test]
fn lines_of_others_are_no_lines() {
    let text = format!("CLUSTER: alpha\nhello | world\n1_0|HIBERNATING|0|x|n1|None|y|\n{QUEUE_22_05}");
    let (_, lines) = seen(&[job("45", 1)], &[exited(0, &text, "")]);
    assert_eq!(lines.len(), 1);
    // A state of a later release: the job is there, and nothing else is known.
    let later = [exited(0, "9|HIBERNATING|0|x|n1|None|y|\n", "")];
    assert_eq!(seen(&[job("9", 1)], &later).1, ["9 running on n1 because HIBERNATING"]);
}
