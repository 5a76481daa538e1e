//! Recordings of OpenPBS 23.06.06, and what they say about jobs.

use super::*;
use crate::scheduler::testing::{exited, job, lead, site, timed_out};

/// A single job that failed, as it was printed.
const ENDED: &str = r#"{
	"timestamp":	1795354647,
	"pbs_version":	"23.06.06",
	"pbs_server":	"pbs1",
	"Jobs":	{
		"11.pbs1":	{
			"Job_Name":	"demo",
			"Job_Owner":	"labu@pbs1",
			"resources_used":	{
				"cput":	"00:00:00",
				"mem":	"4632kb",
				"walltime":	"00:00:00"
			},
			"job_state":	"F",
			"queue":	"workq",
			"ctime":	"Sun Nov 22 13:37:11 2026",
			"depend":	"beforeok:17.pbs1@pbs1",
			"exec_host":	"pbs1/0",
			"stime":	"Sun Nov 22 13:37:21 2026",
			"substate":	93,
			"comment":	"Job run at Sun Nov 22 at 13:37 on (pbs1:ncpus=1) and failed",
			"run_count":	1,
			"Exit_status":	3
		}
	}
}
"#;

/// An array whose first elements ended, whose next ones run, and some of which were deleted.
const ARRAY: &str = r#"{"timestamp": 1795354634, "pbs_version": "23.06.06", "pbs_server": "pbs1", "Jobs": {
	"23[].pbs1": {"job_state": "B", "Job_Name": "arr", "array": "True", "array_state_count": "Queued:1 Running:1 Exiting:0 Expired:2", "array_indices_remaining": "3"},
	"23[0].pbs1": {"job_state": "X", "Job_Name": "arr", "substate": 92, "Exit_status": 0, "array_index": 0},
	"23[1].pbs1": {"job_state": "R", "Job_Name": "arr", "substate": 42, "exec_host": "pbs1/2"},
	"23[2].pbs1": {"job_state": "X", "Job_Name": "arr", "substate": 91, "Exit_status": 1},
	"23[3].pbs1": {"job_state": "Q", "Job_Name": "arr", "substate": 10}}}"#;

fn seen(jobs: &[Job], replies: &[Exchange]) -> (Vec<String>, Vec<String>) {
    let (commands, answer) = lead(replies, |so_far| observe(&site(), jobs, so_far));
    let line = |seen: &Sighting| {
        let index = seen.index.map(|index| format!("[{index}]")).unwrap_or_default();
        format!(
            "{}{index} {:?} {:?} on {:?}",
            seen.job,
            seen.state,
            seen.exit_code,
            seen.node.as_deref().unwrap_or("")
        )
    };
    (commands, answer.unwrap().iter().map(line).collect())
}

#[test]
fn one_query_for_all_jobs() {
    let (commands, lines) = seen(&[job("11.pbs1", 1), job("23[].pbs1", 4)], &[exited(0, ENDED, "")]);
    assert_eq!(commands, ["qstat -x -f -F json -t 11.pbs1 23[].pbs1"]);
    assert_eq!(lines, ["11.pbs1 Failed Some(3) on \"pbs1\""]);
    let (_, lines) = seen(&[job("23[].pbs1", 4)], &[exited(0, ARRAY, "")]);
    assert_eq!(
        lines,
        [
            "23[].pbs1 Running None on \"\"",
            "23[].pbs1[0] Completed Some(0) on \"\"",
            "23[].pbs1[1] Running None on \"pbs1\"",
            "23[].pbs1[2] Cancelled None on \"\"",
            "23[].pbs1[3] Queued None on \"\"",
        ]
    );
    let some = Job { only: vec![3, 9], ..job("23[].pbs1", 4) };
    assert_eq!(seen(&[some], &[exited(0, ARRAY, "")]).1[1..], ["23[].pbs1[3] Queued None on \"\""]);
    assert_eq!(seen(&[job("24[].pbs1", 4)], &[exited(0, ARRAY, "")]).1, Vec::<String>::new());
}

#[test]
fn unknown_ids_are_gone_and_the_others_are_seen() {
    let unknown = "qstat: Unknown Job Id 9999.pbs1\n";
    let jobs = [job("11.pbs1", 1), job("9999.pbs1", 1)];
    let (_, lines) = seen(&jobs, &[exited(153, ENDED, unknown)]);
    assert_eq!(lines, ["11.pbs1 Failed Some(3) on \"pbs1\"", "9999.pbs1 Gone None on \"\""]);
    assert_eq!(seen(&jobs[1..], &[exited(153, "", unknown)]).1, ["9999.pbs1 Gone None on \"\""]);
}

#[test]
fn a_server_without_history_and_a_qstat_without_json() {
    let no_history = exited(1, "", "qstat: PBS is not configured to maintain job history\n");
    let (commands, lines) = seen(&[job("23[].pbs1", 4)], &[no_history.clone(), exited(0, ARRAY, "")]);
    assert_eq!((commands[1].as_str(), lines.len()), ("qstat -f -F json -t 23[].pbs1", 5));
    let no_json = exited(2, "", "qstat: invalid option -- 'F'\nusage:\nqstat [-f] [-J] [-p] ...\n");
    let text = "Job Id: 23[1].pbs1\n    Job_Name = arr\n    job_state = R\n    exec_host = pbs1/2\n\n";
    let (commands, lines) = seen(&[job("23[].pbs1", 4)], &[no_history, no_json, exited(0, text, "")]);
    assert_eq!(commands[2], "qstat -f -t 23[].pbs1");
    assert_eq!(lines, ["23[].pbs1[1] Running None on \"pbs1\""]);
}

#[test]
fn absence_and_failure_say_nothing() {
    let empty = exited(0, "{\"timestamp\":1,\"pbs_version\":\"23.06.06\",\"pbs_server\":\"pbs1\"}", "");
    assert_eq!(seen(&[job("11.pbs1", 1)], &[empty]).1, Vec::<String>::new());
    let finished = "qstat: 11.pbs1 Job has finished, use -x or -H to obtain historical job information\n";
    let no_history = exited(1, "", "qstat: PBS is not configured to maintain job history\n");
    let nothing = [no_history, exited(35, "", finished), exited(35, "", finished)];
    assert_eq!(seen(&[job("11.pbs1", 1)], &nothing).1, Vec::<String>::new());
    let cut = Exchange { truncated: true, ..exited(0, &ENDED[..200], "") };
    let (_, answer) = lead(&[cut], |so_far| observe(&site(), &[job("11.pbs1", 1)], so_far));
    assert_eq!(answer.unwrap_err().code, "cut-off");
    for reply in [timed_out("", ""), exited(111, "", "qstat: cannot connect to server pbs1 (errno=111)\n")] {
        let (_, answer) = lead(&[reply], |so_far| observe(&site(), &[job("11.pbs1", 1)], so_far));
        assert_eq!(answer.unwrap_err().code, "no-answer");
    }
    let broken = exited(2, "", "qstat: something else\n");
    let (_, answer) =
        lead(&[broken.clone(), broken], |so_far| observe(&site(), &[job("11.pbs1", 1)], so_far));
    assert_eq!(answer.unwrap_err().code, "no-answer");
    assert_eq!(observe(&site(), &[], &[]), Ok(Step::Done(vec![])));
}
