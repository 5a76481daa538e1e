//! What is handed over as a plugin.

use super::By::{Made, Placed};
use super::Ends::{Harmless, Refused, Stopped};
use super::{Group, case};
use crate::hostile::made;

pub const COMPILING: Group = Group {
    name: "compiling",
    cases: &[
        case(
            "has two thousand loops in one another",
            Made(made::nested_loops),
            Stopped("compile_time_s"),
            &["within 2 s", "hint: "],
        )
        .within(&["compile_time_s=2"]),
        case(
            "has two thousand variables across eight thousand branches",
            Made(made::many_variables),
            Stopped("compile_memory_mib"),
            &["512 MiB", "hint: "],
        )
        .within(&["compile_memory_mib=512"]),
        case(
            "has a jump with more than a million targets",
            Made(made::huge_jump),
            Refused,
            &["implementation limit", "hint: "],
        ),
        case(
            "has types that double sixty times",
            Made(made::doubling_types),
            Refused,
            &["not valid WebAssembly", "hint: "],
        ),
        case("has two thousand components in one another", Made(made::nested_components), Harmless, &[]),
        case(
            "is damaged where only the compiler looks",
            Made(made::damaged_inside),
            Refused,
            &["not valid WebAssembly", "hint: "],
        ),
    ],
};

pub const FILES: Group = Group {
    name: "files",
    cases: &[
        case("is empty", Made(Vec::new), Refused, &["the file is empty"]),
        case("is a script", Made(|| b"#!/bin/sh\necho hello\n".to_vec()), Refused, &["not WebAssembly"]),
        case("is a text of WebAssembly", Made(|| b"(component)".to_vec()), Refused, &["WebAssembly text"]),
        case("is a core module", Made(|| b"\0asm\x01\0\0\0".to_vec()), Refused, &["core WebAssembly module"]),
        case(
            "is machine code",
            Made(|| b"\x7fELF\x02\x01\x01\0\0\0".to_vec()),
            Refused,
            &["precompiled machine code"],
        ),
        case("is of a future format", Made(|| b"\0asm\x0e\0\x01\0".to_vec()), Refused, &["binary format 14"]),
        case("is cut short", Made(made::truncated), Refused, &["cut short"]),
        case("is larger than it may be", Made(made::padded), Stopped("component_mib"), &["2 MiB", "hint: "])
            .within(&["component_mib=2"]),
        case(
            "is of another role",
            Placed(|path| {
                let _ = std::fs::copy(hsm_tests::World::plugin("latin-hypercube"), path);
            }),
            Refused,
            &["is a generator", "hint: "],
        ),
        case("is for an older interface", Made(|| made::of_another_version("0.0.1")), Refused, &["too old"]),
        case("is for a newer interface", Made(|| made::of_another_version("0.9.0")), Refused, &["too new"]),
        case(
            "has the interface's name and nothing behind it",
            Made(made::nothing_behind_the_name),
            Refused,
            &["does not fit", "hint: "],
        ),
        case(
            "wants the web",
            Made(made::imports_http),
            Refused,
            &["imports `wasi:http/outgoing-handler@0.2.0`"],
        ),
        case("wants threads", Made(made::imports_threads), Refused, &["imports `wasi:thread/spawn@0.2.0`"]),
        case(
            "wants newer files",
            Made(made::imports_newer_wasi),
            Refused,
            &["imports `wasi:filesystem/types@0.3.0`"],
        ),
        case(
            "wants another plugin",
            Made(made::imports_another_role),
            Refused,
            &["imports `hsm:plugin/generator@0.1.0`"],
        ),
        case(
            "wants a function that does not exist",
            Made(made::imports_an_unknown_function),
            Refused,
            &["does not fit", "hint: "],
        ),
        case(
            "wants ten thousand things",
            Made(made::imports_ten_thousand),
            Refused,
            &["exceeds limit of 1000", "hint: "],
        ),
        case("is a folder", Placed(|path| drop(std::fs::create_dir(path))), Refused, &["hint: "]),
        case("is a pipe", Placed(crate::hostile::make_pipe), Refused, &["neither a file nor a folder"]),
        case(
            "is a device without end",
            Placed(|path| drop(std::os::unix::fs::symlink("/dev/zero", path))),
            Refused,
            &["neither a file nor a folder"],
        ),
    ],
};
