//! Files of every wrong kind, and what is said about them.

use super::*;

/// A component that imports and exports instances of these names, and has nothing inside.
pub(crate) fn component(imports: &[&str], exports: &[&str]) -> Vec<u8> {
    let mut bytes = b"\0asm\x0d\0\x01\0".to_vec();
    section(&mut bytes, 10, imports, &[5, 0]);
    section(&mut bytes, 11, exports, &[5, 0, 0]);
    bytes
}

/// A section of names, each followed by the same description of an instance. Names and sections stay below 128 bytes a length byte,
/// or take two.
fn section(bytes: &mut Vec<u8>, id: u8, names: &[&str], description: &[u8]) {
    let mut body = vec![u8::try_from(names.len()).unwrap()];
    for name in names {
        body.push(0);
        body.extend(length(name.len()));
        body.extend(name.as_bytes());
        body.extend(description);
    }
    bytes.push(id);
    bytes.extend(length(body.len()));
    bytes.extend(body);
}

fn length(length: usize) -> [u8; 2] {
    assert!(length < 1 << 14);
    [(length & 0x7f) as u8 | 0x80, (length >> 7) as u8]
}

fn check(bytes: &[u8], expected: Result<(), &str>) {
    let found = inspect(bytes, Role::Generator).map_err(|error| {
        assert!(!error.hint().is_empty() && !error.code().is_empty());
        error.to_string()
    });
    assert_eq!(found, expected.map_err(str::to_owned));
}

#[test]
fn files_that_are_no_components() {
    check(b"", Err("the file is empty"));
    check(b"#!/bin/sh\n", Err("the file is not WebAssembly"));
    check(b"PK\x03\x04", Err("the file is not WebAssembly"));
    check(b"\n(component)", Err("the file is WebAssembly text, not a compiled component"));
    check(b"\0asm\x01\0\0\0\x01\x04", Err("the file is a core WebAssembly module, not a component"));
    check(b"\x7fELF\x02\x01\x01", Err("the file is precompiled machine code, which is never loaded"));
    check(
        b"\0asm\x0e\0\x01\0",
        Err("the file is in WebAssembly's binary format 14, which this version does not know"),
    );
    check(b"\0as", Err("the file is cut short: byte 3 and what follows are missing"));
}

#[test]
fn plugins_that_fit() {
    check(&component(&[], &["hsm:plugin/generator@0.1.0"]), Ok(()));
    let imports = [
        "hsm:plugin/types@0.1.0",
        "hsm:plugin/log@0.1.3",
        "wasi:io/streams@0.2.6",
        "wasi:sockets/tcp@0.2.0",
        "wasi:filesystem/preopens@0.2.9",
    ];
    check(&component(&imports, &["exports", "hsm:plugin/generator@0.1.7"]), Ok(()));
    check(&component(&[], &["hsm:plugin/aggregator@0.1.0", "hsm:plugin/generator@0.1.0"]), Ok(()));
}

#[test]
fn plugins_of_another_role_or_version() {
    let exporting = |name: &str| component(&[], &[name]);
    check(&exporting("run"), Err("the component is no plugin of hsm: it exports no `hsm:plugin` interface"));
    check(
        &exporting("hsm:plugin/other@0.1.0"),
        Err("the component is no plugin of hsm: it exports no `hsm:plugin` interface"),
    );
    check(
        &exporting("hsm:plugin/aggregator@0.1.0"),
        Err("the plugin is an aggregator, and a generator is wanted here"),
    );
    check(
        &exporting("hsm:plugin/scheduler@0.1.0"),
        Err("the plugin is a scheduler, and a generator is wanted here"),
    );
    let old = "the plugin was built for version 0.0.9 of hsm's plugin interface, which is too old: this hsm speaks 0.1";
    check(&exporting("hsm:plugin/generator@0.0.9"), Err(old));
    let new = "the plugin was built for version 0.2.0 of hsm's plugin interface, which is too new: this hsm speaks 0.1";
    check(&exporting("hsm:plugin/generator@0.2.0"), Err(new));
    check(&component(&["hsm:plugin/types@0.2.0"], &["hsm:plugin/generator@0.1.0"]), Err(new));
    let none = "the plugin was built for version none of hsm's plugin interface, which is too old: this hsm speaks 0.1";
    check(&exporting("hsm:plugin/generator"), Err(none));
}

#[test]
fn imports_that_nobody_may_have() {
    let names = [
        "wasi:http/outgoing-handler@0.2.0",
        "wasi:io/streams@0.3.0",
        "wasi:io/streams",
        "hsm:plugin/generator@0.1.0",
        "env",
    ];
    for name in names {
        let expected = format!("the plugin imports `{name}`, which no plugin is given");
        check(&component(&[name], &["hsm:plugin/generator@0.1.0"]), Err(&expected));
    }
    let escape = component(&["a\u{1b}[2J"], &["hsm:plugin/generator@0.1.0"]);
    check(&escape, Err("the plugin imports `a\\u{1b}[2J`, which no plugin is given"));
}

/// However a component is cut, it is never taken for a whole one and never for anything but a damaged one.
#[test]
fn every_cut_is_noticed() {
    let whole = component(&["hsm:plugin/types@0.1.0"], &["hsm:plugin/generator@0.1.0"]);
    for end in 1..whole.len() {
        let error = inspect(&whole[..end], Role::Generator).unwrap_err();
        // Between two sections the file is a component that has less in it.
        let expected = ["truncated", "no-role"];
        assert!(expected.contains(&error.code()), "{end}: {error}");
    }
}

#[test]
fn a_module_that_ends_outside_the_file_is_noticed() {
    let mut bytes = component(&[], &["hsm:plugin/generator@0.1.0"]);
    bytes.extend([1, 100, 0, b'a', b's', b'm', 1, 0, 0, 0]);
    let error = inspect(&bytes, Role::Generator).unwrap_err();
    assert_eq!(error.code(), "truncated");
}
