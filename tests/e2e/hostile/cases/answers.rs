//! What comes back: points, artifacts and text.

use super::By::{Aggregator, Generator};
use super::Ends::{Broken, Harmless, Stopped, Unusable};
use super::{Group, case};

pub const ANSWERS: Group = Group {
    name: "answers",
    cases: &[
        case(
            "answers with 200 MiB of text",
            Generator("do: too-much-data, amount: 200"),
            Stopped("call_data_mib"),
            &["128 MiB", "hint: "],
        ),
        case(
            "answers with a list of a hundred million",
            Generator("do: huge-list, amount: 100000000"),
            Stopped("table_cells"),
            &["hint: "],
        ),
        case("has more rows than asked for", Generator("do: too-many-rows"), Unusable, &["asked for"]),
        case("has rows without columns", Generator("do: no-columns"), Unusable, &["no parameters"]),
        case(
            "has columns of different lengths",
            Generator("do: unequal-columns"),
            Unusable,
            &["the column `b` has 1 cells"],
        ),
        case(
            "has two columns of one name",
            Generator("do: same-names"),
            Unusable,
            &["two columns are called `a`"],
        ),
        case("has a column without a name", Generator("do: no-name"), Unusable, &["a column has no name"]),
        case(
            "has a name of a mebibyte",
            Generator("do: long-name, amount: 1048576"),
            Unusable,
            &["longer than 1024 bytes"],
        ),
        case(
            "has an escape code in a name",
            Generator("do: escape-name"),
            Unusable,
            &["a\\u{1b}[2J", "control characters"],
        ),
        case(
            "has a name that turns the text around it",
            Generator("do: turned-name"),
            Unusable,
            &["a\\u{202e}b"],
        ),
        case(
            "has rows absent that do not exist",
            Generator("do: absent-nowhere"),
            Unusable,
            &["absent in a row that the table does not have"],
        ),
        case("has a row absent twice", Generator("do: absent-twice"), Unusable, &["do not ascend"]),
        case(
            "has other columns each time",
            Generator("do: changing-columns"),
            Unusable,
            &["changed from one batch"],
        ),
        case(
            "has numbers first and then text",
            Generator("do: changing-kinds"),
            Unusable,
            &["changed from one batch"],
        ),
        case("calls something JSON that is not", Generator("do: not-json"), Unusable, &["is not JSON"]),
        case("has text that is no UTF-8", Generator("do: not-utf8"), Broken, &["utf-8", "hint: "]),
    ],
};

pub const VALUES: Group = Group {
    name: "values",
    cases: &[
        case("has a value that a shell would obey", Generator("do: shell"), Harmless, &["1 task"]),
        case("has a value with escape codes", Generator("do: escape-text"), Harmless, &["1 task"]),
        case(
            "has values that are no numbers, or infinite",
            Generator("do: not-finite"),
            Harmless,
            &["3 tasks"],
        ),
        case(
            "has a hundred thousand lists in one another",
            Generator("do: deep-json, amount: 100000"),
            Unusable,
            &["nest deeper than 64 levels"],
        ),
    ],
};

pub const ARTIFACTS: Group = Group {
    name: "artifacts",
    cases: &[
        case(
            "climbs out of its folder",
            Aggregator(&["do=climb"]),
            Unusable,
            &["`../../x`", "one plain file name"],
        ),
        case(
            "names an absolute path",
            Aggregator(&["do=absolute"]),
            Unusable,
            &["`/tmp/x`", "one plain file name"],
        ),
        case(
            "climbs by backslash",
            Aggregator(&["do=backslash"]),
            Unusable,
            &["`..\\x`", "one plain file name"],
        ),
        case("names its folder's own folder", Aggregator(&["do=dots"]), Unusable, &["`..`"]),
        case("hides a file", Aggregator(&["do=hidden"]), Unusable, &["`.bashrc`", "hidden"]),
        case("has no name", Aggregator(&["do=no-name"]), Unusable, &["no name"]),
        case("has a name of 256 bytes", Aggregator(&["do=long-name", "amount=256"]), Unusable, &["too long"]),
        case(
            "has an escape code in a file's name",
            Aggregator(&["do=escape"]),
            Unusable,
            &["x\\u{1b}[2J", "control characters"],
        ),
        case(
            "has a file's name that reads backwards",
            Aggregator(&["do=turned-name"]),
            Unusable,
            &["x\\u{202e}gpj.exe"],
        ),
        case(
            "gives two files one name, but for the case",
            Aggregator(&["do=same-names"]),
            Unusable,
            &["two artifacts"],
        ),
        case(
            "has a media type of two lines",
            Aggregator(&["do=media-type"]),
            Unusable,
            &["no proper media type"],
        ),
        case(
            "makes a thousand files",
            Aggregator(&["do=many", "amount=1000"]),
            Stopped("artifacts"),
            &["1000"],
        ),
        case(
            "makes a hundred mebibytes",
            Aggregator(&["do=large", "amount=100"]),
            Stopped("artifacts_mib"),
            &["64 MiB"],
        ),
        case(
            "makes a table that is none",
            Aggregator(&["do=unequal-columns"]),
            Unusable,
            &["`table.csv`", "the column `b`"],
        ),
    ],
};

pub const TEXT: Group = Group {
    name: "text",
    cases: &[
        case("shows text with escape codes", Aggregator(&["do=text"]), Harmless, &["red \\u{1b}[31m text"]),
        case(
            "logs fifteen thousand lines",
            Generator("do: chatter, amount: 5000"),
            Harmless,
            &["more than 1000 lines in one call", "1 task"],
        )
        .watched(),
        case(
            "writes ten mebibytes without ending the line",
            Generator("do: endless-line, amount: 10"),
            Harmless,
            &["1 task"],
        )
        .watched(),
    ],
};
