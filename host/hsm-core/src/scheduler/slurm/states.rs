//! Slurm's words for states and reasons.
//!
//! **Must not:** guess: a word that is not in these tables has no meaning here.

use crate::scheduler::JobState;

/// What a state means, and the class of an end that the word itself tells.
type Meaning = (JobState, Option<&'static str>);

/// The states of jobs, from 20.02 to 24.11.
const STATES: &[(&str, Meaning)] = &[
    ("PENDING", (JobState::Queued, None)),
    ("REQUEUED", (JobState::Queued, None)),
    ("REQUEUE_FED", (JobState::Queued, None)),
    ("REQUEUE_HOLD", (JobState::Held, None)),
    ("SPECIAL_EXIT", (JobState::Held, None)),
    ("RESV_DEL_HOLD", (JobState::Held, None)),
    ("CONFIGURING", (JobState::Running, None)),
    ("RUNNING", (JobState::Running, None)),
    ("SUSPENDED", (JobState::Running, None)),
    ("STOPPED", (JobState::Running, None)),
    ("SIGNALING", (JobState::Running, None)),
    ("RESIZING", (JobState::Running, None)),
    ("STAGE_OUT", (JobState::Running, None)),
    ("COMPLETING", (JobState::Running, None)),
    ("COMPLETED", (JobState::Completed, None)),
    ("FAILED", (JobState::Failed, None)),
    ("TIMEOUT", (JobState::Failed, Some("time-limit"))),
    ("DEADLINE", (JobState::Failed, Some("time-limit"))),
    ("OUT_OF_MEMORY", (JobState::Failed, Some("out-of-memory"))),
    ("NODE_FAIL", (JobState::Failed, Some("node-failure"))),
    ("BOOT_FAIL", (JobState::Failed, Some("node-failure"))),
    ("LAUNCH_FAILED", (JobState::Failed, Some("node-failure"))),
    ("RECONFIG_FAIL", (JobState::Failed, Some("node-failure"))),
    ("PREEMPTED", (JobState::Failed, Some("preempted"))),
    ("CANCELLED", (JobState::Cancelled, None)),
    ("REVOKED", (JobState::Cancelled, None)),
];

/// Reasons for which a waiting job will never start as it is. `PartitionNodeLimit` is none of them: nodes that are down or drained bring
/// it about as well.
const IMPOSSIBLE: &[&str] = &[
    "PartitionTimeLimit",
    "PartitionConfig",
    "BadConstraints",
    "AccountNotAllowed",
    "InvalidAccount",
    "InvalidQOS",
    "QOSNotAllowed",
    "QOSMaxWallDurationPerJobLimit",
    "AssocMaxWallDurationPerJobLimit",
    "QOSMaxCpuPerJobLimit",
    "QOSMaxCpuMinutesPerJobLimit",
    "QOSMaxGRESPerJob",
    "QOSMaxMemoryPerJob",
    "QOSMaxNodePerJobLimit",
    "AssocMaxCpuPerJobLimit",
    "AssocMaxCpuMinutesPerJobLimit",
    "AssocMaxGRESPerJob",
    "AssocMaxMemPerJob",
    "AssocMaxNodePerJobLimit",
    "MaxMemPerLimit",
    "ReservationDeleted",
    "DeadLine",
];

/// What a state and, for waiting jobs, its reason mean. `CANCELLED by 0` and the cut `OUT_OF_ME+` are known; of a cut word, enough must
/// be there to tell it from all others.
pub(super) fn meaning(state: &str, reason: &str) -> Option<Meaning> {
    let word = state.split_whitespace().next()?;
    let mut fitting = STATES.iter().filter(|(name, _)| match word.strip_suffix('+') {
        Some(beginning) => name.starts_with(beginning),
        None => *name == word,
    });
    let (Some((_, (state, class))), None) = (fitting.next(), fitting.next()) else { return None };
    if *state != JobState::Queued {
        return Some((*state, *class));
    }
    // What has been launched in vain is held as well: `launch failed requeued held`.
    if is_held(reason) {
        return Some((JobState::Held, None));
    }
    let class = match reason.split([',', ' ']).next().unwrap_or_default() {
        "DependencyNeverSatisfied" => Some("dependency"),
        first if IMPOSSIBLE.contains(&first) => Some("impossible"),
        _ => None,
    };
    Some((JobState::Queued, class))
}

/// Whether a reason is that somebody holds the job.
pub(super) fn is_held(reason: &str) -> bool {
    reason.contains("JobHeld") || reason.ends_with("held") || reason.ends_with("_held")
}

/// How a job ended, as exit code and signal: `3:0` (accounting, and queues since 23.02) or the wait status `768` (queues before).
pub(super) fn exit(text: &str) -> Option<(i32, i32)> {
    match text.split_once(':') {
        Some((code, signal)) => Some((code.parse().ok()?, signal.parse().ok()?)),
        None => {
            let status: i32 = text.parse().ok()?;
            (status >= 0).then_some((status >> 8 & 0xff, status & 0x7f))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_and_reasons() {
        for (state, reason, expected) in [
            ("PENDING", "Priority", Some((JobState::Queued, None))),
            ("PENDING", "BeginTime", Some((JobState::Queued, None))),
            ("PENDING", "JobArrayTaskLimit", Some((JobState::Queued, None))),
            ("PENDING", "ReqNodeNotAvail, UnavailableNodes:n[1-2]", Some((JobState::Queued, None))),
            ("PENDING", "JobHeldUser", Some((JobState::Held, None))),
            ("PENDING", "JobHeldAdmin", Some((JobState::Held, None))),
            ("PENDING", "launch failed requeued held", Some((JobState::Held, None))),
            ("PENDING", "DependencyNeverSatisfied", Some((JobState::Queued, Some("dependency")))),
            ("PENDING", "PartitionTimeLimit", Some((JobState::Queued, Some("impossible")))),
            ("PENDING", "PartitionConfig", Some((JobState::Queued, Some("impossible")))),
            ("PENDING", "PartitionNodeLimit", Some((JobState::Queued, None))),
            ("REQUEUED", "", Some((JobState::Queued, None))),
            ("RUNNING", "JobHeldAdmin", Some((JobState::Running, None))),
            ("COMPLETING", "None", Some((JobState::Running, None))),
            ("COMPLETED", "None", Some((JobState::Completed, None))),
            ("FAILED", "JobLaunchFailure", Some((JobState::Failed, None))),
            ("FAILED", "RaisedSignal:9(Killed)", Some((JobState::Failed, None))),
            ("TIMEOUT", "TimeLimit", Some((JobState::Failed, Some("time-limit")))),
            ("DEADLINE", "", Some((JobState::Failed, Some("time-limit")))),
            ("OUT_OF_MEMORY", "OutOfMemory", Some((JobState::Failed, Some("out-of-memory")))),
            ("OUT_OF_ME+", "", Some((JobState::Failed, Some("out-of-memory")))),
            ("NODE_FAIL", "NodeDown", Some((JobState::Failed, Some("node-failure")))),
            ("BOOT_FAIL", "", Some((JobState::Failed, Some("node-failure")))),
            ("PREEMPTED", "", Some((JobState::Failed, Some("preempted")))),
            ("CANCELLED", "DependencyNeverSatisfied", Some((JobState::Cancelled, None))),
            ("CANCELLED by 0", "", Some((JobState::Cancelled, None))),
            ("CANCELLED+", "", Some((JobState::Cancelled, None))),
            ("RE+", "", None),
            ("HIBERNATING", "", None),
            ("", "", None),
        ] {
            assert_eq!(meaning(state, reason), expected, "{state} {reason}");
        }
    }

    #[test]
    fn exit_codes_in_both_spellings() {
        for (text, expected) in [
            ("3:0", Some((3, 0))),
            ("0:15", Some((0, 15))),
            ("0:125", Some((0, 125))),
            ("143:0", Some((143, 0))),
            ("768", Some((3, 0))),
            ("15", Some((0, 15))),
            ("36608", Some((143, 0))),
            ("0", Some((0, 0))),
            ("", None),
            ("N/A", None),
            ("-1", None),
        ] {
            assert_eq!(exit(text), expected, "{text}");
        }
    }
}
