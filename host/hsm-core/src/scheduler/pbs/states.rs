//! What a record of PBS means.
//!
//! **Must not:** guess: a record that does not say how a job ended says nothing.

use super::records::Record;
use crate::scheduler::replies::local_ms;
use crate::scheduler::{JobState, Sighting, Site};
use jiff::civil::DateTime;

/// What `Exit_status` has for ends that PBS brought about itself.
const ENDS_BY_PBS: &[(std::ops::RangeInclusive<i32>, &str)] =
    &[(-29..=-28, "time-limit"), (-27..=-26, "out-of-memory"), (-14..=-1, "node-failure")];

/// Added to the number of a signal.
const SIGNAL_BASE: i32 = 256;

/// The substate of what was deleted.
const TERMINATED: &str = "91";

/// How a job ended.
struct End {
    state: JobState,
    exit_code: Option<i32>,
    signal: Option<i32>,
    class: Option<&'static str>,
}

/// What the record says. An array says nothing of its end, which its subjobs have each for itself.
pub(super) fn sighting(record: &Record, site: &Site) -> Option<Sighting> {
    let comment = record.get("comment").unwrap_or_default();
    let is_array = record.id.contains("[]");
    let waiting = |state| End { state, exit_code: None, signal: None, class: None };
    let End { state, exit_code, signal, class } = match record.get("job_state")? {
        "Q" if comment.starts_with("Can Never Run") => {
            End { class: Some("impossible"), ..waiting(JobState::Queued) }
        }
        "Q" | "W" | "T" => waiting(JobState::Queued),
        "H" => waiting(JobState::Held),
        "F" | "X" if is_array => return None,
        "F" | "X" => end(record, comment)?,
        // `R`, `E`, `S`, `U`, `B`, moved to another server, or a letter of a later release: it is not over.
        _ => waiting(JobState::Running),
    };
    Some(Sighting {
        job: record.whole(),
        index: record.index(),
        state,
        exit_code,
        signal,
        class: class.map(str::to_owned),
        reason: Some(comment).filter(|comment| !comment.is_empty()).map(str::to_owned),
        name: record.get("Job_Name").map(str::to_owned),
        submitted_ms: record.get("ctime").and_then(|time| submitted(site, time)),
        node: record.get("exec_host").map(node),
    })
}

fn end(record: &Record, comment: &str) -> Option<End> {
    let ended = |state| End { state, exit_code: None, signal: None, class: None };
    let terminated = record.get("substate") == Some(TERMINATED);
    let Some(status) = record.get("Exit_status").and_then(|status| status.parse::<i32>().ok()) else {
        // What has neither a status nor a start never ran: it was deleted, or what it depended on failed.
        let class = record.get("depend").map(|_| "dependency");
        let never_ran = terminated || (record.get("job_state") == Some("F") && record.get("stime").is_none());
        return never_ran.then(|| End { class, ..ended(JobState::Cancelled) });
    };
    let signal = (status > SIGNAL_BASE).then(|| status - SIGNAL_BASE);
    if terminated {
        return Some(End { signal, ..ended(JobState::Cancelled) });
    }
    let by_pbs = ENDS_BY_PBS.iter().find(|(statuses, _)| statuses.contains(&status)).map(|(_, class)| *class);
    if by_pbs.is_some() {
        return Some(End { class: by_pbs, ..ended(JobState::Failed) });
    }
    let class = told(comment);
    Some(match status {
        0 => End { exit_code: Some(0), ..ended(JobState::Completed) },
        _ if signal.is_some() => End { signal, class, ..ended(JobState::Failed) },
        _ => End { exit_code: Some(status), class, ..ended(JobState::Failed) },
    })
}

/// What a comment tells where the status is that of a signal.
fn told(comment: &str) -> Option<&'static str> {
    let (_, resource) = comment.split_once("exceeded resource ")?;
    match resource.split_whitespace().next()? {
        "walltime" | "cput" => Some("time-limit"),
        "mem" | "vmem" | "pmem" | "pvmem" => Some("out-of-memory"),
        _ => None,
    }
}

/// `Sun Nov 22 13:37:11 2026`, local time without a zone.
fn submitted(site: &Site, time: &str) -> Option<u64> {
    local_ms(site, DateTime::strptime("%a %b %e %H:%M:%S %Y", time).ok()?)
}

