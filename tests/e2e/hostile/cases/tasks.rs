//! What is looked at and changed: the machine, and the files of tasks.

use super::By::{Aggregator, Generator, Reader};
use super::Ends::{Broken, Harmless, Stopped};
use super::{Group, TIMED_OUT, case};

pub const WORLD: Group = Group {
    name: "the machine",
    cases: &[
        case(
            "reads `/etc/passwd`",
            Aggregator(&["do=read", "path=/etc/passwd", "when=finish"]),
            Harmless,
            &["refused: "],
        ),
        case("lists `/`", Aggregator(&["do=list", "path=/"]), Harmless, &["refused: "]),
        case(
            "reads the results without being allowed to",
            Aggregator(&["do=read", "path=/tasks/task_1/results.json"]),
            Harmless,
            &["refused: "],
        ),
        case("writes a file where it is", Aggregator(&["do=create", "path=x"]), Harmless, &["refused: "]),
        case(
            "looks for arguments, variables, input, network, names and the time",
            Generator("do: look"),
            Harmless,
            &["13 tasks"],
        ),
    ],
};

const READ: &[&str] = &["refused: "];

pub const TASKS_READ: Group = Group {
    name: "reading tasks",
    cases: &[
        case(
            "reads what a task wrote, as it may",
            Reader(&["do=read", "path=/tasks/task_1/results.json"]),
            Harmless,
            &["done: {\"score\""],
        ),
        case(
            "lists the tasks, as it may",
            Reader(&["do=list", "path=/tasks"]),
            Harmless,
            &["task_1", "task_2"],
        ),
        case("reads above the tasks", Reader(&["do=read", "path=/tasks/../plan.jsonl"]), Harmless, READ),
        case(
            "reads above the tasks from within one",
            Reader(&["do=read", "path=/tasks/task_1/../../plan.jsonl"]),
            Harmless,
            READ,
        ),
        case(
            "follows a relative link out",
            Reader(&["do=read", "path=/tasks/task_1/relative"]),
            Harmless,
            READ,
        ),
        case(
            "follows an absolute link out",
            Reader(&["do=read", "path=/tasks/task_1/absolute"]),
            Harmless,
            READ,
        ),
        case(
            "looks at what a link out leads to",
            Reader(&["do=look", "path=/tasks/task_1/absolute"]),
            Harmless,
            READ,
        ),
        case("lists a linked folder", Reader(&["do=list", "path=/tasks/task_1/folder"]), Harmless, READ),
        case(
            "goes through a linked folder",
            Reader(&["do=read", "path=/tasks/task_1/folder/passwd"]),
            Harmless,
            READ,
        ),
        case(
            "follows a link through `/proc/self/root`",
            Reader(&["do=read", "path=/tasks/task_1/proc"]),
            Harmless,
            READ,
        ),
        case(
            "follows a link to another sweep",
            Reader(&["do=read", "path=/tasks/task_1/sweep"]),
            Harmless,
            READ,
        ),
        case("follows a link to itself", Reader(&["do=read", "path=/tasks/task_1/loop"]), Harmless, READ),
        case(
            "reads `/etc/passwd` although it may read tasks",
            Reader(&["do=read", "path=/etc/passwd"]),
            Harmless,
            READ,
        ),
        case(
            "reads a hard link: it is the file",
            Reader(&["do=read", "path=/tasks/task_1/hard"]),
            Harmless,
            &["done: outside"],
        ),
        case(
            "learns when a file was written",
            Reader(&["do=age", "path=/tasks/task_1/old"]),
            Harmless,
            &["done: 1000000000 s"],
        ),
        case(
            "opens a pipe that nobody writes",
            Reader(&["do=read", "path=/tasks/task_1/pipe"]),
            Stopped("call_time_s"),
            TIMED_OUT,
        )
        .within_a_second(),
        case(
            "reads a device without end",
            Reader(&["do=read-all", "path=/tasks/task_2/zero"]),
            Stopped("memory_mib"),
            &["hint: "],
        )
        .within(&["memory_mib=64"]),
        case(
            "reads a file of a tebibyte",
            Reader(&["do=read-all", "path=/tasks/task_1/huge"]),
            Harmless,
            READ,
        ),
        case(
            "opens a file a hundred thousand times",
            Reader(&["do=open-often", "amount=100000", "path=/tasks/task_1/results.json"]),
            Broken,
            &["more than 512 files", "hint: "],
        ),
    ],
};

pub const TASKS_WRITTEN: Group = Group {
    name: "changing tasks",
    cases: &[
        case("overwrites a result", Reader(&["do=write", "path=/tasks/task_1/results.json"]), Harmless, READ),
        case(
            "appends to a result",
            Reader(&["do=append", "path=/tasks/task_1/results.json"]),
            Harmless,
            READ,
        ),
        case("cuts a result", Reader(&["do=truncate", "path=/tasks/task_1/results.json"]), Harmless, READ),
        case("removes a result", Reader(&["do=remove", "path=/tasks/task_1/results.json"]), Harmless, READ),
        case(
            "renames a result",
            Reader(&["do=rename", "path=/tasks/task_1/results.json", "to=/tasks/task_1/x"]),
            Harmless,
            READ,
        ),
        case(
            "links a result",
            Reader(&["do=hard-link", "path=/tasks/task_1/results.json", "to=/tasks/task_1/x"]),
            Harmless,
            READ,
        ),
        case(
            "makes a link",
            Reader(&["do=symbolic-link", "path=results.json", "to=/tasks/task_1/x"]),
            Harmless,
            READ,
        ),
        case("makes a file", Reader(&["do=create", "path=/tasks/task_1/x"]), Harmless, READ),
        case("makes a folder", Reader(&["do=make-folder", "path=/tasks/task_9"]), Harmless, READ),
        case(
            "changes when a result was written",
            Reader(&["do=touch", "path=/tasks/task_1/results.json"]),
            Harmless,
            READ,
        ),
    ],
};
