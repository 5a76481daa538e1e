//! Bundles as folders and as archives: the good ones are the same whatever way they come, and every kind of bad one is refused.

use super::super::samples::{self, bundle, component, manifest, write_packed, write_source};
use super::super::{BundleError, install, installed, pack, remove, with_manifest};
use super::*;
use crate::bundle::contents::Origin;
use crate::digest::Digest;
use crate::inspect::Role;
use std::fmt::Write as _;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use tar::{Builder, EntryType, Header};

/// An archive of entries as they come, with no rule kept.
#[derive(Default)]
struct Tar(Vec<u8>);

impl Tar {
    /// All files of a bundle.
    fn of(bundle: &Bundle) -> Self {
        let mut tar = Self::default().with(b"plugin.toml", &bundle.manifest_bytes);
        for (name, bytes) in &bundle.files {
            tar = tar.with(name.as_bytes(), bytes);
        }
        tar
    }

    fn with(self, name: &[u8], content: &[u8]) -> Self {
        self.with_kind(name, EntryType::Regular, content)
    }

    fn with_kind(mut self, name: &[u8], kind: EntryType, content: &[u8]) -> Self {
        let mut header = Header::new_ustar();
        header.as_mut_bytes()[..name.len()].copy_from_slice(name);
        header.set_entry_type(kind);
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        header.set_cksum();
        let mut builder = Builder::new(Vec::new());
        builder.append(&header, content).unwrap();
        let mut entry = builder.into_inner().unwrap();
        entry.truncate(entry.len() - 1024);
        self.0.extend(entry);
        self
    }

    fn end(self) -> Vec<u8> {
        self.end_with(&[0; 1024])
    }

    fn end_with(mut self, tail: &[u8]) -> Vec<u8> {
        self.0.extend(tail);
        self.0
    }
}

/// What is said about a file with this content.
fn said(content: &[u8]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.tar");
    fs::write(&path, content).unwrap();
    said_of(&path)
}

fn said_of(path: &Path) -> String {
    let error = read(path, &Limits::default()).expect_err("should be refused");
    assert!(!error.code().is_empty());
    let BundleError { problem, .. } = &error;
    format!("{problem} [{}] {}", error.code(), error.hint())
}

#[test]
fn a_bundle_is_the_same_as_a_source_folder_a_tar_and_a_folder() {
    let world = tempfile::tempdir().unwrap();
    let source = world.path().join("source");
    write_source(&source, Role::Aggregator, &manifest(Role::Aggregator, "[limits]\nmemory_mib = 512\n"));
    let limits = Limits::default();
    let from_source = read(&source, &limits).unwrap();
    assert_eq!(from_source.origin, Origin::Source);
    let names: Vec<&str> = from_source.files.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        [
            "LICENSE-MIT",
            "README.md",
            "fixtures/one/expected/front.csv",
            "fixtures/one/input.json",
            "plugin.wasm"
        ]
    );
    assert_eq!(from_source.component(), component(Role::Aggregator));

    let packed = pack(&from_source).unwrap();
    assert_eq!(packed, pack(&read(&source, &limits).unwrap()).unwrap(), "the same input, the same bytes");
    let path = world.path().join("sample.tar");
    fs::write(&path, &packed).unwrap();
    let from_tar = read(&path, &limits).unwrap();
    assert_eq!((from_tar.origin, from_tar.digest), (Origin::Packed, from_source.digest));
    assert_eq!(from_tar.files, from_source.files);
    assert_eq!(pack(&from_tar).unwrap(), packed);
    assert!(from_tar.manifest_bytes.starts_with(b"# What a sample is.\n"), "comments stay");

    install(world.path(), &from_tar).unwrap();
    let from_folder = read(&installed(world.path(), &from_tar.manifest.name), &limits).unwrap();
    assert_eq!((from_folder.origin, from_folder.digest), (Origin::Packed, from_source.digest));
    assert_eq!(from_folder.files, from_source.files);
    assert_eq!(pack(&from_folder).unwrap(), packed);
    for bundle in [from_source, from_tar, from_folder] {
        assert_eq!(bundle.component_digest(), Digest::of(bundle.component()));
    }
}

