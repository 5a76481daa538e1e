//! Requests against a recorded cluster, and what is said about them.

use super::*;
use crate::scheduler::testing::{exited, lead, site};

const SINFO: &str = "debug*|up|1:00:00|1|mixed|4|4000|(null)|n2|(null)\n\
    debug*|up|1:00:00|1|allocated|4|4000|(null)|n1\n\
    debug*|up|1:00:00|2|idle|4|4000|gpu:fake:2|n[3-4]\n\
    debug*|up|1:00:00|1|mixed|4|4000|(null)|n2\n\
    gpu|up|2-00:00:00|2|idle|8|8000|gpu:fake:2|n[3-4]\n\
    long|down|infinite|1|down*|4|4000|(null)|n9\n";

const NO_RESERVATION: &str = "No reservations in the system\n";

/// The day of the recordings, 14:07:20 in UTC.
const MAINTENANCE: &str = "ReservationName=maint StartTime=2026-11-22T14:37:20 EndTime=2026-11-22T16:37:20 Duration=02:00:00 Nodes=n[1-4] NodeCnt=4 CoreCnt=16 Features=(null) PartitionName=(null) Flags=MAINT,SPEC_NODES,ALL_NODES TRES=cpu=16 Users=root Groups=(null) Accounts=(null) Licenses=(null) State=INACTIVE\n";

fn said(resources: Resources, reservations: &str) -> Vec<String> {
    let request = Submission { resources, ..Submission::default() };
    let replies = [exited(0, SINFO, ""), exited(0, reservations, "")];
    let (_, answer) = lead(&replies, |so_far| Ok(advise(&Config::default(), &site(), &request, 5, so_far)));
    answer
        .unwrap()
        .iter()
        .filter(|advice| advice.code != "gpu-nodes")
        .map(|advice| format!("{:?} {}: {}", advice.weight, advice.code, advice.line))
        .collect()
}

fn in_gpu() -> Resources {
    Resources { partition: Some("gpu".into()), ..Resources::default() }
}

#[test]
fn what_a_partition_cannot_give() {
    for (resources, expected) in [
        (Resources::default(), vec![]),
        (
            Resources { partition: Some("gpuu".into()), ..Resources::default() },
            vec!["Problem partition: there is no partition `gpuu`; did you mean `gpu`?"],
        ),
        (
            Resources { partition: Some("nope".into()), ..Resources::default() },
            vec!["Problem partition: there is no partition `nope`; there are `debug`, `gpu`, `long`"],
        ),
        (
            Resources { partition: Some("long".into()), ..Resources::default() },
            vec!["Warning partition: `long` starts no jobs at present"],
        ),
        (
            Resources { walltime_s: Some(7_200), ..Resources::default() },
            vec![
                "Problem walltime: a walltime of 02:00:00 is asked for, and `debug` ends jobs after 01:00:00: they would wait for ever",
            ],
        ),
        (Resources { walltime_s: Some(7_200), ..in_gpu() }, vec![]),
        (
            Resources {
                walltime_s: Some(7_200),
                partition: Some("debug,gpu".into()),
                ..Resources::default()
            },
            vec![],
        ),
        (
            Resources { cpus: Some(16), memory_mib: Some(9_000), ..in_gpu() },
            vec![
                "Problem cpus: 16 CPUs are asked for, and no node of `gpu` has more than 8",
                "Problem memory: 9000 MiB of memory are asked for, and no node of `gpu` has more than 8000",
            ],
        ),
        (
            Resources { gpus: Some(3), ..in_gpu() },
            vec!["Problem gpus: 3 GPUs are asked for, and no node of `gpu` has more than 2"],
        ),
        (Resources { gpus: Some(3), nodes: Some(2), ..in_gpu() }, vec![]),
        (
            Resources { gpus: Some(1), gpu_type: Some("fkae".into()), ..in_gpu() },
            vec!["Problem gpus: `gpu` has no GPUs called `fkae`; did you mean `fake`?"],
        ),
        (
            Resources { gpus: Some(1), gpu_type: Some("a100".into()), ..in_gpu() },
            vec!["Problem gpus: `gpu` has no GPUs called `a100`; there are `fake`"],
        ),
    ] {
        assert_eq!(said(resources.clone(), NO_RESERVATION), expected, "{resources:?}");
    }
}

