//! Bundles, with the built binary: packing, keys, signatures, adding and removing; and archives that somebody else made.

use hsm_tests::{World, hollow_component};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};
use tar::{Builder, EntryType, Header};

fn mode(path: impl AsRef<Path>) -> u32 {
    fs::metadata(path).expect("a file").permissions().mode() & 0o7777
}

#[test]
fn the_same_folder_packs_to_the_same_bytes() {
    let world = World::new();
    world.pack_plugin("a", "aggregator", "0.1.0", "");
    world.write_plugin("b", "aggregator", "0.1.0", "");
    let run = world
        .hsm(&["plugin", "pack", "b"])
        .succeeds()
        .says(&["packed sample 0.1.0, an aggregator, into", "sample-0.1.0.tar"]);
    assert!(run.stdout.is_empty(), "{run}");
    let packed = fs::read(world.project("a.tar")).expect("a bundle");
    assert_eq!(packed, fs::read(world.project("sample-0.1.0.tar")).expect("a bundle"));
    let listed = world.program("tar").args(["-tvf", "a.tar"]).output().expect("tar");
    let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
    let names: Vec<&str> = listed.lines().filter_map(|line| line.split(' ').next_back()).collect();
    assert_eq!(names, ["plugin.toml", "LICENSE-MIT", "README.md", "fixtures/one/input.json", "plugin.wasm"]);
    assert!(listed.lines().all(|line| line.starts_with("-rw-r--r-- 0/0 ")), "{listed}");
}

#[test]
fn a_plugin_is_added_listed_verified_and_removed() {
    let world = World::new();
    world.pack_plugin("sample", "aggregator", "0.1.0", "[capabilities]\nread-results = true\n");
    let _ = world.hsm(&["plugin", "list"]).succeeds().says(&["this project has no plugins"]);
    let _ = world.hsm(&["plugin", "add", "sample.tar"]).succeeds().says(&[
        "sample 0.1.0, an aggregator",
        "signature: none, and nothing asks for one",
        "it may read the folders of the tasks whose results it is given",
        "use it with `hsm --plugin sample …`",
    ]);
    assert!(world.project(".hsm/plugins/sample/plugin.wasm").is_file());
    let lock = World::read(world.project(".hsm/plugins.lock"));
    assert!(lock.contains("name = \"sample\"") && lock.contains("role = \"aggregator\""), "{lock}");

    let listed = world.hsm(&["plugin", "list", "--json"]).succeeds().json();
    assert_eq!(listed["plugins"][0]["name"], "sample");
    assert_eq!(listed["plugins"][0]["usable"], true);
    let _ = world
        .hsm(&["plugin", "list"])
        .succeeds()
        .prints(&["sample   0.1.0     aggregator   nobody      ready"]);
    let _ = world.hsm(&["plugin", "verify"]).succeeds().prints(&["sample 0.1.0, an aggregator: may be used"]);
    let _ = world.hsm(&["plugin", "verify", "sample"]).succeeds();
    let _ = world.hsm(&["plugin", "verify", "./sample.tar"]).succeeds();

    world.pack_plugin("newer", "aggregator", "0.2.0", "");
    let _ = world.hsm(&["plugin", "add", "newer.tar"]).succeeds();
    let _ = world.hsm(&["plugin", "list"]).succeeds().prints(&["0.2.0"]);
    let _ = world.hsm(&["plugin", "remove", "sampel"]).ends_with(5).says(&["did you mean `sample`?"]);
    let _ = world.hsm(&["plugin", "remove", "sample"]).succeeds();
    assert!(!world.project(".hsm/plugins/sample").exists());
    let _ =
        world.hsm(&["plugin", "verify", "absent"]).ends_with(5).says(&["there is no plugin `absent` here"]);
}

#[test]
fn a_folder_or_a_component_can_be_added_too() {
    let world = World::new();
    world.write_plugin("sample", "generator", "0.1.0", "");
    let _ = world.hsm(&["plugin", "add", "sample"]).succeeds();
    world.write("Other_one.wasm", hollow_component("generator", &[]));
    // The same file makes the same plugin each time, and another one needs another version.
    for _ in 0..2 {
        let _ = world.hsm(&["plugin", "add", "Other_one.wasm"]).succeeds();
    }
    let listed = world.hsm(&["plugin", "list", "--json"]).succeeds().json();
    let names: Vec<_> =
        listed["plugins"].as_array().expect("plugins").iter().map(|plugin| plugin["name"].clone()).collect();
    assert_eq!(names, ["other-one", "sample"]);
    let _ = world.hsm(&["plugin", "verify"]).succeeds();
}

