//! What is used up: time, memory, patience.

use super::By::{Aggregator, Generator, Made};
use super::Ends::{Broken, Harmless, Stopped};
use super::{Group, TIMED_OUT, case};
use crate::hostile::made;

pub const TIME: Group = Group {
    name: "time",
    cases: &[
        case("computes for ever", Generator("do: loop"), Stopped("call_time_s"), TIMED_OUT).within_a_second(),
        case(
            "computes for ever while it opens",
            Generator("do: loop, on_open: true"),
            Stopped("call_time_s"),
            TIMED_OUT,
        )
        .within_a_second(),
        case("computes for ever over results", Aggregator(&["do=loop"]), Stopped("call_time_s"), TIMED_OUT)
            .within_a_second(),
        case(
            "computes for ever at the end",
            Aggregator(&["do=loop", "when=finish"]),
            Stopped("call_time_s"),
            TIMED_OUT,
        )
        .within_a_second(),
        case(
            "computes for ever before it exists",
            Made(made::endless_start),
            Stopped("call_time_s"),
            TIMED_OUT,
        )
        .within_a_second(),
        case(
            "grows a table for ever before it exists",
            Made(made::growing_table),
            Stopped("call_time_s"),
            TIMED_OUT,
        )
        .within_a_second(),
        case(
            "sleeps for ten minutes",
            Aggregator(&["do=sleep", "amount=600"]),
            Stopped("call_time_s"),
            TIMED_OUT,
        )
        .within_a_second(),
        case(
            "sleeps a millisecond at a time, for ever",
            Generator("do: naps"),
            Stopped("call_time_s"),
            TIMED_OUT,
        )
        .within_a_second(),
        case(
            "drips points for ever, each in time",
            Generator("do: drip, amount: 200"),
            Stopped("total_time_s"),
            &["hint: "],
        )
        .within(&["total_time_s=2"]),
        case("makes points for ever", Generator("do: endless"), Stopped("points"), &["hint: "])
            .within(&["points=20000"]),
    ],
};

pub const MEMORY: Group = Group {
    name: "memory",
    cases: &[
        case(
            "takes two gibibytes at once",
            Generator("do: memory, amount: 2000"),
            Stopped("memory_mib"),
            &["256 MiB", "hint: "],
        ),
        case(
            "hoards memory in small pieces",
            Generator("do: hoard"),
            Stopped("memory_mib"),
            &["256 MiB", "hint: "],
        ),
        case(
            "takes memory while it opens",
            Aggregator(&["do=memory", "when=open", "amount=300"]),
            Stopped("memory_mib"),
            &["256 MiB"],
        ),
        case(
            "begins with four gibibytes",
            Made(made::huge_memory),
            Stopped("memory_mib"),
            &["256 MiB", "hint: "],
        ),
        case(
            "grows its memory before it exists",
            Made(made::growing_memory),
            Stopped("memory_mib"),
            &["256 MiB"],
        ),
        case("has nine hundred memories", Made(made::many_memories), Harmless, &[]),
        case(
            "begins with a table of a hundred million functions",
            Made(made::huge_table),
            Broken,
            &["hint: "],
        ),
        case("consists of two thousand instances", Made(made::many_instances), Broken, &["hint: "]),
        case("calls itself without end", Generator("do: recurse"), Broken, &["too deeply", "hint: "]),
        case(
            "calls itself without end on the engine's stack",
            Made(made::native_recursion),
            Broken,
            &["too deeply", "hint: "],
        ),
    ],
};

pub const END: Group = Group {
    name: "giving up",
    cases: &[
        case("panics", Generator("do: panic"), Broken, &["gave up", "panic", "hint: "]),
        case(
            "panics while it opens",
            Aggregator(&["do=panic", "when=open"]),
            Broken,
            &["gave up", "wayward panic"],
        ),
        case(
            "panics at the end",
            Aggregator(&["do=panic", "when=finish"]),
            Broken,
            &["gave up", "wayward panic"],
        ),
        case("gives up before it exists", Made(made::trapping_start), Broken, &["gave up"]),
        case("exits", Generator("do: exit"), Broken, &["ended itself with exit code 1"]),
        case("exits as if all were well", Generator("do: leave"), Broken, &["ended itself"]),
        case(
            "reports a failure with escape codes",
            Generator("do: fail"),
            Broken,
            &["\\u{1b}[31mfailure", "hint: a \\u{1b}[2Jhint"],
        ),
        case(
            "reports a failure of ten mebibytes",
            Generator("do: long-failure, amount: 10485760"),
            Broken,
            &["xxx…"],
        ),
        case("has points again after its end", Generator("do: after-the-end"), Harmless, &["1 task"]),
        case("promises more points than it has", Generator("do: wrong-size"), Harmless, &["1 task"]),
    ],
};