#[test]
fn another_tools_plain_tar_of_the_same_files_will_do() {
    let sample = bundle(Role::Generator, "");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.tar");
    fs::write(&path, Tar::of(&sample).end_with(&[0; 10_240])).unwrap();
    assert_eq!(read(&path, &Limits::default()).unwrap().digest, sample.digest);
}

#[test]
fn a_component_alone_is_a_bundle_of_its_own() {
    let world = tempfile::tempdir().unwrap();
    let path = world.path().join("My_plugin.wasm");
    fs::write(&path, component(Role::Generator)).unwrap();
    let alone = read(&path, &Limits::default()).unwrap();
    assert_eq!(alone.origin, Origin::Component);
    assert_eq!(alone.manifest.name.as_str(), "my-plugin");
    assert_eq!(alone.manifest.role, Role::Generator);
    assert_eq!(alone.digest, Digest::of(&component(Role::Generator)));
    assert!(alone.manifest.capabilities.is_empty());

    let there = with_manifest(alone.clone());
    assert_eq!(with_manifest(there.clone()).digest, there.digest);
    install(world.path(), &there).unwrap();
    let again = read(&installed(world.path(), &there.manifest.name), &Limits::default()).unwrap();
    assert_eq!((again.origin, again.digest), (Origin::Packed, there.digest));
    assert_eq!(again.component(), alone.component());
    for bundle in [alone, again] {
        assert_eq!(bundle.component_digest(), Digest::of(bundle.component()));
    }
}

#[test]
fn installing_replaces_and_removing_removes() {
    let world = tempfile::tempdir().unwrap();
    let first = bundle(Role::Generator, "");
    let second = bundle(Role::Generator, "[limits]\nlog_lines = 5\n");
    assert_ne!(first.digest, second.digest);
    install(world.path(), &first).unwrap();
    install(world.path(), &second).unwrap();
    let name = &first.manifest.name;
    let there = read(&installed(world.path(), name), &Limits::default()).unwrap();
    assert_eq!(there.digest, second.digest);
    let beside: Vec<_> = fs::read_dir(world.path().join(".hsm/plugins")).unwrap().collect();
    assert_eq!(beside.len(), 1, "nothing is left behind: {beside:?}");
    assert!(remove(world.path(), name).unwrap());
    assert!(!remove(world.path(), name).unwrap());
}