#[test]
fn a_name_of_a_builtin_cannot_be_taken() {
    let world = World::new();
    world.write("table.wasm", hollow_component("aggregator", &[]));
    let _ = world
        .hsm(&["plugin", "add", "table.wasm"])
        .ends_with(2)
        .says(&["`table` is the name of a built-in aggregator"]);
}

#[test]
fn check_shows_everything_and_its_verdict() {
    let world = World::new();
    world.write_plugin(
        "sample",
        "scheduler",
        "0.1.0",
        "[limits]\nmemory_mib = 512\n[capabilities]\ncommands = ['qsub', 'qstat']\n",
    );
    let run = world.hsm(&["plugin", "check", "sample"]).succeeds();
    let _ = run.prints(&[
        "sample 0.1.0, a scheduler",
        "a source folder",
        "hsm:plugin scheduler 0.1.0",
        "it may have `qstat`, `qsub` run as you",
        "whoever may submit jobs can run anything as you on the cluster",
        "hsm:plugin/types@0.1.0   given: hsm's own interface",
        "memory_mib",
    ]);
    let found = world.hsm(&["plugin", "check", "sample", "--json"]).succeeds().json();
    assert_eq!(found["limits"]["memory_mib"], 512);
    assert_eq!(found["capabilities"]["commands"], serde_json::json!(["qstat", "qsub"]));
    assert_eq!(found["imports"][0]["good"], true);
    assert!(found["refusal"].is_null());

    world.write(
        "spy.wasm",
        hollow_component("aggregator", &["wasi:io/streams@0.2.6", "wasi:http/types@0.2.0"]),
    );
    let run = world.hsm(&["plugin", "check", "spy.wasm"]).ends_with(6);
    let run = run
        .prints(&["wasi:io/streams@0.2.6   linked, and grants nothing", "wasi:http/types@0.2.0   refused"]);
    let _ = run.says(&["imports `wasi:http/types@0.2.0`"]);
    let _ = world
        .hsm(&["plugin", "check", &World::plugin("leaderboard")])
        .succeeds()
        .prints(&["leaderboard 0.0.0, an aggregator"]);
}

#[test]
fn keys_are_made_for_their_owner_alone_and_never_overwritten() {
    let world = World::new();
    let run = world.hsm(&["plugin", "keygen", "--no-password"]).succeeds().says(&["keep it to yourself"]);
    assert!(run.stdout.starts_with("untrusted comment: minisign public key "), "{run}");
    let key = world.path("home/.hsm/signing/hsm.key");
    assert_eq!((mode(&key), mode(world.path("home/.hsm/signing"))), (0o600, 0o700));
    let before = World::read(&key);
    let _ = world
        .hsm(&["plugin", "keygen", "--no-password"])
        .ends_with(2)
        .says(&["there is a key in", "already"]);
    assert_eq!(World::read(&key), before);

    world.pack_plugin("sample", "aggregator", "0.1.0", "");
    let _ = world
        .hsm(&["plugin", "sign", "sample.tar"])
        .succeeds()
        .says(&["signed sample 0.1.0, an aggregator, with the key", "do not count here yet: `mkdir"]);
    let _ = world
        .hsm(&["plugin", "sign", "sample"])
        .ends_with(2)
        .says(&["only a packed bundle can be signed", "hsm plugin pack"]);
    let _ = world
        .hsm(&["plugin", "sign", "sample.tar", "--key", "gone"])
        .ends_with(5)
        .says(&["hsm plugin keygen"]);
}

/// Runs a command with these lines of standard input; gives its exit code, and what it said.
fn type_into(mut command: Command, lines: &str) -> (Option<i32>, String) {
    use std::io::Write as _;
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("a program");
    child.stdin.take().expect("a pipe").write_all(lines.as_bytes()).expect("lines");
    let output = child.wait_with_output().expect("its end");
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn a_password_comes_from_standard_input_where_there_is_no_terminal() {
    let world = World::new();
    let keygen = ["plugin", "keygen", "-o", "own.key"];
    let (code, said) = type_into(world.command(&keygen), "");
    assert_eq!(code, Some(2), "{said}");
    assert!(
        said.contains("the key needs a password, and there is none") && !world.project("own.key").exists(),
        "{said}"
    );
    assert_eq!(type_into(world.command(&keygen), "correct horse\n").0, Some(0));
    world.trust_key("own");
    world.pack_plugin("sample", "aggregator", "0.1.0", "");
    let sign = ["plugin", "sign", "sample.tar", "--key", "own.key"];
    let (code, said) = type_into(world.command(&sign), "battery staple\n");
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("this is not the password of `own.key`"), "{said}");
    assert_eq!(type_into(world.command(&sign), "correct horse\n").0, Some(0));
    let _ = world
        .hsm(&["plugin", "verify", "./sample.tar"])
        .succeeds()
        .prints(&["yours: hsm plugin sample 0.1.0 (aggregator)"]);
}