/// The machines of `pbs1/0*4+pbs2/1`.
fn node(hosts: &str) -> String {
    let mut names: Vec<&str> = hosts.split('+').map(|host| host.split('/').next().unwrap_or(host)).collect();
    names.dedup();
    names.join(",")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scheduler::pbs::records::of_text;
    use crate::scheduler::testing::site;

    fn said(id: &str, attributes: &[&str]) -> String {
        let text =
            attributes.iter().fold(format!("Job Id: {id}\n"), |text, line| format!("{text}    {line}\n"));
        let Some(seen) = sighting(&of_text(&text)[0], &site()) else { return "nothing".into() };
        let index = seen.index.map(|index| format!("[{index}]")).unwrap_or_default();
        let end = match (seen.exit_code, seen.signal) {
            (Some(code), _) => format!(" exit {code}"),
            (None, Some(signal)) => format!(" signal {signal}"),
            _ => String::new(),
        };
        let class = seen.class.map(|class| format!(" {class}")).unwrap_or_default();
        format!("{}{index} {:?}{end}{class}", seen.job, seen.state).to_lowercase()
    }

    #[test]
    fn recorded_ends() {
        for (id, attributes, expected) in [
            (
                "11.pbs1",
                &["job_state = F", "stime = Sun Nov 22 13:37:21 2026", "substate = 93", "Exit_status = 3"][..],
                "11.pbs1 failed exit 3",
            ),
            ("20.pbs1", &["job_state = F", "substate = 93", "Exit_status = 265"], "20.pbs1 failed signal 9"),
            (
                "14.pbs1",
                &[
                    "job_state = F",
                    "substate = 91",
                    "Exit_status = 271",
                    "comment = Job run at Sun Nov 22 at 13:37 on (pbs1:ncpus=1) and terminated by labu@pbs1",
                ],
                "14.pbs1 cancelled signal 15",
            ),
            (
                "16.pbs1",
                &[
                    "job_state = F",
                    "substate = 93",
                    "Exit_status = -29",
                    "comment = Job run at Sun Nov 22 at 13:37 on (pbs1:ncpus=1) and exceeded resource walltime",
                ],
                "16.pbs1 failed time-limit",
            ),
            (
                "17.pbs1",
                &["job_state = F", "depend = afterok:11.pbs1@pbs1", "substate = 92"],
                "17.pbs1 cancelled dependency",
            ),
            (
                "12[0].pbs1",
                &["job_state = F", "substate = 92", "Exit_status = 0"],
                "12[].pbs1[0] completed exit 0",
            ),
            (
                "12[3].pbs1",
                &["job_state = X", "substate = 93", "Exit_status = 3"],
                "12[].pbs1[3] failed exit 3",
            ),
            ("23[7].pbs1", &["job_state = F", "substate = 91", "Exit_status = 1"], "23[].pbs1[7] cancelled"),
            (
                "9.pbs1",
                &["job_state = F", "substate = 93", "Exit_status = -27"],
                "9.pbs1 failed out-of-memory",
            ),
            (
                "9.pbs1",
                &[
                    "job_state = F",
                    "substate = 93",
                    "Exit_status = 265",
                    "comment = Job run on x and exceeded resource mem",
                ],
                "9.pbs1 failed signal 9 out-of-memory",
            ),
            ("9.pbs1", &["job_state = F", "substate = 93", "Exit_status = -3"], "9.pbs1 failed node-failure"),
            ("12[].pbs1", &["job_state = F", "substate = 93", "Exit_status = 1", "array = True"], "nothing"),
            ("23[0].pbs1", &["job_state = X"], "nothing"),
            ("9.pbs1", &["job_state = F", "stime = Sun Nov 22 13:37:21 2026"], "nothing"),
        ] {
            assert_eq!(said(id, attributes), expected);
        }
    }

    #[test]
    fn what_waits_and_what_runs() {
        for (id, attributes, expected) in [
            (
                "11.pbs1",
                &["job_state = Q", "comment = Not Running: Not enough free nodes available"][..],
                "11.pbs1 queued",
            ),
            (
                "19.pbs1",
                &[
                    "job_state = Q",
                    "comment = Can Never Run: Insufficient amount of resource: ncpus (R: 999 A: 8 T: 8)",
                ],
                "19.pbs1 queued impossible",
            ),
            ("15.pbs1", &["job_state = H", "Hold_Types = u"], "15.pbs1 held"),
            ("18.pbs1", &["job_state = W", "substate = 30"], "18.pbs1 queued"),
            ("16.pbs1", &["job_state = R", "substate = 42"], "16.pbs1 running"),
            ("23[3].pbs1", &["job_state = E"], "23[].pbs1[3] running"),
            ("12[].pbs1", &["job_state = Q", "array = True"], "12[].pbs1 queued"),
            ("23[].pbs1", &["job_state = B", "array = True"], "23[].pbs1 running"),
            ("5.pbs1", &["job_state = M"], "5.pbs1 running"),
            ("5.pbs1", &["Job_Name = x"], "nothing"),
        ] {
            assert_eq!(said(id, attributes), expected);
        }
    }

    #[test]
    fn when_and_where() {
        let text = "Job Id: 11.pbs1\n    job_state = R\n    Job_Name = demo\n    ctime = Sun Nov 22 13:37:11 2026\n    exec_host = pbs1/0*4+pbs1/1+pbs2/0\n";
        let seen = sighting(&of_text(text)[0], &site()).unwrap();
        assert_eq!((seen.submitted_ms, seen.node.as_deref()), (Some(1_795_354_631_000), Some("pbs1,pbs2")));
        assert_eq!(submitted(&site(), "Tue Dec  1 03:00:00 2026"), Some(1_796_094_000_000));
    }
}