#[test]
fn a_reservation_crosses_the_walltime() {
    let hour = Resources { walltime_s: Some(3_600), ..Resources::default() };
    assert_eq!(
        said(hour.clone(), MAINTENANCE),
        [
            "Warning reservation: these tasks won't start before 2026-11-22 16:37, when the reservation `maint` ends; a walltime up to 00:28:00 would start now"
        ]
    );
    assert_eq!(
        said(Resources { walltime_s: Some(1_200), ..hour.clone() }, MAINTENANCE),
        Vec::<String>::new()
    );
    let some = MAINTENANCE.replace("n[1-4]", "n[1-2,7]");
    assert_eq!(
        said(hour.clone(), &some),
        [
            "Note reservation: the reservation `maint` keeps 2 of 4 nodes from jobs of this walltime until 2026-11-22 16:37"
        ]
    );
    assert_eq!(said(Resources { walltime_s: Some(3_600), ..in_gpu() }, &some), Vec::<String>::new());
    let active = MAINTENANCE.replace("StartTime=2026-11-22T14", "StartTime=2026-11-22T13");
    assert_eq!(
        said(hour.clone(), &active),
        [
            "Warning reservation: these tasks won't start before 2026-11-22 16:37, when the reservation `maint` ends"
        ]
    );
    let inside = Resources { directives: vec!["--reservation=maint".into()], ..hour.clone() };
    assert_eq!(said(inside, MAINTENANCE), Vec::<String>::new());
    let over = MAINTENANCE.replace("2026-11-22", "2026-11-20");
    assert_eq!(said(hour, &over), Vec::<String>::new());
}

#[test]
fn tasks_without_gpus_keep_off_gpu_nodes() {
    let excluded = |resources: Resources| {
        let request = Submission { resources, ..Submission::default() };
        let partitions = partitions::read(SINFO);
        chosen(&partitions, &request.resources)
            .unwrap()
            .into_iter()
            .find_map(|partition| keep_off_gpus(partition, &request))
            .map(|advice| advice.exclude_nodes)
    };
    assert_eq!(excluded(Resources::default()), Some(vec!["n[3-4]".to_owned()]));
    assert_eq!(
        excluded(Resources { gpus: Some(0), ..Resources::default() }),
        Some(vec!["n[3-4]".to_owned()])
    );
    // Asked for GPUs, in whatever words; a partition of GPU nodes alone; and what only fits on GPU nodes.
    assert_eq!(excluded(Resources { gpus: Some(1), ..Resources::default() }), None);
    assert_eq!(
        excluded(Resources { directives: vec!["--gres=gpu:1,shard:2".into()], ..Resources::default() }),
        None
    );
    assert_eq!(excluded(in_gpu()), None);
    assert_eq!(excluded(Resources { cpus: Some(5), ..Resources::default() }), None);
}