/// The stock tool signs, and hsm verifies; with a password and without.
#[test]
fn what_minisign_signs_is_verified() {
    let world = World::new();
    let minisign = World::minisign();
    let make = world
        .program(&minisign)
        .args(["-G", "-W", "-p", "stock.pub", "-s", "stock.key"])
        .output()
        .expect("minisign");
    assert!(make.status.success(), "{}", String::from_utf8_lossy(&make.stderr));
    world.trust_key("stock");
    world.pack_plugin("sample", "aggregator", "0.1.0", "");
    fs::create_dir(world.project("packed")).expect("a folder");
    let unpack = world.program("tar").args(["-xf", "sample.tar", "-C", "packed"]).status().expect("tar");
    assert!(unpack.success());
    let sign = world
        .program(&minisign)
        .args(["-S", "-s", "stock.key", "-t", "by the stock tool", "-m", "packed/plugin.toml"])
        .output()
        .expect("minisign");
    assert!(sign.status.success(), "{}", String::from_utf8_lossy(&sign.stderr));
    let _ = world.hsm(&["plugin", "verify", "./packed"]).succeeds().prints(&["yours: by the stock tool"]);
    let _ = world.hsm(&["plugin", "pack", "packed", "-o", "signed.tar"]).succeeds();
    let _ = world.hsm(&["plugin", "verify", "./signed.tar"]).succeeds().prints(&["by the stock tool"]);

    // hsm signs with the stock tool's key, too.
    let _ = world.hsm(&["plugin", "sign", "signed.tar", "--key", "stock.key"]).succeeds();
    let _ = world
        .hsm(&["plugin", "verify", "./signed.tar"])
        .succeeds()
        .prints(&["hsm plugin sample 0.1.0 (aggregator)"]);
}

/// A key that the stock tool protects with a password signs here, too.
#[test]
fn a_protected_key_of_minisign_signs() {
    let world = World::new();
    let mut make = world.program(World::minisign());
    make.args(["-G", "-p", "stock.pub", "-s", "stock.key"]);
    assert_eq!(type_into(make, "correct horse\ncorrect horse\n").0, Some(0));
    world.trust_key("stock");
    world.pack_plugin("sample", "aggregator", "0.1.0", "");
    let sign = ["plugin", "sign", "sample.tar", "--key", "stock.key"];
    let (code, said) = type_into(world.command(&sign), "battery staple\n");
    assert!(code == Some(2) && said.contains("this is not the password"), "{said}");
    let (code, said) = type_into(world.command(&sign), "correct horse\n");
    assert_eq!(code, Some(0), "{said}");
    let _ = world.hsm(&["plugin", "verify", "./sample.tar"]).succeeds().prints(&["hsm plugin sample 0.1.0"]);
}

/// hsm signs, and the stock tool verifies.
#[test]
fn minisign_verifies_what_is_signed() {
    let world = World::new();
    let minisign = World::minisign();
    let _ = world.make_key("own");
    world.pack_plugin("sample", "aggregator", "0.1.0", "");
    world.sign_plugin("sample", "own");
    fs::create_dir(world.project("packed")).expect("a folder");
    let unpack = world.program("tar").args(["-xf", "sample.tar", "-C", "packed"]).status().expect("tar");
    assert!(unpack.success());
    let verify = |file: &str| {
        let arguments = ["-V", "-H", "-p", "own.pub", "-x", "packed/plugin.toml.minisig", "-m", file];
        world.program(&minisign).args(arguments).output().expect("minisign")
    };
    let good = verify("packed/plugin.toml");
    let said = String::from_utf8_lossy(&good.stdout).into_owned();
    assert!(good.status.success() && said.contains("hsm plugin sample 0.1.0 (aggregator)"), "{said}");
    assert!(!verify("packed/README.md").status.success());
}