/// Every way for an archive to be wrong, with what is said about it.
#[test]
fn bad_archives_are_refused() {
    let sample = bundle(Role::Generator, "");
    let good = || Tar::of(&sample);
    let manifest_only = || Tar::default().with(b"plugin.toml", &sample.manifest_bytes);
    let listing = |name: &str, content: &[u8]| {
        let text = String::from_utf8(sample.manifest_bytes.clone()).unwrap();
        let text = format!("{text}\"{name}\" = \"{}\"\n", Digest::of(content));
        Tar::default().with(b"plugin.toml", text.as_bytes()).with(name.as_bytes(), content).end()
    };
    let mut flipped = good().end();
    flipped[600] ^= 1;
    let mut checksum = good().end();
    checksum[10] = b'x';
    let whole = good().end();
    let mut other_role = bundle(Role::Generator, "");
    other_role.manifest_bytes = String::from_utf8(other_role.manifest_bytes)
        .unwrap()
        .replace("role = \"generator\"", "role = \"aggregator\"")
        .into_bytes();
    let without = |name: &str| {
        let mut less = sample.clone();
        less.files.remove(name);
        Tar::of(&less).end()
    };
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("nothing", Vec::new()),
        ("text", b"hello".to_vec()),
        ("gzip", b"\x1f\x8b\x08\0".to_vec()),
        ("only an end", [&[0; 257][..], b"ustar", &[0; 1000]].concat()),
        ("manifest not first", Tar::default().with(b"README.md", b"x").end()),
        (
            "manifest lists nothing",
            Tar::default().with(b"plugin.toml", manifest(Role::Generator, "").as_bytes()).end(),
        ),
        ("manifest is wrong", Tar::default().with(b"plugin.toml", b"format = 1\nnam = 1\n").end()),
        ("manifest too large", Tar::default().with(b"plugin.toml", &vec![b'#'; 300 << 10]).end()),
        ("manifest twice", manifest_only().with(b"plugin.toml", &sample.manifest_bytes).end()),
        (
            "signature twice",
            manifest_only().with(b"plugin.toml.minisig", b"x").with(b"plugin.toml.minisig", b"x").end(),
        ),
        ("signature too large", manifest_only().with(b"plugin.toml.minisig", &[b'x'; 5000]).end()),
        ("a file twice", good().with(b"README.md", b"# A sample\n").end()),
        ("a file missing", without("fixtures/one/input.json")),
        ("the component missing", without("plugin.wasm")),
        ("a file not listed", good().with(b"fixtures/two/input.json", b"{}").end()),
        ("another case", good().with(b"readme.md", b"# A sample\n").end()),
        ("another content", manifest_only().with(b"README.md", b"# Another\n").end()),
        ("absolute", manifest_only().with(b"/etc/passwd", b"x").end()),
        ("climbing", manifest_only().with(b"fixtures/../../x", b"x").end()),
        ("dotted", manifest_only().with(b"./README.md", b"# A sample\n").end()),
        ("not UTF-8", manifest_only().with(b"fixtures/\xff", b"x").end()),
        ("steering", manifest_only().with(b"fixtures/\x1b[2J", b"x").end()),
        ("symbolic link", manifest_only().with_kind(b"README.md", EntryType::Symlink, b"").end()),
        ("hard link", manifest_only().with_kind(b"README.md", EntryType::Link, b"").end()),
        ("pipe", manifest_only().with_kind(b"README.md", EntryType::Fifo, b"").end()),
        ("character device", manifest_only().with_kind(b"README.md", EntryType::Char, b"").end()),
        ("block device", manifest_only().with_kind(b"README.md", EntryType::Block, b"").end()),
        ("folder", manifest_only().with_kind(b"fixtures", EntryType::Directory, b"").end()),
        ("sparse file", manifest_only().with_kind(b"README.md", EntryType::GNUSparse, b"x").end()),
        ("extended header", manifest_only().with_kind(b"x", EntryType::XHeader, b"16 path=plugin\n").end()),
        ("global header", Tar::default().with_kind(b"x", EntryType::XGlobalHeader, b"x").end()),
        ("long name", manifest_only().with_kind(b"././@LongLink", EntryType::GNULongName, b"x").end()),
        (
            "contiguous file",
            manifest_only().with_kind(b"README.md", EntryType::Continuous, b"# A sample\n").end(),
        ),
        ("a large README", listing("LICENSE-2", &vec![b'x'; (1 << 20) + 1])),
        ("a large fixture", listing("fixtures/big", &vec![b'x'; (16 << 20) + 1])),
        ("cut in a header", whole[..300].to_vec()),
        ("cut in a file", whole[..560].to_vec()),
        ("cut before its end", good().end_with(&[])),
        ("half an end", good().end_with(&[0; 512])),
        ("something behind its end", good().end_with(&[&[0; 1024][..], b"more"].concat())),
        ("another archive behind it", [whole.clone(), whole.clone()].concat()),
        ("a long end", good().end_with(&[0; 20_480])),
        ("a flipped bit in the manifest", flipped),
        ("a damaged header", checksum),
        ("another role than the component's", Tar::of(&other_role).end()),
    ];
    let found = cases.iter().fold(String::new(), |mut text, (what, bytes)| {
        let _ = writeln!(text, "{what}: {}", said(bytes));
        text
    });
    insta::assert_snapshot!(found, @r"
    nothing: the file is empty [not-wasm] copy or build it again
    text: the file is not WebAssembly [not-wasm] a plugin is a WebAssembly component, a file that usually ends in `.wasm`
    gzip: it is compressed [unreadable] unpack it first: a bundle is a plain tar
    only an end: it is no archive that can be read: numeric field was not a number:  when getting cksum for [bad-bundle] get it again
    manifest not first: it begins with `README.md` and not with `plugin.toml` [bad-bundle] pack the plugin's folder with `hsm plugin pack`
    manifest lists nothing: its `plugin.toml` has no `[files]` [bad-bundle] pack the plugin's folder with `hsm plugin pack`
    manifest is wrong: plugin.toml:2:1: there is no key `nam` here [bad-manifest] did you mean `name`?
    manifest too large: `plugin.toml` is larger than 256 KiB [too-large] a bundle carries a plugin, not data; leave out what it does not need
    manifest twice: `plugin.toml` is in it twice [bad-bundle] do not trust it: `hsm plugin pack` makes no such archive
    signature twice: `plugin.toml.minisig` is in it twice [bad-bundle] do not trust it: `hsm plugin pack` makes no such archive
    signature too large: `plugin.toml.minisig` is larger than 4 KiB [too-large] a bundle carries a plugin, not data; leave out what it does not need
    a file twice: `README.md` is in it twice [bad-bundle] do not trust it: `hsm plugin pack` makes no such archive
    a file missing: `fixtures/one/input.json` is missing, and its manifest lists it [bad-bundle] get the plugin again; if it is yours, remove `[files]` from its `plugin.toml` and pack it again
    the component missing: `plugin.wasm` is missing, and its manifest lists it [bad-bundle] get the plugin again; if it is yours, remove `[files]` from its `plugin.toml` and pack it again
    a file not listed: `fixtures/two/input.json` is in it, and its manifest does not list it [bad-bundle] get the plugin again; if it is yours, remove `[files]` from its `plugin.toml` and pack it again
    another case: `readme.md` is in it, and its manifest does not list it [bad-bundle] get the plugin again; if it is yours, remove `[files]` from its `plugin.toml` and pack it again
    another content: `README.md` is not the file that its manifest lists: its SHA-256 is df9aa3fd716cc0bd438c44484272ed25b1e3ff98d1fb1ee0e20933e108b3800c, and not 3cc9884c73ce21677a68a941e2bc6824d7891e589b40262764fe71525702a0f9 [file-changed] get the plugin again; if it is yours, remove `[files]` from its `plugin.toml` and pack it again
    absolute: the name `/etc/passwd` is absolute [bad-bundle] rename the file, and pack the plugin again
    climbing: the name `fixtures/../../x` climbs out of the bundle [bad-bundle] rename the file, and pack the plugin again
    dotted: the name `./README.md` has a part that begins with a dot [bad-bundle] rename the file, and pack the plugin again
    not UTF-8: the name `fixtures/�` is not UTF-8 [bad-bundle] rename the file, and pack the plugin again
    steering: the name `fixtures/\u{1b}[2J` has other characters than letters, digits, `.`, `_` and `-` [bad-bundle] rename the file, and pack the plugin again
    symbolic link: `README.md` is a symbolic link, and only plain files have a place in a bundle [bad-bundle] put the file itself there; `hsm plugin pack` makes archives of nothing but plain files
    hard link: `README.md` is a hard link, and only plain files have a place in a bundle [bad-bundle] put the file itself there; `hsm plugin pack` makes archives of nothing but plain files
    pipe: `README.md` is a pipe, and only plain files have a place in a bundle [bad-bundle] put the file itself there; `hsm plugin pack` makes archives of nothing but plain files
    character device: `README.md` is a device, and only plain files have a place in a bundle [bad-bundle] put the file itself there; `hsm plugin pack` makes archives of nothing but plain files
    block device: `README.md` is a device, and only plain files have a place in a bundle [bad-bundle] put the file itself there; `hsm plugin pack` makes archives of nothing but plain files
    folder: `fixtures` is a folder of its own, and only plain files have a place in a bundle [bad-bundle] put the file itself there; `hsm plugin pack` makes archives of nothing but plain files
    sparse file: `README.md` is a sparse file, and only plain files have a place in a bundle [bad-bundle] put the file itself there; `hsm plugin pack` makes archives of nothing but plain files
    extended header: `x` is an extension of the tar format, and only plain files have a place in a bundle [bad-bundle] put the file itself there; `hsm plugin pack` makes archives of nothing but plain files
    global header: `x` is an extension of the tar format, and only plain files have a place in a bundle [bad-bundle] put the file itself there; `hsm plugin pack` makes archives of nothing but plain files
    long name: `././@LongLink` is an extension of the tar format, and only plain files have a place in a bundle [bad-bundle] put the file itself there; `hsm plugin pack` makes archives of nothing but plain files
    contiguous file: `README.md` is an extension of the tar format, and only plain files have a place in a bundle [bad-bundle] put the file itself there; `hsm plugin pack` makes archives of nothing but plain files
    a large README: `LICENSE-2` is larger than 1 MiB [too-large] a bundle carries a plugin, not data; leave out what it does not need
    a large fixture: `fixtures/big` is larger than 16 MiB [too-large] a bundle carries a plugin, not data; leave out what it does not need
    cut in a header: it is cut short [bad-bundle] get it again
    cut in a file: it is cut short [bad-bundle] get it again
    cut before its end: it is cut short [bad-bundle] get it again
    half an end: it is cut short [bad-bundle] get it again
    something behind its end: there is something behind its end [bad-bundle] do not trust it: `hsm plugin pack` makes no such archive
    another archive behind it: there is something behind its end [bad-bundle] do not trust it: `hsm plugin pack` makes no such archive
    a long end: there is something behind its end [bad-bundle] do not trust it: `hsm plugin pack` makes no such archive
    a flipped bit in the manifest: plugin.toml:6:5: key with no value, expected `=` [bad-manifest] correct it, and pack the plugin again
    a damaged header: it is no archive that can be read: archive header checksum mismatch [bad-bundle] get it again
    another role than the component's: its `plugin.toml` says that it is an aggregator, and its component is a generator [wrong-role] correct `role` in its `plugin.toml`, or build it for that role
    ");
}

