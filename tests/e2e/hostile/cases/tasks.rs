//! What is looked at: the machine.

use super::By::{Aggregator, Generator};
use super::Ends::Harmless;
use super::{Group, case};

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