/// A tar of entries as they come: names, kinds, contents.
fn archive(entries: &[(&[u8], EntryType, &[u8])]) -> Vec<u8> {
    let mut builder = Builder::new(Vec::new());
    for (name, kind, content) in entries {
        let mut header = Header::new_ustar();
        header.as_mut_bytes()[..name.len()].copy_from_slice(name);
        header.set_entry_type(*kind);
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        header.set_cksum();
        builder.append(&header, *content).expect("an entry");
    }
    builder.into_inner().expect("an archive")
}

/// Archives that `hsm plugin pack` would not make. None is added, and nothing of any is written.
#[test]
fn archives_that_somebody_spoiled_are_refused() {
    let world = World::new();
    world.pack_plugin("sample", "generator", "0.1.0", "");
    fs::create_dir(world.project("packed")).expect("a folder");
    let unpack = world.program("tar").args(["-xf", "sample.tar", "-C", "packed"]).status().expect("tar");
    assert!(unpack.success());
    let manifest = fs::read(world.project("packed/plugin.toml")).expect("a manifest");
    let good = fs::read(world.project("sample.tar")).expect("a bundle");
    let plain = EntryType::Regular;
    let with = |name: &[u8], kind, content: &[u8]| {
        archive(&[(b"plugin.toml", plain, &manifest), (name, kind, content)])
    };
    let cases: [(&str, Vec<u8>, &str); 14] = [
        ("a symbolic link", with(b"README.md", EntryType::Symlink, b""), "`README.md` is a symbolic link"),
        ("a hard link", with(b"README.md", EntryType::Link, b""), "`README.md` is a hard link"),
        ("a device", with(b"README.md", EntryType::Char, b""), "`README.md` is a device"),
        ("a pipe", with(b"README.md", EntryType::Fifo, b""), "`README.md` is a pipe"),
        (
            "an extension",
            with(b"x", EntryType::XHeader, b"16 path=plugin\n"),
            "`x` is an extension of the tar format",
        ),
        ("an absolute name", with(b"/tmp/x", plain, b""), "the name `/tmp/x` is absolute"),
        ("a climbing name", with(b"fixtures/../../x", plain, b""), "climbs out of the bundle"),
        ("a file that is not listed", with(b"fixtures/x", plain, b""), "its manifest does not list it"),
        (
            "a changed file",
            with(b"README.md", plain, b"# Another\n"),
            "is not the file that its manifest lists",
        ),
        (
            "files that are missing",
            archive(&[(b"plugin.toml", plain, &manifest)]),
            "is missing, and its manifest lists it",
        ),
        (
            "a file twice",
            archive(&[(b"plugin.toml", plain, &manifest), (b"plugin.toml", plain, &manifest)]),
            "`plugin.toml` is in it twice",
        ),
        ("another one first", archive(&[(b"README.md", plain, b"# Sample\n")]), "it begins with `README.md`"),
        (
            "something behind its end",
            [good.as_slice(), b"more"].concat(),
            "there is something behind its end",
        ),
        ("no end", good[..good.len() - 1024].to_vec(), "it is cut short"),
    ];
    for (what, bytes, says) in cases {
        world.write("spoiled.tar", bytes);
        let run = world.hsm(&["plugin", "add", "spoiled.tar"]).ends_with(6);
        let run = run.says(&["error: the plugin `spoiled.tar` cannot be used: ", says, "hint: "]);
        assert!(
            !world.project(".hsm/plugins").exists() && !world.project(".hsm/plugins.lock").exists(),
            "{what}: {run}"
        );
    }
}

/// Manifests that are wrong are pointed at, line and column.
#[test]
fn manifests_are_refused_with_their_place() {
    let world = World::new();
    for (more, says) in [
        ("sumary = 'x'\n", "plugin.toml:9:1: there is no key `sumary` here"),
        ("[limits]\nmemory_mib = 100000\n", "plugin.toml:10:14: "),
        (
            "[capabilities]\nread-results = true\n",
            "plugin.toml:10:16: `read-results` is for plugins of the role aggregator",
        ),
    ] {
        world.write_plugin("sample", "generator", "0.1.0", more);
        let _ = world.hsm(&["plugin", "pack", "sample"]).ends_with(6).says(&[says, "hint: "]);
    }
    world.write_plugin("sample", "generator", "0.1.0", "");
    world.write("sample/plugin.wasm", hollow_component("aggregator", &[]));
    let _ = world
        .hsm(&["plugin", "pack", "sample"])
        .ends_with(6)
        .says(&["says that it is a generator, and its component is an aggregator"]);
}