/// Every way for a folder to be wrong, with what is said about it.
#[test]
fn bad_folders_are_refused() {
    type Spoil = fn(&Path);
    let pipe = |path: &Path| {
        let mode = rustix::fs::Mode::from_raw_mode(0o644);
        rustix::fs::mknodat(rustix::fs::CWD, path, FileType::Fifo, mode, 0).unwrap();
    };
    let cases: [(&str, bool, Spoil); 19] = [
        ("no manifest", true, |folder| fs::remove_file(folder.join("plugin.toml")).unwrap()),
        ("a linked manifest", true, |folder| {
            fs::rename(folder.join("plugin.toml"), folder.join("README.md")).unwrap();
            symlink("README.md", folder.join("plugin.toml")).unwrap();
        }),
        ("a linked component", true, |folder| {
            fs::remove_file(folder.join("plugin.wasm")).unwrap();
            symlink("/etc/passwd", folder.join("plugin.wasm")).unwrap();
        }),
        ("linked fixtures", true, |folder| {
            fs::rename(folder.join("fixtures"), folder.with_extension("elsewhere")).unwrap();
            symlink(folder.with_extension("elsewhere"), folder.join("fixtures")).unwrap();
        }),
        ("a folder for a component", true, |folder| {
            fs::remove_file(folder.join("plugin.wasm")).unwrap();
            fs::create_dir(folder.join("plugin.wasm")).unwrap();
        }),
        ("a missing file", true, |folder| fs::remove_file(folder.join("README.md")).unwrap()),
        ("a changed file", true, |folder| fs::write(folder.join("README.md"), "x").unwrap()),
        ("one file more", true, |folder| fs::write(folder.join("fixtures/more"), "x").unwrap()),
        ("a hidden file more", true, |folder| fs::write(folder.join(".more"), "x").unwrap()),
        ("a folder more", true, |folder| fs::create_dir(folder.join("src")).unwrap()),
        ("a name that is not UTF-8", true, |folder| {
            fs::write(folder.join("fixtures").join(std::ffi::OsStr::from_bytes(b"\xff")), "x").unwrap();
        }),
        ("a source without its component", false, |folder| {
            fs::remove_file(folder.join("plugin.wasm")).unwrap()
        }),
        ("a source with a linked README", false, |folder| {
            fs::remove_file(folder.join("README.md")).unwrap();
            symlink("LICENSE-MIT", folder.join("README.md")).unwrap();
        }),
        ("a source with a hidden fixture", false, |folder| {
            fs::write(folder.join("fixtures/.x"), "").unwrap()
        }),
        ("a source with an odd name", false, |folder| fs::write(folder.join("fixtures/a b"), "").unwrap()),
        ("a source with names that fold", false, |folder| {
            fs::write(folder.join("fixtures/a"), "").unwrap();
            fs::write(folder.join("fixtures/A"), "").unwrap();
        }),
        ("a source with a large README", false, |folder| {
            fs::write(folder.join("README.md"), vec![b'x'; (1 << 20) + 1]).unwrap();
        }),
        ("a source that is too large", false, |folder| {
            for number in 0..5 {
                fs::write(folder.join(format!("fixtures/{number}")), vec![b'x'; 15 << 20]).unwrap();
            }
        }),
        ("a source with a component of another role", false, |folder| {
            fs::write(folder.join("plugin.wasm"), component(Role::Scheduler)).unwrap();
        }),
    ];
    let mut found = String::new();
    for (what, packed, spoil) in cases {
        let world = tempfile::tempdir().unwrap();
        let folder = world.path().join("bundle");
        prepare(&folder, packed);
        spoil(&folder);
        let _ = writeln!(found, "{what}: {}", said_of(&folder));
    }
    for (what, packed, name) in [
        ("a pipe for a component", true, "plugin.wasm"),
        ("a pipe for a manifest", true, "plugin.toml"),
        ("a source with a pipe", false, "fixtures/pipe"),
    ] {
        let world = tempfile::tempdir().unwrap();
        let folder = world.path().join("bundle");
        prepare(&folder, packed);
        let _ = fs::remove_file(folder.join(name));
        pipe(&folder.join(name));
        let _ = writeln!(found, "{what}: {}", said_of(&folder));
    }
    insta::assert_snapshot!(found, @"
    no manifest: there is no `plugin.toml` in it [bad-bundle] a bundle has a `plugin.toml` at its top; `hsm plugin new` makes one
    a linked manifest: `plugin.toml` is a symbolic link, and only plain files have a place in a bundle [bad-bundle] put the file itself there; `hsm plugin pack` makes archives of nothing but plain files
    a linked component: `plugin.wasm` is a symbolic link, and only plain files have a place in a bundle [bad-bundle] put the file itself there; `hsm plugin pack` makes archives of nothing but plain files
    linked fixtures: `fixtures` is a symbolic link, and only plain files have a place in a bundle [bad-bundle] put the file itself there; `hsm plugin pack` makes archives of nothing but plain files
    a folder for a component: `plugin.wasm` is in it, and its manifest does not list it [bad-bundle] get the plugin again; if it is yours, remove `[files]` from its `plugin.toml` and pack it again
    a missing file: `README.md` is missing, and its manifest lists it [bad-bundle] get the plugin again; if it is yours, remove `[files]` from its `plugin.toml` and pack it again
    a changed file: `README.md` is not the file that its manifest lists: its SHA-256 is 2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881, and not 3cc9884c73ce21677a68a941e2bc6824d7891e589b40262764fe71525702a0f9 [file-changed] get the plugin again; if it is yours, remove `[files]` from its `plugin.toml` and pack it again
    one file more: `fixtures/more` is in it, and its manifest does not list it [bad-bundle] get the plugin again; if it is yours, remove `[files]` from its `plugin.toml` and pack it again
    a hidden file more: the name `.more` has a part that begins with a dot [bad-bundle] rename the file, and pack the plugin again
    a folder more: `src` is in it, and its manifest does not list it [bad-bundle] get the plugin again; if it is yours, remove `[files]` from its `plugin.toml` and pack it again
    a name that is not UTF-8: the name `fixtures/�` is not UTF-8 [bad-bundle] rename the file, and pack the plugin again
    a source without its component: there is no `plugin.wasm` in it [bad-bundle] build the plugin first: run the `build` script in its folder
    a source with a linked README: `README.md` is a symbolic link, and only plain files have a place in a bundle [bad-bundle] put the file itself there; `hsm plugin pack` makes archives of nothing but plain files
    a source with a hidden fixture: the name `fixtures/.x` has a part that begins with a dot [bad-bundle] rename the file, and pack the plugin again
    a source with an odd name: the name `fixtures/a b` has other characters than letters, digits, `.`, `_` and `-` [bad-bundle] rename the file, and pack the plugin again
    a source with names that fold: plugin.toml:15:1: the name `fixtures/a` clashes with another one [bad-manifest] names have to differ in more than upper and lower case
    a source with a large README: `README.md` is larger than 1 MiB [too-large] a bundle carries a plugin, not data; leave out what it does not need
    a source that is too large: `all but the component` is larger than 64 MiB [too-large] a bundle carries a plugin, not data; leave out what it does not need
    a source with a component of another role: its `plugin.toml` says that it is a generator, and its component is a scheduler [wrong-role] correct `role` in its `plugin.toml`, or build it for that role
    a pipe for a component: `plugin.wasm` is a pipe, and only plain files have a place in a bundle [bad-bundle] put the file itself there; `hsm plugin pack` makes archives of nothing but plain files
    a pipe for a manifest: `plugin.toml` is a pipe, and only plain files have a place in a bundle [bad-bundle] put the file itself there; `hsm plugin pack` makes archives of nothing but plain files
    a source with a pipe: `fixtures/pipe` is a pipe, and only plain files have a place in a bundle [bad-bundle] put the file itself there; `hsm plugin pack` makes archives of nothing but plain files
    ");
}

fn prepare(folder: &Path, packed: bool) {
    if packed {
        write_packed(folder, &bundle(Role::Generator, ""));
    } else {
        write_source(folder, Role::Generator, &manifest(Role::Generator, ""));
    }
}

#[test]
fn what_is_no_plugin_at_all_is_said() {
    let world = tempfile::tempdir().unwrap();
    let at = |name: &str| world.path().join(name);
    let mode = rustix::fs::Mode::from_raw_mode(0o644);
    rustix::fs::mknodat(rustix::fs::CWD, at("pipe"), FileType::Fifo, mode, 0).unwrap();
    fs::write(at("large.wasm"), vec![0; (1 << 20) + 1]).unwrap();
    let mut limits = Limits::default();
    limits.set_flag("component_mib=1").unwrap();
    let found = ["gone", "pipe", "large.wasm"].iter().fold(String::new(), |mut text, name| {
        let error = read(&at(name), &limits).unwrap_err();
        let shown = error.to_string().replace(&*world.path().to_string_lossy(), "WORLD");
        let _ = writeln!(text, "{shown} [{}] {}", error.code(), error.hint());
        text
    });
    insta::assert_snapshot!(found, @"
    there is no plugin `WORLD/gone` [not-found] give the path of a `.wasm` file or of a bundle, or a name that `hsm plugin list` shows
    the plugin `WORLD/pipe` cannot be used: it is neither a file nor a folder [unreadable] a plugin is a `.wasm` file, a folder, or the tar of one
    the plugin `WORLD/large.wasm` cannot be used: `plugin.wasm` is larger than 1 MiB [too-large] if the plugin needs to be that large, allow it: `--plugin-limit component_mib=…`
    ");
}

#[test]
fn a_component_may_be_as_large_as_its_manifest_asks() {
    let world = tempfile::tempdir().unwrap();
    let mut limits = Limits::default();
    limits.set_flag("component_mib=1").unwrap();
    // A custom section, which nobody reads, makes it large.
    let mut large = component(Role::Generator);
    let padding = 2 << 20;
    large.extend([0, 0x81, 0x80, 0x80, 0x01]);
    large.extend(vec![0; padding + 1]);
    for (more, expected) in [("", false), ("[limits]\ncomponent_mib = 4\n", true)] {
        let folder = world.path().join(expected.to_string());
        samples::write_source(&folder, Role::Generator, &manifest(Role::Generator, more));
        fs::write(folder.join("plugin.wasm"), &large).unwrap();
        let found = read(&folder, &limits);
        assert_eq!(found.is_ok(), expected, "{found:?}");
    }
}