#[test]
fn large_submissions_are_told_about_others() {
    let row = |id: &str, user: &str, partition: &str| {
        format!("{id}|PENDING|{user}|lab|{partition}|1|1|N/A|N/A|cpu=1||Priority|10:00|x|\n")
    };
    let queued = row("77_[0-99%2]", "bob", "debug")
        + &row("78", "carol", "debug")
        + &row("79_[0-9]", "alice", "debug")
        + &row("80", "dan", "long");
    let shares = "root||0.000000|1.000000\n root|alice|0.500000|0.010000\n lab||0.050000|0.850000\n  lab|alice|0.500000|1.000000\n";
    let advice = |max_running, shares: &str, queued: &str, account: Option<&str>| {
        let resources =
            Resources { account: account.map(str::to_owned), gpus: Some(1), ..Resources::default() };
        let request = Submission { max_running, resources, ..Submission::default() };
        let replies = [
            exited(0, SINFO, ""),
            exited(0, NO_RESERVATION, ""),
            exited(0, shares, ""),
            exited(0, queued, ""),
        ];
        let (commands, answer) =
            lead(&replies, |so_far| Ok(advise(&Config::default(), &site(), &request, 600, so_far)));
        assert_eq!(
            commands[2],
            "sshare --noheader --parsable2 --users alice --format Account,User,NormShares,EffectvUsage"
        );
        answer.unwrap()
    };
    let line = |advice: &[Advice]| {
        advice
            .iter()
            .map(|advice| (advice.weight, advice.line.clone(), advice.question.is_some()))
            .collect::<Vec<_>>()
    };
    let both =
        "the account `lab` has used 17.0 times its share, and 2 others wait there with 101 tasks".to_owned();
    assert_eq!(line(&advice(None, shares, &queued, None)), [(Weight::Warning, both.clone(), true)]);
    assert_eq!(line(&advice(Some(50), shares, &queued, None)), [(Weight::Note, both, false)]);
    let waits = "one other waits there with one task".to_owned();
    assert_eq!(
        line(&advice(None, shares, &row("78", "carol", "gpu,debug"), Some("root"))),
        [(Weight::Warning, waits, true)]
    );
    assert_eq!(line(&advice(None, "", "", None)), []);
}

#[test]
fn what_cannot_be_found_out_is_said() {
    let replies = [
        exited(1, "", "slurm_load_partitions: Unable to contact slurm controller (connect failure)\n"),
        exited(1, "", "no\n"),
    ];
    let (_, answer) =
        lead(&replies, |so_far| Ok(advise(&Config::default(), &site(), &Submission::default(), 5, so_far)));
    assert_eq!(
        answer.unwrap()[0].line,
        "nothing is known about partitions: `sinfo` ended with exit code 1: slurm_load_partitions: Unable to contact slurm controller (connect failure)"
    );
}

#[test]
fn qualities_of_service_are_those_one_has() {
    let assoc = "lab||normal,tight\nother||normal,long\n";
    let qualities = "normal||\ntight|00:05:00|3\nlong|7-00:00:00|\n";
    let said = |qos: &str, account: Option<&str>, walltime_s| {
        let resources = Resources {
            qos: Some(qos.into()),
            account: account.map(str::to_owned),
            walltime_s,
            ..Resources::default()
        };
        let request = Submission { resources, ..Submission::default() };
        let none = exited(0, NO_RESERVATION, "");
        let replies = [exited(0, SINFO, ""), none, exited(0, assoc, ""), exited(0, qualities, "")];
        let (commands, answer) =
            lead(&replies, |so_far| Ok(advise(&Config::default(), &site(), &request, 5, so_far)));
        assert_eq!(
            commands[2],
            "sacctmgr --noheader --parsable2 show assoc user=alice format=Account,Partition,QOS"
        );
        let about = |advice: Advice| (advice.code == "qos").then_some(advice.line);
        answer.unwrap().into_iter().find_map(about).unwrap_or_default()
    };
    assert_eq!(said("tight", None, Some(300)), "");
    assert_eq!(said("normal", Some("lab"), Some(3_000)), "");
    assert_eq!(
        said("tight", None, Some(301)),
        "a walltime of 00:05:01 is asked for, and `tight` allows 00:05:00"
    );
    assert_eq!(
        said("thigt", None, None),
        "you may not use the quality of service `thigt`; did you mean `tight`?"
    );
    assert_eq!(
        said("long", Some("lab"), None),
        "you may not use the quality of service `long`; there are `normal`, `tight`"
    );
    // No accounts are kept.
    assert_eq!(quality(&Resources { qos: Some("x".into()), ..Resources::default() }, None, None), None);
}
