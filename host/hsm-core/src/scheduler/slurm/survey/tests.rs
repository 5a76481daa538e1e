//! Recorded queues and nodes.

use super::*;
use crate::scheduler::testing::{exited, lead, site, timed_out};

const QUEUE: &str = "\
76 |PENDING |root |(null) |debug |1 |1 |N/A |N/A |cpu=1,mem=100M,node=1,billing=1 | |ReqNodeNotAvail, Reserved for maintenance |1:00:00 |x.abcdefghij |
78 |PENDING |alice |lab |debug |1 |1 |N/A |gres:gpu:fake:1 |cpu=1,mem=100M | |ReqNodeNotAvail, UnavailableNodes:n[3-4] |10:00 |y |
77_[2-3] |PENDING |root |lab |gpu |2 |1 |N/A |gres:gpu:2 |cpu=2,mem=100M | |Resources |10:00 |z |
77_0 |RUNNING |root |lab |gpu |2 |1 |N/A |gres/gpu:2 |cpu=2,gres/gpu=2,gres/gpu:fake=2 |n3 |None |10:00 |z |
79 |RUNNING |bob |lab |gpu |8 |2 |gres/gpu:4 |N/A |cpu=8 |n[3-4] |None |UNLIMITED |w |
";

const NODES: &str = "\
n1 |idle |(null) |gpu:0 |debug* |
n3 |mixed |gpu:fake:2 |gpu:fake:2(IDX:0-1) |gpu |
n3 |mixed |gpu:fake:2 |gpu:fake:2(IDX:0-1) |debug* |
n4 |drained* |gpu:fake:2,gpu:a100:1 |gpu:fake:1(IDX:0),gpu:a100:0(IDX:N/A) |gpu |
";

#[test]
fn queues_count_tasks_and_gpus() {
    let (commands, answer) = lead(&[exited(0, QUEUE, "")], |so_far| Slurm.queue(&site(), true, so_far));
    assert!(
        commands[0].starts_with("squeue --noheader --all --user=alice --Format=JobArrayID:"),
        "{commands:?}"
    );
    let rows: Vec<_> = answer
        .unwrap()
        .into_iter()
        .map(|row| (row.job, row.elements.unwrap_or_default(), row.tasks, row.cpus, row.gpus, row.walltime_s))
        .collect();
    let row = |job: &str, elements: &str, tasks, cpus, gpus, walltime_s| {
        (job.to_owned(), elements.to_owned(), tasks, cpus, gpus, walltime_s)
    };
    assert_eq!(
        rows,
        [
            row("76", "", 1, 1, 0, Some(3_600)),
            row("78", "", 1, 1, 1, Some(600)),
            row("77", "2-3", 2, 2, 2, Some(600)),
            row("77", "0", 1, 2, 2, Some(600)),
            row("79", "", 1, 8, 4, None),
        ]
    );
    let (commands, answer) = lead(&[timed_out("", "")], |so_far| Slurm.queue(&site(), false, so_far));
    assert!(!commands[0].contains("--user"), "{commands:?}");
    assert_eq!(answer.unwrap_err().code, "no-answer");
}

#[test]
fn gpus_of_partitions() {
    let (_, answer) =
        lead(&[exited(0, NODES, ""), exited(0, QUEUE, "")], |so_far| Slurm.gpus(&site(), so_far));
    let pools: Vec<_> = answer
        .unwrap()
        .into_iter()
        .map(|pool| {
            format!(
                "{} {}: {} of {} used, {} out, {} nodes",
                pool.partition, pool.kind, pool.used, pool.total, pool.unavailable, pool.nodes
            )
        })
        .collect();
    assert_eq!(
        pools,
        [
            "debug fake: 2 of 2 used, 0 out, 1 nodes",
            "gpu a100: 0 of 1 used, 1 out, 1 nodes",
            "gpu fake: 3 of 4 used, 1 out, 2 nodes",
        ]
    );
    let pending =
        "77_[2-9] |PENDING |root |lab |gpu |2 |1 |N/A |gres:gpu:2 |cpu=2 | |Resources |10:00 |z |\n";
    let (_, answer) =
        lead(&[exited(0, NODES, ""), exited(0, pending, "")], |so_far| Slurm.gpus(&site(), so_far));
    assert_eq!(answer.unwrap().iter().map(|pool| pool.waited_for).collect::<Vec<_>>(), [0, 16, 16]);
}

#[test]
fn reservations_that_are_not_over() {
    let text = "ReservationName=maint StartTime=2026-11-22T23:15:09 EndTime=2026-11-23T01:15:09 Duration=02:00:00 Nodes=n[1-4] Flags=MAINT,SPEC_NODES Users=root Accounts=(null)\n\
        ReservationName=old StartTime=2026-11-20T23:15:09 EndTime=2026-11-21T01:15:09 Nodes=n1 Flags= Users=root Accounts=(null)\n";
    let (commands, answer) = lead(&[exited(0, text, "")], |so_far| Slurm.reservations(&site(), so_far));
    assert_eq!(commands, ["scontrol --oneliner show reservation"]);
    let found = answer.unwrap();
    assert_eq!(
        (found.len(), found[0].name.as_str(), found[0].end_ms - found[0].start_ms),
        (1, "maint", 7_200_000)
    );
    let (_, answer) = lead(&[exited(0, "No reservations in the system\n", "")], |so_far| {
        Slurm.reservations(&site(), so_far)
    });
    assert_eq!(answer, Ok(vec![]));
}
